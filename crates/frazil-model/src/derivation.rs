//! Derivations: what to run to make which store paths from which.
//!
//! The text of a `.drv` file is in [`aterm`], the identity that ignores how fixed outputs are
//! fetched in [`modulo`], what stands in for paths not yet known in [`placeholder`]. Nothing here
//! runs a derivation or knows whether its inputs exist.
//!
//! Invariant: the path in a [fixed output](DerivationOutput::Fixed) is the one its content address
//! gives, if it was made by [`DerivationOutput::fixed`] or parsed.

pub mod aterm;
pub mod json;
pub mod modulo;
pub mod placeholder;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use modulo::{DerivationHash, DerivationHashKind, InstantiateError, Instantiated};
pub use placeholder::Placeholder;

use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::hash::HashAlgorithm;
use crate::store_path::{
    MakePathError, OutputName, StoreDir, StoreName, StoreNameError, StorePath,
};

/// One build step. Strings are bytes, as in the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// The name, which the `.drv` file holds in its own name only.
    pub name: StoreName,
    /// What it makes.
    pub outputs: BTreeMap<OutputName, DerivationOutput>,
    /// The derivations whose outputs it uses.
    pub input_derivations: BTreeMap<StorePath, WantedOutputs>,
    /// The store paths that it uses and that no derivation makes.
    pub input_sources: BTreeSet<StorePath>,
    /// The platform it runs on, such as `x86_64-linux`.
    pub system: Vec<u8>,
    /// The program to run, or `builtin:NAME`.
    pub builder: Vec<u8>,
    /// The program's arguments.
    pub args: Vec<Vec<u8>>,
    /// The program's environment.
    pub env: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Which outputs of an input derivation are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedOutputs {
    /// Used themselves.
    pub outputs: BTreeSet<OutputName>,
    /// Outputs that are derivations in their turn (an experiment of Nix: dynamic derivations).
    pub dynamic: BTreeMap<OutputName, WantedOutputs>,
}

/// One output of a derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DerivationOutput {
    /// The path depends on how it is made.
    InputAddressed(StorePath),
    /// The contents are known beforehand.
    Fixed {
        /// What the contents must hash to.
        content: ContentAddress,
        /// Where they go.
        path: StorePath,
    },
    /// The path depends on the contents once they are made.
    FloatingCa {
        /// What is hashed.
        method: ContentAddressMethod,
        /// How it is hashed.
        algorithm: HashAlgorithm,
    },
    /// Input-addressed, but an input's path is not known yet; or not computed yet.
    Deferred,
    /// As floating, but made anew each time.
    Impure {
        /// What is hashed.
        method: ContentAddressMethod,
        /// How it is hashed.
        algorithm: HashAlgorithm,
    },
}

/// What all outputs of a derivation have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivationKind {
    /// All paths are known and depend on how they are made.
    InputAddressed,
    /// As input-addressed, but the paths are not known.
    Deferred,
    /// One output, `out`, with known contents; it may use the network.
    Fixed,
    /// Paths depend on the contents.
    FloatingCa,
    /// As floating, but made anew each time and with the network.
    Impure,
}

/// The outputs of a derivation do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// There are none.
    #[error("must have at least one output")]
    NoOutputs,
    /// Of different kinds.
    #[error("can't mix derivation output types")]
    Mixed,
    /// More than one fixed output.
    #[error("only one fixed output is allowed for now")]
    ManyFixed,
    /// A fixed output of another name than `out`.
    #[error("single fixed output must be named \"out\"")]
    FixedName,
    /// Floating outputs of different algorithms.
    #[error("all floating outputs must use the same hash algorithm")]
    FloatingAlgorithms,
}

impl DerivationOutput {
    /// The fixed output of this name and content of the derivation `derivation`.
    pub fn fixed(
        dir: &StoreDir,
        derivation: &StoreName,
        output: &OutputName,
        content: ContentAddress,
    ) -> Result<Self, MakePathError> {
        let path = dir.fixed_path(&derivation.of_output(output)?, &content)?;
        Ok(Self::Fixed { content, path })
    }

    /// The path, if it is known before the build.
    pub fn path(&self) -> Option<&StorePath> {
        match self {
            Self::InputAddressed(path) | Self::Fixed { path, .. } => Some(path),
            Self::FloatingCa { .. } | Self::Deferred | Self::Impure { .. } => None,
        }
    }

    fn kind(&self) -> DerivationKind {
        match self {
            Self::InputAddressed(_) => DerivationKind::InputAddressed,
            Self::Fixed { .. } => DerivationKind::Fixed,
            Self::FloatingCa { .. } => DerivationKind::FloatingCa,
            Self::Deferred => DerivationKind::Deferred,
            Self::Impure { .. } => DerivationKind::Impure,
        }
    }

    fn algorithm(&self) -> Option<HashAlgorithm> {
        match self {
            Self::FloatingCa { algorithm, .. } | Self::Impure { algorithm, .. } => Some(*algorithm),
            Self::InputAddressed(_) | Self::Fixed { .. } | Self::Deferred => None,
        }
    }
}

impl Derivation {
    /// What the outputs have in common, or why they have nothing.
    pub fn kind(&self) -> Result<DerivationKind, KindError> {
        let (name, first) = self.outputs.first_key_value().ok_or(KindError::NoOutputs)?;
        let kind = first.kind();
        if self.outputs.values().any(|output| output.kind() != kind) {
            return Err(KindError::Mixed);
        }
        if kind == DerivationKind::Fixed && self.outputs.len() > 1 {
            return Err(KindError::ManyFixed);
        }
        if kind == DerivationKind::Fixed && !name.is_out() {
            return Err(KindError::FixedName);
        }
        if kind == DerivationKind::FloatingCa
            && self.outputs.values().any(|output| output.algorithm() != first.algorithm())
        {
            return Err(KindError::FloatingAlgorithms);
        }
        Ok(kind)
    }

    /// Whether the builder is a function of the builder itself: `builtin:NAME`.
    pub fn is_builtin(&self) -> bool {
        self.builder.starts_with(b"builtin:")
    }

    /// The path of the `.drv` file that holds `aterm`, the text of this derivation.
    pub fn path_of_text(&self, dir: &StoreDir, aterm: &[u8]) -> Result<StorePath, StoreNameError> {
        let name = self.name.with_drv_extension()?;
        Ok(dir.text_path(&name, crate::hash::Sha256::of(aterm), self.references()))
    }

    /// The path of the `.drv` file of this derivation.
    pub fn path(&self, dir: &StoreDir) -> Result<StorePath, StoreNameError> {
        let mut aterm = Vec::new();
        self.print(dir, &mut aterm);
        self.path_of_text(dir, &aterm)
    }

    /// The store paths that the `.drv` file refers to; outputs are not among them.
    pub fn references(&self) -> impl Iterator<Item = &StorePath> {
        self.input_sources.iter().chain(self.input_derivations.keys())
    }
}
