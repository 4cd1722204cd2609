use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match text.parse::<Url>() {
        Ok(url) => format!("{url} host '{}' file {:?}", url.host(), url.file_path()),
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn addresses() {
    check(
        "http://a.example:80/b?c#d",
        expect!["http://a.example:80/b?c host 'a.example' file None"],
    );
    check("https://me:secret@[::1]:4/", expect!["https://[::1]:4/ host '[::1]' file None"]);
    check("file:///a/%62%2", expect![[r#"file:///a/%62%2 host '' file Some("/a/b%2")"#]]);
    check("file://localhost/a", expect![[r#"file:///a host '' file Some("/a")"#]]);
    check("file://a/b", expect!["URL 'file://a/b' does not name an absolute path"]);
    check(
        "ftp://me:secret@a",
        expect!["'(secret)@a' does not begin with http://, https:// or file://"],
    );
    check("http:///a", expect!["URL 'http:///a' names no host"]);
    check("http://a/b c", expect!["URL 'http://a/b c' has a character that must be escaped"]);
    check(
        "cache.example.org",
        expect!["'cache.example.org' does not begin with http://, https:// or file://"],
    );
}

#[test]
fn what_is_below_is_below() {
    let base: Url = "http://a.example/cache/".parse().unwrap();
    let below = |name: &str| base.below(name).map(|url| url.to_string());
    assert_eq!(below("nar/x.nar?a=b").unwrap(), "http://a.example/cache/nar/x.nar?a=b");
    for bad in [
        "../x",
        "a/../../x",
        "/x",
        "//b/x",
        "http://b/x",
        "a/%2e%2E/x",
        "",
        "a//b",
        "a/./b",
        "..",
        "a\\b",
        "%00",
    ] {
        assert!(below(bad).is_err(), "{bad}");
    }
}
