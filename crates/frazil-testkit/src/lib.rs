//! What tests of several crates share: the runners of the golden cases and of the documents that
//! show what the program prints, and random values. Never part of the product.

pub mod golden;
pub mod random;
mod shell;
pub mod transcript;
