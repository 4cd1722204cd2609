use expect_test::{Expect, expect};

use super::*;
use crate::dump::{dump, parse};
use crate::leaf::File;

fn path(text: &str) -> TreePath {
    TreePath::parse(text.as_bytes()).unwrap()
}

fn origin(name: &str) -> Origin {
    Origin::parse(name).unwrap()
}

fn leaf(unit: &str, text: &str) -> Leaf {
    let metadata = Metadata::of_root(Mode::of(0o644));
    Leaf { metadata, origin: origin(unit), kind: LeafKind::File(File::inline(text.as_bytes())) }
}

/// Parses both texts, merges the second into the first, shows the result or the conflicts.
#[track_caller]
fn check_merge(first: &str, second: &str, expected: Expect) {
    let mut tree = parse(first).unwrap();
    let conflicts = tree.merge(parse(second).unwrap());
    let mut shown: String = conflicts.iter().flat_map(|it| [it.to_string(), "\n".into()]).collect();
    shown.push_str(&dump(&tree));
    expected.assert_eq(&shown);
}

const FILE: &str = "file 644 0:0 one etc/a = \"x\"";

#[test]
fn equal_files_of_two_units_are_one() {
    check_merge(
        FILE,
        "file 644 0:0 two etc/a = \"x\"",
        expect![[r#"
        dir 755 0:0 - .
        dir 755 0:0 - etc
        file 644 0:0 one etc/a = "x"
    "#]],
    );
}

#[test]
fn conflicts_name_both_units_and_the_path() {
    let first_line = |second: &str| {
        let mut tree = parse(FILE).unwrap();
        let conflicts = tree.merge(parse(second).unwrap());
        assert_eq!(dump(&tree), dump(&parse(FILE).unwrap()));
        conflicts.first().unwrap().to_string()
    };
    let check = |second: &str, expected: Expect| expected.assert_eq(&first_line(second));
    check(
        "file 644 0:0 two etc/a = \"y\"",
        expect!["`/etc/a` is in `one` and in `two`, with different contents"],
    );
    check(
        "file 600 0:0 two etc/a = \"x\"",
        expect!["`/etc/a` is in `one` and in `two`, with different modes"],
    );
    check(
        "file 644 0:8 two etc/a = \"x\"",
        expect!["`/etc/a` is in `one` and in `two`, with different owners"],
    );
    check(
        "file 644 0:0 two etc/a = \"x\" a=b",
        expect!["`/etc/a` is in `one` and in `two`, with different attributes"],
    );
    check(
        "link 0:0 two etc/a b",
        expect!["`/etc/a` is in `one` and in `two`, with different kinds of files"],
    );
    check(
        "file 644 0:0 two etc/a/b = \"x\"",
        expect!["`/etc/a` is a directory in `two`, and something else in `one`"],
    );
    check(
        "dir 755 0:0 two etc/a",
        expect!["`/etc/a` is a directory in `two`, and something else in `one`"],
    );
    check(
        "file 644 0:0 two etc = \"x\"",
        expect!["`/etc` is a directory in `one`, and something else in `two`"],
    );
    // Without a digest nobody knows that they are equal.
    check(
        "file 644 0:0 two etc/a 1 - etc/a",
        expect!["`/etc/a` is in `one` and in `two`, with different contents"],
    );
}

#[test]
fn hard_links_survive_a_merge() {
    check_merge(
        "dir 700 0:0 one a",
        "file 755 0:0 two a/x = \"\"\nhard a/y a/x\nhard b a/x",
        expect![[r#"
        dir 755 0:0 - .
        dir 700 0:0 one a
        file 755 0:0 two a/x = ""
        hard a/y a/x
        hard b a/x
    "#]],
    );
}

#[test]
fn the_first_unit_says_who_may_use_a_directory() {
    check_merge(
        "file 644 0:0 one tmp/x = \"\"",
        "dir 1777 0:0 two tmp\ndir 755 0:0 two tmp",
        expect![[r#"
        dir 755 0:0 - .
        dir 1777 0:0 two tmp
        file 644 0:0 one tmp/x = ""
    "#]],
    );
}

#[test]
fn merged_usr() {
    let mut tree = Tree::usr_merged(&origin("base"));
    tree.insert(path("bin/sh"), leaf("one", "x")).unwrap();
    tree.insert(path("usr/bin/sh"), leaf("two", "x")).unwrap();
    tree.insert_directory(path("lib"), Metadata::of_root(Mode::DIRECTORY), origin("one")).unwrap();
    tree.insert(path("library/x"), leaf("one", "")).unwrap();
    expect![[r#"
        dir 755 0:0 - .
        link 0:0 base bin usr/bin
        link 0:0 base lib usr/lib
        link 0:0 base lib64 usr/lib64
        dir 755 0:0 - library
        file 644 0:0 one library/x = ""
        link 0:0 base sbin usr/sbin
        dir 755 0:0 - usr
        dir 755 0:0 - usr/bin
        file 644 0:0 one usr/bin/sh = "x"
        dir 755 0:0 one usr/lib
    "#]]
    .assert_eq(&dump(&tree));
}

#[test]
fn without_merged_usr_a_link_is_no_directory() {
    let mut tree = Tree::default();
    tree.insert(path("bin/sh"), leaf("one", "x")).unwrap();
    assert!(tree.get(&path("bin/sh")).is_some());
}

#[test]
fn sizes_count_hard_links_once() {
    let tree = parse("file 755 0:0 two a = \"123\"\nhard b a\nfile 644 0:0 one c 40 - c").unwrap();
    let sizes: Vec<String> =
        tree.bytes_by_origin().iter().map(|(origin, bytes)| format!("{origin} {bytes}")).collect();
    assert_eq!(sizes, ["one 40", "two 3"]);
}

#[test]
fn a_directory_is_a_range_of_the_walk() {
    let tree =
        parse("file 644 0:0 u a/b/c = \"\"\nfile 644 0:0 u a-b = \"\"\nfile 644 0:0 u a/d = \"\"");
    let tree = tree.unwrap();
    let directory = path("a");
    let below: Vec<String> = tree.walk_from(&directory).map(|(path, _)| path.to_string()).collect();
    assert_eq!(below, ["/a", "/a/b", "/a/b/c", "/a/d"]);
}

#[test]
fn many_files_are_fine() {
    let mut tree = Tree::default();
    for number in 0..30_000_u32 {
        let name = format!("usr/share/{}/{}/file-{number}", number % 97, number % 1009);
        let file = LeafKind::File(File::in_unit(path(&name), u64::from(number), None));
        tree.insert(path(&name), Leaf { kind: file, ..leaf("one", "") }).unwrap();
    }
    let text = dump(&tree);
    assert_eq!(parse(&text).unwrap().entry_count(), tree.entry_count());
}
