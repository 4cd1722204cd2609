//! A git repository of this machine: its references, commits and trees.
//!
//! Nothing here looks at files of a work tree, and nothing is ever written.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use frazil_eval::host::HostError;
use frazil_model::nar::FileName;
use gix_hash::{Kind, ObjectId};
use gix_object::FindExt;
use gix_object::bstr::{BStr, BString, ByteSlice};
use gix_object::tree::EntryKind;
use gix_ref::TargetRef;
use gix_ref::file::Store;

use super::super::super::tree::{Entries, Node};
use super::super::super::{failed, path_of};
use super::DEPTH_MAX;

/// A symbolic reference that leads through more others than this is a loop.
const SYMBOLIC_MAX: usize = 10;
/// An abbreviated commit hash has at least so many digits.
const SHORT_DIGITS_MIN: usize = 4;

/// A repository, found where it was said to be; no directory above is searched.
pub(super) struct Repository {
    /// The private part of a linked work tree, or else the same as `common_dir`.
    pub(super) git_dir: PathBuf,
    pub(super) common_dir: PathBuf,
    objects: gix_odb::Handle,
    references: Store,
    /// Commits whose parents are not here.
    boundary: HashSet<ObjectId>,
}

/// What of a commit matters here.
pub(super) struct Commit {
    pub(super) id: ObjectId,
    pub(super) tree: ObjectId,
    /// When it was committed, in seconds since 1970.
    pub(super) seconds: i64,
}

