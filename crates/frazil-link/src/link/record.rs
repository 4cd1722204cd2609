//! From a walk to its ledger: what was reached is sorted, what was not gets a reason.

use std::collections::BTreeSet;

use frazil_model::Sha256;
use frazil_tree::TreePath;

use super::{Link, LinkError};
use crate::analysis::{Analysed, AnalysedKind};
use crate::generate::loader_cache::Library;
use crate::glob;
use crate::ledger::{Dropped, Edge, Fate, Hint, Kept, KeptKind, Ledger, Subject, UnitRecord};
use crate::policy::trim;
use crate::unit::Role;
use crate::universe::{LINKS_MAX, Node, NodeId, Opened, parent, place};
use crate::walk::{Reached, Vertex, Walk, Wanted, is_searched};

pub(super) fn record(walk: Walk<'_, '_>, opened: &Opened) -> Link {
    let errors = errors(&walk);
    let (subjects, edges) = graph(&walk);
    let kept = walk.kept_units();
    let units =
        walk.universe.units.iter().zip(opened).enumerate().map(|(index, (unit, opened))| {
            let opened = opened.get();
            let fate = match opened {
                _ if kept.contains(&index) => Fate::Kept,
                Some(_) => Fate::Dropped,
                None => Fate::NeverOpened,
            };
            let bytes = opened.map_or(0, |analysis| analysis.size());
            UnitRecord { name: unit.name.clone(), package: unit.package.clone(), fate, bytes }
        });
    let units = units.collect();
    let ledger = Ledger { units, subjects, edges, dropped: dropped(&walk), hints: hints(&walk) };
    Link { ledger, libraries: libraries(&walk), errors }
}

/// What a loader's cache lists: libraries under their own names, where the loader looks anyway.
fn libraries(walk: &Walk<'_, '_>) -> Vec<Library> {
    let universe = walk.universe;
    let mut libraries = Vec::new();
    for (index, reached) in walk.reached.iter().enumerate() {
        let node = universe.node(NodeId(index as u32));
        if *reached == Reached::Not || node.entry.is_directory() {
            continue;
        }
        let end = universe.follow(&node.path).end;
        let Some(elf) = end.and_then(|end| universe.node(end).entry.elf()) else { continue };
        let name = node.entry.path.file_name();
        if *elf.soname == *name && is_searched(parent(&node.path), elf.machine) {
            let path = [b"/", &*node.path].concat();
            let (soname, machine) = (name.to_vec(), (elf.machine, elf.is_64));
            libraries.push(Library { soname, path, machine });
        }
    }
    libraries
}

fn tree_path(path: &[u8]) -> TreePath {
    // Paths of nodes are joined from valid ones; only their sum may be too long for Linux.
    TreePath::parse(path).unwrap_or_else(|_| TreePath::root())
}

/// Subjects in their own order, which is that of paths, and edges between them.
fn graph(walk: &Walk<'_, '_>) -> (Vec<Subject>, Vec<Edge>) {
    let mut order: Vec<(Subject, u32)> =
        walk.vertices.iter().map(|vertex| subject(walk, *vertex)).zip(0..).collect();
    order.sort();
    let mut renamed: Vec<u32> = vec![0; order.len()];
    for ((_, old), new) in order.iter().zip(0..) {
        if let Some(slot) = renamed.get_mut(*old as usize) {
            *slot = new;
        }
    }
    let rename = |old: u32| renamed.get(old as usize).copied().unwrap_or(0);
    let mut edges: Vec<Edge> = walk
        .edges
        .iter()
        .map(|edge| Edge { from: rename(edge.from), to: rename(edge.to), ..*edge })
        .collect();
    edges.sort();
    (order.into_iter().map(|(subject, _)| subject).collect(), edges)
}

fn subject(walk: &Walk<'_, '_>, vertex: Vertex) -> Subject {
    match vertex {
        Vertex::Roots => Subject::Roots,
        Vertex::Capability(name) => Subject::Capability(name.into()),
        Vertex::Runtime(name) => Subject::Runtime(name.into()),
        Vertex::Package(unit) => Subject::Package(unit as u32),
        Vertex::Node(id) => Subject::Entry(kept(walk, id)),
    }
}

fn kept(walk: &Walk<'_, '_>, id: NodeId) -> Kept {
    let Node { path, unit, entry } = walk.universe.node(id);
    let kind = match &entry.kind {
        AnalysedKind::Directory => KeptKind::Directory,
        AnalysedKind::Symlink(target) => KeptKind::Symlink(target.clone()),
        AnalysedKind::HardLink(target) => {
            let target = place(walk.universe.unit_of(id), target.as_bytes());
            KeptKind::HardLink(tree_path(&target))
        }
        AnalysedKind::File(file) => KeptKind::File(file.size, file.digest),
    };
    let may_set_id = || {
        let mut patterns = walk.policy.set_id.iter();
        patterns.any(|pattern| glob::is_match(pattern.strip_prefix(b"/").unwrap_or(pattern), path))
    };
    let is_taken = !entry.is_directory()
        && entry.mode.is_set_id()
        && !walk.universe.unit_of(id).role.is_made()
        && !may_set_id();
    Kept {
        path: tree_path(path),
        unit: *unit as u32,
        inner: entry.path.clone(),
        kind,
        mode: if is_taken { entry.mode.without_set_id() } else { entry.mode },
        was_set_id: is_taken,
        uid: entry.uid,
        gid: entry.gid,
    }
}

