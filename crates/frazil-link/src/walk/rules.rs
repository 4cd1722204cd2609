//! Rules beyond the words of files: capabilities, standard libraries, private directories, data of
//! packages, licenses, translations.

use std::collections::BTreeMap;

use super::program::on_machines;
use super::{Reached, Step, Suggestion, Vertex, Walk};
use frazil_tree::Mode;

use crate::analysis::{Analysed, Facts};
use crate::capability::{Capability, Extent};
use crate::glob;
use crate::ledger::Evidence;
use crate::policy::{MODULES, Modules, RUNTIMES, trim};
use crate::unit::Role;
use crate::universe::{NodeId, parent};

impl Walk<'_, '_> {
    pub(super) fn take_capability(
        &mut self,
        row: &'static Capability,
        from: Vertex,
        evidence: Evidence,
    ) {
        let extent = self.policy.capabilities.get(row.name).copied();
        if extent == Some(Extent::Nothing) {
            return;
        }
        let vertex = Vertex::Capability(row.name);
        let (from_id, to) = (self.id(from), self.id(vertex));
        self.add_edge(from_id, to, evidence);
        let is_full = extent == Some(Extent::Full)
            || matches!(from, Vertex::Node(id) if row.is_full_for(&self.universe.node(id).path));
        if self.capabilities.insert(row.name) {
            self.take_patterns(row.basic, vertex);
            self.suggested.extend(row.packages.iter().copied().map(Suggestion::Package));
        }
        if is_full {
            self.take_patterns(row.full, vertex);
        }
    }

    fn take_patterns(&mut self, patterns: &[&str], from: Vertex) {
        for pattern in patterns {
            for node in self.universe.matching(pattern.as_bytes()) {
                if !self.universe.node(node).entry.is_directory() {
                    self.reach_node(Step::exact(from, Evidence::Capability), node);
                }
            }
        }
    }

    /// An interpreter brings the whole library of its language.
    pub(super) fn take_runtime(&mut self, id: NodeId) {
        let universe = self.universe;
        let path = &universe.node(id).path;
        for row in RUNTIMES.iter().filter(|row| row.is_interpreter(path)) {
            let vertex = Vertex::Runtime(row.name);
            let (from, to) = (self.id(Vertex::Node(id)), self.id(vertex));
            self.add_edge(from, to, Evidence::Runtime);
            self.suggested.insert(Suggestion::Like(row.opens));
            let nodes =
                universe.nodes_of(|unit| glob::is_match_any(row.packages, unit.package.as_bytes()));
            for (id, node) in nodes {
                let is_library = !node.entry.is_directory()
                    && !node.path.starts_with(b"usr/bin/")
                    && memchr::memmem::find(&node.path, row.through.as_bytes()).is_some();
                if is_library {
                    self.reach_node(Step::bulk(vertex, Evidence::Runtime), id);
                }
            }
        }
    }

    /// Packages of modules that a system names, or of which one is kept, are wanted whole, native
    /// ones too: who imports what stands in no string of a known form. So are those that they
    /// declare to need.
    pub(super) fn take_modules(&mut self) {
        for row in MODULES {
            self.take_modules_of(row);
        }
    }

