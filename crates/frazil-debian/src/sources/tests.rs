use expect_test::{Expect, expect};

use super::{Source, SourcesError, archives, parse_deb822, parse_one_line};

#[track_caller]
fn check(parsed: Result<Vec<Source>, SourcesError>, expected: Expect) {
    let shown = match parsed {
        Ok(sources) => sources
            .iter()
            .map(|source| {
                let Source { lists_binaries, lists_sources, enabled, .. } = source;
                format!(
                    "deb {lists_binaries} src {lists_sources} on {enabled} {:?} {:?} {:?} {:?} {:?}\n",
                    source.uris,
                    source.suites,
                    source.components,
                    source.architectures,
                    source.signed_by
                )
            })
            .collect::<Vec<String>>()
            .concat(),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

const DEB822: &[u8] = b"\
# comment
Types: deb deb-src
URIs: http://mirror.example/debian/
# another
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/x.gpg

Types: deb
Enabled: no
URIs: http://mirror.example/debian-security http://other.example/debian-security
Suites: bookworm-security
Components: main contrib
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 aGVsbG8=
 -----END PGP PUBLIC KEY BLOCK-----
";

#[test]
fn deb822() {
    check(
        parse_deb822(DEB822),
        expect![[r#"
        deb true src true on true ["http://mirror.example/debian"] ["bookworm", "bookworm-updates"] ["main"] [] [Path("/usr/share/keyrings/x.gpg")]
        deb true src false on false ["http://mirror.example/debian-security", "http://other.example/debian-security"] ["bookworm-security"] ["main", "contrib"] ["amd64"] [Inline([45, 45, 45, 45, 45, 66, 69, 71, 73, 78, 32, 80, 71, 80, 32, 80, 85, 66, 76, 73, 67, 32, 75, 69, 89, 32, 66, 76, 79, 67, 75, 45, 45, 45, 45, 45, 10, 10, 97, 71, 86, 115, 98, 71, 56, 61, 10, 45, 45, 45, 45, 45, 69, 78, 68, 32, 80, 71, 80, 32, 80, 85, 66, 76, 73, 67, 32, 75, 69, 89, 32, 66, 76, 79, 67, 75, 45, 45, 45, 45, 45, 10])]
    "#]],
    );
    let entry = |text: &str| parse_deb822(text.as_bytes());
    check(
        entry("Types: rpm\nURIs: u\nSuites: s\nComponents: c\n"),
        expect!["line 1: `rpm` is neither `deb` nor `deb-src`"],
    );
    check(entry("\nURIs: u\nSuites: s\nComponents: c\n"), expect!["line 2: no type"]);
    check(entry("Types: deb\nSuites: s\nComponents: c\n"), expect!["line 1: no URI"]);
    check(entry("Types: deb\nURIs: u\nComponents: c\n"), expect!["line 1: no suite"]);
    check(
        entry("Types: deb\nURIs: u\nSuites: s\n"),
        expect!["line 1: the suite `s` needs components, unless it is a path that ends with `/`"],
    );
    check(
        entry("Types: deb\nEnabled: maybe\n"),
        expect!["line 1: `maybe` is neither `yes` nor `no`"],
    );
}

#[test]
fn one_line() {
    let lines = b"# deb x y z\n\
        deb http://mirror.example/debian trixie main contrib # why\n\
        \tdeb-src [arch=amd64,arm64 signed-by=/k.gpg,ABCD] http://mirror.example/x/ sid main\n\
        deb file:/flat ./\n";
    check(
        parse_one_line(lines),
        expect![[r#"
        deb true src false on true ["http://mirror.example/debian"] ["trixie"] ["main", "contrib"] [] []
        deb false src true on true ["http://mirror.example/x"] ["sid"] ["main"] ["amd64", "arm64"] [Path("/k.gpg"), Fingerprint("ABCD")]
        deb true src false on true ["file:/flat"] ["./"] [] [] []
    "#]],
    );
    check(
        parse_one_line(b"\nrpm a b c\n"),
        expect!["line 2: `rpm` is neither `deb` nor `deb-src`"],
    );
    check(parse_one_line(b"deb [arch=a u s c\n"), expect!["line 1: the options do not end"]);
    check(parse_one_line(b"deb u\n"), expect!["line 1: no suite"]);
    check(
        parse_one_line(b"deb u s\n"),
        expect!["line 1: the suite `s` needs components, unless it is a path that ends with `/`"],
    );
    check(
        parse_one_line(b"deb u s/ c\n"),
        expect!["line 1: the suite `s/` is a path, for which there are no components"],
    );
    check(parse_one_line(b"deb \xff s c\n"), expect!["line 1: not UTF-8"]);
}

#[test]
fn mirrors_of_a_release() {
    let list = b"deb http://a.example/debian bookworm main\n\
        deb http://a.example/debian bookworm-updates main\n\
        deb http://b.example/archive trixie main contrib\n\
        deb http://c.example/debian-security bookworm-security main\n\
        deb http://d.example/node nodistro main\n\
        deb-src http://e.example/debian trixie main\n";
    let sources = parse_one_line(list).unwrap();
    let shown = |release| -> String {
        archives(&sources, release)
            .iter()
            .map(|found| {
                format!(
                    "{:?} {} {} {:?} {}\n",
                    found.role,
                    found.uri,
                    found.suite,
                    found.components,
                    if found.certain { "certain" } else { "perhaps" }
                )
            })
            .collect::<Vec<String>>()
            .concat()
    };
    expect![[r#"
        Main http://b.example/archive trixie ["main", "contrib"] certain
        Main http://a.example/debian trixie ["main"] perhaps
        Updates http://a.example/debian trixie-updates ["main"] perhaps
        Updates http://b.example/archive trixie-updates ["main", "contrib"] perhaps
        Security http://c.example/debian-security trixie-security ["main"] perhaps
    "#]]
    .assert_eq(&shown("trixie"));
    expect![[r#"
        Main http://a.example/debian bookworm ["main"] certain
        Updates http://a.example/debian bookworm-updates ["main"] certain
        Security http://c.example/debian-security bookworm-security ["main"] certain
    "#]]
    .assert_eq(&shown("bookworm"));
}
