//! Fetching inputs: paths, archives, files, git repositories of this machine, repositories of
//! forges, what is built in, and types that others plug in.
//!
//! Everything becomes a tree in memory first; its hash is compared with what was asked for, and
//! only then is it added to the store.

mod archive;
mod embedded;
mod forge;
mod git;
mod lock;
mod network;
mod plugin;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use frazil_eval::host::{FetchAttribute, FetchRequest, Fetched, Host, HostError};
use frazil_model::nar::FileName;
use frazil_model::percent;
use frazil_model::{
    ContentAddress, ContentAddressMethod, Hash, HashAlgorithm, HashFormat, Sha256, StoreName,
    StorePath,
};

use super::memory::{Follow, Located};
use super::tree::{self, Entries, Node};
use super::{DiskHost, failed, path_of};

pub use network::Network;
use network::Wanted;
pub use plugin::{FetchedFiles, InputFetcher};

type Attributes = BTreeMap<String, FetchAttribute>;

/// The type of what is in this program, which no cache gives any faster.
const EMBEDDED: &str = "builtin";
/// The name of a fetched tree, when the request has none.
const DEFAULT_NAME: &str = "source";
const OFFLINE_HELP: &str =
    "only what lies on this machine can be fetched so far; download it and name the file";
/// The time of every file in a store, in seconds since 1970.
const STORE_TIME: i64 = 1;

pub(super) fn fetch(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    if let Some(path) = known_tree(host, request)? {
        return Ok(Fetched { path, attributes: Attributes::new() });
    }
    match request.kind.as_str() {
        "path" => fetch_path(host, request),
        "file" => fetch_file(host, request),
        "tarball" => fetch_tarball(host, request),
        "git" => git::fetch(host, request),
        "github" | "gitlab" | "sourcehut" => forge::fetch(host, request),
        EMBEDDED => embedded::fetch(host, request),
        _ => plugin::fetch(host, request),
    }
}

/// The tree that a lock pins, if the store or a binary cache has it: what it was fetched from need
/// not be there.
fn known_tree(
    host: &mut DiskHost<'_>,
    request: &FetchRequest,
) -> Result<Option<StorePath>, HostError> {
    if !request.is_final {
        return Ok(None);
    }
    let hash = text(request, "narHash")
        .and_then(|hash| Hash::parse_any(hash.as_bytes(), Some(HashAlgorithm::Sha256)).ok());
    let Some(hash) = hash else { return Ok(None) };
    let address = ContentAddress { method: ContentAddressMethod::Nar, hash };
    let Ok(name) = StoreName::parse(tree_name(request).as_bytes()) else {
        return Ok(None);
    };
    let Ok(path) = host.context.store_dir.fixed_path(&name, &address) else { return Ok(None) };
    let is_known = host.is_valid(&path)? || (request.kind != EMBEDDED && host.substitute(&path));
    Ok(is_known.then_some(path))
}

fn text<'r>(request: &'r FetchRequest, name: &str) -> Option<&'r str> {
    match request.attributes.get(name)? {
        FetchAttribute::String(text) => Some(text),
        FetchAttribute::Int(_) | FetchAttribute::Bool(_) => None,
    }
}

fn flag(request: &FetchRequest, name: &str) -> bool {
    request.attributes.get(name) == Some(&FetchAttribute::Bool(true))
}

fn required<'r>(request: &'r FetchRequest, name: &str) -> Result<&'r str, HostError> {
    text(request, name).ok_or_else(|| {
        HostError::Store(format!(
            "input of the type '{}' lacks the attribute '{name}'",
            request.kind
        ))
    })
}

/// What the tree is called in the store.
fn tree_name(request: &FetchRequest) -> &str {
    // The name of what is built in says what is meant.
    let named = text(request, "name").filter(|_| request.kind != EMBEDDED);
    named.unwrap_or(DEFAULT_NAME)
}

/// Adds a fetched tree to the store, if it is what was asked for.
fn add(
    host: &mut DiskHost<'_>,
    request: &FetchRequest,
    node: Node,
    mut attributes: Attributes,
) -> Result<Fetched, HostError> {
    let hash = sri(node.nar_digest()?.hash);
    attributes.insert("narHash".to_owned(), FetchAttribute::String(hash));
    lock::check(request, &attributes)?;
    let path = host.add_tree(tree_name(request), node)?;
    Ok(Fetched { path, attributes })
}

