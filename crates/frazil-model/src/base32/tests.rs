use super::*;

#[track_caller]
fn check(bytes: &[u8], text: &str) {
    assert_eq!(encode(bytes), text);
    let mut back = vec![0; bytes.len()];
    assert_eq!(decode_into(text.as_bytes(), &mut back), Ok(()));
    assert_eq!(back, bytes);
}

#[track_caller]
fn check_error(text: &str, bytes: usize, message: &str) {
    let err = decode_into(text.as_bytes(), &mut vec![0; bytes]).unwrap_err();
    assert_eq!(err.to_string(), message);
}

#[test]
fn round_trips() {
    check(b"", "");
    check(&[0], "00");
    check(&[0x1f], "0z");
    check(&[0xff], "7z");
    check(b"abc", "66qk1");
    check(&[1, 0, 0, 0, 0], "00000001");
    check(&[0; 20], "00000000000000000000000000000000");
    check(&[0xff; 32], "1zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
}

#[test]
fn refuses() {
    check_error("0", 1, "expected 2 base-32 characters, found 1");
    check_error("000", 1, "expected 2 base-32 characters, found 3");
    check_error("0e", 1, "'e' is not a base-32 character");
    check_error("0A", 1, "'A' is not a base-32 character");
    check_error("80", 1, "the first base-32 character is out of range");
    check_error("zz", 1, "the first base-32 character is out of range");
}

#[test]
fn random_bytes_round_trip() {
    let mut random = frazil_testkit::random::Random::seeded();
    for _ in 0..1000 {
        let bytes = random.bytes(70);
        check(&bytes, &encode(&bytes));
    }
}

#[test]
fn each_text_is_refused_or_the_only_one_of_its_bytes() {
    let mut random = frazil_testkit::random::Random::seeded();
    for _ in 0..2000 {
        let text = String::from_utf8(random.bytes_of(b"0123456789abcdez", 14)).unwrap();
        let mut bytes = vec![0; text.len() * 5 / 8];
        if decode_into(text.as_bytes(), &mut bytes).is_ok() {
            assert_eq!(encode(&bytes), text);
        }
    }
}
