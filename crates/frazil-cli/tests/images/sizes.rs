//! How large images are: what `README.md` says, and never more.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::world::{World, program, run, world};

/// Compressed, with all that an image layout holds.
const STORED_BYTES_MAX: &[(&str, u64)] = &[
    ("nginx", 5_700_000),
    ("redis", 8_600_000),
    ("postgresql", 35_000_000),
    ("python3", 14_500_000),
];
/// The files of the root, of which the tools of Nix are almost all.
const UNPACKED_BYTES_MAX: &[(&str, u64)] = &[("nix-alone", 58_000_000), ("nix-tools", 125_000_000)];
/// What comes with one static program, compressed as that is: an init and how it starts the program, tables of
/// the network that the program reads, lists of packages, licences.
const WITH_PROGRAM_BYTES_MAX: u64 = 100_000;
/// The same of an application, which has no init.
const WITH_APPLICATION_BYTES_MAX: u64 = 30_000;
/// Beside a program, its layer has its licence and its entry in the list of packages.
const IN_LAYER_BYTES_MAX: u64 = 2_000;
/// What an archive of layers has more than the bytes of the linked files, of these: headers, directories, lists of
/// packages, what is generated in `/etc`. Each file takes half a block and a header, and Python has many small ones.
const METADATA_SHARES: &[(&str, f64)] = &[
    ("nginx", 0.02),
    ("redis", 0.02),
    ("postgresql", 0.02),
    ("python3", 0.04),
    ("nix-alone", 0.02),
];
/// The same share when both are compressed, where it is largest.
const STORED_METADATA_SHARE: (&str, f64) = ("python3", 0.02);

/// The sizes of all blobs of a layout, the largest last.
fn blobs(layout: &Path) -> Vec<u64> {
    let blobs = fs::read_dir(layout.join("blobs/sha256")).unwrap();
    let mut sizes: Vec<u64> = blobs.map(|blob| blob.unwrap().metadata().unwrap().len()).collect();
    sizes.sort_unstable();
    sizes
}

fn stored_bytes(world: &World, system: &str) -> u64 {
    blobs(&world.image(system)).iter().sum()
}

fn unpacked_bytes(world: &World, system: &str) -> u64 {
    let weights = run(world.frazil().args(["audit", "size", "--json"]).arg(world.image(system)));
    let weights: Value = serde_json::from_str(&weights).unwrap();
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

#[test]
fn a_static_program_is_almost_all_of_its_image() {
    let Some(world) = world() else { return };
    let place = world.scratch();
    let application = place.path().join("application");
    let mut build = world.frazil();
    run(build.args(["build", "./systems#application.layout", "--out-link"]).arg(&application));
    for (layout, limit) in [
        (world.image("static-files"), WITH_PROGRAM_BYTES_MAX),
        (application, WITH_APPLICATION_BYTES_MAX),
    ] {
        let sizes = blobs(&layout);
        let (program, others) = sizes.split_last().unwrap();
        let others: u64 = others.iter().sum();
        println!("{}: {program} bytes and {others} more", layout.display());
        assert!(others + IN_LAYER_BYTES_MAX <= limit, "{others} bytes beside the program");
    }
}

/// The files of the layers of a layout, the lowest first.
fn layers(layout: &Path) -> Vec<PathBuf> {
    let document =
        |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let place = |descriptor: &Value| {
        layout.join("blobs").join(descriptor["digest"].as_str().unwrap().replace(':', "/"))
    };
    let index = document(&layout.join("index.json"));
    let manifest = document(&place(&index["manifests"][0]));
    manifest["layers"].as_array().unwrap().iter().map(place).collect()
}

/// Bytes of the archives in layers, and of the linked files in them, after a filter.
fn archived_and_linked_bytes(layers: &[PathBuf], filter: &str) -> [u64; 2] {
    let measure = |layers: &[PathBuf], command: &str| -> u64 {
        let script = format!("for layer; do {command} | {filter}; done | wc -c");
        run(program("sh").args(["-euc", &script, "sh"]).args(layers)).trim().parse().unwrap()
    };
    let contents = "tar -xzOf $layer --exclude=var/lib/dpkg --exclude=nix/var";
    // The last one is what was generated for this system.
    let (_, linked) = layers.split_last().unwrap();
    [measure(layers, "gzip -dc $layer"), measure(linked, contents)]
}

#[test]
fn metadata_costs_little() {
    let Some(world) = world() else { return };
    let unpacked = METADATA_SHARES.iter().map(|limit| (limit, "cat"));
    for ((system, limit), filter) in unpacked.chain([(&STORED_METADATA_SHARE, "gzip -9")]) {
        let [archived, linked] = archived_and_linked_bytes(&layers(&world.image(system)), filter);
        let share = (archived - linked) as f64 / linked as f64;
        println!("{system}, {filter}: {archived} bytes, of which {linked} linked: {share:.4}");
        assert!((0.0..=*limit).contains(&share), "{system}: {share}");
    }
}
