use expect_test::{Expect, expect};

use super::{Date, parse_date};

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = parse_date(text.as_bytes()).map(|date| format!("{} {date}", date.0));
    expected.assert_eq(&shown.unwrap_or_else(|| "none".into()));
}

#[test]
fn dates() {
    check("Thu, 01 Jan 1970 00:00:00 UTC", expect!["0 1970-01-01 00:00:00 UTC"]);
    check("Sat, 12 Sep 2026 07:55:41 UTC", expect!["1789199741 2026-09-12 07:55:41 UTC"]);
    check("29 Feb 2024 23:59:59 +0000", expect!["1709251199 2024-02-29 23:59:59 UTC"]);
    check("Fri, 31 Dec 1999 12:00:00 GMT", expect!["946641600 1999-12-31 12:00:00 UTC"]);
    check("Mon, 1 Mar 2100 0:00:00 Z", expect!["4107542400 2100-03-01 00:00:00 UTC"]);
    check("Sat, 12 Sep 2026 07:55:41 CEST", expect!["none"]);
    check("Sat, 32 Sep 2026 07:55:41 UTC", expect!["none"]);
    check("Sat, 12 Sep 2026 25:55:41 UTC", expect!["none"]);
    check("Sat, 12 Sep 2026", expect!["none"]);
    check("", expect!["none"]);
}

#[test]
fn stamps() {
    let shown = |text: &str| Date::parse_stamp(text).map(Date::stamp);
    for right in ["20260912T075541Z", "19700101T000000Z", "20240229T235959Z"] {
        assert_eq!(shown(right).as_deref(), Some(right));
    }
    for day in ["2026-09-12", "20260912"] {
        assert_eq!(shown(day).as_deref(), Some("20260912T000000Z"));
    }
    for wrong in [
        "",
        "2026",
        "20260931",
        "20260229",
        "2026-13-01",
        "20260912T246060Z",
        "20260912T07554Z",
        "20260912T075541",
        "20260912T075541ZZ",
        "../../x",
        "２０２６０９１２",
    ] {
        assert_eq!(shown(wrong), None, "{wrong}");
    }
}
