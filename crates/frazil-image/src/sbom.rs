//! What an image is made of, for those who look for known weaknesses or count licences: SPDX 2.3
//! and `CycloneDX` 1.6, both as JSON.
//!
//! Invariant: documents are functions of the image. Their identifiers are digests of what they say,
//! and their time is that of the image.

mod cyclonedx;
pub mod licence;
mod purl;
mod spdx;
#[cfg(test)]
mod tests;

use frazil_model::Sha256;

use crate::Timestamp;
pub use cyclonedx::cyclonedx;
pub use licence::{Licence, Terms};
pub use purl::purl;
pub use spdx::spdx;

/// An image and its packages.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The name of the image, with its tag.
    pub name: String,
    /// When it was made, as far as it says.
    pub time: Timestamp,
    /// The digests of its layers, `sha256:...`, the lowest first.
    pub layers: Vec<String>,
    /// What is in it, sorted by name.
    pub packages: Vec<Package>,
}

/// A package in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it comes from, and what only packages from there have.
    pub kind: PackageKind,
    /// Under what it may be used; empty if nobody knows.
    pub licences: Vec<Terms>,
    /// Of all that it is before the linker: as the store knows it, of its archive (NAR).
    pub digest: Option<Sha256>,
    /// The layers with files of it, as indexes into [`Inventory::layers`].
    pub layers: Vec<usize>,
    /// What it needs, as indexes into [`Inventory::packages`].
    pub depends: Vec<usize>,
}

/// Where a package comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageKind {
    /// From Debian's archive.
    Debian {
        /// `amd64`, `all`.
        architecture: String,
        /// The source package if it has another name, with its version if that is another.
        source: Option<(String, Option<String>)>,
        /// The release: `13`.
        release: Option<String>,
    },
    /// Built by a derivation.
    Nix {
        /// `/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-hello-2.12`
        store_path: String,
    },
    /// Made with this program: the init.
    Own,
}
