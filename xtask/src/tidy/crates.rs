//! Rules about the crates: which there are, and which may use which.
//!
//! The manifests are read line by line: cargo has already checked that they are TOML, and the
//! house style (one dependency a line, all versions in the root) is part of the rule.

use super::{Complaint, File};

/// What each crate may use of the others; a new edge is a decision, made here.
const MAY_USE: &[(&str, &[&str])] = &[
    ("frazil-model", &[]),
    ("frazil-syntax", &[]),
    ("frazil-init", &[]),
    ("frazil-tree", &["frazil-model"]),
    ("frazil-eval", &["frazil-syntax", "frazil-model"]),
    ("frazil-store", &["frazil-model"]),
    ("frazil-debian", &["frazil-model"]),
    ("frazil-link", &["frazil-model", "frazil-tree"]),
    ("frazil-image", &["frazil-model", "frazil-tree"]),
    ("frazil-audit", &["frazil-model", "frazil-tree", "frazil-link"]),
    ("frazil-build", &["frazil-model", "frazil-store"]),
    ("frazil-ops", BELOW_OPS),
    // The types that `ops` returns come from the crates below it.
    (
        "frazil-cli",
        &[
            "frazil-ops",
            "frazil-eval",
            "frazil-syntax",
            "frazil-model",
            "frazil-audit",
            "frazil-tree",
        ],
    ),
    ("frazil-testkit", &[]),
];
const BELOW_OPS: &[&str] = &[
    "frazil-model",
    "frazil-syntax",
    "frazil-init",
    "frazil-tree",
    "frazil-eval",
    "frazil-store",
    "frazil-debian",
    "frazil-link",
    "frazil-image",
    "frazil-audit",
    "frazil-build",
];
/// Crates that only tests may use, from any other crate.
const ONLY_FOR_TESTS: &[&str] = &["frazil-testkit", "expect-test", "tempfile"];
/// The tests of the whole binary may use the library that they test.
const TESTED_BY: &[(&str, &str)] = &[("frazil-testkit", "expect-test")];

pub(super) fn check(files: &[File], complaints: &mut Vec<Complaint>) {
    for file in files {
        let Some(folder) =
            file.path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == folder) else {
            complaints
                .push(file.complain(None, format!("`{folder}` is not in the table of crates")));
            continue;
        };
        check_manifest(file, folder, allowed, complaints);
    }
}

fn check_manifest(file: &File, folder: &str, allowed: &[&str], complaints: &mut Vec<Complaint>) {
    let text = String::from_utf8_lossy(&file.bytes);
    let mut section = "";
    let mut has_lints = false;
    for (index, line) in text.lines().enumerate() {
        let number = Some(index + 1);
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_matches(['[', ']']);
            has_lints |= section == "lints";
            continue;
        }
        if section == "package"
            && line.starts_with("name = ")
            && line != format!("name = \"{folder}\"")
        {
            complaints.push(file.complain(number, "the crate is not named like its folder"));
        }
        if !section.ends_with("dependencies") {
            continue;
        }
        let Some((used, version)) = line.split_once(['.', ' ', '=']) else { continue };
        if line.starts_with('#') {
            continue;
        }
        if !version.contains("workspace = true") {
            complaints.push(file.complain(
                number,
                format!("the version of `{used}` belongs into the root manifest"),
            ));
        }
        check_edge(
            file,
            number,
            (folder, used),
            section.ends_with("dev-dependencies"),
            allowed,
            complaints,
        );
    }
    if !has_lints {
        complaints.push(file.complain(None, "takes no part in the lints of the workspace"));
    }
}

fn check_edge(
    file: &File,
    line: Option<usize>,
    edge: (&str, &str),
    in_tests: bool,
    allowed: &[&str],
    complaints: &mut Vec<Complaint>,
) {
    let (folder, used) = edge;
    if ONLY_FOR_TESTS.contains(&used) {
        if !in_tests && !TESTED_BY.contains(&edge) {
            complaints.push(file.complain(line, format!("`{used}` is for tests only")));
        }
    } else if used.starts_with("frazil-")
        && !allowed.contains(&used)
        && !(in_tests && used == folder)
    {
        complaints.push(file.complain(line, format!("`{folder}` may not use `{used}`")));
    }
}
