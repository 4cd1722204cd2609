//! The ledger for people: a line for each unit, each kept file with its evidence, each dropped file
//! with its reason, each hint, and what soft decisions cost.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use frazil_tree::TreePath;

use super::{Fate, Kept, KeptKind, Ledger, Subject};

impl Ledger {
    /// The whole ledger as text. Every line begins with what it is about: `unit`, `keep`, `drop`,
    /// `hint` or `cost`; sizes are in bytes.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut put = |line: std::fmt::Arguments<'_>| put_line(&mut text, line);
        for unit in &self.units {
            let fate = match unit.fate {
                Fate::NeverOpened => "never opened",
                Fate::Dropped => "dropped",
                Fate::Kept => "kept",
            };
            put(format_args!("unit {} {} {fate}", unit.name, unit.bytes));
        }
        let reasons = self.steps();
        for (index, kept) in self.kept_by_path() {
            let why = reasons.get(&index).map_or_else(String::new, |edge| {
                format!("{} of {}", edge.evidence, self.title(edge.from))
            });
            put(format_args!("keep {} {} <- {why}", kept.path, shown(kept)));
        }
        for dropped in &self.dropped {
            put(format_args!("drop {} {} <- {}", dropped.path, dropped.bytes, dropped.reason));
        }
        for hint in &self.hints {
            put(format_args!("hint {} <- {} of {}", hint.target, hint.mention, hint.from));
        }
        for retained in self.retained() {
            let (bytes, files) = (retained.bytes, retained.files);
            put(format_args!("cost {} {bytes} in {files} files", self.title(retained.subject)));
        }
        text
    }

    fn kept_by_path(&self) -> Vec<(u32, &Kept)> {
        let entries = (0..).zip(&self.subjects).filter_map(|(index, subject)| match subject {
            Subject::Entry(kept) => Some((&kept.path, (index, kept))),
            Subject::Roots | Subject::Capability(_) | Subject::Runtime(_) | Subject::Package(_) => {
                None
            }
        });
        entries.collect::<BTreeMap<&TreePath, _>>().into_values().collect()
    }
}

fn put_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing to a string cannot fail");
    text.push('\n');
}

/// What an entry is, as far as a person wants to know.
fn shown(kept: &Kept) -> String {
    let mut shown = match &kept.kind {
        KeptKind::Directory => "directory".to_owned(),
        KeptKind::Symlink(target) => format!("-> {}", target.escape_ascii()),
        KeptKind::HardLink(path) => format!("= {path}"),
        KeptKind::File(bytes, _) => bytes.to_string(),
    };
    if !matches!(kept.kind, KeptKind::Symlink(_)) {
        let (mode, uid, gid) = (kept.mode.bits(), kept.uid, kept.gid);
        shown = format!("{shown} {mode:o} {uid}:{gid}");
    }
    if kept.was_set_id { format!("{shown}, set-id taken") } else { shown }
}
