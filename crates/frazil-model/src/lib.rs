//! Nix's formats as pure values: hashes, store paths, derivations, NARs, narinfo, closures.
//!
//! Nothing here opens a file, asks the clock or reads the environment; bytes come in and values go
//! out. What a store *holds* is the business of the store crate: a value of this crate may well
//! name a thing that does not exist.
//!
//! Invariant: every type can only be made valid. Text enters through one parser per type, and what
//! is printed parses back to an equal value.

#![warn(missing_docs)]

pub mod base32;
pub mod cache_info;
pub mod closure;
pub mod content_address;
pub mod context;
pub mod derivation;
mod fields;
pub mod hash;
pub mod nar;
pub mod narinfo;
pub mod percent;
pub mod signature;
pub mod store_path;

pub use closure::ClosureGraph;
pub use content_address::{ContentAddress, ContentAddressMethod};
pub use context::ContextElement;
pub use derivation::Derivation;
pub use fields::FieldError;
pub use hash::{Hash, HashAlgorithm, HashFormat, Hasher, Sha256};
pub use narinfo::NarInfo;
pub use store_path::{OutputName, StoreDir, StoreName, StorePath};
