use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use frazil_tree::dump::dump;

use super::{Found, read};
use crate::image::output::Format;
use crate::image::tests::{Fixture, read_options, with_image};
use crate::image::{Image, ImageOptions};

fn found(path: &Path) -> Result<Found, String> {
    read(path, &read_options(&|_| false)).map_err(|error| crate::causes(&error))
}

/// The name that the documents of an image give it.
#[track_caller]
fn check(path: &Path, expected: Result<&str, &str>) {
    let name = found(path).map(|found| match found {
        Found::Image(image) => image.name.unwrap_or_default(),
        Found::Root(_) => "a root".to_owned(),
    });
    assert_eq!(name.as_deref().map_err(String::as_str), expected, "{}", path.display());
}

fn compressed(path: &Path, with: &str) -> PathBuf {
    let bytes = fs::read(path).unwrap();
    let bytes = if with == "gz" {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap()
    } else {
        zstd::encode_all(&bytes[..], 1).unwrap()
    };
    let path = path.with_extension(with);
    fs::write(&path, bytes).unwrap();
    path
}

fn with_written(work: impl FnOnce(&Image<'_>, &Path)) {
    let fixture = Fixture::new();
    let place = tempfile::tempdir().unwrap();
    let system = fixture.system();
    with_image(&system, &ImageOptions::default(), |image| work(image, place.path()));
}

#[test]
fn compressed_archives_are_what_is_in_them() {
    with_written(|image, place| {
        for format in [Format::Docker, Format::LayoutArchive] {
            let path = place.join("image.tar");
            image.write(format, &path).unwrap();
            for with in ["gz", "zst"] {
                let compressed = compressed(&path, with);
                check(&compressed, Ok("shop:1"));
                let trees = [&path, &compressed].map(|path| dump(found(path).unwrap().tree()));
                assert!(trees[0] == trees[1], "{format:?} {with}");
            }
        }
    });
}

#[test]
fn an_image_of_several_is_named_by_its_tag() {
    with_written(|image, place| {
        let layout = place.join("layout");
        image.write(Format::Layout, &layout).unwrap();
        let index = layout.join("index.json");
        let mut images: serde_json::Value =
            serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
        let all = images["manifests"].as_array_mut().unwrap();
        let mut other = all[0].clone();
        other["annotations"]["org.opencontainers.image.ref.name"] = "2".into();
        all.push(other);
        fs::write(&index, images.to_string()).unwrap();
        check(&layout, Ok("1"));
        check(&place.join("layout:2"), Ok("2"));
        check(
            &place.join("layout:3"),
            Err(&format!(
                "cannot read the image `{}`: there is no image `3`, only `1`, `2`",
                layout.display()
            )),
        );
        let saved = place.join("saved.tar");
        image.write(Format::Docker, &saved).unwrap();
        check(&place.join("saved.tar:1"), Ok("shop:1"));
        check(&place.join("saved.tar:shop:1"), Ok("shop:1"));
    });
}

#[test]
fn what_is_no_image_is_called_so() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("file");
    for bytes in [&b""[..], b"root:x:0:0::/:/bin/sh\n", &[b'x'; 600]] {
        fs::write(&path, bytes).unwrap();
        let error = read(&path, &read_options(&|_| false)).unwrap_err();
        assert!(error.help().is_some(), "{error}");
        let said = crate::causes(&error).replace(place.path().to_str().unwrap(), "");
        assert_eq!(said, "`/file` is neither an image nor an archive");
    }
    fs::write(&path, b"BZh9").unwrap();
    let error = read(&path, &read_options(&|_| false)).unwrap_err();
    assert_eq!(error.help(), Some("decompress it first, with `xz -d` or `bunzip2`"));
}
