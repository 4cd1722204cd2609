//! The documents that show commands show what these print.

use std::fs;
use std::path::Path;

use frazil_testkit::golden::Run;
use frazil_testkit::transcript::{self, Document};

use crate::frazil;

/// Runs a command in a folder that holds the files of its section; the folder is printed as `.`.
fn run(files: &[Document], arguments: &[String]) -> Run {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path().canonicalize().expect("it is there");
    for file in files {
        fs::write(here.join(&file.name), &file.text).expect("written");
    }
    let output = frazil(&here).args(arguments).output().expect("started");
    let shown = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).replace(&*here.to_string_lossy(), ".").into_bytes()
    };
    Run {
        status: output.status.code(),
        stdout: shown(&output.stdout),
        stderr: shown(&output.stderr),
    }
}

#[track_caller]
fn check(document: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
    if let Err(error) = transcript::check(&path, &run) {
        panic!("{error}");
    }
}

#[test]
fn readme() {
    check("README.md");
}

#[test]
fn errors() {
    check("docs/errors.md");
}
