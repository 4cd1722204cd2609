//! Running derivations: what a builder is given, where it runs, and in which order.
//!
//! The environment and the checks are pure functions of a derivation and of what is known about
//! its inputs. The store is not touched here: whoever calls says where the inputs physically are
//! and takes the outputs from where the builder left them.
//!
//! Invariant: a builder sees nothing that it was not given, and nothing that it started lives
//! longer than it.

#![warn(missing_docs)]

pub mod attributes;
pub mod builtin;
pub mod checks;
pub mod environment;
pub mod sandbox;
pub mod schedule;

pub use environment::{BuildEnvironment, PathFacts};
