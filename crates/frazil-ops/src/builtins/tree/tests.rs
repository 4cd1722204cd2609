use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use frazil_build::BuildEnvironment;
use frazil_build::builtin::BuiltinTask;
use frazil_build::sandbox::Cancel;
use frazil_model::{Derivation, OutputName, StoreDir, StorePath};
use serde_json::{Value, json};

use crate::builtins::Tools;
use crate::debian::test_archive::archives;
use crate::network::{FetchOptions, Network, NetworkPlan};

const ONE: &str = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one";
const TWO: &str = "/nix/store/11bgd045z0d4icpbc2yyz4gx48ak44la-two";

fn tools() -> Tools {
    let plan = NetworkPlan {
        fetch: FetchOptions::default(),
        substituters: Vec::new(),
        trusted_keys: Vec::new(),
        require_signatures: true,
        lookups: None,
        store_dir: StoreDir::default(),
    };
    let archives = archives("http://mirror.example", "key.gpg");
    Tools { network: Network::new(plan), archives, cache: None }
}

/// Two inputs that have a file each, one file in common, and one that differs.
fn inputs(top: &Path) -> BTreeMap<StorePath, PathBuf> {
    let mut inputs = BTreeMap::new();
    for (full, name) in [(ONE, "one"), (TWO, "two")] {
        let place = top.join(name);
        fs::create_dir_all(place.join("bin")).unwrap();
        fs::create_dir_all(place.join("share/doc")).unwrap();
        fs::create_dir_all(place.join("nix-support/debian")).unwrap();
        fs::write(place.join("nix-support/debian/package"), name).unwrap();
        fs::write(place.join("bin").join(name), name).unwrap();
        fs::set_permissions(place.join("bin").join(name), fs::Permissions::from_mode(0o755))
            .unwrap();
        fs::write(place.join("share/doc/same"), "same @who@ and @what@").unwrap();
        fs::write(place.join("share/doc/differs"), name).unwrap();
        symlink("/usr/bin/tool", place.join("bin/tool")).unwrap();
        fs::create_dir_all(place.join("data/usr/sbin")).unwrap();
        fs::write(place.join("data/usr/sbin/daemon"), "").unwrap();
        inputs.insert(StoreDir::default().parse(full.as_bytes()).unwrap(), place);
    }
    inputs
}

/// The tree that entries make, a line for each leaf, or what is wrong with them.
fn tree(entries: &Value) -> String {
    let directory = tempfile::tempdir().unwrap();
    let inputs = inputs(directory.path());
    let out = directory.path().join("out");
    let outputs = BTreeMap::from([(OutputName::out(), out.clone())]);
    let attributes = json!({ "entries": entries }).to_string().into_bytes();
    let environment = BuildEnvironment {
        builder: b"builtin:tree".to_vec(),
        args: Vec::new(),
        variables: BTreeMap::new(),
        files: BTreeMap::from([(b".attrs.json".to_vec(), attributes)]),
    };
    let derivation = Derivation {
        name: "t".parse().unwrap(),
        outputs: BTreeMap::new(),
        input_derivations: BTreeMap::new(),
        input_sources: BTreeSet::new(),
        system: b"builtin".to_vec(),
        builder: b"builtin:tree".to_vec(),
        args: Vec::new(),
        env: BTreeMap::new(),
    };
    let task = BuiltinTask {
        derivation: &derivation,
        environment: &environment,
        store: &StoreDir::default(),
        inputs: &inputs,
        outputs: &outputs,
        cancel: &Cancel::new().unwrap(),
        demand: &|_| panic!("a tree needs nothing but its inputs"),
        warn: &|text| panic!("{text}"),
    };
    if let Err(error) = super::build(&task, &tools(), &mut |_| {}) {
        assert!(!out.exists(), "nothing is written before all is known");
        return error.to_string();
    }
    let mut lines = Vec::new();
    list(&out, "", &mut lines);
    lines.join("\n")
}

