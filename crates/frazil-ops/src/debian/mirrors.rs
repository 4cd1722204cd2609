//! Finding mirrors: those that were named, else those of the machine's own apt.
//!
//! No host is compiled in. What apt uses is read when a mirror is needed for the first time, so that
//! a machine whose lists are broken can still do all that needs none.
//!
//! Mirrors have what is current. Snapshots have what once was: below `URL/ARCHIVE/DATE` lies an
//! archive as it was at that time.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use frazil_debian::Date;
use frazil_debian::sources::{self, Role, SignedBy, Source};
use frazil_store::fetch::{Url, UrlError};

/// An archive of Debian: each has mirrors of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArchiveName {
    /// Releases and their updates.
    Debian,
    /// What the security team adds.
    Security,
}

impl ArchiveName {
    /// The archive of this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "debian" => Some(Self::Debian),
            "debian-security" => Some(Self::Security),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Security => "debian-security",
        }
    }

    /// The archive that has a suite of this name.
    pub fn of_suite(suite: &str) -> Self {
        if suite.ends_with("-security") { Self::Security } else { Self::Debian }
    }
}

impl fmt::Display for ArchiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A mirror that somebody named: `URL` for the archive, `debian-security=URL` for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorSetting {
    archive: ArchiveName,
    url: Url,
}

/// A text does not name a mirror.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    #[error("'{0}' is not an archive; there are 'debian' and 'debian-security'")]
    Archive(String),
    #[error("'{text}' is not the address of a mirror")]
    Url { text: String, source: UrlError },
}

impl MirrorSetting {
    /// Reads `URL` or `ARCHIVE=URL`.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let (archive, address) = match text.split_once('=') {
            Some((name, address)) if !name.contains([':', '/']) => {
                let archive = ArchiveName::parse(name);
                (archive.ok_or_else(|| SettingError::Archive(name.to_owned()))?, address)
            }
            _ => (ArchiveName::Debian, text),
        };
        let url = address.trim_end_matches('/').parse();
        let url = url.map_err(|source| SettingError::Url { text: text.to_owned(), source })?;
        Ok(Self { archive, url })
    }

    /// The mirror of security updates beside this one, as mirrors of Debian usually have it.
    fn beside(&self) -> Option<Url> {
        let text = self.url.as_str().strip_suffix("/debian")?;
        format!("{text}/debian-security").parse().ok()
    }
}

/// Reads the address of snapshots, without archive and date.
pub fn parse_snapshots(text: &str) -> Result<Url, SettingError> {
    let url = text.trim_end_matches('/').parse();
    url.map_err(|source| SettingError::Url { text: text.to_owned(), source })
}

/// What is known about mirrors before one is needed.
#[derive(Clone, Debug, Default)]
pub struct ArchivesPlan {
    /// Named mirrors, the most important first; the first kind of naming that names any counts.
    pub named: Vec<MirrorSetting>,
    /// Where snapshots are, see [`parse_snapshots`].
    pub snapshots: Vec<Url>,
    /// Files of keys, in place of those that the machine trusts.
    pub keyrings: Vec<PathBuf>,
    /// Where the machine's `etc/apt` and `usr/share/keyrings` are: `/`, but for tests.
    pub machine_root: PathBuf,
}

/// Where the archives are.
#[derive(Debug, Default)]
pub struct Archives {
    pub(super) plan: ArchivesPlan,
    machine: OnceLock<Result<Vec<Source>, MachineProblem>>,
}

/// A place that may have a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Where `dists/` and `pool/` are.
    pub url: Url,
    /// Who must have signed, if the machine's apt says so.
    pub signed_by: Vec<SignedBy>,
}

/// apt's lists cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {problem}", file.display())]
pub struct MachineProblem {
    file: PathBuf,
    problem: String,
}

