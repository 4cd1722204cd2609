//! Scanners find every package, and validators accept our bills of materials. They are programs in
//! Python, in the directory that `FRAZIL_ORACLE_PYTHON` names.

mod fields;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::world::{World, program, run, skip, world};

/// Accepts, or says what is wrong, and ends with 1.
const VALIDATE_CYCLONEDX: &str = "\
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
sys.exit(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()))
";

/// The directory of the programs.
fn python() -> Option<PathBuf> {
    let directory = std::env::var_os("FRAZIL_ORACLE_PYTHON").map(PathBuf::from);
    if directory.is_none() {
        skip("FRAZIL_ORACLE_PYTHON");
    }
    directory
}

fn bill(world: &World, system: &str, format: &str) -> String {
    let system = format!("./systems#{system}");
    run(world.frazil().args(["image", "sbom", &system, "--format", format]))
}

/// The packages of a system, by the name that all tools have for them.
fn ours(world: &World, system: &str) -> BTreeSet<String> {
    let bill: Value = serde_json::from_str(&bill(world, system, "cyclonedx")).unwrap();
    let components = bill["components"].as_array().unwrap();
    components.iter().map(|component| component["purl"].as_str().unwrap().to_owned()).collect()
}

/// The packages that a scanner finds in an image.
fn theirs(syft: &PathBuf, source: &str) -> BTreeSet<String> {
    let mut command = program(syft);
    command.args(["scan", source, "--quiet", "--output", "json"]);
    let found: Value =
        serde_json::from_str(&run(command.env("SYFT_CHECK_FOR_APP_UPDATE", "false"))).unwrap();
    assert_eq!(found["distro"]["versionCodename"], "trixie");
    let packages = found["artifacts"].as_array().unwrap();
    let text = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
    for package in packages {
        let (kind, version) = (text(package, "type"), text(package, "version"));
        assert!(kind == "deb" || kind == "nix", "{package}");
        assert!(!version.is_empty() && version != "UNKNOWN", "{package}");
    }
    packages.iter().map(|package| text(package, "purl")).collect()
}

#[test]
fn a_scanner_finds_every_package() {
    let Some(python) = python() else { return };
    let Some(world) = world() else { return };
    let is_deb = |package: &&String| package.starts_with("pkg:deb/");
    for system in ["nginx", "redis"] {
        let image = format!("oci-dir:{}", world.image(system).display());
        let (ours, theirs) = (ours(world, system), theirs(&python.join("syft"), &image));
        assert!(ours.iter().filter(is_deb).count() > 10, "{ours:?}");
        let [debs, found] =
            [&ours, &theirs].map(|all| all.iter().filter(is_deb).collect::<Vec<_>>());
        assert_eq!(debs, found);
        // Of store paths it knows only those whose names have a version.
        assert!(theirs.is_subset(&ours), "{theirs:?}");
    }
}

#[test]
fn validators_accept_the_bills() {
    let Some(python) = python() else { return };
    let Some(world) = world() else { return };
    let directory = world.scratch();
    for system in ["nginx", "nix"] {
        let spdx = directory.path().join(format!("{system}.spdx.json"));
        std::fs::write(&spdx, bill(world, system, "spdx")).unwrap();
        run(program(python.join("pyspdxtools")).arg("--infile").arg(&spdx));
        let cyclonedx = directory.path().join(format!("{system}.cdx.json"));
        std::fs::write(&cyclonedx, bill(world, system, "cyclonedx")).unwrap();
        run(program(python.join("python")).args(["-c", VALIDATE_CYCLONEDX]).arg(&cyclonedx));
    }
}
