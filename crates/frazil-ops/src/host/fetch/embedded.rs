//! `builtin:frazil`: the distribution that is in the program.

use frazil_eval::host::{FetchRequest, Fetched, HostError};

use super::super::DiskHost;
use super::super::tree::{Entries, Node};
use super::{Attributes, add, insert, required, sri, text};

/// The files of the distribution, by path.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
/// What it is called.
const NAME: &str = "frazil";

pub(super) fn fetch(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let name = required(request, "name")?;
    if name != NAME {
        return Err(HostError::Unsupported {
            what: format!("there is no flake 'builtin:{name}' in this program"),
            help: "the only one is `builtin:frazil`",
        });
    }
    let mut entries = Entries::new();
    for (path, contents) in FILES {
        insert(&mut entries, path.as_bytes(), Node::contents(*contents, false))?;
    }
    let tree = Node::Directory(entries);
    if let Some(wanted) = text(request, "narHash") {
        let found = sri(tree.nar_digest()?.hash);
        if found != wanted {
            let version = env!("CARGO_PKG_VERSION");
            return Err(HostError::Unsupported {
                what: format!(
                    "the lock file was made with another version of frazil: it pins 'builtin:{NAME}' as '{wanted}', and this is version {version} with '{found}'"
                ),
                help: "lock the version at hand with `frazil update`, or use the other version",
            });
        }
    }
    add(host, request, tree, Attributes::new())
}
