//! The builders that are functions of this program: `builtin:NAME`.
//!
//! They are trusted and run without a sandbox, so each of them alone must keep to its outputs.

mod buildenv;
mod closure_info;
pub(crate) mod debian_root;
mod fetch_deb;
mod fetchurl;
mod image;
mod link;
mod tree;
mod unpack_deb;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use frazil_build::builtin::{BuiltinError, BuiltinTask};
use frazil_model::{Derivation, OutputName};
use serde_json::{Map, Value};

use crate::debian::Archives;
use crate::inputs::{self, Lead};
use crate::network::Network;

/// A builder of this program.
pub type Builtin = frazil_build::builtin::Builtin<Tools>;

/// What builders of this program need besides their task.
pub struct Tools {
    pub network: Network,
    /// Where Debian's mirrors are.
    pub archives: Arc<Archives>,
    /// Where what can be made again is kept, to save time.
    pub cache: Option<PathBuf>,
}

/// All of them.
pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "buildenv",
        doc: "makes one tree of links to the trees of several packages",
        build: buildenv::build,
    },
    Builtin {
        name: "closure-info",
        doc: "lists the store paths that some paths need",
        build: closure_info::build,
    },
    Builtin {
        name: "debian-root",
        doc: "merges unpacked Debian packages into one file system",
        build: debian_root::build,
    },
    Builtin {
        name: "fetch-deb",
        doc: "fetches a package file of Debian's archive from a mirror",
        build: fetch_deb::build,
    },
    Builtin {
        name: "fetchurl",
        doc: "fetches one file, or the tree of an archive, from the network",
        build: fetchurl::build,
    },
    Builtin {
        name: "image-stream",
        doc: "makes a program that writes the image of a linked system",
        build: image::stream,
    },
    Builtin {
        name: "link",
        doc: "makes a system of what is declared, with the files that it can reach",
        build: link::build,
    },
    Builtin { name: "oci-image", doc: "makes an image of a linked system", build: image::build },
    Builtin {
        name: "tree",
        doc: "makes a tree of small files that the derivation describes",
        build: tree::build,
    },
    Builtin {
        name: "unpack-deb",
        doc: "unpacks a package file of Debian",
        build: unpack_deb::build,
    },
];

/// A derivation lacks what its builder needs, or says it wrongly.
#[derive(Debug, thiserror::Error)]
enum AttributeProblem {
    #[error("required attribute '{name}' missing")]
    Missing { name: &'static str },
    #[error("attribute '{name}' is not {wanted}")]
    Wrong { name: &'static str, wanted: &'static str },
    #[error("there is no output 'out'")]
    NoOut,
}

/// A variable, which must be text.
fn variable<'d>(
    derivation: &'d Derivation,
    name: &'static str,
) -> Result<Option<&'d str>, AttributeProblem> {
    let Some(value) = derivation.env.get(name.as_bytes()) else { return Ok(None) };
    let wrong = |_| AttributeProblem::Wrong { name, wanted: "text" };
    std::str::from_utf8(value).map(Some).map_err(wrong)
}

fn required<'d>(derivation: &'d Derivation, name: &'static str) -> Result<&'d str, BuiltinError> {
    Ok(variable(derivation, name)?.ok_or(AttributeProblem::Missing { name })?)
}

/// Where the output `out` is to be made.
fn out<'t>(task: &BuiltinTask<'t>) -> Result<&'t PathBuf, BuiltinError> {
    let out = task.outputs.iter().find(|(name, _)| OutputName::as_str(name) == "out");
    Ok(out.map(|(_, place)| place).ok_or(AttributeProblem::NoOut)?)
}

/// The structured attributes, as a process would get them.
fn structured(task: &BuiltinTask<'_>) -> Result<Map<String, Value>, BuiltinError> {
    let text = task.environment.files.get(b".attrs.json".as_slice());
    let text = text.ok_or(AttributeProblem::Missing { name: "__structuredAttrs" })?;
    Ok(serde_json::from_slice(text)?)
}

/// Where a logical path really is once all links are followed; `None` if nothing is there, or not
/// in an input.
fn follow(task: &BuiltinTask<'_>, path: &Path) -> Option<PathBuf> {
    match inputs::follow(task.store, task.inputs, path) {
        Lead::Input(place) => Some(place),
        Lead::Outside(_) | Lead::Nowhere => None,
    }
}
