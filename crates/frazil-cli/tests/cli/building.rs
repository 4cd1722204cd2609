//! Building with the binary: a store in a temporary directory, and builders that run in it.
//!
//! The builder is the static busybox of the machine. Without one these tests say so and pass.

mod misbehaviour;
mod store;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::frazil;

const PLACES: &[&str] = &["/bin/busybox", "/usr/bin/busybox"];
const APPLETS: &[&str] =
    &["sh", "mkdir", "cat", "sleep", "ln", "chmod", "dd", "wget", "ps", "test"];

/// Derivations of every kind, with the helper that makes them.
const EXPRESSIONS: &str = r#"
let
  tools = "${./tools}/bin";
  make = arguments: derivation ({
    system = builtins.currentSystem; builder = "${tools}/sh"; PATH = tools;
  } // arguments);
  fixed = hash: make {
    name = "fixed"; outputHashAlgo = "sha256"; outputHashMode = "flat"; outputHash = hash;
    args = [ "-c" "echo -n 'hello world' > $out" ];
  };
in rec {
  inherit make;
  plain = make { name = "plain"; args = [ "-c" "echo said; echo hello > $out" ]; };
  multi = make {
    name = "multi"; outputs = [ "out" "dev" ];
    args = [ "-c" "mkdir $out $dev; echo $dev > $out/a; echo ${plain} > $dev/b" ];
  };
  right = fixed "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
  wrong = fixed "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde8";
  structured = make {
    name = "structured"; __structuredAttrs = true; list = [ 1 "x" ]; set = { a = true; };
    args = [ "-c" "o=$(cat .attrs.json); o=\${o#*outputs\\\":{\\\"out\\\":\\\"}; cat .attrs.json > \${o%%\\\"*}" ];
  };
  asFile = make { name = "as-file"; passAsFile = [ "text" ]; text = "from a file"; args = [ "-c" "cat $textPath > $out" ]; };
  graph = make { name = "graph"; exportReferencesGraph = [ "graph" multi ]; args = [ "-c" "cat graph > $out" ]; };
  links = derivation {
    name = "links"; system = "builtin"; builder = "builtin:buildenv"; manifest = plain;
    derivations = [ "true" 5 1 multi "true" 5 1 multi.dev ];
  };
  clash = derivation {
    name = "clash"; system = "builtin"; builder = "builtin:buildenv"; manifest = plain;
    derivations = [ "true" 5 1 multi "true" 5 1 copy ];
  };
  copy = make { name = "copy"; args = [ "-c" "mkdir $out; echo other > $out/a" ]; };
  imported = make { name = "imported"; text = builtins.readFile plain; args = [ "-c" "echo -n $text > $out" ]; };
  fails = make { name = "fails"; args = [ "-c" "echo one; echo two; exit 3" ]; };
  forgets = make { name = "forgets"; args = [ "-c" "echo nothing" ]; };
  needsFailure = make { name = "needs-failure"; input = fails; args = [ "-c" "echo > $out" ]; };
  picky = make { name = "picky"; allowedReferences = [ ]; args = [ "-c" "echo ${plain} > $out" ]; };
  moody = make { name = "moody"; args = [ "-c" "mkdir $out; cat /proc/uptime > $out/time" ]; };
}
"#;

/// A folder with the expressions, and a store.
pub(super) struct Place {
    pub(super) folder: TempDir,
}

impl Place {
    /// `None` where there is no busybox.
    pub(super) fn new() -> Option<Self> {
        let Some(busybox) = PLACES.iter().find(|place| Path::new(place).exists()) else {
            println!("skipped: there is no static busybox");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let bin = folder.path().join("tools/bin");
        fs::create_dir_all(&bin).expect("made");
        fs::copy(busybox, bin.join("busybox")).expect("copied");
        for applet in APPLETS {
            symlink("busybox", bin.join(applet)).expect("made");
        }
        fs::write(folder.path().join("default.nix"), EXPRESSIONS).expect("written");
        Some(Self { folder })
    }

    pub(super) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = frazil(self.folder.path());
        command.env("FRAZIL_STORE", self.store()).args(arguments);
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("started")
    }

    /// Standard output of a command that must succeed, without the newline at its end.
    #[track_caller]
    pub(super) fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {words}");
        String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
    }

    /// Both outputs with what differs from machine to machine taken out.
    #[track_caller]
    pub(super) fn check(&self, arguments: &[&str], expected: Expect) {
        expected.assert_eq(&self.shown(&self.run(arguments)));
    }

    fn shown(&self, output: &Output) -> String {
        let text = super::show(output, self.folder.path());
        // Digests depend on the tools.
        let mut shown = String::new();
        let mut rest = &*text;
        while let Some(at) = rest.find('-') {
            let (before, after) = rest.split_at(at);
            let start = before.len().saturating_sub(32);
            let is_digest = before.len() >= 32
                && before[start..]
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
            shown.push_str(if is_digest { &before[..start] } else { before });
            shown.push_str(if is_digest { "HASH-" } else { "-" });
            rest = &after[1..];
        }
        shown + rest
    }
}

