use expect_test::{Expect, expect};

use super::{BATCH_MAX, LINE_MAX, cut, date, lines};
use crate::plan::LogKind;

#[track_caller]
fn check(text: &[u8], kind: LogKind, expected: Expect) {
    let mut out = Vec::new();
    lines(&mut |bytes| out.extend_from_slice(bytes), text, kind, b"web");
    let shown = String::from_utf8(out).unwrap();
    let shown = match shown.find("\",\"svc\"") {
        Some(place) => format!("...{}", &shown[place..]),
        None => shown,
    };
    expected.assert_eq(&shown);
}

#[test]
fn shows_lines() {
    check(
        b"a\nb\n",
        LogKind::Prefix,
        expect![[r#"
        web | a
        web | b
    "#]],
    );
    check(
        b"half",
        LogKind::Prefix,
        expect![[r#"
        web | half
    "#]],
    );
    check(
        b"q\"\\\t\x01\xff\n",
        LogKind::Json,
        expect![[r#"
        ...","svc":"web","msg":"q\"\\\t\u0001�"}
    "#]],
    );
}

#[test]
fn cuts_at_lines() {
    let cut = |bytes: &[u8], is_over| cut(bytes, LogKind::Prefix, b"web", is_over);
    assert_eq!(cut(b"a\nb\nc", false), Some(4));
    assert_eq!(cut(b"a", false), None);
    assert_eq!(cut(b"a", true), Some(1));
    assert_eq!(cut(&vec![b'x'; LINE_MAX + 5], false), Some(LINE_MAX));
}

#[test]
fn a_batch_fits_into_its_pipe() {
    for (kind, byte) in [(LogKind::Prefix, b'\n'), (LogKind::Json, 1), (LogKind::Json, b'\n')] {
        let bytes = vec![byte; 1 << 16];
        let end = cut(&bytes, kind, &[b'n'; 64], true).unwrap();
        let mut size = 0;
        lines(&mut |bytes| size += bytes.len(), &bytes[..end], kind, &[b'n'; 64]);
        assert!(size <= BATCH_MAX, "{kind:?}: {size}");
        assert!(end > 0);
    }
}

#[test]
fn dates() {
    let check = |seconds, expected: Expect| {
        expected.assert_eq(std::str::from_utf8(date(seconds, 7).bytes()).unwrap());
    };
    check(0, expect!["1970-01-01T00:00:00.007Z"]);
    check(951_782_399, expect!["2000-02-28T23:59:59.007Z"]);
    check(951_782_400, expect!["2000-02-29T00:00:00.007Z"]);
    check(4_107_542_400, expect!["2100-03-01T00:00:00.007Z"]);
}
