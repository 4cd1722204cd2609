//! Everything that could be linked: the files of all opened units, by path and by name.
//!
//! Units are added as they are opened. Invariants: each path has one node; where two units bring
//! one, the unit made for this system wins, then the first, whichever was opened first. The loser is
//! remembered, and it is an error if the path is kept.

mod place;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};
use frazil_tree::path::USR_ALIASES;

pub(crate) use place::{join, parent, place};

use crate::analysis::{Analysed, AnalysedKind, Analysis};
use crate::policy::Alternatives;
use crate::unit::Unit;

/// The analyses of units, as far as they were opened.
pub(crate) type Opened = [OnceCell<Arc<Analysis>>];

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
    /// How many nodes are entries of units; behind them are common names, which may change when
    /// units are added.
    entries: usize,
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
    /// Of these units, none of which is opened.
    pub(crate) fn new(units: &'a [Unit]) -> Self {
        Self {
            units,
            nodes: Vec::new(),
            entries: 0,
            by_path: HashMap::new(),
            sorted: Vec::new(),
            libraries: HashMap::new(),
            programs: HashMap::new(),
            refused: Alternatives::new(),
            rivals: BTreeMap::new(),
        }
    }

    /// Adds units that were opened; `chosen` says which of several programs has a common name.
    pub(crate) fn add(
        &mut self,
        indices: impl IntoIterator<Item = usize>,
        opened: &'a Opened,
        chosen: &Alternatives,
    ) {
        self.forget_alternatives();
        for index in indices {
            if let (Some(unit), Some(cell)) = (self.units.get(index), opened.get(index)) {
                for entry in cell.get().into_iter().flat_map(|analysis| analysis.entries()) {
                    self.add_entry(index, unit, entry);
                }
            }
        }
        self.entries = self.nodes.len();
        self.add_alternatives(opened, chosen);
        let nodes = &self.nodes;
        self.sorted.extend((self.sorted.len() as u32..nodes.len() as u32).map(NodeId));
        self.sorted.sort_by_key(|id| nodes.get(id.0 as usize).map(|node| &node.path));
    }

    fn forget_alternatives(&mut self) {
        for id in (self.entries as u32..self.nodes.len() as u32).map(NodeId) {
            self.unlist(id);
            if let Some(node) = self.nodes.get(id.0 as usize) {
                self.by_path.remove(&node.path);
            }
        }
        self.nodes.truncate(self.entries);
        let entries = self.entries;
        self.sorted.retain(|id| (id.0 as usize) < entries);
        self.refused.clear();
    }

    /// Common names lead to what is chosen, or to what has the highest priority; where something
    /// has the name itself, it is no common one.
    fn add_alternatives(&mut self, opened: &'a Opened, chosen: &Alternatives) {
        let mut best: BTreeMap<Cow<'a, [u8]>, (bool, i64, usize, &'a Analysed)> = BTreeMap::new();
        for (index, (unit, cell)) in self.units.iter().zip(opened).enumerate() {
            let analysis = cell.get().into_iter();
            for alternative in analysis.flat_map(|analysis| analysis.alternatives()) {
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
                self.add_entry(index, unit, link);
            }
        }
    }

    fn add_entry(&mut self, index: usize, unit: &'a Unit, entry: &'a Analysed) {
        if entry.path.is_root() && unit.mount.is_root() {
            return;
        }
        let is_link = matches!(entry.kind, AnalysedKind::Symlink(_));
        if is_link && unit.mount.is_root() && USR_ALIASES.contains(&entry.path.as_bytes()) {
            // What it says is how the universe sees paths anyway.
            return;
        }
        let path = place(unit, entry.path.as_bytes());
        if let Some(known) = self.get(&path) {
            self.add_rival(known, index, entry);
            return;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.by_path.insert(path.clone(), id);
        self.nodes.push(Node { path, unit: index, entry });
        self.list(id);
    }

    /// Decides whose entry a node is that two units bring.
    fn add_rival(&mut self, id: NodeId, index: usize, entry: &'a Analysed) {
        let is_made = |unit: usize| self.units.get(unit).is_some_and(|unit| unit.role.is_made());
        let known = self.node(id);
        let mut winner = (known.unit, known.entry);
        let mut loser = (index, entry);
        if (!is_made(loser.0), loser.0) < (!is_made(winner.0), winner.0) {
            std::mem::swap(&mut winner, &mut loser);
        }
        let is_ours = is_made(winner.0) && !is_made(loser.0);
        if winner.0 != known.unit {
            self.unlist(id);
            if let Some(node) = self.nodes.get_mut(id.0 as usize) {
                (node.unit, node.entry) = winner;
            }
            self.list(id);
        }
        // What is made for the system may take the place of data, not that of a program.
        let are_directories = winner.1.is_directory() && loser.1.is_directory();
        if (!is_ours || loser.1.elf().is_some()) && !are_directories {
            self.rivals.entry(id).or_default().push(loser);
        }
    }

    /// Lists a node by its name, where others look for it by that.
    fn list(&mut self, id: NodeId) {
        let Some(Node { path, entry, .. }) = self.nodes.get(id.0 as usize) else { return };
        let name = entry.path.file_name();
        if is_library(entry) {
            self.libraries.entry(name).or_default().push(id);
        }
        if is_command(path, entry) {
            self.programs.entry(name).or_default().push(id);
        }
    }

    fn unlist(&mut self, id: NodeId) {
        let name = self.node(id).entry.path.file_name();
        let listed = [self.libraries.get_mut(name), self.programs.get_mut(name)];
        for ids in listed.into_iter().flatten() {
            ids.retain(|other| *other != id);
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node<'a> {
        self.nodes.get(id.0 as usize).expect("ids are made by pushing nodes, which stay")
    }

    pub(crate) fn unit_of(&self, id: NodeId) -> &'a Unit {
        self.units.get(self.node(id).unit).expect("nodes are made of units of this universe")
    }

    /// The nodes of units of a kind.
    pub(crate) fn nodes_of(
        &self,
        is_meant: impl Fn(&Unit) -> bool,
    ) -> impl Iterator<Item = (NodeId, &Node<'a>)> {
        let are_meant: Vec<bool> = self.units.iter().map(is_meant).collect();
        let nodes = (0..).map(NodeId).zip(&self.nodes);
        nodes.filter(move |(_, node)| are_meant.get(node.unit) == Some(&true))
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

fn is_library(entry: &Analysed) -> bool {
    !entry.is_directory() && memchr::memmem::find(entry.path.file_name(), b".so").is_some()
}

/// Whether it is found where commands are looked for.
fn is_command(path: &[u8], entry: &Analysed) -> bool {
    !entry.is_directory() && matches!(parent(path), b"usr/bin" | b"usr/sbin" | b"usr/games")
}
