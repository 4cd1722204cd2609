//! The evaluator's host over the disk and a store.
//!
//! What an evaluation adds is kept in memory, where it can be read back, and its paths are the real
//! ones; or it is written below a store directory that knows no database; or it goes to a real
//! store, which can also build what the evaluation wants to read.
//!
//! Invariant: a path that was added can be read back, until the host is dropped.

mod fetch;
mod memory;
mod query;
mod real;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use frazil_eval::host::{
    AddPath, FetchRequest, Fetched, FileKind, Host, HostError, Ingestion, Message,
};
use frazil_model::derivation::Derivation;
use frazil_model::{
    ContentAddress, ContentAddressMethod, Hash, OutputName, Sha256, StoreDir, StoreName, StorePath,
};

use crate::debian::Indexes;
pub use fetch::{FetchedFiles, InputFetcher, Network};
pub use frazil_store::fetch::{Credentials, FetchOptions, Proxies};
use memory::{Follow, Located, MemoryStore};
pub use real::{RealStore, Realise, Substitute};
use tree::Node;

/// The most that is read of something that is not a regular file: a pipe, a device.
const STREAM_BYTES_MAX: u64 = 256 << 20;

/// What a [`DiskHost`] has to know.
#[derive(Clone, Debug)]
pub struct HostContext {
    /// The store directory that goes into store paths.
    pub store_dir: StoreDir,
    /// Where the store directory really lies; often the same.
    pub physical_dir: PathBuf,
    /// What `builtins.getEnv` can see.
    pub environment: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Seconds since 1970-01-01 UTC.
    pub now: i64,
}

/// A [`Host`] that reads the disk; see the module.
pub struct DiskHost<'t> {
    context: HostContext,
    memory: MemoryStore,
    /// Without it only what lies on this machine can be fetched.
    network: Option<Network>,
    /// By the type of the inputs that they fetch.
    fetchers: BTreeMap<String, Box<dyn InputFetcher + 't>>,
    real: Option<RealStore<'t>>,
    /// Of the Debian suites that were asked about.
    indexes: Indexes,
    tell: Box<dyn FnMut(Message) + 't>,
}

impl<'t> DiskHost<'t> {
    /// A host with an empty store in memory; `tell` gets the messages of the evaluation.
    pub fn new(context: HostContext, tell: impl FnMut(Message) + 't) -> Self {
        let memory = MemoryStore::new(context.store_dir.clone(), context.physical_dir.clone());
        let fetchers = BTreeMap::new();
        Self {
            context,
            memory,
            network: None,
            fetchers,
            real: None,
            indexes: Indexes::default(),
            tell: Box::new(tell),
        }
    }

    /// Lets it download.
    #[must_use]
    pub fn with_network(mut self, network: Network) -> Self {
        self.network = Some(network);
        self
    }

    /// Lets it fetch inputs of another type.
    #[must_use]
    pub fn with_fetcher(mut self, kind: &str, fetcher: impl InputFetcher + 't) -> Self {
        self.fetchers.insert(kind.to_owned(), Box::new(fetcher));
        self
    }

    /// Lets it keep the indexes of Debian suites.
    #[must_use]
    pub fn with_indexes(mut self, indexes: Indexes) -> Self {
        self.indexes = indexes;
        self
    }

    /// A host whose additions go to a real store.
    pub fn over(
        mut context: HostContext,
        real: RealStore<'t>,
        tell: impl FnMut(Message) + 't,
    ) -> Self {
        context.store_dir = real.store.store_dir().clone();
        real.store.layout().store().clone_into(&mut context.physical_dir);
        Self { real: Some(real), ..Self::new(context, tell) }
    }

    /// Takes a path from a binary cache, if there is one that has it.
    fn substitute(&mut self, path: &StorePath) -> bool {
        self.real.as_mut().is_some_and(|real| (real.substitute)(path))
    }

    pub(crate) fn full_path(&self, path: &StorePath) -> PathBuf {
        PathBuf::from(self.context.store_dir.join(path))
    }

    fn add_tree(&mut self, name: &str, node: Node) -> Result<StorePath, HostError> {
        let hash = Hash::Sha256(node.nar_digest()?.hash.0);
        self.add_fixed(name, ContentAddress { method: ContentAddressMethod::Nar, hash }, node)
    }

    fn add_flat(&mut self, name: &str, contents: Vec<u8>) -> Result<StorePath, HostError> {
        let hash = Hash::Sha256(Sha256::of(&contents).0);
        let address = ContentAddress { method: ContentAddressMethod::Flat, hash };
        self.add_fixed(name, address, Node::contents(contents, false))
    }

    fn add_fixed(
        &mut self,
        name: &str,
        address: ContentAddress,
        node: Node,
    ) -> Result<StorePath, HostError> {
        let dir = &self.context.store_dir;
        let name = StoreName::parse(name.as_bytes()).map_err(|error| {
            let refused = dir.refused_fixed_path(name.as_bytes(), &address, error);
            HostError::Store(refused.to_string())
        })?;
        let path = dir.fixed_path(&name, &address);
        let path = path.map_err(|error| HostError::Store(error.to_string()))?;
        if let Some(real) = &self.real {
            return real.add(path, &name, address, &node);
        }
        self.memory.insert(path.clone(), node);
        Ok(path)
    }
}

/// Turns an input/output error into one that says what was being done to which path.
fn failed<'p>(
    action: &'static str,
    path: &'p Path,
) -> impl FnOnce(std::io::Error) -> HostError + 'p {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    move |source| {
        if matches!(source.kind(), NotFound | NotADirectory) {
            HostError::NotFound(path.to_owned())
        } else {
            HostError::Io { action, path: path.to_owned(), source }
        }
    }
}

