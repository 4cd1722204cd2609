//! Debian's archive from the command line: states of it by date, what is done when something goes
//! wrong, and what is left in the store then.
//!
//! The archive is that of the fixtures of `frazil-ops`, from files or from a server of the test.

mod caches;
mod failures;
mod snapshots;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Two days on which the fixtures have a state of the archive.
const DAYS: [(&str, &str); 2] = [("20260103T000000Z", "archive"), ("20260202T120000Z", "later")];

/// For each input the units of the packages: `.#INPUT.app`.
const OUTPUTS: &str = r#"  outputs = inputs:
    builtins.mapAttrs
      (_: input: builtins.listToAttrs (map (name: {
        inherit name;
        value = input.legacyPackages.x86_64-linux.debianTools.unit name;
      }) [ "base" "lib" "app" ]))
      (removeAttrs inputs [ "self" ]);
"#;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../frazil-ops/fixtures/debian")
}

/// A flake whose inputs are states of the archive, a place for snapshots of it, and a store.
struct Site {
    folder: TempDir,
}

impl Site {
    /// `inputs` are names and references.
    fn new(inputs: &[(&str, &str)]) -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir_all(site.path("snapshots/debian")).expect("made");
        for (day, state) in DAYS {
            let state = fixtures().join(state).join("debian");
            symlink(state, site.path(&format!("snapshots/debian/{day}"))).expect("made");
        }
        let written: Vec<String> = inputs
            .iter()
            .map(|(name, url)| format!("  inputs.{name}.url = \"{url}\";\n"))
            .collect();
        site.write("flake.nix", &format!("{{\n{}{OUTPUTS}}}\n", written.concat()));
        site
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frazil"));
        command.env_clear().current_dir(&self.folder).stdin(Stdio::null()).args(arguments);
        command
            .env("HOME", self.path("home"))
            .env("FRAZIL_STORE", self.path("store"))
            .env("FRAZIL_MACHINE_ROOT", "/absent")
            .env("FRAZIL_KEYRING", fixtures().join("key.gpg"))
            .env("FRAZIL_SNAPSHOT_MIRROR", format!("file://{}", self.path("snapshots").display()));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("started")
    }

    /// Standard output of a command that must succeed, without the newline at its end.
    #[track_caller]
    fn text(&self, arguments: &[&str]) -> String {
        succeeded(&self.run(arguments))
    }

    /// The reason and the advice that a command gives, which must fail.
    #[track_caller]
    fn failure(&self, command: &mut Command) -> String {
        let output = command.output().expect("started");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "it must fail: {words}");
        let lines = words
            .lines()
            .filter(|line| ["error: ", "help: "].iter().any(|start| line.starts_with(start)))
            .map(|line| format!("{line}\n"));
        lines.collect::<String>().replace(&*self.folder.path().to_string_lossy(), "/here")
    }

    /// What a build of this prints as its path.
    #[track_caller]
    fn build(&self, arguments: &[&str]) -> PathBuf {
        let flags = ["build", "--no-link", "--print-out-paths"];
        let path = self.text(&[&flags[..], arguments].concat());
        self.path("store").join(path.trim_start_matches('/'))
    }

    /// All that is in the store's directory is valid, and as it was when it became that.
    #[track_caller]
    fn check_store(&self) {
        self.text(&["store", "verify", "--check-contents"]);
        let Ok(entries) = fs::read_dir(self.path("store/nix/store")) else { return };
        let paths: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name != ".links")
            .map(|name| format!("/nix/store/{name}"))
            .collect();
        if !paths.is_empty() {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            self.text(&[&["store", "info"], &paths[..]].concat());
        }
    }
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
