//! What tests of several crates share: the runners of the golden cases and of the documents that
//! show what the program prints, a web server that behaves as badly as it is told, a registry of
//! images, packages that are made up, and random values. Never part of the product.

pub mod deb;
pub mod docker_registry;
pub mod elf;
pub mod golden;
pub mod random;
pub mod server;
mod shell;
pub mod transcript;