/// Nobody says where an archive is.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoMirror {
    #[error(
        "no mirror of the archive '{archive}' is known; name one with `--mirror URL`, in FRAZIL_MIRROR, or as `mirrors` in the settings (this machine's apt sources name none)"
    )]
    Unknown { archive: ArchiveName },
    #[error(
        "nobody is known who keeps snapshots of the archive; name one with `--snapshot-mirror URL`, in FRAZIL_SNAPSHOT_MIRROR, or as `snapshot-mirrors` in the settings: the address that stands before `/debian/DATE/dists`"
    )]
    NoSnapshots,
    #[error("the apt sources of this machine cannot be read, and no mirror was named")]
    Machine {
        #[source]
        problem: MachineProblem,
    },
}

impl Archives {
    pub fn new(plan: ArchivesPlan) -> Self {
        Self { plan, machine: OnceLock::new() }
    }

    /// The mirrors of an archive that may have `suite`, the best first; at least one.
    pub fn mirrors(&self, archive: ArchiveName, suite: &str) -> Result<Vec<Mirror>, NoMirror> {
        let named = self.named(archive);
        if !named.is_empty() {
            return Ok(named);
        }
        let sources = self.machine.get_or_init(|| read_machine(&self.plan.machine_root));
        let sources =
            sources.as_ref().map_err(|problem| NoMirror::Machine { problem: problem.clone() })?;
        let release = suite.strip_suffix("-security").unwrap_or(suite);
        let release = release.strip_suffix("-updates").unwrap_or(release);
        let found = sources::archives(sources, release);
        let mut mirrors: Vec<Mirror> = Vec::new();
        for found in found {
            let role = match found.role {
                Role::Main | Role::Updates => ArchiveName::Debian,
                Role::Security => ArchiveName::Security,
            };
            let Ok(url) = found.uri.parse::<Url>() else { continue };
            if role == archive && mirrors.iter().all(|mirror| mirror.url != url) {
                mirrors.push(Mirror { url, signed_by: found.signed_by });
            }
        }
        if mirrors.is_empty() { Err(NoMirror::Unknown { archive }) } else { Ok(mirrors) }
    }

    /// Where the archive is as it was at this time; possibly nowhere.
    pub fn snapshots(&self, archive: ArchiveName, at: Date) -> Vec<Mirror> {
        let below = |url: &Url| url.below(&format!("{archive}/{}", at.stamp())).ok();
        let urls = self.plan.snapshots.iter().filter_map(below);
        urls.map(|url| Mirror { url, signed_by: Vec::new() }).collect()
    }

    fn named(&self, archive: ArchiveName) -> Vec<Mirror> {
        let settings = self.plan.named.iter();
        let mut urls: Vec<Url> = settings
            .filter(|setting| setting.archive == archive)
            .map(|setting| setting.url.clone())
            .collect();
        if urls.is_empty() && archive == ArchiveName::Security {
            urls.extend(self.plan.named.iter().filter_map(MirrorSetting::beside));
        }
        urls.into_iter().map(|url| Mirror { url, signed_by: Vec::new() }).collect()
    }
}

/// All entries of apt's lists, in the order in which apt reads them.
fn read_machine(root: &Path) -> Result<Vec<Source>, MachineProblem> {
    let apt = root.join("etc/apt");
    let mut files = vec![apt.join("sources.list")];
    // apt takes files with these ends only.
    let is_list =
        |file: &PathBuf| file.extension().is_some_and(|end| end == "list" || end == "sources");
    files.extend(files_in(&apt.join("sources.list.d")).into_iter().filter(is_list));
    let mut sources = Vec::new();
    for file in files {
        let Ok(text) = fs::read(&file) else { continue };
        let is_deb822 = file.extension().is_some_and(|extension| extension == "sources");
        let read =
            if is_deb822 { sources::parse_deb822(&text) } else { sources::parse_one_line(&text) };
        match read {
            Ok(read) => sources.extend(read),
            Err(error) => return Err(MachineProblem { file, problem: error.to_string() }),
        }
    }
    Ok(sources)
}

/// The files of a directory by name; none if there is no such directory.
pub(super) fn files_in(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}
