//! Lock files and registries as texts; flakes themselves are tested in `frazil-ops`, over a disk.

use expect_test::{Expect, expect};

use super::diff::print_changes;
use super::lock_file::LockFile;
use super::registry::Registry;
use super::{day, parse_path};
use crate::input::FlakeRef;

/// A lock file with these nodes; the top flake is called `root`.
fn with_nodes(nodes: &str) -> String {
    format!(r#"{{"nodes":{{{nodes}}},"root":"root","version":7}}"#)
}

/// A node for a tree that is pinned, with these further members.
fn node(name: &str, more: &str) -> String {
    let hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    format!(
        r#""{name}":{{"locked":{{"narHash":"{hash}","path":"/{name}","type":"path"}},"original":{{"path":"/{name}","type":"path"}}{more}}}"#
    )
}

/// What is printed for a lock file, or what is wrong with it.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match LockFile::parse(text.as_bytes()) {
        Ok(file) => match file.check() {
            Ok(()) => file.to_json().compact(),
            Err(error) => format!("check: {error}"),
        },
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn empty_lock_files_print_as_nix_prints_them() {
    let (text, _) = LockFile::default().print();
    expect![[r#"
        {
          "nodes": {
            "root": {}
          },
          "root": "root",
          "version": 7
        }"#]]
    .assert_eq(&text);
}

#[test]
fn nodes_are_named_by_the_input_that_leads_to_them() {
    let text = with_nodes(&format!(
        r#""root":{{"inputs":{{"a":"x","b":"y"}}}},{},{}"#,
        node("x", r#","inputs":{"b":"y","c":["a","b"]}"#),
        node("y", r#","flake":false"#)
    ));
    check(
        &text,
        expect![[
            r#"{"nodes":{"a":{"inputs":{"b":"b","c":["a","b"]},"locked":{"narHash":"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","path":"/x","type":"path"},"original":{"path":"/x","type":"path"}},"b":{"flake":false,"locked":{"narHash":"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","path":"/y","type":"path"},"original":{"path":"/y","type":"path"}},"root":{"inputs":{"a":"a","b":"b"}}},"root":"root","version":7}"#
        ]],
    );
}

#[test]
fn unknown_types_stay_as_they_are() {
    let text = r#"{"nodes":{"n":{"locked":{"odd":true,"size":3,"type":"novel","what":"ü"},"original":{"type":"novel"}},"root":{"inputs":{"n":"n"}}},"root":"root","version":7}"#;
    let file = LockFile::parse(text.as_bytes()).expect("read");
    assert_eq!(file.to_json().compact(), text);
}

#[test]
fn older_versions_are_read() {
    let hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let text = format!(
        r#"{{"nodes":{{"n":{{"info":{{"lastModified":5,"narHash":"{hash}"}},"locked":{{"path":"/n","type":"path"}},"original":{{"id":"n","type":"indirect"}}}},"root":{{"inputs":{{"n":"n"}}}}}},"root":"root","version":5}}"#
    );
    check(
        &text,
        expect![[
            r#"{"nodes":{"n":{"locked":{"lastModified":5,"narHash":"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","path":"/n","type":"path"},"original":{"id":"n","type":"indirect"}},"root":{"inputs":{"n":"n"}}},"root":"root","version":7}"#
        ]],
    );
}

#[test]
fn garbage_is_refused() {
    check(
        "",
        expect![
            "error: [json.exception.parse_error.101] parse error at line 1, column 1: attempting to parse an empty input; check that your input string or stream contains the expected JSON"
        ],
    );
    check("[]", expect!["error: it has unsupported version 0"]);
    check(&"[".repeat(100_000), expect!["error: the JSON document nests deeper than 64 levels"]);
    check(r#"{"version":8}"#, expect!["error: it has unsupported version 8"]);
    check(r#"{"version":"7"}"#, expect!["error: 'version' is not what it should be"]);
    check(r#"{"version":7}"#, expect!["error: attribute 'root' missing in lock file"]);
    check(
        r#"{"nodes":{},"root":"root","version":7}"#,
        expect!["error: lock file references missing node 'root'"],
    );
    check(
        &with_nodes(r#""root":{"inputs":3}"#),
        expect!["error: 'inputs' is not what it should be"],
    );
    check(
        &with_nodes(r#""root":{"inputs":{"a":"a"}}"#),
        expect!["error: lock file references missing node 'a'"],
    );
    check(
        &with_nodes(r#""root":{"inputs":{"a":"a"}},"a":{}"#),
        expect!["error: attribute 'locked' missing in lock file"],
    );
    check(
        &with_nodes(r#""root":{"inputs":{"a":"root"}}"#),
        expect!["error: lock file contains cycle to root node"],
    );
    check(
        &with_nodes(&format!(
            r#""root":{{"inputs":{{"a":"a"}}}},{}"#,
            node("a", r#","inputs":{"a":"a"}"#)
        )),
        expect!["error: lock file contains a cycle through node 'a'"],
    );
    check(
        &with_nodes(
            r#""root":{"inputs":{"a":"a"}},"a":{"locked":{"path":"/a","type":"path"},"original":{"path":"/a","type":"path"}}"#,
        ),
        expect![[r#"error: it contains the unlocked input '{"path":"/a","type":"path"}'"#]],
    );
    check(
        &with_nodes(
            r#""root":{"inputs":{"a":"a"}},"a":{"locked":{"path":[],"type":"path"},"original":{"path":"/a","type":"path"}}"#,
        ),
        expect!["error: input attribute 'path' is neither a string, a number, nor a Boolean"],
    );
}

#[test]
fn chains_of_inputs_have_an_end() {
    let mut nodes = r#""root":{"inputs":{"n":"n0"}}"#.to_owned();
    for index in 0..1000 {
        let more = format!(r#","inputs":{{"n":"n{}"}}"#, index + 1);
        nodes.push(',');
        nodes.push_str(&node(&format!("n{index}"), &more));
    }
    check(&with_nodes(&nodes), expect!["error: its inputs nest too deep, or are too many"]);
}

#[test]
fn follows_must_lead_somewhere() {
    check(
        &with_nodes(r#""root":{"inputs":{"a":["b"],"b":["a"]}}"#),
        expect!["check: follow cycle detected: [b -> a -> b]"],
    );
    check(
        &with_nodes(r#""root":{"inputs":{"a":["b","c"]}}"#),
        expect!["check: input 'a' follows a non-existent input 'b/c'"],
    );
    check(
        &with_nodes(r#""root":{"inputs":{"a":[]}}"#),
        expect![[r#"{"nodes":{"root":{"inputs":{"a":[]}}},"root":"root","version":7}"#]],
    );
}

#[test]
fn changes_are_told() {
    let old = with_nodes(&format!(
        r#""root":{{"inputs":{{"a":"a","gone":["a"],"same":"same"}}}},{},{}"#,
        node("a", ""),
        node("same", "")
    ));
    let new = with_nodes(&format!(
        r#""root":{{"inputs":{{"a":["b"],"b":"b","same":"same"}}}},{},{}"#,
        node("b", ""),
        node("same", "")
    ));
    let [old, new] = [old, new].map(|text| LockFile::parse(text.as_bytes()).expect("read"));
    expect![[r#"
        • Updated input 'a':
            'path:/a?narHash=sha256-47DEQpj8HBSa%2B/TImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D'
          → follows 'b'
        • Added input 'b':
            'path:/b?narHash=sha256-47DEQpj8HBSa%2B/TImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D'
        • Removed input 'gone'"#]]
    .assert_eq(&print_changes(&old.changes(&new)));
}

#[test]
fn paths_of_inputs() {
    assert_eq!(parse_path("a/b_c/d-e").expect("read"), ["a", "b_c", "d-e"]);
    assert_eq!(parse_path("").expect("read"), [""; 0]);
    expect!["invalid flake input path element '1a'"].assert_eq(&parse_path("x/1a").unwrap_err());
}

#[test]
fn days() {
    assert_eq!(day(0), "1970-01-01");
    assert_eq!(day(1_709_164_800), "2024-02-29");
}

/// What a name stands for in a registry with one of everything.
#[track_caller]
fn resolve(reference: &str, expected: Expect) {
    let registry = r#"{"version":2,"flakes":[
        {"from":{"type":"indirect","id":"plain"},"to":{"type":"github","owner":"o","repo":"r"}},
        {"from":{"type":"indirect","id":"dir"},"to":{"type":"path","path":"/p","dir":"d"}},
        {"from":{"type":"indirect","id":"exact"},"to":{"type":"path","path":"/e"},"exact":true},
        {"from":{"type":"indirect","id":"again"},"to":{"type":"indirect","id":"plain"}},
        {"from":{"type":"indirect","id":"loop"},"to":{"type":"indirect","id":"loop"}},
        {"from":{"type":"indirect","id":"debian"},"to":{"type":"debian","suite":"trixie"}}
    ]}"#;
    let registry = Registry::parse(registry.as_bytes()).expect("read");
    assert_eq!(Registry::parse(registry.print().as_bytes()), Ok(registry.clone()));
    let reference = FlakeRef::parse(reference).expect("a reference");
    let shown = match registry.resolve(&reference) {
        Ok(found) => found.to_url().expect("a URL").to_string(),
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn registries_say_what_names_stand_for() {
    resolve("plain", expect!["github:o/r"]);
    resolve("plain/branch", expect!["github:o/r/branch"]);
    resolve(
        "plain/0000000000000000000000000000000000000000",
        expect!["github:o/r/0000000000000000000000000000000000000000"],
    );
    resolve("again/branch", expect!["github:o/r/branch"]);
    resolve("dir", expect!["path:/p?dir=d"]);
    resolve("exact", expect!["path:/e"]);
    resolve(
        "exact/branch",
        expect!["error: cannot find flake 'flake:exact/branch' in the flake registries"],
    );
    resolve("loop", expect!["error: cycle detected in flake registry for 'flake:loop'"]);
    resolve(
        "debian/branch",
        expect![
            "error: don't know how to set branch/tag name of input 'debian:trixie' to 'branch'"
        ],
    );
    resolve("unknown", expect!["error: cannot find flake 'flake:unknown' in the flake registries"]);
    resolve("path:/x", expect!["path:/x"]);
}
