//! Fetchers of input types that this module does not know itself.

use std::collections::BTreeMap;

use frazil_eval::host::{FetchRequest, Fetched, HostError};

use super::super::DiskHost;
use super::super::tree::{Entries, Node};
use super::{Attributes, add, insert};

/// A tree that a fetcher made.
#[derive(Clone, Debug, Default)]
pub struct FetchedFiles {
    /// The contents of the files, by path: `dists/trixie/InRelease`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the lock has to hold besides `narHash`, which is added.
    pub attributes: Attributes,
}

/// Fetches inputs of one type. Its request has all attributes that the reference or the lock has.
pub trait InputFetcher {
    fn fetch(&mut self, request: &FetchRequest) -> Result<FetchedFiles, HostError>;
}

pub(super) fn fetch(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let Some(fetcher) = host.fetchers.get_mut(&request.kind) else {
        return Err(HostError::Unsupported {
            what: format!("cannot fetch inputs of the type '{}'", request.kind),
            help: match request.kind.as_str() {
                "debian" => "this program is not able to read Debian's archive",
                "hg" => "Mercurial is not supported; clone the repository and name the clone",
                _ => super::OFFLINE_HELP,
            },
        });
    };
    let made = fetcher.fetch(request)?;
    let mut entries = Entries::new();
    for (path, contents) in made.files {
        insert(&mut entries, path.as_bytes(), Node::contents(contents, false))?;
    }
    add(host, request, Node::Directory(entries), made.attributes)
}