impl Repository {
    /// Opens the repository of the work tree `path`, or the bare one at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, HostError> {
        let Some(git_dir) = find_git_dir(path)? else {
            let path = path.display();
            return Err(HostError::Store(format!(
                "opening Git repository \"{path}\": could not find repository at '{path}'"
            )));
        };
        Self::open_git_dir(git_dir)
    }

    pub(super) fn open_git_dir(git_dir: PathBuf) -> Result<Self, HostError> {
        let common_dir = match read_if_there(&git_dir.join("commondir"))? {
            Some(text) => git_dir.join(path_of(text.trim_ascii())),
            None => git_dir.clone(),
        };
        let objects_dir = common_dir.join("objects");
        let objects = gix_odb::at(&objects_dir, Kind::Sha1)
            .map_err(failed("open the objects of", &objects_dir))?;
        let references = if common_dir == git_dir {
            Store::at(git_dir.clone(), Kind::Sha1)
        } else {
            Store::for_linked_worktree(git_dir.clone(), common_dir.clone(), Kind::Sha1)
        };
        let shallow = read_if_there(&common_dir.join("shallow"))?.unwrap_or_default();
        let boundary = shallow
            .split(u8::is_ascii_whitespace)
            .filter_map(|line| ObjectId::from_hex(line).ok())
            .collect();
        Ok(Self { git_dir, common_dir, objects, references, boundary })
    }

    pub(super) fn is_shallow(&self) -> bool {
        !self.boundary.is_empty()
    }

    /// The reference that `HEAD` names; nothing if it names a commit.
    pub(super) fn head_reference(&self) -> Result<Option<String>, HostError> {
        let head = self.references.find("HEAD").map_err(unreadable("HEAD"))?;
        Ok(match head.target.to_ref() {
            TargetRef::Symbolic(name) => Some(name.as_bstr().to_string()),
            TargetRef::Object(_) => None,
        })
    }

    /// The commit that is checked out; nothing before the first one.
    pub(super) fn head(&self) -> Result<Option<ObjectId>, HostError> {
        self.follow("HEAD")
    }

    fn follow(&self, name: &str) -> Result<Option<ObjectId>, HostError> {
        let mut name = name.to_owned();
        for _ in 0..SYMBOLIC_MAX {
            let found = self.references.try_find(name.as_str()).map_err(unreadable(&name))?;
            match found.as_ref().map(|reference| reference.target.to_ref()) {
                None => return Ok(None),
                Some(TargetRef::Object(id)) => return Ok(Some(id.to_owned())),
                Some(TargetRef::Symbolic(next)) => name = next.as_bstr().to_string(),
            }
        }
        Err(HostError::Store(format!("the Git reference '{name}' leads to itself")))
    }

    /// The object that a full or short name, or a hash stands for.
    pub(super) fn resolve(&self, name: &str) -> Result<ObjectId, HostError> {
        let full = ObjectId::from_hex(name.as_bytes()).ok();
        if let Some(id) = full.filter(|id| self.has(*id)) {
            return Ok(id);
        }
        if let Some(id) = self.follow(name)? {
            return Ok(id);
        }
        self.unabbreviate(name).ok_or_else(|| {
            HostError::Store(format!(
                "resolving Git reference '{name}': revspec '{name}' not found"
            ))
        })
    }

    fn unabbreviate(&self, digits: &str) -> Option<ObjectId> {
        if digits.len() < SHORT_DIGITS_MIN {
            return None;
        }
        let prefix = gix_hash::Prefix::from_hex(digits).ok()?;
        self.objects.lookup_prefix(prefix, None).ok()??.ok()
    }

    pub(super) fn has(&self, id: ObjectId) -> bool {
        gix_object::Exists::exists(&self.objects, &id)
    }

    /// The commit `id`, or the one that the tag `id` leads to.
    pub(super) fn commit(&self, id: ObjectId) -> Result<Commit, HostError> {
        let mut id = id;
        let mut buffer = Vec::new();
        for _ in 0..SYMBOLIC_MAX {
            let object = self.objects.find(&id, &mut buffer).map_err(not_read(id))?;
            if object.kind == gix_object::Kind::Tag {
                let tag = gix_object::TagRefIter::from_bytes(object.data, Kind::Sha1);
                id = tag.target_id().map_err(not_read(id))?;
                continue;
            }
            let mut commit =
                self.objects.find_commit_iter(&id, &mut buffer).map_err(not_read(id))?;
            let tree = commit.tree_id().map_err(not_read(id))?;
            let seconds = commit.committer().map_err(not_read(id))?.seconds();
            return Ok(Commit { id, tree, seconds });
        }
        Err(HostError::Store(format!("the Git tag '{id}' leads to too many others")))
    }

    /// How many commits the history of `id` has, itself included.
    pub(super) fn commit_count(&self, id: ObjectId) -> Result<i64, HostError> {
        let mut seen = HashSet::from([id]);
        let mut open = vec![id];
        let mut buffer = Vec::new();
        while let Some(id) = open.pop() {
            if self.boundary.contains(&id) {
                continue;
            }
            let commit = self.objects.find_commit_iter(&id, &mut buffer).map_err(not_read(id))?;
            open.extend(commit.parent_ids().filter(|parent| seen.insert(*parent)));
        }
        Ok(seen.len() as i64)
    }

    pub(super) fn blob(&self, id: ObjectId) -> Result<Vec<u8>, HostError> {
        let mut buffer = Vec::new();
        self.objects.find_blob(&id, &mut buffer).map_err(not_read(id))?;
        Ok(buffer)
    }

    /// The entries of a directory, submodules as empty directories.
    pub(super) fn tree(&self, id: ObjectId) -> Result<Entries, HostError> {
        self.tree_below(id, 0)
    }

    fn tree_below(&self, id: ObjectId, depth: usize) -> Result<Entries, HostError> {
        if depth > DEPTH_MAX {
            return Err(HostError::Store(format!("the Git tree '{id}' lies too deep")));
        }
        let mut entries = Entries::new();
        for entry in self.listed(id)? {
            let node = match entry.kind {
                EntryKind::Tree => Node::Directory(self.tree_below(entry.id, depth + 1)?),
                EntryKind::Blob => Node::contents(self.blob(entry.id)?, false),
                EntryKind::BlobExecutable => Node::contents(self.blob(entry.id)?, true),
                EntryKind::Link => Node::Symlink(path_of(&self.blob(entry.id)?).to_owned()),
                EntryKind::Commit => Node::Directory(Entries::new()),
            };
            let name = FileName::new(Vec::from(entry.name))
                .map_err(|error| HostError::Store(format!("in the Git tree '{id}': {error}")))?;
            entries.insert(name, node);
        }
        Ok(entries)
    }

    /// The commit that the tree wants at `path`, if a submodule is there.
    pub(super) fn submodule_commit(
        &self,
        tree: ObjectId,
        path: &BStr,
    ) -> Result<Option<ObjectId>, HostError> {
        let mut tree = tree;
        let mut names = path.split_str("/").peekable();
        while let Some(name) = names.next() {
            let found = self.listed(tree)?.into_iter().find(|entry| entry.name == name);
            match found.map(|entry| (entry.kind, entry.id)) {
                Some((EntryKind::Commit, id)) if names.peek().is_none() => return Ok(Some(id)),
                Some((EntryKind::Tree, id)) => tree = id,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The entries of a tree object as they are.
    pub(super) fn listed(&self, id: ObjectId) -> Result<Vec<Listed>, HostError> {
        let mut buffer = Vec::new();
        let tree = self.objects.find_tree(&id, &mut buffer).map_err(not_read(id))?;
        Ok(tree
            .entries
            .iter()
            .map(|entry| Listed {
                name: entry.filename.to_owned(),
                kind: entry.mode.kind(),
                id: entry.oid.to_owned(),
            })
            .collect())
    }
}

/// An entry of a tree object.
pub(super) struct Listed {
    pub(super) name: BString,
    pub(super) kind: EntryKind,
    pub(super) id: ObjectId,
}

/// Where the repository of a work tree lies, or the bare one at `path`.
fn find_git_dir(path: &Path) -> Result<Option<PathBuf>, HostError> {
    let dot_git = path.join(".git");
    if dot_git.is_dir() {
        return Ok(Some(dot_git));
    }
    if let Some(text) = read_if_there(&dot_git)? {
        let target = text.strip_prefix(b"gitdir:").ok_or_else(|| {
            HostError::Store(format!("'{}' names no Git directory", dot_git.display()))
        })?;
        return Ok(Some(path.join(path_of(target.trim_ascii()))));
    }
    let is_bare = path.join("HEAD").is_file() && path.join("objects").is_dir();
    Ok(is_bare.then(|| path.to_owned()))
}

pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, HostError> {
    match fs::read(path).map_err(failed("read", path)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(HostError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn not_read<E: std::fmt::Display>(id: ObjectId) -> impl FnOnce(E) -> HostError {
    move |error| HostError::Store(format!("cannot read the Git object '{id}': {error}"))
}

fn unreadable<E: std::fmt::Display>(name: &str) -> impl FnOnce(E) -> HostError {
    move |error| HostError::Store(format!("cannot read the Git reference '{name}': {error}"))
}
