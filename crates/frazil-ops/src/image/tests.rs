use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use frazil_image::compress::Compression;
use frazil_image::read::{Limits, ReadOptions};
use frazil_image::sbom;
use frazil_tree::dump::dump;
use serde_json::json;

use super::check::{made_again, read_back};
use super::output::{Format, stream};
use super::{Image, ImageOptions, Located, System, plan, readers};

/// A linked system on disk: a directory as `builtin:link` makes it, and its units beside it.
pub(crate) struct Fixture {
    directory: tempfile::TempDir,
}

pub(crate) const NIX_UNIT: &str = "00bgd045z0d4icpbc2yyz4gx48ak44la-hello-2.12";
pub(crate) const NIX_TEXT: &str = "8r8f8x1ld5b7ybzll13wz9pzd4scx0qv-text";

impl Fixture {
    /// A library, a program that needs it, and a path of a Nix closure.
    pub(crate) fn new() -> Self {
        let fixture = Self { directory: tempfile::tempdir().unwrap() };
        let library = vec![b'l'; 200 << 10];
        let program = b"program".repeat(20 << 10);
        fixture.unit("libc6", "data/usr/lib/libc.so", &library);
        fixture.unit("libc6", "data/usr/lib/os-release", b"ID=debian\nVERSION_ID=\"13\"\n");
        fixture.control(
            "libc6",
            "Package: libc6\nSource: glibc (2.41-1)\nVersion: 2.41-2\nArchitecture: amd64\n",
        );
        fixture.unit("shop", "data/usr/bin/shop", &program);
        fixture.control(
            "shop",
            "Package: shop\nVersion: 1:3\nArchitecture: amd64\nDepends: libc6 (>= 2), awk | mawk\n",
        );
        let sums = format!("{0}  usr/bin/shop\n{0}  usr/share/doc/shop/readme\n", "0".repeat(32));
        fixture.unit("shop", "control/md5sums", sums.as_bytes());
        let copyright = "Format: https://x/copyright-format/1.0/\nLicense: Expat\n";
        fixture.unit("shop", "data/usr/share/doc/shop/copyright", copyright.as_bytes());
        fixture.unit(NIX_UNIT, "bin/hello", b"hello");
        fixture.link("port = 80\n", &library, &program);
        fixture
    }

    fn unit(&self, unit: &str, path: &str, bytes: &[u8]) {
        let place = self.directory.path().join(unit).join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }

    fn control(&self, unit: &str, text: &str) {
        self.unit(unit, "control/control", text.as_bytes());
    }

    /// Writes what the linker would write.
    fn link(&self, configuration: &str, library: &[u8], program: &[u8]) {
        let hex = |bytes: &[u8]| super::digest(bytes).replace("sha256:", "");
        let manifest = format!(
            "dir 755 0:0 - .\n\
             link 0:0 generated bin usr/bin\n\
             dir 755 0:0 - etc\n\
             file 640 0:33 generated etc/shop.conf = \"{}\"\n\
             dir 755 0:0 - nix\n\
             dir 755 0:0 - nix/store\n\
             dir 755 0:0 - nix/store/{NIX_UNIT}\n\
             dir 755 0:0 - nix/store/{NIX_UNIT}/bin\n\
             file 555 0:0 {NIX_UNIT} nix/store/{NIX_UNIT}/bin/hello 5 {} bin/hello\n\
             dir 755 0:0 - usr\n\
             dir 755 0:0 - usr/bin\n\
             file 4755 0:0 shop usr/bin/shop {} {} usr/bin/shop\n\
             hard usr/bin/shop-admin usr/bin/shop\n\
             dir 755 0:0 - usr/lib\n\
             file 644 0:0 libc6 usr/lib/libc.so {} {} usr/lib/libc.so\n\
             dir 700 7:7 generated var\n",
            configuration.escape_default(),
            hex(b"hello"),
            program.len(),
            hex(program),
            library.len(),
            hex(library),
        );
        let units: BTreeMap<&str, _> = [
            ("libc6", json!({ "path": "/store/libc6", "root": "/store/libc6/data" })),
            ("shop", json!({ "path": "/store/shop", "root": "/store/shop/data" })),
            (NIX_UNIT, json!({ "path": format!("/store/{NIX_UNIT}"), "root": format!("/store/{NIX_UNIT}") })),
        ]
        .into();
        let image = json!({ "name": "shop", "tag": "1", "ports": [80, "53/udp"], "user": "7:7", "created": 86_400 });
        let toplevel = self.toplevel();
        fs::create_dir_all(&toplevel).unwrap();
        fs::write(toplevel.join("manifest"), manifest).unwrap();
        fs::write(toplevel.join("units.json"), json!(units).to_string()).unwrap();
        fs::write(toplevel.join("image.json"), image.to_string()).unwrap();
    }

