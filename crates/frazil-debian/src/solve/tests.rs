use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::{Preference, Solution, SolveError, SolveOptions, similar_names, solve};
use crate::index::{Index, IndexBuilder, Origin};
use crate::relation;

/// An archive of stanzas that begin with `name version`, with their fields on the next lines.
fn index(packages: &str) -> Vec<u8> {
    let mut text = String::new();
    for (number, stanza) in packages.trim().split("\n\n").enumerate() {
        let (head, fields) = stanza.split_once('\n').unwrap_or((stanza, ""));
        let (name, version) = head.split_once(' ').unwrap();
        write!(
            text,
            "Package: {name}\nVersion: {version}\nArchitecture: amd64\nFilename: f\nSize: 1\n\
             SHA256: {number:064x}\n{fields}\n\n"
        )
        .unwrap();
    }
    let mut builder = IndexBuilder::new("amd64");
    let origin = Origin { uri: "u", suite: "s", component: "c", snapshot: "" };
    builder.add(origin, text.as_bytes()).unwrap();
    builder.finish().unwrap()
}

fn shown(result: Result<Solution<'_>, SolveError>) -> String {
    match result {
        Ok(solution) => {
            let names = solution.packages().iter().map(|chosen| chosen.package.name);
            names.collect::<Vec<&str>>().join(" ")
        }
        Err(error) => format!("{error}\nhelp: {}", error.help().unwrap_or("-")),
    }
}

#[track_caller]
fn check_with(packages: &str, roots: &str, options: &SolveOptions, expected: Expect) {
    let bytes = index(packages);
    let index = Index::open(&bytes).unwrap();
    expected.assert_eq(&shown(solve(&index, &relation::parse(roots).unwrap(), options)));
}

#[track_caller]
fn check(packages: &str, roots: &str, expected: Expect) {
    check_with(packages, roots, &SolveOptions::default(), expected);
}

#[test]
fn closures() {
    check(
        "a 1\nDepends: b, c\nPre-Depends: d\n\nb 1\nDepends: a\n\nc 1\n\nd 1\n\ne 1",
        "a",
        expect!["a d b c"],
    );
    check("a 1\nRecommends: b\n\nb 1", "a", expect!["a"]);
    check("a 1\n\nb 1", "b, a", expect!["b a"]);
    check("a 1\nDepends: x | b\n\nb 1", "a", expect!["a b"]);
    check("a 2\nDepends: b (>= 1), b (<< 2)\n\nb 1.5", "a (= 2)", expect!["a b"]);
}

#[test]
fn alternatives() {
    const TWO: &str = "a 1\nDepends: b | c\n\nb 1\n\nc 1\n\nd 1\nDepends: a, c";
    check(TWO, "a", expect!["a b"]);
    check(TWO, "a, c", expect!["a c"]);
    // What must be there anyway is known before anything is chosen.
    check(TWO, "d", expect!["d a c"]);
    check(TWO, "b | c", expect!["b"]);
    let options = SolveOptions { exclude: vec!["b".into()], ..SolveOptions::default() };
    check_with(TWO, "a", &options, expect!["a c"]);
}

