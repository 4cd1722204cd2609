//! What tests of several crates share: the runner of the golden cases. Never part of the product.

pub mod golden;