    /// Has the system say that it has a Nix store with a database, and a file in it that mentions
    /// another one.
    pub(crate) fn with_nix_database(&self) {
        self.add_lines(&format!(
            "dir 755 0:0 - nix/store/{NIX_TEXT}\n\
             file 444 0:0 generated nix/store/{NIX_TEXT}/text = \"see /nix/store/{NIX_UNIT}\"\n\
             link 0:0 generated nix/store/{NIX_TEXT}/link /etc\n"
        ));
        let path = self.toplevel().join("image.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen('{', "{\"nixStore\": \"/nix/store\", ", 1)).unwrap();
    }

    /// Adds a file to the shop that is for administrators to change.
    pub(crate) fn add_setting(&self, path: &str, text: &[u8]) {
        self.unit("shop", &format!("data/{path}"), text);
        let list = format!("remove-on-upgrade /{path}.old\n/{path}\n/etc/shop.conf\n/gone\n");
        self.unit("shop", "control/conffiles", list.as_bytes());
        let digest = super::digest(text).replace("sha256:", "");
        self.add_lines(&format!("file 644 0:0 shop {path} {} {digest} {path}\n", text.len()));
    }

    /// Adds lines to the manifest.
    pub(crate) fn add_lines(&self, lines: &str) {
        let manifest = self.toplevel().join("manifest");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text + lines).unwrap();
    }

    /// Adds a program to the unit of the shop.
    pub(crate) fn add_program(&self, path: &str, bytes: &[u8]) {
        self.unit("shop", &format!("data/{path}"), bytes);
        self.add_lines(&format!("file 755 0:0 shop {path} {} - {path}\n", bytes.len()));
    }

    /// Adds the decisions of a link.
    pub(crate) fn add_ledger(&self, ledger: &frazil_link::Ledger) {
        let file = fs::File::create(self.toplevel().join("ledger")).unwrap();
        let mut file = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut file, &ledger.encode()).unwrap();
        file.finish().unwrap();
    }

    fn toplevel(&self) -> PathBuf {
        self.directory.path().join("toplevel")
    }

    pub(crate) fn system(&self) -> System {
        let locate = |path: &str| {
            let place = self.directory.path().join(path.strip_prefix("/store/")?);
            Some(Located::at(place))
        };
        System::open(&self.toplevel(), &locate).unwrap()
    }
}

pub(crate) fn with_image<R>(
    system: &System,
    options: &ImageOptions,
    work: impl FnOnce(&Image<'_>) -> R,
) -> R {
    let scratch = tempfile::tempdir().unwrap();
    work(&Image::encode(system, options, scratch.path(), &|_| {}).unwrap())
}

/// All files of a directory with their digests.
fn listing(directory: &Path) -> String {
    let mut lines = Vec::new();
    let mut next = vec![directory.to_owned()];
    while let Some(place) = next.pop() {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                next.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().display().to_string();
                lines.push(format!("{name} {}", super::digest(&fs::read(&path).unwrap())));
            }
        }
    }
    lines.sort();
    lines.join("\n")
}

pub(crate) fn read_options(keeps: &dyn Fn(&frazil_tree::TreePath) -> bool) -> ReadOptions<'_> {
    ReadOptions { limits: Limits::default(), architecture: None, tag: None, keeps }
}

#[test]
fn images_made_in_different_places_are_equal() {
    let mut listings = Vec::new();
    let cache = tempfile::tempdir().unwrap();
    for kept_in in [None, Some(cache.path().to_owned()), Some(cache.path().to_owned())] {
        let fixture = Fixture::new();
        let system = fixture.system();
        let options = ImageOptions { cache: kept_in, ..ImageOptions::default() };
        let out = fixture.directory.path().join("image");
        with_image(&system, &options, |image| {
            image.write(Format::Layout, &out).unwrap();
            // What is there is replaced.
            image.write(Format::Layout, &out).unwrap();
            assert_eq!(made_again(image).unwrap(), None);
            assert_eq!(read_back(image, &out).unwrap(), None);
        });
        listings.push(listing(&out));
        let names: Vec<_> = fs::read_dir(fixture.directory.path()).unwrap().collect();
        assert_eq!(names.len(), 5, "nothing is left beside the image");
    }
    assert_eq!(listings[0], listings[1]);
    assert_eq!(listings[0], listings[2]);
}

