#![expect(
    clippy::disallowed_methods,
    reason = "the programs that read what we write read it from the disk"
)]

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Origin, Tree, TreePath};

use super::{
    Blob, Healthcheck, LayerBlob, Platform, RunConfig, config, docker, encode_layer, layout,
    manifest,
};
use crate::Timestamp;
use crate::compress::Compression;
use crate::contents::Contents;
use crate::layers::{Layer, Weight, plan};

const TIME: Timestamp = Timestamp(1_709_208_000);

struct NoUnits;

impl Contents for NoUnits {
    fn open(&self, _: &Origin, _: &TreePath) -> io::Result<Box<dyn Read + '_>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn tree() -> Tree {
    let mut tree = Tree::default();
    for (unit, path, bytes) in
        [("base", "usr/lib/libc", 100_000), ("app", "usr/bin/app", 70_000), ("etc!", "etc/app", 3)]
    {
        let leaf = Leaf {
            metadata: Metadata::of_root(Mode::of(0o755)),
            origin: Origin::parse(unit).unwrap(),
            kind: LeafKind::File(File::inline(&vec![b'x'; bytes])),
        };
        tree.insert(TreePath::parse(path.as_bytes()).unwrap(), leaf).unwrap();
    }
    tree
}

fn layers(tree: &Tree) -> Vec<Layer<'_>> {
    let weigh = |unit: &Origin| Weight {
        is_volatile: unit.as_str().ends_with('!'),
        dependents: u32::from(unit.as_str() == "base"),
    };
    plan(tree, NonZeroUsize::new(10).unwrap(), weigh)
}

fn encoded(layer: &Layer<'_>, compression: Compression) -> (LayerBlob, Vec<u8>) {
    let mut bytes = Vec::new();
    let blob = encode_layer(layer, &NoUnits, TIME, compression, &mut bytes).unwrap();
    assert_eq!(blob.blob, Blob::of(&bytes));
    (blob, bytes)
}

fn platform() -> Platform {
    Platform { architecture: "amd64".into(), os: "linux".into() }
}

