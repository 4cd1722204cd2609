//! How an image is cut into layers, and what of it somebody has already.

use std::num::NonZeroUsize;

use frazil_image::layers::{self, Layer};
use frazil_image::oci::{Blob, LayerBlob};
use frazil_model::StorePath;
use serde::Serialize;

use super::{Image, System};

/// Units that are named in the title of a layer; more are counted.
const NAMED_MAX: usize = 3;

/// A layer, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedLayer {
    /// The units with files in it.
    pub units: Vec<String>,
    /// Entries of its archive.
    pub entries: usize,
    /// Bytes in its files.
    pub bytes: u64,
    /// Bytes as it is sent.
    pub stored_bytes: u64,
    /// As it is sent.
    pub digest: String,
    /// Whether a push would have to send it.
    pub is_missing: bool,
}

/// The layers of a system.
pub fn layers(system: &System, layers_max: Option<NonZeroUsize>) -> Vec<Layer<'_>> {
    let declared = NonZeroUsize::new(usize::from(system.presentation.layers.max));
    let layers_max = layers_max.or(declared).unwrap_or(NonZeroUsize::MIN);
    layers::plan(&system.tree, layers_max, |unit| system.weigh(unit))
}

/// What the history of an image says about a layer.
pub(super) fn title(layer: &Layer<'_>) -> String {
    let named = layer.units.iter().take(NAMED_MAX).map(|unit| short(unit.as_str()));
    let named = named.collect::<Vec<_>>().join(", ");
    match layer.units.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// A store path without its digest.
pub fn short(unit: &str) -> &str {
    match unit.split_once('-') {
        Some((_, name)) if unit.parse::<StorePath>().is_ok() => name,
        Some(_) | None => unit,
    }
}

/// The layers of an image. `has` says whether a blob need not be sent.
pub fn planned(image: &Image<'_>, has: &dyn Fn(&Blob) -> bool) -> Vec<PlannedLayer> {
    let planned = image.layers().map(|(layer, LayerBlob { blob, .. })| PlannedLayer {
        units: layer.units.iter().map(|unit| unit.as_str().to_owned()).collect(),
        entries: layer.entries.len(),
        bytes: layer.bytes,
        stored_bytes: blob.size,
        digest: blob.reference(),
        is_missing: !has(blob),
    });
    planned.collect()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn only_store_paths_have_a_digest() {
        assert_eq!(short("00bgd045z0d4icpbc2yyz4gx48ak44la-hello-2.12"), "hello-2.12");
        // A version of 32 characters before its dash.
        let package = "libxml2_2.12.7+dfsg+really2.9.14-2.1";
        assert_eq!(short(package), package);
    }
}
