//! Debian packages made byte by byte, so that they can be as wrong as they like.

mod builder;

pub use builder::Deb;

/// The smallest `control`.
pub const CONTROL: &[u8] = b"Package: a\nVersion: 1\nArchitecture: all\n";

/// A tar entry: its header and its contents.
pub fn entry(path: &str, kind: u8, target: &str, contents: &[u8]) -> Vec<u8> {
    header(path, kind, target, contents, |_| ())
}

/// The same with something else in the header, which still has a right checksum.
pub fn header(
    path: &str,
    kind: u8,
    target: &str,
    contents: &[u8],
    change: impl Fn(&mut [u8]),
) -> Vec<u8> {
    let mut block = vec![0; 512];
    put(&mut block, 0, path.as_bytes());
    put(&mut block, 100, b"0004755\x000000005\x000000007\0");
    put(&mut block, 124, format!("{:011o} 00000000012 ", contents.len()).as_bytes());
    put(&mut block, 156, &[kind]);
    put(&mut block, 157, target.as_bytes());
    put(&mut block, 257, b"ustar\x0000root");
    put(&mut block, 297, b"adm");
    change(&mut block);
    put(&mut block, 148, b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
    block.extend_from_slice(contents);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

/// Writes a field of a header.
fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    for (slot, byte) in block.iter_mut().skip(at).zip(bytes) {
        *slot = *byte;
    }
}

/// A file with this name.
pub fn file(path: &str, contents: &[u8]) -> Vec<u8> {
    entry(path, b'0', "", contents)
}

/// An archive of these entries.
pub fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

/// A part of a package.
pub fn member(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut member =
        format!("{name:<16}0           0     0     100644  {:<10}`\n", bytes.len()).into_bytes();
    member.extend_from_slice(bytes);
    if !bytes.len().is_multiple_of(2) {
        member.push(b'\n');
    }
    member
}

/// A package of these parts.
pub fn package(members: &[Vec<u8>]) -> Vec<u8> {
    [b"!<arch>\n".as_slice(), &members.concat()].concat()
}

/// A package with these entries, and perhaps MD5 sums.
pub fn deb(md5sums: &str, entries: &[Vec<u8>]) -> Vec<u8> {
    let control = [file("./control", CONTROL), file("./md5sums", md5sums.as_bytes())];
    package(&[
        member("debian-binary", b"2.0\n"),
        member("control.tar", &tar(&control)),
        member("data.tar", &tar(entries)),
    ])
}
