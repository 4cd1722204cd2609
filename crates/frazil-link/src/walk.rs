//! The walk from the roots over the files of a universe.
//!
//! What is reached by *exact* evidence (a name, a path, a link) says all it knows. What is reached
//! in *bulk* (a directory, a standard library, the data of a package) says only what it cannot work
//! without, until exact evidence finds it, too: a directory full of examples mentions half the
//! universe.
//!
//! Invariant: what is reached does not depend on the order of the walk, since nothing that was
//! reached is ever given up.

mod found;
mod program;
mod references;
mod rules;
mod script;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

pub(crate) use found::{Missing, Wanted};
pub(crate) use program::is_searched;

use crate::analysis::{AnalysedKind, Facts};
use crate::capability::{self, Extent};
use crate::glob;
use crate::ledger::{Edge, Evidence};
use crate::policy::{Firmness, NOISY_NAMES, Policy, is_generic, trim};
use crate::unit::{Level, Role, Unit};
use crate::universe::{Found, NodeId, Universe, join, place};

/// A directory that more packages share is not followed into those of other sources.
const SHARING_PACKAGES_MAX: usize = 3;

/// Which packages could hold what was looked for and not found, or more of what was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suggestion {
    Package(&'static str),
    /// Those whose names fit one of the patterns.
    Like(&'static [&'static str]),
    /// That of a library.
    Library(Vec<u8>),
    /// All of Debian's Essential set.
    Essential,
}

/// How firmly a node was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reached {
    #[default]
    Not,
    Bulk,
    Exact,
}

/// A vertex of the graph of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Vertex {
    Roots,
    Capability(&'static str),
    Runtime(&'static str),
    Package(usize),
    Node(NodeId),
}

/// A place where a system begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// An absolute path.
    pub path: Box<[u8]>,
    /// Who names it, for errors: `services.nginx.exec`.
    pub named_by: Box<str>,
    /// Whether the link fails if it is not there: an argument may name what will be made later.
    pub is_required: bool,
}

pub(crate) struct Walk<'u, 'a> {
    pub(crate) universe: &'u Universe<'a>,
    pub(crate) policy: &'u Policy,
    pub(crate) reached: Vec<Reached>,
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) edges: Vec<Edge>,
    ids: HashMap<Vertex, u32>,
    known_edges: HashSet<(u32, u32, Evidence)>,
    queue: VecDeque<NodeId>,
    /// Directories whose contents are to be taken, and those of which they were, for whom.
    directories: VecDeque<(NodeId, Vertex, Evidence)>,
    known_directories: HashSet<(NodeId, Vertex, Evidence)>,
    /// Those that were taken whole, for whomever.
    whole_directories: HashSet<NodeId>,
    /// Units that were taken whole.
    whole_units: HashSet<usize>,
    capabilities: BTreeSet<&'static str>,
    /// Whether anything loads libraries by name; and what names some, until something does.
    loads_libraries: bool,
    waiting: BTreeSet<NodeId>,
    pub(crate) missing: BTreeMap<(NodeId, Vec<u8>), Missing>,
    pub(crate) missing_roots: Vec<Root>,
    /// Wishes of the policy that nothing fulfils: which one, and its text.
    pub(crate) unfulfilled: Vec<(&'static str, Box<[u8]>)>,
    pub(crate) hints: BTreeSet<(NodeId, NodeId, &'static str)>,
    pub(crate) suggested: BTreeSet<Suggestion>,
}

/// A step of the walk: who needs something, and how that is known.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    from: Vertex,
    evidence: Evidence,
    reached: Reached,
}

impl Step {
    const fn exact(from: Vertex, evidence: Evidence) -> Self {
        Self { from, evidence, reached: Reached::Exact }
    }

    /// Whether a link is kept that leads to nothing.
    const fn keeps_dangling(self) -> bool {
        matches!(self.reached, Reached::Exact) || matches!(self.evidence, Evidence::WholePackage)
    }

    const fn bulk(from: Vertex, evidence: Evidence) -> Self {
        Self { from, evidence, reached: Reached::Bulk }
    }
}

