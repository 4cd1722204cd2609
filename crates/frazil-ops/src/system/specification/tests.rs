use frazil_link::analysis;
use serde_json::json;

use super::*;

/// What the library declares systems for.
const OF_THE_LIBRARY: &str = include_str!("../../../../../nix/modules/system/linker-version.nix");

#[test]
fn the_library_declares_systems_for_this_version() {
    assert_eq!(OF_THE_LIBRARY.lines().last(), Some(VERSION.to_string().as_str()));
}

/// Other rules of analysis are other rules of linking: whoever raises the one raises both, and then
/// changes this.
#[test]
fn other_analyses_are_another_version() {
    assert_eq!((VERSION, analysis::VERSION), (3, 3));
}

#[test]
fn other_versions_are_refused_before_they_are_read() {
    let check = |value: Value, expected: &str| {
        let error = read(value).expect_err("it specifies nothing").to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(json!({}), "the system is declared for version null of the linker, and this is");
    check(json!({ "version": 1, "new": true }), "the system is declared for version 1 of");
    check(json!({ "version": VERSION }), "missing field `name`");
}
