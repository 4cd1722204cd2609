//! What we write is read back by `tar`, the program, which is on every machine that builds this.

#![expect(
    clippy::disallowed_methods,
    reason = "the programs that read what we write read it from the disk"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use expect_test::expect;
use frazil_tree::{
    DeviceKind, File, Leaf, LeafKind, Metadata, Mode, Origin, Source, Tree, TreePath,
};

use super::write;
use crate::Timestamp;
use crate::contents::{Contents, EncodeError};

/// Units that all hold `bytes`, under every path.
struct Same<'b>(&'b [u8]);

impl Contents for Same<'_> {
    fn open(&self, _: &Origin, _: &TreePath) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.0))
    }
}

fn path(text: impl AsRef<[u8]>) -> TreePath {
    TreePath::parse(text.as_ref()).unwrap()
}

fn leaf(mode: u32, kind: LeafKind) -> Leaf {
    let metadata = Metadata::of_root(Mode::of(mode));
    Leaf { metadata, origin: Origin::parse("unit").unwrap(), kind }
}

fn inline(bytes: &[u8]) -> LeafKind {
    LeafKind::File(File::inline(bytes))
}

fn archive(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(tree, &Same(b"from the unit"), Timestamp(86_400), &mut bytes).unwrap();
    assert_eq!(bytes.len() % 512, 0);
    bytes
}

/// Runs `tar` on an archive and returns what it prints.
#[track_caller]
fn tar(archive: &[u8], args: &[&OsStr]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("archive");
    std::fs::write(&file, archive).unwrap();
    let mut command = Command::new("tar");
    command.args(args).arg("--file").arg(&file).env("TZ", "UTC").stdin(Stdio::null());
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_kind_of_entry_is_listed() {
    let mut tree = Tree::default();
    let id = tree.insert(path("etc/first"), leaf(0o644, inline(b"hello"))).unwrap();
    tree.link(path("etc/second"), id).unwrap();
    let kind = LeafKind::Device { kind: DeviceKind::Character, major: 1, minor: 3 };
    tree.insert(path("dev/null"), leaf(0o666, kind)).unwrap();
    tree.insert(path("run/fifo"), leaf(0o600, LeafKind::Fifo)).unwrap();
    tree.insert(path("bin/sh"), leaf(0, LeafKind::Symlink((*b"dash").into()))).unwrap();
    let in_unit = LeafKind::File(File::in_unit(path("x"), 13, None));
    tree.insert(path("usr/bin/su"), leaf(0o4755, in_unit)).unwrap();
    let mut owned = leaf(0o600, inline(b""));
    (owned.metadata.uid, owned.metadata.gid) = (1000, 3_000_000);
    tree.insert(path("var/mine"), owned).unwrap();

    let listed = tar(&archive(&tree), &["--list", "--verbose", "--numeric-owner"].map(OsStr::new));
    expect![[r#"
        drwxr-xr-x 0/0               0 1970-01-02 00:00 bin/
        lrwxrwxrwx 0/0               0 1970-01-02 00:00 bin/sh -> dash
        drwxr-xr-x 0/0               0 1970-01-02 00:00 dev/
        crw-rw-rw- 0/0             1,3 1970-01-02 00:00 dev/null
        drwxr-xr-x 0/0               0 1970-01-02 00:00 etc/
        -rw-r--r-- 0/0               5 1970-01-02 00:00 etc/first
        hrw-r--r-- 0/0               0 1970-01-02 00:00 etc/second link to etc/first
        drwxr-xr-x 0/0               0 1970-01-02 00:00 run/
        prw------- 0/0               0 1970-01-02 00:00 run/fifo
        drwxr-xr-x 0/0               0 1970-01-02 00:00 usr/
        drwxr-xr-x 0/0               0 1970-01-02 00:00 usr/bin/
        -rwsr-xr-x 0/0              13 1970-01-02 00:00 usr/bin/su
        drwxr-xr-x 0/0               0 1970-01-02 00:00 var/
        -rw------- 1000/3000000      0 1970-01-02 00:00 var/mine
    "#]]
    .assert_eq(&listed);
}

#[test]
fn names_of_any_length_and_bytes_come_back() {
    let names: Vec<Vec<u8>> = vec![
        b"short".into(),
        vec![b'a'; 100],
        vec![b'b'; 101],
        [&vec![b'c'; 200][..], b"/", &vec![b'd'; 255][..]].concat(),
        b"caf\xe9".into(),
        [&vec![0xe9; 99][..], b"xyz"].concat(),
        "snow ❄ and\nline".into(),
    ];
    let mut tree = Tree::default();
    for name in &names {
        tree.insert(path(name), leaf(0o644, inline(name))).unwrap();
    }
    let target = vec![b't'; 3000];
    tree.insert(path("link"), leaf(0, LeafKind::Symlink(target.clone().into()))).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let to = dir.path();
    tar(&archive(&tree), &[OsStr::new("--extract"), OsStr::new("--directory"), to.as_os_str()]);
    for name in &names {
        let found = std::fs::read(to.join(OsStr::from_bytes(name))).unwrap();
        assert_eq!(&found, name);
    }
    assert_eq!(std::fs::read_link(to.join("link")).unwrap(), Path::new(OsStr::from_bytes(&target)));
    assert_eq!(std::fs::metadata(to.join("short")).unwrap().mtime(), 86_400);
}

#[test]
fn attributes_are_written_as_records() {
    let mut tree = Tree::default();
    let mut file = leaf(0o755, inline(b"x"));
    let value: Box<[u8]> = (*b"\x01\0\n=").into();
    file.metadata.xattrs = BTreeMap::from([((*b"security.capability").into(), value)]);
    tree.insert(path("ping"), file).unwrap();
    let bytes = archive(&tree);
    let record = b"41 SCHILY.xattr.security.capability=\x01\0\n=\n";
    assert!(bytes.windows(record.len()).any(|window| window == record));
}

#[test]
fn a_file_must_have_the_size_that_the_tree_says() {
    let check = |size: u64| {
        let mut tree = Tree::default();
        let file = File::in_unit(path("x"), size, None);
        tree.insert(path("file"), leaf(0o644, LeafKind::File(file))).unwrap();
        write(&tree, &Same(b"0123456789"), Timestamp::default(), &mut Vec::new())
    };
    check(10).unwrap();
    let error = check(9).unwrap_err().to_string();
    expect!["`/file` of `unit` has 10 bytes and should have 9"].assert_eq(&error);
    let error = check(11).unwrap_err().to_string();
    expect!["`/file` of `unit` has 10 bytes and should have 11"].assert_eq(&error);
}

#[test]
fn a_failure_of_the_writer_comes_through() {
    let mut tree = Tree::default();
    tree.insert(path("file"), leaf(0o644, inline(&[7; 5000]))).unwrap();
    // Room for a part of the archive only, wherever it ends.
    for room in [0, 100, 512, 1000, 6000] {
        let mut space = vec![0; room];
        let error = write(&tree, &Same(b""), Timestamp::default(), &mut &mut space[..]);
        assert!(matches!(error, Err(EncodeError::Write(_))), "{room}");
    }
}

#[test]
fn an_inline_file_has_no_source_in_a_unit() {
    assert!(matches!(File::inline(b"x").source(), Source::Inline(_)));
}
