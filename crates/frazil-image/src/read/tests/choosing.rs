//! Which of several images is read, and what is no image.

use expect_test::{Expect, expect};
use frazil_tree::dump::dump;
use serde_json::{Value, json};

use super::{Layout, archive, options, shown};
use crate::oci::Blob;
use crate::read::{ReadOptions, image, root};

/// An image with one file, `etc/name`, and no word about its machine in the index.
fn manifest(layout: &mut Layout, tag: &str, architecture: &str) -> Value {
    let bytes = archive(&format!("f etc/name {tag}"));
    let diff_ids = [Blob::of(&bytes).reference()];
    let layer = layout.blob(bytes);
    let config = json!({ "architecture": architecture, "rootfs": { "diff_ids": diff_ids } });
    let config = layout.blob(config.to_string().into_bytes());
    let manifest = json!({ "config": config, "layers": [layer] });
    let mut descriptor = layout.blob(manifest.to_string().into_bytes());
    descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
    descriptor
}

fn layout(images: &[(&str, &str)]) -> Layout {
    let mut layout = Layout::default();
    let manifests: Vec<Value> =
        images.iter().map(|(tag, machine)| manifest(&mut layout, tag, machine)).collect();
    let index = json!({ "manifests": manifests });
    layout.0.insert("index.json".to_owned(), index.to_string().into_bytes());
    layout
}

/// What `docker save` makes of images.
fn saved(images: &[&str]) -> Layout {
    let mut layout = Layout::default();
    let list = images.iter().map(|tag| {
        let bytes = archive(&format!("f etc/name {tag}"));
        let config = json!({ "rootfs": { "diff_ids": [Blob::of(&bytes).reference()] } });
        layout.0.insert(format!("{tag}.json"), config.to_string().into_bytes());
        layout.0.insert(format!("{tag}.tar"), bytes);
        let (config, layers) = (format!("{tag}.json"), [format!("{tag}.tar")]);
        json!({ "Config": config, "RepoTags": [tag], "Layers": layers })
    });
    let list = Value::Array(list.collect());
    layout.0.insert("manifest.json".to_owned(), list.to_string().into_bytes());
    layout
}

/// The text of `etc/name`, or why there is none. Choices: `TAG`, `/MACHINE`, `TAG/MACHINE`.
#[track_caller]
fn check(layout: &Layout, choices: &str, expected: Expect) {
    let mut said = String::new();
    for choice in choices.split(' ') {
        let (tag, machine) = choice.split_once('/').unwrap_or((choice, ""));
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let (tag, architecture) = (given(tag), given(machine));
        let found = match image(layout, &ReadOptions { architecture, tag, ..options() }) {
            Ok(image) => {
                let text = dump(&image.tree);
                text.split('"').nth(1).unwrap_or_default().to_owned()
            }
            Err(error) => format!("{error} | {}", error.help().unwrap_or("-")),
        };
        said.extend([choice, ": ", &found, "\n"]);
    }
    expected.assert_eq(&said);
}

#[test]
fn tags_and_machines_choose() {
    let one = layout(&[("one", "arm64")]);
    check(
        &one,
        "/ one two /arm64 /amd64",
        expect![[r#"
            /: one
            one: one
            two: there is no image `two`, only `one` | name one of them behind the file or directory: IMAGE:TAG
            /arm64: one
            /amd64: there is no image for `amd64`, only for `arm64` | choose a machine with --architecture
        "#]],
    );
    let several = layout(&[("one", "amd64"), ("two", "amd64"), ("three", "arm64")]);
    check(
        &several,
        "/ one two three /arm64 two/arm64 /s390x",
        expect![[r#"
            /: there are several images: `one`, `two` | name one of them behind the file or directory: IMAGE:TAG
            one: one
            two: two
            three: three
            /arm64: three
            two/arm64: there is no image for `arm64`, only for `amd64` | choose a machine with --architecture
            /s390x: there is no image for `s390x`, only for `amd64`, `arm64` | choose a machine with --architecture
        "#]],
    );
    let hostile = layout(&[("a\u{1b}[31m", "x"), ("b", "\u{1b}[31m")]);
    check(
        &hostile,
        "/ c",
        expect![[r#"
            /: there is no image for `amd64`, only for `\u{1b}[31m`, `x` | choose a machine with --architecture
            c: there is no image `c`, only `a\u{1b}[31m`, `b` | name one of them behind the file or directory: IMAGE:TAG
        "#]],
    );
}

#[test]
fn tags_choose_among_saved_images() {
    check(
        &saved(&["shop:1", "shop:2"]),
        "/ shop:1 2 3",
        expect![[r#"
            /: there are several images: `shop:1`, `shop:2` | name one of them behind the file or directory: IMAGE:TAG
            shop:1: shop:1
            2: shop:2
            3: there is no image `3`, only `shop:1`, `shop:2` | name one of them behind the file or directory: IMAGE:TAG
        "#]],
    );
}

/// What skopeo calls a `dir:`: blobs are named by their digests alone.
#[test]
fn directories_of_blobs_are_images() {
    let mut layout = Layout::default();
    let descriptor = manifest(&mut layout, "one", "amd64");
    let hex = |name: &str| name.trim_start_matches("blobs/sha256/").to_owned();
    let mut plain = Layout(layout.0.into_iter().map(|(name, bytes)| (hex(&name), bytes)).collect());
    let name = descriptor["digest"].as_str().unwrap().trim_start_matches("sha256:");
    let bytes = plain.0.remove(name).unwrap();
    plain.0.insert("manifest.json".to_owned(), bytes);
    check(
        &plain,
        "/",
        expect![[r#"
        /: one
    "#]],
    );
}

#[test]
fn says_what_to_do_with_other_compressions() {
    let mut said = String::new();
    for start in [&b"\xfd7zXZ\0rest"[..], b"BZh9rest"] {
        let error = root(&mut &start[..], &options()).unwrap_err();
        said.extend([&shown(Err(error)), "\n"]);
    }
    let error = root(&mut &b"BZh9"[..], &options()).unwrap_err();
    said.extend(error.help());
    expect![[r#"
        cannot read `archive`: it is compressed with xz
        cannot read `archive`: it is compressed with bzip2
        decompress it first, with `xz -d` or `bunzip2`"#]]
    .assert_eq(&said);
}
