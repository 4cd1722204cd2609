//! Making paths valid: adding contents whose path follows from them, and importing NARs whose path
//! is known.
//!
//! Contents are written below a locked temporary directory, hashed on the way, moved to
//! their place under the path's lock, and registered last. What is left by a crash in between is
//! garbage that nobody knows.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use frazil_model::derivation::aterm::AtermError;
use frazil_model::nar::{Decoder, Encoder, Event, NarDigest, NarHasher, NarNode};
use frazil_model::store_path::{MakePathError, References, StorePathError};
use frazil_model::{
    ContentAddress, ContentAddressMethod, Derivation, Hash, HashAlgorithm, Hasher, StoreName,
    StorePath,
};

use crate::database::{DatabaseError, Outputs};
use crate::fs::{Disk, IoError, open, read};
use crate::lock::{self, PathLock};
use crate::path_info::PathInfo;
use crate::restore::{Restorer, seal};
use crate::scan::ReferenceScanner;
use crate::store::{Store, StoreError};
use crate::tree::{Put, TreeError, dump};

/// Where contents come from.
pub enum Source<'a> {
    /// A file, directory or symlink of the disk.
    Disk(&'a Path),
    /// A tree in memory.
    Tree(&'a NarNode),
    /// The contents of a file.
    Bytes(&'a [u8]),
    /// An archive, which is read up to its end and no further.
    Nar(&'a mut dyn BufRead),
}

/// How the path follows from the contents.
#[derive(Clone, Debug)]
pub struct AddOptions {
    /// What is hashed.
    pub method: ContentAddressMethod,
    /// How it is hashed.
    pub algorithm: HashAlgorithm,
    /// What the contents are said to mention.
    pub references: BTreeSet<StorePath>,
}

impl Default for AddOptions {
    fn default() -> Self {
        Self {
            method: ContentAddressMethod::Nar,
            algorithm: HashAlgorithm::Sha256,
            references: BTreeSet::new(),
        }
    }
}

/// Why a path did not become valid.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The contents could not be read or written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// There is no path for the contents.
    #[error(transparent)]
    Path(#[from] MakePathError),
    /// Only files can be hashed without their form.
    #[error("only a regular file can be added with the method '{}'", method.name())]
    NotAFile {
        /// The method.
        method: ContentAddressMethod,
    },
    /// Git's tree objects are not made here.
    #[error("adding with the method 'git' is not supported")]
    Git,
    /// The contents are not those that were announced.
    #[error("hash mismatch importing path '{path}': {mismatch}")]
    Hash {
        /// The path.
        path: StorePath,
        /// What was announced, and what came.
        mismatch: Box<HashMismatch>,
    },
    /// As many bytes were not announced.
    #[error("size mismatch importing path '{path}': specified {specified}, got {found}")]
    Size {
        /// The path.
        path: StorePath,
        /// What was announced.
        specified: u64,
        /// How many there are.
        found: u64,
    },
    /// Its address would have to leave out its own name.
    #[error("path '{path}' is content-addressed and refers to itself, which is not supported")]
    ContentAddressedSelf {
        /// The path.
        path: StorePath,
    },
    /// Another path follows from the contents.
    #[error("path '{path}' claims to be content-addressed but isn't")]
    NotContentAddressed {
        /// The path.
        path: StorePath,
    },
    /// A `.drv` file is not a derivation.
    #[error("cannot register the derivation '{path}'")]
    Derivation {
        /// The path.
        path: StorePath,
        /// What is wrong with it.
        source: DerivationProblem,
    },
}

/// Contents that hash to something else than they should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("specified {specified:?}, got {found:?}")]
pub struct HashMismatch {
    /// What they should hash to.
    pub specified: Hash,
    /// What they hash to.
    pub found: Hash,
}

/// Why a file is not a derivation.
#[derive(Debug, thiserror::Error)]
pub enum DerivationProblem {
    /// Its name is not that of one.
    #[error(transparent)]
    Name(#[from] StorePathError),
    /// Its text is not that of one.
    #[error(transparent)]
    Text(#[from] AtermError),
}

impl AddError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Tree(source) => source.help(),
            Self::Io(source) => source.help(),
            Self::Database(source) => source.help(),
            Self::Path(source) => source.help(),
            Self::NotAFile { .. } => Some("use the method 'nar' for directories and symlinks"),
            Self::Hash { .. } | Self::Size { .. } => {
                Some("what was fetched is damaged or was changed; fetch it again")
            }
            Self::Git
            | Self::ContentAddressedSelf { .. }
            | Self::NotContentAddressed { .. }
            | Self::Derivation { .. } => None,
        }
    }
}

impl From<StoreError> for AddError {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Io(source) => Self::Io(source),
            StoreError::Database(source) => Self::Database(source),
        }
    }
}

