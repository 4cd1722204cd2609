//! Placeholders: strings that stand for output paths which are not known yet.
//!
//! The builder replaces them before it starts the program. Invariant: a placeholder is determined
//! by what it stands for, and nobody can guess one for something else.

use std::fmt;

use crate::base32;
use crate::hash::Sha256;
use crate::store_path::{OutputName, StorePath, StorePathError};

/// Stands for an output path: `/` and 52 base-32 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placeholder(Sha256);

impl Placeholder {
    /// For an output of the derivation that holds the string: `builtins.placeholder`.
    ///
    /// Nix takes any string here, so the name need not be legal.
    pub fn own(output: &[u8]) -> Self {
        Self(Sha256::of(&[b"nix-output:", output].concat()))
    }

    /// For an output of another derivation, whose path is known once that is built.
    pub fn upstream(derivation: &StorePath, output: &OutputName) -> Result<Self, StorePathError> {
        let name = derivation.derivation_name()?;
        let digest = derivation.digest();
        let text = if output.is_out() {
            format!("nix-upstream-output:{digest}:{name}")
        } else {
            format!("nix-upstream-output:{digest}:{name}-{output}")
        };
        Ok(Self(Sha256::of(text.as_bytes())))
    }

    /// For an output of a derivation that is itself an output, which `self` stands for.
    #[must_use]
    pub fn of_output(&self, output: &OutputName) -> Self {
        let folded = base32::encode(&self.0.folded());
        Self(Sha256::of(format!("nix-computed-output:{folded}:{output}").as_bytes()))
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", base32::encode(&self.0.0))
    }
}