fn list(place: &Path, shown: &str, lines: &mut Vec<String>) {
    if place.is_symlink() {
        lines.push(format!("{shown} -> {}", fs::read_link(place).unwrap().display()));
    } else if place.is_dir() {
        let mut names: Vec<_> =
            fs::read_dir(place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        if names.is_empty() {
            lines.push(format!("{shown}/"));
        }
        for name in names {
            let name = name.to_string_lossy();
            list(&place.join(&*name), &format!("{shown}/{name}"), lines);
        }
    } else {
        let mode = fs::metadata(place).unwrap().permissions().mode();
        let mark = if mode & 0o100 == 0 { "" } else { "*" };
        lines.push(format!("{shown}{mark} {:?}", fs::read_to_string(place).unwrap()));
    }
}

#[track_caller]
fn check(entries: Value, expected: Expect) {
    expected.assert_eq(&tree(&entries));
}

#[test]
fn writes_texts_links_and_copies() {
    check(json!([{ "path": "", "text": "x" }]), expect![[r#" "x""#]]);
    check(json!([{ "path": "", "text": "x", "executable": true }]), expect![[r#"* "x""#]]);
    check(json!([]), expect!["/"]);
    check(
        json!([
            { "path": "/bin/run", "text": "r", "executable": true },
            { "path": "etc/x", "link": "/usr/lib/x" },
            { "path": "all", "copy": format!("{ONE}/bin") },
            { "path": "both", "concat": [format!("{ONE}/bin/one"), format!("{TWO}/bin/two")] },
        ]),
        expect![[r#"
            /all/one* "one"
            /all/tool -> /usr/bin/tool
            /bin/run* "r"
            /both "onetwo"
            /etc/x -> /usr/lib/x"#]],
    );
}

#[test]
fn replaces_in_one_pass() {
    let file = format!("{ONE}/share/doc/same");
    let replace = |must_occur: bool, from: &str| {
        json!([{
            "path": "", "substitute": file, "mustOccur": must_occur, "executable": false,
            "replacements": [{ "from": "@who@", "to": "@what@" }, { "from": from, "to": "y" }],
        }])
    };
    check(replace(true, "@what@"), expect![[r#" "same @what@ and y""#]]);
    check(replace(false, "@absent@"), expect![[r#" "same @what@ and @what@""#]]);
    check(
        replace(true, "@absent@"),
        expect![
            "'@absent@' is not in /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/share/doc/same"
        ],
    );
}

#[test]
fn merges_trees_into_links() {
    let merge = |more: Value| {
        let mut entry = json!({ "path": "", "merge": [ONE, TWO] });
        for (name, value) in more.as_object().unwrap() {
            entry[name] = value.clone();
        }
        json!([entry])
    };
    check(
        merge(json!({})),
        expect![
            "two things are to be at 'share/doc/differs': a link to /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/share/doc/differs and a link to /nix/store/11bgd045z0d4icpbc2yyz4gx48ak44la-two/share/doc/differs"
        ],
    );
    check(
        merge(json!({ "collisions": "first" })),
        expect![[r#"
        /bin/one -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/bin/one
        /bin/tool -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/bin/tool
        /bin/two -> /nix/store/11bgd045z0d4icpbc2yyz4gx48ak44la-two/bin/two
        /data/usr/sbin/daemon -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/data/usr/sbin/daemon
        /nix-support/
        /share/doc/differs -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/share/doc/differs
        /share/doc/same -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/share/doc/same"#]],
    );
    check(
        merge(json!({ "only": ["bin"] })),
        expect![[r#"
        /bin/one -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/bin/one
        /bin/tool -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/bin/tool
        /bin/two -> /nix/store/11bgd045z0d4icpbc2yyz4gx48ak44la-two/bin/two"#]],
    );
    check(
        merge(json!({ "below": "share/doc", "collisions": "first" })),
        expect![[r#"
        /differs -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/share/doc/differs
        /same -> /nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/share/doc/same"#]],
    );
    check(
        merge(json!({ "collisions": "never" })),
        expect!["'collisions' of the entry '' is not 'first' or 'same'"],
    );
    let prefer_two = json!([
        { "path": "", "merge": [TWO], "only": ["share"] },
        { "path": "", "merge": [ONE], "only": ["share"], "isFallback": true },
    ]);
    check(
        prefer_two,
        expect![[r#"
        /share/doc/differs -> /nix/store/11bgd045z0d4icpbc2yyz4gx48ak44la-two/share/doc/differs
        /share/doc/same -> /nix/store/11bgd045z0d4icpbc2yyz4gx48ak44la-two/share/doc/same"#]],
    );
}

#[test]
fn links_to_commands_where_debian_has_them() {
    check(
        json!([{ "path": "", "commands": ONE }]),
        expect![[r#"
        /bin/daemon -> /usr/sbin/daemon
        /sbin/daemon -> /usr/sbin/daemon"#]],
    );
}

#[test]
fn two_things_at_one_path_are_an_error() {
    let twice = |one: Value, other: Value| {
        let (mut one, mut other) = (one, other);
        one["path"] = json!("a/b");
        other["path"] = other.get("path").cloned().unwrap_or(json!("a/b"));
        json!([one, other])
    };
    check(
        twice(json!({ "text": "x" }), json!({ "link": "/y" })),
        expect!["two things are to be at 'a/b': a text and a link to /y"],
    );
    check(twice(json!({ "text": "x" }), json!({ "text": "x" })), expect![[r#"/a/b "x""#]]);
    check(
        twice(json!({ "text": "x" }), json!({ "path": "a/b/c", "text": "x" })),
        expect!["two things are to be at 'a/b': a text and a directory"],
    );
    check(
        twice(json!({ "text": "x" }), json!({ "path": "", "text": "x" })),
        expect!["two things are to be at 'the output itself': a directory and a text"],
    );
}

#[test]
fn says_what_is_wrong_with_an_entry() {
    check(json!({}), expect!["'entries' is not a list of sets"]);
    check(json!([{ "text": "x" }]), expect!["the entry '' has no 'path'"]);
    check(
        json!([{ "path": "a" }]),
        expect![
            "the entry 'a' says not what to put there: it needs one of text, link, copy, concat, merge, substitute and commands"
        ],
    );
    check(json!([{ "path": "a", "text": 1 }]), expect!["'text' of the entry 'a' is not a string"]);
    check(
        json!([{ "path": "a", "text": "", "mode": "0644" }]),
        expect!["the entry 'a' has an unknown attribute 'mode'"],
    );
    check(
        json!([{ "path": "../a", "text": "" }]),
        expect!["the path '../a' of an entry does not stay inside of the output"],
    );
    check(
        json!([{ "path": "a", "copy": "/nix/store/22bgd045z0d4icpbc2yyz4gx48ak44la-no" }]),
        expect!["'/nix/store/22bgd045z0d4icpbc2yyz4gx48ak44la-no' is not among the inputs"],
    );
    check(
        json!([{ "path": "a", "copy": "/etc/passwd" }]),
        expect!["'/etc/passwd' is not among the inputs"],
    );
    check(
        json!([{ "path": "", "merge": [format!("{ONE}/bin/one")] }]),
        expect!["'/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-one/bin/one/' is not a directory"],
    );
}
