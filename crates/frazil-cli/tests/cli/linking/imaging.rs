//! `frazil image` of a made-up system: what is said of it, and where it goes.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

use expect_test::{Expect, expect};
use serde_json::Value;

use super::{Place, plain};
use crate::{frazil, show};

impl Place {
    /// A linked system, and `frazil image` with these arguments about it.
    fn image(&self, arguments: &[&str], system: &str) -> Command {
        let mut command = frazil(self.0.path());
        command.arg("image").args(arguments).arg(system);
        command.args(["--store", "store"]).env("XDG_CACHE_HOME", self.0.path().join("cache"));
        command
    }
}

fn linked(system: &str) -> Place {
    let place = Place::new();
    let output = place.link(system);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    place
}

#[test]
fn the_image_has_the_places_that_it_names() {
    let place = linked("presented");
    let manifest = String::from_utf8(place.file("presented", "manifest")).expect("text");
    let places = [" data", " etc", " srv", " srv/work", " usr/bin/below-a-link"];
    let lines = manifest.lines().filter(|line| {
        line.starts_with("dir ") && places.iter().any(|place| line.ends_with(place))
    });
    expect![[r#"
        dir 755 1000:100 generated data
        dir 755 0:0 generated etc
        dir 755 0:0 - srv
        dir 755 1000:100 generated srv/work"#]]
    .assert_eq(&lines.collect::<Vec<_>>().join("\n"));
    let output =
        place.image(&["oci", "-o", "layout", "--json"], "presented").output().expect("run");
    assert!(output.status.success(), "{}", show(&output, place.0.path()));
    let layout = place.0.path().join("layout");
    let read = |path: &str| -> Value {
        serde_json::from_slice(&fs::read(layout.join(path)).expect("read")).expect("JSON")
    };
    let blob = |digest: &Value| {
        read(&format!("blobs/{}", digest.as_str().unwrap_or_default().replace(':', "/")))
    };
    let manifest = blob(&read("index.json")["manifests"][0]["digest"]);
    let config = &blob(&manifest["config"]["digest"])["config"];
    expect![[r#"
        "/srv/work" "SIGQUIT" {"Interval":1500000000,"Retries":2,"Test":["CMD","/nix/store/app-1.0/bin/app"]}
    "#]].assert_eq(&plain(&format!(
        "{} {} {}\n",
        config["WorkingDir"], config["StopSignal"], config["Healthcheck"]
    )));
}

#[test]
fn the_init_is_told_the_stop_signal() {
    let table = linked("presented").file("presented", "services.json");
    let table: Value = serde_json::from_slice(&table).expect("JSON");
    assert_eq!(table["stop_signal"], "QUIT");
}

/// Nothing listens there: what is looked for is told by what goes wrong.
#[test]
fn a_push_is_to_the_tag_of_the_system() {
    let place = linked("presented");
    let push = |more: &[&str]| {
        let mut command = frazil(place.0.path());
        command.args(["push", "presented", "--store", "store"]).args(more);
        show(&command.output().expect("started"), place.0.path())
    };
    let to = "http://127.0.0.1:1/team/app";
    for (to, tag) in [(to.to_owned(), "v1"), (format!("{to}:other"), "other")] {
        let said = push(&["--to", &to]);
        assert!(said.contains(&format!("/v2/team/app/manifests/{tag}'")), "{said}");
    }
    expect![[r#"
        --- stderr
        error: there are two images for amd64, and an index has one for each machine

        help: push the other under a name of its own
        --- 2
    "#]]
    .assert_eq(&push(&["--to", to, "--with", "presented"]));
}

/// Nothing else of the package is there.
#[test]
fn the_bundle_of_authorities_is_what_there_is_of_their_package() {
    let place = linked("trusting");
    let output = place.image(&["sbom"], "trusting").output().expect("run");
    assert!(output.status.success(), "{}", show(&output, place.0.path()));
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = list["packages"].as_array().expect("a list");
    let found = packages.iter().find(|package| package["name"] == "ca-certificates");
    assert_eq!(found.expect("it is listed")["versionInfo"], "2025");
}

#[track_caller]
fn check(place: &Place, arguments: &[&str], expected: Expect) {
    let output = place.image(arguments, "plain").output().expect("started");
    expected.assert_eq(&show(&output, place.0.path()));
}

#[test]
fn what_makes_no_sense_is_said() {
    let place = linked("plain");
    check(
        &place,
        &["oci", "--output", "-", "--check"],
        expect![[r#"
        --- stderr
        error: `--check` and `--json` need an image in a file
        --- 2
    "#]],
    );
    check(
        &place,
        &["oci", "--layers", "128"],
        expect![[r#"
        --- stderr
        error: invalid value '128' for '--layers <COUNT>': an image has from 1 to 127 layers

        For more information, try '--help'.
        --- 2
    "#]],
    );
    check(
        &place,
        &["oci", "--tag", "bad tag!"],
        expect![[r#"
        --- stderr
        error: invalid value 'bad tag!' for '--tag <TAG>': a tag has letters, digits, `_`, `.` and `-`, the last two not first

        For more information, try '--help'.
        --- 2
    "#]],
    );
    check(
        &place,
        &["oci", "--compression", "lzma"],
        expect![[r#"
        --- stderr
        error: `lzma` is no compression of layers

        help: there are `gzip`, `zstd` and `none`
        --- 2
    "#]],
    );
    check(
        &place,
        &["plan", "--against", "./nowhere"],
        expect![[r#"
        --- stderr
        error: cannot read the image `/here/nowhere`: there is no image: it has neither `index.json` nor `manifest.json`

        help: OCI layouts and what `docker save` writes can be read
        --- 5
    "#]],
    );
}

#[test]
fn a_reader_of_an_image_may_go_away() {
    let place = linked("plain");
    for what in [["oci", "--output", "-"], ["docker", "--output", "-"], ["tar", "--output", "-"]] {
        let mut child = place
            .image(&what, "plain")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut stdout = child.stdout.take().expect("a pipe");
        let mut begin = [0; 512];
        stdout.read_exact(&mut begin).expect("a header of an archive");
        drop(stdout);
        let output = child.wait_with_output().expect("waited");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*said), (Some(0), ""), "{what:?}");
    }
}

#[test]
fn what_is_no_system_is_said() {
    let place = linked("plain");
    fs::write(place.0.path().join("file"), "").expect("written");
    fs::create_dir_all(place.0.path().join("layout")).expect("made");
    fs::write(place.0.path().join("layout/oci-layout"), "").expect("written");
    for (named, expected) in [
        ("nowhere", expect!["there is no `nowhere`"]),
        ("file", expect!["the file `file` is no linked system"]),
        ("layout", expect!["`layout` is an image, not the system that it is made of"]),
        (".", expect!["`.` is neither a flake nor a linked system"]),
    ] {
        let output = place.image(&["plan"], named).output().expect("started");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let first = said.lines().next().unwrap_or_default();
        expected.assert_eq(first.strip_prefix("error: ").unwrap_or(first));
        assert_eq!(output.status.code(), Some(2), "{said}");
    }
}
