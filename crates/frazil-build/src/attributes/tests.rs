use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use frazil_model::Derivation;

use super::Attributes;

fn derivation(env: &[(&str, &str)]) -> Derivation {
    let env: BTreeMap<_, _> = env
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    Derivation {
        name: "test".parse().unwrap(),
        outputs: BTreeMap::new(),
        input_derivations: BTreeMap::new(),
        input_sources: std::collections::BTreeSet::new(),
        system: b"x86_64-linux".to_vec(),
        builder: b"/bin/sh".to_vec(),
        args: Vec::new(),
        env,
    }
}

#[track_caller]
fn check(env: &[(&str, &str)], expected: Expect) {
    let derivation = derivation(env);
    let shown = match Attributes::of(&derivation) {
        Err(error) => error.to_string(),
        Ok(attributes) => {
            let list = attributes.list("list").map(|list| {
                list.map(|words| {
                    words.iter().map(|word| word.escape_ascii().to_string()).collect::<Vec<_>>()
                })
            });
            let list = list.map_or_else(|error| error.to_string(), |list| format!("{list:?}"));
            let flag = attributes.flag("flag", true);
            let flag = flag.map_or_else(|error| error.to_string(), |flag| flag.to_string());
            format!("{list}; {flag}")
        }
    };
    expected.assert_eq(&shown);
}

#[test]
fn in_the_environment() {
    check(&[], expect!["None; true"]);
    check(&[("list", " a\tb\r\n c"), ("flag", "1")], expect![[r#"Some(["a", "b", "c"]); true"#]]);
    check(&[("list", ""), ("flag", "")], expect!["Some([]); false"]);
    check(&[("flag", "true")], expect!["None; false"]);
}

#[test]
fn structured() {
    check(&[("__json", "{}"), ("list", "a"), ("flag", "")], expect!["None; true"]);
    check(
        &[("__json", r#"{"list":["a b","c"],"flag":false}"#)],
        expect![[r#"Some(["a b", "c"]); false"#]],
    );
    check(
        &[("__json", r#"{"list":"a","flag":1}"#)],
        expect!["attribute `list` must be a list of strings; attribute `flag` must be a Boolean"],
    );
    check(
        &[("__json", r#"{"list":["a",1]}"#)],
        expect!["attribute `list` must be a list of strings; true"],
    );
    check(&[("__json", "[]")], expect!["the attribute `__json` is not an object"]);
    check(&[("__json", "{")], expect!["cannot process the attribute `__json`"]);
    check(&[("__json", &"[".repeat(100_000))], expect!["cannot process the attribute `__json`"]);
}
