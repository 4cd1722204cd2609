//! (being written)
pub mod ere;
pub mod json;
pub mod number;
pub mod version;
pub mod xml;
