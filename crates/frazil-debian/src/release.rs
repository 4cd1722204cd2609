//! `Release` and `InRelease`: what an archive says of a suite, signed.
//!
//! From a signed file to the lists of packages: [`List::by_hash_path`] says where to fetch one, and
//! [`List::unpack`] takes it only if it is what was signed.
//!
//! Invariant: a [`Release`] names its suite and its date, and each of its files has one digest. One
//! that came out of [`Release::verified`] was signed, as a whole.

#[cfg(test)]
mod tests;
mod unpack;

use std::collections::BTreeMap;

use frazil_model::{Hash, HashAlgorithm, HashFormat, Sha256};

pub use unpack::ListError;

use crate::compression::Compression;
use crate::date::{Date, parse_date};
use crate::deb822::{Deb822Error, Field, Stanza, Stanzas};
use crate::openpgp::{self, Keyring, Signer, VerifyError};

/// What an archive says of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Who runs the archive, as `Debian`.
    pub origin: String,
    /// What the archive calls itself.
    pub label: String,
    /// The role, as `stable`; it moves on.
    pub suite: String,
    /// The name, as `trixie`; it stays.
    pub codename: String,
    /// The version, as `13.7`.
    pub version: String,
    /// When it was made.
    pub date: Date,
    /// Until when it may be believed; point releases do not say.
    pub valid_until: Option<Date>,
    /// Architectures that it has.
    pub architectures: Vec<String>,
    /// Components that it has.
    pub components: Vec<String>,
    /// Whether lists can be fetched by their digest, so that none changes under the reader.
    pub acquire_by_hash: bool,
    /// Its files by their path below the release file.
    pub files: BTreeMap<String, Listed>,
}

/// What a release says of one of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The digest.
    pub sha256: Sha256,
    /// The size in bytes.
    pub size: u64,
}

/// A list in the form in which to fetch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<'r> {
    /// The path below the release file, as `main/binary-amd64/Packages.xz`.
    pub path: &'r str,
    /// How it is compressed.
    pub compression: Compression,
    /// The file to fetch.
    pub file: Listed,
    /// What comes out of it, if the release says so.
    pub unpacked: Option<Listed>,
}

/// A file is not a release file, or not to be believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// Nobody in the keyring vouches for it.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// It is not made of fields.
    #[error(transparent)]
    Deb822(#[from] Deb822Error),
    /// Not one stanza.
    #[error("the release file has {found} stanzas instead of one")]
    Stanzas {
        /// How many there are.
        found: usize,
    },
    /// A field that must be there.
    #[error("the release file has no {0}")]
    Missing(&'static str),
    /// A field that cannot be read.
    #[error("the release file's {field} is `{value}`, which it cannot be")]
    Value {
        /// The name of the field.
        field: &'static str,
        /// What it says.
        value: String,
    },
    /// It is for another suite.
    #[error("the release file is for {found}, not for `{wanted}`")]
    Suite {
        /// What was asked for.
        wanted: String,
        /// What it calls itself.
        found: String,
    },
    /// It is too old: a mirror that is out of date, or one that hides what is new.
    #[error("the release file of {suite} was valid until {until} only")]
    Expired {
        /// The suite.
        suite: String,
        /// What it says.
        until: Date,
    },
    /// It was made later than now: a wrong clock, here or there.
    #[error("the release file of {suite} is from {date}, which is in the future")]
    Future {
        /// The suite.
        suite: String,
        /// What it says.
        date: Date,
    },
    /// It lists no such file.
    #[error("the suite has no `{path}`")]
    NoList {
        /// The path below the release file, without the suffix of its compression.
        path: String,
    },
}

impl ReleaseError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Signature(error) => error.help(),
            Self::Deb822(error) => error.help(),
            Self::Expired { .. } => Some("the mirror is out of date, or the clock of this machine"),
            Self::Future { .. } => Some("set the clock of this machine"),
            Self::Suite { .. } => Some("name the suite by its code name, as `trixie`"),
            Self::NoList { .. } => Some("are the component and the architecture spelled right?"),
            Self::Stanzas { .. } | Self::Missing(_) | Self::Value { .. } => None,
        }
    }
}

/// Seconds that the archive's clock may be ahead of ours.
const CLOCK_SKEW_SECONDS: u64 = 24 * 60 * 60;

impl Release {
    /// Reads an `InRelease` file that somebody in the keyring has signed; `now` is in seconds since
    /// 1970.
    pub fn verified(
        in_release: &[u8],
        keyring: &Keyring,
        now: u64,
    ) -> Result<(Self, Vec<Signer>), ReleaseError> {
        let message = openpgp::verify_clearsigned(in_release, keyring, now)?;
        Ok((Self::parse(&message.text)?, message.signers))
    }

    /// Reads a `Release` file whose signature is in a file of its own, `Release.gpg`.
    pub fn verified_detached(
        release: &[u8],
        signature: &[u8],
        keyring: &Keyring,
        now: u64,
    ) -> Result<(Self, Vec<Signer>), ReleaseError> {
        let signers = openpgp::verify_detached(release, signature, keyring, now)?;
        Ok((Self::parse(release)?, signers))
    }

