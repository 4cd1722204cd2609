//! Questions to the database.

use std::collections::{BTreeMap, BTreeSet};

use frazil_model::nar::NarDigest;
use frazil_model::store_path::DIGEST_CHARS;
use frazil_model::{ContentAddress, Hash, OutputName, Sha256, StorePath};
use rusqlite::{OptionalExtension as _, Params, Row};

use super::{Database, DatabaseError, Outputs, id_of};
use crate::path_info::PathInfo;

/// All of the database that says what keeps what.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Each valid path and what it refers to, itself left out.
    pub(crate) references: BTreeMap<StorePath, Vec<StorePath>>,
    /// The derivation that each path was built from, valid or not.
    pub(crate) derivers: BTreeMap<StorePath, StorePath>,
    /// The outputs of each valid derivation, valid or not.
    pub(crate) outputs: BTreeMap<StorePath, Vec<StorePath>>,
    /// The size of each valid path's NAR.
    pub(crate) nar_sizes: BTreeMap<StorePath, u64>,
}

impl Database {
    /// What is known of a path; `None` if it is not valid.
    pub(crate) fn path_info(&self, path: &StorePath) -> Result<Option<PathInfo>, DatabaseError> {
        let row = self.read(|| {
            self.connection
                .prepare_cached(
                    "select id, hash, registrationTime, deriver, narSize, ultimate, sigs, ca
                     from ValidPaths where path = ?",
                )?
                .query_row([self.store_dir.join(path)], InfoRow::of)
                .optional()
        })?;
        let Some(row) = row else { return Ok(None) };
        let references = self.paths(
            "select path from Refs join ValidPaths on reference = id where referrer = ?",
            [row.id],
        )?;
        row.into_info(self, path, references).map(Some)
    }

    /// Whether a path is valid.
    pub(crate) fn is_valid(&self, path: &StorePath) -> Result<bool, DatabaseError> {
        let id = self.read(|| id_of(&self.connection, &self.store_dir.join(path)))?;
        Ok(id.is_some())
    }

    /// All valid paths.
    pub(crate) fn valid_paths(&self) -> Result<BTreeSet<StorePath>, DatabaseError> {
        self.paths("select path from ValidPaths", [])
    }

