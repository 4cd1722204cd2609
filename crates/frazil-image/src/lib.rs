//! A root tree as bytes that others can read: tar archives, OCI images, docker archives.
//!
//! An encoder is a function from a [`Tree`](frazil_tree::Tree) to a `Write`. It decides nothing
//! about the system: who wants a file elsewhere, or not at all, changes the tree.
//!
//! Invariant: the same tree gives the same bytes. There is no clock, no machine and no order of
//! threads in them; entries stand in the tree's order, and all bear one time, which is an argument.

#![warn(missing_docs)]

pub mod compress;
pub mod contents;
pub mod layers;
pub mod oci;
pub mod tar;

pub use contents::{Contents, EncodeError};

/// Seconds since 1970-01-01 UTC: the one time that an image knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamp(pub u64);
