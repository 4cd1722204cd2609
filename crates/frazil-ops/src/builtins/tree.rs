//! `builtin:tree`: a tree of small files that is described, not made by commands.
//!
//! The attribute `entries` is a list of sets, each with a `path` below the output (the empty path is
//! the output itself) and one thing to put there: `text`, `link`, `copy`, `concat`, `merge`,
//! `substitute` or `commands`; docs/packages.md says what each does. The tree is planned in memory
//! and written when nothing can go wrong any more.
//!
//! Invariant: two entries never silently decide between them what is at a path.

mod entry;
mod node;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use frazil_build::builtin::{BuiltinError, BuiltinTask};

use super::{AttributeProblem, Tools, follow, out, structured};
use entry::{Collisions, Content, Entry, Merge, Replacement};
use node::{Bytes, Node, TreeProblem};

/// What Debian's adapters say of themselves; in a merged tree it would be true of none.
const DESCRIPTION: &str = "nix-support/debian";
/// Where packages have commands, below their `data`, and whether they are for the administrator.
const COMMANDS: &[(&str, bool)] =
    &[("usr/bin", false), ("usr/games", false), ("usr/sbin", true), ("bin", false), ("sbin", true)];

/// Where inputs are.
struct Sources<'t> {
    task: &'t BuiltinTask<'t>,
}

pub(super) fn build(
    task: &BuiltinTask<'_>,
    _tools: &Tools,
    _log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let attributes = structured(task)?;
    let entries = attributes.get("entries").ok_or(AttributeProblem::Missing { name: "entries" })?;
    let sources = Sources { task };
    let mut root = Node::default();
    for entry in entry::parse(entries)? {
        place(&mut root, entry, &sources)?;
    }
    node::write(&root, out(task)?)?;
    Ok(())
}

/// Puts one entry into the tree.
fn place(root: &mut Node, entry: Entry, sources: &Sources<'_>) -> Result<(), TreeProblem> {
    let Entry { path, content, executable } = entry;
    let file = |bytes, origin: String| Node::File { bytes, executable, origin };
    let node = match content {
        Content::Text(text) => file(Bytes::Here(text.into_bytes()), "a text".to_owned()),
        Content::Link(target) => Node::Link { target: target.into() },
        Content::Copy(source) => sources.copy(Path::new(&source), executable)?,
        Content::Concat(parts) => {
            let mut bytes = Vec::new();
            for part in &parts {
                bytes.extend(sources.read(Path::new(part))?);
            }
            file(Bytes::Here(bytes), parts.join(" and "))
        }
        Content::Substitute { source, replacements, must_occur } => {
            let text = sources.read(Path::new(&source))?;
            let text = substitute(&text, &replacements, must_occur.then_some(source.as_str()))?;
            file(Bytes::Here(text), source)
        }
        Content::Merge(merge) => {
            for source in &merge.sources {
                merge_source(root, &path, Path::new(source), &merge, sources)?;
            }
            return root.make_directory(&path);
        }
        Content::Commands(unit) => return link_commands(root, &path, Path::new(&unit), sources),
    };
    root.insert(&path, node, Collisions::Same)
}

/// `text` with everything replaced, in one pass: what was put in is not looked at again.
fn substitute(
    text: &[u8],
    replacements: &[Replacement],
    must_occur: Option<&str>,
) -> Result<Vec<u8>, TreeProblem> {
    let mut found = vec![false; replacements.len()];
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        let here = replacements.iter().zip(&mut found).find_map(|(replacement, found)| {
            let behind = rest.strip_prefix(replacement.from.as_bytes())?;
            Some((replacement, found, behind))
        });
        if let Some((replacement, found, behind)) = here {
            out.extend_from_slice(replacement.to.as_bytes());
            *found = true;
            rest = behind;
        } else {
            out.push(*byte);
            rest = behind;
        }
    }
    let missing = replacements.iter().zip(&found).find(|(_, found)| !**found);
    match (must_occur, missing) {
        (Some(file), Some((missing, _))) => {
            Err(TreeProblem::NotThere { text: missing.from.clone(), file: file.to_owned() })
        }
        _ => Ok(out),
    }
}