fn kind_of(kind: fs::FileType) -> FileKind {
    if kind.is_file() {
        FileKind::Regular
    } else if kind.is_dir() {
        FileKind::Directory
    } else if kind.is_symlink() {
        FileKind::Symlink
    } else {
        FileKind::Unknown
    }
}

/// Reads a file; of a pipe or a device, which may have no end, only so much.
fn read_disk(path: &Path) -> Result<Vec<u8>, HostError> {
    let file = fs::File::open(path).map_err(failed("read", path))?;
    let metadata = file.metadata().map_err(failed("read", path))?;
    let limit = if metadata.is_file() { u64::MAX } else { STREAM_BYTES_MAX };
    let mut bytes = Vec::new();
    // A file may say that it is larger than any memory.
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    let too_large = |_| failed("read", path)(std::io::ErrorKind::OutOfMemory.into());
    bytes.try_reserve_exact(size).map_err(too_large)?;
    file.take(limit).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(bytes)
}

fn list_disk(path: &Path) -> Result<Vec<(Vec<u8>, FileKind)>, HostError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(failed("list", path))? {
        let entry = entry.map_err(failed("list", path))?;
        let kind = entry.file_type().map_err(failed("list", path))?;
        entries.push((entry.file_name().into_vec(), kind_of(kind)));
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(entries)
}

impl Host for DiskHost<'_> {
    fn read(&mut self, path: &Path) -> Result<Vec<u8>, HostError> {
        match self.memory.locate(path, Follow::Final)? {
            Located::Disk(path) => read_disk(&path),
            Located::Node(node) => node.read(path),
        }
    }

    fn list(&mut self, path: &Path) -> Result<Vec<(Vec<u8>, FileKind)>, HostError> {
        match self.memory.locate(path, Follow::Final)? {
            Located::Disk(path) => list_disk(&path),
            Located::Node(node) => node.list(path),
        }
    }

    fn kind(&mut self, path: &Path) -> Result<Option<FileKind>, HostError> {
        let path = match self.memory.locate(path, Follow::Ancestors) {
            Ok(Located::Node(node)) => return Ok(Some(node.kind())),
            Ok(Located::Disk(path)) => path,
            Err(HostError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        match fs::symlink_metadata(&path).map_err(failed("look at", &path)) {
            Ok(metadata) => Ok(Some(kind_of(metadata.file_type()))),
            Err(HostError::NotFound(_)) => {
                // The store is there, even while nothing made it on the disk.
                let store_dir = self.context.store_dir.to_string();
                let is_above_store = Path::new(&store_dir).starts_with(&path);
                Ok(is_above_store.then_some(FileKind::Directory))
            }
            Err(error) => Err(error),
        }
    }

    fn read_link(&mut self, path: &Path) -> Result<PathBuf, HostError> {
        match self.memory.locate(path, Follow::Ancestors)? {
            Located::Disk(path) => fs::read_link(&path).map_err(failed("read the link", &path)),
            Located::Node(Node::Symlink(target)) => Ok(target.clone()),
            Located::Node(_) => {
                let source = std::io::ErrorKind::InvalidInput.into();
                Err(HostError::Io { action: "read the link", path: path.to_owned(), source })
            }
        }
    }

    fn environment(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        self.context.environment.get(name).cloned()
    }

    fn now(&mut self) -> i64 {
        self.context.now
    }

    fn add_text(
        &mut self,
        path: &StorePath,
        text: &[u8],
        references: &[StorePath],
    ) -> Result<(), HostError> {
        if let Some(real) = &self.real {
            return real.add_text(path, text, references);
        }
        self.memory.insert(path.clone(), Node::contents(text, false));
        Ok(())
    }

    fn add_path(&mut self, mut request: AddPath<'_>) -> Result<StorePath, HostError> {
        match request.ingestion {
            Ingestion::Flat => {
                let contents = self.read(request.path)?;
                self.add_flat(request.name, contents)
            }
            Ingestion::Recursive => {
                let node = tree::scan(&self.memory, request.path, &mut request.filter)?;
                self.add_tree(request.name, node)
            }
        }
    }

    fn is_valid(&mut self, path: &StorePath) -> Result<bool, HostError> {
        if let Some(real) = &self.real {
            return real.is_valid(path);
        }
        let full = self.full_path(path);
        Ok(self.kind(&full)?.is_some())
    }

    fn realise(&mut self, derivation: &StorePath, output: &str) -> Result<StorePath, HostError> {
        let full = self.full_path(derivation);
        let text = self.read(&full)?;
        let store = |error: String| HostError::Store(error);
        let name = derivation.derivation_name().map_err(|error| store(error.to_string()))?;
        let parsed = Derivation::parse(&self.context.store_dir, &name, &text)
            .map_err(|error| store(error.to_string()))?;
        let wanted =
            OutputName::parse(output.as_bytes()).map_err(|error| store(error.to_string()))?;
        let path = parsed.outputs.get(&wanted).and_then(|output| output.path()).cloned();
        if let Some(path) = path {
            if self.is_valid(&path)? {
                return Ok(path);
            }
            if let Some(real) = &mut self.real {
                (real.realise)(derivation, &wanted)?;
                return Ok(path);
            }
        }
        Err(HostError::Unsupported {
            what: format!("cannot build '{}' during evaluation", full.display()),
            help: "only an output that already lies in the store can be read; build it first",
        })
    }

    fn fetch(&mut self, request: &FetchRequest) -> Result<Fetched, HostError> {
        fetch::fetch(self, request)
    }

    fn query(&mut self, kind: &str, question: &[u8]) -> Result<Vec<u8>, HostError> {
        query::answer(self, kind, question)
    }

    fn tell(&mut self, message: Message) {
        (self.tell)(message);
    }
}

/// A path from the bytes of its name.
fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
