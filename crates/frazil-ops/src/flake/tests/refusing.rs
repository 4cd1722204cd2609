//! What is wrong with flakes that were written badly, or by someone who means ill.

use std::fs;

use expect_test::{Expect, expect};

use super::{LEAF, World};

/// What is wrong with a `flake.nix`.
#[track_caller]
fn refuses(flake: &str, expected: Expect) {
    let mut world = World::new(&[("flake.nix", flake), ("leaf/flake.nix", LEAF)]);
    expected.assert_eq(&world.eval("path:.#x"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
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
fn lock_files_do_not_explode() {
    let hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let mut nodes = vec![r#""root":{"inputs":{"n":"n0"}}"#.to_owned()];
    // Each has the next one twice, so there are 2^40 ways to the last.
    for index in 0..40 {
        let next = index + 1;
        let inputs =
            if next < 40 { format!(r#"{{"a":"n{next}","b":"n{next}"}}"#) } else { "{}".into() };
        nodes.push(format!(
            r#""n{index}":{{"inputs":{inputs},"locked":{{"narHash":"{hash}","path":"/n{index}","type":"path"}},"original":{{"path":"/n{index}","type":"path"}}}}"#
        ));
    }
    let lock = format!(r#"{{"nodes":{{{}}},"root":"root","version":7}}"#, nodes.join(","));
    let flake = "{ inputs.n.url = \"path:/n0\"; outputs = _: { x = 1; }; }";
    let mut world = World::new(&[("flake.nix", flake), ("flake.lock", &lock)]);
    expect!["error: the flake has too many inputs, of inputs, of inputs"]
        .assert_eq(&world.eval("path:.#x"));
}