impl Store {
    /// Adds contents under the path that follows from them, and keeps it while the store is open.
    pub fn add(
        &self,
        name: &StoreName,
        source: Source<'_>,
        options: &AddOptions,
    ) -> Result<PathInfo, AddError> {
        let staged = self.stage(source, options.method, options.algorithm)?;
        let content_address = ContentAddress { method: options.method, hash: staged.content };
        let references = References { others: options.references.iter().collect(), itself: false };
        let path = self.store_dir().content_path(name, &content_address, &references)?;
        let mut info = PathInfo::new(path, staged.nar);
        info.references.clone_from(&options.references);
        info.content_address = Some(content_address);

        self.add_temp_root(&info.path)?;
        let lock = PathLock::acquire(&self.disk, self.layout.lock(&info.path))?;
        match self.path_info(&info.path)? {
            Some(valid) => Ok(valid),
            None => self.place(staged, info, &lock),
        }
    }

    /// Adds a text under the path that follows from it, as a derivation is.
    pub fn add_text(
        &self,
        name: &StoreName,
        text: &[u8],
        references: BTreeSet<StorePath>,
    ) -> Result<PathInfo, AddError> {
        let method = ContentAddressMethod::Text;
        let digest = frazil_model::Sha256::of(text);
        let path = self.store_dir().text_path(name, digest, &references);
        self.add_temp_root(&path)?;
        if let Some(valid) = self.path_info(&path)? {
            return Ok(valid);
        }
        let options = AddOptions { method, algorithm: HashAlgorithm::Sha256, references };
        self.add(name, Source::Bytes(text), &options)
    }

    /// Makes the path of `info` valid with the contents of a NAR, which is read up to its end.
    ///
    /// Signatures are not looked at: whether to trust `info` is for the caller to say.
    pub fn import_nar(&self, info: PathInfo, nar: &mut dyn BufRead) -> Result<PathInfo, AddError> {
        self.add_temp_root(&info.path)?;
        let lock = PathLock::acquire(&self.disk, self.layout.lock(&info.path))?;
        if let Some(valid) = self.path_info(&info.path)? {
            let mut decoder = Decoder::new(nar);
            while decoder.next_event().map_err(TreeError::from)?.is_some() {}
            return Ok(valid);
        }
        let (method, algorithm) = match info.content_address {
            Some(_) if info.references.contains(&info.path) => {
                return Err(AddError::ContentAddressedSelf { path: info.path });
            }
            Some(content) => (content.method, content.hash.algorithm()),
            None => (ContentAddressMethod::Nar, HashAlgorithm::Sha256),
        };
        let staged = self.stage(Source::Nar(nar), method, algorithm)?;
        check_announced(&info, &staged)?;
        if info.content_path(self.store_dir())?.is_some_and(|path| path != info.path) {
            return Err(AddError::NotContentAddressed { path: info.path });
        }
        self.place(staged, info, &lock)
    }

    /// Registers paths that are in their places already, in one step.
    ///
    /// The caller must hold a temporary root for each, or its lock.
    pub fn register(&self, paths: Vec<PathInfo>) -> Result<(), AddError> {
        let paths = paths
            .into_iter()
            .map(|info| self.outputs_to_register(&info.path).map(|outputs| (info, outputs)))
            .collect::<Result<Vec<_>, AddError>>()?;
        self.sync()?;
        Ok(self.database().register(&paths, self.now())?)
    }

