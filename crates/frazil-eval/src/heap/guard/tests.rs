//! Run with the address sanitizer and `--cfg heap_guard`; see `fuzz/README.md`.

use crate::heap::{Cursor, Heap, HeapOptions};

unsafe extern "C" {
    fn __asan_address_is_poisoned(address: *const u8) -> i32;
}

fn is_poisoned(address: *const u8) -> bool {
    // SAFETY: the runtime looks at its shadow of the address only.
    unsafe { __asan_address_is_poisoned(address) != 0 }
}

#[test]
fn only_objects_may_be_touched() {
    let heap = Heap::new(HeapOptions::default()).expect("there is address space");
    let mut cursor = Cursor::new(&heap, 0);
    let first = cursor.add(1u64);
    let second = cursor.add(2u64);
    for object in [first, second] {
        let start = std::ptr::from_ref(object);
        assert!(!is_poisoned(start.cast()));
        assert!(is_poisoned(start.wrapping_add(1).cast()));
    }
    let mut writer = cursor.attrs_writer(2);
    let name = crate::symbol::Symbols::new().intern(b"a", &mut cursor);
    writer.push(name, crate::source::Pos::NOWHERE, crate::word::Slot::BUSY);
    let set = writer.finish(&mut cursor);
    let entry = set.get(name).expect("it was just written");
    let behind = std::ptr::from_ref(entry).wrapping_add(1);
    assert!(is_poisoned(behind.cast()), "room that was not used");
}