    fn take_modules_of(&mut self, row: &Modules) {
        let universe = self.universe;
        let mut modules: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
        let mut wanted: BTreeMap<usize, Vertex> = BTreeMap::new();
        for directory in row.directories.iter().flat_map(|directory| on_machines(directory)) {
            for id in universe.below(directory.as_bytes()).iter().copied() {
                let node = universe.node(id);
                if node.entry.is_directory() || !is_library(universe.unit_of(id), row) {
                    continue;
                }
                modules.entry(node.unit).or_default().push(id);
                if self.state(id) != Reached::Not {
                    wanted.entry(node.unit).or_insert(Vertex::Node(id));
                }
            }
        }
        let roots = self.id(Vertex::Roots);
        for unit in modules.keys().copied() {
            if universe.units.get(unit).is_some_and(|unit| unit.role == Role::Named) {
                let package = self.id(Vertex::Package(unit));
                self.add_edge(roots, package, Evidence::PackageData);
                wanted.entry(unit).or_insert(Vertex::Package(unit));
            }
        }
        let mut waiting: Vec<usize> = wanted.keys().copied().collect();
        while let Some(unit) = waiting.pop() {
            let (Some(ids), Some(from)) = (modules.get(&unit), wanted.get(&unit).copied()) else {
                continue;
            };
            for id in ids {
                self.reach_node(Step::bulk(from, Evidence::Runtime), *id);
            }
            let mut kept = ids.iter().filter(|id| self.state(**id) != Reached::Not);
            let Some(importer) = kept.next().copied().map(Vertex::Node) else { continue };
            let depends = universe.units.get(unit).map_or(&[][..], |unit| &unit.depends);
            for other in modules.keys() {
                let needed = universe.units.get(*other).filter(|it| depends.contains(&it.package));
                if needed.is_some() && !wanted.contains_key(other) {
                    wanted.insert(*other, importer);
                    waiting.push(*other);
                }
            }
        }
    }

    /// A program in `usr/lib/X/bin` has the rest of `usr/lib/X` for itself, and finds it by names
    /// relative to its own.
    pub(super) fn take_private(&mut self, id: NodeId) {
        let universe = self.universe;
        let node = universe.node(id);
        let names: Vec<&[u8]> = node.path.split(|byte| *byte == b'/').collect();
        let depth = match names.as_slice() {
            [b"usr", b"lib", b"jvm", _, b"bin" | b"sbin" | b"jre", _, ..] => 4,
            [b"usr", b"lib", _, b"bin" | b"sbin", _, ..] => 3,
            _ => return,
        };
        let home = names.get(..depth).unwrap_or_default().join(&b'/');
        for other in universe.below(&home) {
            let below = universe.node(*other);
            let is_private = below.unit == node.unit
                && !below.entry.is_directory()
                && memchr::memmem::find(&below.path, b"/bin/").is_none();
            if is_private {
                self.reach_node(Step::bulk(Vertex::Node(id), Evidence::Private), *other);
            }
        }
    }

    /// Data of the packages that modules name, and of what the same sources built for them.
    pub(super) fn take_package_data(&mut self) {
        let universe = self.universe;
        let named = |unit: &&crate::unit::Unit| unit.role == Role::Named && unit.mount.is_root();
        let sources: Vec<&str> =
            universe.units.iter().filter(named).map(|it| &*it.source).collect();
        let belonging = universe.nodes_of(|unit| {
            unit.role.is_declared() && unit.mount.is_root() && sources.contains(&&*unit.source)
        });
        for (id, node) in belonging {
            if !is_data(node) || trim(&node.path).is_some() {
                continue;
            }
            // A link alone is no data; it goes with what it leads to.
            let end = universe.follow(&node.path).end;
            let leads_to_kept =
                end == Some(id) || end.is_some_and(|end| self.state(end) != Reached::Not);
            if leads_to_kept {
                let (package, roots) =
                    (self.id(Vertex::Package(node.unit)), self.id(Vertex::Roots));
                self.add_edge(roots, package, Evidence::PackageData);
                self.reach_node(Step::bulk(Vertex::Package(node.unit), Evidence::PackageData), id);
            }
        }
    }

