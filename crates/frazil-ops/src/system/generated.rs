//! The generated part of a system: what the specification writes into it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use frazil_link::contents::{Contents, ContentsError, Entry, EntryKind};
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Origin, TreePath};

/// Entries that are made for one system, by their place in it.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    entries: BTreeMap<TreePath, (Metadata, Made)>,
}

/// What is made.
#[derive(Clone, Debug)]
pub enum Made {
    /// A file with these bytes.
    File(Vec<u8>),
    /// A symbolic link.
    Link(Vec<u8>),
}

impl Generated {
    /// Adds an entry; one that is there already is replaced.
    pub fn insert(&mut self, path: TreePath, metadata: Metadata, made: Made) {
        self.entries.insert(path, (metadata, made));
    }

    /// Whether something is made at this path.
    pub fn contains(&self, path: &TreePath) -> bool {
        self.entries.contains_key(path)
    }

    /// An entry and another one below it, for which it would have to be a directory.
    pub fn nested(&self) -> Option<(&TreePath, &TreePath)> {
        let mut pairs = self.entries.keys().zip(self.entries.keys().skip(1));
        pairs.find(|(outer, inner)| inner.is_within(outer))
    }

    /// The leaves, for the tree.
    pub fn leaves(&self, origin: &Origin) -> impl Iterator<Item = (&TreePath, Leaf)> {
        self.entries.iter().map(|(path, (metadata, made))| {
            let kind = match made {
                Made::File(bytes) => LeafKind::File(File::inline(bytes)),
                Made::Link(target) => LeafKind::Symlink(target.as_slice().into()),
            };
            (path, Leaf { metadata: metadata.clone(), origin: origin.clone(), kind })
        })
    }

    /// Whether there is an entry of this path.
    pub fn has(&self, path: &TreePath) -> bool {
        self.entries.contains_key(path)
    }

    /// The bytes of a file.
    pub fn file(&self, path: &TreePath) -> Option<&[u8]> {
        match self.entries.get(path)? {
            (_, Made::File(bytes)) => Some(bytes),
            (_, Made::Link(_)) => None,
        }
    }
}

impl Contents for Generated {
    fn entries(&self) -> Result<Vec<Entry>, ContentsError> {
        let entry = |(path, (metadata, made)): (&TreePath, &(Metadata, Made))| Entry {
            path: path.clone(),
            mode: metadata.mode,
            uid: metadata.uid,
            gid: metadata.gid,
            kind: match made {
                Made::File(bytes) => EntryKind::File(bytes.len() as u64),
                Made::Link(target) => EntryKind::Symlink(target.as_slice().into()),
            },
        };
        // The linker wants the directories on the way, too.
        let mut directories = BTreeMap::new();
        for path in self.entries.keys() {
            let mut next = path.parent();
            while let Some(parent) = next.filter(|parent| !parent.is_root()) {
                next = parent.parent();
                directories.insert(parent, ());
            }
        }
        let directory = |path: TreePath| Entry {
            path,
            mode: Mode::DIRECTORY,
            uid: 0,
            gid: 0,
            kind: EntryKind::Directory,
        };
        Ok(directories.into_keys().map(directory).chain(self.entries.iter().map(entry)).collect())
    }

    fn read(&self, path: &TreePath) -> Result<Cow<'_, [u8]>, ContentsError> {
        self.file(path).map(Cow::Borrowed).ok_or_else(|| ContentsError {
            what: path.to_string(),
            source: "it was not generated".into(),
        })
    }
}
