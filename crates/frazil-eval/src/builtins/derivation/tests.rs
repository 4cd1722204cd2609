use expect_test::{Expect, expect};

use crate::Options;
use crate::testing::{World, eval, eval_in};

/// The inputs that most cases share.
const DERIVE: &str = r#"d: derivation ({ name = "n"; builder = "b"; system = "s"; } // d)"#;

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "expectations are made where they are used")]
fn check(expression: &str, expected: Expect) {
    expected.assert_eq(&eval(&format!("let derive = {DERIVE}; in {expression}")));
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "expectations are made where they are used")]
fn check_with(features: &[&str], expression: &str, expected: Expect) {
    let features = features.iter().map(|feature| (*feature).to_owned()).collect();
    let options = Options { features, ..Options::default() };
    let expression = format!("let derive = {DERIVE}; in {expression}");
    expected.assert_eq(&eval_in(&mut World::default(), options, &expression));
}

/// Paths that `suite/lang/derivations.cases` has from Nix.
#[test]
fn paths_are_those_of_nix() {
    check(
        "(derive { }).drvPath",
        expect![[r#""/nix/store/wr1i7p014rsirg48bgmkclzgi393aj0p-n.drv""#]],
    );
    check("(derive { }).outPath", expect![[r#""/nix/store/8qwygm88qsiwpdycf5hhk51zjbh3kgaa-n""#]]);
    check(
        r#"(derive { a = [ 1 "x" [ 2 ] ]; }).drvPath"#,
        expect![[r#""/nix/store/kbcnwlzbwwgs3crnim0j22lzimx0c4i5-n.drv""#]],
    );
    check(
        r#"(derive { outputs = [ "out" "dev" "bin" ]; }).bin.outPath"#,
        expect![[r#""/nix/store/vh5xzsmh90p2b6jdq0fa5r9dmlj6an7d-n-bin""#]],
    );
    check(
        r#"(derive { __structuredAttrs = true; a = "é\n\"\\"; b = 1.5; }).drvPath"#,
        expect![[r#""/nix/store/3xq2jqzj8f2wi7jcf63x3qmkg1b352ll-n.drv""#]],
    );
}

#[test]
fn a_derivation_may_depend_on_the_whole_graph_of_another() {
    check(
        r#"let
             file = builtins.toFile "f" "${builtins.toFile "g" ""}";
             a = derive { name = "a"; inherit file; outputs = [ "out" "dev" ]; };
             b = derive { name = "b"; inherit a; };
           in (derive { x = b.drvPath; }).drvPath"#,
        expect![[r#""/nix/store/whcamgyii5nqcxni516yhzq0hg3b6qb7-n.drv""#]],
    );
}

#[test]
fn a_derivation_that_was_only_read_is_an_input_like_any_other() {
    let mut world = World::default();
    let path = r#"(derivation { name = "a"; builder = "b"; system = "s"; }).drvPath"#;
    let path = eval_in(&mut world, Options::default(), path);
    let path = path.trim_matches('"');
    let again = format!(
        r#"let a = builtins.appendContext "x" {{ "{path}".outputs = [ "out" ]; }};
           in (derivation {{ name = "n"; builder = "b"; system = "s"; inherit a; }}).outPath"#
    );
    expect![[r#""/nix/store/vpzrjxsq9d2vrha114zgjzb4bkwjrxsc-n""#]].assert_eq(&eval_in(
        &mut world,
        Options::default(),
        &again,
    ));
    expect!["error: path '/nix/store/pn5w9v350w6b152fg17i8iinyi3g0di4-a.drv' is not valid"]
        .assert_eq(&eval(&again));
}

#[test]
fn names_that_are_too_long_show_the_path_they_would_have() {
    check(
        r#"(derive { name = builtins.concatStringsSep "" (builtins.genList (x: "a") 210); outputs = [ "dev" ]; }).outPath"#,
        expect![
            "error: path 'xx4qbyrgfi03hp3yshs09x1dd6iasx8b-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-dev' is not a valid store path: name 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-dev' must be no longer than 211 characters"
        ],
    );
}

#[test]
fn features() {
    check(
        "(derive { __contentAddressed = true; }).outPath",
        expect![
            "error: experimental Nix feature 'ca-derivations' is disabled; add '--extra-experimental-features ca-derivations' to enable it"
        ],
    );
    check_with(
        &["ca-derivations"],
        "(derive { __contentAddressed = true; }).outPath",
        expect![[r#""/1qi1mmpsw6cj94nynklhy8c68g153b4zvckp79gg7480jabkpkgh""#]],
    );
    check_with(
        &["ca-derivations", "impure-derivations"],
        "(derive { __contentAddressed = true; __impure = true; }).outPath",
        expect!["error: derivation cannot be both content-addressed and impure"],
    );
    check("builtins ? outputOf", expect!["false"]);
    check_with(
        &["ca-derivations", "dynamic-derivations"],
        r#"let a = derive { }; in
           builtins.outputOf (builtins.unsafeDiscardOutputDependency a.drvPath) "out" == a.outPath"#,
        expect!["true"],
    );
}

#[test]
fn filters_are_asked_before_the_copy_is_made() {
    let mut world = World::new(&[("/d/a", "1"), ("/d/s/b", "2"), ("/d/s/c", "3"), ("/d/z", "4")]);
    let filter = r#"builtins.path { path = /d; filter = p: t: builtins.trace "${p} ${t}" (t == "regular"); }"#;
    eval_in(&mut world, Options::default(), filter);
    expect!["/d/a regular, /d/s directory, /d/z regular"].assert_eq(&world.messages.join(", "));
}

#[test]
fn empty_hashes_are_warned_of() {
    let mut world = World::default();
    let fixed = r#"(derivation { name = "n"; builder = "b"; system = "s"; outputHashAlgo = "md5"; outputHash = ""; }).outPath"#;
    eval_in(&mut world, Options::default(), fixed);
    expect!["found empty hash, assuming 'md5-AAAAAAAAAAAAAAAAAAAAAA=='"]
        .assert_eq(&world.messages.join(", "));
}
