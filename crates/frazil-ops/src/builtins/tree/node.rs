//! The tree while it is planned, and writing it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::entry::{Collisions, EntryProblem};

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    File {
        bytes: Bytes,
        /// `None` is no.
        executable: Option<bool>,
        /// Where it is from, for messages.
        origin: String,
    },
    Link {
        target: PathBuf,
    },
    Directory(BTreeMap<String, Node>),
}

/// The contents of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    Here(Vec<u8>),
    /// To be copied from this place.
    In(PathBuf),
}

impl Default for Node {
    fn default() -> Self {
        Self::Directory(BTreeMap::new())
    }
}

/// Why there is no tree.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeProblem {
    #[error(transparent)]
    Entry(#[from] EntryProblem),
    #[error("two things are to be at '{path}': {first} and {second}")]
    Collision { path: String, first: String, second: String },
    #[error("'{}' is not among the inputs", path.display())]
    NoInput { path: PathBuf },
    #[error("'{}' is not a directory", path.display())]
    NoDirectory { path: PathBuf },
    #[error("'{path}' cannot be in a tree")]
    Path { path: String },
    #[error("'{text}' is not in {file}")]
    NotThere { text: String, file: String },
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl Node {
    /// What to call it in a message.
    fn describe(&self) -> String {
        match self {
            Self::File { origin, .. } => origin.clone(),
            Self::Link { target } => format!("a link to {}", target.display()),
            Self::Directory(_) => "a directory".to_owned(),
        }
    }

    /// The directory at `path`, made if nothing is there.
    fn directory(&mut self, path: &[String]) -> Result<&mut BTreeMap<String, Node>, TreeProblem> {
        let mut node = self;
        for (depth, name) in path.iter().enumerate() {
            let Self::Directory(entries) = node else {
                return Err(not_a_directory(node, path.get(..depth).unwrap_or_default()));
            };
            node = entries.entry(name.clone()).or_default();
        }
        match node {
            Self::Directory(entries) => Ok(entries),
            Self::File { .. } | Self::Link { .. } => Err(not_a_directory(node, path)),
        }
    }

    pub(super) fn make_directory(&mut self, path: &[String]) -> Result<(), TreeProblem> {
        self.directory(path).map(|_| ())
    }

    /// Puts `node` at `path`. A directory goes into one that is there.
    pub(super) fn insert(
        &mut self,
        path: &[String],
        node: Self,
        collisions: Collisions,
    ) -> Result<(), TreeProblem> {
        if let Self::Directory(entries) = node {
            self.make_directory(path)?;
            for (name, node) in entries {
                let mut below = path.to_vec();
                below.push(name);
                self.insert(&below, node, collisions)?;
            }
            return Ok(());
        }
        let Some((name, parents)) = path.split_last() else {
            if *self != Self::default() {
                return Err(collision(path, self, &node));
            }
            *self = node;
            return Ok(());
        };
        let entries = self.directory(parents)?;
        match entries.get(name) {
            None => {
                entries.insert(name.clone(), node);
                Ok(())
            }
            Some(there) if *there == node => Ok(()),
            Some(Self::File { .. } | Self::Link { .. }) if collisions == Collisions::First => {
                Ok(())
            }
            Some(there) => Err(collision(path, there, &node)),
        }
    }

    /// As `insert`, for a link to an input: `same` says whether two of them come to the same.
    pub(super) fn insert_link(
        &mut self,
        path: &[String],
        link: Self,
        collisions: Collisions,
        is_fallback: bool,
        same: &dyn Fn(&Path, &Path) -> bool,
    ) -> Result<(), TreeProblem> {
        let there = match path.split_last() {
            Some((name, parents)) => self.directory(parents)?.get(name),
            None => None,
        };
        match (there, &link) {
            (Some(Self::Link { target: one }), Self::Link { target: other })
                if is_fallback || same(one, other) =>
            {
                Ok(())
            }
            _ => self.insert(path, link, collisions),
        }
    }
}

#[cold]
fn not_a_directory(there: &Node, path: &[String]) -> TreeProblem {
    let path = shown(path);
    TreeProblem::Collision { path, first: there.describe(), second: "a directory".to_owned() }
}

#[cold]
fn collision(path: &[String], first: &Node, second: &Node) -> TreeProblem {
    let (first, second) = (first.describe(), second.describe());
    TreeProblem::Collision { path: shown(path), first, second }
}

fn shown(path: &[String]) -> String {
    if path.is_empty() { "the output itself".to_owned() } else { path.join("/") }
}

/// What lies at a place on the disk, which is called `logical` in messages.
pub(super) fn scan(
    place: &Path,
    logical: &Path,
    executable: Option<bool>,
) -> Result<Node, TreeProblem> {
    let failed = |action| move |source| TreeProblem::Io { action, path: place.to_owned(), source };
    let metadata = fs::symlink_metadata(place).map_err(failed("look at"))?;
    if metadata.is_symlink() {
        return Ok(Node::Link { target: fs::read_link(place).map_err(failed("read the link"))? });
    }
    if metadata.is_file() {
        let is_executable = metadata.permissions().mode() & 0o100 != 0;
        return Ok(Node::File {
            bytes: Bytes::In(place.to_owned()),
            executable: executable.or(Some(is_executable)),
            origin: logical.display().to_string(),
        });
    }
    let mut entries = BTreeMap::new();
    for name in super::names(place)? {
        let text = name.to_str().ok_or_else(|| {
            let path = logical.join(&name).display().to_string();
            TreeProblem::Path { path }
        })?;
        let node = scan(&place.join(&name), &logical.join(&name), executable)?;
        entries.insert(text.to_owned(), node);
    }
    Ok(Node::Directory(entries))
}

/// Writes the tree; nothing is at `top` yet.
pub(super) fn write(root: &Node, top: &Path) -> Result<(), TreeProblem> {
    let mut waiting = vec![(root, top.to_owned())];
    while let Some((node, place)) = waiting.pop() {
        let failed = |action| {
            let path = place.clone();
            move |source| TreeProblem::Io { action, path, source }
        };
        match node {
            Node::File { bytes, executable, .. } => {
                let mode = if *executable == Some(true) { 0o755 } else { 0o644 };
                write_file(bytes, mode, &place).map_err(failed("write"))?;
            }
            Node::Link { target } => symlink(target, &place).map_err(failed("make the link"))?,
            Node::Directory(entries) => {
                fs::create_dir(&place).map_err(failed("make the directory"))?;
                waiting.extend(entries.iter().map(|(name, node)| (node, place.join(name))));
            }
        }
    }
    Ok(())
}

fn write_file(bytes: &Bytes, mode: u32, place: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(place)?;
    match bytes {
        Bytes::Here(bytes) => io::Write::write_all(&mut file, bytes),
        Bytes::In(source) => io::copy(&mut fs::File::open(source)?, &mut file).map(|_| ()),
    }
}