#[test]
fn all_formats_read_back_as_the_same_tree() {
    let fixture = Fixture::new();
    let system = fixture.system();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let options = ImageOptions { compression: Some(compression), ..ImageOptions::default() };
        with_image(&system, &options, |image| {
            for format in [Format::Layout, Format::LayoutArchive, Format::Docker] {
                let out = fixture.directory.path().join(format!("{format:?}"));
                image.write(format, &out).unwrap();
                assert_eq!(read_back(image, &out).unwrap(), None, "{format:?} {compression}");
            }
        });
    }
    let mut streamed = Vec::new();
    stream(&system, None, &mut streamed).unwrap();
    let written = fs::read(fixture.directory.path().join("Docker")).unwrap();
    assert!(streamed == written, "a stream has the bytes of the archive");
}

#[test]
fn scanners_find_packages() {
    let fixture = Fixture::new();
    let system = fixture.system();
    let out = fixture.directory.path().join("image.tar");
    with_image(&system, &ImageOptions::default(), |image| {
        image.write(Format::LayoutArchive, &out).unwrap();
        let spdx: serde_json::Value =
            serde_json::from_slice(&sbom::spdx(image.inventory())).unwrap();
        let mut shown = String::new();
        for package in spdx["packages"].as_array().unwrap() {
            if let Some(purl) = package["externalRefs"][0]["referenceLocator"].as_str() {
                shown.extend([purl, " ", package["licenseDeclared"].as_str().unwrap(), "\n"]);
            }
        }
        expect![[r#"
            pkg:nix/hello@2.12?outputhash=00bgd045z0d4icpbc2yyz4gx48ak44la NOASSERTION
            pkg:deb/debian/libc6@2.41-2?arch=amd64&distro=debian-13&upstream=glibc%402.41-1 NOASSERTION
            pkg:deb/debian/shop@1:3?arch=amd64&distro=debian-13 MIT
        "#]]
        .assert_eq(&shown);
    });
    let keeps = |path: &frazil_tree::TreePath| path.as_bytes().starts_with(b"var/lib/dpkg");
    let found = readers::read(&out, &read_options(&keeps)).unwrap();
    let text = dump(found.tree());
    let listed: Vec<&str> = text.lines().filter(|line| line.contains("dpkg/status.d/")).collect();
    expect![[r#"
        file 644 0:0 layer-1 var/lib/dpkg/status.d/libc6 = "Package: libc6\nStatus: install ok installed\nSource: glibc (2.41-1)\nVersion: 2.41-2\nArchitecture: amd64\n"
        file 644 0:0 layer-1 var/lib/dpkg/status.d/libc6.md5sums = ""
        file 644 0:0 layer-2 var/lib/dpkg/status.d/shop = "Package: shop\nStatus: install ok installed\nVersion: 1:3\nArchitecture: amd64\n"
        file 644 0:0 layer-2 var/lib/dpkg/status.d/shop.md5sums = "00000000000000000000000000000000  usr/bin/shop\n""#]]
    .assert_eq(&listed.join("\n"));
}

#[test]
fn a_change_of_configuration_is_one_small_layer() {
    let fixture = Fixture::new();
    let digests = |system: &System| {
        with_image(system, &ImageOptions::default(), |image| {
            plan::planned(image, &|_| false)
                .into_iter()
                .map(|layer| (layer.units.join(" "), layer.digest, layer.bytes))
                .collect::<Vec<_>>()
        })
    };
    let before = digests(&fixture.system());
    let manifest = fixture.toplevel().join("manifest");
    let text = fs::read_to_string(&manifest).unwrap().replace("port = 80", "port = 81");
    fs::write(&manifest, text).unwrap();
    let after = digests(&fixture.system());
    let changed: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].1.0.as_str(), changed[0].1.2), ("generated", 10));
}

#[test]
fn one_layer_can_hold_all() {
    let fixture = Fixture::new();
    let system = fixture.system();
    let options = ImageOptions { layers_max: NonZeroUsize::new(1), ..ImageOptions::default() };
    let out = fixture.directory.path().join("image");
    with_image(&system, &options, |image| {
        assert_eq!(image.layers().count(), 1);
        image.write(Format::Layout, &out).unwrap();
        assert_eq!(read_back(image, &out).unwrap(), None);
    });
}

#[test]
fn kept_layers_are_used_and_checked() {
    let fixture = Fixture::new();
    let system = fixture.system();
    let cache = fixture.directory.path().join("cache");
    let options = ImageOptions { cache: Some(cache), ..ImageOptions::default() };
    let out = fixture.directory.path().join("image");
    with_image(&system, &options, |_| ());
    // With the units gone only what is kept can be used.
    fs::rename(fixture.directory.path().join("libc6"), fixture.directory.path().join("gone"))
        .unwrap();
    let file = with_image(&system, &options, |image| {
        image.write(Format::Layout, &out).unwrap();
        image.layer_file(image.layers().next().unwrap().1)
    });
    let mut bytes = fs::read(&file).unwrap();
    bytes[100] ^= 1;
    fs::write(&file, bytes).unwrap();
    let before = listing(&out);
    with_image(&system, &options, |image| {
        let error = image.write(Format::Layout, &out).unwrap_err().to_string();
        assert!(error.starts_with("the kept layer `") && error.contains("damaged"), "{error}");
    });
    assert!(!file.exists(), "it is made anew the next time");
    assert_eq!(listing(&out), before, "what was there is as it was");
}

/// What goes wrong leaves nothing under the final name.
#[track_caller]
fn check_failure(prepare: impl FnOnce(&Fixture, &Path), format: Format, expected: Expect) {
    let fixture = Fixture::new();
    let system = fixture.system();
    let folder = fixture.directory.path().join("out");
    fs::create_dir(&folder).unwrap();
    let out = folder.join("image");
    let message = with_image(&system, &ImageOptions::default(), |image| {
        prepare(&fixture, &out);
        crate::causes(&image.write(format, &out).unwrap_err())
    });
    let message = message.replace(&fixture.directory.path().display().to_string(), "");
    expected.assert_eq(&message.replace(&std::process::id().to_string(), "PID"));
    let left: Vec<_> =
        fs::read_dir(&folder).map(|found| found.flatten().collect()).unwrap_or_default();
    assert!(left.iter().all(|entry| entry.path() == out), "{left:?}");
}

#[test]
fn failures_leave_nothing_behind() {
    check_failure(
        |_, out| {
            fs::create_dir(out).unwrap();
            fs::write(out.join("thesis"), "").unwrap();
        },
        Format::Layout,
        expect!["`/out/image` is there already, and is no image"],
    );
    check_failure(
        |_, out| fs::remove_dir(out.parent().unwrap()).unwrap(),
        Format::Docker,
        expect!["cannot create '/out/.image.PID.new': No such file or directory (os error 2)"],
    );
    check_failure(
        |_, out| fs::remove_dir(out.parent().unwrap()).unwrap(),
        Format::Layout,
        expect![
            "cannot create the directory '/out/.image.PID.new': No such file or directory (os error 2)"
        ],
    );
    check_failure(
        |fixture, _| {
            let place = fixture.directory.path().join("shop/data/usr/bin/shop");
            let bytes = fs::read(&place).unwrap();
            fs::write(place, bytes.to_ascii_uppercase()).unwrap();
        },
        Format::Docker,
        expect!["files have changed since their layer was made"],
    );
    check_failure(
        |fixture, _| {
            fs::write(fixture.directory.path().join("shop/data/usr/bin/shop"), "short").unwrap();
        },
        Format::Docker,
        expect!["`/usr/bin/shop` of `shop` has 5 bytes and should have 143360"],
    );
}

#[test]
fn the_first_difference_is_named() {
    let fixture = Fixture::new();
    let system = fixture.system();
    with_image(&system, &ImageOptions::default(), |image| {
        let place = fixture.directory.path().join("shop/data/usr/bin/shop");
        let mut bytes = fs::read(&place).unwrap();
        bytes[1000] = b'!';
        fs::write(&place, bytes).unwrap();
        let difference = made_again(image).unwrap().unwrap();
        expect!["layer 2: byte 2536 of the archive, in `usr/bin/shop`"]
            .assert_eq(&format!("layer {}: {}", difference.layer, difference.what));
    });
}

#[test]
fn a_system_must_be_whole() {
    let fixture = Fixture::new();
    let open = || match System::open(&fixture.toplevel(), &|_| None) {
        Ok(_) => "fine".to_owned(),
        Err(error) => {
            error.to_string().replace(&fixture.directory.path().display().to_string(), "")
        }
    };
    expect!["the unit `00bgd045z0d4icpbc2yyz4gx48ak44la-hello-2.12` of the system is not in the store: /store/00bgd045z0d4icpbc2yyz4gx48ak44la-hello-2.12"].assert_eq(&open());
    fs::write(fixture.toplevel().join("manifest"), "nonsense").unwrap();
    expect!["`/toplevel/manifest` is damaged"].assert_eq(&open());
    fs::remove_file(fixture.toplevel().join("manifest")).unwrap();
    expect!["`/toplevel` is no linked system"].assert_eq(&open());
}
