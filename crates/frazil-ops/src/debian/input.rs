//! Fetching `debian:SUITE`: from a signed release file to a source, or from a lock to the same one.
//!
//! Without a lock the release files are fetched and verified; with one, exactly the lists that it
//! pins, which need no signature any more. Both ways make the same files.
//!
//! With `snapshot` the release files are those of a date, which must have been valid on that date.

mod lists;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use frazil_debian::Date;

use frazil_debian::openpgp::Keyring;
use frazil_debian::release::{Release, ReleaseError};
use frazil_eval::host::{FetchAttribute, FetchRequest, HostError};
use frazil_store::fetch::{Client, ClientError, FetchError, FetchOptions, Url, UrlError};
use frazil_store::threads::parallel_on;

use lists::{Pending, Place, fetch_list};

use super::index::snapshot_with;
use super::keyring::{self, KeyringError};
use super::lock::{LockError, LockedList, LockedLists, is_name};
use super::mirrors::{ArchiveName, Archives, Mirror, NoMirror};
use super::source::{self, Description, List, SNAPSHOT};
use crate::host::{FetchedFiles, InputFetcher};

const RELEASE_BYTES_MAX: u64 = 16 << 20;
/// Suites that are always the newest there is, and have no updates beside them.
const ROLLING: &[&str] = &["sid", "unstable", "experimental"];

/// Fetches Debian suites.
pub struct DebianFetcher {
    pub archives: Arc<Archives>,
    /// How to reach mirrors.
    pub fetch: FetchOptions,
    /// The machine's architecture in Debian's words.
    pub architecture: String,
    /// Seconds since 1970.
    pub now: u64,
}

/// Why a suite was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("'{value}' cannot be the {name} of a Debian suite")]
    Attribute { name: &'static str, value: String },
    #[error(transparent)]
    NoMirror(#[from] NoMirror),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No mirror gave a release file that is to be believed: what each of them gave.
    #[error("no mirror has a usable release file of {suite}: {tried}")]
    Release { suite: String, tried: String, help: Option<&'static str> },
    #[error("the release file of {suite}")]
    Contents { suite: String, source: ReleaseError },
    #[error("the snapshot of {date} is in the future")]
    Tomorrow { date: Date },
    #[error("cannot fetch the list of packages of {list}: {tried}")]
    List { list: String, tried: String },
    #[error("the list of packages of {list} that the lock pins is not there any more: {asked}")]
    Gone { list: String, asked: String },
    #[error("the list of packages of {list} cannot be unpacked")]
    Unpack { list: String, source: io::Error },
    #[error("the list of packages of {list} is not what the release file says once it is unpacked")]
    Unpacked { list: String },
}

impl InputError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Release { help, .. } => *help,
            Self::Contents { source, .. } => source.help(),
            Self::Client(error) => error.help(),
            Self::Gone { .. } => Some(
                "lock what is there now with `frazil update`, or name who keeps what is old: a binary cache that has the locked suite (`substituters` in the settings), or `--snapshot-mirror URL`",
            ),
            Self::Attribute { name: SNAPSHOT, .. } => {
                Some("it is a date in UTC, as in `2026-01-31` or `20260131T060000Z`")
            }
            Self::List { .. } | Self::Unpacked { .. } => {
                Some("try again later, or name another mirror with `--mirror URL`")
            }
            Self::Attribute { name: "components", .. } => {
                Some("components are separated by commas, as in `main,contrib`")
            }
            Self::Attribute { name: "versions", .. } => Some("it is `exact` or `nearest`"),
            Self::Attribute { .. }
            | Self::NoMirror(_)
            | Self::Keyring(_)
            | Self::Lock(_)
            | Self::Tomorrow { .. }
            | Self::Unpack { .. } => None,
        }
    }
}

impl InputFetcher for DebianFetcher {
    fn fetch(&mut self, request: &FetchRequest) -> Result<FetchedFiles, HostError> {
        let fetched = Wanted::of(request, self).and_then(|wanted| self.source(&wanted));
        fetched.map_err(|error| {
            let what = crate::causes(&error);
            match error.help() {
                Some(help) => HostError::Unsupported { what, help },
                None => HostError::Store(what),
            }
        })
    }
}

/// What a reference asks for.
struct Wanted {
    suite: String,
    architecture: String,
    components: Vec<String>,
    updates: bool,
    security: bool,
    versions: String,
    /// The state of the archive that is wanted; without it, what is there now.
    snapshot: Option<Date>,
    /// From a lock.
    lists: Option<LockedLists>,
}

