//! The documents of an image, read: which layers it has, and what they should be.

use std::io::Read as _;

use serde::Deserialize;
use serde_json::Value;

use super::{Files, ReadError, ReadOptions};
use crate::oci::{Blob, layout};

/// Indexes in indexes are followed so far.
const INDEXES_MAX: usize = 4;
/// More layers than any engine takes.
const LAYERS_MAX: usize = 4096;

/// An image, before its layers are read.
pub(super) struct Described {
    pub name: Option<String>,
    pub config: Value,
    pub layers: Vec<Stored>,
}

/// A layer that documents name.
pub(super) struct Stored {
    /// The file it is in.
    pub name: String,
    /// `sha256:...` and the size, where the documents say so.
    blob: Option<(String, u64)>,
    diff_id: Option<String>,
    pub created_by: Option<String>,
}

impl Stored {
    /// Compares what was read with what was named.
    pub(super) fn check(&self, blob: &Blob, archive: &Blob) -> Result<(), ReadError> {
        let compare = |what, expected: &str, found: String| {
            if expected == found {
                return Ok(());
            }
            let (name, expected) = (self.name.clone(), expected.to_owned());
            Err(ReadError::Mismatch { name, what, expected, found })
        };
        if let Some((digest, size)) = &self.blob {
            compare("size", &size.to_string(), blob.size.to_string())?;
            compare("digest", digest, blob.reference())?;
        }
        match &self.diff_id {
            Some(diff_id) => compare("diff_id", diff_id, archive.reference()),
            None => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    digest: String,
    size: u64,
    platform: Option<Platform>,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Platform {
    architecture: String,
}

#[derive(Deserialize)]
struct Manifest {
    /// Of an index.
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

/// What `docker save` writes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct Config {
    rootfs: Option<RootFs>,
    #[serde(default)]
    history: Vec<History>,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

#[derive(Deserialize)]
struct History {
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

pub(super) fn describe(
    files: &dyn Files,
    options: &ReadOptions<'_>,
) -> Result<Described, ReadError> {
    if let Some(text) = document(files, layout::INDEX, options)? {
        return of_layout(files, &text, options);
    }
    match document(files, "manifest.json", options)? {
        Some(text) => of_saved(files, &text, options),
        None => Err(ReadError::NoImage),
    }
}

fn of_layout(
    files: &dyn Files,
    index: &[u8],
    options: &ReadOptions<'_>,
) -> Result<Described, ReadError> {
    let mut name = layout::INDEX.to_owned();
    let mut manifest: Manifest = parse(index, &name, "index")?;
    let mut image_name = None;
    for _ in 0..INDEXES_MAX {
        let Some(manifests) = manifest.manifests.take() else { break };
        let chosen = choose(manifests, options)?;
        image_name = image_name.or_else(|| chosen.annotations.get(layout::TAG_ANNOTATION).cloned());
        name = blob_name(&chosen.digest)?;
        manifest = parse(&checked(files, &chosen, options)?, &name, "manifest")?;
    }
    let wrong = || ReadError::Document { name: name.clone(), what: "manifest" };
    let (config, layers) = manifest
        .config
        .zip(manifest.layers)
        .filter(|(_, l)| l.len() <= LAYERS_MAX)
        .ok_or_else(wrong)?;
    let text = checked(files, &config, options)?;
    let layers = layers
        .into_iter()
        .map(|layer| Ok((blob_name(&layer.digest)?, Some((layer.digest, layer.size)))));
    let layers = layers.collect::<Result<Vec<_>, ReadError>>()?;
    with_config(image_name, &blob_name(&config.digest)?, &text, layers)
}

fn of_saved(
    files: &dyn Files,
    list: &[u8],
    options: &ReadOptions<'_>,
) -> Result<Described, ReadError> {
    let name = "manifest.json";
    let images: Vec<Saved> = parse(list, name, "list")?;
    let wrong = || ReadError::Document { name: name.to_owned(), what: "list" };
    let image =
        images.into_iter().next().filter(|i| i.layers.len() <= LAYERS_MAX).ok_or_else(wrong)?;
    let text = document(files, &image.config, options)?
        .ok_or_else(|| ReadError::Missing { name: image.config.clone() })?;
    let layers = image.layers.into_iter().map(|layer| (layer, None)).collect();
    let tag = image.repo_tags.and_then(|tags| tags.into_iter().next());
    with_config(tag, &image.config, &text, layers)
}

fn with_config(
    image_name: Option<String>,
    config_name: &str,
    text: &[u8],
    layers: Vec<(String, Option<(String, u64)>)>,
) -> Result<Described, ReadError> {
    let config: Config = parse(text, config_name, "configuration")?;
    let diff_ids = config.rootfs.map(|rootfs| rootfs.diff_ids).unwrap_or_default();
    if diff_ids.len() != layers.len() {
        let (expected, found) = (layers.len().to_string(), diff_ids.len().to_string());
        let name = config_name.to_owned();
        return Err(ReadError::Mismatch { name, what: "number of layers", expected, found });
    }
    let mut words = config.history.into_iter().filter(|entry| !entry.empty_layer);
    let layers = layers.into_iter().zip(diff_ids).map(|((name, blob), diff_id)| {
        let created_by = words.next().and_then(|entry| entry.created_by);
        Stored { name, blob, diff_id: Some(diff_id), created_by }
    });
    let layers = layers.collect();
    Ok(Described { name: image_name, config: parse(text, config_name, "configuration")?, layers })
}

/// The only manifest, or the one for the machine, or one that does not say for which it is.
/// Attestations, which some builders put beside images, are for no machine that there is.
fn choose(
    mut manifests: Vec<Descriptor>,
    options: &ReadOptions<'_>,
) -> Result<Descriptor, ReadError> {
    let is_for = |manifest: &Descriptor| {
        let platform = manifest.platform.as_ref()?;
        Some(platform.architecture == options.architecture)
    };
    let position = |wanted: Option<bool>| manifests.iter().position(|it| is_for(it) == wanted);
    let chosen =
        if manifests.len() == 1 { Some(0) } else { position(Some(true)).or(position(None)) };
    let architecture = options.architecture.to_owned();
    chosen.map(|chosen| manifests.swap_remove(chosen)).ok_or(ReadError::NoPlatform { architecture })
}

/// A document by its descriptor.
fn checked(
    files: &dyn Files,
    descriptor: &Descriptor,
    options: &ReadOptions<'_>,
) -> Result<Vec<u8>, ReadError> {
    let name = blob_name(&descriptor.digest)?;
    let bytes = document(files, &name, options)?
        .ok_or_else(|| ReadError::Missing { name: name.clone() })?;
    let found = Blob::of(&bytes);
    if found.reference() == descriptor.digest && found.size == descriptor.size {
        return Ok(bytes);
    }
    let (expected, found) = (descriptor.digest.clone(), found.reference());
    Err(ReadError::Mismatch { name, what: "digest", expected, found })
}

fn document(
    files: &dyn Files,
    name: &str,
    options: &ReadOptions<'_>,
) -> Result<Option<Vec<u8>>, ReadError> {
    let failed = |source| ReadError::Read { name: name.to_owned(), source };
    let Some(file) = files.open(name).map_err(failed)? else { return Ok(None) };
    let limit = options.limits.kept_bytes_max;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { what: "bytes in a document", limit });
    }
    Ok(Some(bytes))
}

/// The file of a blob in a layout. Digests come from documents, so they are no paths before they
/// are checked.
fn blob_name(digest: &str) -> Result<String, ReadError> {
    let hex = digest.strip_prefix("sha256:").filter(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    match hex {
        Some(hex) => Ok(format!("blobs/sha256/{hex}")),
        None => {
            Err(ReadError::Document { name: digest.escape_default().to_string(), what: "digest" })
        }
    }
}

fn parse<'t, T: Deserialize<'t>>(
    text: &'t [u8],
    name: &str,
    what: &'static str,
) -> Result<T, ReadError> {
    serde_json::from_slice(text).map_err(|_| ReadError::Document { name: name.to_owned(), what })
}