    /// Writes contents below a temporary directory, and hashes them on the way.
    pub(crate) fn stage(
        &self,
        source: Source<'_>,
        method: ContentAddressMethod,
        algorithm: HashAlgorithm,
    ) -> Result<Staged, AddError> {
        let mut flat = None;
        let mut sink = NarSink::new(None, None);
        match method {
            ContentAddressMethod::Nar if algorithm == HashAlgorithm::Sha256 => {}
            ContentAddressMethod::Nar => sink.content = Some(Hasher::new(algorithm)),
            ContentAddressMethod::Flat | ContentAddressMethod::Text => {
                flat = Some(Hasher::new(algorithm));
            }
            ContentAddressMethod::Git => return Err(AddError::Git),
        }
        let scratch = Scratch::create(&self.disk, self.layout.store())?;
        let mut restorer = Restorer::new(self.disk.clone(), scratch.contents());
        let mut encoder = Encoder::new(&mut sink).map_err(TreeError::from)?;
        let mut is_file = true;
        produce(source, &mut |mut event| {
            if let Some(hasher) = &mut flat {
                match &mut event {
                    // The address says nothing of the mark, so it cannot be kept.
                    Event::File { executable, .. } => *executable = false,
                    Event::Contents { bytes } => hasher.update(bytes),
                    Event::Directory
                    | Event::Entry { .. }
                    | Event::EndDirectory
                    | Event::Symlink { .. } => is_file = false,
                }
            }
            encoder.put(event)?;
            Ok(restorer.put(event)?)
        })?;
        encoder.finish().map_err(TreeError::from)?;
        if !is_file {
            return Err(AddError::NotAFile { method });
        }
        let nar = sink.nar.finish();
        let content = flat.or(sink.content).map_or(Hash::from(nar.hash), Hasher::finish);
        Ok(Staged { scratch, nar, content })
    }

    /// Moves contents to their place and makes them valid. Needs the lock of the path.
    pub(crate) fn place(
        &self,
        staged: Staged,
        mut info: PathInfo,
        _lock: &PathLock,
    ) -> Result<PathInfo, AddError> {
        let path = self.layout.path(&info.path);
        self.disk.remove_tree(&path)?;
        self.disk.rename(&staged.scratch.contents(), &path)?;
        seal(&self.disk, &path)?;
        if info.registration_time == 0 {
            info.registration_time = self.now();
        }
        if let Err(err) = self.register(vec![info.clone()]) {
            // Asked again, since a write that failed may have been made after all.
            if matches!(self.is_valid(&info.path), Ok(false)) {
                self.disk.remove_tree(&path)?;
            }
            return Err(err);
        }
        Ok(info)
    }

    fn outputs_to_register(&self, path: &StorePath) -> Result<Outputs, AddError> {
        if !path.is_derivation() {
            return Ok(Outputs::new());
        }
        let file = self.layout.path(path);
        let Some(text) = read(&file)? else { return Err(TreeError::Missing { path: file }.into()) };
        let failed = |source| AddError::Derivation { path: path.clone(), source };
        let name = path.derivation_name().map_err(|err| failed(err.into()))?;
        let derivation =
            Derivation::parse(self.store_dir(), &name, &text).map_err(|err| failed(err.into()))?;
        let outputs = derivation.outputs.iter();
        Ok(outputs
            .filter_map(|(name, output)| Some((name.clone(), output.path()?.clone())))
            .collect())
    }
}

/// Contents that are written and hashed, but not in their place.
pub(crate) struct Staged {
    scratch: Scratch,
    pub(crate) nar: NarDigest,
    /// What the address is made of.
    pub(crate) content: Hash,
}

/// A directory in the store for contents whose path is not known yet.
///
/// Its lock keeps the garbage collector away; it is removed when dropped.
struct Scratch {
    disk: Disk,
    path: PathBuf,
    _lock: File,
}

