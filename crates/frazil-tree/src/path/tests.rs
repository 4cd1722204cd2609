use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(path: &[u8], expected: Expect) {
    let shown = match TreePath::parse(path) {
        Ok(path) => path.to_string(),
        Err(err) => format!("{err} | {}", err.help()),
    };
    expected.assert_eq(&shown);
}

#[test]
fn parses() {
    check(b"", expect!["/"]);
    check(b"usr/bin/[", expect!["/usr/bin/["]);
    check(b"a\xff b", expect![r"/a\xff b"]);
    check(
        b"/usr",
        expect!["`/usr` is not relative to the root of the tree | leave the first `/` out"],
    );
    check(
        b"usr/../etc",
        expect![
            "`..` cannot be the name of a file, in `usr/../etc` | write the path without `.`, `..` and doubled slashes"
        ],
    );
    check(
        b"usr/",
        expect![
            "`` cannot be the name of a file, in `usr/` | write the path without `.`, `..` and doubled slashes"
        ],
    );
    check(
        b"a\0",
        expect![
            r"`a\x00` cannot be the name of a file, in `a\x00` | write the path without `.`, `..` and doubled slashes"
        ],
    );
    check(
        &[b'a'; 256],
        expect!["a path or name of 256 bytes is too long | paths end at 4094 bytes, names at 255"],
    );
}

fn path(text: &str) -> TreePath {
    TreePath::parse(text.as_bytes()).unwrap()
}

#[test]
fn relations() {
    assert_eq!(path("a/b").parent(), Some(path("a")));
    assert_eq!(path("a").parent(), Some(TreePath::root()));
    assert_eq!(TreePath::root().parent(), None);
    assert_eq!(path("a/b").file_name(), b"b");
    assert!(path("a/b").is_within(&path("a")));
    assert!(path("a").is_within(&path("a")));
    assert!(!path("ab").is_within(&path("a")));
    assert!(path("a").is_within(&TreePath::root()));
    assert_eq!(path("lib/x").usr_merged(), path("usr/lib/x"));
    assert_eq!(path("library/x").usr_merged(), path("library/x"));
}

#[test]
fn the_order_is_that_of_a_walk() {
    let sorted = ["", "a", "a/b", "a/b/c", "a/c", "a-b", "a.b", "aa", "b"].map(path);
    assert!(sorted.is_sorted());
    assert!(path("a") < path("a/b") && path("a/b") < path("a-b"));
}
