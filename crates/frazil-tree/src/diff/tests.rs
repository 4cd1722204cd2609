use expect_test::{Expect, expect};

use super::*;
use crate::dump::parse;

#[track_caller]
fn check(old: &str, new: &str, expected: Expect) {
    let changes = diff(&parse(old).unwrap(), &parse(new).unwrap());
    let shown: String =
        changes.iter().flat_map(|change| [change.to_string(), "\n".into()]).collect();
    expected.assert_eq(&shown);
}

#[test]
fn differences() {
    check("file 644 0:0 u a = \"x\"", "file 644 0:0 u a = \"x\"", expect![""]);
    check(
        "file 644 0:0 u a/b = \"x\"",
        "file 644 0:0 u c = \"xyz\"",
        expect![[r#"
        - /a +0
        - /a/b -1
        + /c +3
    "#]],
    );
    check(
        "file 644 0:0 u a = \"x\"",
        "file 600 1:0 v a = \"yy\" k=v",
        expect![[r#"
        ~ /a +1 [Content, Mode, Owner, Xattrs, Origin]
    "#]],
    );
    check(
        "link 0:0 u a x",
        "link 0:0 u a y",
        expect![[r#"
        ~ /a +0 [Content]
    "#]],
    );
    check(
        "link 0:0 u a x",
        "dir 755 0:0 u a",
        expect![[r#"
        ~ /a +0 [Kind, Mode]
    "#]],
    );
    check(
        "char 666 0:0 u a 1:3",
        "block 666 0:0 u a 1:3",
        expect![[r#"
        ~ /a +0 [Content]
    "#]],
    );
}

#[test]
fn the_same_bytes_elsewhere_change_the_origin_only() {
    let digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    let new = format!("file 644 0:0 v a 1 {digest} other/place");
    check(
        "file 644 0:0 u a = \"x\"",
        &new,
        expect![[r#"
        ~ /a +0 [Origin]
    "#]],
    );
}
