use expect_test::{Expect, expect};

use super::fixture::{
    CONTROL, check_bytes, deb, entry, file, gzip, list, member, package, tar, xz, zstd,
};
use super::{DebError, DebReader, EntryKind, Limits, fuzz};
use frazil_testkit::random::Random;

#[test]
fn parts() {
    let version = member("debian-binary", b"2.0\n");
    let control = member("control.tar", &tar(&[file("control", CONTROL)]));
    let data = member("data.tar", &tar(&[file("f", b"x")]));
    let check = |members: &[&Vec<u8>], expected: Expect| {
        let members: Vec<Vec<u8>> = members.iter().map(|member| (*member).clone()).collect();
        check_bytes(&package(&members), expected);
    };
    check(&[&version, &control, &data], expect!["f File x"]);
    check(
        &[&version, &member("_gpg", b"odd"), &control, &data, &member("_x", b"")],
        expect!["f File x"],
    );
    check(
        &[&control, &data],
        expect!["the package has `control.tar` where `debian-binary` should be"],
    );
    check(&[&version, &data], expect!["the package has `data.tar` where `control.tar` should be"]);
    check(&[&version, &control], expect!["the package has no `data.tar`"]);
    check(
        &[&version, &control, &data, &data],
        expect!["the package has `data.tar` behind its last part"],
    );
    check(
        &[&member("debian-binary", b"3.0\n"), &control, &data],
        expect!["the package has format `3.0`, not 2"],
    );
    check(
        &[&member("debian-binary", b"<html>"), &control, &data],
        expect!["the package has format `<html>`, not 2"],
    );
    check(
        &[&version, &member("control.tar.bz2", b""), &data],
        expect!["the compression of `control.tar.bz2` is not known"],
    );
    check(
        &[&version, &member("control.tar", &tar(&[])), &data],
        expect!["the package has no file `control`"],
    );
    let bad = member("control.tar", &tar(&[file("control", b"Package: a\n")]));
    check(&[&version, &bad, &data], expect!["the file `control` has no Version"]);
    let nested = member("control.tar", &tar(&[file("control", CONTROL), file("d/f", b"")]));
    check(
        &[&version, &nested, &data],
        expect!["the control part has `d/f`, which is not a file at its top"],
    );
}

#[test]
fn hostile_archives() {
    let bytes = deb("", &[file("f", b"x")]);
    check_bytes(b"", expect!["not a Debian package: it does not begin with `!<arch>`"]);
    check_bytes(
        b"<html>404</html>",
        expect!["not a Debian package: it does not begin with `!<arch>`"],
    );
    check_bytes(&bytes[..30], expect!["the package is cut off"]);
    check_bytes(
        &bytes[..bytes.len() - 1],
        expect!["cannot read `data.tar` of the package: unexpected end of file"],
    );
    check_bytes(&[&bytes[..], b"x"].concat(), expect!["the package is cut off"]);
    let with = |at: usize, text: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + text.len()].copy_from_slice(text);
        changed
    };
    check_bytes(&with(8, b"a/b"), expect!["the package has a damaged header of a part"]);
    check_bytes(&with(8 + 48, b"4294967300"), expect!["the package is cut off"]);
    check_bytes(&with(8 + 48, b"-1"), expect!["the package has a damaged header of a part"]);
    check_bytes(&with(8 + 58, b"xx"), expect!["the package has a damaged header of a part"]);
}

#[test]
fn compressions() {
    let control = tar(&[file("control", CONTROL)]);
    let data = tar(&[file("f", b"hello")]);
    let check = |suffix: &str, pack: &dyn Fn(&[u8]) -> Vec<u8>, expected: Expect| {
        check_bytes(
            &package(&[
                member("debian-binary", b"2.0\n"),
                member(&format!("control.tar{suffix}"), &pack(&control)),
                member(&format!("data.tar{suffix}"), &pack(&data)),
            ]),
            expected,
        );
    };
    check("", &|bytes| bytes.into(), expect!["f File hello"]);
    check(".xz", &xz, expect!["f File hello"]);
    check(".gz", &gzip, expect!["f File hello"]);
    check(".zst", &zstd, expect!["f File hello"]);
    check(
        ".xz",
        &gzip,
        expect!["cannot read `control.tar.xz` of the package: stream/file format not recognized"],
    );
    check(
        ".xz",
        &|bytes| [xz(bytes), b"garbage".to_vec()].concat(),
        expect!["cannot read `control.tar.xz` of the package: premature eof"],
    );
    check(
        ".gz",
        &|bytes| gzip(bytes)[..20].into(),
        expect!["cannot read `control.tar.gz` of the package: incomplete deflate stream"],
    );
    // Two streams, one behind the other, as parallel compressors write them.
    let halves = |bytes: &[u8]| {
        let (left, right) = bytes.split_at(bytes.len() / 2);
        [xz(left), xz(right)].concat()
    };
    check(".xz", &halves, expect!["f File hello"]);
}

