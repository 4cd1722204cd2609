//! What a running system looked for and the link had dropped.
//!
//! A trace of a service lists paths that it looked up. Most of those that are not there never are;
//! those that a unit of the universe has are what the linker missed.

use std::collections::{BTreeMap, VecDeque};

use frazil_tree::{LeafKind, Node, Origin, Tree, TreePath};

use crate::ledger::{Dropped, Ledger};

/// As many links as Linux follows in one path.
const LINKS_MAX: usize = 40;

/// Something that was looked for and dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Where it would have lain, links followed.
    pub path: TreePath,
    /// Whether it is a directory, of which nothing is left.
    pub is_directory: bool,
    /// The unit that has it, or the first one that has something of it.
    pub unit: Origin,
    /// The bytes that come back with it.
    pub bytes: u64,
    /// Why it was dropped.
    pub reason: Box<str>,
    /// The first path by which it was looked for.
    pub looked_for: Vec<u8>,
}

impl Missed {
    /// What to write into `keep`.
    pub fn pattern(&self) -> String {
        format!("{}{}", self.path, if self.is_directory { "/**" } else { "" })
    }
}

/// Of absolute paths that were looked for in a system, those that units have and the system has
/// not, sorted. What the policy leaves out is not missed.
pub fn missed<'p>(
    tree: &Tree,
    ledger: &Ledger,
    looked_for: impl IntoIterator<Item = &'p [u8]>,
) -> Vec<Missed> {
    let dropped = ledger.dropped.iter().filter(|dropped| !dropped.is_unwanted());
    let dropped: BTreeMap<&TreePath, &Dropped> =
        dropped.map(|dropped| (&dropped.path, dropped)).collect();
    let mut missed = BTreeMap::new();
    for path in looked_for {
        let Some(Absent { first, whole }) = follow(tree, path) else { continue };
        // A link that was dropped comes before what lies behind it.
        let leaf = [&first, &whole].into_iter().find_map(|path| dropped.get(path).copied());
        let all = leaf.map_or_else(|| below(&dropped, &whole), |leaf| vec![leaf]);
        let Some((one, unit)) =
            all.first().and_then(|one| Some((*one, ledger.units.get(one.unit as usize)?)))
        else {
            continue;
        };
        let place = leaf.map_or(whole, |leaf| leaf.path.clone());
        missed.entry(place.clone()).or_insert_with(|| Missed {
            path: place,
            is_directory: leaf.is_none(),
            unit: unit.name.clone(),
            bytes: all.iter().map(|dropped| dropped.bytes).fold(0, u64::saturating_add),
            reason: one.reason.clone(),
            looked_for: path.to_vec(),
        });
    }
    missed.into_values().collect()
}

/// What was dropped of a directory of which nothing is left. What is trimmed everywhere, such as
/// translations, is no reason to keep one.
fn below<'d>(dropped: &BTreeMap<&TreePath, &'d Dropped>, directory: &TreePath) -> Vec<&'d Dropped> {
    let from = dropped.range::<&TreePath, _>(directory..).map(|(_, dropped)| *dropped);
    let below = from.take_while(|dropped| dropped.path.is_within(directory));
    below.filter(|dropped| dropped.is_unreached()).collect()
}

/// A path that is not there.
struct Absent {
    /// The first place on the way that is not there.
    first: TreePath,
    /// The whole path, links before that place followed.
    whole: TreePath,
}

/// Follows a path through a tree; `None` if it leads to something, or nowhere that can be said.
fn follow(tree: &Tree, path: &[u8]) -> Option<Absent> {
    let names = |path: &[u8]| -> Vec<Box<[u8]>> {
        let names = path.split(|byte| *byte == b'/');
        names.filter(|name| !name.is_empty() && **name != b"."[..]).map(Box::from).collect()
    };
    let mut left: VecDeque<Box<[u8]>> = names(path).into();
    let mut at = TreePath::root();
    let mut links = 0;
    while let Some(name) = left.pop_front() {
        if *name == *b".." {
            at = at.parent().unwrap_or(at);
            continue;
        }
        let next = joined(&at, &name)?;
        match tree.get(&next) {
            Some(Node::Directory(_)) => at = next,
            Some(Node::Leaf(_, leaf)) => {
                let LeafKind::Symlink(target) = &leaf.kind else { return None };
                links += 1;
                if links > LINKS_MAX {
                    return None;
                }
                if target.starts_with(b"/") {
                    at = TreePath::root();
                }
                left = names(target).into_iter().chain(left).collect();
            }
            None => {
                let whole = left.iter().try_fold(next.clone(), |path, name| joined(&path, name));
                return Some(Absent { first: next, whole: whole? });
            }
        }
    }
    None
}

fn joined(directory: &TreePath, name: &[u8]) -> Option<TreePath> {
    if directory.is_root() {
        return TreePath::parse(name).ok();
    }
    TreePath::parse(&[directory.as_bytes(), name].join(&b'/')).ok()
}