/// A tree of this machine, copied to the store.
fn fetch_path(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let path = PathBuf::from(required(request, "path")?);
    let node = tree::scan(&host.memory, &path, &mut None)?;
    let modified = match request.attributes.get("lastModified") {
        Some(FetchAttribute::Int(seconds)) => *seconds,
        _ => last_modified(host, &path)?,
    };
    let modified = FetchAttribute::Int(modified);
    add(host, request, node, Attributes::from([("lastModified".to_owned(), modified)]))
}

/// When anything in a tree was changed last.
fn last_modified(host: &DiskHost<'_>, path: &Path) -> Result<i64, HostError> {
    let store_path = host.context.store_dir.parse(path.as_os_str().as_bytes());
    if store_path.is_ok_and(|path| path.name() == DEFAULT_NAME) {
        // It is not copied, so nobody looks.
        return Ok(0);
    }
    match host.memory.locate(path, Follow::Ancestors)? {
        Located::Node(_) => Ok(STORE_TIME),
        Located::Disk(path) => last_modified_on_disk(&path),
    }
}

fn last_modified_on_disk(path: &Path) -> Result<i64, HostError> {
    let metadata = path.symlink_metadata().map_err(failed("look at", path))?;
    let below = |metadata: Metadata| -> Result<i64, HostError> {
        let mut latest = metadata.mtime();
        if metadata.is_dir() {
            for (name, _) in super::list_disk(path)? {
                latest = latest.max(last_modified_on_disk(&path.join(path_of(&name)))?);
            }
        }
        Ok(latest)
    };
    below(metadata)
}

/// One file: hashed as it is for `fetchurl`, which names it, or else as a tree of one file.
fn fetch_file(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let url = required(request, "url")?;
    let contents = host.download(url, Wanted::File)?;
    let Some(name) = text(request, "name") else {
        return add(host, request, Node::contents(contents, false), Attributes::new());
    };
    let attributes =
        Attributes::from([("hash".to_owned(), FetchAttribute::String(sri(Sha256::of(&contents))))]);
    let path = host.add_flat(name, contents)?;
    Ok(Fetched { path, attributes })
}

/// The tree in an archive.
fn fetch_tarball(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let url = required(request, "url")?;
    let bytes = host.download(url, Wanted::Archive)?;
    let unpacked = archive::unpack(&bytes, url)?;
    let mut attributes = Attributes::new();
    if unpacked.last_modified != 0 && !request.attributes.contains_key("lastModified") {
        let modified = FetchAttribute::Int(unpacked.last_modified);
        attributes.insert("lastModified".to_owned(), modified);
    }
    add(host, request, Node::Directory(unpacked.entries), attributes)
}

fn sri(hash: Sha256) -> String {
    Hash::Sha256(hash.0).format(HashFormat::Sri)
}

/// The path of a `file:` URL of this machine, with `%20` and the like decoded.
fn local_path(url: &str) -> Option<Vec<u8>> {
    let rest = url.strip_prefix("file:")?;
    let path = rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if !path.starts_with('/') {
        return None;
    }
    Some(percent::decode(path.as_bytes()))
}

/// Puts `node` into a tree at `path`, making the directories above it.
fn insert(entries: &mut Entries, path: &[u8], node: Node) -> Result<(), HostError> {
    *place(entries, path)? = node;
    Ok(())
}

/// The node at `path`, which becomes an empty directory if there is none yet.
fn place<'t>(entries: &'t mut Entries, path: &[u8]) -> Result<&'t mut Node, HostError> {
    let mut directory = entries;
    let mut names = path.split(|byte| *byte == b'/').peekable();
    loop {
        let name = FileName::new(names.next().unwrap_or_default()).map_err(|error| {
            let path = String::from_utf8_lossy(path);
            HostError::Store(format!("the path '{path}' is not allowed in a tree: {error}"))
        })?;
        let node = directory.entry(name).or_insert_with(|| Node::Directory(Entries::new()));
        if names.peek().is_none() {
            return Ok(node);
        }
        let Node::Directory(below) = node else {
            let path = String::from_utf8_lossy(path);
            return Err(HostError::Store(format!("parent of '{path}' is not a directory")));
        };
        directory = below;
    }
}
