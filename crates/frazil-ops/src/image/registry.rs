//! Registries (distribution-spec 1.1): sending images to them, and reading those that are there.
//!
//! Only what a registry lacks is sent, and only when all blobs are there does a tag change: a push
//! that breaks off leaves what was there before. Invariant: nothing is sent unencrypted unless the
//! reference says `http://`.

mod artifact;
mod auth;
mod blob;
mod client;
mod login;
mod pull;
mod push;
mod reference;
#[cfg(test)]
mod tests;

use frazil_store::fetch::{ClientError, FetchError, UrlError};
use frazil_store::fs::IoError;

pub use artifact::{SigningKey, SigningKeyError};
pub use login::Logins;
pub use pull::{present, read};
pub use push::{PushEvent, PushOptions, Pushed, push};
pub use reference::{Reference, ReferenceError};

use super::ImageError;

/// Why an image is not in a registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no way to the network.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The registry cannot be reached, or has failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It said something that is no address.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It refused.
    #[error("the registry refused to {action}: {message}")]
    Refused {
        /// What was asked for.
        action: String,
        /// The status of the answer.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It does not let whoever asks.
    #[error("the registry `{host}` refused to {action}: {message}")]
    Unauthorised {
        /// The registry.
        host: String,
        /// What was asked for.
        action: String,
        /// What it said.
        message: String,
        /// Whether a name and password were known.
        is_known: bool,
    },
    /// It does not take the name and password that are known.
    #[error("the registry `{host}` does not take the name or the password that is kept for it")]
    Login {
        /// The registry.
        host: String,
    },
    /// The reference names nothing.
    #[error("the registry has no image `{reference}`")]
    NoImage {
        /// The reference.
        reference: String,
    },
    /// Its answer makes no sense.
    #[error("the registry does not speak its protocol: {message}")]
    Protocol {
        /// What is wrong.
        message: String,
    },
    /// A manifest has arrived as something else.
    #[error("the registry holds {found} where {expected} was sent")]
    Mismatch {
        /// What was sent.
        expected: String,
        /// What it has.
        found: String,
    },
    /// Where what refers to an image is listed, there is something else.
    #[error("the tag `{tag}`, which is for what refers to the image, names something else")]
    Occupied {
        /// The tag.
        tag: String,
    },
    /// A program that keeps passwords failed.
    #[error("`{program}` did not give the password for `{host}`: {message}")]
    Helper {
        /// The program.
        program: String,
        /// The registry.
        host: String,
        /// What it said.
        message: String,
    },
    /// A file of passwords is damaged.
    #[error("`{path}` is damaged")]
    Logins {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// An image could not be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A key is none.
    #[error(transparent)]
    Key(#[from] SigningKeyError),
}

impl RegistryError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Client(source) => source.help(),
            Self::Fetch(source) => source.help(),
            Self::Io(source) => source.help(),
            Self::Image(source) => source.help(),
            Self::Key(source) => Some(source.help()),
            Self::Unauthorised { is_known: false, .. } => {
                Some("log in with `docker login` or `skopeo login`, whose file is read")
            }
            Self::Unauthorised { is_known: true, .. } => {
                Some("the account may lack the right to do so")
            }
            Self::Login { .. } => {
                Some("log in again with `docker login` or `skopeo login`, whose file is read")
            }
            Self::Mismatch { .. } => Some("push again; the tag may have been changed by others"),
            Self::Refused { .. }
            | Self::NoImage { .. }
            | Self::Url(_)
            | Self::Protocol { .. }
            | Self::Occupied { .. }
            | Self::Helper { .. }
            | Self::Logins { .. } => None,
        }
    }
}