/// Files that nothing reached, of all units that were opened: `frazil check` looks for them.
fn dropped(walk: &Walk<'_, '_>) -> Vec<Dropped> {
    let mut dropped = Vec::new();
    for (index, reached) in walk.reached.iter().enumerate() {
        let id = NodeId(index as u32);
        let Node { path, unit, entry } = walk.universe.node(id);
        if *reached != Reached::Not || entry.is_directory() {
            continue;
        }
        let reason = if walk.is_excluded(id) {
            Dropped::UNWANTED
        } else {
            trim(path).map_or(Dropped::UNREACHED, |(why, _)| why)
        };
        let (path, unit, bytes) = (tree_path(path), *unit as u32, entry.size());
        dropped.push(Dropped { path, unit, bytes, reason: reason.into() });
    }
    dropped.sort();
    dropped
}

/// Mentions of what is not kept after all.
fn hints(walk: &Walk<'_, '_>) -> Vec<Hint> {
    let path = |id: NodeId| tree_path(&walk.universe.node(id).path);
    let is_open = |target: &NodeId| walk.reached.get(target.0 as usize) == Some(&Reached::Not);
    let mut hints: Vec<Hint> = walk
        .hints
        .iter()
        .filter(|(target, ..)| is_open(target))
        .map(|(target, from, mention)| Hint {
            target: path(*target),
            from: path(*from),
            mention: (*mention).into(),
        })
        .collect();
    for ((from, name), missing) in walk.missing.iter().filter(|(_, missing)| !missing.is_exact) {
        let mention = match missing.what {
            Wanted::Interpreter => "loader, missing",
            Wanted::Library => "library, missing",
            Wanted::LeftOut => "library, left out",
        };
        if let Ok(target) = TreePath::parse(name.strip_prefix(b"/").unwrap_or(name)) {
            hints.push(Hint { target, from: path(*from), mention: mention.into() });
        }
    }
    hints.sort();
    hints
}

fn errors(walk: &Walk<'_, '_>) -> Vec<LinkError> {
    let mut errors: Vec<LinkError> = walk
        .missing_roots
        .iter()
        .map(|root| LinkError::Root {
            path: root.path.to_vec(),
            named_by: root.named_by.to_string(),
        })
        .collect();
    let wishes = walk.unfulfilled.iter();
    errors.extend(wishes.map(|(option, wish)| LinkError::Wish { option, wish: wish.to_vec() }));
    errors.extend(walk.universe.refused.iter().map(|(name, path)| {
        let wish = [name, &b" = /"[..], path].concat();
        LinkError::Wish { option: "alternatives", wish }
    }));
    for ((from, name), missing) in walk.missing.iter().filter(|(_, missing)| missing.is_exact) {
        let file = tree_path(&walk.universe.node(*from).path);
        let searched = || missing.searched.iter().map(|path| tree_path(path)).collect();
        let name = name.clone();
        errors.push(match missing.what {
            Wanted::Interpreter => LinkError::Interpreter { file, interpreter: name },
            Wanted::Library => LinkError::Library { file, soname: name, searched: searched() },
            Wanted::LeftOut => LinkError::LeftOut { file, soname: name },
        });
    }
    errors.extend(loops(walk));
    for (id, rivals) in &walk.universe.rivals {
        if walk.reached.get(id.0 as usize) == Some(&Reached::Not) {
            continue;
        }
        let node = walk.universe.node(*id);
        for (unit, _) in rivals.iter().filter(|(_, rival)| !is_same(node.entry, rival)) {
            let (Some(first), Some(second)) =
                (walk.universe.units.get(node.unit), walk.universe.units.get(*unit))
            else {
                continue;
            };
            errors.push(LinkError::Conflict {
                path: tree_path(&node.path),
                first: first.name.clone(),
                second: second.name.clone(),
            });
        }
    }
    errors.sort();
    errors
}

/// Links that are made for the system and lead back to themselves.
fn loops(walk: &Walk<'_, '_>) -> impl Iterator<Item = LinkError> {
    let ids = (0..walk.universe.nodes.len() as u32).map(NodeId);
    let is_loop = |id: &NodeId| {
        walk.universe.unit_of(*id).role == Role::Generated
            && walk.universe.follow(&walk.universe.node(*id).path).links.len() == LINKS_MAX
    };
    ids.filter(is_loop).map(|id| LinkError::Loop { path: tree_path(&walk.universe.node(id).path) })
}

fn is_same(a: &Analysed, b: &Analysed) -> bool {
    let content = |entry: &Analysed| -> Option<Sha256> { entry.file().map(|file| file.digest) };
    let same_kind = match (&a.kind, &b.kind) {
        (AnalysedKind::Symlink(a), AnalysedKind::Symlink(b)) => return a == b,
        (AnalysedKind::HardLink(a), AnalysedKind::HardLink(b)) => a == b,
        (AnalysedKind::File(_), AnalysedKind::File(_)) => content(a) == content(b),
        (AnalysedKind::Directory, AnalysedKind::Directory) => return true,
        (
            AnalysedKind::Symlink(_)
            | AnalysedKind::HardLink(_)
            | AnalysedKind::File(_)
            | AnalysedKind::Directory,
            _,
        ) => false,
    };
    same_kind && (a.mode, a.uid, a.gid) == (b.mode, b.uid, b.gid)
}

impl Walk<'_, '_> {
    /// Units of which anything but directories is kept.
    pub(super) fn kept_units(&self) -> BTreeSet<usize> {
        let nodes = self.reached.iter().zip(&self.universe.nodes);
        let kept =
            nodes.filter(|(reached, node)| **reached != Reached::Not && !node.entry.is_directory());
        kept.map(|(_, node)| node.unit).collect()
    }
}
