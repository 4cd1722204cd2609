//! The suites of the language and of the library, through the front that is compatible with Nix.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Command, Stdio};

use frazil_testkit::golden::{Case, Run, check};

/// Runs one case as `suite/README.md` says.
fn run(folder: &Path, case: &Case) -> Run {
    let mut source = case.source.clone();
    if source.starts_with(b"-") {
        source.insert(0, b' ');
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_frazil"));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command.env("HOME", "/absent/home").env("NIX_CONF_DIR", "/absent").env("NIX_PATH", "");
    command.env("NIX_REMOTE", "dummy://").env("NIX_CONFIG", case.configuration());
    command.envs(case.environment.iter().map(|(name, value)| (name, value)));
    command.arg("nix-instantiate").args(case.arguments()).arg("-E").arg(OsString::from_vec(source));
    let output = command.output().expect("started");
    Run { status: output.status.code(), stdout: output.stdout, stderr: output.stderr }
}

fn check_suite(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite").join(name);
    let folder = folder.canonicalize().expect("the suite is part of the repository");
    if let Err(error) = check(&folder, &|case| run(&folder, case)) {
        panic!("{error}");
    }
}

#[test]
fn language_suite() {
    check_suite("lang");
}

#[test]
fn library_suite() {
    check_suite("nixlib");
}
