//! What tests of several crates share: the runners of the golden cases and of the documents that
//! show what the program prints, a web server that behaves as badly as it is told, and packages that
//! nobody should unpack. Never part of the product.

pub mod deb;
pub mod golden;
pub mod server;
mod shell;
pub mod transcript;
