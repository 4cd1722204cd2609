//! The real program as a real PID 1, in namespaces of its own.
//!
//! Where the machine allows no namespaces, these tests say so and do nothing.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod conformance;
mod container;
mod context;
mod control;
mod faults;
mod first;
mod lifecycle;
mod logs;
mod machine;
mod readiness;
mod shutdown;
mod single;
mod system;
