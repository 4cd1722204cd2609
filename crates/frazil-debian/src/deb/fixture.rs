//! Packages made here, byte by byte, so that they can be as wrong as they like; packed and listed.

use std::io::Write as _;

use expect_test::Expect;
pub(in crate::deb) use frazil_testkit::deb::{
    CONTROL, deb, entry, file, header, member, package, tar,
};

use super::{DebError, DebReader, EntryKind, Limits};

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
