//! What users write to name a flake, an attribute, an output.

use std::collections::BTreeMap;

use expect_test::expect;
use frazil_model::StoreDir;

use super::{LEAF, World};
use crate::flake::{OutputSelection, find};
use crate::host::{DiskHost, HostContext};

#[test]
fn outputs_of_derivations_are_selected() {
    let split = |text: &str| format!("{:?}", OutputSelection::split(text));
    expect![[r#"(".#a", Default)"#]].assert_eq(&split(".#a"));
    expect![[r#"(".#a", Named(["dev", "out"]))"#]].assert_eq(&split(".#a^out,dev,out"));
    expect![[r#"(".#a", All)"#]].assert_eq(&split(".#a^*"));
    expect![[r#"(".#a^", Default)"#]].assert_eq(&split(".#a^"));
    expect![[r#"(".#\"^ \"", Default)"#]].assert_eq(&split(".#\"^ \""));
}

#[test]
fn find_reads_what_users_write() {
    let world = World::new(&[("a/flake.nix", LEAF), ("g/.git/x", ""), ("g/sub/flake.nix", LEAF)]);
    let here = world.here();
    let mut host = DiskHost::new(
        HostContext {
            store_dir: StoreDir::default(),
            physical_dir: "/absent/store".into(),
            environment: BTreeMap::new(),
            now: 7,
        },
        |_| (),
    );
    let mut shown = |text: &str| {
        let found = find(text, &world.plan.base, &mut host);
        let found = match found {
            Ok(top) => format!(
                "{} # {} ({})",
                crate::flake::shown(&top.reference),
                top.fragment,
                top.directory.map_or("-".to_owned(), |path| path.display().to_string())
            ),
            Err(error) => format!("error: {error}"),
        };
        found.replace(&here, "HERE")
    };
    expect!["path:HERE/a #  (HERE/a)"].assert_eq(&shown("./a"));
    expect!["path:HERE/a # x (HERE/a)"].assert_eq(&shown("./a/flake.nix#x"));
    expect!["path:HERE/a # b (HERE/a)"].assert_eq(&shown("path:a#b"));
    expect!["git+file://HERE/g?dir=sub #  (HERE/g/sub)"].assert_eq(&shown("./g/sub"));
    expect!["git+file://HERE/g?dir=sub #  (HERE/g/sub)"].assert_eq(&shown("./g?dir=sub"));
    expect!["error: flake URL './g/sub?dir=x' has an inconsistent 'dir' parameter"]
        .assert_eq(&shown("./g/sub?dir=x"));
    expect!["error: path 'HERE/g' is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)"].assert_eq(&shown("./g"));
    expect!["git+file:HERE/g?ref=x #  (-)"].assert_eq(&shown("git+file:./g?ref=x"));
    expect!["flake:nixpkgs/unstable # x (-)"].assert_eq(&shown("nixpkgs/unstable#x"));
    expect!["error: path 'HERE/path:/x%zz' does not exist"].assert_eq(&shown("path:/x%zz"));
}