    /// Reads a `Release` file, whoever wrote it.
    pub fn parse(text: &[u8]) -> Result<Self, ReleaseError> {
        let stanzas: Vec<Stanza<'_>> = Stanzas::new(text).collect::<Result<_, _>>()?;
        let [stanza] = stanzas.as_slice() else {
            return Err(ReleaseError::Stanzas { found: stanzas.len() });
        };
        let text = |name: &'static str| -> Result<String, ReleaseError> {
            let value = stanza.get(name).unwrap_or_default();
            let text = std::str::from_utf8(value);
            text.map(str::to_owned).map_err(|_| bad_value(name, value))
        };
        let words = |name: &'static str| -> Result<Vec<String>, ReleaseError> {
            Ok(text(name)?.split_ascii_whitespace().map(str::to_owned).collect())
        };
        let date = |name: &'static str| match stanza.get(name) {
            None => Ok(None),
            Some(value) => parse_date(value).map(Some).ok_or_else(|| bad_value(name, value)),
        };
        let release = Self {
            origin: text("Origin")?,
            label: text("Label")?,
            suite: text("Suite")?,
            codename: text("Codename")?,
            version: text("Version")?,
            date: date("Date")?.ok_or(ReleaseError::Missing("Date"))?,
            valid_until: date("Valid-Until")?,
            architectures: words("Architectures")?,
            components: words("Components")?,
            acquire_by_hash: text("Acquire-By-Hash")? == "yes",
            files: files(stanza.field("SHA256").ok_or(ReleaseError::Missing("SHA256"))?)?,
        };
        if release.suite.is_empty() && release.codename.is_empty() {
            return Err(ReleaseError::Missing("Suite"));
        }
        Ok(release)
    }

    /// Checks that it is what was asked for (`suite` is its name, its role, or either with the
    /// `-security` that the archive of that name leaves out), and to be believed at `now`, in
    /// seconds since 1970.
    pub fn check(&self, suite: &str, now: u64) -> Result<(), ReleaseError> {
        if !self.is_called(suite) {
            let found = format!("`{}` ({})", self.codename, self.suite);
            return Err(ReleaseError::Suite { wanted: suite.into(), found });
        }
        if self.date.0 > now.saturating_add(CLOCK_SKEW_SECONDS) {
            return Err(ReleaseError::Future { suite: suite.into(), date: self.date });
        }
        match self.valid_until {
            Some(until) if until.0 < now => {
                Err(ReleaseError::Expired { suite: suite.into(), until })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_called(&self, suite: &str) -> bool {
        // `stable/updates` is how security archives called themselves before bullseye.
        let names = [self.codename.as_str(), self.suite.as_str()];
        names.into_iter().filter(|name| !name.is_empty()).any(|name| {
            name == suite
                || name
                    .strip_suffix("/updates")
                    .is_some_and(|name| suite.strip_suffix("-security") == Some(name))
        })
    }

    /// The list of the packages of a component, in the form that is best to fetch.
    pub fn packages(&self, component: &str, architecture: &str) -> Result<List<'_>, ReleaseError> {
        self.list(&format!("{component}/binary-{architecture}/Packages"))
    }

    /// The list of the source packages of a component, likewise.
    pub fn sources(&self, component: &str) -> Result<List<'_>, ReleaseError> {
        self.list(&format!("{component}/source/Sources"))
    }

    fn list(&self, path: &str) -> Result<List<'_>, ReleaseError> {
        let unpacked = self.files.get(path).copied();
        Compression::ALL
            .into_iter()
            .find_map(|compression| {
                let path = format!("{path}{}", compression.suffix());
                let (path, file) = self.files.get_key_value(&path)?;
                Some(List { path, compression, file: *file, unpacked })
            })
            .ok_or_else(|| ReleaseError::NoList { path: path.into() })
    }
}

impl List<'_> {
    /// Where the list lies under its digest, below the release file.
    pub fn by_hash_path(&self) -> String {
        let (folder, _) = self.path.rsplit_once('/').unwrap_or((".", self.path));
        let digest = Hash::from(self.file.sha256).format(HashFormat::Base16);
        format!("{folder}/by-hash/SHA256/{digest}")
    }
}

fn bad_value(field: &'static str, value: &[u8]) -> ReleaseError {
    ReleaseError::Value { field, value: value.escape_ascii().to_string() }
}

/// Lines of a digest, a size and a path.
fn files(field: Field<'_>) -> Result<BTreeMap<String, Listed>, ReleaseError> {
    let mut files = BTreeMap::new();
    for line in field.lines().filter(|line| !line.is_empty()) {
        let (path, listed) = file(line).ok_or_else(|| bad_value("SHA256", line))?;
        let other = files.insert(path, listed);
        if other.is_some_and(|other| other != listed) {
            return Err(bad_value("SHA256", line));
        }
    }
    Ok(files)
}

fn file(line: &[u8]) -> Option<(String, Listed)> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let hash = Hash::parse_unprefixed(words.next()?.as_bytes(), HashAlgorithm::Sha256).ok()?;
    let listed = Listed { sha256: hash.try_into().ok()?, size: words.next()?.parse().ok()? };
    let path = words.next()?;
    // What is fetched stays below the release file.
    let is_below = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    (is_below && words.next().is_none()).then(|| (path.to_owned(), listed))
}

/// For fuzzing: no input panics, and lists lead nowhere but below the release file.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let Ok(release) = Release::parse(data) else { return };
    assert!(release.files.keys().all(|path| !path.starts_with('/') && !path.contains("../")));
    let until = release.valid_until.map_or(u64::MAX, |until| until.0);
    assert!(until == u64::MAX || release.check(&release.suite, until.saturating_add(1)).is_err());
}