impl Wanted {
    fn of(request: &FetchRequest, fetcher: &DebianFetcher) -> Result<Self, InputError> {
        let text = |name: &str| match request.attributes.get(name) {
            Some(FetchAttribute::String(text)) => Some(text.clone()),
            _ => None,
        };
        let suite = text("suite").unwrap_or_default();
        let architecture = text("arch").unwrap_or_else(|| fetcher.architecture.clone());
        let components = text("components").unwrap_or_else(|| "main".to_owned());
        let versions = text("versions").unwrap_or_else(|| "exact".to_owned());
        let check = |name, value: &str, is_right: bool| {
            let value = value.to_owned();
            if is_right { Ok(()) } else { Err(InputError::Attribute { name, value }) }
        };
        check("suite", &suite, is_name(&suite))?;
        check("arch", &architecture, is_name(&architecture))?;
        check("components", &components, components.split(',').all(is_name))?;
        check("versions", &versions, matches!(versions.as_str(), "exact" | "nearest"))?;
        let is_rolling = ROLLING.contains(&suite.as_str());
        let flag = |name: &str| match request.attributes.get(name) {
            Some(FetchAttribute::Bool(flag)) => *flag,
            Some(FetchAttribute::Int(number)) => *number != 0,
            Some(FetchAttribute::String(_)) | None => !is_rolling,
        };
        let snapshot = text(SNAPSHOT)
            .map(|value| {
                let date = Date::parse_stamp(&value);
                date.ok_or(InputError::Attribute { name: SNAPSHOT, value })
            })
            .transpose()?;
        let lists = text("indexes").map(|text| text.parse()).transpose()?;
        Ok(Self {
            updates: flag("updates"),
            security: flag("security"),
            components: components.split(',').map(str::to_owned).collect(),
            suite,
            architecture,
            versions,
            snapshot,
            lists,
        })
    }

    fn suites(&self) -> Vec<String> {
        let mut suites = vec![self.suite.clone()];
        suites.extend(self.updates.then(|| format!("{}-updates", self.suite)));
        suites.extend(self.security.then(|| format!("{}-security", self.suite)));
        suites
    }
}

impl DebianFetcher {
    fn source(&self, wanted: &Wanted) -> Result<FetchedFiles, InputError> {
        let client = Client::new(self.fetch.clone())?;
        let pending = match &wanted.lists {
            Some(lists) => self.locked(lists, wanted)?,
            None => self.current(&client, wanted)?,
        };
        let texts = parallel_on(pending.len(), &pending, |pending| fetch_list(&client, pending))?;
        let lists = LockedLists(pending.into_iter().map(|pending| pending.locked).collect());
        Ok(Self::files(wanted, &lists, texts))
    }

    fn files(wanted: &Wanted, lists: &LockedLists, texts: Vec<List>) -> FetchedFiles {
        let (architecture, versions) = (&wanted.architecture, &wanted.versions);
        let description = Description { architecture, versions, snapshot: wanted.snapshot, lists };
        let files = source::files(&description, texts);
        let newest = lists.0.iter().map(|list| list.date).max().unwrap_or_default();
        let text = |text: &str| FetchAttribute::String(text.to_owned());
        let mut attributes = BTreeMap::from([
            ("arch".to_owned(), text(architecture)),
            ("indexes".to_owned(), text(&lists.to_string())),
            ("lastModified".to_owned(), FetchAttribute::Int(newest.cast_signed())),
        ]);
        attributes.extend(wanted.snapshot.map(|at| (SNAPSHOT.to_owned(), text(&at.stamp()))));
        FetchedFiles { files, attributes }
    }

    /// The lists that a lock pins, on mirrors and in snapshots.
    fn locked(&self, lists: &LockedLists, wanted: &Wanted) -> Result<Vec<Pending>, InputError> {
        let pending = |locked: &LockedList| {
            let archive = locked.archive();
            let at = wanted.snapshot.unwrap_or_else(|| snapshot_with(Date(locked.date)));
            let snapshots = self.archives.snapshots(archive, at);
            let mirrors = match self.archives.mirrors(archive, &locked.suite) {
                Err(_) if !snapshots.is_empty() => Vec::new(),
                mirrors => mirrors?,
            };
            let architecture = &wanted.architecture;
            let current = mirrors.iter().map(|mirror| locked.by_hash(mirror, architecture));
            let old = snapshots
                .iter()
                .flat_map(|mirror| locked.anywhere(mirror, &locked.suite, architecture));
            let places = match wanted.snapshot {
                Some(_) => old.chain(current).collect(),
                None => current.chain(old).collect(),
            };
            Ok(Pending { locked: locked.clone(), places, size: None, unpacked: None })
        };
        lists.0.iter().map(pending).collect()
    }

