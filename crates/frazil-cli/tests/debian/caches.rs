//! What mirrors have no more, and binary caches still have.

use std::fs;
use std::os::unix::fs::symlink;

use expect_test::expect;

use super::Site;
use super::snapshots::OLD;

/// The binary cache of a site.
const CACHE: &str = "cache";

/// A site with a cache that has what these stand for: the locked suite, the file of the package, and
/// what is in it.
fn site_with_cache(pushed: &[&str]) -> (Site, String) {
    let site = Site::new(&[OLD]);
    site.build(&[APP]);
    site.text(&["cache", "keygen", "test-1", "secret", "public"]);
    let flake = "builtins.getFlake (toString ./.)";
    let paths = pushed.iter().map(|what| {
        let expression =
            format!("let x = {flake}; app = x.old.app; source = x.inputs.old; in {what}");
        site.text(&["eval", "--impure", "--raw", "-E", &expression])
    });
    for path in paths.collect::<Vec<_>>() {
        site.text(&["cache", "push", "--to", CACHE, "--key-file", "secret", &path]);
    }
    let key = fs::read_to_string(site.path("public")).expect("there");
    (site, key.trim().to_owned())
}

/// Loses the store, and whatever the machine knew of suites.
fn forget(site: &Site) {
    for folder in ["store", "home"] {
        fs::remove_dir_all(site.path(folder)).expect("removed");
    }
}

/// The archive loses what is below a folder.
fn lose(site: &Site, folder: &str) {
    let day = site.path("snapshots/debian/20260103T000000Z");
    let kept: Vec<_> = ["dists", "pool"].into_iter().filter(|kept| *kept != folder).collect();
    let target = fs::read_link(&day).expect("a link");
    fs::remove_file(&day).expect("removed");
    fs::create_dir(&day).expect("made");
    for kept in kept {
        symlink(target.join(kept), day.join(kept)).expect("made");
    }
}

const APP: &str = ".#.old.app";

#[test]
fn a_locked_suite_and_its_packages_come_from_a_cache() {
    let (site, key) = site_with_cache(&["source.outPath", "app.outPath"]);
    forget(&site);
    lose(&site, "dists");
    expect![[r#"
        error: the list of packages of nova (main) that the lock pins is not there any more: file:///here/snapshots/debian/20260103T000000Z does not have 84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d
        help: lock what is there now with `frazil update`, or name who keeps what is old: a binary cache that has the locked suite (`substituters` in the settings), or `--snapshot-mirror URL`
    "#]]
    .assert_eq(&site.failure(&mut site.command(&["build", APP])));
    site.check_store();
    let cache = format!("file://{}", site.path(CACHE).display());
    lose_all(&site);
    let flags = ["--substituters", &cache, "--trusted-public-keys", &key];
    let unit = site.build(&[&[APP], &flags[..]].concat());
    assert!(unit.join("data/usr/bin/app").exists());
    site.check_store();
    // Looking into the suite builds nothing, but takes the settings' caches.
    forget(&site);
    site.write("home/.config/frazil/frazil.conf", &format!("substituters = {cache}\n"));
    let shown = site.text(&["debian", "show", "app", "--json"]);
    assert!(shown.contains(r#""version":"1.0-1""#), "{shown}");
}

#[test]
fn the_file_of_a_package_comes_from_a_cache() {
    let (site, _) = site_with_cache(&["app.deb.outPath"]);
    forget(&site);
    lose(&site, "pool");
    expect![[r#"
        error: cannot build 'v9zn5w2lkw1p45f7hgy4yp69a0cqih4d-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: no mirror has the package app 1.0-1 any more: pool/main/a/app/app_1.0-1_amd64.deb is not at file:///here/snapshots/debian/20260103T000000Z; lock the suite anew with `frazil update`, or name who keeps what is old: a binary cache with `--substituters URL`, or snapshots of the archive with `--snapshot-mirror URL`
    "#]]
    .assert_eq(&site.failure(&mut site.command(&["build", APP])));
    site.check_store();
    // Its contents are what the list says, so nobody needs to have signed it.
    let cache = format!("file://{}", site.path(CACHE).display());
    let unit = site.build(&[APP, "--substituters", &cache]);
    assert!(unit.join("data/usr/bin/app").exists());
    site.check_store();
}

#[test]
fn what_a_cache_changed_is_not_taken() {
    let (site, _) = site_with_cache(&["app.deb.outPath"]);
    forget(&site);
    lose(&site, "pool");
    for entry in fs::read_dir(site.path(CACHE).join("nar")).expect("a folder") {
        let file = entry.expect("an entry").path();
        let mut nar = fs::read(&file).expect("there");
        let middle = nar.len() / 2;
        nar[middle] ^= 1;
        fs::write(&file, nar).expect("written");
    }
    let cache = format!("file://{}", site.path(CACHE).display());
    let words = site.failure(&mut site.command(&["build", APP, "--substituters", &cache]));
    assert!(words.contains("no mirror has the package app 1.0-1 any more"), "{words}");
    site.check_store();
}

/// Nothing is left of the archive.
fn lose_all(site: &Site) {
    fs::remove_dir_all(site.path("snapshots")).expect("removed");
}
