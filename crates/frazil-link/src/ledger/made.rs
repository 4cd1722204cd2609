//! What is made when the link is done: accounts, the cache of the loader, declared directories.
//!
//! Invariant: with it, everything in the tree of a system is in its ledger as the tree has it, but
//! for directories that are as any directory is.

use std::collections::BTreeMap;

use frazil_model::Sha256;
use frazil_tree::{LeafId, LeafKind, Metadata, Mode, Node, Origin, Tree, TreePath};

use super::{Edge, Evidence, Fate, Kept, KeptKind, Ledger, Subject, UnitRecord};

impl Ledger {
    /// Adds what lies in the tree and has no entry yet; what has one gets the tree's permissions.
    pub fn add_made(&mut self, tree: &Tree) {
        let mut known: BTreeMap<TreePath, usize> = BTreeMap::new();
        for (index, subject) in self.subjects.iter().enumerate() {
            if let Subject::Entry(kept) = subject {
                known.insert(kept.path.clone(), index);
            }
        }
        let mut first_names = BTreeMap::new();
        for (path, node) in tree.walk() {
            let Some((metadata, origin, kind)) = shape(path, node, &mut first_names) else {
                continue;
            };
            let Metadata { mode, uid, gid, .. } = *metadata;
            if let Some(index) = known.get(path) {
                if let Some(Subject::Entry(kept)) = self.subjects.get_mut(*index) {
                    (kept.mode, kept.uid, kept.gid) = (mode, uid, gid);
                }
                continue;
            }
            let unit = self.unit_of(origin);
            let (path, inner) = (path.clone(), path.clone());
            let kept = Kept { path, unit, inner, kind, mode, was_set_id: false, uid, gid };
            let to = self.subjects.len() as u32;
            self.edges.push(Edge { from: 0, to, evidence: Evidence::Made });
            self.subjects.push(Subject::Entry(kept));
        }
        self.edges.sort();
    }

    /// The index of a unit, which is added if the link was not told of it.
    fn unit_of(&mut self, origin: &Origin) -> u32 {
        let known = self.units.iter().position(|unit| unit.name == *origin);
        if let Some(unit) = known.and_then(|index| self.units.get_mut(index)) {
            unit.fate = Fate::Kept;
        }
        known.unwrap_or_else(|| {
            let (name, package) = (origin.clone(), origin.as_str().into());
            self.units.push(UnitRecord { name, package, fate: Fate::Kept, bytes: 0 });
            self.units.len() - 1
        }) as u32
    }
}

/// What the ledger says of a node; `None` of a directory that is as any directory.
fn shape<'t>(
    path: &TreePath,
    node: Node<'t>,
    first_names: &mut BTreeMap<LeafId, TreePath>,
) -> Option<(&'t Metadata, &'t Origin, KeptKind)> {
    let (id, leaf) = match node {
        Node::Directory(directory) => {
            let is_plain = directory.metadata == Metadata::of_root(Mode::DIRECTORY);
            let origin = directory.origin.as_ref()?;
            let is_silent = is_plain || path.is_root();
            return (!is_silent).then_some((&directory.metadata, origin, KeptKind::Directory));
        }
        Node::Leaf(id, leaf) => (id, leaf),
    };
    let kind = match &leaf.kind {
        LeafKind::File(_) if first_names.contains_key(&id) => {
            KeptKind::HardLink(first_names.get(&id)?.clone())
        }
        LeafKind::File(file) => {
            first_names.insert(id, path.clone());
            KeptKind::File(file.size(), file.digest().unwrap_or(Sha256([0; 32])))
        }
        LeafKind::Symlink(target) => KeptKind::Symlink(target.clone()),
        // No package brings these into a system.
        LeafKind::Device { .. } | LeafKind::Fifo => return None,
    };
    Some((&leaf.metadata, &leaf.origin, kind))
}
