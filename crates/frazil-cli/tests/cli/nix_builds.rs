//! The same derivations built by real Nix and by us, each in a store of its own. Runs where
//! `FRAZIL_ORACLE_NIX` names a directory with Nix's programs, or a program that runs the one named by
//! its first argument.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::building::Place;

/// Settings that keep Nix from asking for users, caches and other machines.
const CONFIG: &str = "build-users-group =\nexperimental-features = nix-command\nsubstituters =\n\
                      sandbox = true\nsandbox-paths =\n";
/// Nix calls itself to ask other machines, which it cannot where another program runs it.
const NO_BUILD_HOOK: &str = "build-hook =\n";
/// Since when there is `nix derivation show`, with this form of JSON.
const VERSION_OF_SHOW: (u32, u32) = (2, 26);
const ATTRIBUTES: &[&str] =
    &["plain", "multi", "multi.dev", "right", "structured", "asFile", "graph", "links", "imported"];

/// A command that runs a program of the Nix that is in a directory, or that another program runs.
pub(super) fn nix_command(nix: &Path, program: &str) -> Command {
    if nix.is_dir() {
        return Command::new(nix.join(program));
    }
    let mut command = Command::new(nix);
    command.arg(program);
    command
}

/// The first two numbers of Nix's version.
pub(super) fn nix_version(nix: &Path) -> (u32, u32) {
    let output = nix_command(nix, "nix").arg("--version").output().unwrap();
    // `nix (Nix) 2.26.3`
    let text = String::from_utf8(output.stdout).unwrap();
    let mut numbers = text.rsplit(' ').next().unwrap().split('.');
    let mut number = || numbers.next().unwrap().trim().parse().unwrap();
    (number(), number())
}

struct Nix<'p> {
    program: PathBuf,
    place: &'p Place,
}

impl<'p> Nix<'p> {
    /// `None` where there is no real Nix.
    fn find(place: &'p Place) -> Option<Self> {
        let Some(program) = std::env::var_os("FRAZIL_ORACLE_NIX") else {
            println!("skipped: FRAZIL_ORACLE_NIX names no Nix");
            return None;
        };
        Some(Self { program: program.into(), place })
    }

    #[track_caller]
    fn text(&self, program: &str, store: &Path, arguments: &[&str]) -> String {
        let mut command = nix_command(&self.program, program);
        let folder = self.place.folder.path();
        let hook = if self.program.is_dir() { "" } else { NO_BUILD_HOOK };
        command.env("NIX_CONFIG", [CONFIG, hook].concat()).env("HOME", folder).current_dir(folder);
        // `nix` takes its options behind the command.
        let (first, rest) = arguments.split_at(usize::from(program == "nix") * 2);
        let output = command.args(first).arg("--store").arg(store).args(rest).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {words}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

#[test]
fn both_build_the_same() {
    let Some(place) = Place::new() else { return };
    let Some(nix) = Nix::find(&place) else { return };
    let (ours, theirs) = (place.store(), place.folder.path().join("nix-store"));
    for attribute in ATTRIBUTES {
        let path = place.text(&["build", "-A", attribute, "--no-link", "--print-out-paths"]);
        let built = nix.text("nix-build", &theirs, &["-A", attribute, "--no-out-link"]);
        assert_eq!(built, path, "{attribute}");
        let known = |store| {
            ["--hash", "--size", "--references"]
                .map(|what| nix.text("nix-store", store, &["--query", what, &path]))
        };
        assert_eq!(known(&theirs), known(&ours), "{attribute}");
        if nix_version(&nix.program) < VERSION_OF_SHOW {
            continue;
        }
        let shown = |store| nix.text("nix", store, &["derivation", "show", &path]);
        let derivation = place.text(&["store", "show-derivation", &path]);
        assert_eq!(shown(&theirs), derivation, "{attribute}");
        assert_eq!(shown(&ours), derivation, "{attribute}");
    }
    nix.text("nix-store", &ours, &["--verify", "--check-contents"]);
    let theirs_text = theirs.to_str().unwrap();
    place.text(&["store", "verify", "--check-contents", "--store", theirs_text]);
    let plain = place.text(&["build", "-A", "plain", "--print-out-paths"]);
    assert_eq!(nix.text("nix-store", &ours, &["--read-log", &plain]), "said");
    assert_eq!(place.text(&["log", &plain, "--store", theirs_text]), "said");
    // What one has built the other takes as built.
    let built = place.text(&["build", "-A", "graph", "--store", theirs_text, "--print-out-paths"]);
    assert_eq!(nix.text("nix-build", &ours, &["-A", "graph", "--no-out-link"]), built);
}
