//! Flakes on a disk. What is expected of lock files was compared with C++ Nix 2.26.3, which
//! `crates/frazil-cli/tests/cli/flakes.rs` does again where there is one.

mod looking;
mod naming;
mod refusing;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use expect_test::expect;
use frazil_eval::host::Message;
use frazil_eval::{Options, with_large_stack};
use frazil_model::StoreDir;
use tempfile::TempDir;

use super::{AttributeKind, FlakePlan, LockPlan, Writing, init, resolve_installable, with_flake};
use crate::eval::Failure;
use crate::host::{DiskHost, HostContext};

/// The time of all files of a test.
const TIME_SECONDS: u64 = 1_700_000_000;

/// A directory with files in which `HERE` stands for it, and what was told meanwhile.
struct World {
    folder: TempDir,
    plan: FlakePlan,
    messages: Vec<String>,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options { pure: true, ..Options::default() };
        let base = folder.path().to_owned();
        let plan = FlakePlan { options, memory_bytes_max: None, base, lock: LockPlan::default() };
        let world = Self { folder, plan, messages: Vec::new() };
        for (name, text) in files {
            world.write(name, text);
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, text.replace("HERE", &self.here())).expect("written");
        settle(self.folder.path());
    }

    fn here(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Does something with a host, and returns what came of it, as text.
    fn run(
        &mut self,
        work: impl FnOnce(&FlakePlan, &mut DiskHost<'_>) -> Result<String, Failure> + Send,
    ) -> String {
        let plan = self.plan.clone();
        let here = self.here();
        let (shown, told) = with_large_stack(move || {
            let mut told = Vec::new();
            let context = HostContext {
                store_dir: StoreDir::default(),
                physical_dir: "/absent/store".into(),
                environment: BTreeMap::new(),
                now: 7,
            };
            let mut host = DiskHost::new(context, |message| {
                let (Message::Trace(text) | Message::ProgramWarning(text) | Message::Warning(text)) =
                    message;
                told.push(text);
            });
            let shown = work(&plan, &mut host).unwrap_or_else(|Failure(found)| {
                let line = |diagnostic: &frazil_eval::Diagnostic| {
                    let help = diagnostic.help.iter().map(|help| format!("\nhelp: {help}"));
                    format!("error: {}{}", diagnostic.message, help.collect::<String>())
                };
                found.iter().map(line).collect::<Vec<_>>().join("\n")
            });
            drop(host);
            (shown, told)
        });
        self.messages = told.iter().map(|text| text.replace(&here, "HERE")).collect();
        shown.replace(&here, "HERE")
    }

    /// The JSON of an attribute, evaluated.
    fn eval(&mut self, text: &str) -> String {
        self.run(|plan, host| {
            resolve_installable(plan, text, AttributeKind::Package, host, |ev, found| {
                Ok(String::from_utf8_lossy(&ev.json(found.value)?).into_owned())
            })
        })
    }

    /// Locks, and returns the lock file.
    fn lock(&mut self, flake: &str) -> String {
        let done = self.run(|plan, host| {
            super::lock(plan, &format!("./{flake}"), host).map(|()| String::new())
        });
        match fs::read_to_string(self.path(flake).join("flake.lock")) {
            Ok(text) if done.is_empty() => text.replace(&self.here(), "HERE"),
            Ok(_) | Err(_) => done,
        }
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

const LEAF: &str = "{ outputs = { self }: { name = \"leaf\"; }; }";

#[test]
#[expect(clippy::too_many_lines, reason = "a flake, and what is expected of it")]
fn inputs_are_locked_on_the_first_use() {
    let mut world = World::new(&[
        ("leaf/flake.nix", LEAF),
        ("data/file", "hello\n"),
        (
            "top/flake.nix",
            "{
              inputs.leaf.url = \"path:HERE/leaf\";
              inputs.data = { url = \"path:HERE/data\"; flake = false; };
              inputs.same.follows = \"leaf\";
              outputs = { self, leaf, data, same }: {
                x = [ leaf.name same.name (builtins.readFile (data + \"/file\")) self._type ];
              };
            }",
        ),
    ]);
    expect![[r#"["leaf","leaf","hello\n","flake"]"#]].assert_eq(&world.eval("./top#x"));
    expect![[r#"
        creating lock file 'HERE/top/flake.lock':
        • Added input 'data':
            'path:HERE/data?lastModified=1700000000&narHash=sha256-m/i4zIJHKRtapNnPwNUoFromRkwfucNCdbqZ1oxSjWo%3D' (2023-11-14)
        • Added input 'leaf':
            'path:HERE/leaf?lastModified=1700000000&narHash=sha256-wn3yVKiC7eu3jQgL3si6zzYEDljbtMXz3h7LmtLq5D0%3D' (2023-11-14)
        • Added input 'same':
            follows 'leaf'"#]].assert_eq(&world.messages.join("\n"));
    let lock = world.lock("top");
    expect![[r#"
        {
          "nodes": {
            "data": {
              "flake": false,
              "locked": {
                "lastModified": 1700000000,
                "narHash": "sha256-m/i4zIJHKRtapNnPwNUoFromRkwfucNCdbqZ1oxSjWo=",
                "path": "HERE/data",
                "type": "path"
              },
              "original": {
                "path": "HERE/data",
                "type": "path"
              }
            },
            "leaf": {
              "locked": {
                "lastModified": 1700000000,
                "narHash": "sha256-wn3yVKiC7eu3jQgL3si6zzYEDljbtMXz3h7LmtLq5D0=",
                "path": "HERE/leaf",
                "type": "path"
              },
              "original": {
                "path": "HERE/leaf",
                "type": "path"
              }
            },
            "root": {
              "inputs": {
                "data": "data",
                "leaf": "leaf",
                "same": [
                  "leaf"
                ]
              }
            }
          },
          "root": "root",
          "version": 7
        }
    "#]]
    .assert_eq(&lock);
    expect![""].assert_eq(&world.messages.join("\n"));
    // It is kept byte for byte, and what it pins is compared.
    world.write("data/file", "other\n");
    assert_eq!(world.lock("top"), lock);
    expect!["error: NAR hash mismatch in input 'path:HERE/data?lastModified=1700000000&narHash=sha256-m/i4zIJHKRtapNnPwNUoFromRkwfucNCdbqZ1oxSjWo%3D', expected 'sha256-m/i4zIJHKRtapNnPwNUoFromRkwfucNCdbqZ1oxSjWo=' but got 'sha256-d91AfgCb3KwOje1UL/PImLqcGEt57fOAGT9uerP4c5A='"].assert_eq(&world.eval("./top#x"));
    world.plan.lock.updates = vec!["data".to_owned(), "absent".to_owned()];
    world.plan.lock.writing = Writing::Refused;
    expect![[r#"
        error: flake 'path:HERE/top' requires lock file changes but they're not allowed due to '--no-update-lock-file':
        • Updated input 'data':
            'path:HERE/data?lastModified=1700000000&narHash=sha256-m/i4zIJHKRtapNnPwNUoFromRkwfucNCdbqZ1oxSjWo%3D' (2023-11-14)
          → 'path:HERE/data?lastModified=1700000000&narHash=sha256-d91AfgCb3KwOje1UL/PImLqcGEt57fOAGT9uerP4c5A%3D' (2023-11-14)"#]].assert_eq(&world.eval("./top#x"));
    world.plan.lock.writing = Writing::Allowed;
    expect![[r#"["leaf","leaf","other\n","flake"]"#]].assert_eq(&world.eval("./top#x"));
    expect![[r#"
        'absent' does not match any input of this flake
        updating lock file 'HERE/top/flake.lock':
        • Updated input 'data':
            'path:HERE/data?lastModified=1700000000&narHash=sha256-m/i4zIJHKRtapNnPwNUoFromRkwfucNCdbqZ1oxSjWo%3D' (2023-11-14)
          → 'path:HERE/data?lastModified=1700000000&narHash=sha256-d91AfgCb3KwOje1UL/PImLqcGEt57fOAGT9uerP4c5A%3D' (2023-11-14)"#]].assert_eq(&world.messages.join("\n"));
}

#[test]
fn an_input_is_fetched_only_when_it_is_used() {
    let mut world = World::new(&[
        ("one/flake.nix", LEAF),
        ("two/flake.nix", LEAF),
        (
            "top/flake.nix",
            "{
              inputs.one.url = \"path:HERE/one\";
              inputs.two.url = \"path:HERE/two\";
              outputs = { self, one, two }: { one = one.name; two = two.name; };
            }",
        ),
    ]);
    world.lock("top");
    fs::remove_dir_all(world.path("two")).expect("removed");
    expect![[r#""leaf""#]].assert_eq(&world.eval("./top#one"));
    expect!["error: path 'HERE/two' does not exist"].assert_eq(&world.eval("./top#two"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a flake, and what is expected of it")]
fn inputs_may_lie_in_the_tree_of_the_flake() {
    let mut world = World::new(&[
        (
            "flake.nix",
            "{
              inputs.sub.url = ./sub;
              inputs.plain = { url = \"path:./sub\"; flake = false; };
              outputs = { self, sub, plain }: { x = [ sub.deep.name sub.name ]; dir = sub.outPath; plain = \"${plain}\"; };
            }",
        ),
        (
            "sub/flake.nix",
            "{ inputs.deep.url = \"path:../leaf\"; outputs = { self, deep }: { name = \"sub\"; inherit deep; }; }",
        ),
        ("leaf/flake.nix", LEAF),
    ]);
    expect![[r#"["leaf","sub"]"#]].assert_eq(&world.eval("path:.#x"));
    expect![[r#"
        {
          "nodes": {
            "deep": {
              "locked": {
                "path": "../leaf",
                "type": "path"
              },
              "original": {
                "path": "../leaf",
                "type": "path"
              },
              "parent": [
                "sub"
              ]
            },
            "plain": {
              "flake": false,
              "locked": {
                "path": "./sub",
                "type": "path"
              },
              "original": {
                "path": "./sub",
                "type": "path"
              },
              "parent": []
            },
            "root": {
              "inputs": {
                "plain": "plain",
                "sub": "sub"
              }
            },
            "sub": {
              "inputs": {
                "deep": "deep"
              },
              "locked": {
                "path": "sub",
                "type": "path"
              },
              "original": {
                "path": "sub",
                "type": "path"
              },
              "parent": []
            }
          },
          "root": "root",
          "version": 7
        }
    "#]]
    .assert_eq(&world.lock("."));
    expect![[r#""/nix/store/3y0mclqmyqbay5z76s6nkdlx0jz5sdkh-source/sub""#]]
        .assert_eq(&world.eval(".#dir"));
    expect![[r#""/nix/store/3y0mclqmyqbay5z76s6nkdlx0jz5sdkh-source/./sub""#]]
        .assert_eq(&world.eval(".#plain"));
}

#[test]
fn the_command_line_overrides_inputs() {
    let mut world = World::new(&[
        ("leaf/flake.nix", LEAF),
        ("other/flake.nix", "{ outputs = { self }: { name = \"other\"; }; }"),
        (
            "middle/flake.nix",
            "{ inputs.leaf.url = \"path:HERE/leaf\"; outputs = { self, leaf }: { inherit (leaf) name; }; }",
        ),
        (
            "top/flake.nix",
            "{ inputs.middle.url = \"path:HERE/middle\"; outputs = { self, middle }: { x = middle.name; }; }",
        ),
    ]);
    world.plan.lock.writing = Writing::Skipped;
    world.plan.lock.overrides = vec![
        ("middle/leaf".into(), "path:./other".into()),
        ("no/such".into(), "path:./other".into()),
    ];
    expect![[r#""other""#]].assert_eq(&world.eval("./top#x"));
    let first: Vec<_> = world.messages.iter().filter_map(|text| text.lines().next()).collect();
    expect![[r#"
        the flag '--override-input no/such path:HERE/other' does not match any input
        not writing modified lock file of flake 'path:HERE/top':"#]]
    .assert_eq(&first.join("\n"));
    assert!(!world.path("top/flake.lock").exists());
}

#[test]
fn inputs_of_inputs_follow() {
    let mut world = World::new(&[
        ("leaf/flake.nix", LEAF),
        ("middle/flake.nix", "{ inputs.leaf.url = \"path:HERE/nowhere\"; outputs = { self, leaf }: { inherit (leaf) name; }; }"),
        (
            "top/flake.nix",
            "{
              inputs.leaf.url = \"path:HERE/leaf\";
              inputs.middle = { url = \"path:HERE/middle\"; inputs.leaf.follows = \"leaf\"; inputs.absent.follows = \"\"; };
              outputs = { self, leaf, middle }: { x = middle.name; };
            }",
        ),
    ]);
    expect![[r#""leaf""#]].assert_eq(&world.eval("./top#x"));
    let first: Vec<_> = world.messages.iter().filter_map(|text| text.lines().next()).collect();
    expect![[r#"
        input 'middle' has an override for a non-existent input 'absent'
        creating lock file 'HERE/top/flake.lock':"#]]
    .assert_eq(&first.join("\n"));
    // When the override goes, the flake itself says again what it wants.
    world.write(
        "top/flake.nix",
        "{ inputs.leaf.url = \"path:HERE/leaf\"; inputs.middle.url = \"path:HERE/middle\"; outputs = { self, leaf, middle }: { x = middle.name; }; }",
    );
    expect!["error: path 'HERE/nowhere' does not exist"].assert_eq(&world.eval("./top#x"));
}

#[test]
fn flakes_that_import_each_other_are_refused() {
    let mut world = World::new(&[
        ("a/flake.nix", "{ inputs.b.url = \"path:HERE/b\"; outputs = _: { x = 1; }; }"),
        ("b/flake.nix", "{ inputs.a.url = \"path:HERE/a\"; outputs = _: { x = 1; }; }"),
    ]);
    expect!["error: found circular import of flake 'path:HERE/b'"].assert_eq(&world.eval("./a#x"));
}

#[test]
fn broken_lock_files_say_so() {
    for (lock, expected) in [
        (
            "",
            expect![[r#"
            error: cannot read the lock file 'flake.lock': [json.exception.parse_error.101] parse error at line 1, column 1: attempting to parse an empty input; check that your input string or stream contains the expected JSON
            help: restore it, or remove it to lock all inputs anew"#]],
        ),
        (
            "<html>",
            expect![[r#"
            error: cannot read the lock file 'flake.lock': [json.exception.parse_error.101] parse error at line 1, column 1: syntax error while parsing value - invalid literal; last read: '<'
            help: restore it, or remove it to lock all inputs anew"#]],
        ),
        (
            "{\"version\": 99}",
            expect![[r#"
            error: cannot read the lock file 'flake.lock': it has unsupported version 99
            help: restore it, or remove it to lock all inputs anew"#]],
        ),
    ] {
        let mut world = World::new(&[("flake.nix", LEAF), ("flake.lock", lock)]);
        expected.assert_eq(&world.eval("path:.#name"));
    }
}

#[test]
fn flakes_are_found_from_below_and_attributes_by_short_names() {
    let flake = "{ outputs = { self }: {
      packages.x86_64-linux = { default = { p = 1; }; \"a.b\" = 2; };
      legacyPackages.x86_64-linux.old = 3;
      plain = { z = 4; };
    }; }";
    let mut world = World::new(&[("flake.nix", flake), ("deep/er/file", "")]);
    expect![[r#"{"p":1}"#]].assert_eq(&world.eval("./deep/er"));
    expect!["2"].assert_eq(&world.eval(".#\"a.b\""));
    expect!["3"].assert_eq(&world.eval(".#old"));
    expect!["4"].assert_eq(&world.eval(".#plain.z"));
    expect![[r#"{"z":4}"#]].assert_eq(&world.eval(".#.plain"));
    expect![[r#"
        error: flake 'path:HERE' does not provide attribute 'packages.x86_64-linux.absent.z', 'legacyPackages.x86_64-linux.absent.z' or 'absent.z'
        help: its outputs are legacyPackages, packages, plain; `frazil flake show` lists what is in them"#]].assert_eq(&world.eval(".#absent.z"));
    expect!["error: path 'HERE/deep/er/file' is not a flake (because it's not a directory)"]
        .assert_eq(&world.eval("./deep/er/file"));
    expect!["error: path 'HERE/none' does not exist"].assert_eq(&world.eval("./none"));
    expect![[r#"
        error: cannot find flake 'flake:nixpkgs' in the flake registries
        help: say what it stands for with `--override-input nixpkgs URL`, with `--override-flake nixpkgs URL`, or once and for all with `frazil flake registry add nixpkgs URL`"#]].assert_eq(&world.eval("nixpkgs#hello"));
    expect!["error: path 'HERE/absent' does not exist"].assert_eq(&world.eval("path:./absent"));
}

#[test]
fn init_writes_a_flake_that_can_be_read() {
    let mut world = World::new(&[]);
    let made = init(&world.path("new")).expect("made");
    assert_eq!(made, world.path("new/flake.nix"));
    expect!["'HERE/new/flake.nix' exists already"].assert_eq(
        &init(&world.path("new")).unwrap_err().to_string().replace(&world.here(), "HERE"),
    );
    world.plan.lock.writing = Writing::Skipped;
    world.plan.lock.overrides = vec![("nixpkgs".into(), "builtin:frazil".into())];
    let names = world.run(|plan, host| {
        with_flake(plan, "./new", host, |_, _, locked| {
            Ok(locked.new.root().inputs.keys().cloned().collect::<Vec<_>>().join(" "))
        })
    });
    expect!["frazil nixpkgs"].assert_eq(&names);
}

#[test]
fn the_distribution_is_built_in() {
    let mut world = World::new(&[(
        "flake.nix",
        "{ inputs.frazil.url = \"builtin:frazil\"; outputs = { self, frazil }: { x = builtins.pathExists (frazil + \"/flake.nix\"); t = frazil._type; }; }",
    )]);
    expect!["true"].assert_eq(&world.eval("path:.#x"));
    expect![[r#""flake""#]].assert_eq(&world.eval("path:.#t"));
    // As if another version had made the lock.
    let lock = fs::read_to_string(world.path("flake.lock")).expect("read");
    let hash = lock.split('"').find(|text| text.starts_with("sha256-")).expect("a hash").to_owned();
    let other = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    world.write("flake.lock", &lock.replace(&hash, other));
    let version = env!("CARGO_PKG_VERSION");
    let shown = world.eval("path:.#x").replace(&hash, "HASH").replace(version, "VERSION");
    expect![[r#"
        error: the lock file was made with another version of frazil: it pins 'builtin:frazil' as 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', and this is version VERSION with 'HASH'
        help: lock the version at hand with `frazil update`, or use the other version"#]].assert_eq(&shown);
    expect![[r#"
        error: there is no flake 'builtin:other' in this program
        help: the only one is `builtin:frazil`"#]]
    .assert_eq(&world.eval("builtin:other#x"));
    expect![[r#"
        error: cannot fetch inputs of the type 'debian'
        help: this program is not able to read Debian's archive"#]]
    .assert_eq(&world.eval("debian:trixie#x"));
}
