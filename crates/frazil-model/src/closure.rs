//! The closure graph: which store path refers to which.
//!
//! It knows only paths and references, not why they exist; evidence and sizes belong to those who
//! ask. Invariant: answers depend on the graph alone, not on the order it was made in.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::store_path::StorePath;

/// Store paths and what each refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosureGraph {
    references: BTreeMap<StorePath, BTreeSet<StorePath>>,
}

/// Why a graph has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClosureError {
    /// A path that the graph does not have.
    #[error("store path '{path}' is not in the closure graph")]
    Missing {
        /// The path.
        path: StorePath,
    },
    /// Paths that refer to each other, which no store holds.
    #[error("cycle in the references: {}", shown(cycle))]
    Cycle {
        /// The paths in the order of their references; the last refers to the first.
        cycle: Vec<StorePath>,
    },
}

/// A path on the way through the graph, with the references still to be followed.
struct Step<'g> {
    path: &'g StorePath,
    left: std::collections::btree_set::Iter<'g, StorePath>,
}

impl ClosureGraph {
    /// Adds a path with its references, in addition to those it has.
    pub fn insert(&mut self, path: StorePath, references: impl IntoIterator<Item = StorePath>) {
        self.references.entry(path).or_default().extend(references);
    }

    /// The paths that were added, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &StorePath> {
        self.references.keys()
    }

    /// What `path` refers to; `None` if it was not added.
    pub fn references(&self, path: &StorePath) -> Option<&BTreeSet<StorePath>> {
        self.references.get(path)
    }

    /// The graph turned round: who refers to whom.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let mut reversed = Self::default();
        for (path, references) in &self.references {
            reversed.references.entry(path.clone()).or_default();
            for reference in references {
                reversed.references.entry(reference.clone()).or_default().insert(path.clone());
            }
        }
        reversed
    }

    /// All that can be reached from `roots`, the roots included, sorted.
    pub fn closure<'g>(
        &'g self,
        roots: impl IntoIterator<Item = &'g StorePath>,
    ) -> Result<BTreeSet<&'g StorePath>, ClosureError> {
        let mut seen: BTreeSet<&StorePath> = BTreeSet::new();
        let mut next: Vec<&StorePath> = roots.into_iter().collect();
        while let Some(path) = next.pop() {
            if seen.insert(path) {
                next.extend(self.known(path)?);
            }
        }
        Ok(seen)
    }

    /// All paths, each behind those it refers to. A path may refer to itself.
    pub fn topological(&self) -> Result<Vec<&StorePath>, ClosureError> {
        let mut done: BTreeSet<&StorePath> = BTreeSet::new();
        let mut order = Vec::with_capacity(self.references.len());
        // Depth first with a stack of our own: graphs are deeper than the machine's stack.
        let mut way: Vec<Step<'_>> = Vec::new();
        let mut on_way: BTreeSet<&StorePath> = BTreeSet::new();
        for (root, references) in &self.references {
            if done.contains(root) {
                continue;
            }
            way.push(Step { path: root, left: references.iter() });
            on_way.insert(root);
            while let Some(step) = way.last_mut() {
                let here = step.path;
                match step.left.next() {
                    Some(path) if path == here || done.contains(path) => {}
                    Some(path) if on_way.contains(path) => return Err(cycle(&way, path)),
                    Some(path) => {
                        way.push(Step { path, left: self.known(path)?.iter() });
                        on_way.insert(path);
                    }
                    None => {
                        way.pop();
                        on_way.remove(here);
                        done.insert(here);
                        order.push(here);
                    }
                }
            }
        }
        Ok(order)
    }

    fn known(&self, path: &StorePath) -> Result<&BTreeSet<StorePath>, ClosureError> {
        self.references(path).ok_or_else(|| ClosureError::Missing { path: path.clone() })
    }
}

fn cycle(way: &[Step<'_>], back_to: &StorePath) -> ClosureError {
    let cycle = way.iter().map(|step| step.path).skip_while(|path| *path != back_to);
    ClosureError::Cycle { cycle: cycle.cloned().collect() }
}

fn shown(cycle: &[StorePath]) -> String {
    cycle.iter().map(StorePath::as_str).collect::<Vec<_>>().join(" -> ")
}
