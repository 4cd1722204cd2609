//! Trees of git repositories.
//!
//! With neither `ref` nor `rev`, the tree is what the work tree has of the tracked files; else it
//! comes from the object database. For repositories of this machine no `git` is run, and none of them
//! is written to; those of other machines are cloned first.

mod ignore;
mod modules;
mod remote;
mod repository;
mod worktree;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use frazil_eval::host::{FetchAttribute, FetchRequest, Fetched, HostError, Message};
use frazil_model::nar::FileName;
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice};

use super::super::tree::{Entries, Node};
use super::super::{DiskHost, path_of};
use super::{Attributes, flag, insert, local_path, required, text};
use ignore::ATTRIBUTES_FILE;
use modules::Submodule;
use repository::{Commit, Repository};
use worktree::Worktree;

/// Directories and submodules deeper than this are refused.
const DEPTH_MAX: usize = 1024;
const SUBMODULE_DEPTH_MAX: usize = 32;
/// The commit of a repository that has none.
const NO_REV: &str = "0000000000000000000000000000000000000000";
const SHORT_REV_DIGITS: usize = 7;
const SUBMODULE_HELP: &str = "check it out with `git submodule update --init --recursive`";
/// How other machines are reached.
const TRANSPORTS: [&str; 4] = ["https://", "http://", "ssh://", "git://"];

/// What is to be taken from a repository.
#[derive(Clone, Copy, Default)]
struct Wish<'r> {
    rev: Option<&'r str>,
    reference: Option<&'r str>,
    submodules: bool,
    export_ignore: bool,
    allows_shallow: bool,
}

/// A tree and what is known about it.
struct Tree {
    entries: Entries,
    attributes: Attributes,
}

impl Tree {
    fn is_dirty(&self) -> bool {
        !self.attributes.contains_key("rev")
    }
}

pub(super) fn fetch(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let wish = Wish {
        rev: text(request, "rev"),
        reference: text(request, "ref"),
        submodules: flag(request, "submodules"),
        export_ignore: flag(request, "exportIgnore"),
        allows_shallow: flag(request, "shallow"),
    };
    if flag(request, "verifyCommit") || request.attributes.contains_key("publicKey") {
        return Err(HostError::Unsupported {
            what: "cannot verify the signature of a Git commit".to_owned(),
            help: "leave out `verifyCommit` and the public keys",
        });
    }
    if wish.export_ignore && wish.submodules {
        let message = "exportIgnore and submodules are not supported together yet";
        return Err(HostError::Store(message.to_owned()));
    }
    let path = location(host, required(request, "url")?, wish)?;
    let tree = tree_at(host, &path, wish, 0)?;
    super::add(host, request, Node::Directory(tree.entries), tree.attributes)
}

/// Where the repository lies, once it is on this machine.
fn location(host: &DiskHost<'_>, url: &str, wish: Wish<'_>) -> Result<PathBuf, HostError> {
    if let Some(path) = local_path(url) {
        return Ok(path_of(&path).to_owned());
    }
    if let Some(relative) = url.strip_prefix("file:").filter(|rest| !rest.starts_with("//")) {
        let path = Path::new(relative);
        return std::path::absolute(path).map_err(super::super::failed("find", path));
    }
    let is_remote = TRANSPORTS.iter().any(|transport| url.starts_with(transport));
    if is_remote {
        return remote::fetch(host, url, wish);
    }
    Err(HostError::Unsupported {
        what: format!("cannot fetch the Git repository '{url}'"),
        help: "repositories are reached by `https://`, `http://`, `ssh://`, `git://` and `file://`",
    })
}

fn tree_at(
    host: &mut DiskHost<'_>,
    path: &Path,
    wish: Wish<'_>,
    depth: usize,
) -> Result<Tree, HostError> {
    if depth > SUBMODULE_DEPTH_MAX {
        let message = format!("the Git submodule '{}' lies too deep", path.display());
        return Err(HostError::Store(message));
    }
    let repository = Repository::open(path)?;
    let has_worktree = path.join(".git").exists();
    if has_worktree && wish.rev.is_none() && wish.reference.is_none() {
        from_worktree(host, &repository, path, wish, depth)
    } else {
        let id = match wish.rev {
            Some(rev) => known_commit(&repository, rev, path)?,
            None => chosen_commit(&repository, wish.reference, has_worktree)?,
        };
        from_commit(host, &repository, path, id, wish, depth)
    }
}

