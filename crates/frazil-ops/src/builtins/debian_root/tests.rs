use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect;
use frazil_model::{Derivation, StoreDir};

use super::alternatives::{self, Alternative};
use super::{binds, merge};
use crate::builtins::unpack_deb;
use crate::debian::test_archive::fixtures;

/// Unpacked packages of the fixtures.
fn units(directory: &Path, files: &[&str]) -> Vec<(String, PathBuf)> {
    files
        .iter()
        .map(|file| {
            let package = fixtures().join("archive").join(file);
            let name = package.file_stem().unwrap().to_string_lossy().into_owned();
            let unit = directory.join(&name);
            unpack_deb::unpack(&package, &package, &unit, &mut || false).unwrap();
            (name, unit)
        })
        .collect()
}

const APP: &str = "debian/pool/main/a/app/app_1.0-1_amd64.deb";
const NEWER_APP: &str = "debian-security/pool/main/a/app/app_1.0-2_amd64.deb";
const LIB: &str = "debian/pool/main/l/lib/lib_1.0-1_amd64.deb";

#[test]
fn merges_packages_and_links_alternatives() {
    let directory = tempfile::tempdir().unwrap();
    let units = units(directory.path(), &[LIB, APP]);
    let root = directory.path().join("root");
    merge(&units, &root).unwrap();
    assert!(root.join("usr/bin/app").is_file() && root.join("usr/bin/lib").is_file());
    assert_eq!(fs::read_link(root.join("usr/bin/app-link")).unwrap(), Path::new("app"));
    assert_eq!(fs::read_link(root.join("usr/bin/tool")).unwrap(), Path::new("/usr/bin/app"));
}

#[test]
fn names_both_packages_of_a_conflict() {
    let directory = tempfile::tempdir().unwrap();
    let units = units(directory.path(), &[APP, NEWER_APP]);
    let error = merge(&units, &directory.path().join("root")).unwrap_err();
    expect![
        "the packages app_1.0-1_amd64 and app_1.0-2_amd64 both have usr/bin/app, and not the same"
    ]
    .assert_eq(&error.to_string());
}

#[test]
fn follows_the_links_of_a_merged_system() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().join("base/data");
    fs::create_dir_all(&base).unwrap();
    std::os::unix::fs::symlink("usr/bin", base.join("bin")).unwrap();
    let old = directory.path().join("old/data");
    fs::create_dir_all(old.join("bin")).unwrap();
    fs::write(old.join("bin/tool"), "x").unwrap();
    let root = directory.path().join("root");
    let unit = |name: &str| (name.to_owned(), directory.path().join(name));
    merge(&[unit("base"), unit("old")], &root).unwrap();
    assert_eq!(fs::read_to_string(root.join("usr/bin/tool")).unwrap(), "x");
    assert!(root.join("bin").is_symlink());
}

#[test]
fn reads_alternatives_as_scripts_have_them() {
    let mut found = Vec::new();
    let script = "update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/gawk 10 \\\n\
                  \t--slave /usr/share/man/awk.gz awk.gz /usr/share/man/gawk.gz\n\
                  update-alternatives --install \"/usr/bin/cc\" cc '/usr/bin/gcc' 20 || true\n\
                  update-alternatives --install /usr/bin/$x x /usr/bin/y 5\n\
                  update-alternatives --install /usr/bin/z z ../y 5\n\
                  update-alternatives --remove awk /usr/bin/gawk\n";
    alternatives::read(script, &mut found);
    let shown: Vec<String> = found
        .iter()
        .map(|Alternative { link, path, priority }| {
            format!("{} -> {} {priority}", link.display(), path.display())
        })
        .collect();
    assert_eq!(
        shown,
        [
            "/usr/bin/awk -> /usr/bin/gawk 10",
            "/usr/share/man/awk.gz -> /usr/share/man/gawk.gz 10",
            "/usr/bin/cc -> /usr/bin/gcc 20",
        ]
    );
}

#[test]
fn a_builder_sees_the_root_that_its_derivation_names() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("usr/bin")).unwrap();
    std::os::unix::fs::symlink("usr/bin", directory.path().join("bin")).unwrap();
    let store = StoreDir::default();
    let full = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-debian-root";
    let inputs =
        BTreeMap::from([(store.parse(full.as_bytes()).unwrap(), directory.path().to_owned())]);
    let shown = |name: &str, value: &str| {
        let derivation = Derivation {
            name: "t".parse().unwrap(),
            outputs: BTreeMap::new(),
            input_derivations: BTreeMap::new(),
            input_sources: BTreeSet::new(),
            system: b"x86_64-linux".to_vec(),
            builder: b"/bin/bash".to_vec(),
            args: Vec::new(),
            env: BTreeMap::from([(name.as_bytes().to_vec(), value.as_bytes().to_vec())]),
        };
        let binds = binds(&derivation, &store, &inputs);
        let targets = binds.iter().map(|bind| bind.target.display().to_string());
        targets.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown("debianRoot", full), "/usr /bin");
    assert_eq!(shown("__json", &format!(r#"{{"debianRoot":"{full}"}}"#)), "/usr /bin");
    assert_eq!(shown("debianRoot", "/etc"), "");
    assert_eq!(shown("other", full), "");
}
