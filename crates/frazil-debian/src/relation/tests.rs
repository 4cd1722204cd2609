use expect_test::{Expect, expect};

use super::{display_group, fuzz, parse};
use crate::version::DebVersion;
use frazil_testkit::random::Random;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match parse(text) {
        Ok(groups) => {
            let groups: Vec<String> =
                groups.iter().map(|group| display_group(group).to_string()).collect();
            groups.join("; ")
        }
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn parses() {
    check("", expect![""]);
    check("a", expect!["a"]);
    check(" a,b ,, c,\n d,", expect!["a; b; c; d"]);
    check("a|b | c", expect!["a | b | c"]);
    check("a(>=1)", expect!["a (>= 1)"]);
    check("a ( << 1:2~ )", expect!["a (<< 1:2~)"]);
    check(
        "a:any (= 1) [amd64 linux-any] <!nocheck> <a b>",
        expect!["a:any (= 1) [amd64 linux-any] <!nocheck> <a b>"],
    );
    check("a [!i386 !armhf]", expect!["a [!i386 !armhf]"]);
    check("g++-14:native", expect!["g++-14:native"]);
}

#[test]
fn refused() {
    check("a, |b", expect!["in `|b`: `` is not the name of a package"]);
    check("A b", expect!["in `A b`: unexpected `b`"]);
    check("a$", expect!["in `a$`: `a$` is not the name of a package"]);
    check("a:", expect!["in `a:`: `` is not an architecture"]);
    check("a (1)", expect!["in `a (1)`: expecting `<<`, `<=`, `=`, `>=` or `>>` before `1`"]);
    check("a (> 1)", expect!["in `a (> 1)`: expecting `<<`, `<=`, `=`, `>=` or `>>` before `> 1`"]);
    check("a (>= )", expect!["in `a (>= )`: the upstream part of the version `` is empty"]);
    check("a (>= 1", expect!["in `a (>= 1`: expecting `)`"]);
    check(
        "a [amd64 !i386]",
        expect![
            "in `a [amd64 !i386]`: `amd64 !i386` is not a list of architectures or build profiles"
        ],
    );
    check("a []", expect!["in `a []`: `` is not a list of architectures or build profiles"]);
    check("a <x", expect!["in `a <x`: expecting `>`"]);
}

#[test]
fn versions() {
    let admits = |relation: &str, version: &str| {
        let groups = parse(relation).unwrap();
        groups[0][0].version.unwrap().admits(DebVersion::new(version).unwrap())
    };
    for (operator, less, equal, greater) in [
        ("<<", true, false, false),
        ("<=", true, true, false),
        ("=", false, true, false),
        (">=", false, true, true),
        (">>", false, false, true),
    ] {
        let relation = format!("a ({operator} 2)");
        let found = ["1", "2", "3"].map(|version| admits(&relation, version));
        assert_eq!(found, [less, equal, greater], "{operator}");
    }
}

#[test]
fn restrictions() {
    let applies = |relation: &str, architecture: &str, profiles: &[&str]| {
        parse(relation).unwrap()[0][0].applies(architecture, profiles)
    };
    assert!(applies("a", "amd64", &[]));
    assert!(applies("a [amd64]", "amd64", &[]));
    assert!(!applies("a [i386]", "amd64", &[]));
    assert!(!applies("a [!amd64]", "amd64", &[]));
    assert!(applies("a [!i386 !armhf]", "amd64", &[]));
    assert!(applies("a [linux-any]", "amd64", &[]));
    assert!(applies("a [any-amd64]", "kfreebsd-amd64", &[]));
    assert!(!applies("a [hurd-any]", "amd64", &[]));
    assert!(applies("a [any]", "amd64", &[]));
    assert!(applies("a <!nocheck>", "amd64", &[]));
    assert!(!applies("a <!nocheck>", "amd64", &["nocheck"]));
    assert!(!applies("a <x y>", "amd64", &["x"]));
    assert!(applies("a <x y> <!z>", "amd64", &["x"]));
}

#[test]
fn any_text() {
    let mut random = Random::seeded();
    for _ in 0..50_000 {
        fuzz(&random.bytes_of(b"ab1:,|(<=>) []!~.", 32));
    }
}
