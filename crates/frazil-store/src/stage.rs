//! Contents on their way into the store: written below a temporary directory of it, checked to be a
//! tree, and hashed, while nobody knows their path.
//!
//! All of it lies in one directory as long as the store is open: making and removing one costs a file
//! system more than all else that a small file needs.
//!
//! Invariant: no collector touches what is staged, and nothing of it stays when it is dropped.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use frazil_model::nar::{Decoder, Encoder, Event, NarDigest, NarHasher, NarNode};
use frazil_model::{ContentAddressMethod, Hash, HashAlgorithm, Hasher};

use crate::add::AddError;
use crate::fs::{Disk, IoError, metadata, open};
use crate::lock::{self, LockKind};
use crate::restore::Restorer;
use crate::scan::ReferenceScanner;
use crate::store::Store;
use crate::tree::{Put, TreeError, dump};

/// How the names of directories begin by which a garbage collector knows that it has to ask for
/// the lock.
const SCRATCH_PREFIX: &str = "tmp-";

/// Whether what has this name in the store is a directory of somebody who works, or did, in it.
pub(crate) fn is_scratch(store: &Path, name: &OsStr) -> Result<bool, IoError> {
    Ok(name.as_bytes().starts_with(SCRATCH_PREFIX.as_bytes())
        && metadata(&store.join(name))?.is_some_and(|found| found.is_dir()))
}

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
    /// What this function puts.
    Events(&'a mut Produce<'a>),
}

/// Gives the events of a tree to whoever takes them.
pub type Produce<'a> = dyn FnMut(&mut Put<'_>) -> Result<(), TreeError> + 'a;

/// Contents that are written and hashed, but not in their place.
pub(crate) struct Staged {
    place: Place,
    pub(crate) nar: NarDigest,
    /// What the address is made of.
    pub(crate) content: Hash,
}

impl Staged {
    /// Where the contents are.
    pub(crate) fn path(&self) -> &Path {
        &self.place.path
    }
}

/// A name in a scratch directory. What has it is removed when this is dropped.
struct Place {
    scratch: Arc<Scratch>,
    path: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stays is removed with the directory.
        let _stays = self.scratch.disk.remove_tree(&self.path).is_err();
    }
}

impl Store {
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
        let place = self.place_to_stage()?;
        let mut restorer = Restorer::new(self.disk.clone(), place.path.clone());
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
        Ok(Staged { place, nar, content })
    }

    /// A new name in the scratch directory of this store.
    fn place_to_stage(&self) -> Result<Place, IoError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut slot = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = match &*slot {
            // Somebody may have tidied up by hand.
            Some(scratch) if metadata(&scratch.path)?.is_some() => Arc::clone(scratch),
            _ => {
                let new = Arc::new(Scratch::create(&self.disk, self.layout.store())?);
                Arc::clone(slot.insert(new))
            }
        };
        let path = scratch.path.join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
        Ok(Place { scratch, path })
    }
}

/// A directory in the store for contents whose path is not known yet.
///
/// Its lock keeps the garbage collector away; it is removed when dropped.
pub(crate) struct Scratch {
    disk: Disk,
    pub(crate) path: PathBuf,
    _lock: File,
}

impl Scratch {
    pub(crate) fn create(disk: &Disk, store: &Path) -> Result<Self, IoError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = store.join(format!("{SCRATCH_PREFIX}{}-{count}", std::process::id()));
            match disk.create_dir(&path) {
                // Left by a process that had our number.
                Err(err) if err.source.kind() == io::ErrorKind::AlreadyExists => continue,
                result => result?,
            }
            let lock = match open(&path) {
                // Collected before it could be locked.
                Err(err) if err.source.kind() == io::ErrorKind::NotFound => continue,
                result => result?,
            };
            lock::wait(&lock, &path, LockKind::Exclusive)?;
            let scratch = Self { disk: disk.clone(), path, _lock: lock };
            if metadata(&scratch.path)?.is_some() {
                return Ok(scratch);
            }
        }
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
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(hasher) = &mut self.content {
            hasher.update(bytes);
        }
        if let Some(scanner) = &mut self.scanner {
            scanner.update(bytes);
        }
        self.nar.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
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
        Source::Events(produce) => produce(put),
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
