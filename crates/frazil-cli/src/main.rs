//! The binary `frazil`.

fn main() {}
