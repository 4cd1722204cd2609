//! `debian:SUITE?snapshot=DATE`.

use std::fs;

use expect_test::expect;

use super::Site;

pub(super) const OLD: (&str, &str) =
    ("old", "debian:nova?arch=amd64&updates=0&security=0&snapshot=2026-01-03");
const NEW: (&str, &str) =
    ("new", "debian:nova?arch=amd64&updates=0&security=0&snapshot=20260202T120000Z");

#[test]
fn two_states_of_a_suite_in_one_flake() {
    let site = Site::new(&[OLD, NEW]);
    let version = |name: &str| {
        let unit = site.build(&[name]);
        let control = fs::read_to_string(unit.join("control/control")).expect("there");
        control.lines().find(|line| line.starts_with("Version")).expect("a version").to_owned()
    };
    // The release files were valid for a week only, and no day after it matters.
    assert_eq!(version(".#.old.lib"), "Version: 1.0-1");
    assert_eq!(version(".#.new.lib"), "Version: 1.2-1");
    // What did not change is the same unit, though its archives are of two days.
    assert_eq!(site.build(&[".#.old.base"]), site.build(&[".#.new.base"]));
    let lock = fs::read_to_string(site.path("flake.lock")).expect("there");
    for said in [
        r#""snapshot": "20260103T000000Z""#,
        r#""snapshot": "20260202T120000Z""#,
        r#""indexes": "nova@1767225600/main:"#,
        r#""indexes": "nova@1769904000/main:"#,
    ] {
        assert!(lock.contains(said), "{said}: {lock}");
    }
    assert!(!lock.contains("file:"), "no mirror is in a lock: {lock}");
    // Another machine makes the same of the lock.
    let paths = [".#.old.app", ".#.new.app"].map(|name| site.build(&[name]));
    fs::rename(site.path("store"), site.path("other-store")).expect("moved");
    assert_eq!(paths, [".#.old.app", ".#.new.app"].map(|name| site.build(&[name])));
    site.check_store();
}

#[test]
fn the_archive_of_a_day_can_be_looked_into() {
    let site = Site::new(&[]);
    let shown = |day: &str| {
        let named = format!("debian:nova?arch=amd64&updates=0&security=0&snapshot={day}");
        site.text(&["debian", "show", "lib", "--suite", &named, "--json"])
    };
    assert!(shown("2026-01-03").contains(r#""version":"1.0-1""#), "{}", shown("2026-01-03"));
    assert!(shown("20260202T120000Z").contains(r#""version":"1.2-1""#));
}

#[test]
fn a_day_that_nobody_keeps() {
    let site =
        Site::new(&[("nova", "debian:nova?arch=amd64&updates=0&security=0&snapshot=2026-01-04")]);
    expect![[r#"
        error: no mirror has a usable release file of nova: cannot fetch 'file:///here/snapshots/debian/20260104T000000Z/dists/nova/InRelease': cannot open '/here/snapshots/debian/20260104T000000Z/dists/nova/InRelease': No such file or directory (os error 2)
    "#]]
    .assert_eq(&site.failure(&mut site.command(&["lock"])));
    let mut unnamed = site.command(&["lock"]);
    expect![[r#"
        error: nobody is known who keeps snapshots of the archive; name one with `--snapshot-mirror URL`, in FRAZIL_SNAPSHOT_MIRROR, or as `snapshot-mirrors` in the settings: the address that stands before `/debian/DATE/dists`
    "#]]
    .assert_eq(&site.failure(unnamed.env_remove("FRAZIL_SNAPSHOT_MIRROR")));
}
