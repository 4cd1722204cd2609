//! Writing paths of a store into a binary cache.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use frazil_model::cache_info::CacheInfo;
use frazil_model::nar::NarHasher;
use frazil_model::signature::SecretKey;
use frazil_model::{Hash, HashAlgorithm, HashFormat, Hasher, NarInfo, StorePath};

use super::compress::{Encoder, EncoderOptions};
use super::error::{CacheError, CacheProblem};
use super::order::in_order;
use super::{
    CACHE_INFO, OnTransfer, TransferEvent, cache_info_text, file_url, narinfo_url, parse_cache_info,
};
use crate::fetch::{Client, FetchError, FetchProblem, Url};
use crate::fs::{Disk, IoError, create_beside, open};
use crate::path_info::PathInfo;
use crate::store::Store;
use crate::tree::{Tee, TreeError};

/// How to write into a cache.
#[derive(Clone)]
pub struct PushOptions {
    /// How the files are compressed.
    pub encoder: EncoderOptions,
    /// Who signs what is written.
    pub keys: Vec<SecretKey>,
    /// How many paths are written at once.
    pub jobs: NonZeroUsize,
    /// The directory for files that are still to be sent; it must exist.
    pub scratch: PathBuf,
    /// How the disk is reached.
    pub disk: Disk,
    /// What a new cache says about itself; its store directory is that of the store.
    pub info: CacheInfo,
}

impl PushOptions {
    /// Options that leave all as it is usual.
    pub fn new(scratch: PathBuf) -> Self {
        let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let info = CacheInfo { want_mass_query: true, ..CacheInfo::default() };
        Self {
            encoder: EncoderOptions::default(),
            keys: Vec::new(),
            jobs,
            scratch,
            disk: Disk::default(),
            info,
        }
    }
}

/// What was written.
#[derive(Debug, Default)]
pub struct Pushed {
    /// The paths that were written.
    pub written: BTreeSet<StorePath>,
    /// The paths that were there already.
    pub present: BTreeSet<StorePath>,
    /// How many bytes the NARs have that were written.
    pub nar_bytes: u64,
}

/// Writes valid paths and all that they refer to into the cache at `url`, which is made where there
/// is none.
///
/// A path's NAR is there before its narinfo, and both only after all that it refers to; so what a
/// reader finds is whole, whenever this ends.
pub fn push(
    store: &Store,
    targets: &BTreeSet<StorePath>,
    client: &Client,
    url: &Url,
    options: &PushOptions,
    on: &OnTransfer<'_>,
) -> Result<Pushed, CacheError> {
    let _kept = store.hold(targets).map_err(TreeError::from)?;
    for path in targets {
        store.valid_path_info(path)?;
    }
    let mut infos = BTreeMap::new();
    for path in store.closure(targets)? {
        infos.insert(path.clone(), store.valid_path_info(&path)?);
    }
    let push = Push { store, client, url, options, on, infos };
    push.cache_info()?;
    let present = push.present()?;
    let references: BTreeMap<_, _> = push
        .infos
        .values()
        .filter(|info| !present.contains(&info.path))
        .map(|info| (info.path.clone(), info.references.clone()))
        .collect();
    let written: BTreeSet<_> = references.keys().cloned().collect();
    in_order(references, options.jobs, |path| push.path(path), |path| push.cycle(path))?;
    let nar_bytes =
        written.iter().filter_map(|path| push.infos.get(path)).map(|info| info.nar.size).sum();
    Ok(Pushed { written, present, nar_bytes })
}

struct Push<'a> {
    store: &'a Store,
    client: &'a Client,
    url: &'a Url,
    options: &'a PushOptions,
    on: &'a OnTransfer<'a>,
    infos: BTreeMap<StorePath, PathInfo>,
}

/// A compressed NAR that is still to be sent.
struct PackedNar<'a> {
    file: ScratchFile<'a>,
    hash: Hash,
    size: u64,
}

/// A file that is removed when dropped.
struct ScratchFile<'a> {
    disk: &'a Disk,
    path: PathBuf,
}

