//! Places in a Nix store that files mention, and which of them are not believed.
//!
//! A unit of a Nix closure needs what its files mention: that is how Nix finds out, too. Where it is
//! asked for, a mention in a manual, in debug information or in what building left is not followed;
//! it becomes a hint then, so the ledger says what was cut and where it stood.

use super::{Step, Vertex, Walk};
use crate::analysis::AnalysedFile;
use crate::glob;
use crate::ledger::Evidence;
use crate::policy::{Cut, cut};
use crate::universe::{NodeId, join, parent};

const STORE: &[u8] = b"/nix/store/";
/// The characters of a hash, and the dash behind it.
const HASH_CHARS: usize = 33;

impl Walk<'_, '_> {
    pub(super) fn visit_references(&mut self, id: NodeId, file: &AnalysedFile) {
        let reason = self.reason_to_cut(id);
        for reference in file.references.iter() {
            self.visit_reference(id, reference, reason);
        }
        let debug = self.policy.cut.contains(&Cut::Debug).then_some("cut: debug information");
        for reference in file.debug_references.iter() {
            self.visit_reference(id, reference, reason.or(debug));
        }
    }

    /// Why nothing that a file mentions is needed for it, if the policy says so.
    fn reason_to_cut(&self, id: NodeId) -> Option<&'static str> {
        let node = self.universe.node(id);
        if self.policy.cut.is_empty() || self.universe.unit_of(id).mount.is_root() {
            return None;
        }
        let reason = cut(node.entry.path.as_bytes()).find(|cut| self.policy.cut.contains(cut))?;
        Some(match reason {
            Cut::Documentation => "cut: documentation",
            Cut::Debug => "cut: debug information",
            Cut::Build => "cut: left by building",
        })
    }

    /// What a path of a Nix store leads to: the longest part of it that is there.
    fn visit_reference(&mut self, id: NodeId, reference: &[u8], reason: Option<&'static str>) {
        let name = reference.split(|byte| *byte == b'/').next().unwrap_or_default();
        let reason = reason.or_else(|| self.is_cut_by_name(name).then_some("cut: by its name"));
        let step = Step::exact(Vertex::Node(id), Evidence::Reference);
        let path = [STORE, reference].concat();
        let mut path = path.as_slice();
        while path.len() > STORE.len() {
            let end = self.universe.follow(&join(b"", path)).end;
            match (end, reason) {
                (Some(end), Some(reason)) => {
                    self.hints.insert((end, id, reason));
                    return;
                }
                (Some(_), None) => {
                    self.reach(step, path);
                    return;
                }
                (None, _) => path = parent(path),
            }
        }
    }

    fn is_cut_by_name(&self, name: &[u8]) -> bool {
        let patterns = &self.policy.cut_references;
        let short = name.get(HASH_CHARS..).unwrap_or_default();
        glob::is_match_any(patterns, name) || glob::is_match_any(patterns, short)
    }
}
