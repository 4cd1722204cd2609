//! Debian's archive as pure values: bytes come in, values go out.
//!
//! From a signed `Release` file ([`release`], [`openpgp`]) through the lists of packages
//! ([`index`]) and what they need ([`relation`], [`solve`]) to the files inside a package
//! ([`deb`]). Nothing here opens a file, asks a mirror or reads the clock: the caller fetches,
//! and says what time it is.
//!
//! Invariant: whatever the bytes are, nothing here panics, loops, or takes memory that does not
//! follow from their length or a stated limit.

#![warn(missing_docs)]

mod compression;
pub mod date;
pub mod deb;
pub mod deb822;
pub mod index;
pub mod openpgp;
pub mod relation;
pub mod release;
pub mod solve;
pub mod sources;
pub mod version;

pub use compression::Compression;
pub use date::Date;
pub use deb822::{Deb822Error, Stanza, Stanzas};
pub use index::{Index, Package};
pub use relation::Relation;
pub use release::Release;
pub use version::DebVersion;
