//! Stores as whole directories: shared with real Nix, and left behind by processes that were killed.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "tests make their own files and settings")]

mod crash;
mod limits;
mod oracle;
