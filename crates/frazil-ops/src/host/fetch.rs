//! What can be fetched without a network: paths and `file:` URLs of this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frazil_eval::host::{FetchAttribute, FetchRequest, Fetched, Host, HostError};
use frazil_model::{Hash, HashFormat, Sha256};

use super::tree::{self, Node};
use super::{DiskHost, path_of};

/// The name of a fetched tree, when the request has none.
const DEFAULT_NAME: &str = "source";
const OFFLINE_HELP: &str =
    "only `path` and `file:` URLs can be fetched so far; download it and name the file";

pub(super) fn fetch(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    match request.kind.as_str() {
        "path" => fetch_path(host, request),
        "file" => fetch_file(host, request),
        "tarball" => {
            let what =
                format!("cannot unpack the tarball '{}'", text(request, "url").unwrap_or("?"));
            Err(HostError::Unsupported {
                what,
                help: "tarballs cannot be fetched so far; unpack it and use `builtins.path`",
            })
        }
        kind => Err(HostError::Unsupported {
            what: format!("cannot fetch inputs of the type '{kind}'"),
            help: OFFLINE_HELP,
        }),
    }
}

fn text<'r>(request: &'r FetchRequest, name: &str) -> Option<&'r str> {
    match request.attributes.get(name)? {
        FetchAttribute::String(text) => Some(text),
        FetchAttribute::Int(_) | FetchAttribute::Bool(_) => None,
    }
}

fn required<'r>(request: &'r FetchRequest, name: &str) -> Result<&'r str, HostError> {
    text(request, name).ok_or_else(|| {
        HostError::Store(format!(
            "input of the type '{}' lacks the attribute '{name}'",
            request.kind
        ))
    })
}

/// A tree of this machine, copied to the store.
fn fetch_path(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let path = PathBuf::from(required(request, "path")?);
    let node = tree::scan(&host.memory, &path, &mut None)?;
    let digest = node.nar_digest()?;
    let modified = text_or_now(request, host, &path);
    let store_path = host.add_tree(text(request, "name").unwrap_or(DEFAULT_NAME), node)?;
    let attributes = BTreeMap::from([
        ("lastModified".to_owned(), FetchAttribute::Int(modified)),
        ("narHash".to_owned(), FetchAttribute::String(sri(digest.hash))),
    ]);
    Ok(Fetched { path: store_path, attributes })
}

/// When the tree was changed last: as the request says, or else as the disk says.
fn text_or_now(request: &FetchRequest, host: &mut DiskHost<'_>, path: &Path) -> i64 {
    if let Some(FetchAttribute::Int(seconds)) = request.attributes.get("lastModified") {
        return *seconds;
    }
    let modified = path.metadata().and_then(|metadata| metadata.modified()).ok();
    let since_epoch = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since_epoch.and_then(|time| i64::try_from(time.as_secs()).ok()).unwrap_or_else(|| host.now())
}

/// One file, hashed as it is.
fn fetch_file(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let url = required(request, "url")?;
    let Some(path) = local_path(url) else {
        return Err(HostError::Unsupported {
            what: format!("cannot download '{url}'"),
            help: OFFLINE_HELP,
        });
    };
    let contents = host.read(path_of(&path))?;
    let flat = sri(Sha256::of(&contents));
    let nar = Node::Contents(contents.clone()).nar_digest()?.hash;
    let base = url.rsplit('/').next().filter(|base| !base.is_empty()).unwrap_or(DEFAULT_NAME);
    let store_path = host.add_flat(text(request, "name").unwrap_or(base), contents)?;
    let attributes = BTreeMap::from([
        ("hash".to_owned(), FetchAttribute::String(flat)),
        ("narHash".to_owned(), FetchAttribute::String(sri(nar))),
    ]);
    Ok(Fetched { path: store_path, attributes })
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
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let code = match (byte, behind) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(code.unwrap_or(*byte));
        rest = behind.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    Some(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}
