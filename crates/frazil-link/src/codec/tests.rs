use super::*;

#[test]
fn what_is_written_is_read() {
    let mut writer = Writer::default();
    let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
    for number in numbers {
        writer.number(number);
    }
    writer.string(b"usr/bin");
    writer.next_string(b"usr/bin/a", b"usr/bin/bc");
    writer.byte(7);
    let bytes = writer.finish();
    let mut reader = Reader::new(&bytes);
    for number in numbers {
        assert_eq!(reader.number(), Ok(number));
    }
    assert_eq!(reader.string(), Ok(&b"usr/bin"[..]));
    let mut string = b"usr/bin/a".to_vec();
    reader.next_string(&mut string).unwrap();
    assert_eq!(string, b"usr/bin/bc");
    assert_eq!(reader.byte(), Ok(7));
    assert!(reader.is_at_end());
    assert_eq!(reader.byte(), Err(Damaged));
}

#[test]
fn damaged_bytes_are_refused() {
    assert_eq!(Reader::new(&[0x80; 11]).number(), Err(Damaged));
    assert_eq!(Reader::new(&[5, 1]).string(), Err(Damaged));
    assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 1]).count(), Err(Damaged));
    assert_eq!(Reader::new(&[3, 0]).next_string(&mut b"ab".to_vec()), Err(Damaged));
}
