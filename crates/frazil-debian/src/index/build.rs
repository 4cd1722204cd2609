//! Making an index from `Packages` files.

use frazil_model::{Hash, HashAlgorithm, Sha256};

use super::Origin;
use super::layout::{FIELD_NAMES, FIELDS, FORMAT, HEADER_BYTES, MAGIC};
use super::package::{PackageFieldError, multi_arch, number, priority};
use crate::deb822::{Deb822Error, Stanza, Stanzas};
use crate::relation::{self, RelationError, RelationProblem, check_package_name};
use crate::version::{DebVersion, VersionError};

/// Collects the packages of several `Packages` files.
#[derive(Debug)]
pub struct IndexBuilder<'t> {
    architecture: &'t str,
    origins: Vec<Origin<'t>>,
    candidates: Vec<Candidate<'t>>,
}

/// One stanza, not yet known to be the newest of its name.
#[derive(Debug)]
struct Candidate<'t> {
    version: DebVersion<'t>,
    sha256: Sha256,
    origin: usize,
    /// Where the stanza begins in its file.
    line: usize,
    fields: [&'t str; FIELD_NAMES.len()],
}

/// `Packages` files do not make an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A file is not made of stanzas.
    #[error(transparent)]
    Deb822(#[from] Deb822Error),
    /// A stanza is not a package.
    #[error("line {line}: the package `{package}`: {problem}")]
    Package {
        /// Where the stanza begins, from 1.
        line: usize,
        /// Its name, as far as it has one.
        package: String,
        /// What is wrong.
        problem: PackageProblem,
    },
    /// Two archives have different files for the same version.
    #[error("{package} {version} from {first} and from {second} are different files")]
    Disagree {
        /// The name.
        package: String,
        /// The version.
        version: String,
        /// Suite and component of one.
        first: String,
        /// Suite and component of the other.
        second: String,
    },
    /// Offsets have 32 bits.
    #[error("the lists of packages have more than 4 GiB")]
    Large,
}

