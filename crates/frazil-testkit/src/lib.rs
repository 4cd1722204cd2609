//! What tests of several crates share: the runners of the golden cases and of the documents that
//! show what the program prints, and a web server that behaves as badly as it is told. Never part of
//! the product.

pub mod golden;
pub mod server;
mod shell;
pub mod transcript;
