//! The database of valid paths.
//!
//! It knows what is registered, not whether it is on the disk; keeping the two in step is the
//! business of those who add and remove. Full paths stand in the tables, [`StorePath`]s come in
//! and go out.
//!
//! Invariant: a registered path's references are registered.

mod query;
pub(crate) mod schema;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use frazil_model::closure::ClosureError;
use frazil_model::signature::Signature;
use frazil_model::{ClosureGraph, HashFormat, OutputName, StoreDir, StorePath, percent};
use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, ErrorCode, FileControl, OpenFlags, OptionalExtension as _, Transaction,
    TransactionBehavior, params,
};

use crate::fs::{Disk, IoError};
use crate::path_info::PathInfo;

pub(crate) use query::Graph;
pub use schema::VERSION as SCHEMA_VERSION;
pub use snapshot::snapshot;

/// How long to wait for another process's transaction. Nix waits as long.
const BUSY_TIMEOUT: Duration = Duration::from_hours(1);

/// Pages in the log before it is written back: so many that a large evaluation syncs once.
const CHECKPOINT_PAGES: u32 = 40_000;

/// Bytes up to which the log is kept when the database is closed, so that it can be read without
/// the right to create files.
const JOURNAL_BYTES_MAX: i64 = 1 << 40;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database itself failed.
    #[error("cannot {action} the database '{}'", file.display())]
    Sql {
        /// What was tried: `read`.
        action: &'static str,
        /// The database.
        file: PathBuf,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A row that no program should have written.
    #[error("the database has an invalid entry for '{path}': {problem}")]
    Corrupt {
        /// What stands in the row for the path.
        path: String,
        /// What is wrong with the row.
        problem: String,
    },
    /// A path that is not registered.
    #[error("path '{path}' is not valid")]
    NotValid {
        /// The path.
        path: StorePath,
    },
    /// A path that others refer to cannot go.
    #[error("path '{path}' is in use by other paths")]
    InUse {
        /// The path.
        path: StorePath,
    },
    /// Paths to be registered refer to each other.
    #[error(transparent)]
    Cycle(ClosureError),
}

impl DatabaseError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Sql { source, .. } => match source.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    Some("the database is damaged: restore it from a backup, or start a new store")
                }
                Some(ErrorCode::DiskFull) => Some("free some space"),
                Some(ErrorCode::ReadOnly) => Some("the store belongs to another user"),
                _ => None,
            },
            Self::Io(source) => source.help(),
            Self::Corrupt { .. } | Self::NotValid { .. } | Self::InUse { .. } | Self::Cycle(_) => {
                None
            }
        }
    }
}

/// What an open database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenMode {
    /// Its tables are created first.
    Create,
    Write,
    Read,
}

/// An open database.
pub(crate) struct Database {
    connection: Connection,
    file: PathBuf,
    store_dir: StoreDir,
    disk: Disk,
}

/// The outputs of derivations that are to be registered, as far as their paths are known.
pub(crate) type Outputs = BTreeMap<OutputName, StorePath>;

impl Database {
    /// Opens the database.
    pub(crate) fn open(
        disk: Disk,
        file: PathBuf,
        store_dir: StoreDir,
        mode: OpenMode,
    ) -> Result<Self, DatabaseError> {
        if mode == OpenMode::Create {
            disk.change("create the database", &file, || Ok(()))?;
        }
        let connection = match mode {
            OpenMode::Create | OpenMode::Write => connect(&file, mode == OpenMode::Create),
            OpenMode::Read => connect_to_read(&file),
        };
        let connection = connection.map_err(|source| DatabaseError::Sql {
            action: "open",
            file: file.clone(),
            source,
        })?;
        Ok(Self { connection, file, store_dir, disk })
    }

    /// Registers paths in one step. What is registered already gets its new digest, signatures
    /// and references.
    pub(crate) fn register(
        &mut self,
        paths: &[(PathInfo, Outputs)],
        now: i64,
    ) -> Result<(), DatabaseError> {
        check_cycles(paths)?;
        let dir = self.store_dir.clone();
        self.transaction(|transaction| {
            let mut ids = Vec::with_capacity(paths.len());
            for (info, outputs) in paths {
                let id = put_path(transaction, &dir, info, now)?;
                for (output, path) in outputs {
                    transaction
                        .prepare_cached(
                            "insert or replace into DerivationOutputs values (?, ?, ?)",
                        )?
                        .execute(params![id, output.as_str(), dir.join(path)])?;
                }
                ids.push(id);
            }
            for ((info, _), referrer) in paths.iter().zip(ids) {
                for path in &info.references {
                    let Some(reference) = id_of(transaction, &dir.join(path))? else {
                        return Ok(Err(DatabaseError::NotValid { path: path.clone() }));
                    };
                    transaction
                        .prepare_cached("insert or replace into Refs values (?, ?)")?
                        .execute([referrer, reference])?;
                }
            }
            Ok(Ok(()))
        })
    }