fn texts<C: FromIterator<String>>(texts: &[&str]) -> C {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn run() -> RunConfig {
    RunConfig {
        user: Some("65534:65534".into()),
        exposed_ports: texts(&["80/tcp"]),
        env: vec!["PATH=/usr/bin".into()],
        entrypoint: texts(&["/init"]),
        cmd: Vec::new(),
        volumes: texts(&["/var/lib/app"]),
        working_dir: None,
        labels: BTreeMap::from([("a".into(), "b".into())]),
        stop_signal: Some("SIGTERM".into()),
        healthcheck: Some(Healthcheck {
            interval: Some(30_000_000_000),
            retries: Some(3),
            ..Healthcheck::of(&texts::<Vec<_>>(&["/init", "healthy"]))
        }),
    }
}

/// A whole image in a layout directory, as `skopeo` and others read it.
fn write_layout(to: &Path, compression: Compression) -> Blob {
    let tree = tree();
    let mut blobs: Vec<(Blob, Vec<u8>)> = Vec::new();
    let mut named = Vec::new();
    for layer in layers(&tree) {
        let (layer_blob, bytes) = encoded(&layer, compression);
        named.push((layer.units[0].to_string(), layer_blob));
        blobs.push((layer_blob.blob, bytes));
    }
    let config = config(&platform(), &run(), &named, TIME);
    let only_layers: Vec<LayerBlob> = named.iter().map(|(_, layer)| *layer).collect();
    let manifest = manifest(&Blob::of(&config), &only_layers, &BTreeMap::new());
    let manifest_blob = Blob::of(&manifest);
    blobs.push((Blob::of(&config), config));
    blobs.push((manifest_blob, manifest));
    std::fs::create_dir_all(to.join("blobs/sha256")).unwrap();
    for (blob, bytes) in blobs {
        std::fs::write(to.join(layout::blob_path(&blob)), bytes).unwrap();
    }
    let index = layout::index_of(&manifest_blob, &platform(), "latest");
    std::fs::write(to.join(layout::INDEX), index).unwrap();
    std::fs::write(to.join(layout::MARK), layout::mark()).unwrap();
    manifest_blob
}

#[track_caller]
fn check_json(document: &[u8], expected: Expect) {
    let value: serde_json::Value = serde_json::from_slice(document).unwrap();
    expected.assert_eq(&serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn the_configuration_says_how_to_run() {
    let tree = tree();
    let layers = layers(&tree);
    let (blob, _) = encoded(&layers[2], Compression::None);
    check_json(
        &config(&platform(), &run(), &[("etc".into(), blob)], TIME),
        expect![[r#"
            {
              "architecture": "amd64",
              "config": {
                "Entrypoint": [
                  "/init"
                ],
                "Env": [
                  "PATH=/usr/bin"
                ],
                "ExposedPorts": {
                  "80/tcp": {}
                },
                "Healthcheck": {
                  "Interval": 30000000000,
                  "Retries": 3,
                  "Test": [
                    "CMD",
                    "/init",
                    "healthy"
                  ]
                },
                "Labels": {
                  "a": "b"
                },
                "StopSignal": "SIGTERM",
                "User": "65534:65534",
                "Volumes": {
                  "/var/lib/app": {}
                }
              },
              "created": "2024-02-29T12:00:00Z",
              "history": [
                {
                  "created": "2024-02-29T12:00:00Z",
                  "created_by": "etc"
                }
              ],
              "os": "linux",
              "rootfs": {
                "diff_ids": [
                  "sha256:51a73bc1567eabef5edd15ae5095b9e42eaeb32088ad453b71273651ddcf77ec"
                ],
                "type": "layers"
              }
            }"#]],
    );
}

#[test]
fn days_are_counted_through_leap_years() {
    let check = |seconds: u64, expected: &str| {
        let config = config(&platform(), &RunConfig::default(), &[], Timestamp(seconds));
        let value: serde_json::Value = serde_json::from_slice(&config).unwrap();
        assert_eq!(value["created"], expected);
    };
    check(0, "1970-01-01T00:00:00Z");
    check(951_782_400, "2000-02-29T00:00:00Z");
    check(951_868_799, "2000-02-29T23:59:59Z");
    check(951_868_800, "2000-03-01T00:00:00Z");
    check(4_107_542_400, "2100-03-01T00:00:00Z");
    check(4_107_456_000, "2100-02-28T00:00:00Z");
    check(1_798_761_599, "2026-12-31T23:59:59Z");
}

#[test]
fn an_unchanged_unit_is_an_unchanged_layer() {
    let (first, second) = (tree(), tree());
    let mut third = tree();
    let leaf = Leaf {
        metadata: Metadata::of_root(Mode::of(0o600)),
        origin: Origin::parse("etc!").unwrap(),
        kind: LeafKind::File(File::inline(b"changed")),
    };
    third.insert(TreePath::parse(b"etc/other").unwrap(), leaf).unwrap();
    let digests = |tree: &Tree| -> Vec<String> {
        let layers = layers(tree);
        layers.iter().map(|layer| encoded(layer, Compression::Gzip).0.blob.reference()).collect()
    };
    assert_eq!(digests(&first), digests(&second));
    assert_eq!(digests(&first)[..2], digests(&third)[..2]);
    assert_ne!(digests(&first)[2], digests(&third)[2]);
}

/// Whether a program is here; without it a test says so and ends.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("skipped: there is no {program}");
    }
    found
}

#[test]
fn skopeo_reads_the_layout_and_the_archive() {
    if !has("skopeo") {
        return;
    }
    for compression in [Compression::None, Compression::Gzip] {
        let dir = tempfile::tempdir().unwrap();
        let manifest = write_layout(dir.path(), compression);
        let image = format!("oci:{}:latest", dir.path().display());
        let copy = format!("dir:{}", dir.path().join("copy").display());
        let output = Command::new("skopeo").args(["copy", "--quiet", &image, &copy]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let copied = std::fs::read(dir.path().join("copy/manifest.json")).unwrap();
        assert_eq!(Blob::of(&copied), manifest);
    }

    let dir = tempfile::tempdir().unwrap();
    let tree = tree();
    let layers = layers(&tree);
    let blobs: Vec<LayerBlob> =
        layers.iter().map(|layer| encoded(layer, Compression::None).0).collect();
    let named: Vec<(String, LayerBlob)> = blobs.iter().map(|blob| ("x".into(), *blob)).collect();
    let config = config(&platform(), &run(), &named, TIME);
    let with_archives: Vec<(&Layer<'_>, Blob)> =
        layers.iter().zip(blobs.iter().map(|blob| blob.archive)).collect();
    let mut archive = Vec::new();
    docker::write("app:latest", &config, &with_archives, &NoUnits, TIME, &mut archive).unwrap();
    let file = dir.path().join("image.tar");
    std::fs::write(&file, archive).unwrap();
    let image = format!("docker-archive:{}", file.display());
    let output = Command::new("skopeo").args(["inspect", "--config", &image]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["config"]["StopSignal"], "SIGTERM");
}