/// Walks until nothing new is found.
pub(crate) fn walk<'u, 'a>(
    universe: &'u Universe<'a>,
    roots: &[Root],
    policy: &'u Policy,
) -> Walk<'u, 'a> {
    let mut walk = Walk {
        universe,
        policy,
        reached: vec![Reached::Not; universe.nodes.len()],
        vertices: Vec::new(),
        edges: Vec::new(),
        ids: HashMap::new(),
        known_edges: HashSet::new(),
        queue: VecDeque::new(),
        directories: VecDeque::new(),
        known_directories: HashSet::new(),
        whole_directories: HashSet::new(),
        whole_units: HashSet::new(),
        capabilities: BTreeSet::new(),
        loads_libraries: false,
        waiting: BTreeSet::new(),
        missing: BTreeMap::new(),
        missing_roots: Vec::new(),
        unfulfilled: Vec::new(),
        hints: BTreeSet::new(),
        suggested: BTreeSet::new(),
    };
    walk.id(Vertex::Roots);
    walk.take_roots(roots);
    loop {
        walk.go_on();
        // Data of packages, modules and licenses depend on what else is kept.
        walk.take_package_data();
        walk.take_modules();
        if walk.queue.is_empty() && walk.directories.is_empty() {
            break;
        }
    }
    walk.take_company();
    walk.take_parents();
    walk
}

impl Walk<'_, '_> {
    /// Visits until nothing waits.
    fn go_on(&mut self) {
        loop {
            if let Some(node) = self.queue.pop_front() {
                self.visit(node);
            } else if let Some((directory, from, evidence)) = self.directories.pop_front() {
                self.take_directory(directory, from, evidence);
            } else {
                return;
            }
        }
    }

    fn take_roots(&mut self, roots: &[Root]) {
        for root in roots {
            let step = Step::exact(Vertex::Roots, Evidence::Root);
            if !self.reach(step, &root.path) {
                self.suggest(&root.path);
                if root.is_required {
                    self.missing_roots.push(root.clone());
                }
            }
        }
        for (index, unit) in self.universe.units.iter().enumerate() {
            let is_whole = unit.role == Role::Generated
                || (self.policy.level == Level::Declared && unit.role.is_declared());
            if is_whole {
                self.take_whole(index, Vertex::Roots);
            }
        }
        for pattern in &self.policy.keep {
            let pattern = pattern.strip_prefix(b"/").unwrap_or(pattern);
            let nodes = self.universe.matching(pattern);
            self.keep("keep", pattern, &nodes);
        }
        for name in &self.policy.programs {
            self.keep("bins", name, self.universe.programs(name));
        }
        let full = self.policy.capabilities.iter().filter(|(_, extent)| **extent == Extent::Full);
        for row in full.filter_map(|(name, _)| capability::find(name)) {
            let mut patterns = row.basic.iter().chain(row.full);
            if patterns.all(|pattern| self.universe.matching(pattern.as_bytes()).is_empty()) {
                self.unfulfilled.push(("capabilities", row.name.as_bytes().into()));
            }
            self.take_capability(row, Vertex::Roots, Evidence::Keep);
        }
    }

    fn keep(&mut self, option: &'static str, wish: &[u8], nodes: &[NodeId]) {
        if nodes.is_empty() {
            self.unfulfilled.push((option, wish.into()));
        }
        for node in nodes {
            self.reach_node(Step::exact(Vertex::Roots, Evidence::Keep), *node);
        }
    }

    fn id(&mut self, vertex: Vertex) -> u32 {
        *self.ids.entry(vertex).or_insert_with(|| {
            self.vertices.push(vertex);
            self.vertices.len() as u32 - 1
        })
    }

    fn state(&self, node: NodeId) -> Reached {
        self.reached.get(node.0 as usize).copied().unwrap_or_default()
    }

    /// Follows an absolute path; whether something is there.
    fn reach(&mut self, step: Step, path: &[u8]) -> bool {
        self.reach_from(step, b"", path)
    }

    /// Follows a path from a directory of the universe.
    fn reach_from(&mut self, step: Step, directory: &[u8], path: &[u8]) -> bool {
        let path = join(directory, path);
        let found = self.universe.follow(&path);
        self.take_found(step, &found);
        found.end.is_some()
    }

    /// Takes what a node leads to.
    fn reach_node(&mut self, step: Step, node: NodeId) {
        let found = self.universe.follow(&self.universe.node(node).path);
        self.take_found(step, &found);
    }

    fn take_found(&mut self, step: Step, found: &Found) {
        match (found.end, found.links.split_last()) {
            (Some(end), _) => self.take(step, &found.links, end),
            // What a link leads to may be made when the system runs, below `/run` for one.
            (None, Some((last, links))) if step.keeps_dangling() => self.take(step, links, *last),
            (None, _) => {}
        }
    }

