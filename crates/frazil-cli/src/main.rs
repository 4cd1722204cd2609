//! The binary `frazil`.

mod render;

fn main() {}
