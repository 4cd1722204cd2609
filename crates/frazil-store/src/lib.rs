//! A store on the disk, as Nix lays it out: programs of either make can share it.
//!
//! This is the one crate that touches a store's directory. It runs no builders and fetches nothing;
//! it makes paths valid, says what is valid, keeps what is needed and removes the rest.
//!
//! Invariant: what the database says is valid is there, whole, whatever was killed and when; the
//! database learns of a path last and forgets it first.

#![warn(missing_docs)]

mod add;
mod adopt;
pub mod cache;
mod database;
mod export;
pub mod fetch;
#[cfg(test)]
mod fixture;
pub mod fs;
mod gc;
mod layout;
mod lock;
mod log;
mod optimise;
mod outputs;
mod path_info;
mod restore;
mod roots;
mod scan;
mod stage;
mod store;
pub mod threads;
mod tree;
mod verify;

pub use add::{AddError, AddOptions, DerivationProblem, HashMismatch};
pub use database::{DatabaseError, SCHEMA_VERSION, snapshot};
pub use export::{ExportError, ImportError, fuzz as fuzz_import};
pub use gc::{CollectError, CollectOptions, Collected};
pub use layout::Layout;
pub use optimise::Optimised;
pub use outputs::{OutputLocks, Workplace, content_hash};
pub use path_info::PathInfo;
pub use restore::read_nar;
pub use roots::{Kept, Roots};
pub use scan::ReferenceScanner;
pub use stage::{Produce, Source};
pub use store::{Access, Clock, OpenError, Store, StoreError, StoreOptions};
pub use tree::{Put, TreeError, write_nar};
pub use verify::{VerifyDepth, VerifyReport};