    /// Takes an entry and the links that led to it, unless the policy drops it.
    fn take(&mut self, step: Step, links: &[NodeId], end: NodeId) {
        let node = self.universe.node(end);
        if links.iter().chain([&end]).any(|id| self.is_excluded(*id)) {
            return;
        }
        let is_made = self.universe.unit_of(end).role.is_made();
        if !node.entry.is_directory() && !is_made && is_trimmed(step.evidence, &node.path) {
            return;
        }
        let asked = step;
        let mut step = step;
        for link in links {
            self.mark(step, *link);
            step.from = Vertex::Node(*link);
            step.evidence = Evidence::Symlink;
        }
        match &node.entry.kind {
            AnalysedKind::Directory => {
                self.mark(step, end);
                let content = (end, asked.from, asked.evidence);
                if self.known_directories.insert(content) {
                    self.directories.push_back(content);
                }
            }
            AnalysedKind::HardLink(path) => {
                self.mark(step, end);
                let target = place(self.universe.unit_of(end), path.as_bytes());
                if let Some(target) = self.universe.get(&target) {
                    let from = Vertex::Node(end);
                    let step = Step { from, evidence: Evidence::HardLink, ..step };
                    self.mark(step, target);
                }
            }
            AnalysedKind::File(_) | AnalysedKind::Symlink(_) => self.mark(step, end),
        }
    }

    /// Whether the policy leaves something out, whatever reaches it.
    pub(crate) fn is_excluded(&self, id: NodeId) -> bool {
        let path = &self.universe.node(id).path;
        let mut patterns = self.policy.without.iter();
        patterns.any(|pattern| glob::is_match(pattern.strip_prefix(b"/").unwrap_or(pattern), path))
            || self.is_unwanted_capability(id)
    }

    /// Whether it belongs to a capability that the system is not to have, and does not make it itself.
    fn is_unwanted_capability(&self, id: NodeId) -> bool {
        let unwanted =
            self.policy.capabilities.iter().filter(|(_, extent)| **extent == Extent::Nothing);
        let mut rows = unwanted.filter_map(|(name, _)| capability::find(name));
        self.universe.unit_of(id).role != Role::Generated
            && rows.any(|row| row.has(&self.universe.node(id).path))
    }

    /// Notes the evidence, and visits the node if it is new or better known than before.
    fn mark(&mut self, step: Step, node: NodeId) {
        let (from, to) = (self.id(step.from), self.id(Vertex::Node(node)));
        self.add_edge(from, to, step.evidence);
        let Some(reached) = self.reached.get_mut(node.0 as usize) else { return };
        if *reached < step.reached {
            let is_new = *reached == Reached::Not;
            *reached = step.reached;
            self.queue.push_back(node);
            if is_new {
                self.take_package_of(node);
            }
        }
    }

    fn add_edge(&mut self, from: u32, to: u32, evidence: Evidence) {
        if from != to && self.known_edges.insert((from, to, evidence)) {
            self.edges.push(Edge { from, to, evidence });
        }
    }

    /// At the level of packages, one file brings the others.
    fn take_package_of(&mut self, node: NodeId) {
        let unit = self.universe.unit_of(node);
        let level = unit.level.unwrap_or(self.policy.level);
        // A directory of the system is no evidence: many packages bring the same ones.
        let is_shared = unit.mount.is_root() && self.universe.node(node).entry.is_directory();
        if level == Level::Files || unit.role.is_made() || is_shared {
            return;
        }
        let index = self.universe.node(node).unit;
        if self.take_whole(index, Vertex::Node(node)) && unit.level == Some(Level::Declared) {
            self.take_declared(index);
        }
    }

    /// All that a unit declares to need, and what that needs.
    fn take_declared(&mut self, unit: usize) {
        let units = self.universe.units;
        let (mut known, mut waiting) = (BTreeSet::from([unit]), vec![unit]);
        while let Some(next) = waiting.pop() {
            let needs = |other: &Unit| {
                units.get(next).is_some_and(|unit| unit.depends.contains(&other.package))
            };
            let needed = units.iter().enumerate().filter(|(_, other)| needs(other));
            for (index, _) in needed {
                if known.insert(index) {
                    self.take_whole(index, Vertex::Package(next));
                    waiting.push(index);
                }
            }
        }
    }