    /// Licenses of kept packages, translations that are asked for, and what is not to be trimmed.
    pub(super) fn take_company(&mut self) {
        let universe = self.universe;
        let mut is_kept = vec![false; universe.units.len()];
        for (index, reached) in self.reached.iter().enumerate() {
            let node = universe.node(NodeId(index as u32));
            if *reached != Reached::Not
                && !node.entry.is_directory()
                && let Some(kept) = is_kept.get_mut(node.unit)
            {
                *kept = true;
            }
        }
        self.take_untrimmed(&is_kept);
        let kept = universe.units.iter().enumerate().zip(is_kept).filter(|(_, is_kept)| *is_kept);
        for ((index, unit), _) in kept {
            let package = Vertex::Package(index);
            let license = ["/usr/share/doc/", &unit.package, "/copyright"].concat();
            if let Some(reason) = self.any_node_of(index) {
                self.reach(Step::bulk(reason, Evidence::License), license.as_bytes());
            }
            for locale in &self.policy.locales {
                let directory = ["usr/share/locale/", locale].concat();
                for node in universe.below(directory.as_bytes()) {
                    let node_of = universe.node(*node);
                    if node_of.unit == index && !node_of.entry.is_directory() {
                        let (from, to) = (self.id(Vertex::Roots), self.id(package));
                        self.add_edge(from, to, Evidence::Locale);
                        self.reach_node(Step::bulk(package, Evidence::Locale), *node);
                    }
                }
            }
        }
    }

    /// What the policy does not want trimmed, of packages of which something else is kept.
    fn take_untrimmed(&mut self, is_kept: &[bool]) {
        let universe = self.universe;
        if self.policy.untrimmed.is_empty() {
            return;
        }
        for (index, node) in universe.nodes.iter().enumerate() {
            let is_wanted = is_kept.get(node.unit) == Some(&true)
                && !node.entry.is_directory()
                && trim(&node.path).is_some_and(|(why, _)| self.policy.untrimmed.contains(why));
            if is_wanted {
                let package = Vertex::Package(node.unit);
                let (from, to) = (self.id(Vertex::Roots), self.id(package));
                self.add_edge(from, to, Evidence::Keep);
                self.reach_node(Step::bulk(package, Evidence::Keep), NodeId(index as u32));
            }
        }
    }

    /// Directories on the way to what is kept, where they are not as any directory is.
    pub(super) fn take_parents(&mut self) {
        let universe = self.universe;
        for index in 0..universe.nodes.len() as u32 {
            let id = NodeId(index);
            if self.state(id) == Reached::Not {
                continue;
            }
            let mut directory = parent(&universe.node(id).path);
            while !directory.is_empty() {
                if let Some(special) = universe.get(directory)
                    && is_special(universe.node(special).entry)
                {
                    self.mark(Step::bulk(Vertex::Node(id), Evidence::Parent), special);
                }
                directory = parent(directory);
            }
        }
    }

    /// A kept node of a unit, to say for whom a license is kept.
    fn any_node_of(&self, unit: usize) -> Option<Vertex> {
        let mut vertices = self.vertices.iter().copied();
        vertices.find(|vertex| match vertex {
            Vertex::Node(id) => {
                let node = self.universe.node(*id);
                node.unit == unit && !node.entry.is_directory()
            }
            Vertex::Roots | Vertex::Capability(_) | Vertex::Runtime(_) | Vertex::Package(_) => {
                false
            }
        })
    }
}

/// Whether a package is one of modules.
fn is_library(unit: &crate::unit::Unit, row: &Modules) -> bool {
    unit.mount.is_root() && glob::is_match_any(row.packages, unit.package.as_bytes())
}

/// A directory that not everybody may enter, or that belongs to somebody.
fn is_special(entry: &Analysed) -> bool {
    entry.is_directory() && (entry.mode != Mode::DIRECTORY || (entry.uid, entry.gid) != (0, 0))
}

/// Neither a program nor code that is loaded only where something names it.
fn is_data(node: &crate::universe::Node<'_>) -> bool {
    let is_elf = node.entry.file().is_some_and(|file| matches!(file.facts, Facts::Elf(_)));
    let elsewhere: [&[u8]; 4] =
        [b"usr/bin/", b"usr/sbin/", b"usr/share/nodejs/", b"usr/share/perl5/"];
    !node.entry.is_directory()
        && !is_elf
        && !elsewhere.iter().any(|start| node.path.starts_with(start))
}
