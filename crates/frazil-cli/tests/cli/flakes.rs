//! Flakes from the command line; and the same flakes with real Nix, where `FRAZIL_ORACLE_NIX` names
//! a directory with Nix's programs, or a program that runs the one named by its first argument.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::nix_builds::{nix_command, nix_version};
use super::{frazil, show};

/// The time of all files.
const TIME_SECONDS: u64 = 1_700_000_000;
const NIX_CONFIG: &str = "experimental-features = nix-command flakes\nflake-registry =\n\
                          build-users-group =\nsubstituters =\nwarn-dirty = false\n";

/// Flakes that use much of what there is. `HERE` is the directory that they lie in.
const FILES: &[(&str, &str)] = &[
    ("leaf/flake.nix", "{ outputs = { self }: { name = \"leaf\"; inherit (self) narHash; }; }"),
    ("data/file", "hello\n"),
    (
        "middle/flake.nix",
        "{
          inputs.leaf.url = \"path:HERE/leaf\";
          inputs.more = { url = \"path:HERE/leaf\"; flake = false; };
          outputs = { self, leaf, more }: { name = \"middle\"; inherit (leaf) narHash; more = \"${more}\"; };
        }",
    ),
    (
        "top/flake.nix",
        "{
          description = \"flakes of all kinds\";
          inputs = {
            leaf.url = \"path:HERE/leaf\";
            middle = { url = \"path:HERE/middle\"; inputs.leaf.follows = \"leaf\"; };
            again.follows = \"middle/more\";
            sub.url = ./sub;
            beside = { url = \"path:./sub/data\"; flake = false; };
            data = { type = \"path\"; path = \"HERE/data\"; flake = false; };
            inside.url = \"path:HERE/leaf?dir=.\";
          };
          outputs = { self, leaf, middle, sub, beside, data, inside, ... }@inputs: {
            x = {
              inherit (self) narHash lastModified lastModifiedDate _type;
              path = self.outPath;
              members = builtins.attrNames self;
              inputs = builtins.attrNames inputs;
              middle = middle.more + middle.narHash;
              sub = [ sub.name sub.outPath sub.up.name sub.sourceInfo (builtins.attrNames sub) ];
              trees = map (tree: \"${tree}\") [ beside data inputs.again inside ];
              drv = derivation { name = \"d\"; system = \"s\"; builder = \"b\"; src = self; inherit data; };
            };
            packages.x86_64-linux.default = derivation { name = \"p\"; system = \"x86_64-linux\"; builder = \"/b\"; };
            packages.i686-linux.default = throw \"nobody looks\";
            apps.x86_64-linux.run = { type = \"app\"; program = \"/bin/run\"; meta.description = \"runs\"; };
            checks.x86_64-linux = { };
            overlays.default = final: prev: { };
            nixosModules.m = { };
            legacyPackages.x86_64-linux.y = 1;
            templates.t = { path = ./.; description = \"to begin with\"; };
            hydraJobs.a.b = derivation { name = \"j\"; system = \"x86_64-linux\"; builder = \"/b\"; };
            odd = 1;
          };
        }",
    ),
    (
        "top/sub/flake.nix",
        "{ inputs.up.url = \"path:../up\"; outputs = { self, up }: { name = \"sub\"; inherit up; }; }",
    ),
    ("top/sub/data/file", "data\n"),
    ("top/up/flake.nix", "{ outputs = { self }: { name = \"up\"; }; }"),
];

struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in FILES {
            world.write(name, text);
        }
        world
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text.replace("HERE", &self.path().to_string_lossy())).expect("written");
        settle(self.path());
    }

    fn lock_file(&self) -> String {
        let text = fs::read_to_string(self.path().join("top/flake.lock")).expect("a lock file");
        fs::remove_file(self.path().join("top/flake.lock")).expect("removed");
        settle(self.path());
        text
    }
}

/// Gives everything the same time.
fn settle(path: &Path) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("listed") {
            settle(&entry.expect("listed").path());
        }
    }
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME_SECONDS);
    File::open(path).and_then(|file| file.set_modified(time)).expect("set");
}

fn stdout(output: &Output) -> String {
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[track_caller]
fn check(world: &World, arguments: &[&str], expected: Expect) {
    let output = frazil(world.path()).args(arguments).output().expect("started");
    expected.assert_eq(&show(&output, world.path()));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn flakes_are_locked_and_evaluated() {
    let world = World::new();
    check(
        &world,
        &["eval", "./leaf#name"],
        expect![[r#"
        "leaf"
        --- stderr
        --- 0
    "#]],
    );
    check(
        &world,
        &["eval", "--no-update-lock-file", "./middle#name"],
        expect![[r#"
        --- stderr
        error: flake 'path:/here/middle' requires lock file changes but they're not allowed due to '--no-update-lock-file':
               • Added input 'leaf':
                   'path:/here/leaf?lastModified=1700000000&narHash=sha256-6DCvqg5mFmPNJqUFPypr74LTpGJAbVqGCgBO1aWi7aM%3D' (2023-11-14)
               • Added input 'more':
                   'path:/here/leaf?lastModified=1700000000&narHash=sha256-6DCvqg5mFmPNJqUFPypr74LTpGJAbVqGCgBO1aWi7aM%3D' (2023-11-14)
        --- 3
    "#]],
    );
    check(
        &world,
        &["lock", "./middle"],
        expect![[r#"
        --- stderr
        warning: creating lock file '/here/middle/flake.lock':
                 • Added input 'leaf':
                     'path:/here/leaf?lastModified=1700000000&narHash=sha256-6DCvqg5mFmPNJqUFPypr74LTpGJAbVqGCgBO1aWi7aM%3D' (2023-11-14)
                 • Added input 'more':
                     'path:/here/leaf?lastModified=1700000000&narHash=sha256-6DCvqg5mFmPNJqUFPypr74LTpGJAbVqGCgBO1aWi7aM%3D' (2023-11-14)
        --- 0
    "#]],
    );
    check(
        &world,
        &["lock", "./middle"],
        expect![[r#"
        --- stderr
        --- 0
    "#]],
    );
    world.write("data/file", "changed\n");
    world.write("leaf/flake.nix", "{ outputs = { self }: { name = \"new\"; }; }");
    check(
        &world,
        &["update", "leaf", "--flake", "./middle"],
        expect![[r#"
        --- stderr
        warning: updating lock file '/here/middle/flake.lock':
                 • Updated input 'leaf':
                     'path:/here/leaf?lastModified=1700000000&narHash=sha256-6DCvqg5mFmPNJqUFPypr74LTpGJAbVqGCgBO1aWi7aM%3D' (2023-11-14)
                   → 'path:/here/leaf?lastModified=1700000000&narHash=sha256-5HTe8GdfAna0/8lhYONiUiIXMnPvwjNMMfGiL0S7Ilc%3D' (2023-11-14)
        --- 0
    "#]],
    );
    check(
        &world,
        &["flake", "metadata", "./leaf"],
        expect![[r#"
        Resolved URL:  path:/here/leaf
        Locked URL:    path:/here/leaf?lastModified=1700000000&narHash=sha256-5HTe8GdfAna0/8lhYONiUiIXMnPvwjNMMfGiL0S7Ilc%3D
        Path:          /nix/store/qm859jswa4i89q6498yil0d0pj4b20g6-source
        Last modified: 2023-11-14
        --- stderr
        --- 0
    "#]],
    );
    check(
        &world,
        &["flake", "check", "./leaf"],
        expect![[r#"
        --- stderr
        warning: unknown flake output 'name'
        --- 0
    "#]],
    );
    let arguments = ["eval", "./middle#name", "--override-input", "nosuch", "path:./leaf"];
    check(
        &world,
        &arguments,
        expect![[r#"
        "middle"
        --- stderr
        warning: input '' has an override for a non-existent input 'nosuch'
        warning: the flag '--override-input nosuch path:/here/leaf' does not match any input
        --- 0
    "#]],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn names_go_through_the_registry() {
    let world = World::new();
    let home = world.path().join("home");
    let run = |arguments: &[&str], expected: Expect| {
        let mut command = frazil(world.path());
        command.env("XDG_CONFIG_HOME", &home).args(arguments);
        expected.assert_eq(&show(&command.output().expect("started"), world.path()));
    };
    run(
        &["eval", "leaf#name"],
        expect![[r#"
        --- stderr
        error: cannot find flake 'flake:leaf' in the flake registries

        help: say what it stands for with `--override-input leaf URL`, with `--override-flake leaf URL`, or once and for all with `frazil flake registry add leaf URL`
        --- 3
    "#]],
    );
    run(
        &["flake", "registry", "add", "leaf", "./leaf"],
        expect![[r#"
        --- stderr
        --- 0
    "#]],
    );
    run(
        &["eval", "leaf#name"],
        expect![[r#"
        "leaf"
        --- stderr
        --- 0
    "#]],
    );
    run(
        &["flake", "registry", "list"],
        expect![[r#"
        flake:leaf path:/here/leaf
        --- stderr
        --- 0
    "#]],
    );
    run(
        &["flake", "registry", "remove", "leaf"],
        expect![[r#"
        --- stderr
        --- 0
    "#]],
    );
    run(
        &["flake", "registry", "remove", "leaf"],
        expect![[r#"
        --- stderr
        error: the registry has no entry for 'leaf'
        --- 2
    "#]],
    );
    run(
        &["eval", "leaf#name", "--override-flake", "leaf", "builtin:frazil"],
        expect![[r#"
        --- stderr
        error: flake 'flake:leaf' does not provide attribute 'packages.x86_64-linux.name', 'legacyPackages.x86_64-linux.name' or 'name'

        help: its outputs are lib, nglib; `frazil flake show` lists what is in them
        --- 3
    "#]],
    );
    fs::create_dir_all(home.join("frazil")).expect("made");
    fs::write(home.join("frazil/registry.json"), "{}").expect("written");
    run(
        &["eval", "leaf#name"],
        expect![[r#"
        --- stderr
        error: cannot read the flake registry '/here/home/frazil/registry.json': 'version' is missing, or not what it should be

        help: correct the file, or remove it
        --- 3
    "#]],
    );
}

#[test]
fn init_makes_a_flake_once() {
    let world = World::new();
    check(
        &world,
        &["init", "new"],
        expect![[r#"
        --- stderr
        wrote '/here/new/flake.nix'
        --- 0
    "#]],
    );
    check(
        &world,
        &["init", "new"],
        expect![[r#"
        --- stderr
        error: '/here/new/flake.nix' exists already

        help: name another directory
        --- 2
    "#]],
    );
}

/// Flakes are an experiment of Nix; what ours agree with is those of this version and later ones.
const NIX_VERSION_MIN: (u32, u32) = (2, 26);

/// Runs real Nix with a store of its own; `None` where there is none, or an old one.
fn nix(world: &World, arguments: &[&str]) -> Option<Output> {
    let nix = PathBuf::from(std::env::var_os("FRAZIL_ORACLE_NIX")?);
    if nix_version(&nix) < NIX_VERSION_MIN {
        return None;
    }
    let mut command = nix_command(&nix, "nix");
    let store = world
        .path()
        .parent()
        .expect("a parent")
        .join(format!("{}-store", world.path().file_name().expect("a name").to_string_lossy()));
    command.arg("--store").arg(store).args(arguments).current_dir(world.path());
    command.env("NIX_CONFIG", NIX_CONFIG).env("HOME", "/absent/home").stdin(Stdio::null());
    Some(command.output().expect("started"))
}

#[test]
fn agrees_with_nix() {
    let world = World::new();
    let Some(locked) = nix(&world, &["flake", "lock", "./top"]) else {
        eprintln!("skipped: FRAZIL_ORACLE_NIX is not set, or names an old Nix");
        return;
    };
    stdout(&locked);
    let theirs = world.lock_file();
    let ours = frazil(world.path()).args(["lock", "./top"]).output().expect("started");
    stdout(&ours);
    assert_eq!(world.lock_file(), theirs);
    // In the run that writes the lock file, Nix's `outPath` is that of the tree without it.
    world.write("top/flake.lock", &theirs);
    let both = |arguments: &[&str]| {
        let compare = |output: Output| stdout(&output).replace("\"__final\":true,", "");
        let theirs = compare(nix(&world, arguments).expect("there"));
        let arguments: Vec<_> = arguments.iter().filter(|word| **word != "--no-build").collect();
        let ours = compare(frazil(world.path()).args(&arguments).output().expect("started"));
        assert_eq!(ours.trim_end(), theirs.trim_end(), "{arguments:?}");
    };
    both(&["eval", "--json", "./top#x"]);
    both(&["eval", "--json", "./top#x", "--override-input", "middle/leaf", "path:./leaf"]);
    both(&["flake", "metadata", "--json", "./top"]);
    both(&["flake", "show", "--json", "./top"]);
    world.write("leaf/flake.nix", "{ outputs = { self }: { name = \"new\"; narHash = \"\"; }; }");
    let before = fs::read(world.path().join("top/flake.lock")).expect("read");
    stdout(&nix(&world, &["flake", "update", "leaf", "--flake", "./top"]).expect("there"));
    let theirs = fs::read_to_string(world.path().join("top/flake.lock")).expect("read");
    fs::write(world.path().join("top/flake.lock"), before).expect("written");
    let updated = frazil(world.path()).args(["update", "leaf", "--flake", "./top"]).output();
    stdout(&updated.expect("started"));
    assert_eq!(fs::read_to_string(world.path().join("top/flake.lock")).expect("read"), theirs);
}

/// Runs git on the top flake; `None` where there is none.
fn git(world: &World, arguments: &[&str]) -> Option<()> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=b", "-c", "init.defaultBranch=main"]);
    command.args(arguments).current_dir(world.path().join("top")).env("HOME", "/absent/home");
    let date = format!("{TIME_SECONDS} +0000");
    command.env("GIT_COMMITTER_DATE", &date).env("GIT_AUTHOR_DATE", &date);
    stdout(&command.output().ok()?);
    Some(())
}

#[test]
fn agrees_with_nix_on_repositories() {
    let world = World::new();
    let both = |arguments: &[&str]| {
        let compare = |output: Output| stdout(&output).replace("\"__final\":true,", "");
        let theirs = compare(nix(&world, arguments)?);
        let ours = compare(frazil(world.path()).args(arguments).output().expect("started"));
        assert_eq!(ours.trim_end(), theirs.trim_end(), "{arguments:?}");
        Some(())
    };
    let compared = || {
        nix(&world, &["flake", "lock", "./top"])?;
        git(&world, &["init", "-q"])?;
        git(&world, &["add", "."])?;
        both(&["eval", "--json", "./top#x"])?;
        git(&world, &["commit", "-q", "-m", "one"])?;
        both(&["eval", "--json", "./top#x"])?;
        both(&["flake", "metadata", "--json", "./top"])?;
        both(&["flake", "metadata", "--json", "./top/up"])?;
        both(&["flake", "metadata", "--json", "git+file:./top?ref=main"])?;
        world.write("top/untracked", "");
        both(&["flake", "metadata", "--json", "./top"])?;
        world.write("top/sub/data/file", "changed\n");
        both(&["eval", "--json", "./top#x"])
    };
    if compared().is_none() {
        eprintln!("skipped: FRAZIL_ORACLE_NIX is not set, or names an old Nix, or there is no git");
    }
}
