//! The package set of `nix/pkgs` over a recorded suite: what it says of packages, and that C++ Nix,
//! where `FRAZIL_ORACLE_NIX` names one, makes the same derivations of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::frazil;

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/pkgs")
}

fn evaluated(command: &mut Command) -> Value {
    let output = command
        .args(["--eval", "--strict", "--json", "check.nix"])
        .current_dir(suite())
        .output()
        .expect("started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn package_set() {
    let ours = evaluated(frazil(&suite()).arg("nix-instantiate"));
    let cases = ours["cases"].as_object().expect("a set");
    let failed: Vec<_> = cases.iter().filter(|(_, held)| **held != Value::Bool(true)).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let paths = ours["paths"].as_object().expect("a set");
    let there = paths.values().filter(|path| path.is_string()).count();
    assert!(there >= 200, "only {there} packages");

    let Some(nix) = std::env::var_os("FRAZIL_ORACLE_NIX").map(PathBuf::from) else {
        eprintln!("skipped: FRAZIL_ORACLE_NIX names no Nix");
        return;
    };
    let store = tempfile::tempdir().expect("a temporary folder");
    let mut command = if nix.is_dir() {
        Command::new(nix.join("nix-instantiate"))
    } else {
        let mut command = Command::new(nix);
        command.arg("nix-instantiate");
        command
    };
    let theirs = evaluated(command.arg("--store").arg(store.path()));
    for part in ["paths", "builds", "cases"] {
        let (ours, theirs) = (ours[part].as_object(), theirs[part].as_object());
        for (name, path) in ours.expect("a set") {
            assert_eq!(Some(path), theirs.expect("a set").get(name), "{name}");
        }
    }
}
