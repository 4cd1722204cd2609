//! The documents of an image, read: which layers it has, and what they should be.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use serde::Deserialize;
use serde_json::Value;

use super::{ARCHITECTURE, Files, ReadError, ReadOptions};
use crate::oci::{Blob, docker, layout};

/// Indexes in indexes are followed so far.
const INDEXES_MAX: usize = 4;
/// More layers than any engine takes.
const LAYERS_MAX: usize = 4096;
/// Where a layout has its blobs.
const BLOBS: &str = "blobs/sha256/";

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
    annotations: BTreeMap<String, String>,
}

impl Descriptor {
    fn tag(&self) -> Option<&str> {
        self.annotations.get(layout::TAG_ANNOTATION).map(String::as_str)
    }
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
    architecture: Option<String>,
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
    let name = docker::LIST;
    let Some(text) = document(files, name, options)? else { return Err(ReadError::NoImage) };
    if text.trim_ascii_start().starts_with(b"{") {
        let plain = Layout { files, options, directory: "" };
        return plain.described(None, parse(&text, name, "manifest")?, name);
    }
    of_saved(files, &text, options)
}

fn of_layout(
    files: &dyn Files,
    index: &[u8],
    options: &ReadOptions<'_>,
) -> Result<Described, ReadError> {
    let layout = Layout { files, options, directory: BLOBS };
    let mut name = layout::INDEX.to_owned();
    let mut manifest: Manifest = parse(index, &name, "index")?;
    let (mut image_name, mut tag) = (None, options.tag);
    for _ in 0..INDEXES_MAX {
        let Some(manifests) = manifest.manifests.take() else { break };
        let chosen = layout.choose(manifests, tag.take())?;
        image_name = image_name.or_else(|| chosen.tag().map(str::to_owned));
        name = layout.blob_name(&chosen.digest)?;
        manifest = parse(&layout.checked(&chosen)?, &name, "manifest")?;
    }
    layout.described(image_name, manifest, &name)
}

/// Blobs by their digests.
struct Layout<'f> {
    files: &'f dyn Files,
    options: &'f ReadOptions<'f>,
    /// What stands before the digits of a digest in the name of a file.
    directory: &'static str,
}

impl Layout<'_> {
    fn described(
        &self,
        image_name: Option<String>,
        manifest: Manifest,
        name: &str,
    ) -> Result<Described, ReadError> {
        let wrong = || ReadError::Document { name: name.to_owned(), what: "manifest" };
        let (config, layers) = manifest
            .config
            .zip(manifest.layers)
            .filter(|(_, l)| l.len() <= LAYERS_MAX)
            .ok_or_else(wrong)?;
        let text = self.checked(&config)?;
        let layers = layers
            .into_iter()
            .map(|layer| Ok((self.blob_name(&layer.digest)?, Some((layer.digest, layer.size)))));
        let layers = layers.collect::<Result<Vec<_>, ReadError>>()?;
        with_config(image_name, &self.blob_name(&config.digest)?, &text, layers, self.options)
    }

    /// The only manifest, or the one with the tag and for the machine. Attestations, which some
    /// builders put beside images, are for no machine that there is.
    fn choose(
        &self,
        mut manifests: Vec<Descriptor>,
        tag: Option<&str>,
    ) -> Result<Descriptor, ReadError> {
        let tags: Vec<String> =
            manifests.iter().filter_map(|one| one.tag().map(str::to_owned)).collect();
        if let Some(tag) = tag {
            let named = named(tag, &tags)?.to_owned();
            manifests.retain(|manifest| manifest.tag() == Some(&named));
        }
        if manifests.len() > 1 {
            let wanted = self.options.architecture.unwrap_or(ARCHITECTURE);
            let mut found = BTreeSet::new();
            let mut suitable = Vec::new();
            for manifest in manifests {
                match self.architecture(&manifest)? {
                    Some(other) if other != wanted => drop(found.insert(other)),
                    _ => suitable.push(manifest),
                }
            }
            if suitable.is_empty() {
                let (architecture, found) = (wanted.to_owned(), found.into_iter().collect());
                return Err(ReadError::NoPlatform { architecture, found });
            }
            manifests = suitable;
        }
        let tags: BTreeMap<&str, &str> =
            manifests.iter().filter_map(|one| Some((one.digest.as_str(), one.tag()?))).collect();
        if tags.len() > 1 {
            let mut tags: Vec<String> = tags.into_values().map(str::to_owned).collect();
            tags.sort();
            return Err(ReadError::Several { tags });
        }
        let nothing = || ReadError::Document { name: layout::INDEX.to_owned(), what: "index" };
        manifests.into_iter().next().ok_or_else(nothing)
    }

    /// The machine that an entry of an index is for; `None` for an index, and where nothing says it.
    /// Many tools say it in the configuration only.
    fn architecture(&self, entry: &Descriptor) -> Result<Option<String>, ReadError> {
        if let Some(platform) = &entry.platform {
            return Ok(Some(platform.architecture.clone()));
        }
        let name = self.blob_name(&entry.digest)?;
        let manifest: Manifest = parse(&self.checked(entry)?, &name, "manifest")?;
        let Some(config) = manifest.config else { return Ok(None) };
        let text = self.checked(&config)?;
        // What is no image has something else there.
        Ok(serde_json::from_slice::<Config>(&text).ok().and_then(|config| config.architecture))
    }

    /// A document by its descriptor.
    fn checked(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ReadError> {
        let name = self.blob_name(&descriptor.digest)?;
        let bytes = document(self.files, &name, self.options)?
            .ok_or_else(|| ReadError::Missing { name: name.clone() })?;
        let found = Blob::of(&bytes);
        if found.reference() == descriptor.digest && found.size == descriptor.size {
            return Ok(bytes);
        }
        let (expected, found) = (descriptor.digest.clone(), found.reference());
        Err(ReadError::Mismatch { name, what: "digest", expected, found })
    }

    /// The file of a blob. Digests come from documents, so they are no paths before they are checked.
    fn blob_name(&self, digest: &str) -> Result<String, ReadError> {
        let hex = digest.strip_prefix("sha256:").filter(|hex| {
            hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        });
        let wrong = || ReadError::Document { name: digest.to_owned(), what: "digest" };
        Ok(format!("{}{}", self.directory, hex.ok_or_else(wrong)?))
    }
}

