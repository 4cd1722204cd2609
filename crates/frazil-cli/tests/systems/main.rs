//! The systems of `nix/examples`, linked, started in a container, and used as their users would.
//!
//! Each test declares an example, links it with packages of the machine's own mirror, starts it
//! with runc in a network of its own, talks to it with a client, and asks it to end, which must be
//! with status 0. Roots at the level `files` hold what the linker found a reason for and nothing
//! else, so a file that it missed is seen here.
//!
//! Without root or runc there is nothing to see, and the tests say so.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "tests that are skipped say so, and sizes are shown")]

mod container;
mod example;
mod wire;

mod caches;
mod databases;
mod jobs;
mod logins;
mod mail;
mod messages;
mod names;
mod runtimes;
mod shells;
mod web;

use std::path::Path;

/// Whoever adds an example adds its use.
#[test]
fn every_example_is_used() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systems");
    let sources: String = std::fs::read_dir(tests)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let unused: Vec<String> = std::fs::read_dir(example::library().join("examples"))
        .unwrap()
        .filter_map(|file| {
            let file = file.unwrap().file_name();
            Some(file.to_str().unwrap().strip_suffix(".nix")?.to_owned())
        })
        .filter(|name| name != "default" && !sources.contains(&format!("Example::of(\"{name}\")")))
        .collect();
    assert!(unused.is_empty(), "no test uses {unused:?}");
}
