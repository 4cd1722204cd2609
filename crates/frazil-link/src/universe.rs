//! Everything that could be linked: the files of all opened units, by path and by name.
//!
//! Invariant: each path has one node. Where two units bring one, the unit made for this system
//! wins, then the first; the loser is remembered, and it is an error if the path is kept.

mod place;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use frazil_tree::path::USR_ALIASES;

pub(crate) use place::{join, parent, place};

use crate::analysis::{Analysed, AnalysedKind, Analysis};
use crate::policy::Alternatives;
use crate::unit::Unit;

/// Symlinks that are followed on the way to one file (`MAXSYMLINKS`).
pub(crate) const LINKS_MAX: usize = 40;

/// A node of the universe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(pub(crate) u32);

/// An entry of a unit, where it lies in the system.
pub(crate) struct Node<'a> {
    pub(crate) path: Cow<'a, [u8]>,
    pub(crate) unit: usize,
    pub(crate) entry: &'a Analysed,
}

pub(crate) struct Universe<'a> {
    pub(crate) units: &'a [Unit],
    pub(crate) nodes: Vec<Node<'a>>,
    by_path: HashMap<Cow<'a, [u8]>, NodeId>,
    /// All nodes by path, so that what is below a directory is a range.
    sorted: Vec<NodeId>,
    /// Libraries by the last name of their path.
    libraries: HashMap<&'a [u8], Vec<NodeId>>,
    /// Programs in the directories where commands are looked for.
    programs: HashMap<&'a [u8], Vec<NodeId>>,
    /// Common names that the policy gives to what no unit offers for them, with that.
    pub(crate) refused: Alternatives,
    /// Units that brought a path which another unit has.
    pub(crate) rivals: BTreeMap<NodeId, Vec<(usize, &'a Analysed)>>,
}

/// Where a path leads.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The symlinks on the way.
    pub(crate) links: Vec<NodeId>,
    /// What is at the end, if anything is.
    pub(crate) end: Option<NodeId>,
}

impl<'a> Universe<'a> {
    /// All of these units; `chosen` says which of several programs has a common name.
    pub(crate) fn new(
        units: &'a [Unit],
        opened: &'a [Option<Arc<Analysis>>],
        chosen: &Alternatives,
    ) -> Self {
        let mut order: Vec<usize> = (0..units.len()).collect();
        order.sort_by_key(|index| !units.get(*index).is_some_and(|unit| unit.role.is_made()));
        let mut universe = Self {
            units,
            nodes: Vec::new(),
            by_path: HashMap::new(),
            sorted: Vec::new(),
            libraries: HashMap::new(),
            programs: HashMap::new(),
            refused: Alternatives::new(),
            rivals: BTreeMap::new(),
        };
        for index in order {
            if let (Some(unit), Some(Some(analysis))) = (units.get(index), opened.get(index)) {
                for entry in analysis.entries() {
                    universe.add(index, unit, entry);
                }
            }
        }
        universe.add_alternatives(opened, chosen);
        let nodes = &universe.nodes;
        let mut sorted: Vec<NodeId> = (0..nodes.len() as u32).map(NodeId).collect();
        sorted.sort_by_key(|id| nodes.get(id.0 as usize).map(|node| &node.path));
        universe.sorted = sorted;
        universe
    }

