//! The builders that are functions of this program: `builtin:NAME`.
//!
//! They are trusted and run without a sandbox, so each of them alone must keep to its outputs.

mod buildenv;
mod fetchurl;

use std::path::PathBuf;

use frazil_build::builtin::{BuiltinError, BuiltinTask};
use frazil_model::{Derivation, OutputName};

use crate::network::Network;

/// A builder of this program.
pub type Builtin = frazil_build::builtin::Builtin<Tools>;

/// What builders of this program need besides their task.
pub struct Tools {
    pub network: Network,
}

/// All of them.
pub const TABLE: &[Builtin] = &[
    Builtin {
        name: "buildenv",
        doc: "makes one tree of links to the trees of several packages",
        build: buildenv::build,
    },
    Builtin {
        name: "fetchurl",
        doc: "fetches one file, or the tree of an archive, from the network",
        build: fetchurl::build,
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
