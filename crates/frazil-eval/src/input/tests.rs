use expect_test::{Expect, expect};

use super::*;

/// The attributes that a flake reference stands for, and the reference that these stand for.
#[track_caller]
fn check(reference: &str, expected: Expect) {
    let shown = FlakeRef::parse(reference).and_then(|reference| {
        let attributes = reference.to_attributes();
        let shown =
            attributes.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let again = FlakeRef::from_attributes(attributes)?.to_url()?;
        Ok(format!("{} -> {again}", shown.join(" ")))
    });
    expected.assert_eq(&shown.unwrap_or_else(|error| format!("error: {error}")));
}

#[test]
fn reads_and_prints_references() {
    check("nixpkgs", expect!["id=nixpkgs type=indirect -> flake:nixpkgs"]);
    check(
        "nixpkgs/release/0000000000000000000000000000000000000000",
        expect![
            "id=nixpkgs ref=release rev=0000000000000000000000000000000000000000 type=indirect -> flake:nixpkgs/release/0000000000000000000000000000000000000000"
        ],
    );
    check(
        "github:a/b/feature/x?dir=d/e",
        expect!["dir=d/e owner=a ref=feature/x repo=b type=github -> github:a/b/feature/x?dir=d/e"],
    );
    check(
        "github:a/b?rev=0000000000000000000000000000000000000000&ref=x",
        expect![
            "error: URL 'github:a/b?ref=x&rev=0000000000000000000000000000000000000000' contains both a commit hash and a branch/tag name x 0000000000000000000000000000000000000000"
        ],
    );
    check("github:a", expect!["error: URL 'github:a' is invalid"]);
    check(
        "git+ssh://git@x.invalid/a%20b?shallow=1&rev=0000000000000000000000000000000000000000&k=v",
        expect![
            "rev=0000000000000000000000000000000000000000 shallow=1 type=git url=ssh://git@x.invalid/a%20b?k=v -> git+ssh://git@x.invalid/a%20b?k=v&rev=0000000000000000000000000000000000000000&shallow=1"
        ],
    );
    check("git+file:///a?ref=../b", expect!["error: invalid Git branch/tag name '../b'"]);
    check(
        "https://x.invalid/a.tar.gz?narHash=sha256-47DEQpj8HBSa%2B/TImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D&q=1",
        expect![
            "narHash=sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= type=tarball url=https://x.invalid/a.tar.gz?q=1 -> https://x.invalid/a.tar.gz?narHash=sha256-47DEQpj8HBSa%2B/TImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D&q=1"
        ],
    );
    check(
        "file+https://x.invalid/a?dir=d",
        expect!["dir=d type=file url=https://x.invalid/a -> https://x.invalid/a?dir=d"],
    );
    check(
        "path:./a?lastModified=1",
        expect!["lastModified=1 path=./a type=path -> path:./a?lastModified=1"],
    );
    check(
        "path:/a?unknown=1",
        expect!["error: path URL 'path:/a?unknown=1' has unsupported parameter 'unknown'"],
    );
    check("/a/b c?dir=d", expect!["dir=d path=/a/b c type=path -> path:/a/b%20c?dir=d"]);
    check("a b", expect!["error: flake reference 'a b' is not an absolute path"]);
    check(
        "github:a/b#c",
        expect!["error: unexpected fragment 'c' in flake reference 'github:a/b#c'"],
    );
    check("ftp://x.invalid/a", expect!["error: input 'ftp://x.invalid/a' is unsupported"]);
    check("path:/a%zz", expect!["error: flake reference 'path:/a%zz' is not an absolute path"]);
}

#[test]
fn reads_the_types_that_nix_does_not_know() {
    check("builtin:frazil", expect!["name=frazil type=builtin -> builtin:frazil"]);
    check(
        "builtin:frazil?x=1",
        expect!["error: URL 'builtin:frazil?x=1' has unsupported parameter 'x'"],
    );
    check("debian:trixie", expect!["suite=trixie type=debian -> debian:trixie"]);
    check(
        "debian:trixie?arch=arm64&components=main%20contrib&updates=1&security=0&versions=nearest",
        expect![
            "arch=arm64 components=main contrib security=0 suite=trixie type=debian updates=1 versions=nearest -> debian:trixie?arch=arm64&components=main%20contrib&security=0&updates=1&versions=nearest"
        ],
    );
    check(
        "debian:trixie?updates=yes",
        expect!["error: parameter 'updates' of URL 'debian:trixie?updates=yes' is neither 0 nor 1"],
    );
    check(
        "debian:trixie?mirror=x",
        expect!["error: URL 'debian:trixie?mirror=x' has unsupported parameter 'mirror'"],
    );
    check("debian:../x", expect!["error: '../x' is not the name of a Debian suite"]);
    check("debian:", expect!["error: '' is not the name of a Debian suite"]);
}

#[test]
fn keeps_what_stands_beside_the_reference() {
    let show = |text: &str, expected: Expect| {
        let shown = match Reference::parse(text) {
            Ok(Reference::Flake(reference, fragment)) => {
                format!("{} # {fragment}", reference.to_url().expect("a URL"))
            }
            Ok(Reference::Path { path, query, fragment }) => {
                format!("{path} {query:?} # {fragment}")
            }
            Err(error) => format!("error: {error}"),
        };
        expected.assert_eq(&shown);
    };
    show("nixpkgs#hello", expect!["flake:nixpkgs # hello"]);
    show(".#a.\"b.c\"", expect![[r#". {} # a."b.c""#]]);
    show("./x?dir=y#z%20", expect![[r#"./x {"dir": "y"} # z "#]]);
    show("github:o/r#a^b", expect!["github:o/r # a^b"]);
    show("", expect![" {} # "]);
}

#[test]
fn makes_urls_of_git_repositories() {
    let url = |text: &str, expected: Expect| expected.assert_eq(&git_url(text));
    url("git@x.invalid:a/b", expect!["ssh://git@x.invalid/a/b"]);
    url("/a/b", expect!["file:///a/b"]);
    url("https://x.invalid/a", expect!["https://x.invalid/a"]);
}
