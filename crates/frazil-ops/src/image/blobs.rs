//! Encoded layers: made by several threads, and kept under their recipes.
//!
//! A recipe is the digest of all that decides a layer's bytes, so a layer that did not change is
//! neither read nor compressed again. What is kept is in the hands of the user alone; still it is
//! compared with its digest whenever it is used.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use frazil_image::compress::Compression;
use frazil_image::contents::EncodeError;
use frazil_image::layers::Layer;
use frazil_image::oci::{self, Blob, Digesting, LayerBlob};
use frazil_image::recipe::recipe;
use frazil_model::{Hash, HashAlgorithm, HashFormat, Sha256};
use frazil_store::fs::IoError;
use frazil_store::threads::parallel;
use serde::{Deserialize, Serialize};

use super::{ENTRY_TIME, Event, ImageError, System, Tell};

const BUFFER_BYTES: usize = 256 << 10;

pub(super) struct Encoder {
    /// Where blobs and recipes are.
    directory: PathBuf,
    keeps: bool,
    compression: Compression,
    next: AtomicUsize,
}

/// What is kept beside a blob: the same facts as [`LayerBlob`].
#[derive(Serialize, Deserialize)]
struct Record {
    digest: String,
    size: u64,
    archive_digest: String,
    archive_size: u64,
}

impl Encoder {
    /// Layers are kept in `cache`, or else made in `scratch`.
    pub(super) fn new(
        cache: Option<&Path>,
        scratch: &Path,
        compression: Compression,
    ) -> Result<Self, IoError> {
        let directory = cache.map_or_else(|| scratch.to_owned(), |cache| cache.join("layers"));
        fs::create_dir_all(&directory).map_err(IoError::on("create the directory", &directory))?;
        let keeps = cache.is_some();
        Ok(Self { directory, keeps, compression, next: AtomicUsize::new(0) })
    }

    /// The file of a blob.
    pub(super) fn file(&self, blob: &Blob) -> PathBuf {
        self.directory.join(blob.hex())
    }

    /// Encodes layers, the largest first, so that no thread begins with it when all others are done.
    pub(super) fn encode(
        &self,
        layers: &[Layer<'_>],
        system: &System,
        tell: &Tell<'_>,
    ) -> Result<Vec<LayerBlob>, ImageError> {
        let mut order: Vec<usize> = (0..layers.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(layers.get(*index).map(|layer| layer.bytes)));
        let done = parallel(&order, |index| {
            let Some(layer) = layers.get(*index) else { return Ok(None) };
            let (encoded, was_kept) = self.layer(layer, system)?;
            tell(Event::Layer { bytes: layer.bytes, was_kept });
            Ok::<_, ImageError>(Some((*index, encoded)))
        })?;
        let in_order: BTreeMap<usize, LayerBlob> = done.into_iter().flatten().collect();
        Ok(in_order.into_values().collect())
    }

    fn layer(&self, layer: &Layer<'_>, system: &System) -> Result<(LayerBlob, bool), ImageError> {
        let recipe = if self.keeps { recipe(layer, ENTRY_TIME) } else { None };
        let record = recipe.map(|recipe| self.record_file(recipe));
        if let Some(kept) = record.as_deref().and_then(|record| self.kept(record)) {
            return Ok((kept, true));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let temporary = self.directory.join(format!("{}-{number}.new", std::process::id()));
        let removed = Removed(&temporary);
        let file = fs::File::create(&temporary).map_err(IoError::on("create", &temporary))?;
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
        let encoded =
            oci::encode_layer(layer, &system.units, ENTRY_TIME, self.compression, &mut out)?;
        out.flush().map_err(EncodeError::Write)?;
        let place = self.file(&encoded.blob);
        fs::rename(&temporary, &place).map_err(IoError::on("rename", &temporary))?;
        std::mem::forget(removed);
        if let Some(record) = record {
            self.keep(&record, &encoded)?;
        }
        Ok((encoded, false))
    }

    fn record_file(&self, recipe: Sha256) -> PathBuf {
        let hex = Hash::from(recipe).format(HashFormat::Base16);
        self.directory.join(format!("{hex}.{}", self.compression.fingerprint()))
    }

    /// What a record says, if its blob is there and has the right size. Anything else is made anew.
    fn kept(&self, record: &Path) -> Option<LayerBlob> {
        let record: Record = serde_json::from_slice(&fs::read(record).ok()?).ok()?;
        let blob = Blob { digest: sha256(&record.digest)?, size: record.size };
        let archive = Blob { digest: sha256(&record.archive_digest)?, size: record.archive_size };
        let is_there = fs::metadata(self.file(&blob)).is_ok_and(|found| found.len() == blob.size);
        is_there.then_some(LayerBlob { blob, archive, compression: self.compression })
    }

    fn keep(&self, record: &Path, layer: &LayerBlob) -> Result<(), IoError> {
        let text = serde_json::to_vec(&Record {
            digest: layer.blob.hex(),
            size: layer.blob.size,
            archive_digest: layer.archive.hex(),
            archive_size: layer.archive.size,
        });
        let text = text.unwrap_or_default();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let temporary = self.directory.join(format!("{}-{number}.new", std::process::id()));
        fs::write(&temporary, text).map_err(IoError::on("write", &temporary))?;
        fs::rename(&temporary, record).map_err(IoError::on("rename", &temporary))
    }
}

/// A file that is taken away again unless all went well.
struct Removed<'p>(&'p Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        // What failed is said already.
        drop(fs::remove_file(self.0));
    }
}

/// Copies a blob from the file that keeps it. What is not the blob any more is an error, and is kept
/// no longer.
pub(super) fn copy(file: &Path, blob: &Blob, out: &mut dyn Write) -> Result<(), ImageError> {
    let mut reader = fs::File::open(file).map_err(IoError::on("open", file))?.take(blob.size + 1);
    let mut digesting = Digesting::new(out);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = reader.read(&mut buffer).map_err(IoError::on("read", file))?;
        match buffer.get(..read) {
            None | Some([]) => break,
            Some(bytes) => digesting.write_all(bytes).map_err(EncodeError::Write)?,
        }
    }
    if digesting.finish().1 == *blob {
        return Ok(());
    }
    fs::remove_file(file).map_err(IoError::on("remove", file))?;
    Err(ImageError::Damaged { path: file.to_owned() })
}

fn sha256(hex: &str) -> Option<Sha256> {
    match Hash::parse_any(hex.as_bytes(), Some(HashAlgorithm::Sha256)) {
        Ok(Hash::Sha256(digest)) => Some(Sha256(digest)),
        Ok(_) | Err(_) => None,
    }
}
