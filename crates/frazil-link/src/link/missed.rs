//! What a running system looked for and the link had dropped.
//!
//! A trace of a service lists paths that were not there. Most of them never are; those that a unit
//! of the universe has are what the linker missed.

use std::collections::BTreeMap;
use std::sync::Arc;

use frazil_tree::{Origin, TreePath};

use crate::analysis::Analysis;
use crate::ledger::Ledger;
use crate::policy::Alternatives;
use crate::unit::Unit;
use crate::universe::{Universe, join};

/// A file that was looked for and dropped; its path is what to write into `keep`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Where it would have lain, links followed.
    pub path: TreePath,
    /// The unit that has it.
    pub unit: Origin,
    /// The first path by which it was looked for.
    pub looked_for: Vec<u8>,
}

/// Of absolute paths that were looked for in vain, those that units have, sorted.
pub fn missed<'p>(
    ledger: &Ledger,
    units: &[Unit],
    opened: &[Option<Arc<Analysis>>],
    looked_for: impl IntoIterator<Item = &'p [u8]>,
) -> Vec<Missed> {
    let universe = Universe::new(units, opened, &Alternatives::new());
    let kept: Vec<&TreePath> = ledger.kept().map(|kept| &kept.path).collect();
    let mut missed = BTreeMap::new();
    for wanted in looked_for {
        let found = universe.follow(&join(b"", wanted));
        let on_the_way = found.links.iter().chain(&found.end).filter(|_| found.end.is_some());
        for id in on_the_way {
            let node = universe.node(*id);
            let Ok(path) = TreePath::parse(&node.path) else { continue };
            if node.entry.is_directory() || kept.binary_search(&&path).is_ok() {
                continue;
            }
            let unit = universe.unit_of(*id).name.clone();
            let entry = Missed { path: path.clone(), unit, looked_for: wanted.into() };
            missed.entry(path).or_insert(entry);
        }
    }
    missed.into_values().collect()
}