/// What is wrong with a package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageProblem {
    /// A field that every package has.
    #[error("the field {0} is missing")]
    Missing(&'static str),
    /// A field is not text.
    #[error("the field {0} is not UTF-8")]
    Utf8(&'static str),
    /// The name is none.
    #[error(transparent)]
    Name(#[from] RelationProblem),
    /// The version is none.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// What it provides cannot be read.
    #[error("the field Provides: {0}")]
    Provides(#[from] RelationError),
    /// It is not for this machine.
    #[error("it is for `{found}`, not for `{expected}`")]
    Architecture {
        /// What it is for.
        found: String,
        /// What the index is for.
        expected: String,
    },
    /// A field does not say what it should.
    #[error(transparent)]
    Field(#[from] PackageFieldError),
}

impl<'t> IndexBuilder<'t> {
    /// A builder for `all` and this architecture, as `amd64`.
    pub const fn new(architecture: &'t str) -> Self {
        Self { architecture, origins: Vec::new(), candidates: Vec::new() }
    }

    /// Adds a `Packages` file. Where files agree on the version of a package, the first counts.
    pub fn add(&mut self, origin: Origin<'t>, packages: &'t [u8]) -> Result<(), BuildError> {
        let number = self.origins.len();
        self.origins.push(origin);
        for stanza in Stanzas::new(packages) {
            let stanza = stanza?;
            let candidate = self.candidate(&stanza, number).map_err(|problem| {
                let name = stanza.get("Package").unwrap_or_default();
                BuildError::Package {
                    line: stanza.line(),
                    package: name.escape_ascii().to_string(),
                    problem,
                }
            })?;
            self.candidates.push(candidate);
        }
        Ok(())
    }

    /// The index, in the format that [`Index`](super::Index) reads.
    pub fn finish(mut self) -> Result<Vec<u8>, BuildError> {
        self.candidates.sort_by(|left, right| {
            let newest_first = || right.version.cmp(&left.version);
            left.name().cmp(right.name()).then_with(newest_first)
        });
        for pair in self.candidates.windows(2) {
            if let [first, second] = pair
                && first.name() == second.name()
                && first.version == second.version
                && first.sha256 != second.sha256
            {
                return Err(self.disagree(first, second));
            }
        }
        self.candidates.dedup_by(|later, first| later.name() == first.name());
        Output::default().write(self.architecture, &self.origins, &self.candidates)
    }

    fn candidate(
        &self,
        stanza: &Stanza<'t>,
        origin: usize,
    ) -> Result<Candidate<'t>, PackageProblem> {
        let mut fields = [""; FIELD_NAMES.len()];
        for field in stanza.fields() {
            let known = FIELD_NAMES.iter().zip(&mut fields);
            let mut known = known.filter(|(name, _)| name.eq_ignore_ascii_case(field.name));
            if let Some((name, slot)) = known.next() {
                *slot = std::str::from_utf8(field.raw()).map_err(|_| PackageProblem::Utf8(name))?;
            }
        }
        let required = |number: usize, name| match fields.get(number) {
            Some(value) if !value.is_empty() => Ok(*value),
            Some(_) | None => Err(PackageProblem::Missing(name)),
        };
        check_package_name(required(FIELDS.name, "Package")?)?;
        let version = DebVersion::new(required(FIELDS.version, "Version")?)?;
        let architecture = required(FIELDS.architecture, "Architecture")?;
        if architecture != "all" && architecture != self.architecture {
            return Err(PackageProblem::Architecture {
                found: architecture.into(),
                expected: self.architecture.into(),
            });
        }
        let filename = required(FIELDS.filename, "Filename")?;
        // It is appended to the archive's URI, and must stay below it.
        if filename.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let value = filename.to_owned();
            return Err(PackageFieldError { field: "Filename", value }.into());
        }
        number("Size", required(FIELDS.size, "Size")?)?;
        let optional = |number: usize| fields.get(number).copied().unwrap_or_default();
        number("Installed-Size", optional(FIELDS.installed_size))?;
        multi_arch(optional(FIELDS.multi_arch))?;
        priority(optional(FIELDS.priority))?;
        let sha256 = sha256(required(FIELDS.sha256, "SHA256")?)?;
        Ok(Candidate { version, sha256, origin, line: stanza.line(), fields })
    }

    fn disagree(&self, first: &Candidate<'_>, second: &Candidate<'_>) -> BuildError {
        let name = |candidate: &Candidate<'_>| {
            let origin = self.origins.get(candidate.origin);
            origin.map(|origin| format!("{}/{}", origin.suite, origin.component))
        };
        BuildError::Disagree {
            package: first.name().into(),
            version: first.version.to_string(),
            first: name(first).unwrap_or_default(),
            second: name(second).unwrap_or_default(),
        }
    }
}

fn sha256(text: &str) -> Result<Sha256, PackageFieldError> {
    let hash = Hash::parse_unprefixed(text.as_bytes(), HashAlgorithm::Sha256);
    let digest = hash.and_then(Sha256::try_from);
    digest.map_err(|_| PackageFieldError { field: "SHA256", value: text.into() })
}

impl<'t> Candidate<'t> {
    const fn name(&self) -> &'t str {
        let [name, ..] = self.fields;
        name
    }

    fn is_essential(&self) -> bool {
        self.fields.get(FIELDS.essential) == Some(&"yes")
    }

    fn provides(&self) -> &'t str {
        self.fields.get(FIELDS.provides).copied().unwrap_or_default()
    }
}

/// The bytes so far; the header is filled in last.
struct Output {
    bytes: Vec<u8>,
}

impl Default for Output {
    fn default() -> Self {
        Self { bytes: vec![0; HEADER_BYTES] }
    }
}

/// An offset and a length.
type Pair = (u32, u32);

