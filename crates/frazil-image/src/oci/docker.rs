//! The archive that `docker load` takes: layers and configuration in one tar, and a list of them.
//!
//! Layers stand in it uncompressed, as Docker itself writes them.

use std::io::Write;

use serde::Serialize;

use super::document::json;
use super::{Blob, Digesting, write_archive};
use crate::Timestamp;
use crate::contents::{Contents, EncodeError};
use crate::layers::Layer;
use crate::tar::Writer;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

/// The file that lists the images.
pub const LIST: &str = "manifest.json";

/// The list of one image, of which the files are named.
pub fn list(name: &str, config: &str, layers: &[String]) -> Vec<u8> {
    json(&[Image {
        config: config.to_owned(),
        repo_tags: vec![name.to_owned()],
        layers: layers.to_vec(),
    }])
}

/// Writes an image as an archive. `config` is its configuration, and each layer comes with its
/// archive, whose size is needed before its bytes.
pub fn write(
    name: &str,
    config: &[u8],
    layers: &[(&Layer<'_>, Blob)],
    contents: &dyn Contents,
    time: Timestamp,
    out: &mut dyn Write,
) -> Result<(), EncodeError> {
    let config_name = format!("{}.json", Blob::of(config).hex());
    let layer_name = |archive: &Blob| format!("{}.tar", archive.hex());
    let names: Vec<String> = layers.iter().map(|(_, archive)| layer_name(archive)).collect();
    let list = list(name, &config_name, &names);
    let mut writer = Writer::new(out, time);
    for (layer, archive) in layers {
        writer.file_from(layer_name(archive).as_bytes(), archive.size, |out| {
            let mut digesting = Digesting::new(out);
            write_archive(layer, contents, time, &mut digesting)?;
            let is_same = digesting.finish().1 == *archive;
            is_same.then_some(()).ok_or(EncodeError::Changed)
        })?;
    }
    writer.file(config_name.as_bytes(), 0o444, config)?;
    writer.file(LIST.as_bytes(), 0o444, &list)?;
    writer.finish()
}
