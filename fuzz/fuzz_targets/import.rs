//! Fuzzes `frazil store import`: cargo-fuzz's way into the crate's own `fuzz_import` function, which
//! states what must hold. Each input gets a store of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let options = frazil_store::StoreOptions::new(dir.path());
    let store = frazil_store::Store::open(options).expect("a store");
    frazil_store::fuzz_import(&store, data);
});
