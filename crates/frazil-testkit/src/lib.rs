//! What tests of several crates share: the runners of the golden cases and of the documents that
//! show what the program prints, and packages that are made up. Never part of the product.

pub mod deb;
pub mod elf;
pub mod golden;
mod shell;
pub mod transcript;
