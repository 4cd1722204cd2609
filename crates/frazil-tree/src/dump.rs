//! A tree as text, one line per entry, and back: the manifest of a system and the language of tests.
//!
//! ```text
//! dir 755 0:0 - .
//! link 0:0 generated bin usr/bin
//! file 644 0:0 generated etc/hosts = "127.0.0.1\tlocalhost\n"
//! char 666 0:0 generated dev/null 1:3
//! file 755 0:0 dash_0.5 usr/bin/dash 129736 <sha256, or -> usr/bin/dash
//! hard usr/bin/sh usr/bin/dash
//! fifo 600 0:33 generated run/pipe user.note=x
//! ```
//!
//! Fields are kind, mode, owner and group, unit (`-` for directories that nobody brought), path,
//! then what the kind needs, then extended attributes. Other bytes than printable ASCII, blanks and
//! backslashes are written `\x20`; `=` as well in the names of attributes. The root is `.`.
//!
//! Invariant: what is printed parses to a tree that prints the same.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use parse::{DumpError, LineError, fuzz, parse};

use frazil_model::{Hash, HashFormat};

use crate::leaf::{DeviceKind, File, Leaf, LeafKind, Metadata, Source};
use crate::path::TreePath;
use crate::tree::{LeafId, Node, Tree};

/// The text of a tree; the same for equal trees.
pub fn dump(tree: &Tree) -> String {
    let mut text = String::new();
    let mut first: BTreeMap<LeafId, &TreePath> = BTreeMap::new();
    for (path, node) in tree.walk() {
        match node {
            Node::Directory(directory) => {
                let origin = directory.origin.as_ref().map_or("-", |origin| origin.as_str());
                put_head(&mut text, "dir", &directory.metadata, origin, path);
                put_xattrs(&mut text, &directory.metadata);
            }
            Node::Leaf(id, leaf) => {
                if let Some(first) = first.get(&id) {
                    text.push_str("hard");
                    put(&mut text, name(path));
                    put(&mut text, name(first));
                } else {
                    first.insert(id, path);
                    put_leaf(&mut text, path, leaf);
                }
            }
        }
        text.push('\n');
    }
    text
}

fn put_leaf(text: &mut String, path: &TreePath, leaf: &Leaf) {
    let (metadata, origin) = (&leaf.metadata, leaf.origin.as_str());
    match &leaf.kind {
        LeafKind::File(file) => {
            put_head(text, "file", metadata, origin, path);
            put_file(text, file);
        }
        LeafKind::Symlink(target) => {
            push(text, format_args!("link {}:{} {origin}", metadata.uid, metadata.gid));
            put(text, name(path));
            put(text, target);
        }
        LeafKind::Device { kind, major, minor } => {
            let word = match kind {
                DeviceKind::Character => "char",
                DeviceKind::Block => "block",
            };
            put_head(text, word, metadata, origin, path);
            push(text, format_args!(" {major}:{minor}"));
        }
        LeafKind::Fifo => put_head(text, "fifo", metadata, origin, path),
    }
    put_xattrs(text, metadata);
}

fn put_file(text: &mut String, file: &File) {
    match file.source() {
        Source::Inline(bytes) => {
            push(text, format_args!(" = \"{}\"", bytes.escape_ascii()));
        }
        Source::Unit(path) => {
            push(text, format_args!(" {} ", file.size()));
            match file.digest() {
                Some(digest) => text.push_str(&Hash::from(digest).format(HashFormat::Base16)),
                None => text.push('-'),
            }
            put(text, name(path));
        }
    }
}

fn put_head(text: &mut String, kind: &str, metadata: &Metadata, origin: &str, path: &TreePath) {
    push(text, format_args!("{kind} {:o} ", metadata.mode.bits()));
    push(text, format_args!("{}:{} {origin}", metadata.uid, metadata.gid));
    put(text, name(path));
}

fn put_xattrs(text: &mut String, metadata: &Metadata) {
    for (name, value) in &metadata.xattrs {
        put(text, name);
        text.push('=');
        escape(text, value, b"");
    }
}

fn name(path: &TreePath) -> &[u8] {
    if path.is_root() { b"." } else { path.as_bytes() }
}

/// A blank and an escaped field.
fn put(text: &mut String, field: &[u8]) {
    text.push(' ');
    escape(text, field, b"=");
}

fn escape(text: &mut String, field: &[u8], also: &[u8]) {
    for byte in field {
        if byte.is_ascii_graphic() && *byte != b'\\' && !also.contains(byte) {
            text.push(char::from(*byte));
        } else {
            push(text, format_args!("\\x{byte:02x}"));
        }
    }
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a string cannot fail");
}
