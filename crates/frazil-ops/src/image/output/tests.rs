use std::fs;
use std::io::Read as _;
use std::path::Path;

use frazil_image::compress::Compression;
use serde_json::{Value, json};

use super::{Format, write_file};
use crate::image::tests::Fixture;
use crate::image::{Image, ImageOptions, layout_has};

/// Writes the image of the fixture, with this tag, as a layout.
fn write(fixture: &Fixture, tag: &str, layout: &Path) {
    let mut system = fixture.system();
    tag.clone_into(&mut system.presentation.tag);
    let scratch = tempfile::tempdir().unwrap();
    let options = ImageOptions { compression: Some(Compression::None), ..ImageOptions::default() };
    let image = Image::encode(&system, &options, scratch.path(), &|_| {}).unwrap();
    image.write(Format::Layout, layout).unwrap();
    assert!(image.layers().all(|(_, layer)| layout_has(layout, &layer.blob)));
}

fn index(layout: &Path) -> Value {
    serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap()
}

fn tags(layout: &Path) -> Vec<Value> {
    let index = index(layout);
    let images = index["manifests"].as_array().unwrap();
    images.iter().map(|image| image["annotations"][super::layout::TAG_ANNOTATION].clone()).collect()
}

#[test]
fn a_layout_keeps_what_others_put_there() {
    let fixture = Fixture::new();
    let place = tempfile::tempdir().unwrap();
    let layout = place.path().join("layout");
    write(&fixture, "1", &layout);
    // Alone in it, the image replaces all of it.
    fs::write(layout.join("blobs/sha256/stale"), "").unwrap();
    write(&fixture, "1", &layout);
    assert!(!layout.join("blobs/sha256/stale").exists());
    write(&fixture, "2", &layout);
    write(&fixture, "1", &layout);
    assert_eq!(tags(&layout), ["1", "2"]);
    // An image without a name, as another program may leave one, and a word about all of them.
    let foreign = json!({ "digest": "sha256:0", "size": 1 });
    let all = json!({ "schemaVersion": 2, "annotations": { "a": "b" }, "manifests": [foreign] });
    fs::write(layout.join("index.json"), all.to_string()).unwrap();
    fs::write(layout.join("notes"), "mine").unwrap();
    write(&fixture, "1", &layout);
    assert_eq!(fs::read(layout.join("notes")).unwrap(), b"mine");
    assert_eq!(index(&layout)["annotations"], json!({ "a": "b" }));
    assert_eq!(tags(&layout), [json!("1"), Value::Null]);
}

/// What is written to a link, a pipe or a device goes where that leads.
#[test]
fn what_is_no_file_is_written_through() {
    let place = tempfile::tempdir().unwrap();
    let [file, link, pipe] = ["file", "link", "pipe"].map(|name| place.path().join(name));
    fs::write(&file, "before").unwrap();
    std::os::unix::fs::symlink("file", &link).unwrap();
    let write = |path: &Path| {
        write_file(path, &mut |out| {
            Ok(out.write_all(b"after").map_err(frazil_image::contents::EncodeError::Write)?)
        })
        .unwrap();
    };
    write(&link);
    assert!(link.is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"after");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            fs::File::open(pipe).unwrap().read_to_end(&mut text).unwrap();
            text
        })
    };
    write(&pipe);
    assert_eq!(reader.join().unwrap(), b"after");
    assert!(!fs::symlink_metadata(&pipe).unwrap().is_file());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3, "no file is left over");
}
