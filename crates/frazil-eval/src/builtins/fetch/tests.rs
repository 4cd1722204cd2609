use expect_test::{Expect, expect};

use crate::Options;
use crate::testing::{World, eval_in};

/// What an expression evaluates to, and what was fetched for it.
#[track_caller]
fn check_with(options: Options, expression: &str, expected: Expect) {
    let mut world = World::default();
    let features = ["flakes", "fetch-closure"].map(str::to_owned).to_vec();
    let shown = eval_in(&mut world, Options { features, ..options }, expression);
    let fetched = world.fetched.iter().map(|request| format!("fetch: {request}"));
    let lines: Vec<_> = std::iter::once(shown).chain(fetched).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[track_caller]
fn check(expression: &str, expected: Expect) {
    check_with(Options::default(), expression, expected);
}

#[test]
fn fetches_files_and_tarballs() {
    check(
        "builtins.fetchurl \"http://x.invalid/a?b\"",
        expect![[r#"
        "/nix/store/a3m9adx6z7prpmq8zczzc3wk6barzgaj-a?b"
        fetch: file {"name": String("a?b"), "url": String("http://x.invalid/a?b")}"#]],
    );
    check(
        "builtins.fetchurl \"http://x.invalid/\"",
        expect![[r#"
        "/nix/store/7mb87rh93p8h4f12fvwvz68y0mchlv7g-x.invalid"
        fetch: file {"name": String("x.invalid"), "url": String("http://x.invalid/")}"#]],
    );
    check(
        "fetchTarball { url = \"http://x.invalid/a\"; name = \"n\"; }",
        expect![[r#"
        "/nix/store/skxgrv16hmhwbf0brmf8z8lsz24qqyav-n"
        fetch: tarball {"name": String("n"), "url": String("http://x.invalid/a")}"#]],
    );
    check(
        "fetchTarball { url = \"http://x.invalid/a\"; sha256 = \"\"; }",
        expect![[r#"
        error: hash mismatch in file downloaded from 'http://x.invalid/a':
          specified: sha256:0000000000000000000000000000000000000000000000000000
          got:       sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73
        fetch: tarball {"name": String("source"), "url": String("http://x.invalid/a")}"#]],
    );
    check(
        "builtins.hasContext (fetchTarball \"channel:a\")",
        expect![[r#"
        true
        fetch: tarball {"name": String("source"), "url": String("channel:a")}"#]],
    );
    check(
        "import (fetchTarball \"http://x.invalid/a\")",
        expect![[r#"
        error: undefined variable 'fetched'
        fetch: tarball {"name": String("source"), "url": String("http://x.invalid/a")}"#]],
    );
}

#[test]
fn fetches_trees() {
    check(
        "fetchTree { type = \"github\"; owner = \"a\"; repo = \"b\"; }",
        expect![[r#"
        { lastModified = 0; lastModifiedDate = "19700101000000"; narHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; outPath = "/nix/store/dild50h1k6f16d802fplbvh5yra25ybj-source"; }
        fetch: github {"owner": String("a"), "repo": String("b")}"#]],
    );
    check(
        "fetchTree \"path:/a?lastModified=1700000000\"",
        expect![[r#"
        { lastModified = 0; lastModifiedDate = "19700101000000"; narHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; outPath = "/nix/store/dild50h1k6f16d802fplbvh5yra25ybj-source"; }
        fetch: path {"lastModified": Int(1700000000), "path": String("/a")}"#]],
    );
    check(
        "fetchGit { url = \"/a\"; rev = \"00000000000000000000000000000000000000ff\"; name = \"n\"; }",
        expect![[r#"
        { lastModified = 0; lastModifiedDate = "19700101000000"; narHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; outPath = "/nix/store/skxgrv16hmhwbf0brmf8z8lsz24qqyav-n"; rev = "00000000000000000000000000000000000000ff"; revCount = 0; shortRev = "0000000"; submodules = false; }
        fetch: git {"exportIgnore": Bool(true), "name": String("n"), "rev": String("00000000000000000000000000000000000000ff"), "url": String("file:///a")}"#]],
    );
    check(
        "fetchGit { url = \"/a\"; ref = \"a..b\"; }",
        expect!["error: invalid Git branch/tag name 'a..b'"],
    );
    check(
        "fetchTree { type = \"git\"; url = \"https://x.invalid\"; name = \"n\"; }",
        expect!["error: attribute 'name' isn’t supported in call to 'fetchTree'"],
    );
    check(
        "fetchMercurial { url = \"/a\"; rev = \"tip\"; }",
        expect![[r#"
        { branch = "tip"; outPath = "/nix/store/dild50h1k6f16d802fplbvh5yra25ybj-source"; rev = "0000000000000000000000000000000000000000"; shortRev = "000000000000"; }
        fetch: hg {"name": String("source"), "ref": String("tip"), "url": String("file:///a")}"#]],
    );
}

#[test]
fn obeys_restrictions() {
    let pure = || Options { pure: true, ..Options::default() };
    let allowed_uris = vec!["https://x.invalid/a".into(), "git+ssh:".into()];
    let restricted =
        || Options { restricted: true, allowed_uris: allowed_uris.clone(), ..Options::default() };
    check_with(
        pure(),
        "fetchTarball \"http://x.invalid/a\"",
        expect!["error: in pure evaluation mode, 'fetchTarball' requires a 'sha256' argument"],
    );
    check_with(
        pure(),
        "fetchTree { type = \"path\"; path = \"/a\"; }",
        expect![
            "error: in pure evaluation mode, 'fetchTree' will not fetch unlocked input 'path:/a'"
        ],
    );
    check_with(
        pure(),
        "builtins.readFile (fetchTree { type = \"path\"; path = \"/a\"; narHash = \"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"; })",
        expect![[r#"
        "fetched"
        fetch: path {"narHash": String("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), "path": String("/a")}"#]],
    );
    check_with(
        restricted(),
        "builtins.fetchurl \"https://x.invalid/ab\"",
        expect!["error: access to URI 'https://x.invalid/ab' is forbidden in restricted mode"],
    );
    check_with(
        restricted(),
        "builtins.fetchurl \"https://x.invalid/a/b\"",
        expect![[r#"
        "/nix/store/9wg8mzax3cwfnsawf1nkawxvhvfsbybb-b"
        fetch: file {"name": String("b"), "url": String("https://x.invalid/a/b")}"#]],
    );
    check_with(
        restricted(),
        "builtins.fetchurl \"file:///etc/passwd\"",
        expect!["error: access to absolute path '/etc/passwd' is forbidden in restricted mode"],
    );
    check_with(
        restricted(),
        "(fetchGit \"ssh://git@x.invalid/a\").shortRev",
        expect![[r#"
        "0000000"
        fetch: git {"exportIgnore": Bool(true), "url": String("ssh://git@x.invalid/a")}"#]],
    );
}