    /// Takes all of a unit; whether that is new.
    fn take_whole(&mut self, unit: usize, from: Vertex) -> bool {
        let package = Vertex::Package(unit);
        let is_made = self.universe.units.get(unit).is_some_and(|unit| unit.role.is_made());
        let (from, to) = (self.id(from), self.id(package));
        let evidence = if is_made { Evidence::Root } else { Evidence::WholePackage };
        self.add_edge(from, to, evidence);
        if !self.whole_units.insert(unit) {
            return false;
        }
        for index in 0..self.universe.nodes.len() as u32 {
            let node = NodeId(index);
            if self.universe.node(node).unit == unit {
                let reached = if is_made { Reached::Exact } else { Reached::Bulk };
                self.reach_node(Step { from: package, evidence, reached }, node);
            }
        }
        true
    }

    fn visit(&mut self, id: NodeId) {
        let node = self.universe.node(id);
        let is_exact = self.state(id) == Reached::Exact;
        let file = match &node.entry.kind {
            AnalysedKind::File(file) => file,
            AnalysedKind::Directory | AnalysedKind::Symlink(_) | AnalysedKind::HardLink(_) => {
                return;
            }
        };
        self.visit_references(id, file);
        match &file.facts {
            Facts::Elf(elf) => self.visit_elf(id, elf, is_exact),
            Facts::Script(script) if is_exact => self.visit_script(id, script),
            Facts::Text(text) => {
                let is_whole = is_exact && !glob::is_match_any(NOISY_NAMES, &node.path);
                self.visit_text(id, text, is_whole);
            }
            Facts::Nothing | Facts::Script(_) => {}
        }
    }

    /// Takes what is in a directory, unless nobody owns it.
    fn take_directory(&mut self, id: NodeId, from: Vertex, evidence: Evidence) {
        if self.whole_directories.contains(&id) {
            return;
        }
        let path = &self.universe.node(id).path;
        let owner = match from {
            Vertex::Node(node) => Some(self.universe.unit_of(node)),
            Vertex::Roots | Vertex::Capability(_) | Vertex::Runtime(_) | Vertex::Package(_) => None,
        };
        let is_asked = matches!(evidence, Evidence::Root | Evidence::Keep | Evidence::Capability);
        let says_nothing = matches!(evidence, Evidence::PackageData | Evidence::WholePackage);
        if says_nothing || (is_generic(path) && evidence != Evidence::Capability) {
            return;
        }
        if trim(&[path, &b"/"[..]].concat()).is_some() && !is_asked {
            return;
        }
        let below = self.universe.below(path);
        let is_live = |id: &&NodeId| {
            let node = self.universe.node(**id);
            !node.entry.is_directory() && trim(&node.path).is_none()
        };
        let packages: BTreeSet<usize> =
            below.iter().filter(is_live).map(|id| self.universe.node(*id).unit).collect();
        let is_shared = packages.len() > SHARING_PACKAGES_MAX && !is_asked;
        if !is_shared {
            self.whole_directories.insert(id);
        }
        let step = Step::bulk(Vertex::Node(id), Evidence::Directory);
        for node in below.iter().filter(is_live) {
            let same_source =
                owner.is_some_and(|owner| owner.source == self.universe.unit_of(*node).source);
            if !is_shared || same_source {
                self.reach_node(step, *node);
            }
        }
    }
}

/// Whether what lies there is left out everywhere, and the evidence is too weak to save it.
fn is_trimmed(evidence: Evidence, path: &[u8]) -> bool {
    let Some((_, firmness)) = trim(path) else { return false };
    match evidence {
        Evidence::Root
        | Evidence::Keep
        | Evidence::Made
        | Evidence::Parent
        | Evidence::License
        | Evidence::Locale => false,
        Evidence::Reference
        | Evidence::Needed
        | Evidence::Interpreter
        | Evidence::Shebang
        | Evidence::Symlink
        | Evidence::HardLink
        | Evidence::Path
        | Evidence::ConfigPath
        | Evidence::ScriptPath => firmness == Firmness::Hard,
        Evidence::Note
        | Evidence::Embedded
        | Evidence::Command
        | Evidence::Soname
        | Evidence::Pattern
        | Evidence::Directory
        | Evidence::Symbol
        | Evidence::Capability
        | Evidence::Runtime
        | Evidence::Private
        | Evidence::PackageData
        | Evidence::WholePackage => true,
    }
}