/// Links to everything in one of the trees that are merged.
fn merge_source(
    root: &mut Node,
    path: &[String],
    source: &Path,
    merge: &Merge,
    sources: &Sources<'_>,
) -> Result<(), TreeProblem> {
    let top = source.join(&merge.below);
    let Some(physical) = sources.find(&top) else {
        // Not every package has what is asked of all of them.
        return if merge.below.is_empty() {
            Err(TreeProblem::NoInput { path: top })
        } else {
            Ok(())
        };
    };
    if !physical.is_dir() {
        return Err(TreeProblem::NoDirectory { path: top });
    }
    // Directories, each below the source and in the tree.
    let mut waiting = vec![(PathBuf::new(), physical)];
    while let Some((below, physical)) = waiting.pop() {
        for name in names(&physical)? {
            let below = below.join(&name);
            if below == Path::new(DESCRIPTION) || !merge.takes(&below) {
                continue;
            }
            let logical = top.join(&below);
            let directory = sources.find(&logical).filter(|place| place.is_dir());
            let mut place = path.to_vec();
            place.extend(parts(&below)?);
            match directory {
                Some(physical) => {
                    root.make_directory(&place)?;
                    waiting.push((below, physical));
                }
                None if merge.is_chosen(&below) => {
                    let link = Node::Link { target: logical };
                    let same = |one: &Path, other: &Path| sources.are_same(one, other);
                    root.insert_link(&place, link, merge.collisions, merge.is_fallback, &same)?;
                }
                None => {}
            }
        }
    }
    Ok(())
}

/// Links to the commands of a Debian package, where Debian has them.
fn link_commands(
    root: &mut Node,
    path: &[String],
    unit: &Path,
    sources: &Sources<'_>,
) -> Result<(), TreeProblem> {
    let data = sources.find(unit).ok_or_else(|| TreeProblem::NoInput { path: unit.into() })?;
    let data = data.join("data");
    for (directory, is_administrator) in COMMANDS {
        let physical = data.join(directory);
        if !physical.is_dir() || physical.is_symlink() {
            continue;
        }
        for name in names(&physical)? {
            let target = Path::new("/").join(directory).join(&name);
            let [name] = <[String; 1]>::try_from(parts(Path::new(&name))?)
                .map_err(|_| TreeProblem::Path { path: target.display().to_string() })?;
            let mut places = vec!["bin"];
            if *is_administrator {
                places.push("sbin");
            }
            for place in places {
                let mut at = path.to_vec();
                at.extend([place.to_owned(), name.clone()]);
                root.insert(&at, Node::Link { target: target.clone() }, Collisions::First)?;
            }
        }
    }
    Ok(())
}

/// The names of a path, which must be text.
fn parts(path: &Path) -> Result<Vec<String>, TreeProblem> {
    let name = |part: &OsStr| part.to_str().map(str::to_owned);
    path.iter()
        .map(name)
        .collect::<Option<_>>()
        .ok_or_else(|| TreeProblem::Path { path: path.display().to_string() })
}

/// What is in a directory, in the order of the names.
fn names(directory: &Path) -> Result<Vec<std::ffi::OsString>, TreeProblem> {
    let listed = fs::read_dir(directory).and_then(|entries| {
        entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>()
    });
    let mut names = listed.map_err(|source| TreeProblem::Io {
        action: "list",
        path: directory.into(),
        source,
    })?;
    names.sort();
    Ok(names)
}

impl Sources<'_> {
    /// Where something in the inputs really is; `None` if it is not there or not in the store.
    fn find(&self, logical: &Path) -> Option<PathBuf> {
        follow(self.task, logical)
    }

    fn read(&self, logical: &Path) -> Result<Vec<u8>, TreeProblem> {
        let place =
            self.find(logical).ok_or_else(|| TreeProblem::NoInput { path: logical.into() })?;
        fs::read(&place).map_err(|source| TreeProblem::Io { action: "read", path: place, source })
    }

    /// Whether two leaves of inputs are the same: one place, or files with the same bytes.
    fn are_same(&self, one: &Path, other: &Path) -> bool {
        match (self.find(one), self.find(other)) {
            (Some(one), Some(other)) => {
                one == other
                    || matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
            }
            // Links out of the store, as adapters have them.
            (None, None) => match (self.target(one), self.target(other)) {
                (Some(one), Some(other)) => one == other,
                _ => false,
            },
            _ => false,
        }
    }

    /// Where a link in an input leads.
    fn target(&self, logical: &Path) -> Option<PathBuf> {
        let parent = self.find(logical.parent()?)?;
        fs::read_link(parent.join(logical.file_name()?)).ok()
    }

    /// Everything below a place of the inputs; links stay links.
    fn copy(&self, logical: &Path, executable: Option<bool>) -> Result<Node, TreeProblem> {
        let place =
            self.find(logical).ok_or_else(|| TreeProblem::NoInput { path: logical.into() })?;
        node::scan(&place, logical, executable)
    }
}
