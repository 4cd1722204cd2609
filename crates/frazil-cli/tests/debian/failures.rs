//! What goes wrong between a mirror and a valid path: the reason names package and file, and the
//! store is as it was.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use frazil_testkit::deb::{CONTROL, deb, entry, file, header, member, package, tar};
use frazil_testkit::server::{Reply, Server};

use super::{Site, fixtures};

const PATH: &str = "pool/main/a/app/app_1.0-1_amd64.deb";
/// Nobody waits long for a mirror here.
const IMPATIENT: &str =
    "stalled-download-timeout = 1\nconnect-timeout = 5\ndownload-attempts = 1\n";

fn app() -> Vec<u8> {
    std::fs::read(fixtures().join("archive/debian").join(PATH)).expect("a fixture")
}

/// The unit of a package, whose file has this size and hash.
fn expression(size: usize, hash: &str) -> String {
    format!(
        r#"derivation {{
            name = "app-1.0-1"; system = "builtin"; builder = "builtin:unpack-deb";
            deb = derivation {{
              name = "app_1.0-1_amd64.deb"; system = "builtin"; builder = "builtin:fetch-deb";
              url = "debian:debian/{PATH}"; size = "{size}"; snapshot = "";
              outputHashMode = "flat"; outputHashAlgo = "sha256"; outputHash = "{hash}";
            }};
          }}"#
    )
}

/// The SHA-256 of some bytes, as the program itself says.
fn hash(site: &Site, bytes: &[u8]) -> String {
    std::fs::write(site.path("bytes"), bytes).expect("written");
    site.text(&["eval", "--impure", "--raw", "-E", "builtins.hashFile \"sha256\" ./bytes"])
}

/// Why the unit cannot be had from this mirror; then the store must hold nothing but derivations.
#[track_caller]
fn reason(site: &Site, expression: &str, mirror: &str) -> String {
    site.write("home/.config/frazil/frazil.conf", IMPATIENT);
    let mut command = site.command(&["build", "--no-link", "-E", expression, "--mirror", mirror]);
    let reason = site.failure(&mut command).replace(mirror, "MIRROR");
    site.check_store();
    for left in std::fs::read_dir(site.path("store/nix/store")).expect("a store") {
        let name = left.expect("an entry").file_name().to_string_lossy().into_owned();
        let is_fine = [".drv", ".deb", ".links"].iter().any(|end| name.ends_with(end));
        assert!(is_fine, "{name} was left behind");
    }
    without_digests(&reason)
}

/// Without the digests of store paths, which depend on the cases.
fn without_digests(text: &str) -> String {
    let mut shown = String::new();
    for word in text.split_inclusive(' ') {
        match word.split_once('-') {
            Some((start, rest)) if start.len() >= 32 && !word.contains("sha256") => {
                let kept = start.len() - 32;
                write!(shown, "{}HASH-{rest}", &start[..kept]).expect("a string");
            }
            Some(_) | None => shown.push_str(word),
        }
    }
    shown
}

/// What the mirror answers for the file of the package, of which the index says something else.
#[track_caller]
fn check_mirror(reply: Reply, claimed: usize, expected: Expect) {
    let site = Site::new(&[]);
    let web = Server::start(move |_| reply.clone());
    let expression = expression(claimed, &hash(&site, &app()));
    expected.assert_eq(&reason(&site, &expression, &web.address("debian")));
}

