//! The documents of an image: its configuration, its manifest, the index of several.
//!
//! They are JSON, and their bytes are what digests are taken of: keys stand in the order in which
//! the specification lists them, and what has no value is absent.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Blob, LayerBlob};
use crate::Timestamp;

/// The media types of image-spec 1.1.
pub mod media_type {
    /// A manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An index of manifests.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// The configuration of an image.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// A layer; the compression is appended.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
}

/// The machine that an image is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Platform {
    /// As Go names it: `amd64`, `arm64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
}

/// How an engine runs an image, unless its user says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunConfig {
    /// A user, or `uid:gid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `80/tcp`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", serialize_with = "as_keys")]
    pub exposed_ports: BTreeSet<String>,
    /// `NAME=value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The program, and arguments that stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Arguments that a user may replace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// Directories with state.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", serialize_with = "as_keys")]
    pub volumes: BTreeSet<String>,
    /// Where the program starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Names and values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What asks the program to stop: `SIGTERM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// How an engine finds out whether the program is well. Docker's, not in the specification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
}

/// A command that ends with 0 while all is well. Docker's addition to the specification; what is
/// not said is left to the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `CMD`, then the command.
    pub test: Vec<String>,
    /// Nanoseconds from one check to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// Nanoseconds that a check may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Nanoseconds after the start in which failures do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_period: Option<u64>,
    /// Failures in a row that count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

impl Healthcheck {
    /// A check by this command.
    pub fn of(command: &[String]) -> Self {
        let test = ["CMD".to_owned()].into_iter().chain(command.iter().cloned()).collect();
        Self { test, interval: None, timeout: None, start_period: None, retries: None }
    }
}

/// A reference to a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    pub media_type: String,
    /// `sha256:` and hexadecimal digits.
    pub digest: String,
    /// Bytes in the blob.
    pub size: u64,
    /// In an index: the machine that the image is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// What else is said about it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// A reference without more to it.
    pub fn of(media_type: &str, blob: &Blob) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: blob.reference(),
            size: blob.size,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    /// A reference to a layer.
    pub fn of_layer(layer: &LayerBlob) -> Self {
        let suffix = layer.compression.media_type_suffix();
        Self::of(&format!("{}{suffix}", media_type::LAYER), &layer.blob)
    }
}

#[derive(Serialize)]
struct Config<'c> {
    created: String,
    architecture: &'c str,
    os: &'c str,
    #[serde(rename = "config")]
    run: &'c RunConfig,
    rootfs: RootFs,
    history: Vec<History>,
}

#[derive(Serialize)]
struct RootFs {
    r#type: &'static str,
    diff_ids: Vec<String>,
}

#[derive(Serialize)]
struct History {
    created: String,
    created_by: String,
}

/// The configuration of an image. Each layer comes with a word about what is in it.
pub fn config(
    platform: &Platform,
    run: &RunConfig,
    layers: &[(String, LayerBlob)],
    time: Timestamp,
) -> Vec<u8> {
    let created = date_time(time);
    json(&Config {
        created: created.clone(),
        architecture: &platform.architecture,
        os: &platform.os,
        run,
        rootfs: RootFs {
            r#type: "layers",
            diff_ids: layers.iter().map(|(_, layer)| layer.archive.reference()).collect(),
        },
        history: layers
            .iter()
            .map(|(name, _)| History { created: created.clone(), created_by: name.clone() })
            .collect(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'m> {
    schema_version: u8,
    media_type: &'static str,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'m BTreeMap<String, String>,
}

/// The manifest of an image.
pub fn manifest(
    config: &Blob,
    layers: &[LayerBlob],
    annotations: &BTreeMap<String, String>,
) -> Vec<u8> {
    json(&Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST,
        config: Descriptor::of(media_type::CONFIG, config),
        layers: layers.iter().map(Descriptor::of_layer).collect(),
        annotations,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'i> {
    schema_version: u8,
    media_type: &'static str,
    manifests: &'i [Descriptor],
}

/// An index of manifests.
pub fn index(manifests: &[Descriptor]) -> Vec<u8> {
    json(&Index { schema_version: 2, media_type: media_type::INDEX, manifests })
}

/// Of documents whose keys are all texts, which is all that writing JSON can fail on.
pub(super) fn json(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("the keys of the documents are texts")
}

/// As [`json`], for documents that people read, too.
pub(crate) fn pretty(document: &impl Serialize) -> Vec<u8> {
    let mut text =
        serde_json::to_vec_pretty(document).expect("the keys of the documents are texts");
    text.push(b'\n');
    text
}

/// RFC 3339, in UTC.
pub fn date_time(time: Timestamp) -> String {
    let (days, seconds) = (time.0 / 86_400, time.0 % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day, so many days after 1970-01-01. Years are counted from March, so that the
/// leap day is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // From 0000-03-01.
    let days = days + 719_468;
    let (era, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// A set as the specification writes it: an object whose values are all `{}`.
fn as_keys<S: Serializer>(set: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Empty {}
    let mut object = serializer.serialize_map(Some(set.len()))?;
    for key in set {
        object.serialize_entry(key, &Empty {})?;
    }
    object.end()
}
