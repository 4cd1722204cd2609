use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use expect_test::{Expect, expect};

use super::unpack;
use crate::debian::test_archive::{fixture, fixtures};

/// Everything below a directory, a line each.
fn listing(top: &Path) -> String {
    let mut lines = Vec::new();
    let mut waiting = vec![top.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let shown = path.strip_prefix(top).unwrap().display().to_string();
            if path.is_symlink() {
                lines.push(format!("{shown} -> {}", fs::read_link(&path).unwrap().display()));
            } else if path.is_dir() {
                waiting.push(path);
            } else {
                let metadata = fs::metadata(&path).unwrap();
                let is_executable = metadata.permissions().mode() & 0o100 != 0;
                lines.push(format!("{shown}{}", if is_executable { "*" } else { "" }));
            }
        }
    }
    lines.sort();
    lines.join("\n")
}

#[test]
fn makes_a_unit() {
    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("unit");
    let package = fixtures().join("archive/debian/pool/main/a/app/app_1.0-1_amd64.deb");
    unpack(&package, Path::new("app.deb"), &unit, &mut || false).unwrap();
    expect![[r#"
        control/control
        control/md5sums
        control/postinst
        data/usr/bin/app*
        data/usr/bin/app-link -> app
        data/usr/share/app/data
        data/usr/share/app/same
        manifest"#]]
    .assert_eq(&listing(&unit));
    expect![[r#"
        dir 700 root:root .
        hard 644 root:root usr/share/app/same usr/share/app/data
        dir 2775 root:root var/spool/app
    "#]]
    .assert_eq(&fs::read_to_string(unit.join("manifest")).unwrap());
    let script = fs::read_to_string(unit.join("data/usr/bin/app")).unwrap();
    assert_eq!(script, "#!/bin/sh\necho app 1.0-1\n");
    assert!(unit.join("data/var/spool/app").is_dir());
    // As a store has them, so that adopting the unit changes none.
    let mode = |path: &str| fs::metadata(unit.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data/usr/bin/app"), mode("data/usr/share/app/data")), (0o555, 0o444));
}

/// Unpacks these bytes; a failure must name the package.
#[track_caller]
fn check(bytes: &[u8], expected: Expect) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, bytes).unwrap();
    let unit = directory.path().join("unit");
    let error = unpack(&file, Path::new("/store/app.deb"), &unit, &mut || false).unwrap_err();
    expected.assert_eq(&crate::causes(&error));
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert!(left.len() <= 2, "nothing is outside of the unit");
}

#[test]
fn refuses_what_is_no_package() {
    let whole = fixture("debian/pool/main/a/app/app_1.0-1_amd64.deb");
    check(
        b"",
        expect![
            "cannot unpack /store/app.deb: not a Debian package: it does not begin with `!<arch>`"
        ],
    );
    check(
        b"<html>",
        expect![
            "cannot unpack /store/app.deb: not a Debian package: it does not begin with `!<arch>`"
        ],
    );
    check(
        &whole[..whole.len() - 100],
        expect![
            "cannot unpack /store/app.deb: cannot read `data.tar.xz` of the package: unexpected end of file"
        ],
    );
    let mut damaged = whole.clone();
    let middle = damaged.len() - 60;
    damaged[middle] ^= 1;
    check(
        &damaged,
        expect![
            "cannot unpack /store/app.deb: cannot read `data.tar.xz` of the package: lzma data error"
        ],
    );
}

#[test]
fn stops_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let package = fixtures().join("archive/debian/pool/main/a/app/app_1.0-1_amd64.deb");
    let done = unpack(&package, Path::new("app.deb"), &directory.path().join("u"), &mut || true);
    assert!(done.is_err());
}

/// Unpacks all packages in the directory that `FRAZIL_DEBS` names, and says how long it takes.
#[test]
fn measure() {
    let Some(directory) = std::env::var_os("FRAZIL_DEBS") else {
        eprintln!("skipped: FRAZIL_DEBS names no directory of packages");
        return;
    };
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let packages: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "deb")).collect();
    let units = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    for (number, package) in packages.iter().enumerate() {
        let unit = units.path().join(number.to_string());
        unpack(package, package, &unit, &mut || false).unwrap();
    }
    eprintln!("{} packages in {:?}", packages.len(), start.elapsed());
}
