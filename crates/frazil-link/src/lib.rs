//! The linker: which files of which units a system can reach, and by what evidence.
//!
//! [`analyse`](analysis::analyse) reads a unit once and says what its files mention;
//! [`link`](link::link) walks from the roots of a system over such analyses. Every decision goes
//! into the [`Ledger`](ledger::Ledger). Nothing here opens a file: bytes come through
//! [`Contents`](contents::Contents), analyses through a function of the caller, which is asked for
//! units only when something may need them.
//!
//! Invariant: the result depends on the units, the roots and the policy alone, and each kept file
//! has a chain of evidence that begins at a root.

#![warn(missing_docs)]

pub mod analysis;
pub mod capability;
mod codec;
pub mod contents;
#[cfg(test)]
mod fixture;
pub mod generate;
pub mod glob;
pub mod ledger;
pub mod link;
pub mod policy;
pub mod unit;
mod universe;
mod walk;

pub use codec::Damaged;
pub use ledger::Ledger;
pub use link::{Link, LinkError, link};
pub use policy::Policy;
pub use unit::{Level, Role, Unit};
pub use walk::Root;