#[test]
fn provides() {
    const MTA: &str = "a 1\nDepends: mta\n\np 1\nProvides: mta\n\nq 1\nProvides: mta (= 2)\nPriority: important\n\nv 1\nDepends: mta (>= 2)\n\nw 1\nDepends: mta (>= 3)";
    check(MTA, "a", expect!["a q"]);
    check(MTA, "a, p", expect!["a p"]);
    check(MTA, "v", expect!["v q"]);
    check(
        MTA,
        "w",
        expect![[r#"
        nothing satisfies `mta (>= 3)`
          `mta` is provided by `p` as no version, by `q` as 2, which is not >= 3
          `w` 1 depends on `mta (>= 3)`
          `w` was asked for
        help: -"#]],
    );
    check("a 1\nDepends: b\n\nb 1\n\nc 1\nProvides: b", "a", expect!["a b"]);
}

#[test]
fn qualifiers() {
    const ANY: &str = "a 1\nDepends: p:any\n\np 1\nMulti-Arch: allowed\n\nb 1\nDepends: a:any\n\nc 1\nDepends: a:i386\n\nd 1\nDepends: a:amd64, p:native";
    check(ANY, "a", expect!["a p"]);
    check(
        ANY,
        "b",
        expect![[r#"
        nothing satisfies `a:any`
          `a` does not serve any architecture (Multi-Arch: allowed)
          `b` 1 depends on `a:any`
          `b` was asked for
        help: -"#]],
    );
    check(
        ANY,
        "c",
        expect![[r#"
        nothing satisfies `a:i386`
          `a` is wanted for i386, and there is no such package here
          `c` 1 depends on `a:i386`
          `c` was asked for
        help: -"#]],
    );
    check(ANY, "d", expect!["d a p"]);
}

#[test]
fn conflicts() {
    check(
        "a 1\nDepends: b, c\n\nb 1\nConflicts: c\n\nc 1",
        "a",
        expect![[r#"
        nothing satisfies `c`
          `b` cannot be with `c`, and `c` is that
            `a` 1 depends on `b`
            `a` was asked for
          `a` 1 depends on `c`
          `a` was asked for
        help: -"#]],
    );
    check(
        "a 1\nDepends: b, c\n\nb 1\n\nc 1\nBreaks: b (<< 2)",
        "a",
        expect![[r#"
        nothing satisfies `c`
          `c` cannot be with `b (<< 2)`
            `a` 1 depends on `b`
            `a` was asked for
          `a` 1 depends on `c`
          `a` was asked for
        help: -"#]],
    );
    check("a 1\nDepends: b, c\n\nb 2\n\nc 1\nBreaks: b (<< 2)", "a", expect!["a b c"]);
    // A package may conflict with what it provides.
    check("a 1\nProvides: m\nConflicts: m\n\nb 1\nProvides: m\nConflicts: m", "a", expect!["a"]);
    check(
        "a 1\nProvides: m\nConflicts: m\n\nb 1\nProvides: m\nConflicts: m",
        "a, b",
        expect![[r#"
        nothing satisfies `b`
          `b` cannot be with `m`
            `a` was asked for
        help: -"#]],
    );
    // The first alternative cannot be, the second can.
    check("a 1\nDepends: b, c | d\n\nb 1\nConflicts: c\n\nc 1\n\nd 1", "a", expect!["a b d"]);
}

#[test]
fn choices_taken_back() {
    // `b` is chosen first, and turns out to need what cannot be.
    check("a 1\nDepends: b | c\n\nb 1\nDepends: gone\n\nc 1", "a", expect!["a c"]);
    check(
        "a 1\nDepends: b | c, d | e\n\nb 1\nConflicts: d\n\nc 1\n\nd 1\n\ne 1\nDepends: gone",
        "a",
        expect!["a c d"],
    );
    // The first failure is told.
    check(
        "a 1\nDepends: b | c\n\nb 1\nDepends: gone\n\nc 1\nDepends: lost",
        "a",
        expect![[r#"
        nothing satisfies `gone`
          there is no `gone`
          `b` 1 depends on `gone`
          `a` 1 depends on `b | c`
          `a` was asked for
        help: is the component that has it among those of the input?"#]],
    );
}

#[test]
fn options() {
    const FULL: &str = "a 1\nRecommends: b, gone\n\nb 1\n\ne 1\nEssential: yes\nDepends: f\n\nf 1\n\n\
        systemd 1\n\nsystemd-standalone-x 1\n\ns 1\nDepends: systemd | systemd-standalone-x";
    let recommends = SolveOptions { recommends: true, ..SolveOptions::default() };
    check_with(FULL, "a", &recommends, expect!["a b"]);
    let essential = SolveOptions { essential: true, ..SolveOptions::default() };
    check_with(FULL, "a", &essential, expect!["a e f"]);
    check(FULL, "s", expect!["s systemd-standalone-x"]);
    let plain = SolveOptions { preferences: Vec::new(), ..SolveOptions::default() };
    check_with(FULL, "s", &plain, expect!["s systemd"]);
    let preferences = vec![Preference { prefer: "f".into(), over: "*".into() }];
    let own = SolveOptions { preferences, ..SolveOptions::default() };
    check_with(FULL, "b | e | f", &own, expect!["f"]);
    let excluded = SolveOptions { exclude: vec!["f".into()], ..SolveOptions::default() };
    check_with(
        FULL,
        "e",
        &excluded,
        expect![[r#"
        nothing satisfies `f`
          `f` is excluded
          `e` 1 depends on `f`
          `e` was asked for
        help: do not exclude the package"#]],
    );
}

#[test]
fn failures() {
    const CHAIN: &str = "web 1\nDepends: libssl (>= 3)\n\nlibssl 2.1\n\nnginx 1\n\nnginx-core 1\n\nxnginx 1\n\nx 1\nDepends: web | gone\n\ny 1\nDepends: x\n\nz 1\nDepends: b (";
    check(
        CHAIN,
        "y",
        expect![[r#"
        nothing satisfies `libssl (>= 3)`
          `libssl` is 2.1, which is not >= 3
          `web` 1 depends on `libssl (>= 3)`
          `x` 1 depends on `web | gone`
          `y` 1 depends on `x`
          `y` was asked for
        help: -"#]],
    );
    check(
        CHAIN,
        "ngnix",
        expect![[r#"
            nothing satisfies `ngnix`
              there is no `ngnix`; did you mean `nginx`?
            help: is the component that has it among those of the input?"#]],
    );
    check(
        CHAIN,
        "web (>= 2)",
        expect![[r#"
        nothing satisfies `web (>= 2)`
          `web` is 1, which is not >= 2
        help: -"#]],
    );
    check(
        CHAIN,
        "z",
        expect![[r#"
        the field Depends of `z`: in `b (`: expecting `)`
        help: -"#]],
    );
}

#[test]
fn why() {
    let bytes = index("a 1\nDepends: b\n\nb 1\nDepends: c | d\n\nc 1\n\nd 1");
    let index = Index::open(&bytes).unwrap();
    let roots = relation::parse("a").unwrap();
    let solution = solve(&index, &roots, &SolveOptions::default()).unwrap();
    let path = |name| -> Vec<&str> {
        solution.why(name).iter().map(|chosen| chosen.package.name).collect()
    };
    assert_eq!(path("c"), ["a", "b", "c"]);
    assert_eq!(path("a"), ["a"]);
    assert_eq!(path("d"), [""; 0]);
    assert!(solution.contains(solution.get("b").unwrap().package.id));
    expect![[r#"Needed { by: PackageId(1), need: Depends, relation: [Relation { name: "c", architecture: None, version: None, architectures: [], profiles: [] }, Relation { name: "d", architecture: None, version: None, architectures: [], profiles: [] }] }"#]].assert_eq(&format!("{:?}", solution.get("c").unwrap().reason));
}

#[test]
fn names_like_one() {
    let bytes =
        index("nginx 1\n\nnginx-core 1\n\nlibssl3 1\n\nlibssl-dev 1\n\na 1\n\npostgresql 1");
    let index = Index::open(&bytes).unwrap();
    let similar = |name| similar_names(&index, name).unwrap();
    assert_eq!(similar("ngnix"), ["nginx"]);
    assert_eq!(similar("nginxx"), ["nginx"]);
    assert_eq!(similar("postgres"), ["postgresql"]);
    assert_eq!(similar("libssl"), ["libssl3", "libssl-dev"]);
    assert_eq!(similar("zzzzzz"), [""; 0]);
}
