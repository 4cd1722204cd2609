//! Packages made here, byte by byte, so that they can be as wrong as they like.

use std::io::Write as _;

use expect_test::Expect;

use super::{DebError, DebReader, EntryKind, Limits};

pub(in crate::deb) const CONTROL: &[u8] = b"Package: a\nVersion: 1\nArchitecture: all\n";

/// A tar entry: its header and its contents.
pub(in crate::deb) fn entry(path: &str, kind: u8, target: &str, contents: &[u8]) -> Vec<u8> {
    header(path, kind, target, contents, |_| ())
}

/// The same with something else in the header, which still has a right checksum.
pub(in crate::deb) fn header(
    path: &str,
    kind: u8,
    target: &str,
    contents: &[u8],
    change: impl Fn(&mut [u8]),
) -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, b"0004755\x000000005\x000000007\0");
    put(124, format!("{:011o} 00000000012 ", contents.len()).as_bytes());
    put(156, &[kind]);
    put(157, target.as_bytes());
    put(257, b"ustar\x0000root");
    put(297, b"adm");
    change(&mut block);
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.extend_from_slice(contents);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

pub(in crate::deb) fn file(path: &str, contents: &[u8]) -> Vec<u8> {
    entry(path, b'0', "", contents)
}

pub(in crate::deb) fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

pub(in crate::deb) fn member(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut member =
        format!("{name:<16}0           0     0     100644  {:<10}`\n", bytes.len()).into_bytes();
    member.extend_from_slice(bytes);
    if !bytes.len().is_multiple_of(2) {
        member.push(b'\n');
    }
    member
}

pub(in crate::deb) fn package(members: &[Vec<u8>]) -> Vec<u8> {
    [b"!<arch>\n".as_slice(), &members.concat()].concat()
}

/// A package with these entries, and perhaps MD5 sums.
pub(in crate::deb) fn deb(md5sums: &str, entries: &[Vec<u8>]) -> Vec<u8> {
    let control = [file("./control", CONTROL), file("./md5sums", md5sums.as_bytes())];
    package(&[
        member("debian-binary", b"2.0\n"),
        member("control.tar", &tar(&control)),
        member("data.tar", &tar(entries)),
    ])
}

pub(in crate::deb) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(in crate::deb) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(in crate::deb) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 1).unwrap()
}

pub(in crate::deb) fn list(bytes: &[u8], limits: Limits) -> Result<String, DebError> {
    let mut input = bytes;
    let mut lines = Vec::new();
    let reader = DebReader::open(&mut input, limits)?;
    reader.visit(&mut |entry| -> Result<(), DebError> {
        let mut contents = Vec::new();
        let read = entry.contents.read_to_end(&mut contents);
        read.map_err(|source| DebError::Read { member: entry.path.to_string(), source })?;
        let text = if entry.size > 20 { "...".into() } else { contents.escape_ascii().to_string() };
        let kind = match entry.kind {
            EntryKind::Symlink(target) => format!("-> {}", target.escape_ascii()),
            other @ (EntryKind::File
            | EntryKind::HardLink(_)
            | EntryKind::Directory
            | EntryKind::CharacterDevice(..)
            | EntryKind::BlockDevice(..)
            | EntryKind::Fifo) => format!("{other:?}"),
        };
        lines.push(format!("{} {kind} {text}", entry.path).trim_end().to_owned());
        Ok(())
    })?;
    Ok(lines.join("\n"))
}

#[track_caller]
pub(in crate::deb) fn check_bytes(bytes: &[u8], expected: Expect) {
    let shown = list(bytes, Limits::default()).unwrap_or_else(|error| {
        let mut shown = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            shown = format!("{shown}: {error}");
            cause = error.source();
        }
        shown
    });
    expected.assert_eq(&shown);
}

#[track_caller]
pub(in crate::deb) fn check(entries: &[Vec<u8>], expected: Expect) {
    check_bytes(&deb("", entries), expected);
}
