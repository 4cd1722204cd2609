//! Looking into registries: images that are read where they are, and blobs that are there.
//!
//! Nothing is kept; layers are read as they come. What a registry sends is compared with the digests
//! that name it, as everything in an image is.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use frazil_image::oci::{Blob, layout, media_type};
use frazil_image::read::{self, Files, ReadOptions};
use frazil_store::fetch::Client;
use frazil_store::threads::parallel;
use serde_json::{Value, json};

use super::client::Repository;
use super::{Logins, Reference, RegistryError};
use crate::image::readers::OpenImageError;

/// Where blobs stand in a layout.
const BLOBS: &str = "blobs/sha256/";

/// Reads the image that a reference names.
pub fn read(
    reference: &Reference,
    client: &Client,
    logins: &Logins,
    options: &ReadOptions<'_>,
) -> Result<read::Image, OpenImageError> {
    let failed = |error| OpenImageError::Registry {
        reference: reference.to_string(),
        source: Box::new(error),
    };
    let repository = Repository::to_read(client, reference, logins).map_err(failed)?;
    let files = Remote::open(repository, options.limits.bytes_max).map_err(failed)?;
    let path = reference.to_string().into();
    let mut image =
        read::image(&files, options).map_err(|source| OpenImageError::Image { path, source })?;
    image.name = Some(reference.to_string());
    Ok(image)
}

/// Those of the blobs that a repository has.
pub fn present(
    reference: &Reference,
    client: &Client,
    logins: &Logins,
    blobs: &[Blob],
) -> Result<BTreeSet<String>, RegistryError> {
    let repository = Repository::to_read(client, reference, logins)?;
    let found = parallel(blobs, |blob| {
        let is_there = repository.has_blob(blob)?;
        Ok::<_, RegistryError>(is_there.then(|| blob.reference()))
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// A repository as the layout that an image of it would be in.
struct Remote<'r> {
    repository: Repository<'r>,
    /// Names the image, as the index of a layout would.
    index: Vec<u8>,
    /// What must be asked for as a manifest, by digest; with its bytes if they are known.
    manifests: RefCell<BTreeMap<String, Option<Vec<u8>>>>,
    bytes_max: u64,
}

impl<'r> Remote<'r> {
    fn open(repository: Repository<'r>, bytes_max: u64) -> Result<Self, RegistryError> {
        let wanted = repository.reference.target();
        let Some(manifest) = repository.manifest(wanted)? else {
            return Err(RegistryError::NoImage { reference: repository.reference.to_string() });
        };
        let blob = Blob::of(&manifest);
        if wanted.starts_with("sha256:") && wanted != blob.reference() {
            let (expected, found) = (wanted.to_owned(), blob.reference());
            return Err(RegistryError::Mismatch { expected, found });
        }
        let parsed: Value = serde_json::from_slice(&manifest).unwrap_or_default();
        let kind = parsed.get("mediaType").and_then(Value::as_str).unwrap_or(media_type::MANIFEST);
        let index = json!({
            "schemaVersion": 2,
            "manifests": [{ "mediaType": kind, "digest": blob.reference(), "size": blob.size }],
        });
        let mut manifests = BTreeMap::new();
        note(&mut manifests, &parsed);
        manifests.insert(blob.reference(), Some(manifest));
        let index = index.to_string().into_bytes();
        Ok(Self { repository, index, manifests: RefCell::new(manifests), bytes_max })
    }

    fn blob(&self, digest: &str) -> Result<Option<Box<dyn Read + '_>>, RegistryError> {
        let known = self.manifests.borrow().get(digest).cloned();
        match known {
            Some(Some(bytes)) => Ok(Some(Box::new(io::Cursor::new(bytes)))),
            Some(None) => {
                let Some(bytes) = self.repository.manifest(digest)? else { return Ok(None) };
                let parsed: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                note(&mut self.manifests.borrow_mut(), &parsed);
                Ok(Some(Box::new(io::Cursor::new(bytes))))
            }
            None => self.repository.open_blob(digest, self.bytes_max),
        }
    }
}

/// The manifests that an index names.
fn note(manifests: &mut BTreeMap<String, Option<Vec<u8>>>, index: &Value) {
    let named = index.get("manifests").and_then(Value::as_array).into_iter().flatten();
    for digest in named.filter_map(|manifest| manifest.get("digest")?.as_str()) {
        manifests.entry(digest.to_owned()).or_default();
    }
}

impl Files for Remote<'_> {
    fn open(&self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        if name == layout::INDEX {
            return Ok(Some(Box::new(&self.index[..])));
        }
        let Some(hex) = name.strip_prefix(BLOBS) else { return Ok(None) };
        self.blob(&format!("sha256:{hex}")).map_err(io::Error::other)
    }
}
