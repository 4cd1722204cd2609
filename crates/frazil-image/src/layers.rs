//! Which layer each entry of a tree goes into.
//!
//! Layers are cut by unit, so that two images with a unit in common have a layer in common, and a
//! change of configuration touches the one layer that holds what changes often. What is small goes
//! together: a layer costs a request, and an entry in every manifest.
//!
//! Invariant: each leaf stands in exactly one layer, and each layer brings the directories on the
//! way to its leaves, as the tree has them.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use frazil_tree::{Leaf, LeafKind, Node, Origin, Tree, TreePath};

/// Smaller units share a layer.
const OWN_LAYER_BYTES_MIN: u64 = 64 << 10;
/// Smaller units that change with the configuration share a layer. One change often touches several of
/// them, so they part later than others: when sending one along for nothing is dearer than a layer.
const OWN_VOLATILE_LAYER_BYTES_MIN: u64 = 1 << 20;

/// What the planner has to know of a unit besides its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Whether it changes with the configuration, as generated files do.
    pub is_volatile: bool,
    /// How much of the image needs it: what much of it needs is likely in other images, too.
    pub dependents: u32,
}

/// One layer of an image.
#[derive(Clone, Debug)]
pub struct Layer<'t> {
    /// The units it is made of, by name.
    pub units: Vec<Origin>,
    /// Bytes in its files, hard links once.
    pub bytes: u64,
    /// Its entries in the tree's order.
    pub entries: Vec<(TreePath, Node<'t>)>,
}

/// Cuts a tree into at most `layers_max` layers, the lowest first.
pub fn plan(
    tree: &Tree,
    layers_max: NonZeroUsize,
    weigh: impl Fn(&Origin) -> Weight,
) -> Vec<Layer<'_>> {
    let groups = group(sizes(tree), layers_max.get(), weigh);
    let mut places = BTreeMap::new();
    for (index, units) in groups.iter().enumerate() {
        places.extend(units.iter().map(|unit| (unit.clone(), index)));
    }
    let mut layers: Vec<Filling<'_>> = groups.into_iter().map(Filling::new).collect();
    for (path, node) in tree.walk() {
        let origin = match node {
            Node::Directory(directory) => directory.origin.as_ref(),
            Node::Leaf(_, leaf) => Some(&leaf.origin),
        };
        let index = origin.and_then(|origin| places.get(origin));
        if let Some(layer) = index.and_then(|index| layers.get_mut(*index)) {
            layer.push(tree, path, node);
        }
    }
    layers.into_iter().map(|filling| filling.layer).collect()
}

/// Bytes by unit, units of directories alone included.
fn sizes(tree: &Tree) -> BTreeMap<Origin, u64> {
    let mut sizes: BTreeMap<Origin, u64> = BTreeMap::new();
    for (_, node) in tree.walk() {
        if let Node::Directory(directory) = node
            && let Some(origin) = &directory.origin
        {
            sizes.entry(origin.clone()).or_default();
        }
    }
    for (_, leaf) in tree.leaves() {
        *sizes.entry(leaf.origin.clone()).or_default() += leaf_bytes(leaf);
    }
    sizes
}

fn leaf_bytes(leaf: &Leaf) -> u64 {
    match &leaf.kind {
        LeafKind::File(file) => file.size(),
        LeafKind::Symlink(_) | LeafKind::Device { .. } | LeafKind::Fifo => 0,
    }
}

/// The units of each layer: large ones alone, those most depended on lowest; then all small ones
/// together; then what changes with the configuration.
fn group(
    sizes: BTreeMap<Origin, u64>,
    layers_max: usize,
    weigh: impl Fn(&Origin) -> Weight,
) -> Vec<Vec<Origin>> {
    let (mut volatile, mut small, mut large) = (Vec::new(), Vec::new(), Vec::new());
    for (unit, bytes) in sizes {
        let weight = weigh(&unit);
        match weight.is_volatile {
            true if bytes < OWN_VOLATILE_LAYER_BYTES_MIN => volatile.push(unit),
            false if bytes < OWN_LAYER_BYTES_MIN => small.push(unit),
            _ => large.push((unit, bytes, weight)),
        }
    }
    // Only the largest keep layers of their own when there are too many.
    large.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let is_too_much = large.len() + 2 > layers_max;
    let kept = if is_too_much { layers_max.saturating_sub(2) } else { large.len() };
    for (unit, _, weight) in large.drain(kept..) {
        if weight.is_volatile { volatile.push(unit) } else { small.push(unit) }
    }
    if layers_max == 1 {
        small.append(&mut volatile);
    }
    small.sort();
    volatile.sort();
    large.sort_by_key(|(unit, _, weight)| (Reverse(weight.dependents), unit.clone()));
    let alone = large.into_iter().map(|(unit, ..)| vec![unit]);
    alone.chain([small, volatile]).filter(|units| !units.is_empty()).collect()
}

/// A layer while it is being filled.
struct Filling<'t> {
    layer: Layer<'t>,
    present: BTreeSet<TreePath>,
    counted: BTreeSet<frazil_tree::LeafId>,
}

impl<'t> Filling<'t> {
    fn new(units: Vec<Origin>) -> Self {
        let layer = Layer { units, bytes: 0, entries: Vec::new() };
        Self { layer, present: BTreeSet::new(), counted: BTreeSet::new() }
    }

    fn push(&mut self, tree: &'t Tree, path: &TreePath, node: Node<'t>) {
        let mut missing = Vec::new();
        let mut next = path.parent();
        while let Some(parent) = next {
            if parent.is_root() || self.present.contains(&parent) {
                break;
            }
            next = parent.parent();
            missing.push(parent);
        }
        for parent in missing.into_iter().rev() {
            if let Some(node) = tree.get(&parent) {
                self.add(parent, node);
            }
        }
        if !path.is_root() && !self.present.contains(path) {
            self.add(path.clone(), node);
        }
    }

    fn add(&mut self, path: TreePath, node: Node<'t>) {
        match node {
            Node::Directory(_) => {
                self.present.insert(path.clone());
            }
            Node::Leaf(id, leaf) => {
                if self.counted.insert(id) {
                    self.layer.bytes += leaf_bytes(leaf);
                }
            }
        }
        self.layer.entries.push((path, node));
    }
}