#[test]
fn what_a_mirror_does_wrong() {
    let size = app().len();
    let mut changed = app();
    changed[size / 2] ^= 1;
    check_mirror(
        Reply::File(changed),
        size,
        expect![[r#"
        error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': hash mismatch: specified sha256-F3DMzTlGyie24UHFNHgkM6puAy243ck5aH7tP0p1xn4=, got sha256-XfxfVBTJeLCKL3WxYS4uA+Deechyb5Dcx2lpZXqv9L0= (the signed index says 1068 bytes with another hash: the mirror, or something between, gave another file)
    "#]],
    );
    check_mirror(
        Reply::File(app()),
        size - 1,
        expect![[r#"
        error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': it has more than 1067 bytes (the signed index says 1067 bytes with another hash: the mirror, or something between, gave another file)
    "#]],
    );
    check_mirror(
        Reply::File(app()),
        size + 1,
        expect![[r#"
        error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: it has 1068 bytes, the index says 1069
    "#]],
    );
    check_mirror(
        Reply::Absent,
        size,
        expect![[r#"
        error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: no mirror has the package app 1.0-1 any more: pool/main/a/app/app_1.0-1_amd64.deb is not at MIRROR; lock the suite anew with `frazil update`, or name who keeps what is old: a binary cache with `--substituters URL`, or snapshots of the archive with `--snapshot-mirror URL`
    "#]],
    );
    check_mirror(
        Reply::Page,
        size,
        expect![[r#"
            error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': it is a web page, not the file
        "#]],
    );
    check_mirror(
        Reply::Silence,
        size,
        expect![[r#"
        error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': timed out while waiting for data
    "#]],
    );
    check_mirror(
        Reply::Short(app()[..100].to_vec()),
        size,
        expect![[r#"
        error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': the connection ended after 100 of 110 bytes
    "#]],
    );
    check_mirror(
        Reply::Status(503),
        size,
        expect![[r#"
        error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': HTTP error 503 (the server is not available)
    "#]],
    );
}

#[test]
fn nobody_answers() {
    let site = Site::new(&[]);
    // The port was free a moment ago.
    let address = Server::start(|_| Reply::Absent).address("debian");
    let expression = expression(app().len(), &hash(&site, &app()));
    expect![[r#"
        error: cannot build 'HASH-app_1.0-1_amd64.deb.drv': builtin:fetch-deb failed: cannot fetch pool/main/a/app/app_1.0-1_amd64.deb: cannot fetch 'MIRROR/pool/main/a/app/app_1.0-1_amd64.deb': Connection refused (os error 111)
    "#]].assert_eq(&reason(&site, &expression, &address));
}

/// Bytes that the index vouches for, and that are no package.
#[track_caller]
fn check_package(bytes: &[u8], expected: Expect) {
    let site = Site::new(&[]);
    let served = bytes.to_vec();
    let web = Server::start(move |_| Reply::File(served.clone()));
    let expression = expression(bytes.len(), &hash(&site, bytes));
    expected.assert_eq(&reason(&site, &expression, &web.address("debian")));
}

/// A package of these entries, after a good one.
#[track_caller]
fn check_entries(entries: &[Vec<u8>], expected: Expect) {
    check_package(&deb("", &[&[file("./usr/good", b"x")], entries].concat()), expected);
}

#[test]
fn no_package_at_all() {
    let whole = app();
    check_package(
        b"",
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: not a Debian package: it does not begin with `!<arch>`
    "#]],
    );
    check_package(
        &whole[..whole.len() / 2],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: cannot read `control.tar.xz` of the package: unexpected end of file
    "#]],
    );
    check_package(
        b"!<arch>\nrubbish",
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: the package is cut off
    "#]],
    );
    let mut giant = deb("", &[file("f", b"x")]);
    giant[8 + 48..8 + 58].copy_from_slice(b"4294967300");
    check_package(
        &giant,
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: the package is cut off
    "#]],
    );
    check_package(
        &package(&[member("debian-binary", b"3.0\n")]),
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: the package has format `3.0`, not 2
    "#]],
    );
    let odd = package(&[member("debian-binary", b"2.0\n"), member("control.tar.bz2", b"x")]);
    check_package(
        &odd,
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: the compression of `control.tar.bz2` is not known
    "#]],
    );
    check_package(
        &deb("00000000000000000000000000000000  usr/f\n", &[file("usr/f", b"x")]),
        expect![[r#"
            error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: the file `usr/f` is damaged: it does not have its MD5 sum
        "#]],
    );
}

#[test]
fn hostile_paths() {
    check_entries(
        &[file("../outside", b"x")],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: in `data.tar`: the path leads upwards: `../outside`
    "#]],
    );
    check_entries(
        &[file("usr/../../outside", b"x")],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: in `data.tar`: the path leads upwards: `usr/../../outside`
    "#]],
    );
    let link = entry("./etc", b'2', "/etc", b"");
    check_entries(
        &[link, file("./etc/passwd", b"x")],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: in `data.tar`: the path leads through something that is not a directory: `./etc/passwd`
    "#]],
    );
    check_entries(
        &[entry("./h", b'1', "/etc/passwd", b"")],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: in `data.tar`: the path is absolute: `./h`
    "#]],
    );
    check_entries(
        &[entry("./h", b'1', "../../x", b"")],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: in `data.tar`: the path leads upwards: `./h`
    "#]],
    );
    check_entries(
        &[file("./usr/good", b"y")],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: in `data.tar`: the path is there twice: `./usr/good`
    "#]],
    );
    check_entries(
        &[file("./usr/good/below", b"y")],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: in `data.tar`: the path leads through something that is not a directory: `./usr/good/below`
    "#]],
    );
    check_entries(
        &[entry("./odd", b'Z', "", b"")],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: in `data.tar`: an entry of the kind `Z`, which packages do not have: `./odd`
    "#]],
    );
}

#[test]
fn bombs() {
    // An archive that says that it has 8 GiB, and one that has too many entries.
    let giant =
        header("./giant", b'0', "", b"", |block| block[124..136].copy_from_slice(b"100000000000"));
    check_entries(
        &[giant],
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: `data.tar` has more than 67108864 bytes uncompressed
    "#]],
    );
    let control = [file("./control", CONTROL), file("./md5sums", &vec![b' '; 64 << 20])];
    let bytes = package(&[
        member("debian-binary", b"2.0\n"),
        member("control.tar", &tar(&control)),
        member("data.tar", &tar(&[])),
    ]);
    check_package(
        &bytes,
        expect![[r#"
        error: cannot build 'HASH-app-1.0-1.drv': builtin:unpack-deb failed: cannot unpack /nix/store/HASH-app_1.0-1_amd64.deb: `control.tar` has more than 67108864 bytes uncompressed
    "#]],
    );
}

#[test]
fn devices_are_written_down_and_not_made() {
    let site = Site::new(&[]);
    let bytes = deb("", &[entry("./dev/null", b'3', "", b""), entry("./run/pipe", b'6', "", b"")]);
    let served = bytes.clone();
    let web = Server::start(move |_| Reply::File(served.clone()));
    let expression = expression(bytes.len(), &hash(&site, &bytes));
    let unit = site.build(&["-E", &expression, "--mirror", &web.address("debian")]);
    let manifest = std::fs::read_to_string(unit.join("manifest")).expect("there");
    expect![[r#"
        char 4755 root:adm dev/null 0:0
        fifo 4755 root:adm run/pipe
    "#]]
    .assert_eq(&manifest);
    assert!(!unit.join("data/dev/null").exists() && !unit.join("data/run/pipe").exists());
    site.check_store();
}

/// What a flake of this suite says when it is locked; nothing may come into the store.
#[track_caller]
fn check_lock(answer: impl Fn(&str) -> Option<Reply> + Send + 'static, expected: Expect) {
    let site = Site::new(&[("nova", "debian:nova?arch=amd64&updates=0&security=0")]);
    site.write("home/.config/frazil/frazil.conf", IMPATIENT);
    let web = Server::start(move |request| {
        let path = request.path();
        answer(path).unwrap_or_else(|| stored(&format!("archive/{path}")))
    });
    let mirror = web.address("debian");
    let reason = site.failure(&mut site.command(&["lock", "--mirror", &mirror]));
    expected.assert_eq(&reason.replace(&mirror, "MIRROR"));
    assert!(!site.path("flake.lock").exists());
    site.check_store();
}

fn stored(path: &str) -> Reply {
    std::fs::read(fixtures().join(path)).map_or(Reply::Absent, Reply::File)
}

#[test]
fn release_files() {
    let release =
        |reply: Reply| move |path: &str| path.ends_with("InRelease").then(|| reply.clone());
    let of = |name: &str| stored(&format!("archive/debian/dists/nova/{name}"));
    // Whatever day it is: the fixtures are of the first week of 2026.
    check_lock(
        |_| None,
        expect![[r#"
        error: no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: the release file of nova was valid until 2026-01-08 00:00:00 UTC only
        help: the mirror is out of date, or the clock of this machine
    "#]],
    );
    check_lock(
        release(of("InRelease.stranger")),
        expect![[r#"
        error: no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: no trusted signature: by BBD7F538C9669E1AC76BD7ED4EF659F2215F06B1: the key is not in the keyring
        help: give the archive's current keyring; new releases are signed with new keys
    "#]],
    );
    check_lock(
        release(of("InRelease.changed")),
        expect![[r#"
        error: no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease: no trusted signature: by 47DA433E4AAEAE92A47C4BD8E4FA14D647F6319D: the signature does not match
        help: do not use the list; try again later or from another mirror
    "#]],
    );
    check_lock(
        release(Reply::Page),
        expect![[r#"
        error: no mirror has a usable release file of nova: MIRROR/dists/nova/InRelease is a web page, not a release file
        help: the address of the mirror may be wrong, or a portal wants a login first
    "#]],
    );
    check_lock(
        release(Reply::Silence),
        expect![[r#"
        error: no mirror has a usable release file of nova: cannot fetch 'MIRROR/dists/nova/InRelease': timed out while waiting for data
        help: check the connection, and try again
    "#]],
    );
    check_lock(
        release(Reply::Absent),
        expect![[r#"
        error: no mirror has a usable release file of nova: cannot fetch 'MIRROR/dists/nova/InRelease': HTTP error 404 (not found)
        help: check the address
    "#]],
    );
}

/// The same for a state of the archive whose release file is right.
#[track_caller]
fn check_list(reply: Reply, expected: Expect) {
    let site =
        Site::new(&[("nova", "debian:nova?arch=amd64&updates=0&security=0&snapshot=2026-01-02")]);
    site.write("home/.config/frazil/frazil.conf", IMPATIENT);
    let web = Server::start(move |request| {
        match request.path().strip_prefix("debian/20260102T000000Z/") {
            Some(rest) if rest.ends_with("InRelease") => stored(&format!("archive/debian/{rest}")),
            Some(rest) if rest.contains("by-hash") => reply.clone(),
            Some(_) | None => Reply::Absent,
        }
    });
    let snapshots = web.address("");
    let snapshots = snapshots.trim_end_matches('/');
    let reason = site.failure(&mut site.command(&["lock", "--snapshot-mirror", snapshots]));
    expected.assert_eq(&reason.replace(snapshots, "SNAPSHOTS"));
    assert!(!site.path("flake.lock").exists());
    site.check_store();
}

#[test]
fn lists_of_packages() {
    check_list(
        Reply::Absent,
        expect![[r#"
        error: cannot fetch the list of packages of nova (main): cannot fetch 'SNAPSHOTS/debian/20260102T000000Z/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d': HTTP error 404 (not found); cannot fetch 'SNAPSHOTS/debian/20260102T000000Z/dists/nova/main/binary-amd64/Packages.xz': HTTP error 404 (not found); cannot fetch 'SNAPSHOTS/debian/20260102T000000Z/dists/nova/main/binary-amd64/Packages.gz': HTTP error 404 (not found)
        help: try again later, or name another mirror with `--mirror URL`
    "#]],
    );
    check_list(
        Reply::Page,
        expect![[r#"
            error: cannot fetch the list of packages of nova (main): SNAPSHOTS/debian/20260102T000000Z/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d is a web page, not a list of packages
            help: try again later, or name another mirror with `--mirror URL`
        "#]],
    );
    check_list(
        Reply::File(vec![0; 472]),
        expect![[r#"
            error: cannot fetch the list of packages of nova (main): SNAPSHOTS/debian/20260102T000000Z/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d does not have the hash that was signed
            help: try again later, or name another mirror with `--mirror URL`
        "#]],
    );
    check_list(
        Reply::File(vec![0; 5000]),
        expect![[r#"
            error: cannot fetch the list of packages of nova (main): cannot fetch 'SNAPSHOTS/debian/20260102T000000Z/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d': it has more than 472 bytes
            help: try again later, or name another mirror with `--mirror URL`
        "#]],
    );
    check_list(
        Reply::Silence,
        expect![[r#"
            error: cannot fetch the list of packages of nova (main): cannot fetch 'SNAPSHOTS/debian/20260102T000000Z/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d': it has more than 472 bytes
            help: try again later, or name another mirror with `--mirror URL`
        "#]],
    );
    check_list(
        Reply::Short(vec![0; 100]),
        expect![[r#"
            error: cannot fetch the list of packages of nova (main): cannot fetch 'SNAPSHOTS/debian/20260102T000000Z/dists/nova/main/binary-amd64/by-hash/SHA256/84c091d4a3799c5f4eb867c09386bcce66da2c31fb3ee67b6ba2fdaaa835201d': the connection ended after 100 of 110 bytes
            help: try again later, or name another mirror with `--mirror URL`
        "#]],
    );
}

#[test]
fn proxies() {
    let site = Site::new(&[super::snapshots::OLD]);
    site.write("home/.config/frazil/frazil.conf", IMPATIENT);
    // Only the proxy knows a host of this name.
    let proxy = Server::start(|request| {
        let path = request.target.strip_prefix("http://old.invalid/debian/20260103T000000Z/");
        path.map_or(Reply::Status(403), |path| stored(&format!("archive/debian/{path}")))
    });
    let build = || {
        let mut command = site.command(&["build", "--no-link", ".#.old.app"]);
        command
            .env("FRAZIL_SNAPSHOT_MIRROR", "http://old.invalid")
            .env("http_proxy", proxy.address(""));
        command
    };
    let words = site.failure(build().env("no_proxy", "example.org,.invalid"));
    assert!(words.contains("the host name was not found"), "{words}");
    assert_eq!(proxy.asked(), [""; 0]);
    super::succeeded(&build().output().expect("started"));
    let asked = proxy.asked();
    assert!(asked.iter().all(|line| line.starts_with("GET http://old.invalid/")), "{asked:?}");
    assert!(asked.iter().any(|line| line.ends_with(PATH)), "{asked:?}");
    site.check_store();
}
