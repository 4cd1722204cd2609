//! String contexts: what a string of the language depends on, element by element.
//!
//! The texts are those of Nix, so elements can be shown and compared. A set of elements is the
//! evaluator's business.
//!
//! Invariant: what is printed parses back to an equal value.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::store_path::{OutputName, StoreNameError, StorePath, StorePathError};

/// One thing that a string depends on. The order is Nix's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextElement {
    /// A store path as it is: `<path>`.
    Path(StorePath),
    /// A derivation with all that it needs, built: `=<path>`.
    DrvDeep(StorePath),
    /// An output of a derivation: `!<output>!<path>`.
    Output {
        /// The path of the derivation.
        derivation: StorePath,
        /// The output.
        output: OutputName,
    },
}

/// Why a text is not an element of a context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// No text.
    #[error("string context element should never be an empty string")]
    Empty,
    /// Only one `!`.
    #[error("string context element '{text}' beginning with '!' should have a second '!'")]
    OneMark {
        /// The text.
        text: String,
    },
    /// A `!` in a plain path.
    #[error("string context element '{text}' not beginning with '!' should not have a '!'")]
    Mark {
        /// The text.
        text: String,
    },
    /// An output of an output, which Nix allows as an experiment only.
    #[error("string context element '{text}' names an output of a dynamic derivation")]
    Dynamic {
        /// The text.
        text: String,
    },
    /// Not a store path.
    #[error(transparent)]
    Path(#[from] StorePathError),
    /// Not the name of an output.
    #[error(transparent)]
    Output(#[from] StoreNameError),
}

impl FromStr for ContextElement {
    type Err = ContextError;

    fn from_str(text: &str) -> Result<Self, ContextError> {
        if text.is_empty() {
            return Err(ContextError::Empty);
        }
        if let Some(path) = text.strip_prefix('=') {
            return Ok(Self::DrvDeep(path.parse()?));
        }
        let Some(rest) = text.strip_prefix('!') else {
            if text.contains('!') {
                return Err(ContextError::Mark { text: text.into() });
            }
            return Ok(Self::Path(text.parse()?));
        };
        let (output, path) =
            rest.split_once('!').ok_or_else(|| ContextError::OneMark { text: text.into() })?;
        if path.contains('!') {
            return Err(ContextError::Dynamic { text: text.into() });
        }
        Ok(Self::Output { derivation: path.parse()?, output: output.parse()? })
    }
}

impl fmt::Display for ContextElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path}"),
            Self::Output { derivation, output } => write!(f, "!{output}!{derivation}"),
            Self::DrvDeep(path) => write!(f, "={path}"),
        }
    }
}
