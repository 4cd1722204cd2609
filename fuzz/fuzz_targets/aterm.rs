#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frazil_model::derivation::aterm::fuzz(data));