impl Scratch {
    fn create(disk: &Disk, store: &Path) -> Result<Self, IoError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            // The name by which a garbage collector knows that it has to ask for the lock.
            let path = store.join(format!("tmp-{}-{count}", std::process::id()));
            match disk.create_dir(&path) {
                // Left by a process that had our number.
                Err(err) if err.source.kind() == std::io::ErrorKind::AlreadyExists => continue,
                result => result?,
            }
            let lock = match open(&path) {
                // Collected before it could be locked.
                Err(err) if err.source.kind() == std::io::ErrorKind::NotFound => continue,
                result => result?,
            };
            lock::wait(&lock, &path, lock::LockKind::Exclusive)?;
            let scratch = Self { disk: disk.clone(), path, _lock: lock };
            if crate::fs::metadata(&scratch.path)?.is_some() {
                return Ok(scratch);
            }
        }
    }

    fn contents(&self) -> PathBuf {
        self.path.join("x")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is collected as garbage once the lock is gone.
        let _stays = self.disk.remove_tree(&self.path).is_err();
    }
}

/// Takes the bytes of a NAR.
pub(crate) struct NarSink<'a> {
    nar: NarHasher,
    content: Option<Hasher>,
    scanner: Option<&'a mut ReferenceScanner>,
}

impl<'a> NarSink<'a> {
    /// A sink that hashes, besides for `content`, and shows all to `scanner`.
    pub(crate) fn new(content: Option<Hasher>, scanner: Option<&'a mut ReferenceScanner>) -> Self {
        Self { nar: NarHasher::default(), content, scanner }
    }

    /// What was written.
    pub(crate) fn finish(self) -> NarDigest {
        self.nar.finish()
    }
}

impl Write for NarSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(hasher) = &mut self.content {
            hasher.update(bytes);
        }
        if let Some(scanner) = &mut self.scanner {
            scanner.update(bytes);
        }
        self.nar.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Gives the events of a source.
fn produce(source: Source<'_>, put: &mut Put<'_>) -> Result<(), TreeError> {
    match source {
        Source::Disk(path) => dump(path, put),
        Source::Bytes(bytes) => {
            put(Event::File { executable: false, size: bytes.len() as u64 })?;
            if bytes.is_empty() { Ok(()) } else { put(Event::Contents { bytes }) }
        }
        Source::Nar(nar) => {
            let mut decoder = Decoder::new(nar);
            while let Some(event) = decoder.next_event()? {
                put(event)?;
            }
            Ok(())
        }
        Source::Tree(tree) => produce_node(tree, put),
    }
}

/// Recursion ends with the depth limit of the encoder that takes the events.
fn produce_node(node: &NarNode, put: &mut Put<'_>) -> Result<(), TreeError> {
    match node {
        NarNode::File { executable, contents } => {
            put(Event::File { executable: *executable, size: contents.len() as u64 })?;
            if contents.is_empty() { Ok(()) } else { put(Event::Contents { bytes: contents }) }
        }
        NarNode::Symlink { target } => put(Event::Symlink { target }),
        NarNode::Directory { entries } => {
            put(Event::Directory)?;
            for (name, below) in entries {
                put(Event::Entry { name })?;
                produce_node(below, put)?;
            }
            put(Event::EndDirectory)
        }
    }
}

fn check_announced(info: &PathInfo, staged: &Staged) -> Result<(), AddError> {
    let mismatch = |specified, found| AddError::Hash {
        path: info.path.clone(),
        mismatch: Box::new(HashMismatch { specified, found }),
    };
    if staged.nar.hash != info.nar.hash {
        return Err(mismatch(info.nar.hash.into(), staged.nar.hash.into()));
    }
    if staged.nar.size != info.nar.size {
        let (specified, found) = (info.nar.size, staged.nar.size);
        return Err(AddError::Size { path: info.path.clone(), specified, found });
    }
    match info.content_address {
        Some(content) if content.hash != staged.content => {
            Err(mismatch(content.hash, staged.content))
        }
        Some(_) | None => Ok(()),
    }
}