fn known_commit(repository: &Repository, rev: &str, path: &Path) -> Result<ObjectId, HostError> {
    let id = ObjectId::from_hex(rev.as_bytes()).ok().filter(|id| repository.has(*id));
    id.ok_or_else(|| {
        let path = path.display();
        HostError::Store(format!("cannot find Git revision '{rev}' in the repository '{path}'"))
    })
}

/// The commit that `reference` names, or else the one that `HEAD` leads to.
fn chosen_commit(
    repository: &Repository,
    reference: Option<&str>,
    has_worktree: bool,
) -> Result<ObjectId, HostError> {
    match reference {
        // From a bare repository it is fetched, which looks for branches only.
        Some(name) if !has_worktree && name != "HEAD" && !name.starts_with("refs/") => {
            repository.resolve(&format!("refs/heads/{name}"))
        }
        Some(name) => repository.resolve(name),
        None => match repository.head_reference()? {
            Some(name) => repository.resolve(&name),
            None => repository.resolve("HEAD"),
        },
    }
}

fn from_commit(
    host: &mut DiskHost<'_>,
    repository: &Repository,
    path: &Path,
    id: ObjectId,
    wish: Wish<'_>,
    depth: usize,
) -> Result<Tree, HostError> {
    if repository.is_shallow() && !wish.allows_shallow {
        let path = path.display();
        return Err(HostError::Store(format!(
            "'{path}' is a shallow Git repository, but shallow repositories are only allowed when `shallow = true;` is specified"
        )));
    }
    let commit = repository.commit(id)?;
    let mut entries = repository.tree(commit.tree)?;
    if wish.export_ignore {
        ignore::leave_out(&mut entries, &|_, entries| Ok(file(entries, ATTRIBUTES_FILE)))?;
    }
    if wish.submodules {
        mount_commits(host, repository, path, &commit, &mut entries, depth)?;
    }
    let reference = match wish.reference {
        Some(name) => Some(name.to_owned()),
        None => repository.head_reference()?,
    };
    let mut attributes = Attributes::from([
        ("rev".to_owned(), FetchAttribute::String(id.to_string())),
        ("lastModified".to_owned(), FetchAttribute::Int(commit.seconds)),
    ]);
    attributes.extend(reference.map(|name| ("ref".to_owned(), FetchAttribute::String(name))));
    if !wish.allows_shallow {
        let count = repository.commit_count(commit.id)?;
        attributes.insert("revCount".to_owned(), FetchAttribute::Int(count));
    }
    Ok(Tree { entries, attributes })
}

/// The text of a regular file of a directory.
fn file(entries: &Entries, name: &[u8]) -> Option<Vec<u8>> {
    match entries.get(&FileName::new(name).ok()?)? {
        Node::Contents { bytes, .. } => Some(bytes.to_vec()),
        Node::File { .. } | Node::Symlink(_) | Node::Directory(_) => None,
    }
}

/// Puts the commits of the submodules where the tree has only their hashes.
fn mount_commits(
    host: &mut DiskHost<'_>,
    repository: &Repository,
    path: &Path,
    commit: &Commit,
    entries: &mut Entries,
    depth: usize,
) -> Result<(), HostError> {
    let Some(text) = file(entries, b".gitmodules") else { return Ok(()) };
    for submodule in modules::submodules(&text)? {
        let Some(id) = repository.submodule_commit(commit.tree, submodule.path.as_bstr())? else {
            continue;
        };
        let url = modules::resolve_url(&submodule.url, repository, path)?;
        let wish = Wish { submodules: true, ..Wish::default() };
        let (place, source) = commit_source(host, repository, &submodule, &url, id)?;
        if depth >= SUBMODULE_DEPTH_MAX {
            return Err(HostError::Store(format!("the Git submodule '{url}' lies too deep")));
        }
        let tree = from_commit(host, &source, &place, id, wish, depth + 1)?;
        insert(entries, submodule.path.as_bstr(), Node::Directory(tree.entries))?;
    }
    Ok(())
}

