use expect_test::{Expect, expect};

use crate::testing::{World, eval_in};
use crate::{Options, SearchEntry};

fn world() -> World {
    World::new(&[
        ("/d/a.txt", "text"),
        ("/d/nul", "a\0b"),
        ("/d/link", "-> a.txt"),
        ("/d/dirlink", "-> sub/deep"),
        ("/d/default.nix", "{ here = ./a.txt; }"),
        ("/d/sub/deep/default.nix", "import ../x.nix"),
        ("/d/sub/x.nix", "\"x\""),
        ("/d/cycle.nix", "{ a = (import ./cycle.nix).a; }"),
        ("/d/self.nix", "import ./self.nix"),
        ("/d/broken.nix", "{ a = ; b = }"),
        ("/d/free.nix", "x + y"),
        ("/d/traced.nix", "builtins.trace \"loaded\" 1"),
        ("/d/loop", "-> loop"),
        ("/d/moved.nix", "-> sub/relative.nix"),
        ("/d/sub/relative.nix", "import ./x.nix"),
    ])
}

#[track_caller]
fn check(expression: &str, expected: Expect) {
    expected.assert_eq(&eval_in(&mut world(), Options::default(), expression));
}

#[track_caller]
fn check_pure(expression: &str, expected: Expect) {
    let options =
        Options { pure: true, allowed_paths: vec!["/d/sub".into()], ..Options::default() };
    expected.assert_eq(&eval_in(&mut world(), options, expression));
}

#[track_caller]
fn check_restricted(expression: &str, expected: Expect) {
    let entry = |prefix: &str, path: &str| SearchEntry { prefix: prefix.into(), path: path.into() };
    let search_path = vec![entry("s", "/absent"), entry("s", "/d/sub")];
    let options = Options { restricted: true, search_path, ..Options::default() };
    expected.assert_eq(&eval_in(&mut world(), options, expression));
}

#[test]
fn reads_files() {
    check("builtins.readFile /d/a.txt", expect![[r#""text""#]]);
    check("builtins.readFile /d/link", expect![[r#""text""#]]);
    check(
        "builtins.readFile /d/absent",
        expect!["error: opening file '/d/absent': No such file or directory"],
    );
    check("builtins.readFile /d/sub", expect!["error: reading from file '/d/sub': Is a directory"]);
    check(
        "builtins.readFile /d/nul",
        expect!["error: the contents of the file '/d/nul' cannot be represented as a Nix string"],
    );
    check(
        "builtins.readFile /d/loop",
        expect!["error: infinite symlink recursion in path '/d/loop'"],
    );
    check(
        "builtins.readDir /d/sub",
        expect![[r#"{ deep = "directory"; "relative.nix" = "regular"; "x.nix" = "regular"; }"#]],
    );
    check(
        "builtins.readDir /d/a.txt",
        expect!["error: reading directory /d/a.txt: Not a directory"],
    );
    check("builtins.readFileType /d/link", expect![[r#""symlink""#]]);
    check("builtins.readFileType /d/absent", expect!["error: path '/d/absent' does not exist"]);
    check(
        "builtins.readFile \"/d/dirlink/../x.nix\"",
        expect!["error: opening file '/d/x.nix': No such file or directory"],
    );
}

#[test]
fn knows_what_exists() {
    check(
        "map builtins.pathExists [ /d /d/a.txt /d/absent /d/link /d/loop /. ]",
        expect!["[ true true false true true true ]"],
    );
    check(
        "map builtins.pathExists [ \"/d/\" \"/d/a.txt/\" \"/d/a.txt/.\" \"/d/dirlink/\" \"/d/a.txt/b\" ]",
        expect!["[ true false false true false ]"],
    );
}

#[test]
fn imports() {
    check("import /d", expect!["{ here = /d/a.txt; }"]);
    check("import /d/dirlink", expect![[r#""x""#]]);
    check("import /d/moved.nix", expect![[r#""x""#]]);
    check("import /d/absent.nix", expect!["error: path '/d/absent.nix' does not exist"]);
    check("import /d/self.nix", expect!["error: infinite recursion encountered"]);
    check("import /d/cycle.nix", expect!["error: infinite recursion encountered"]);
    check(
        "import /d/broken.nix",
        expect![[r#"
        error: syntax error, unexpected ';'
        error: syntax error, unexpected '}'"#]],
    );
    check(
        "(builtins.tryEval (import /d/broken.nix)).success",
        expect![[r#"
        error: syntax error, unexpected ';'
        error: syntax error, unexpected '}'"#]],
    );
    check("builtins.scopedImport { x = 1; y = 2; } /d/free.nix", expect!["3"]);
    check("builtins.scopedImport { x = 1; } /d/free.nix", expect!["error: undefined variable 'y'"]);
    check("builtins.functionArgs (import <nix/fetchurl.nix>) == { }", expect!["false"]);
    check("import <nix/absent.nix>", expect!["error: path '<nix/absent.nix>' does not exist"]);
}

#[test]
fn evaluates_a_file_once() {
    let mut world = world();
    let twice = "import /d/traced.nix + import /d/../d/traced.nix + builtins.scopedImport { } /d/traced.nix";
    assert_eq!(eval_in(&mut world, Options::default(), twice), "3");
    assert_eq!(world.messages, ["loaded", "loaded"]);
}

#[test]
fn searches() {
    check("builtins.findFile [ { prefix = \"p\"; path = /d; } ] \"p/a.txt\"", expect!["/d/a.txt"]);
    check("builtins.findFile [ { path = \"/d\"; } ] \"link\"", expect!["/d/a.txt"]);
    check(
        "builtins.findFile [ { prefix = \"p\"; path = /d; } ] \"pa.txt\"",
        expect![
            "error: file 'pa.txt' was not found in the Nix search path (add it using $NIX_PATH or -I)"
        ],
    );
    check("(builtins.tryEval <absent>).success", expect!["false"]);
    check("let __nixPath = [ { path = /d; } ]; in <sub/x.nix>", expect!["/d/sub/x.nix"]);
}

#[test]
fn confines() {
    check_pure(
        "builtins.readFile /d/a.txt",
        expect![
            "error: access to absolute path '/d/a.txt' is forbidden in pure evaluation mode (use '--impure' to override)"
        ],
    );
    check_pure("import /d/sub/x.nix", expect![[r#""x""#]]);
    check_pure("builtins.readDir /d", expect![[r#"{ sub = "directory"; }"#]]);
    check_pure(
        "map builtins.pathExists [ /d /d/a.txt /d/sub/x.nix /e ]",
        expect!["[ true false true false ]"],
    );
    check_pure(
        "<s/x.nix>",
        expect![
            "error: cannot look up '<s/x.nix>' in pure evaluation mode (use '--impure' to override)"
        ],
    );
    check_restricted("<s/x.nix>", expect!["/d/sub/x.nix"]);
    check_restricted("import /d/sub/deep", expect![[r#""x""#]]);
    check_restricted(
        "import /d",
        expect!["error: access to absolute path '/d/default.nix' is forbidden in restricted mode"],
    );
}
