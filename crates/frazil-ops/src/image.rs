//! Images of linked systems: from what `builtin:link` made to files that engines take.
//!
//! A linked system is opened ([`system`]), which adds what scanners look for; its layers are planned
//! and encoded by several threads, each layer once ([`blobs`]); and then written as a layout, an
//! archive or a plain root ([`output`]).
//!
//! Invariant: nothing stands under its final name before it is whole.

pub mod audit;
mod blobs;
pub mod check;
mod nix_database;
pub mod output;
mod packages;
pub mod plan;
mod presentation;
pub mod readers;
pub mod registry;
mod scratch;
pub mod system;
#[cfg(test)]
pub(crate) mod tests;
mod units;

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use frazil_image::compress::{Compression, UnknownCompression};
use frazil_image::contents::EncodeError;
use frazil_image::layers::Layer;
use frazil_image::oci::{self, Blob, LayerBlob};
use frazil_image::sbom::Inventory;
use frazil_store::fs::IoError;

pub use frazil_image::sbom;
pub use presentation::{ENTRY_TIME, Presentation};
pub use scratch::Scratch;
pub use system::{Located, System, SystemError};

use crate::image::blobs::Encoder;

/// How to make an image.
#[derive(Clone, Debug, Default)]
pub struct ImageOptions {
    /// Instead of what the system says.
    pub compression: Option<Compression>,
    /// Instead of what the system says.
    pub layers_max: Option<NonZeroUsize>,
    /// Where encoded layers are kept; without it they are made anew.
    pub cache: Option<PathBuf>,
}

/// Told while layers are encoded, by any thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// So many layers, with so many bytes in files.
    Layers {
        /// How many.
        count: usize,
        /// In files.
        bytes: u64,
    },
    /// One of them is done.
    Layer {
        /// In files.
        bytes: u64,
        /// Whether it was there already.
        was_kept: bool,
    },
}

/// Takes events.
pub type Tell<'t> = dyn Fn(Event) + Sync + 't;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The system cannot be read.
    #[error(transparent)]
    System(#[from] SystemError),
    /// A layer cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A compression is unknown.
    #[error(transparent)]
    Compression(#[from] UnknownCompression),
    /// A file cannot be written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A kept layer has changed since it was made, and was removed.
    #[error("the kept layer `{}` was damaged, and is removed", path.display())]
    Damaged {
        /// Its file.
        path: PathBuf,
    },
    /// Something stands where the image should be written.
    #[error("`{}` is there already, and is no image", path.display())]
    InTheWay {
        /// The place.
        path: PathBuf,
    },
}

impl ImageError {
    /// Whether nobody reads what is written any more.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Encode(EncodeError::Write(error)) if error.kind() == ErrorKind::BrokenPipe)
    }

    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::System(source) => source.help(),
            Self::Encode(source) => Some(source.help()),
            Self::Compression(source) => Some(source.help()),
            Self::Io(source) => source.help(),
            Self::Damaged { .. } => Some("run it again: the layer is made anew"),
            Self::InTheWay { .. } => Some("choose another name with --output"),
        }
    }
}

/// An image whose layers are encoded.
pub struct Image<'s> {
    system: &'s System,
    layers: Vec<Layer<'s>>,
    encoded: Vec<LayerBlob>,
    encoder: Encoder,
    config: Vec<u8>,
    manifest: Vec<u8>,
    inventory: Inventory,
}

impl<'s> Image<'s> {
    /// Encodes the layers of a system. Layers that are not kept are made in `scratch`, a directory
    /// that must be there.
    pub fn encode(
        system: &'s System,
        options: &ImageOptions,
        scratch: &Path,
        tell: &Tell<'_>,
    ) -> Result<Self, ImageError> {
        let compression = match options.compression {
            Some(compression) => compression,
            None => system.presentation.layers.compression.parse()?,
        };
        let layers = plan::layers(system, options.layers_max);
        let encoder = Encoder::new(options.cache.as_deref(), scratch, compression)?;
        let bytes = layers.iter().map(|layer| layer.bytes).sum();
        tell(Event::Layers { count: layers.len(), bytes });
        let stored = encoder.encode(&layers, system, tell)?;
        let run = system.presentation.run_config();
        let named: Vec<(String, LayerBlob)> =
            layers.iter().map(plan::title).zip(stored.iter().copied()).collect();
        let platform = system.presentation.platform();
        let config = oci::config(&platform, &run, &named, system.presentation.created());
        let annotations = system.presentation.annotations();
        let manifest = oci::manifest(&Blob::of(&config), &stored, &annotations);
        let inventory = system.inventory(&layers, &stored);
        Ok(Self { system, layers, encoded: stored, encoder, config, manifest, inventory })
    }

    /// Its layers as they are stored, the lowest first.
    pub fn layers(&self) -> impl Iterator<Item = (&Layer<'s>, &LayerBlob)> {
        self.layers.iter().zip(&self.encoded)
    }

    /// The bytes of its configuration.
    pub fn config(&self) -> &[u8] {
        &self.config
    }

    /// The bytes of its manifest.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The machine that it is for.
    pub fn platform(&self) -> oci::Platform {
        self.system.presentation.platform()
    }

    /// What is in it.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// What a registry would be sent: all blobs, without the manifest.
    pub fn blob_bytes(&self) -> u64 {
        let layers: u64 = self.encoded.iter().map(|layer| layer.blob.size).sum();
        layers + self.config.len() as u64
    }

    /// The file that holds a layer.
    pub fn layer_file(&self, layer: &LayerBlob) -> PathBuf {
        self.encoder.file(&layer.blob)
    }
}

/// The digest of a document, as others name it.
pub fn digest(document: &[u8]) -> String {
    Blob::of(document).reference()
}

/// Whether the layout in a directory has a blob.
pub fn layout_has(directory: &Path, blob: &Blob) -> bool {
    let file = directory.join(oci::layout::blob_path(blob));
    std::fs::metadata(file).is_ok_and(|found| found.len() == blob.size)
}