/// A repository that has the commit of a submodule: the clone that a checkout has left behind, or
/// else the one that its URL names.
fn commit_source(
    host: &DiskHost<'_>,
    repository: &Repository,
    submodule: &Submodule,
    url: &str,
    id: ObjectId,
) -> Result<(PathBuf, Repository), HostError> {
    if let Some(path) = modules::git_dir(repository, submodule) {
        let source = Repository::open_git_dir(path.clone())?;
        if source.has(id) {
            return Ok((path, source));
        }
    }
    let named = match local_path(url) {
        Some(path) => Some(path_of(&path).to_owned()),
        None if url.starts_with('/') => Some(PathBuf::from(url)),
        None if TRANSPORTS.iter().any(|transport| url.starts_with(transport)) => {
            let rev = id.to_string();
            Some(remote::fetch(host, url, Wish { rev: Some(&rev), ..Wish::default() })?)
        }
        None => None,
    };
    if let Some(path) = named {
        let source = Repository::open(&path)?;
        if source.has(id) {
            return Ok((path, source));
        }
    }
    Err(HostError::Unsupported {
        what: format!("cannot fetch the commit '{id}' of the Git submodule '{url}'"),
        help: SUBMODULE_HELP,
    })
}

fn from_worktree(
    host: &mut DiskHost<'_>,
    repository: &Repository,
    path: &Path,
    wish: Wish<'_>,
    depth: usize,
) -> Result<Tree, HostError> {
    let mut worktree = Worktree::read(repository, path)?;
    let mut entries = std::mem::take(&mut worktree.entries);
    if wish.export_ignore {
        let attributes_of =
            |directory: &BStr, _: &Entries| worktree.attributes(repository, directory);
        ignore::leave_out(&mut entries, &attributes_of)?;
    }
    let mut is_dirty = worktree.is_dirty;
    if wish.submodules {
        is_dirty |= mount_worktrees(host, path, wish, &mut entries, depth)?;
    }
    let mut attributes = Attributes::new();
    let mut add = |name: &str, value: FetchAttribute| attributes.insert(name.to_owned(), value);
    let head = worktree.head;
    if is_dirty {
        host.tell_warning(format!("Git tree '{}' is dirty", path.display()));
        if let Some(head) = head {
            let short = head.to_hex_with_len(SHORT_REV_DIGITS);
            add("dirtyRev", FetchAttribute::String(format!("{head}-dirty")));
            add("dirtyShortRev", FetchAttribute::String(format!("{short}-dirty")));
        }
    } else {
        let rev = head.map_or_else(|| NO_REV.to_owned(), |head| head.to_string());
        let count = head.map_or(Ok(0), |head| repository.commit_count(head))?;
        add("rev", FetchAttribute::String(rev));
        add("revCount", FetchAttribute::Int(count));
        if let Some(name) = repository.head_reference()? {
            add("ref", FetchAttribute::String(name));
        }
    }
    let seconds =
        head.map_or(Ok(0), |head| repository.commit(head).map(|commit| commit.seconds))?;
    add("lastModified", FetchAttribute::Int(seconds));
    Ok(Tree { entries, attributes })
}

/// Puts the work trees of the submodules into that of the repository around them; returns whether
/// any has changes.
fn mount_worktrees(
    host: &mut DiskHost<'_>,
    path: &Path,
    wish: Wish<'_>,
    entries: &mut Entries,
    depth: usize,
) -> Result<bool, HostError> {
    let text = repository::read_if_there(&path.join(".gitmodules"))?.unwrap_or_default();
    let mut is_dirty = false;
    for submodule in modules::submodules(&text)? {
        let place = path.join(path_of(&submodule.path));
        if !place.join(".git").exists() {
            return Err(HostError::Unsupported {
                what: format!("the Git submodule '{}' is not checked out", place.display()),
                help: SUBMODULE_HELP,
            });
        }
        let wish = Wish { allows_shallow: false, ..wish };
        let tree = tree_at(host, &place, wish, depth + 1)?;
        is_dirty |= tree.is_dirty();
        insert(entries, submodule.path.as_bstr(), Node::Directory(tree.entries))?;
    }
    Ok(is_dirty)
}

impl DiskHost<'_> {
    fn tell_warning(&mut self, text: String) {
        (self.tell)(Message::Warning(text));
    }
}
