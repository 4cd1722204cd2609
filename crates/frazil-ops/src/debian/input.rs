//! Fetching `debian:SUITE`: from a signed release file to a source, or from a lock to the same one.
//!
//! Without a lock the release files are fetched and verified; with one, exactly the lists that it
//! pins, which need no signature any more. Both ways make the same files.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::thread;

use frazil_debian::openpgp::Keyring;
use frazil_debian::release::{Release, ReleaseError};
use frazil_eval::host::{FetchAttribute, FetchRequest, HostError};
use frazil_model::Sha256;
use frazil_store::fetch::{Client, ClientError, FetchError, FetchOptions, Url, UrlError};

use super::keyring::{self, KeyringError};
use super::lock::{LockError, LockedList, LockedLists, is_name};
use super::mirrors::{ArchiveName, Archives, Mirror, NoMirror};
use super::source::{self, Description, List};
use crate::host::{FetchedFiles, InputFetcher};

const RELEASE_BYTES_MAX: u64 = 16 << 20;
/// Compressed and not; the largest list has 10 and 57 MB.
const LIST_BYTES_MAX: u64 = 256 << 20;
const LIST_TEXT_BYTES_MAX: u64 = 1 << 30;
/// What `xz -9` needs, and more.
const DECODER_BYTES_MAX: u64 = 256 << 20;
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
    #[error("cannot fetch the list of packages of {list}: {tried}")]
    List { list: String, tried: String },
    #[error("the list of packages of {list} that the lock pins is on no mirror any more ({asked})")]
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
                "lock what is there now with `frazil update`, or name a mirror that keeps what is old",
            ),
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
        let lists = text("indexes").map(|text| text.parse()).transpose()?;
        Ok(Self {
            updates: flag("updates"),
            security: flag("security"),
            components: components.split(',').map(str::to_owned).collect(),
            suite,
            architecture,
            versions,
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

/// A list to be fetched: from where, and what is known of it.
struct Pending {
    locked: LockedList,
    mirrors: Vec<Mirror>,
    /// Where else it is below the archive, if not by its hash.
    plain_path: Option<String>,
    /// From the release file.
    size: Option<u64>,
    unpacked: Option<Sha256>,
}

impl DebianFetcher {
    fn source(&self, wanted: &Wanted) -> Result<FetchedFiles, InputError> {
        let client = Client::new(self.fetch.clone())?;
        let pending = match &wanted.lists {
            Some(lists) => self.locked(lists)?,
            None => self.current(&client, wanted)?,
        };
        let architecture = &wanted.architecture;
        let fetched: Vec<Result<List, InputError>> = thread::scope(|scope| {
            let fetch = |pending| {
                let client = &client;
                scope.spawn(move || fetch_list(client, pending, architecture))
            };
            let running: Vec<_> = pending.iter().map(fetch).collect();
            running
                .into_iter()
                .map(|thread| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        });
        let texts = fetched.into_iter().collect::<Result<Vec<_>, _>>()?;
        let lists = LockedLists(pending.into_iter().map(|pending| pending.locked).collect());
        Ok(Self::files(wanted, &lists, texts))
    }

    fn files(wanted: &Wanted, lists: &LockedLists, texts: Vec<List>) -> FetchedFiles {
        let (architecture, versions) = (&wanted.architecture, &wanted.versions);
        let description = Description { architecture, versions, lists };
        let files = source::files(&description, texts);
        let newest = lists.0.iter().map(|list| list.date).max().unwrap_or_default();
        let text = |text: &str| FetchAttribute::String(text.to_owned());
        let attributes = BTreeMap::from([
            ("arch".to_owned(), text(architecture)),
            ("indexes".to_owned(), text(&lists.to_string())),
            ("lastModified".to_owned(), FetchAttribute::Int(newest.cast_signed())),
        ]);
        FetchedFiles { files, attributes }
    }

    /// The lists that a lock pins.
    fn locked(&self, lists: &LockedLists) -> Result<Vec<Pending>, InputError> {
        let pending = |locked: &LockedList| {
            let mirrors = self.archives.mirrors(locked.archive(), &locked.suite)?;
            let locked = locked.clone();
            Ok(Pending { locked, mirrors, plain_path: None, size: None, unpacked: None })
        };
        lists.0.iter().map(pending).collect()
    }

    /// The lists that signed release files name now.
    fn current(&self, client: &Client, wanted: &Wanted) -> Result<Vec<Pending>, InputError> {
        let mut pending = Vec::new();
        for suite in wanted.suites() {
            let mirrors = self.archives.mirrors(ArchiveName::of_suite(&suite), &suite)?;
            let (release, mirror) = self.release(client, &suite, &mirrors)?;
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
                pending.push(Pending {
                    locked,
                    mirrors: vec![mirror.clone()],
                    plain_path: (!release.acquire_by_hash)
                        .then(|| format!("dists/{suite}/{}", list.path)),
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
    ) -> Result<(Release, Mirror), InputError> {
        let mut tried = Vec::new();
        let mut help = None;
        for mirror in mirrors {
            let keyring = keyring::keyring(&self.archives.plan, &mirror.signed_by)?;
            match self.release_of(client, suite, mirror, &keyring) {
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
    ) -> Result<Release, ReleaseProblem> {
        let url = mirror.url.below(&format!("dists/{suite}/InRelease"))?;
        let (bytes, info) = client.get_bytes(&url, RELEASE_BYTES_MAX)?;
        if info.is_page() {
            return Err(ReleaseProblem::Page { url });
        }
        let believed = |error| ReleaseProblem::Release { url: url.clone(), error };
        let (release, _) = Release::verified(&bytes, keyring, self.now).map_err(believed)?;
        release.check(suite, self.now).map_err(believed)?;
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
}

impl ReleaseProblem {
    fn help(&self) -> Option<&'static str> {
        match self {
            Self::Url(_) => None,
            Self::Fetch(error) => error.help(),
            Self::Page { .. } => {
                Some("the address of the mirror may be wrong, or a portal wants a login first")
            }
            Self::Release { error, .. } => error.help(),
        }
    }
}

/// Fetches and unpacks one list.
fn fetch_list(client: &Client, pending: &Pending, architecture: &str) -> Result<List, InputError> {
    let locked = &pending.locked;
    let list = format!("{} ({})", locked.suite, locked.component);
    let compressed = fetch_compressed(client, pending, architecture, &list)?;
    let text =
        unpack(&compressed).map_err(|source| InputError::Unpack { list: list.clone(), source })?;
    if pending.unpacked.is_some_and(|expected| Sha256::of(&text) != expected) {
        return Err(InputError::Unpacked { list });
    }
    Ok(List { text, compressed_bytes: compressed.len() as u64 })
}

fn fetch_compressed(
    client: &Client,
    pending: &Pending,
    architecture: &str,
    list: &str,
) -> Result<Vec<u8>, InputError> {
    let locked = &pending.locked;
    let path = pending.plain_path.clone().unwrap_or_else(|| locked.by_hash_path(architecture));
    let bytes_max = pending.size.unwrap_or(LIST_BYTES_MAX).min(LIST_BYTES_MAX);
    let mut tried = Vec::new();
    let mut is_gone = true;
    for mirror in &pending.mirrors {
        let fetched = mirror
            .url
            .below(&path)
            .map_err(|error| (error.to_string(), false))
            .and_then(|url| get_list(client, &url, bytes_max, locked.sha256));
        match fetched {
            Ok(bytes) => return Ok(bytes),
            Err((problem, is_absent)) => {
                tried.push(problem);
                is_gone &= is_absent;
            }
        }
    }
    let (list, tried) = (list.to_owned(), tried.join("; "));
    // A list that was named just now may well be there later.
    if is_gone && pending.size.is_none() {
        Err(InputError::Gone { list, asked: tried })
    } else {
        Err(InputError::List { list, tried })
    }
}

/// What is at the address, if it is the right list; else why not, and whether nothing is there.
fn get_list(
    client: &Client,
    url: &Url,
    bytes_max: u64,
    sha256: Sha256,
) -> Result<Vec<u8>, (String, bool)> {
    let (bytes, info) = client
        .get_bytes(url, bytes_max)
        .map_err(|error| (crate::causes(&error), error.is_absent()))?;
    if Sha256::of(&bytes) == sha256 {
        Ok(bytes)
    } else if info.is_page() {
        Err((format!("{url} is a web page, not a list of packages"), false))
    } else {
        Err((format!("{url} does not have the hash that was signed"), false))
    }
}

/// A list as it was before compression, of which its first bytes tell.
fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let decoder: Box<dyn Read + '_> = if bytes.starts_with(b"\xfd7zXZ") {
        let stream = liblzma::stream::Stream::new_stream_decoder(DECODER_BYTES_MAX, 0)?;
        Box::new(liblzma::read::XzDecoder::new_stream(bytes, stream))
    } else if bytes.starts_with(b"\x1f\x8b") {
        Box::new(flate2::read::MultiGzDecoder::new(bytes))
    } else {
        Box::new(bytes)
    };
    decoder.take(LIST_TEXT_BYTES_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LIST_TEXT_BYTES_MAX {
        return Err(io::Error::other("it has more than 1 GiB uncompressed"));
    }
    Ok(text)
}