#[test]
fn limits() {
    let many: Vec<Vec<u8>> = (0..20).map(|number| file(&format!("f{number}"), b"x")).collect();
    let check = |bytes: &[u8], limits: Limits, expected: Expect| {
        expected.assert_eq(&list(bytes, limits).unwrap_err().to_string());
    };
    let limits = Limits::default();
    check(
        &deb("", &many),
        Limits { entries: 19, ..limits },
        expect!["the package has more than 19 entries"],
    );
    check(
        &deb("", &many),
        Limits { unpacked_bytes: 5000, ..limits },
        expect!["`data.tar` has more than 5000 bytes uncompressed"],
    );
    check(
        &deb("", &many),
        Limits { control_bytes: 600, ..limits },
        expect!["`control.tar` has more than 600 bytes uncompressed"],
    );
    let bomb = package(&[
        member("debian-binary", b"2.0\n"),
        member("control.tar", &tar(&[file("control", CONTROL)])),
        member("data.tar.xz", &xz(&tar(&[file("f", &vec![0; 80 << 20])]))),
    ]);
    check(&bomb, limits, expect!["`data.tar.xz` has more than 67108864 bytes uncompressed"]);
}

#[test]
fn md5sums() {
    const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";
    let files = [file("f", b"hello"), entry("h", b'1', "f", b"")];
    let check = |sums: &str, expected: Expect| check_bytes(&deb(sums, &files), expected);
    check(
        &format!("{HELLO}  f\n"),
        expect![[r#"
        f File hello
        h HardLink(f)"#]],
    );
    check(
        &format!("{HELLO} *f\n{HELLO}  h\n"),
        expect![[r#"
        f File hello
        h HardLink(f)"#]],
    );
    check(
        &format!("{}  f\n", HELLO.replace('5', "6")),
        expect!["the file `f` is damaged: it does not have its MD5 sum"],
    );
    check(
        &format!("{HELLO}  f\n{}  h\n", HELLO.replace('5', "6")),
        expect!["the file `h` is damaged: it does not have its MD5 sum"],
    );
    check(
        &format!("{HELLO}  g\n"),
        expect!["the file `g` has an MD5 sum, but is not in the package"],
    );
    check("hello  f\n", expect!["line 1 of `md5sums` is not a sum and a path"]);
    check(&format!("{HELLO}  ../f\n"), expect!["line 1 of `md5sums`: the path leads upwards"]);
}

#[test]
fn control_files() {
    let files = [
        file("./control", CONTROL),
        file("./conffiles", b"/etc/a\nremove-on-upgrade /etc/b\n\n"),
        file("./postinst", b"#!/bin/sh\n"),
        file("./prerm", b"#!/bin/sh\n"),
        file("./triggers", b"# why\nactivate-noawait ldconfig\n"),
    ];
    let bytes = package(&[
        member("debian-binary", b"2.0\n"),
        member("control.tar", &tar(&files)),
        member("data.tar", &tar(&[])),
    ]);
    let mut input = bytes.as_slice();
    let reader = DebReader::open(&mut input, Limits::default()).unwrap();
    let control = reader.control();
    assert_eq!(control.stanza().unwrap().get("Version"), Some(b"1".as_slice()));
    assert_eq!(control.conffiles(), [b"/etc/a", b"/etc/b"]);
    assert_eq!(control.scripts(), ["postinst", "prerm"]);
    assert_eq!(control.triggers(), [b"activate-noawait ldconfig"]);
    assert_eq!(control.files().len(), 5);
    assert_eq!(control.file("postrm"), None);
}

/// An error of the caller ends the visit and comes back as it is.
#[test]
fn errors_of_the_caller() {
    #[derive(Debug)]
    enum Caller {
        Own(usize),
        Deb,
    }
    impl From<DebError> for Caller {
        fn from(_: DebError) -> Self {
            Self::Deb
        }
    }
    let bytes = deb("", &[file("a", b""), file("b", b""), file("c", b"")]);
    let mut input = bytes.as_slice();
    let mut seen = 0;
    let reader = DebReader::open(&mut input, Limits::default()).unwrap();
    let result = reader.visit(&mut |entry| {
        seen += 1;
        let is_file = *entry.kind == EntryKind::File;
        if is_file && seen == 2 { Err(Caller::Own(seen)) } else { Ok(()) }
    });
    assert!(matches!(result, Err(Caller::Own(2))));
    assert!(!matches!(result, Err(Caller::Deb)));
}

#[test]
fn any_damage() {
    let seed = deb("", &[file("usr/f", b"hello"), entry("h", b'1', "usr/f", b"")]);
    let mut random = Random::seeded();
    for _ in 0..3000 {
        let mut changed = seed.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(changed.len() as u64) as usize;
            changed[at] = random.below(256) as u8;
        }
        fuzz(&changed);
    }
    for end in (0..seed.len()).step_by(13) {
        fuzz(&seed[..end]);
    }
}
