use super::*;

const HELLO: &str = "00bgd045z0d4icpbc2yyz4gx48ak44la-hello-2.12";
const LIBC: &str = "3n58xw4373jp0ljirf06d8077j15pc4j-glibc-2.37";

/// Looks for both paths in `bytes`, cut into pieces of every length.
#[track_caller]
fn check(bytes: &[u8], expected: &[&str]) {
    for len in 1..=bytes.len().max(1) {
        let mut scanner = ReferenceScanner::new([HELLO, LIBC].map(|path| path.parse().unwrap()));
        bytes.chunks(len).for_each(|piece| scanner.update(piece));
        let found: Vec<_> = scanner.finish().into_iter().map(|path| path.to_string()).collect();
        assert_eq!(found, expected, "in pieces of {len}");
    }
}

#[test]
fn finds_digests_anywhere() {
    check(b"", &[]);
    check(HELLO.as_bytes(), &[HELLO]);
    check(format!("{LIBC}\0{HELLO}").as_bytes(), &[HELLO, LIBC]);
    check(format!("/nix/store/{HELLO}/bin:/nix/store/{HELLO}/sbin").as_bytes(), &[HELLO]);
    check(b"xx3n58xw4373jp0ljirf06d8077j15pc4jxx", &[LIBC]);
    check(b"3n58xw4373jp0ljirf06d8077j15pc4", &[]);
    check(b"3n58xw4373jp0ljirf06d8077j15pc4k", &[]);
    check(b"\xff\xfe3n58xw4373jp0ljirf06d8077j15pc4j\xff", &[LIBC]);
}

#[test]
fn finds_digests_in_long_runs_of_digits() {
    let run = "0123456789abcdfghijklmnpqrsvwxyz".repeat(5);
    check(run.as_bytes(), &[]);
    check(format!("{run}{}{run}", &HELLO[..32]).as_bytes(), &[HELLO]);
}

#[test]
fn finds_digests_at_any_offset() {
    for offset in 0..70 {
        for around in [b'-', b'a'] {
            let mut bytes = vec![around; 140];
            bytes[offset..offset + 32].copy_from_slice(&LIBC.as_bytes()[..32]);
            let mut scanner = ReferenceScanner::new([LIBC.parse().unwrap()]);
            scanner.update(&bytes);
            assert_eq!(scanner.finish().len(), 1, "at {offset}");
        }
    }
}

#[test]
fn blocks_know_the_digits() {
    for byte in 0..=u8::MAX {
        let mut block = [b'0'; BLOCK];
        block[7] = byte;
        assert_eq!(are_digits(block), base32::is_digit(byte), "{byte}");
    }
}
