//! What a change costs: which layers of an image are others than before.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::world::{World, world};

/// What one changed line may cost, compressed.
const CHANGED_BYTES_MAX: u64 = 16 << 10;

/// The digests of the layers of an image, and their bytes.
fn layers(layout: &Path) -> BTreeSet<(String, u64)> {
    let document =
        |path: &Path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let index = document(&layout.join("index.json"));
    let digest = index["manifests"][0]["digest"].as_str().unwrap().trim_start_matches("sha256:");
    let manifest = document(&layout.join("blobs/sha256").join(digest));
    let layers = manifest["layers"].as_array().unwrap().iter();
    let layer =
        |layer: &Value| Some((layer["digest"].as_str()?.to_owned(), layer["size"].as_u64()?));
    layers.map(|found| layer(found).unwrap()).collect()
}

/// The one layer that a system has and another has not, in bytes.
#[track_caller]
fn only_change(world: &World, before: &str, after: &str) -> u64 {
    let (before, after) = (layers(&world.image(before)), layers(&world.image(after)));
    let changed: Vec<_> = after.difference(&before).collect();
    let [(_, bytes)] = changed.as_slice() else { panic!("{changed:?}") };
    *bytes
}

#[test]
fn a_changed_line_is_one_small_layer() {
    let Some(world) = world() else { return };
    for changed in ["nginx-settings", "nginx-account", "nginx-text"] {
        let bytes = only_change(world, "nginx", changed);
        assert!(bytes <= CHANGED_BYTES_MAX, "{changed}: {bytes} bytes");
    }
}

#[test]
fn images_share_what_they_have_in_common() {
    let Some(world) = world() else { return };
    let shared = layers(&world.image("nginx")).intersection(&layers(&world.image("redis"))).count();
    // OpenSSL and its other provider, zlib, zstd, libgcc, the authorities, the init.
    assert!(shared >= 7, "{shared}");
}
