//! A declared system: from what the modules say to what an image holds.
//!
//! The modules end in one value, the [`Specification`](specification::Specification). Everything
//! here is a function of it: which numbers its users have, which files are generated, what the init
//! is told.
//!
//! Invariant: numbers depend on names alone, so that a volume belongs to the same user after every
//! rebuild.

pub mod accounts;
pub mod contents;
pub mod declarations;
pub mod generated;
pub mod ledger;
pub mod link;
pub mod packages;
pub mod services;
pub mod specification;
pub mod template;
pub mod units;
pub mod unpacked;
