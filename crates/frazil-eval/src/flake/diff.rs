//! What changed between two lock files, as people read it.

use std::fmt;

use super::fetch::shown;
use super::lock_file::{Edge, LockFile};
use super::{InputPath, print_path};

/// One input that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Added { input: InputPath, now: String },
    Removed { input: InputPath },
    Updated { input: InputPath, before: String, now: String },
}

impl LockFile {
    /// What is different in `new`, in the order of the inputs.
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        let (before, after) = (self.all_inputs(), new.all_inputs());
        let mut paths: Vec<_> = before.keys().chain(after.keys()).collect();
        paths.sort();
        paths.dedup();
        let change = |path: &InputPath| {
            let input = path.clone();
            match (before.get(path), after.get(path)) {
                (None, Some(edge)) => Some(Change::Added { input, now: new.describe(edge) }),
                (Some(_), None) => Some(Change::Removed { input }),
                (Some(one), Some(other)) if !self.is_same(one, new, other) => {
                    Some(Change::Updated {
                        input,
                        before: self.describe(one),
                        now: new.describe(other),
                    })
                }
                _ => None,
            }
        };
        paths.into_iter().filter_map(change).collect()
    }

    fn is_same(&self, edge: &Edge, new: &Self, other: &Edge) -> bool {
        match (edge, other) {
            (Edge::Follows(one), Edge::Follows(other)) => one == other,
            (Edge::Node(one), Edge::Node(other)) => {
                let one = self.node(*one).lock.as_ref().map(|lock| &lock.locked);
                one == new.node(*other).lock.as_ref().map(|lock| &lock.locked)
            }
            _ => false,
        }
    }

    fn describe(&self, edge: &Edge) -> String {
        let id = match edge {
            Edge::Follows(path) => return format!("follows '{}'", print_path(path)),
            Edge::Node(id) => *id,
        };
        let Some(lock) = &self.node(id).lock else { return String::new() };
        let url = shown(&lock.locked);
        match lock.locked.input.last_modified() {
            Some(seconds) => format!("'{url}' ({})", super::day(seconds)),
            None => format!("'{url}'"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { input, now } => {
                write!(f, "• Added input '{}':\n    {now}", print_path(input))
            }
            Self::Removed { input } => write!(f, "• Removed input '{}'", print_path(input)),
            Self::Updated { input, before, now } => {
                write!(f, "• Updated input '{}':\n    {before}\n  → {now}", print_path(input))
            }
        }
    }
}

/// All changes, one below the other.
pub fn print_changes(changes: &[Change]) -> String {
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