    /// The lists that signed release files name.
    fn current(&self, client: &Client, wanted: &Wanted) -> Result<Vec<Pending>, InputError> {
        if let Some(date) = wanted.snapshot.filter(|date| date.0 > self.now) {
            return Err(InputError::Tomorrow { date });
        }
        let mut pending = Vec::new();
        for suite in wanted.suites() {
            let archive = ArchiveName::of_suite(&suite);
            let mirrors = match wanted.snapshot {
                None => self.archives.mirrors(archive, &suite)?,
                Some(at) => self.archives.snapshots(archive, at),
            };
            if mirrors.is_empty() {
                return Err(NoMirror::NoSnapshots.into());
            }
            let (release, mirror) = self.release(client, &suite, &mirrors, wanted.snapshot)?;
            for component in &wanted.components {
                let list = release
                    .packages(component, &wanted.architecture)
                    .map_err(|source| InputError::Contents { suite: suite.clone(), source })?;
                // A role such as `stable` moves on, a code name stays.
                let name = if release.codename.is_empty() { &suite } else { &release.codename };
                let locked = LockedList {
                    suite: name.clone(),
                    date: release.date.0,
                    component: component.clone(),
                    sha256: list.file.sha256,
                };
                let plain = Place::plain(&mirror, format!("dists/{suite}/{}", list.path));
                let places = if !release.acquire_by_hash {
                    vec![plain]
                } else if wanted.snapshot.is_some() {
                    locked.anywhere(&mirror, &suite, &wanted.architecture)
                } else {
                    vec![locked.by_hash(&mirror, &wanted.architecture)]
                };
                pending.push(Pending {
                    locked,
                    places,
                    size: Some(list.file.size),
                    unpacked: list.unpacked.map(|unpacked| unpacked.sha256),
                });
            }
        }
        Ok(pending)
    }

    /// The release file of a suite, from the first mirror where it is to be believed.
    fn release(
        &self,
        client: &Client,
        suite: &str,
        mirrors: &[Mirror],
        snapshot: Option<Date>,
    ) -> Result<(Release, Mirror), InputError> {
        let mut tried = Vec::new();
        let mut help = None;
        for mirror in mirrors {
            let keyring = keyring::keyring(&self.archives.plan, &mirror.signed_by)?;
            match self.release_of(client, suite, mirror, &keyring, snapshot) {
                Ok(release) => return Ok((release, mirror.clone())),
                Err(problem) => {
                    tried.push(problem.to_string());
                    help = help.or_else(|| problem.help());
                }
            }
        }
        let tried = tried.join("; ");
        Err(InputError::Release { suite: suite.to_owned(), tried, help })
    }

    fn release_of(
        &self,
        client: &Client,
        suite: &str,
        mirror: &Mirror,
        keyring: &Keyring,
        snapshot: Option<Date>,
    ) -> Result<Release, ReleaseProblem> {
        let url = mirror.url.below(&format!("dists/{suite}/InRelease"))?;
        let (bytes, info) = client.get_bytes(&url, RELEASE_BYTES_MAX)?;
        if info.is_page() {
            return Err(ReleaseProblem::Page { url });
        }
        let believed = |error| ReleaseProblem::Release { url: url.clone(), error };
        let verified = |now| Release::verified(&bytes, keyring, now).map(|(release, _)| release);
        let Some(at) = snapshot else {
            let release = verified(self.now).map_err(believed)?;
            release.check(suite, self.now).map_err(believed)?;
            return Ok(release);
        };
        // A key that has expired since then was good on that date.
        let release = verified(self.now).or_else(|_| verified(at.0)).map_err(believed)?;
        if release.date > at {
            return Err(ReleaseProblem::Later { url, found: release.date, at });
        }
        release.check(suite, at.0).map_err(believed)?;
        Ok(release)
    }
}

/// Why a mirror's release file was not taken.
#[derive(Debug, thiserror::Error)]
enum ReleaseProblem {
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("{}", crate::causes(.0))]
    Fetch(#[from] FetchError),
    #[error("{url} is a web page, not a release file")]
    Page { url: Url },
    #[error("{url}: {}", crate::causes(error))]
    Release { url: Url, error: ReleaseError },
    #[error("{url} is from {found}, which is after the snapshot of {at}")]
    Later { url: Url, found: Date, at: Date },
}

impl ReleaseProblem {
    fn help(&self) -> Option<&'static str> {
        match self {
            Self::Url(_) => None,
            Self::Later { .. } => {
                Some("what answers there keeps no snapshots, or none that is so old")
            }
            Self::Fetch(error) => error.help(),
            Self::Page { .. } => {
                Some("the address of the mirror may be wrong, or a portal wants a login first")
            }
            Self::Release { error, .. } => error.help(),
        }
    }
}