#[test]
fn what_was_built_is_linked_and_kept() {
    let Some(place) = Place::new() else { return };
    place.check(
        &["build", "-A", "plain", "--print-out-paths"],
        expect![[r#"
            /nix/store/HASH-plain
            --- stderr
            building '/nix/store/HASH-plain.drv'...
            --- 0
        "#]],
    );
    place.check(
        &["build", "-A", "plain", "--print-out-paths"],
        expect![[r#"
            /nix/store/HASH-plain
            --- stderr
            --- 0
        "#]],
    );
    assert_eq!(fs::read_to_string(place.folder.path().join("result")).unwrap(), "hello\n");
    place.check(
        &["log", "result"],
        expect![[r#"
            said
            --- stderr
            --- 0
        "#]],
    );
    place.check(
        &["build", "-A", "multi", "-A", "multi.dev", "-o", "m"],
        expect![[r#"
            --- stderr
            building '/nix/store/HASH-multi.drv'...
            --- 0
        "#]],
    );
    for link in ["m", "m-2-dev"] {
        assert!(place.folder.path().join(link).is_dir(), "{link}");
    }
    place.text(&["store", "gc"]);
    assert_eq!(fs::read_to_string(place.folder.path().join("m/a")).unwrap().len(), 54);
    fs::remove_file(place.folder.path().join("m")).unwrap();
    fs::remove_file(place.folder.path().join("m-2-dev")).unwrap();
    place.text(&["store", "gc"]);
    assert!(!place.text(&["store", "roots"]).contains("multi"));
    place.text(&["store", "verify", "--check-contents"]);
}

#[test]
fn everything_that_builders_are_given() {
    let Some(place) = Place::new() else { return };
    let contents = |attribute: &str| {
        let path = place.text(&["build", "-A", attribute, "--no-link", "--print-out-paths"]);
        place.text(&["store", "cat", &path])
    };
    assert_eq!(contents("right"), "hello world");
    assert_eq!(contents("asFile"), "from a file");
    assert_eq!(contents("imported"), "hello");
    assert!(contents("structured").contains(r#""list":[1,"x"]"#));
    assert_eq!(contents("graph").lines().count(), 11);
    place.check(
        &["build", "-A", "links", "--print-out-paths"],
        expect![[r#"
            /nix/store/HASH-links
            --- stderr
            building '/nix/store/HASH-links.drv'...
            --- 0
        "#]],
    );
    place.check(
        &["store", "ls", "result", "-l"],
        expect![[r#"
            lrwxrwxrwx            0 a -> /nix/store/HASH-multi/a
            lrwxrwxrwx            0 b -> /nix/store/HASH-multi-dev/b
            lrwxrwxrwx            0 manifest.nix -> /nix/store/HASH-plain
            --- stderr
            --- 0
        "#]],
    );
}

#[test]
fn failures_say_what_failed() {
    let Some(place) = Place::new() else { return };
    place.check(
        &["build", "-A", "wrong"],
        expect![[r#"
            --- stderr
            building '/nix/store/HASH-fixed.drv'...
            error: cannot build 'HASH-fixed.drv': hash mismatch in fixed-output derivation:
                     specified: sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzeg=
                        got:    sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=

            help: if the new contents are right, write the hash that was got into the expression
            --- 4
        "#]],
    );
    place.check(
        &["build", "-A", "needsFailure"],
        expect![[r#"
            --- stderr
            building '/nix/store/HASH-fails.drv'...
            last 2 lines of its log:
              > one
              > two
            for the whole log: frazil log HASH-fails.drv
            error: cannot build 'HASH-fails.drv': the builder failed with exit code 3
            --- 4
        "#]],
    );
    place.check(
        &["build", "-A", "forgets"],
        expect![[r#"
            --- stderr
            building '/nix/store/HASH-forgets.drv'...
            last 1 lines of its log:
              > nothing
            for the whole log: frazil log HASH-forgets.drv
            error: cannot build 'HASH-forgets.drv': the builder failed to produce the output 'out' at '/nix/store/HASH-forgets'
            --- 4
        "#]],
    );
    place.check(
        &["build", "-A", "picky", "-k"],
        expect![[r#"
            --- stderr
            building '/nix/store/HASH-plain.drv'...
            building '/nix/store/HASH-picky.drv'...
            error: cannot build 'HASH-picky.drv': output `HASH-picky` is not allowed to refer to the following paths: HASH-plain
            --- 4
        "#]],
    );
    let clash = place.run(&["build", "-A", "clash"]);
    let words = String::from_utf8_lossy(&clash.stderr).into_owned();
    assert!(words.contains("There is a conflict for the following files:"), "{words}");
    assert!(words.contains("-multi/a") && words.contains("-copy/a"), "{words}");
    place.text(&["store", "verify", "--check-contents"]);
}

#[test]
fn building_again_compares() {
    let Some(place) = Place::new() else { return };
    place.check(
        &["build", "-A", "moody", "--check"],
        expect![[r#"
            --- stderr
            error: some outputs of 'HASH-moody.drv' are not valid, so checking is not possible

            help: build it first, without --check
            --- 4
        "#]],
    );
    place.text(&["build", "-A", "moody", "-A", "plain"]);
    place.text(&["build", "-A", "plain", "--check"]);
    // The clock of the machine has two digits behind the point.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let output = place.run(&["build", "-A", "moody", "--check", "--keep-failed"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("-moody' differs: 'time' differs at byte"), "{words}");
    assert!(words.contains("note: keeping the directory of the build in"), "{words}");
    assert_eq!(output.status.code(), Some(4));
    place.text(&["store", "verify", "--check-contents"]);
}

#[test]
fn plans_and_evaluations_change_only_what_they_should() {
    let Some(place) = Place::new() else { return };
    let planned = place.run(&["build", "-A", "multi", "--dry-run"]);
    let words = String::from_utf8_lossy(&planned.stderr).into_owned();
    assert!(words.starts_with("these derivations will be built (2):\n"), "{words}");
    assert!(!place.folder.path().join("result").exists());

    let root = place.folder.path().join("second");
    let root = root.to_str().unwrap();
    let eval =
        |arguments: &[&str]| place.text(&[&["eval", "-A", "imported.text"], arguments].concat());
    assert_eq!(eval(&["--store", root]), "\"hello\\n\"");
    assert_eq!(place.run(&["eval", "-A", "imported.text"]).status.code(), Some(5));
    let link = place.folder.path().join("drv");
    let link = link.to_str().unwrap();
    let path = place.text(&["nix-instantiate", "--store", root, "-A", "plain", "--add-root", link]);
    assert_eq!(fs::read_link(link).unwrap().to_str(), Some(&*path));
    assert!(place.text(&["store", "roots", "--store", root]).contains(link));
}
