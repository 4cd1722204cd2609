#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| frazil_eval::ere::fuzz(data));
