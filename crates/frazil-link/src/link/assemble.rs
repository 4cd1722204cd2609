//! From a ledger to the tree of the system.

use frazil_tree::tree::Conflict;
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Node, Origin, Tree};

use crate::ledger::{Kept, KeptKind, Ledger};

/// What lies in the system, with merged `/usr`. Links of `/usr` itself belong to `base`.
///
/// The linker leaves no conflicts between units, so there are none but with what `base` brings.
pub fn tree(ledger: &Ledger, base: &Origin) -> (Tree, Vec<Conflict>) {
    let mut tree = Tree::usr_merged(base);
    let mut conflicts = Vec::new();
    let mut hard_links = Vec::new();
    for kept in ledger.kept() {
        let origin = ledger.units.get(kept.unit as usize).map_or(base, |unit| &unit.name).clone();
        let metadata = Metadata { uid: kept.uid, gid: kept.gid, ..Metadata::of_root(kept.mode) };
        let result = match &kept.kind {
            KeptKind::Directory => tree.insert_directory(kept.path.clone(), metadata, origin),
            KeptKind::HardLink(_) => {
                hard_links.push(kept);
                Ok(())
            }
            KeptKind::Symlink(target) => {
                let metadata = Metadata { mode: Mode::SYMLINK, ..metadata };
                let kind = LeafKind::Symlink(target.clone());
                tree.insert(kept.path.clone(), Leaf { metadata, origin, kind }).map(drop)
            }
            KeptKind::File(size, digest) => {
                let file = File::in_unit(kept.inner.clone(), *size, Some(*digest));
                let kind = LeafKind::File(file);
                tree.insert(kept.path.clone(), Leaf { metadata, origin, kind }).map(drop)
            }
        };
        conflicts.extend(result.err());
    }
    for Kept { path, kind, .. } in hard_links {
        if let KeptKind::HardLink(target) = kind
            && let Some(Node::Leaf(id, _)) = tree.get(target)
        {
            conflicts.extend(tree.link(path.clone(), id).err());
        }
    }
    (tree, conflicts)
}
