//! Real sandboxes with real builders, well-behaved and hostile.
//!
//! The builder is this test program itself: in the sandbox it is `/probe`, is told to run the test
//! `probe::entry`, and does what the variable `PROBE` says (see `probe.rs`). A machine without user
//! namespaces fails these tests: it cannot build either.

#![expect(unsafe_code, reason = "a hostile builder leaves its namespaces")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a builder writes a log")]

mod behaviour;
mod escapes;
mod limits;
mod probe;
mod setting;
