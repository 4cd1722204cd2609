//! Fetchers: their arguments are checked here, the host fetches.

mod closure;
mod download;
mod flakes;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

use std::collections::BTreeMap;

use super::{Builtin, one};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::host::{FetchAttribute, FetchRequest, Fetched};
use crate::input::{Input, InputError};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "fetchClosure",
        &["args"],
        Some(0),
        closure::fetch_closure,
        "The store path `fromPath` with all it needs, copied from the binary cache `fromStore`. (Experimental feature `fetch-closure`.)",
    ),
    Builtin::new(
        "fetchGit",
        &["args"],
        Some(0),
        tree::fetch_git,
        "A tree of a git repository: a URL or path, or a set of `url`, `rev`, `ref`, `name`, `submodules`, `shallow` and more. The result has `outPath`, `rev`, `shortRev`, `revCount`, `lastModified` and `narHash`.",
    ),
    Builtin::new(
        "fetchMercurial",
        &["args"],
        Some(0),
        tree::fetch_mercurial,
        "A tree of a Mercurial repository: a URL, or a set of `url`, `rev` and `name`.",
    ),
    Builtin::new(
        "fetchTarball",
        &["args"],
        Some(0),
        |ev, args| download::fetch(ev, one(args), download::Kind::Tarball),
        "The store path of the unpacked tarball at a URL: the URL, or a set of `url`, `sha256` (of the tree, as NAR) and `name`.",
    ),
    Builtin::new(
        "fetchTree",
        &["input"],
        Some(0),
        tree::fetch_tree,
        "Fetches what *input* says: a set with a `type` (`git`, `tarball`, `file`, `path`, `github`, ...) or a URL. The result has `outPath` and what is known about the tree.",
    ),
    Builtin::new(
        "fetchurl",
        &["arg"],
        Some(0),
        |ev, args| download::fetch(ev, one(args), download::Kind::File),
        "The store path of the file at a URL: the URL, or a set of `url`, `sha256` and `name`.",
    ),
    Builtin::new(
        "flakeRefToString",
        &["attrs"],
        Some(0),
        flakes::flake_ref_to_string,
        "The flake reference that *attrs* describes, as a URL. (Experimental feature `flakes`.)",
    ),
    Builtin::new(
        "getFlake",
        &["args"],
        Some(0),
        flakes::get_flake,
        "The flake that the reference *args* names, with its outputs. (Experimental feature `flakes`.)",
    ),
    Builtin::new(
        "parseFlakeRef",
        &["flake-ref"],
        Some(0),
        flakes::parse_flake_ref,
        "The attributes that describe the flake reference *flake-ref*. (Experimental feature `flakes`.)",
    ),
];

impl Evaluator<'_> {
    /// Fetches; what comes may be read, however restricted the evaluation is.
    fn fetch(
        &mut self,
        kind: &str,
        attributes: BTreeMap<String, FetchAttribute>,
    ) -> Result<Fetched> {
        self.fetch_request(&FetchRequest { kind: kind.to_owned(), attributes, is_final: false })
    }

    /// [`Self::fetch`] of an input; one from a lock file is final.
    pub(crate) fn fetch_input(&mut self, input: &Input, is_final: bool) -> Result<Fetched> {
        let mut attributes = input.attributes().clone();
        attributes.remove("type");
        self.fetch_request(&FetchRequest { kind: input.kind().to_owned(), attributes, is_final })
    }

    fn fetch_request(&mut self, request: &FetchRequest) -> Result<Fetched> {
        let fetched = self.host.fetch(request).map_err(|error| self.host_error(error))?;
        self.make_readable(&fetched.path);
        Ok(fetched)
    }

    /// Where the tree in the tarball at `url` lies once it is fetched.
    pub(crate) fn unpacked_tarball(&mut self, url: &str) -> Result<Vec<u8>> {
        let url = FetchAttribute::String(url.to_owned());
        let fetched = self.fetch("tarball", BTreeMap::from([("url".to_owned(), url)]))?;
        Ok(self.options.store_dir.join(&fetched.path).into_bytes())
    }

    #[cold]
    pub(crate) fn input_error(&self, error: InputError) -> Error {
        self.error(ErrorKind::Other, error.0)
    }
}

/// Text of the program for the host and for messages.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
