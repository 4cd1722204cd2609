//! The package set of `nix/pkgs` over a recorded suite: what it says of packages, and that C++ Nix,
//! where `FRAZIL_ORACLE_NIX` names one, makes the same derivations of it and of the examples.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::frazil;
use super::nix_builds::nix_command;

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/pkgs")
}

fn evaluated(command: &mut Command, file: &str) -> Value {
    let output = command
        .args(["--eval", "--strict", "--json", file])
        .current_dir(suite())
        .output()
        .expect("started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn package_set() {
    let ours = evaluated(frazil(&suite()).arg("nix-instantiate"), "check.nix");
    let cases = ours["cases"].as_object().expect("a set");
    let failed: Vec<_> = cases.iter().filter(|(_, held)| **held != Value::Bool(true)).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let paths = ours["paths"].as_object().expect("a set");
    let there = paths.values().filter(|path| path.is_string()).count();
    assert!(there >= 200, "only {there} packages");

    let Some(theirs) = of_real_nix("check.nix") else { return };
    for part in ["paths", "builds", "cases"] {
        let (ours, theirs) = (ours[part].as_object(), theirs[part].as_object());
        for (name, path) in ours.expect("a set") {
            assert_eq!(Some(path), theirs.expect("a set").get(name), "{name}");
        }
    }
}

/// What C++ Nix makes of a file, if there is one.
fn of_real_nix(file: &str) -> Option<Value> {
    let Some(nix) = std::env::var_os("FRAZIL_ORACLE_NIX").map(PathBuf::from) else {
        eprintln!("skipped: FRAZIL_ORACLE_NIX names no Nix");
        return None;
    };
    let store = tempfile::tempdir().expect("a temporary folder");
    let mut command = nix_command(&nix, "nix-instantiate");
    Some(evaluated(command.arg("--store").arg(store.path()), file))
}

#[test]
fn examples_are_the_same_systems_for_real_nix() {
    let ours = evaluated(frazil(&suite()).arg("nix-instantiate"), "examples.nix");
    let systems = ours.as_object().expect("a set");
    assert!(systems.len() >= 27, "only {} examples", systems.len());
    for (name, system) in systems {
        let images = system["ociImage"].as_object().expect("a set");
        let paths = images.values().chain([&system["toplevel"]]);
        for path in paths {
            assert!(
                path.as_str().is_some_and(|path| path.strip_suffix(".drv").is_some()),
                "{name}: {path}"
            );
        }
    }
    let Some(theirs) = of_real_nix("examples.nix") else { return };
    for (name, system) in systems {
        assert_eq!(Some(system), theirs.get(name), "{name}");
    }
}