impl Output {
    fn write(
        mut self,
        architecture: &str,
        origins: &[Origin<'_>],
        packages: &[Candidate<'_>],
    ) -> Result<Vec<u8>, BuildError> {
        let records: Vec<u32> =
            packages.iter().map(|package| self.record(package)).collect::<Result<_, _>>()?;
        let architecture = self.text(architecture)?;
        let origins: Vec<[Pair; 4]> = origins
            .iter()
            .map(|origin| {
                let Origin { uri, suite, component, snapshot } = *origin;
                let (uri, suite) = (self.text(uri)?, self.text(suite)?);
                Ok([uri, suite, self.text(component)?, self.text(snapshot)?])
            })
            .collect::<Result<_, BuildError>>()?;
        let provides = self.provides(packages)?;
        let essential = (0..).zip(packages).filter(|(_, package)| package.is_essential());
        let essential: Vec<u32> = essential.map(|(number, _)| number).collect();
        let package_table = self.numbers(&records)?;
        let provides = self.table(&provides)?;
        let origins = self.table(&origins)?;
        let essential = self.numbers(&essential)?;
        let header = [package_table, provides, origins, essential, architecture];
        self.finish(&header)
    }

    fn record(&mut self, package: &Candidate<'_>) -> Result<u32, BuildError> {
        let start = self.offset()?;
        self.number(count(package.origin)?);
        let values = package.fields.iter().enumerate().map(|(number, value)| {
            if number == FIELDS.sha256 { &package.sha256.0 } else { value.as_bytes() }
        });
        let mut end = 0;
        for value in values.clone() {
            end += value.len();
            self.number(count(end)?);
        }
        for value in values {
            self.bytes.extend_from_slice(value);
        }
        Ok(start)
    }

    /// The entries of the table, sorted; adds the texts that they need.
    fn provides(&mut self, packages: &[Candidate<'_>]) -> Result<Vec<[Pair; 3]>, BuildError> {
        let mut found: Vec<(&str, usize, &str)> = Vec::new();
        for (number, package) in packages.iter().enumerate() {
            let groups = relation::parse(package.provides()).map_err(|problem| {
                let (line, package) = (package.line, package.name().to_owned());
                BuildError::Package { line, package, problem: problem.into() }
            })?;
            for provided in groups.into_iter().flatten() {
                let version = provided.version.map_or("", |constraint| constraint.version.as_str());
                found.push((provided.name, number, version));
            }
        }
        found.sort_unstable();
        found.dedup();
        let mut entries = Vec::with_capacity(found.len());
        let mut last = ("", (0, 0));
        for (name, number, version) in found {
            if last.0 != name {
                last = (name, self.text(name)?);
            }
            let version = if version.is_empty() { (0, 0) } else { self.text(version)? };
            entries.push([last.1, version, (count(number)?, 0)]);
        }
        Ok(entries)
    }

    fn numbers(&mut self, numbers: &[u32]) -> Result<Pair, BuildError> {
        let section = (self.offset()?, count(numbers.len())?);
        for number in numbers {
            self.number(*number);
        }
        Ok(section)
    }

    fn table<const PAIRS: usize>(&mut self, entries: &[[Pair; PAIRS]]) -> Result<Pair, BuildError> {
        let section = (self.offset()?, count(entries.len())?);
        for (first, second) in entries.iter().flatten() {
            self.number(*first);
            self.number(*second);
        }
        Ok(section)
    }

    fn text(&mut self, text: &str) -> Result<Pair, BuildError> {
        let start = self.offset()?;
        self.bytes.extend_from_slice(text.as_bytes());
        Ok((start, count(text.len())?))
    }

    fn number(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn offset(&self) -> Result<u32, BuildError> {
        count(self.bytes.len())
    }

    fn finish(mut self, sections: &[Pair; 5]) -> Result<Vec<u8>, BuildError> {
        let len = self.offset()?;
        let contents = Sha256::of(self.bytes.get(HEADER_BYTES..).unwrap_or_default());
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(MAGIC);
        let numbers = sections.iter().flat_map(|(start, count)| [*start, *count]);
        for number in [FORMAT, len].into_iter().chain(numbers) {
            header.extend_from_slice(&number.to_le_bytes());
        }
        header.extend_from_slice(&contents.0);
        let sum = Sha256::of(&header);
        header.extend_from_slice(&sum.0);
        for (slot, byte) in self.bytes.iter_mut().zip(header) {
            *slot = byte;
        }
        Ok(self.bytes)
    }
}

fn count(number: usize) -> Result<u32, BuildError> {
    u32::try_from(number).map_err(|_| BuildError::Large)
}
