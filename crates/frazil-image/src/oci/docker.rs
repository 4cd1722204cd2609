//! The archive that `docker load` takes: layers and configuration in one tar, and a list of them.
//!
//! Layers stand in it uncompressed, as Docker itself writes them.

use std::io::Write;

use serde::Serialize;

use super::document::json;
use super::{Blob, write_archive};
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
    let list = [Image {
        config: config_name.clone(),
        repo_tags: vec![name.to_owned()],
        layers: layers.iter().map(|(_, archive)| layer_name(archive)).collect(),
    }];
    let mut writer = Writer::new(out, time);
    for (layer, archive) in layers {
        writer.file_from(layer_name(archive).as_bytes(), archive.size, |out| {
            write_archive(layer, contents, time, out)
        })?;
    }
    writer.file(config_name.as_bytes(), 0o444, config)?;
    writer.file(b"manifest.json", 0o444, &json(&list))?;
    writer.finish()
}