/// The name that is meant: of a whole reference its last words are enough.
fn named<'t>(tag: &str, tags: &'t [String]) -> Result<&'t str, ReadError> {
    let is_end =
        |name: &&String| name.strip_suffix(tag).is_some_and(|rest| rest.ends_with([':', '/']));
    let mut ends = tags.iter().filter(is_end);
    let found = tags.iter().find(|name| *name == tag).or_else(|| ends.next());
    let tags = || tags.to_vec();
    found.map(String::as_str).ok_or_else(|| ReadError::NoTag { tag: tag.to_owned(), tags: tags() })
}

fn of_saved(
    files: &dyn Files,
    list: &[u8],
    options: &ReadOptions<'_>,
) -> Result<Described, ReadError> {
    let name = docker::LIST;
    let mut images: Vec<Saved> = parse(list, name, "list")?;
    let tags = |images: &[Saved]| -> Vec<String> {
        images.iter().flat_map(|image| image.repo_tags.iter().flatten().cloned()).collect()
    };
    let all = tags(&images);
    if let Some(tag) = options.tag {
        let tag = named(tag, &all)?;
        images.retain(|image| image.repo_tags.iter().flatten().any(|name| name == tag));
    }
    if images.len() > 1 {
        return Err(ReadError::Several { tags: all });
    }
    let wrong = || ReadError::Document { name: name.to_owned(), what: "list" };
    let image =
        images.into_iter().next().filter(|i| i.layers.len() <= LAYERS_MAX).ok_or_else(wrong)?;
    let text = document(files, &image.config, options)?
        .ok_or_else(|| ReadError::Missing { name: image.config.clone() })?;
    let layers = image.layers.into_iter().map(|layer| (layer, None)).collect();
    let tag = image.repo_tags.and_then(|tags| tags.into_iter().next());
    with_config(tag, &image.config, &text, layers, options)
}

fn with_config(
    image_name: Option<String>,
    config_name: &str,
    text: &[u8],
    layers: Vec<(String, Option<(String, u64)>)>,
    options: &ReadOptions<'_>,
) -> Result<Described, ReadError> {
    let config: Config = parse(text, config_name, "configuration")?;
    if let (Some(wanted), Some(found)) = (options.architecture, config.architecture)
        && wanted != found
    {
        return Err(ReadError::NoPlatform { architecture: wanted.to_owned(), found: vec![found] });
    }
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

fn parse<'t, T: Deserialize<'t>>(
    text: &'t [u8],
    name: &str,
    what: &'static str,
) -> Result<T, ReadError> {
    serde_json::from_slice(text).map_err(|_| ReadError::Document { name: name.to_owned(), what })
}