impl Push<'_> {
    /// Makes the cache one for our stores, or checks that it is.
    fn cache_info(&self) -> Result<(), CacheError> {
        let store_dir = self.store.store_dir();
        if let Some(text) = cache_info_text(self.client, self.url)? {
            return parse_cache_info(self.url, store_dir, &text).map(|_| ());
        }
        let info = CacheInfo { store_dir: store_dir.clone(), ..self.options.info.clone() };
        let text = info.to_string();
        Ok(self.client.put_bytes(
            &file_url(self.url, CACHE_INFO)?,
            "text/x-nix-cache-info",
            text.as_bytes(),
        )?)
    }

    /// What the cache has already.
    fn present(&self) -> Result<BTreeSet<StorePath>, CacheError> {
        let present = std::sync::Mutex::new(BTreeSet::new());
        // Each for itself: what is asked has no order.
        let paths = self.infos.keys().map(|path| (path.clone(), BTreeSet::new())).collect();
        let ask = |path: &StorePath| {
            if self.client.head(&narinfo_url(self.url, path)?)?.is_some() {
                present
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .insert(path.clone());
            }
            Ok(())
        };
        let queries = super::caches::CacheOptions::default().queries;
        in_order(paths, queries, ask, |path| self.cycle(path))?;
        Ok(present.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Writes one path.
    fn path(&self, path: &StorePath) -> Result<(), CacheError> {
        let Some(info) = self.infos.get(path) else { return Ok(()) };
        let nar = self.pack(info)?;
        let method = self.options.encoder.method;
        let digest = nar.hash.format(HashFormat::Nix32);
        let name = format!("nar/{digest}.nar{}", method.extension());
        (self.on)(TransferEvent::Started { path, bytes: Some(nar.size) });
        let url = file_url(self.url, &name)?;
        // What has the name has the contents. A file that a server kept only half is sent anew.
        let there = self.client.head(&url)?;
        if there.and_then(|there| there.size) != Some(nar.size) {
            let contents = || -> io::Result<Box<dyn io::Read>> {
                Ok(Box::new(open(&nar.file.path).map_err(|err| err.source)?))
            };
            self.client.put(&url, "application/x-nix-nar", nar.size, &contents)?;
        }
        (self.on)(TransferEvent::Moved { path, bytes: nar.size });
        let text = self.narinfo(info, name, &nar).display(self.store.store_dir()).to_string();
        self.client.put_bytes(
            &narinfo_url(self.url, path)?,
            "text/x-nix-narinfo",
            text.as_bytes(),
        )?;
        (self.on)(TransferEvent::Finished { path });
        Ok(())
    }

    fn narinfo(&self, info: &PathInfo, url: String, nar: &PackedNar<'_>) -> NarInfo {
        let mut narinfo = NarInfo {
            path: info.path.clone(),
            url,
            compression: self.options.encoder.method.in_narinfo(),
            file_hash: Some(nar.hash),
            file_size: Some(nar.size),
            nar: info.nar,
            references: info.references.clone(),
            deriver: info.deriver.clone(),
            signatures: info.signatures.clone(),
            content_address: info.content_address,
        };
        for key in &self.options.keys {
            narinfo.sign(self.store.store_dir(), key);
        }
        narinfo
    }

    /// Writes the compressed NAR of a path into a file of its own, and checks that the path is what
    /// was registered.
    fn pack(&self, info: &PathInfo) -> Result<PackedNar<'_>, CacheError> {
        let disk = &self.options.disk;
        let failed = |err: IoError| {
            CacheError::Fetch(FetchError::new(self.url, FetchProblem::Target(err.into())))
        };
        let place = self.options.scratch.join("nar");
        let (path, handle) =
            create_beside(&place, |name| disk.create_file(name, 0o600)).map_err(failed)?;
        let file = ScratchFile { disk, path };
        let (hash, size) = self.pack_into(info, &file, &handle)?;
        Ok(PackedNar { file, hash, size })
    }

    fn pack_into(
        &self,
        info: &PathInfo,
        file: &ScratchFile<'_>,
        handle: &File,
    ) -> Result<(Hash, u64), CacheError> {
        let write = |err| {
            let err = IoError::on("write to", &file.path)(err);
            CacheError::Fetch(FetchError::new(self.url, FetchProblem::Target(err.into())))
        };
        let hasher = Hasher::new(HashAlgorithm::Sha256);
        let sink = FileSink { file, handle, hasher, size: 0 };
        let encoder = Encoder::new(BufWriter::new(sink), self.options.encoder).map_err(write)?;
        let mut nar = Tee { hasher: NarHasher::default(), out: encoder };
        self.store.write_nar(&info.path, &mut nar)?;
        if nar.hasher.finish() != info.nar {
            let problem = CacheProblem::Changed { path: info.path.clone() };
            return Err(CacheError::new(self.url, problem));
        }
        let buffered = nar.out.finish().map_err(write)?;
        let sink = buffered.into_inner().map_err(|err| write(err.into_error()))?;
        Ok((sink.hasher.finish(), sink.size))
    }

    fn cycle(&self, path: StorePath) -> CacheError {
        CacheError::new(self.url, CacheProblem::Cycle { path })
    }
}

impl Drop for ScratchFile<'_> {
    fn drop(&mut self) {
        let _stays = self.disk.remove_file(&self.path).is_err();
    }
}

/// A file whose hash is taken as it is written.
struct FileSink<'a, 'd> {
    file: &'a ScratchFile<'d>,
    handle: &'a File,
    hasher: Hasher,
    size: u64,
}

impl Write for FileSink<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let ScratchFile { disk, path } = self.file;
        disk.write(self.handle, path, bytes).map_err(|err| err.source)?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