    /// Common names lead to what is chosen, or to what has the highest priority; where something
    /// has the name itself, it is no common one.
    fn add_alternatives(&mut self, opened: &'a [Option<Arc<Analysis>>], chosen: &Alternatives) {
        let mut best: BTreeMap<Cow<'a, [u8]>, (bool, i64, usize, &'a Analysed)> = BTreeMap::new();
        for (index, (unit, analysis)) in self.units.iter().zip(opened).enumerate() {
            for alternative in analysis.iter().flat_map(|analysis| analysis.alternatives()) {
                let link = &alternative.link;
                let place = place(unit, link.path.as_bytes());
                let target = join(b"", alternative.target());
                if self.by_path.contains_key(&place) || !self.by_path.contains_key(&*target) {
                    continue;
                }
                let is_chosen =
                    chosen.get(link.path.file_name()).is_some_and(|path| **path == *target);
                let found = (is_chosen, alternative.priority, index, link);
                let slot = best.entry(place).or_insert(found);
                if (slot.0, slot.1) < (found.0, found.1) {
                    *slot = found;
                }
            }
        }
        for (name, path) in chosen {
            let mut taken = best.values();
            if !taken.any(|(is_chosen, .., link)| *is_chosen && link.path.file_name() == &**name) {
                self.refused.insert(name.clone(), path.clone());
            }
        }
        for (_, _, index, link) in best.into_values() {
            if let Some(unit) = self.units.get(index) {
                self.add(index, unit, link);
            }
        }
    }

    fn add(&mut self, index: usize, unit: &'a Unit, entry: &'a Analysed) {
        if entry.path.is_root() && unit.mount.is_root() {
            return;
        }
        let is_link = matches!(entry.kind, AnalysedKind::Symlink(_));
        if is_link && unit.mount.is_root() && USR_ALIASES.contains(&entry.path.as_bytes()) {
            // What it says is how the universe sees paths anyway.
            return;
        }
        let path = place(unit, entry.path.as_bytes());
        let id = NodeId(self.nodes.len() as u32);
        if let Some(first) = self.by_path.get(&path) {
            let node = self.nodes.get(first.0 as usize);
            let made = node.and_then(|node| self.units.get(node.unit));
            let is_ours = made.is_some_and(|made| made.role.is_made()) && !unit.role.is_made();
            let are_directories =
                entry.is_directory() && node.is_some_and(|node| node.entry.is_directory());
            // What is made for the system may take the place of data, not that of a program.
            if (!is_ours || entry.elf().is_some()) && !are_directories {
                self.rivals.entry(*first).or_default().push((index, entry));
            }
            return;
        }
        self.by_path.insert(path.clone(), id);
        if !entry.is_directory() {
            let name = entry.path.file_name();
            if memchr::memmem::find(name, b".so").is_some() {
                self.libraries.entry(name).or_default().push(id);
            }
            if matches!(parent(&path), b"usr/bin" | b"usr/sbin" | b"usr/games") {
                self.programs.entry(name).or_default().push(id);
            }
        }
        self.nodes.push(Node { path, unit: index, entry });
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node<'a> {
        self.nodes.get(id.0 as usize).expect("ids are made by pushing nodes, which stay")
    }

    pub(crate) fn unit_of(&self, id: NodeId) -> &'a Unit {
        self.units.get(self.node(id).unit).expect("nodes are made of units of this universe")
    }

    /// What lies at exactly this path.
    pub(crate) fn get(&self, path: &[u8]) -> Option<NodeId> {
        self.by_path.get(path).copied()
    }

    /// Everything below a directory.
    pub(crate) fn below(&self, directory: &[u8]) -> &[NodeId] {
        if directory.is_empty() {
            return &self.sorted;
        }
        let start = self.sorted.partition_point(|id| {
            let path = &*self.node(*id).path;
            match path.strip_prefix(directory) {
                Some(rest) => rest.first().is_none_or(|byte| *byte < b'/'),
                None => path < directory,
            }
        });
        let rest = self.sorted.get(start..).unwrap_or_default();
        let is_below = |id: &NodeId| {
            self.node(*id)
                .path
                .strip_prefix(directory)
                .is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        rest.get(..rest.partition_point(is_below)).unwrap_or_default()
    }

    pub(crate) fn libraries(&self, name: &[u8]) -> &[NodeId] {
        self.libraries.get(name).map_or(&[], Vec::as_slice)
    }

    /// Libraries whose name fits the pattern, sorted by path.
    pub(crate) fn libraries_like(&self, pattern: &[u8]) -> Vec<NodeId> {
        let fits = |id: &&NodeId| {
            let node = self.node(**id);
            let name = node.entry.path.file_name();
            !node.entry.is_directory() && crate::glob::is_match(pattern, name)
        };
        self.sorted.iter().filter(fits).copied().collect()
    }

    pub(crate) fn programs(&self, name: &[u8]) -> &[NodeId] {
        self.programs.get(name).map_or(&[], Vec::as_slice)
    }

    /// Nodes whose path fits the pattern, sorted by path.
    pub(crate) fn matching(&self, pattern: &[u8]) -> Vec<NodeId> {
        // What stands before the first star is a directory to look in.
        let special = pattern.iter().position(|byte| b"*?[".contains(byte));
        let Some(special) = special else { return self.get(pattern).into_iter().collect() };
        let fixed = parent(pattern.get(..special).unwrap_or_default());
        // Most paths are told by their ends, which is cheaper than matching.
        let last = pattern.iter().rposition(|byte| b"*?]".contains(byte)).map_or(0, |at| at + 1);
        let end = pattern.get(last..).unwrap_or_default();
        let fits = |id: &&NodeId| {
            let path = &self.node(**id).path;
            path.ends_with(end) && crate::glob::is_match(pattern, path)
        };
        self.below(fixed).iter().filter(fits).copied().collect()
    }

    /// Follows a path, which is relative to the root and in order, through symlinks.
    pub(crate) fn follow(&self, path: &[u8]) -> Found {
        let mut found = Found::default();
        let mut path = Cow::Borrowed(path);
        while found.links.len() < LINKS_MAX {
            let end = self.get(&path);
            let link = end.and_then(|id| self.link(id)).map(|target| (end, target, path.len()));
            let Some((Some(id), target, len)) = link.or_else(|| match end {
                Some(_) => None,
                None => self.link_on_the_way(&path),
            }) else {
                found.end = end;
                return found;
            };
            found.links.push(id);
            let (at, rest) = path.split_at_checked(len).unwrap_or((&path, b""));
            let rest = rest.strip_prefix(b"/").unwrap_or(rest);
            let target = join(parent(at), target);
            path = Cow::Owned(join(&target, rest));
        }
        found
    }

    /// The first part of a path that is a symlink, with its target and how long that part is.
    fn link_on_the_way(&self, path: &[u8]) -> Option<(Option<NodeId>, &'a [u8], usize)> {
        memchr::memchr_iter(b'/', path).find_map(|at| {
            let id = self.get(path.get(..at)?)?;
            Some((Some(id), self.link(id)?, at))
        })
    }

    fn link(&self, id: NodeId) -> Option<&'a [u8]> {
        match &self.node(id).entry.kind {
            AnalysedKind::Symlink(target) => Some(target),
            AnalysedKind::Directory | AnalysedKind::HardLink(_) | AnalysedKind::File(_) => None,
        }
    }
}