    /// How many paths are valid, and the sum of the sizes of their NARs.
    pub(crate) fn totals(&self) -> Result<(u64, u64), DatabaseError> {
        let (paths, bytes): (i64, i64) = self.read(|| {
            let sql = "select count(*), coalesce(sum(narSize), 0) from ValidPaths";
            self.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        Ok((paths.cast_unsigned(), bytes.cast_unsigned()))
    }

    /// The valid path with this digest.
    pub(crate) fn path_of_digest(&self, digest: &str) -> Result<Option<StorePath>, DatabaseError> {
        if digest.len() != DIGEST_CHARS {
            return Ok(None);
        }
        let prefix = format!("{}/{digest}", self.store_dir);
        // Not `like`, which would not use the index.
        let first = self
            .paths("select path from ValidPaths where path >= ? order by path limit 1", [prefix])?;
        Ok(first.into_iter().find(|path| path.digest() == digest))
    }

    /// The valid paths that refer to `path`.
    pub(crate) fn referrers(&self, path: &StorePath) -> Result<BTreeSet<StorePath>, DatabaseError> {
        self.paths(
            "select path from Refs join ValidPaths on referrer = id
             where reference = (select id from ValidPaths where path = ?)",
            [self.store_dir.join(path)],
        )
    }

    /// The valid derivations that have `path` as an output.
    pub(crate) fn valid_derivers(
        &self,
        path: &StorePath,
    ) -> Result<BTreeSet<StorePath>, DatabaseError> {
        self.paths(
            "select v.path from DerivationOutputs d join ValidPaths v on d.drv = v.id
             where d.path = ?",
            [self.store_dir.join(path)],
        )
    }

    /// The outputs of a valid derivation, as far as their paths are known.
    pub(crate) fn outputs(&self, derivation: &StorePath) -> Result<Outputs, DatabaseError> {
        let rows: Vec<(String, String)> = self.read(|| {
            self.connection
                .prepare_cached(
                    "select d.id, d.path from DerivationOutputs d join ValidPaths v on d.drv = v.id
                     where v.path = ?",
                )?
                .query_map([self.store_dir.join(derivation)], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        rows.into_iter()
            .map(|(name, path)| {
                let name: OutputName =
                    name.parse().map_err(|err| corrupt(derivation.as_str(), err))?;
                Ok((name, self.parse(&path)?))
            })
            .collect()
    }

    /// All that can be reached from valid `roots`, the roots included.
    pub(crate) fn closure(
        &self,
        roots: &BTreeSet<StorePath>,
    ) -> Result<BTreeSet<StorePath>, DatabaseError> {
        let mut found = BTreeSet::new();
        for root in roots {
            if found.contains(root) {
                continue;
            }
            let Some(id) = self.read(|| id_of(&self.connection, &self.store_dir.join(root)))?
            else {
                return Err(DatabaseError::NotValid { path: root.clone() });
            };
            found.append(&mut self.paths(
                "with recursive Closure(id) as (
                     select ? union select reference from Closure join Refs on referrer = id
                 ) select path from Closure join ValidPaths using (id)",
                [id],
            )?);
        }
        Ok(found)
    }

    /// Everything that says what keeps what, as of one moment.
    pub(crate) fn graph(&self) -> Result<Graph, DatabaseError> {
        // The three questions are answered from one snapshot.
        let snapshot = self.read(|| self.connection.unchecked_transaction())?;
        let mut graph = Graph::default();
        let mut paths = BTreeMap::new();
        let rows: Vec<(i64, String, Option<String>, Option<i64>)> = self
            .rows("select id, path, deriver, narSize from ValidPaths", |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        for (id, path, deriver, nar_size) in rows {
            let path = self.parse(&path)?;
            graph.nar_sizes.insert(path.clone(), nar_size.unwrap_or(0).cast_unsigned());
            if let Some(deriver) = deriver {
                graph.derivers.insert(path.clone(), self.parse(&deriver)?);
            }
            graph.references.insert(path.clone(), Vec::new());
            paths.insert(id, path);
        }
        let edges: Vec<(i64, i64)> = self
            .rows("select referrer, reference from Refs where referrer <> reference", |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        for (referrer, reference) in edges {
            if let (Some(referrer), Some(reference)) = (paths.get(&referrer), paths.get(&reference))
                && let Some(references) = graph.references.get_mut(referrer)
            {
                references.push(reference.clone());
            }
        }
        let outputs: Vec<(i64, String)> = self
            .rows("select drv, path from DerivationOutputs", |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        for (derivation, output) in outputs {
            if let Some(derivation) = paths.get(&derivation) {
                graph.outputs.entry(derivation.clone()).or_default().push(self.parse(&output)?);
            }
        }
        drop(snapshot);
        Ok(graph)
    }

    fn read<T>(&self, ask: impl FnOnce() -> rusqlite::Result<T>) -> Result<T, DatabaseError> {
        ask().map_err(|source| DatabaseError::Sql {
            action: "read",
            file: self.file.clone(),
            source,
        })
    }

    fn rows<T>(
        &self,
        sql: &str,
        of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, DatabaseError> {
        self.read(|| self.connection.prepare_cached(sql)?.query_map([], of)?.collect())
    }

    /// The paths in the first column.
    fn paths(&self, sql: &str, params: impl Params) -> Result<BTreeSet<StorePath>, DatabaseError> {
        let full: Vec<String> = self.read(|| {
            self.connection.prepare_cached(sql)?.query_map(params, |row| row.get(0))?.collect()
        })?;
        full.iter().map(|full| self.parse(full)).collect()
    }

    fn parse(&self, full: &str) -> Result<StorePath, DatabaseError> {
        self.store_dir.parse(full.as_bytes()).map_err(|err| corrupt(full, err))
    }
}

/// A row of `ValidPaths`, not yet parsed.
struct InfoRow {
    id: i64,
    hash: String,
    registration_time: i64,
    deriver: Option<String>,
    nar_size: Option<i64>,
    ultimate: Option<i64>,
    signatures: Option<String>,
    content_address: Option<String>,
}

impl InfoRow {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            hash: row.get(1)?,
            registration_time: row.get(2)?,
            deriver: row.get(3)?,
            nar_size: row.get(4)?,
            ultimate: row.get(5)?,
            signatures: row.get(6)?,
            content_address: row.get(7)?,
        })
    }

    fn into_info(
        self,
        database: &Database,
        path: &StorePath,
        references: BTreeSet<StorePath>,
    ) -> Result<PathInfo, DatabaseError> {
        let name = path.as_str();
        let hash = Hash::parse_prefixed(self.hash.as_bytes()).and_then(Sha256::try_from);
        let size = self.nar_size.unwrap_or(0);
        Ok(PathInfo {
            path: path.clone(),
            nar: NarDigest {
                hash: hash.map_err(|err| corrupt(name, err))?,
                size: size.try_into().map_err(|err| corrupt(name, err))?,
            },
            references,
            deriver: self.deriver.map(|full| database.parse(&full)).transpose()?,
            registration_time: self.registration_time,
            ultimate: self.ultimate == Some(1),
            signatures: self
                .signatures
                .unwrap_or_default()
                .split_ascii_whitespace()
                // One that cannot be read vouches for nothing.
                .filter_map(|text| text.parse().ok())
                .collect(),
            content_address: self
                .content_address
                .filter(|text| !text.is_empty())
                .map(|text| text.parse::<ContentAddress>().map_err(|err| corrupt(name, err)))
                .transpose()?,
        })
    }
}

fn corrupt(path: &str, problem: impl ToString) -> DatabaseError {
    DatabaseError::Corrupt { path: path.to_owned(), problem: problem.to_string() }
}
