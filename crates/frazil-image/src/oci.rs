//! OCI images (image-spec 1.1): layers, and the documents that name them.
//!
//! Nothing is written to its final place here: a layer is a stream with three facts at its end, and
//! documents are bytes. Where they go (a layout directory, a registry, an archive) is the business
//! of [`layout`] and [`docker`], and of whoever pushes.

pub mod docker;
mod document;
pub mod layout;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use frazil_model::{Hash, HashAlgorithm, HashFormat, Hasher, Sha256};

pub(crate) use document::pretty;
pub use document::{
    Descriptor, Healthcheck, Platform, RunConfig, config, date_time, index, manifest, media_type,
};

use crate::compress::{Compression, Compressor};
use crate::contents::{Contents, EncodeError};
use crate::layers::Layer;
use crate::{Timestamp, tar};

/// Bytes that others name by their digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Of all bytes.
    pub digest: Sha256,
    /// How many there are.
    pub size: u64,
}

impl Blob {
    /// The blob of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { digest: Sha256::of(bytes), size: bytes.len() as u64 }
    }

    /// The digest as hexadecimal digits: the name of the blob's file in a layout.
    pub fn hex(&self) -> String {
        Hash::from(self.digest).format(HashFormat::Base16)
    }

    /// The digest as documents write it.
    pub fn reference(&self) -> String {
        format!("sha256:{}", self.hex())
    }
}

/// A layer that was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerBlob {
    /// The layer as it is stored and sent.
    pub blob: Blob,
    /// The archive in it: its digest is the `diff_id`.
    pub archive: Blob,
    /// How the one was made of the other.
    pub compression: Compression,
}

/// Writes a layer to `out`.
pub fn encode_layer(
    layer: &Layer<'_>,
    contents: &dyn Contents,
    time: Timestamp,
    compression: Compression,
    out: &mut dyn Write,
) -> Result<LayerBlob, EncodeError> {
    let compressor = Compressor::new(compression, Digesting::new(out));
    let compressor = compressor.map_err(EncodeError::Write)?;
    let mut archive = Digesting::new(compressor);
    write_archive(layer, contents, time, &mut archive)?;
    let (compressor, archive) = archive.finish();
    let stored = compressor.finish().map_err(EncodeError::Write)?;
    let (_, blob) = stored.finish();
    Ok(LayerBlob { blob, archive, compression })
}

/// Writes the archive of a layer.
pub fn write_archive(
    layer: &Layer<'_>,
    contents: &dyn Contents,
    time: Timestamp,
    out: &mut dyn Write,
) -> Result<(), EncodeError> {
    let mut writer = tar::Writer::new(out, time);
    for (path, node) in &layer.entries {
        writer.node(path, *node, contents)?;
    }
    writer.finish()
}

/// A stream that knows the digest of what went through it.
pub struct Digesting<W> {
    out: W,
    hasher: Hasher,
    size: u64,
}

impl<W: Write> Digesting<W> {
    /// Passes everything on to `out`.
    pub fn new(out: W) -> Self {
        Self { out, hasher: Hasher::new(HashAlgorithm::Sha256), size: 0 }
    }

    /// What everything went to, and what it was.
    pub fn finish(self) -> (W, Blob) {
        let Hash::Sha256(digest) = self.hasher.finish() else {
            unreachable!("the hasher was made for SHA-256")
        };
        (self.out, Blob { digest: Sha256(digest), size: self.size })
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
