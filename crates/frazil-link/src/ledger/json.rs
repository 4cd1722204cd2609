//! The ledger for other programs.
//!
//! Paths are text here: bytes that are not UTF-8 are replaced.

use serde_json::{Value, json};

use super::{Fate, Kept, KeptKind, Ledger, Subject};

impl Ledger {
    /// The whole ledger as JSON: `units`, `subjects`, `edges`, `dropped`, `hints`.
    pub fn to_json(&self) -> Value {
        let units = self.units.iter().map(|unit| {
            let fate = match unit.fate {
                Fate::NeverOpened => "never opened",
                Fate::Dropped => "dropped",
                Fate::Kept => "kept",
            };
            json!({
                "name": unit.name.as_str(), "package": &*unit.package,
                "fate": fate, "bytes": unit.bytes,
            })
        });
        let subjects = self.subjects.iter().map(|subject| match subject {
            Subject::Roots => json!({ "kind": "roots" }),
            Subject::Capability(name) => json!({ "kind": "capability", "name": &**name }),
            Subject::Runtime(name) => json!({ "kind": "runtime", "name": &**name }),
            Subject::Package(unit) => json!({ "kind": "package", "unit": unit }),
            Subject::Entry(kept) => entry(kept),
        });
        let edges = self.edges.iter().map(
            |edge| json!({ "from": edge.from, "to": edge.to, "evidence": edge.evidence.name() }),
        );
        let dropped = self.dropped.iter().map(|dropped| {
            json!({
                "path": dropped.path.to_string(), "unit": dropped.unit,
                "bytes": dropped.bytes, "reason": &*dropped.reason,
            })
        });
        let hints = self.hints.iter().map(|hint| {
            json!({
                "target": hint.target.to_string(), "from": hint.from.to_string(),
                "mention": &*hint.mention,
            })
        });
        json!({
            "units": units.collect::<Value>(),
            "subjects": subjects.collect::<Value>(),
            "edges": edges.collect::<Value>(),
            "dropped": dropped.collect::<Value>(),
            "hints": hints.collect::<Value>(),
        })
    }
}

fn entry(kept: &Kept) -> Value {
    let mut entry = json!({
        "path": kept.path.to_string(), "unit": kept.unit,
        "mode": format!("{:o}", kept.mode.bits()), "uid": kept.uid, "gid": kept.gid,
    });
    let mut put = |key: &str, value: Value| {
        entry.as_object_mut().map(|entry| entry.insert(key.to_owned(), value))
    };
    if kept.was_set_id {
        put("setIdTaken", true.into());
    }
    match &kept.kind {
        KeptKind::Directory => put("kind", "directory".into()),
        KeptKind::Symlink(target) => {
            put("target", String::from_utf8_lossy(target).into());
            put("kind", "symlink".into())
        }
        KeptKind::HardLink(path) => {
            put("target", path.to_string().into());
            put("kind", "hard link".into())
        }
        KeptKind::File(bytes, _) => {
            put("bytes", (*bytes).into());
            put("kind", "file".into())
        }
    };
    entry
}
