use std::collections::{BTreeMap, BTreeSet};

use expect_test::{Expect, expect};
use frazil_model::{Derivation, StoreDir, StorePath};

use super::{Contents, check as judge};

fn path(name: &str) -> StorePath {
    let digit = name.len() % 10;
    format!("{}-{name}", digit.to_string().repeat(32)).parse().unwrap()
}

/// `out` refers to itself and to `dev1`, which refers to `library`; sizes are 10, 20 and 300.
#[track_caller]
fn check(env: &[(&str, &str)], expected: Expect) {
    let contents = |nar_size, references: &[&str]| Contents {
        nar_size,
        references: references.iter().map(|name| path(name)).collect(),
    };
    let contents = BTreeMap::from([
        (path("out"), contents(10, &["out", "dev1"])),
        (path("dev1"), contents(20, &["library"])),
        (path("library"), contents(300, &[])),
    ]);
    let outputs = BTreeMap::from([
        ("out".parse().unwrap(), path("out")),
        ("dev".parse().unwrap(), path("dev1")),
    ]);
    let env = env.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
    let derivation = Derivation {
        name: "test".parse().unwrap(),
        outputs: BTreeMap::new(),
        input_derivations: BTreeMap::new(),
        input_sources: BTreeSet::new(),
        system: Vec::new(),
        builder: Vec::new(),
        args: Vec::new(),
        env: env.collect(),
    };
    let shown = match judge(&StoreDir::default(), &derivation, &outputs, &contents) {
        Ok(()) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

const LIBRARY: &str = "/nix/store/77777777777777777777777777777777-library";

#[test]
fn for_all_outputs() {
    check(&[], expect!["accepted"]);
    check(&[("allowedReferences", &format!("out dev {LIBRARY}"))], expect!["accepted"]);
    check(
        &[("allowedReferences", "out dev")],
        expect![
            "output `44444444444444444444444444444444-dev1` is not allowed to refer to the following paths: 77777777777777777777777777777777-library"
        ],
    );
    check(
        &[("allowedReferences", "")],
        expect![
            "output `44444444444444444444444444444444-dev1` is not allowed to refer to the following paths: 77777777777777777777777777777777-library"
        ],
    );
    check(
        &[("allowedReferences", "/etc")],
        expect!["derivation contains an illegal reference specifier `/etc`"],
    );
    check(
        &[("disallowedReferences", "out")],
        expect![
            "output `33333333333333333333333333333333-out` is not allowed to refer to the following paths: 33333333333333333333333333333333-out"
        ],
    );
    check(
        &[("disallowedReferences", LIBRARY)],
        expect![
            "output `44444444444444444444444444444444-dev1` is not allowed to refer to the following paths: 77777777777777777777777777777777-library"
        ],
    );
    check(&[("allowedRequisites", &format!("dev {LIBRARY}"))], expect!["accepted"]);
    check(
        &[("allowedRequisites", "dev")],
        expect![
            "output `44444444444444444444444444444444-dev1` is not allowed to refer to the following paths: 77777777777777777777777777777777-library"
        ],
    );
    check(
        &[("disallowedRequisites", "out dev")],
        expect![
            "output `33333333333333333333333333333333-out` is not allowed to refer to the following paths: 44444444444444444444444444444444-dev1"
        ],
    );
    check(
        &[("disallowedRequisites", LIBRARY)],
        expect![
            "output `44444444444444444444444444444444-dev1` is not allowed to refer to the following paths: 77777777777777777777777777777777-library"
        ],
    );
    check(&[("maxSize", "1")], expect!["accepted"]);
}

#[test]
fn for_each_output() {
    let structured = |json: &str, expected| check(&[("__json", json)], expected);
    structured(r#"{"allowedReferences":[]}"#, expect!["accepted"]);
    structured(
        r#"{"outputChecks":{"out":{"maxSize":10,"maxClosureSize":330}}}"#,
        expect!["accepted"],
    );
    structured(
        r#"{"outputChecks":{"out":{"maxSize":9}}}"#,
        expect![
            "path `33333333333333333333333333333333-out` is too large at 10 bytes; limit is 9 bytes"
        ],
    );
    structured(
        r#"{"outputChecks":{"out":{"maxClosureSize":329}}}"#,
        expect![
            "closure of path `33333333333333333333333333333333-out` is too large at 330 bytes; limit is 329 bytes"
        ],
    );
    structured(
        r#"{"outputChecks":{"out":{"allowedRequisites":["dev"]}}}"#,
        expect![
            "output `33333333333333333333333333333333-out` is not allowed to refer to the following paths: 33333333333333333333333333333333-out, 77777777777777777777777777777777-library"
        ],
    );
    structured(r#"{"outputChecks":{"dev":{"disallowedReferences":["out"]}}}"#, expect!["accepted"]);
    structured(
        r#"{"outputChecks":{"dev":{"allowedReferences":"out"}}}"#,
        expect!["attribute `allowedReferences` must be a list of strings"],
    );
    structured(r#"{"outputChecks":[]}"#, expect!["attribute `outputChecks` must be a set of sets"]);
}
