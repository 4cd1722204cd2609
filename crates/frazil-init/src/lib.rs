//! PID 1: the plan of services, the state machine that runs them, and the program that is both.
//!
//! The crate is compiled twice. Cargo builds the library: [`table`] and [`plan::compile`] turn a
//! declaration into the plan that an image carries, and [`PROGRAM`] is the program that reads it.
//! The build script builds that program from the same sources with `--cfg standalone`: without
//! std, without libc, without an allocator.
//!
//! The program is one file with several names (applets). PID 1 itself, [`supervise`], only starts,
//! reaps, times and orders; whatever may block or parse is done by another applet in a process of
//! its own, so that its failure is an exit status.

#![cfg_attr(standalone, no_std)]

mod applets;
#[cfg(not(standalone))]
pub mod backend;
mod control;
mod errno;
mod machine;
pub mod names;
pub mod plan;
mod sys;
#[cfg(not(standalone))]
pub mod table;
mod text;

#[cfg(test)]
mod tests;

pub use applets::run;
pub use sys::Arguments;

/// The program, ready to be put into an image: a static executable for x86-64 Linux.
#[cfg(not(standalone))]
pub const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frazil-init"));

/// What a panic does: one line, and an end that a container engine can see. PID 1 of a machine
/// restarts it.
pub fn crash() -> ! {
    text::tell(&[b"frazil-init: internal error; this is a bug"]);
    sys::process::exit(applets::give_up(134))
}
