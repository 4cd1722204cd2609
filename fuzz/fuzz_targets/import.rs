//! Fuzzes the stream of `nix-store --export`: no input panics, and the store stays sound.
#![no_main]

use frazil_store::{Store, StoreOptions, VerifyDepth};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let root = std::env::temp_dir().join(format!("frazil-fuzz-{}", std::process::id()));
    let store = Store::open(StoreOptions::new(root)).expect("a store in the temporary directory");
    let _refused = store.import(&mut &*data).is_err();
    let report = store.verify(VerifyDepth::Contents).expect("a database that can be read");
    assert!(report.is_clean(), "{report:?}");
});
