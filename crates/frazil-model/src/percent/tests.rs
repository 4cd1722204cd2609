use super::{decode, encode};

#[test]
fn bytes_are_escaped() {
    assert_eq!(encode(b"a-Z_0.~", b""), "a-Z_0.~");
    assert_eq!(encode(b"a/b c:\xe9%", b"/"), "a/b%20c%3A%E9%25");
}

#[test]
fn escapes_are_bytes() {
    assert_eq!(decode(b"a%20b%c3%A9"), "a b\u{e9}".as_bytes());
    assert_eq!(decode(b"100%"), b"100%");
    assert_eq!(decode(b"%2"), b"%2");
    assert_eq!(decode(b"%zz%%41"), b"%zz%A");
}

#[test]
fn what_was_escaped_comes_back() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(decode(encode(&all, b"").as_bytes()), all);
    assert_eq!(decode(encode(&all, b"/:").as_bytes()), all);
}
