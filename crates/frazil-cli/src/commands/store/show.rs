//! Store paths and what is known of them, as text and as JSON in the shape that Nix prints.

use frazil_model::{HashFormat, StoreDir, StorePath};
use frazil_ops::store::{Entry, EntryKind, PathInfo};
use serde_json::{Map, Value, json};

/// The full paths, one a line.
pub(super) fn lines<'p>(dir: &StoreDir, paths: impl IntoIterator<Item = &'p StorePath>) -> Vec<u8> {
    let mut text = Vec::new();
    for path in paths {
        dir.join_into(path, &mut text);
        text.push(b'\n');
    }
    text
}

/// The full paths as a JSON list.
pub(super) fn list<'p>(dir: &StoreDir, paths: impl IntoIterator<Item = &'p StorePath>) -> Value {
    paths.into_iter().map(|path| dir.join(path)).collect::<Vec<_>>().into()
}

/// A JSON value as a line.
pub(super) fn line(value: &Value) -> Vec<u8> {
    format!("{value}\n").into_bytes()
}

pub(super) fn info(dir: &StoreDir, info: &PathInfo, closure_size: Option<u64>) -> Value {
    let mut shown = json!({
        "ca": info.content_address.map(|content| content.to_string()),
        "deriver": info.deriver.as_ref().map(|path| dir.join(path)),
        "narHash": hash(info, HashFormat::Sri),
        "narSize": info.nar.size,
        "references": list(dir, &info.references),
        "registrationTime": info.registration_time,
        "signatures": info.signatures.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "ultimate": info.ultimate,
    });
    if let (Some(size), Value::Object(shown)) = (closure_size, &mut shown) {
        shown.insert("closureSize".to_owned(), size.into());
    }
    shown
}

pub(super) fn hash(info: &PathInfo, format: HashFormat) -> String {
    frazil_model::Hash::from(info.nar.hash).format_prefixed(format)
}

/// What stands in a store path, in the shape of `nix store ls --json`.
pub(super) fn entry(entry: &Entry) -> Value {
    match &entry.kind {
        EntryKind::File { executable, size } if *executable => {
            json!({ "type": "regular", "size": size, "executable": true })
        }
        EntryKind::File { size, .. } => json!({ "type": "regular", "size": size }),
        EntryKind::Symlink { target } => {
            json!({ "type": "symlink", "target": String::from_utf8_lossy(target) })
        }
        EntryKind::Directory => {
            let entries: Map<String, Value> = entry
                .entries
                .iter()
                .map(|(name, below)| {
                    (String::from_utf8_lossy(name).into_owned(), self::entry(below))
                })
                .collect();
            json!({ "type": "directory", "entries": entries })
        }
    }
}
