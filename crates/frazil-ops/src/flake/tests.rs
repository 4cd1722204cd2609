//! Flakes on a disk. What is expected of lock files was compared with C++ Nix 2.26.3, which
//! `crates/frazil-cli/tests/cli/flakes.rs` does again where there is one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use expect_test::{Expect, expect};
use frazil_eval::host::Message;
use frazil_eval::{Options, with_large_stack};
use frazil_model::StoreDir;
use tempfile::TempDir;

use super::{
    AttributeKind, FlakePlan, LockPlan, OutputSelection, ShowOptions, Writing, check, find, init,
    metadata, resolve_installable, show, with_flake,
};
use crate::eval::Failure;
use crate::host::{Additions, DiskHost, HostContext};

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
        self.settle(self.folder.path());
    }

    /// Gives everything the same time.
    fn settle(&self, path: &Path) {
        if path.is_dir() {
            for entry in fs::read_dir(path).expect("listed") {
                self.settle(&entry.expect("listed").path());
            }
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME_SECONDS);
        File::open(path).and_then(|file| file.set_modified(time)).expect("set");
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
                additions: Additions::InMemory,
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

const LEAF: &str = "{ outputs = { self }: { name = \"leaf\"; }; }";

#[test]
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

/// What is wrong with a `flake.nix`.
#[track_caller]
fn refuses(flake: &str, expected: Expect) {
    let mut world = World::new(&[("flake.nix", flake), ("leaf/flake.nix", LEAF)]);
    expected.assert_eq(&world.eval("path:.#x"));
}

#[test]
fn flake_files_are_written_out() {
    refuses(
        "let x = 1; in { outputs = _: { }; }",
        expect![
            "error: file '/nix/store/x3kfp96223s8ml70c0r0j3px5dzkp7k3-source/flake.nix' must be an attribute set"
        ],
    );
    refuses(
        "x: { }",
        expect![
            "error: file '/nix/store/29s5gq4w97nd3axn858l0ip4xx3mc17j-source/flake.nix' must be an attribute set"
        ],
    );
    refuses("{ }", expect!["error: flake 'path:HERE' lacks attribute 'outputs'"]);
    refuses("{ outputs = 1; }", expect!["error: expected a function but got an integer"]);
    refuses(
        "{ outputs = import ./x.nix; }",
        expect![[r#"
        error: expected a function but got a thunk
        help: in `flake.nix`, only `outputs` may compute anything"#]],
    );
    refuses(
        "{ description = 1; outputs = _: { }; }",
        expect!["error: expected a string but got an integer"],
    );
    refuses(
        "{ description = \"a\" + \"b\"; outputs = _: { }; }",
        expect![[r#"
        error: expected a string but got a thunk
        help: in `flake.nix`, only `outputs` may compute anything"#]],
    );
    refuses(
        "{ odd = 1; outputs = _: { }; }",
        expect!["error: flake 'path:HERE' has an unsupported attribute 'odd'"],
    );
    refuses(
        "{ inputs.a = { url = \"path:x${\"y\"}\"; }; outputs = _: { }; }",
        expect![[r#"
        error: expected a string or a path but got a thunk
        help: in `flake.nix`, only `outputs` may compute anything"#]],
    );
    refuses(
        "{ inputs.a = { url = \"path:./x\"; ref = \"b\"; }; outputs = _: { }; }",
        expect!["error: unexpected flake input attribute 'ref'"],
    );
    refuses(
        "{ inputs.a = { type = \"path\"; }; outputs = _: { }; }",
        expect!["error: input attribute 'path' is missing"],
    );
    refuses(
        "{ inputs.a = 3; outputs = _: { }; }",
        expect!["error: expected a set but got an integer"],
    );
    refuses(
        "{ inputs.a.url = 3; outputs = _: { }; }",
        expect!["error: expected a string or a path but got an integer"],
    );
    refuses(
        "{ inputs.a.flake = \"no\"; outputs = _: { }; }",
        expect!["error: expected a Boolean but got a string"],
    );
    refuses(
        "{ inputs.a.follows = \"a b\"; outputs = _: { }; }",
        expect!["error: invalid flake input path element 'a b'"],
    );
    refuses(
        "{ inputs.a.url = /etc; outputs = _: { }; }",
        expect![
            "error: input path '/etc' must be in the same source tree as '/nix/store/as5my06lxh0kvga9wfcm19f3zgvkk1vh-source'"
        ],
    );
    refuses(
        "{ nixConfig.a = { }; outputs = _: { }; }",
        expect!["error: flake configuration setting 'a' is a set"],
    );
    refuses(
        "{ outputs = _: { x = 1; }; } 2",
        expect![
            "error: file '/nix/store/rpwsjqv4waim1kd91l1np2la1wvzklla-source/flake.nix' must be an attribute set"
        ],
    );
    refuses(
        "{ outputs = { self }: { }; }",
        expect![[r#"
        error: flake 'path:HERE' does not provide attribute 'packages.x86_64-linux.x', 'legacyPackages.x86_64-linux.x' or 'x'
        help: the flake has no outputs at all"#]],
    );
}

#[test]
fn nothing_leads_out_of_a_tree() {
    refuses(
        "{ inputs.a.url = \"path:../x\"; outputs = _: { x = 1; }; }",
        expect!["error: the path '../x' leads out of the source tree of its flake"],
    );
    refuses(
        "{ inputs.a.url = \"path:HERE/leaf?dir=../..\"; outputs = _: { x = 1; }; }",
        expect!["error: the path '../..' leads out of the source tree of its flake"],
    );
    refuses(
        "{ inputs.a = { url = \"path:./leaf\"; inputs.b.url = \"path:../..\"; }; outputs = _: { x = 1; }; }",
        expect!["1"],
    );
    refuses(
        "{ outputs = _: { x = builtins.readFile /etc/hostname; }; }",
        expect![
            "error: access to absolute path '/etc' is forbidden in pure evaluation mode (use '--impure' to override)"
        ],
    );
    refuses("{ outputs = { self }: { x = builtins.readDir (self + \"/..\"); }; }", expect!["{}"]);
    let mut world = World::new(&[
        (
            "flake.nix",
            "{ inputs.a.url = \"path:HERE/leaf\"; outputs = { self, a }: { x = a.name; }; }",
        ),
        ("leaf/flake.nix", LEAF),
    ]);
    world.lock(".");
    let lock = fs::read_to_string(world.path("flake.lock")).expect("read");
    world.write(
        "flake.lock",
        &lock.replacen("\"type\": \"path\"", "\"dir\": \"../../..\", \"type\": \"path\"", 1),
    );
    expect!["error: the path '../../..' leads out of the source tree of its flake"]
        .assert_eq(&world.eval("path:.#x"));
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
fn outputs_of_derivations_are_selected() {
    let split = |text: &str| format!("{:?}", OutputSelection::split(text));
    expect![[r#"(".#a", Default)"#]].assert_eq(&split(".#a"));
    expect![[r#"(".#a", Named(["dev", "out"]))"#]].assert_eq(&split(".#a^out,dev,out"));
    expect![[r#"(".#a", All)"#]].assert_eq(&split(".#a^*"));
    expect![[r#"(".#a^", Default)"#]].assert_eq(&split(".#a^"));
    expect![[r#"(".#\"^ \"", Default)"#]].assert_eq(&split(".#\"^ \""));
}

const PROVIDES: &str = "{
  description = \"all kinds of things\";
  nixConfig.extra-substituters = [ \"https://cache.invalid\" ];
  outputs = { self }: {
    packages.x86_64-linux.default = { type = \"derivation\"; name = \"p-1\"; drvPath = \"/d\"; meta.description = \"a package\"; };
    packages.other.default = throw \"not for us\";
    apps.x86_64-linux.run = { type = \"app\"; program = \"/bin/x\"; };
    overlays.default = final: prev: { };
    templates.new = { path = ./.; description = \"a template\"; };
    nixosModules.m = { };
    devShells.x86_64-linux = { };
    legacyPackages.x86_64-linux.y = 1;
    odd = 1;
  };
}";

#[test]
fn show_lists_what_there_is() {
    let mut world = World::new(&[("flake.nix", PROVIDES)]);
    let mut shown = |options: ShowOptions| {
        world.run(|plan, host| {
            let (_, shown) = show(plan, "path:.", options, host)?;
            Ok(format!("{}{}", shown.text("NAME"), shown.json().compact()))
        })
    };
    expect![[r#"
        NAME
        ├───apps
        │   └───x86_64-linux
        │       └───run: app: no description
        ├───legacyPackages
        │   └───x86_64-linux omitted (use '--legacy' to show)
        ├───nixosModules
        │   └───m: NixOS module
        ├───odd: unknown
        ├───overlays
        │   └───default: Nixpkgs overlay
        ├───packages
        │   ├───other
        │   │   └───default omitted (use '--all-systems' to show)
        │   └───x86_64-linux
        │       └───default: package 'p-1'
        └───templates
            └───new: template: a template
        {"apps":{"x86_64-linux":{"run":{"type":"app"}}},"legacyPackages":{"x86_64-linux":{}},"nixosModules":{"m":{"type":"nixos-module"}},"odd":{"type":"unknown"},"overlays":{"default":{"type":"nixpkgs-overlay"}},"packages":{"other":{"default":{}},"x86_64-linux":{"default":{"description":"a package","name":"p-1","type":"derivation"}}},"templates":{"new":{"description":"a template","type":"template"}}}"#]].assert_eq(&shown(ShowOptions::default()));
    expect!["error: not for us"].assert_eq(&shown(ShowOptions { legacy: true, all_systems: true }));
}

#[test]
fn check_finds_what_is_not_as_it_should_be() {
    let mut world = World::new(&[("flake.nix", PROVIDES)]);
    let checked = |world: &mut World| {
        world.run(|plan, host| check(plan, "path:.", false, host).map(|()| "good".to_owned()))
    };
    expect!["good"].assert_eq(&checked(&mut world));
    expect![[r#"
        unknown flake output 'odd'
        these systems were omitted: other; --all-systems checks them, too"#]]
    .assert_eq(&world.messages.join("\n"));
    world.write(
        "flake.nix",
        "{ outputs = _: { packages.x86_64-linux = { a = 1; b = throw \"no b\"; }; overlays.o = 1; checks = 1; apps.x86_64-linux.x = { }; }; }",
    );
    expect![[r#"
        error: flake attribute 'apps.x86_64-linux.x' is not an app, but a set
        error: flake output 'checks' is an integer, not a set
        error: flake attribute 'overlays.o' is not an overlay, which is a function, but an integer
        error: flake attribute 'packages.x86_64-linux.a' is not a derivation, but an integer
        error: while checking flake output 'packages.x86_64-linux.b': no b"#]]
    .assert_eq(&checked(&mut world));
}

#[test]
fn metadata_tells_what_is_known() {
    let mut world = World::new(&[("flake.nix", PROVIDES)]);
    let text = world.run(|plan, host| {
        let metadata = metadata(plan, "path:.", host)?;
        Ok(format!("{}{}", metadata.text(), metadata.json().compact()))
    });
    expect![[r#"
        Resolved URL:  path:HERE
        Locked URL:    path:HERE?lastModified=1700000000&narHash=sha256-hSt5Zn5/mx9ka68ltf%2B3y7DOM00ShW6IIHnbe2Td4cA%3D
        Description:   all kinds of things
        Path:          /nix/store/kvmkph1sa4h6792zlsszlqr9nz5v1jm5-source
        Last modified: 2023-11-14
        Setting:       extra-substituters = ["https://cache.invalid"] (not applied)
        {"description":"all kinds of things","lastModified":1700000000,"locked":{"lastModified":1700000000,"narHash":"sha256-hSt5Zn5/mx9ka68ltf+3y7DOM00ShW6IIHnbe2Td4cA=","path":"HERE","type":"path"},"locks":{"nodes":{"root":{}},"root":"root","version":7},"original":{"path":"HERE","type":"path"},"originalUrl":"path:HERE","path":"/nix/store/kvmkph1sa4h6792zlsszlqr9nz5v1jm5-source","resolved":{"path":"HERE","type":"path"},"resolvedUrl":"path:HERE","url":"path:HERE?lastModified=1700000000&narHash=sha256-hSt5Zn5/mx9ka68ltf%2B3y7DOM00ShW6IIHnbe2Td4cA%3D"}"#]].assert_eq(&text);
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

#[test]
fn find_reads_what_users_write() {
    let world = World::new(&[("a/flake.nix", LEAF), ("g/.git/x", ""), ("g/sub/flake.nix", LEAF)]);
    let here = world.here();
    let mut host = crate::host::DiskHost::new(
        HostContext {
            store_dir: StoreDir::default(),
            physical_dir: "/absent/store".into(),
            additions: Additions::InMemory,
            environment: BTreeMap::new(),
            now: 7,
        },
        |_| (),
    );
    let mut shown = |text: &str| {
        let found = find(text, &world.plan.base, &mut host);
        let found = match found {
            Ok(top) => format!(
                "{} # {} ({})",
                super::shown(&top.reference),
                top.fragment,
                top.directory.map_or("-".to_owned(), |path| path.display().to_string())
            ),
            Err(error) => format!("error: {error}"),
        };
        found.replace(&here, "HERE")
    };
    expect!["path:HERE/a #  (HERE/a)"].assert_eq(&shown("./a"));
    expect!["path:HERE/a # x (HERE/a)"].assert_eq(&shown("./a/flake.nix#x"));
    expect!["path:HERE/a # b (HERE/a)"].assert_eq(&shown("path:a#b"));
    expect!["git+file://HERE/g?dir=sub #  (HERE/g/sub)"].assert_eq(&shown("./g/sub"));
    expect!["git+file://HERE/g?dir=sub #  (HERE/g/sub)"].assert_eq(&shown("./g?dir=sub"));
    expect!["error: flake URL './g/sub?dir=x' has an inconsistent 'dir' parameter"]
        .assert_eq(&shown("./g/sub?dir=x"));
    expect!["error: path 'HERE/g' is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)"].assert_eq(&shown("./g"));
    expect!["git+file://HERE/g?ref=x #  (-)"].assert_eq(&shown("git+file:./g?ref=x"));
    expect!["flake:nixpkgs/unstable # x (-)"].assert_eq(&shown("nixpkgs/unstable#x"));
    expect!["error: path 'HERE/path:/x%zz' does not exist"].assert_eq(&shown("path:/x%zz"));
}