    /// Adds signatures to those of valid paths, in one step. Returns the paths that lacked one.
    pub(crate) fn add_signatures(
        &mut self,
        new: &[(StorePath, BTreeSet<Signature>)],
    ) -> Result<BTreeSet<StorePath>, DatabaseError> {
        let dir = self.store_dir.clone();
        let mut changed = BTreeSet::new();
        self.transaction(|transaction| {
            for (path, signatures) in new {
                let full = dir.join(path);
                let before: Option<Option<String>> = transaction
                    .prepare_cached("select sigs from ValidPaths where path = ?")?
                    .query_row([&full], |row| row.get(0))
                    .optional()?;
                let Some(before) = before else {
                    return Ok(Err(DatabaseError::NotValid { path: path.clone() }));
                };
                let before = before.unwrap_or_default();
                let mut all: BTreeSet<_> =
                    before.split_ascii_whitespace().map(ToOwned::to_owned).collect();
                let count = all.len();
                all.extend(signatures.iter().map(ToString::to_string));
                if all.len() > count {
                    let all = Vec::from_iter(all).join(" ");
                    transaction
                        .prepare_cached("update ValidPaths set sigs = ? where path = ?")?
                        .execute([&all, &full])?;
                    changed.insert(path.clone());
                }
            }
            Ok(Ok(()))
        })?;
        Ok(changed)
    }

    /// Makes paths invalid in one step, in this order: those that refer to others come first.
    pub(crate) fn invalidate(&mut self, paths: &[StorePath]) -> Result<(), DatabaseError> {
        let dir = self.store_dir.clone();
        self.transaction(|transaction| {
            for path in paths {
                let result = transaction
                    .prepare_cached("delete from ValidPaths where path = ?")?
                    .execute([dir.join(path)]);
                match result.map_err(|err| (err.sqlite_error_code(), err)) {
                    Ok(_) => {}
                    Err((Some(ErrorCode::ConstraintViolation), _)) => {
                        return Ok(Err(DatabaseError::InUse { path: path.clone() }));
                    }
                    Err((_, err)) => return Err(err),
                }
            }
            Ok(Ok(()))
        })
    }

    /// Runs `body` and keeps what it did if it succeeds.
    fn transaction(
        &mut self,
        body: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Result<(), DatabaseError>>,
    ) -> Result<(), DatabaseError> {
        let file = self.file.clone();
        let failed = |source| DatabaseError::Sql { action: "write to", file: file.clone(), source };
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        body(&transaction).map_err(failed)??;
        self.disk.change("write to the database", &file, || Ok(()))?;
        transaction.commit().map_err(failed)
    }
}

/// Opens a database that we perhaps may not write, nor make the files that readers share.
fn connect_to_read(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let first = Connection::open_with_flags(file, flags).and_then(|connection| {
        let read = connection.query_row("select count(*) from sqlite_master", [], |_| Ok(()));
        read.map(|()| connection)
    });
    let connection = match first {
        Err(err) if err.sqlite_error_code() == Some(ErrorCode::CannotOpen) && file.exists() => {
            // Nobody writes where the files for it cannot be made.
            let name = percent::encode(file.as_os_str().as_bytes(), b"/");
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)?
        }
        first => first?,
    };
    configure(&connection)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(32);
    // The file may come from somebody else; its schema must not do more than hold data.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

fn connect(file: &Path, create: bool) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What was registered just before a power failure may be lost with this; the database is not.
    connection.pragma_update(None, "synchronous", "normal")?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    }
    connection.pragma_update_and_check(
        None,
        "journal_size_limit",
        JOURNAL_BYTES_MAX,
        |_| Ok(()),
    )?;
    connection.file_control(None::<&str>, FileControl::PersistWal(&mut 1))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    configure(&connection)?;
    if create {
        connection.execute_batch(schema::CREATE)?;
    }
    Ok(connection)
}

fn check_cycles(paths: &[(PathInfo, Outputs)]) -> Result<(), DatabaseError> {
    if paths.len() < 2 {
        return Ok(());
    }
    let mut graph = ClosureGraph::default();
    let new: BTreeSet<_> = paths.iter().map(|(info, _)| &info.path).collect();
    for (info, _) in paths {
        let references = info.references.iter().filter(|path| new.contains(path));
        graph.insert(info.path.clone(), references.cloned());
    }
    graph.topological().map(|_| ()).map_err(DatabaseError::Cycle)
}

fn put_path(
    transaction: &Transaction<'_>,
    dir: &StoreDir,
    info: &PathInfo,
    now: i64,
) -> rusqlite::Result<i64> {
    let full = dir.join(&info.path);
    let hash = frazil_model::Hash::from(info.nar.hash).format_prefixed(HashFormat::Base16);
    let size = (info.nar.size != 0).then_some(info.nar.size.cast_signed());
    let ultimate = info.ultimate.then_some(1);
    let signatures: Vec<_> = info.signatures.iter().map(ToString::to_string).collect();
    let signatures = (!signatures.is_empty()).then(|| signatures.join(" "));
    let content_address = info.content_address.map(|content| content.to_string());
    if let Some(id) = id_of(transaction, &full)? {
        transaction
            .prepare_cached(
                "update ValidPaths set narSize = ?, hash = ?, ultimate = ?, sigs = ?, ca = ?
                 where id = ?",
            )?
            .execute(params![size, hash, ultimate, signatures, content_address, id])?;
        return Ok(id);
    }
    let time = if info.registration_time == 0 { now } else { info.registration_time };
    let deriver = info.deriver.as_ref().map(|path| dir.join(path));
    transaction
        .prepare_cached(
            "insert into ValidPaths
             (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca)
             values (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![full, hash, time, deriver, size, ultimate, signatures, content_address])?;
    Ok(transaction.last_insert_rowid())
}

fn id_of(connection: &Connection, full: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("select id from ValidPaths where path = ?")?
        .query_row([full], |row| row.get(0))
        .optional()
}
