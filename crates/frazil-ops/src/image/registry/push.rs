//! Pushing: blobs first, several at once; then manifests; then, if there are several systems, an
//! index of them; then what refers to the image; the tag last.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use frazil_image::oci::{self, Blob, Descriptor, media_type};
use frazil_image::sbom;
use frazil_store::fetch::Client;
use frazil_store::threads::parallel;
use serde::Serialize;

use super::artifact::{self, SigningKey};
use super::blob::{BlobBytes, Sent, send};
use super::client::Repository;
use super::{Logins, Reference, RegistryError};
use crate::image::{Image, digest};

/// How to push.
pub struct PushOptions {
    /// Who we are.
    pub logins: Logins,
    /// Repositories of the same registry that may have blobs already.
    pub sources: Vec<String>,
    /// Signs the image.
    pub key: Option<SigningKey>,
    /// Whether to send lists of what is in the image along.
    pub with_inventory: bool,
    /// Larger blobs are sent in pieces of this size, and go on behind the last one after a failure.
    pub piece_bytes: u64,
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            logins: Logins::default(),
            sources: Vec::new(),
            key: None,
            with_inventory: false,
            piece_bytes: 32 << 20,
        }
    }
}

/// Told while blobs are sent, by any thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushEvent {
    /// There are so many bytes in blobs.
    Blobs {
        /// In all.
        bytes: u64,
    },
    /// One of them is there.
    Blob {
        /// Its size.
        bytes: u64,
    },
}

/// What was pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    /// What the tag names now.
    pub digest: String,
    /// Whether it did before.
    pub was_there: bool,
    /// Bytes in blobs that were sent.
    pub sent_bytes: u64,
    /// Bytes in blobs that came from other repositories.
    pub mounted_bytes: u64,
    /// Bytes in blobs that were there.
    pub present_bytes: u64,
}

/// Pushes images, each for a machine of its own, under one name.
pub fn push(
    images: &[Image<'_>],
    reference: &Reference,
    client: &Client,
    options: &PushOptions,
    tell: &(dyn Fn(PushEvent) + Sync),
) -> Result<Pushed, RegistryError> {
    let PushOptions { logins, sources, piece_bytes, .. } = options;
    let repository = Repository::new(client, reference, logins, sources, *piece_bytes)?;
    let (top, media_type) = top(images);
    let mut pushed = Pushed { digest: digest(&top), ..Pushed::default() };
    let needs_more = options.with_inventory || options.key.is_some();
    pushed.was_there = repository.tagged(reference.tag())?.as_ref() == Some(&pushed.digest);
    if pushed.was_there && !needs_more {
        return Ok(pushed);
    }
    if !pushed.was_there {
        send_blobs(images, &repository, &mut pushed, tell)?;
        if images.len() > 1 {
            for image in images {
                let name = digest(image.manifest());
                repository.put_manifest(&name, media_type::MANIFEST, image.manifest())?;
            }
        }
        repository.put_manifest(&pushed.digest, media_type, &top)?;
    }
    if options.with_inventory {
        for image in images {
            let subject = Blob::of(image.manifest());
            for (kind, encode) in INVENTORIES {
                let document = encode(image.inventory());
                artifact::attach(&repository, &subject, media_type::MANIFEST, kind, &document)?;
            }
        }
    }
    if let Some(key) = &options.key {
        artifact::sign(&repository, &Blob::of(&top), key)?;
    }
    if !pushed.was_there {
        repository.put_manifest(reference.tag(), media_type, &top)?;
    }
    Ok(pushed)
}

type EncodeInventory = fn(&sbom::Inventory) -> Vec<u8>;

/// The lists of what is in an image, by their media types.
const INVENTORIES: [(&str, EncodeInventory); 2] =
    [("application/spdx+json", sbom::spdx), ("application/vnd.cyclonedx+json", sbom::cyclonedx)];

/// What the tag is to name: the only manifest, or an index.
fn top(images: &[Image<'_>]) -> (Vec<u8>, &'static str) {
    if let [image] = images {
        return (image.manifest().to_vec(), media_type::MANIFEST);
    }
    let descriptors: Vec<Descriptor> = images
        .iter()
        .map(|image| {
            let mut descriptor = Descriptor::of(media_type::MANIFEST, &Blob::of(image.manifest()));
            descriptor.platform = Some(image.platform());
            descriptor
        })
        .collect();
    (oci::index(&descriptors), media_type::INDEX)
}

fn send_blobs(
    images: &[Image<'_>],
    repository: &Repository<'_>,
    pushed: &mut Pushed,
    tell: &(dyn Fn(PushEvent) + Sync),
) -> Result<(), RegistryError> {
    // Those with the same bytes once.
    let mut files = BTreeMap::new();
    for image in images {
        for (_, layer) in image.layers() {
            files.insert(
                layer.blob.reference(),
                (layer.blob, Some(image.layer_file(layer)), &[][..]),
            );
        }
        let config = Blob::of(image.config());
        files.insert(config.reference(), (config, None, image.config()));
    }
    tell(PushEvent::Blobs { bytes: files.values().map(|(blob, ..)| blob.size).sum() });
    let (sent, mounted, present) = <(AtomicU64, AtomicU64, AtomicU64)>::default();
    let blobs: Vec<_> = files.into_values().collect();
    parallel(&blobs, |(blob, file, here)| {
        let bytes = file.as_deref().map_or(BlobBytes::Here(here), BlobBytes::File);
        let counter = match send(repository, blob, bytes)? {
            Sent::Whole => &sent,
            Sent::Mounted => &mounted,
            Sent::Present => &present,
        };
        counter.fetch_add(blob.size, Ordering::Relaxed);
        tell(PushEvent::Blob { bytes: blob.size });
        Ok::<_, RegistryError>(())
    })?;
    pushed.sent_bytes = sent.into_inner();
    pushed.mounted_bytes = mounted.into_inner();
    pushed.present_bytes = present.into_inner();
    Ok(())
}
