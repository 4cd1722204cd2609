//! How large images are: what `README.md` says, and never more.

use std::fs;

use super::world::{World, run, world};

/// Compressed, with all that an image layout holds.
const STORED_BYTES_MAX: &[(&str, u64)] = &[
    ("nginx", 5_700_000),
    ("redis", 8_600_000),
    ("postgresql", 35_000_000),
    ("python3", 14_500_000),
];
/// The files of the root, of which the tools of Nix are almost all.
const UNPACKED_BYTES_MAX: &[(&str, u64)] = &[("nix-alone", 58_000_000), ("nix-tools", 125_000_000)];

fn stored_bytes(world: &World, system: &str) -> u64 {
    let blobs = fs::read_dir(world.image(system).join("blobs/sha256")).unwrap();
    blobs.map(|blob| blob.unwrap().metadata().unwrap().len()).sum()
}

fn unpacked_bytes(world: &World, system: &str) -> u64 {
    let weights = run(world.frazil().args(["audit", "size", "--json"]).arg(world.image(system)));
    let weights: serde_json::Value = serde_json::from_str(&weights).unwrap();
    weights["total"]["bytes"].as_u64().unwrap()
}

type Measure = fn(&World, &str) -> u64;

#[test]
fn images_are_small() {
    let Some(world) = world() else { return };
    let groups: [(Measure, _); 2] =
        [(stored_bytes, STORED_BYTES_MAX), (unpacked_bytes, UNPACKED_BYTES_MAX)];
    let mut too_large = Vec::new();
    for (measure, limits) in groups {
        for (system, limit) in limits {
            let bytes = measure(world, system);
            println!("{system}: {bytes} bytes, at most {limit}");
            too_large.extend((bytes > *limit).then_some((system, bytes)));
        }
    }
    assert!(too_large.is_empty(), "{too_large:?}");
}
