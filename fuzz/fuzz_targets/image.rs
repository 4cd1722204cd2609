//! Fuzzes `image`: cargo-fuzz's way into the crate's own `fuzz` function, which states what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frazil_image::read::fuzz(data));
