use expect_test::expect;

use crate::deb::fixture::{
    CONTROL, check, check_bytes, deb, entry, file, header, member, package, tar,
};
use crate::deb::{DebError, DebReader, Limits};

#[test]
fn entries() {
    check(
        &[
            entry("./", b'5', "", b""),
            entry("./usr/", b'5', "", b""),
            file("./usr/f", b"hello"),
            entry("./usr/h", b'1', "./usr/f", b""),
            entry("usr//s", b'2', "/any/../where", b""),
            entry("./p", b'6', "", b""),
            header("./d", b'3', "", b"", |block| {
                block[329..336].copy_from_slice(b"0000001");
                block[337..344].copy_from_slice(b"0000003");
            }),
            file("./empty", b""),
        ],
        expect![[r#"
             Directory
            usr Directory
            usr/f File hello
            usr/h HardLink(usr/f)
            usr/s -> /any/../where
            p Fifo
            d CharacterDevice(1, 3)
            empty File"#]],
    );
}

#[test]
fn owners_and_modes() {
    let bytes = deb("", &[file("./f", b"x")]);
    let mut input = bytes.as_slice();
    let reader = DebReader::open(&mut input, Limits::default()).unwrap();
    reader
        .visit(&mut |entry| -> Result<(), DebError> {
            assert_eq!((entry.mode, entry.mtime, entry.size), (0o4755, 10, 1));
            expect![[
                r#"Owner { uid: 5, gid: 7, user: [114, 111, 111, 116], group: [97, 100, 109] }"#
            ]]
            .assert_eq(&format!("{:?}", entry.owner));
            Ok(())
        })
        .unwrap();
}

#[test]
fn long_names() {
    let long = "x/".repeat(80) + "end";
    let pax = |key: &str, value: &str| {
        let rest = format!(" {key}={value}\n");
        let len =
            (1..99_999).find(|len: &usize| len.to_string().len() + rest.len() == *len).unwrap();
        entry("pax", b'x', "", format!("{len}{rest}").as_bytes())
    };
    let gnu = |kind| entry("././@LongLink", kind, "", format!("{long}\0").as_bytes());
    let prefixed = header("name", b'0', "", b"", |block| block[345..348].copy_from_slice(b"dir"));
    check(
        &[gnu(b'L'), file("short", b"1")],
        expect![
            "x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/end File 1"
        ],
    );
    check(
        &[gnu(b'K'), entry("link", b'2', "short", b"")],
        expect![
            "link -> x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/end"
        ],
    );
    check(&[prefixed], expect!["dir/name File"]);
    check(
        &[pax("path", "other"), file("short", b"1"), file("next", b"")],
        expect![[r#"
            other File 1
            next File"#]],
    );
    check(&[pax("linkpath", "far"), entry("link", b'2', "short", b"")], expect!["link -> far"]);
    check(&[pax("size", "3"), file("f", b"123")], expect!["f File 123"]);
    check(
        &[pax("GNU.sparse.size", "3"), file("f", b"123")],
        expect!["in `data.tar`: an entry with `GNU.sparse.size`, which is not supported"],
    );
    check(
        &[pax("SCHILY.xattr.security.capability", "x"), file("f", b"")],
        expect![
            "in `data.tar`: an entry with `SCHILY.xattr.security.capability`, which is not supported"
        ],
    );
    check(
        &[entry("pax", b'x', "", b"99 path=x\n"), file("f", b"")],
        expect!["in `data.tar`: a header of the archive is damaged"],
    );
    check(
        &[pax("path", "../up"), file("f", b"")],
        expect!["in `data.tar`: the path leads upwards: `../up`"],
    );
    let huge = entry("././@LongLink", b'L', "", &vec![b'x'; 70_000]);
    check(&[huge, file("f", b"")], expect!["in `data.tar`: the path is too long"]);
}

#[test]
fn hostile_paths() {
    check(
        &[file("/etc/passwd", b"")],
        expect!["in `data.tar`: the path is absolute: `/etc/passwd`"],
    );
    check(&[file("./../x", b"")], expect!["in `data.tar`: the path leads upwards: `./../x`"]);
    check(&[file("a/../../x", b"")], expect!["in `data.tar`: the path leads upwards: `a/../../x`"]);
    check(&[file("", b"")], expect!["in `data.tar`: the path is empty"]);
    check(
        &[file(&"x".repeat(100), b""), file(&"a/".repeat(50), b"")],
        expect![[r#"
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx File
        a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a File"#]],
    );
    check(
        &[entry("l", b'2', "/etc", b""), file("l/passwd", b"")],
        expect![
            "in `data.tar`: the path leads through something that is not a directory: `l/passwd`"
        ],
    );
    check(
        &[file("l/f", b""), entry("l", b'2', "/etc", b"")],
        expect!["in `data.tar`: the path is there twice: `l`"],
    );
    check(
        &[entry("l", b'2', "/etc", b""), entry("l", b'5', "", b"")],
        expect!["in `data.tar`: the path is there twice: `l`"],
    );
    check(
        &[file("f", b""), file("f/x", b"")],
        expect!["in `data.tar`: the path leads through something that is not a directory: `f/x`"],
    );
    check(
        &[file("f", b""), file("./f", b"")],
        expect!["in `data.tar`: the path is there twice: `./f`"],
    );
    check(
        &[entry("d", b'5', "", b""), entry("d/", b'5', "", b"")],
        expect![[r#"
        d Directory
        d Directory"#]],
    );
    check(
        &[entry("h", b'1', "/etc/shadow", b"")],
        expect!["in `data.tar`: the path is absolute: `h`"],
    );
    check(
        &[entry("h", b'1', "later", b""), file("later", b"")],
        expect!["in `data.tar`: a hard link to what is not a file before it: `h`"],
    );
    check(
        &[entry("s", b'2', "x", b""), entry("h", b'1', "s", b"")],
        expect!["in `data.tar`: a hard link to what is not a file before it: `h`"],
    );
    check(&[file(".", b"")], expect!["in `data.tar`: the path is there twice: `.`"]);
}

#[test]
fn hostile_headers() {
    check(
        &[entry("f", b'S', "", b"")],
        expect!["in `data.tar`: an entry of the kind `S`, which packages do not have: `f`"],
    );
    check(
        &[entry("f", b'g', "", b"")],
        expect!["in `data.tar`: an entry of the kind `g`, which packages do not have: `f`"],
    );
    check(&[entry("f", b'2', "", b"")], expect!["in `data.tar`: a link without a target: `f`"]);
    check(
        &[entry("d", b'5', "", b"contents")],
        expect!["in `data.tar`: a header of the archive is damaged: `d`"],
    );
    let with = |at: usize, bytes: &'static [u8]| {
        header("f", b'0', "", b"", move |block| block[at..at + bytes.len()].copy_from_slice(bytes))
    };
    check(
        &[with(124, b"00000000009")],
        expect!["in `data.tar`: a header of the archive is damaged"],
    );
    check(
        &[with(124, b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")],
        expect!["in `data.tar`: a header of the archive is damaged"],
    );
    check(
        &[with(124, b"\x80\0\0\0\0\0\0\0\x7f\0\0\0")],
        expect!["`data.tar` has more than 67108864 bytes uncompressed"],
    );
    check(
        &[with(108, b"\xff\xff\xff\xff\xff\xff\xff\xff")],
        expect!["in `data.tar`: a header of the archive is damaged: `f`"],
    );
    let mut damaged = file("f", b"");
    damaged[3] = b'x';
    check(&[damaged], expect!["in `data.tar`: a header of the archive is damaged"]);
    // Without an end, and with something behind it.
    let unfinished = |tail: &[u8]| {
        package(&[
            member("debian-binary", b"2.0\n"),
            member("control.tar", &tar(&[file("control", CONTROL)])),
            member("data.tar", &[&file("f", b"x"), tail].concat()),
        ])
    };
    check_bytes(
        &unfinished(b""),
        expect!["cannot read `data.tar` of the package: failed to fill whole buffer"],
    );
    check_bytes(&unfinished(&[0; 512]), expect!["f File x"]);
    check_bytes(
        &unfinished(&[[0; 512], [1; 512]].concat()),
        expect!["in `data.tar`: data behind the end of the archive"],
    );
}
