//! Carrying rules out, in the tree of a system.
//!
//! Invariant: what the system declares itself stays as it is.

use std::collections::BTreeSet;

use frazil_link::glob;
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Node, Origin, Tree, TreePath};

use super::{Action, Problem, Rule};
use crate::system::accounts::Accounts;

const FILE: Mode = Mode::of(0o644);

/// Makes what the rules want; `declared` is what the system itself has said about places.
pub fn apply(
    rules: &[Rule],
    tree: &mut Tree,
    accounts: &Accounts,
    declared: &BTreeSet<TreePath>,
    origin: &Origin,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for rule in rules {
        let done = Work { rule, accounts, declared, origin }.run(tree);
        if let Err(what) = done {
            problems.push(Problem { file: rule.file.clone(), line: rule.line, what });
        }
    }
    problems
}

struct Work<'w> {
    rule: &'w Rule,
    accounts: &'w Accounts,
    declared: &'w BTreeSet<TreePath>,
    origin: &'w Origin,
}

impl Work<'_> {
    fn run(&self, tree: &mut Tree) -> Result<(), String> {
        let path = tree_path(&self.rule.path)?;
        if self.declared.contains(&path) {
            return Ok(());
        }
        let is_there = tree.get(&path).is_some();
        match &self.rule.action {
            Action::Adjust { is_recursive } => self.adjust(tree, *is_recursive),
            Action::Directory => {
                let metadata = self.metadata(Mode::DIRECTORY)?;
                let done = tree.set_directory(path, metadata, self.origin.clone());
                done.map_err(|conflict| conflict.to_string())
            }
            Action::File { is_anew: false, .. }
            | Action::Link { is_anew: false, .. }
            | Action::Pipe
            | Action::Copy { .. }
                if is_there =>
            {
                Ok(())
            }
            Action::File { text, .. } => {
                self.put(tree, path, FILE, LeafKind::File(File::inline(text.as_bytes())))
            }
            Action::Link { target, .. } => {
                self.put(tree, path, Mode::SYMLINK, LeafKind::Symlink(target.as_bytes().into()))
            }
            Action::Pipe => self.put(tree, path, FILE, LeafKind::Fifo),
            Action::Copy { source } => self.copy(tree, &path, source),
        }
    }

    fn put(
        &self,
        tree: &mut Tree,
        path: TreePath,
        mode: Mode,
        kind: LeafKind,
    ) -> Result<(), String> {
        let metadata = self.metadata(mode)?;
        tree.remove(&path);
        let leaf = Leaf { metadata, origin: self.origin.clone(), kind };
        tree.insert(path, leaf).map(drop).map_err(|conflict| conflict.to_string())
    }

    /// Gives what is there permissions and owners; a pattern may fit many or nothing.
    fn adjust(&self, tree: &mut Tree, is_recursive: bool) -> Result<(), String> {
        let pattern = self.rule.path.trim_start_matches('/').trim_end_matches('/').as_bytes();
        let below = [pattern, b"/**"].concat();
        let fits = |path: &TreePath| {
            let path = path.as_bytes();
            glob::is_match(pattern, path) || (is_recursive && glob::is_match(&below, path))
        };
        let found: Vec<(TreePath, bool)> = tree
            .walk()
            .filter(|(path, _)| fits(path) && !self.declared.contains(*path))
            .map(|(path, node)| (path.clone(), matches!(node, Node::Directory(_))))
            .collect();
        for (path, is_directory) in found {
            let wanted = self.metadata(Mode::DIRECTORY)?;
            tree.change_metadata(&path, |metadata| {
                // All below a directory may be read as it may, but files are not entered.
                let mode = self.rule.mode.map(Mode::of);
                metadata.mode = match mode {
                    Some(mode) if is_recursive && !is_directory => {
                        Mode::of(u32::from(mode.bits()) & !0o111 | executable(metadata.mode))
                    }
                    Some(mode) => mode,
                    None => metadata.mode,
                };
                if self.rule.user.is_some() {
                    metadata.uid = wanted.uid;
                }
                if self.rule.group.is_some() {
                    metadata.gid = wanted.gid;
                }
            });
        }
        Ok(())
    }

    fn copy(&self, tree: &mut Tree, path: &TreePath, source: &str) -> Result<(), String> {
        let from = tree_path(source)?;
        let mut copies = Vec::new();
        for (place, node) in tree.walk_from(&from) {
            let rest = place.as_bytes().strip_prefix(from.as_bytes()).unwrap_or_default();
            let target = TreePath::parse(&[path.as_bytes(), rest].concat());
            let target = target.map_err(|error| error.to_string())?;
            let leaf = match node {
                Node::Directory(_) => None,
                Node::Leaf(_, leaf) => Some(leaf.clone()),
            };
            copies.push((target, leaf));
        }
        if copies.is_empty() {
            return Err(format!(
                "`{source}` is not in the system, so `{}` is no copy of it",
                self.rule.path
            ));
        }
        for (target, leaf) in copies {
            let done = match leaf {
                Some(leaf) => tree.insert(target, leaf).map(drop),
                None => {
                    tree.set_directory(target, self.metadata(Mode::DIRECTORY)?, self.origin.clone())
                }
            };
            done.map_err(|conflict| conflict.to_string())?;
        }
        Ok(())
    }

    /// What is made gets these; who is not known cannot own anything.
    fn metadata(&self, usual: Mode) -> Result<Metadata, String> {
        let Rule { mode, user, group, path, .. } = self.rule;
        let unknown = |kind: &str, name: &str| {
            format!("`{path}` belongs to the {kind} `{name}`, who does not exist")
        };
        let uid = match user {
            Some(name) => self.accounts.find_uid(name).ok_or_else(|| unknown("user", name))?,
            None => 0,
        };
        let gid = match group {
            Some(name) => self.accounts.find_gid(name).ok_or_else(|| unknown("group", name))?,
            None => 0,
        };
        Ok(Metadata { uid, gid, ..Metadata::of_root(mode.map_or(usual, Mode::of)) })
    }
}

fn executable(mode: Mode) -> u32 {
    u32::from(mode.bits()) & 0o111
}

fn tree_path(path: &str) -> Result<TreePath, String> {
    let path = path.trim_matches('/').as_bytes();
    TreePath::parse(path).map_err(|error| error.to_string())
}
