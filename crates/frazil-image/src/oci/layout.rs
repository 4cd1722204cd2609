//! The image layout (image-spec 1.1, "image-layout"): the names of the files of an image on a disk
//! or in an archive.

use std::collections::BTreeMap;

use super::document::{Descriptor, json, media_type};
use super::{Blob, Platform, index};

/// The file that marks a layout.
pub const MARK: &str = "oci-layout";
/// The file that says which images there are.
pub const INDEX: &str = "index.json";
/// The annotation of an image in the index that bears its tag.
pub const TAG_ANNOTATION: &str = "org.opencontainers.image.ref.name";

/// The contents of the marking file.
pub fn mark() -> Vec<u8> {
    json(&BTreeMap::from([("imageLayoutVersion", "1.0.0")]))
}

/// Where a blob is.
pub fn blob_path(blob: &Blob) -> String {
    format!("blobs/sha256/{}", blob.hex())
}

/// The index of a layout with one image.
pub fn index_of(manifest: &Blob, platform: &Platform, tag: &str) -> Vec<u8> {
    let mut descriptor = Descriptor::of(media_type::MANIFEST, manifest);
    descriptor.platform = Some(platform.clone());
    descriptor.annotations.insert(TAG_ANNOTATION.to_owned(), tag.to_owned());
    index(&[descriptor])
}
