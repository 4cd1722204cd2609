use expect_test::{Expect, expect};
use frazil_tree::dump::parse;
use frazil_tree::{LeafKind, Node, Source, Tree, TreePath};

use super::{Weight, is_list, package_differences, packages, path_differences};
use crate::image::output::Format;
use crate::image::tests::{Fixture, read_options, with_image};
use crate::image::{ImageOptions, readers};

/// A tree of files, each given as its path and its text.
fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        let line = format!("file 644 0:0 layer-1 x = \"{}\"\n", text.as_bytes().escape_ascii());
        let made = parse(&format!("dir 755 0:0 - .\n{line}")).unwrap();
        let (_, leaf) = made.leaves().next().unwrap();
        let path = frazil_tree::TreePath::parse(path.as_bytes()).unwrap();
        tree.insert(path, leaf.clone()).unwrap();
    }
    tree
}

const DIGEST: &str = "00bgd045z0d4icpbc2yyz4gx48ak44la";

fn shown(weight: Option<&Weight>) -> String {
    weight.map_or("-".to_owned(), |weight| {
        let versions: Vec<String> =
            weight.versions.iter().map(|text| format!(", {text}")).collect();
        format!("{} bytes, {} files{}", weight.bytes, weight.files, versions.concat())
    })
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: Expect) {
    let mut text = String::new();
    for (name, weight) in packages(&tree(files)) {
        text.extend([&name, ": ", &shown(Some(&weight)), "\n"]);
    }
    expected.assert_eq(&text);
}

#[test]
fn files_have_owners() {
    let hello = format!("nix/store/{DIGEST}-hello-2.12/bin/hello");
    let manual = format!("nix/store/{DIGEST}-hello-2.12-man/share/hello.1");
    check(
        &[(&hello, "12345"), (&manual, "1"), ("etc/x", "12")],
        expect![[r#"
            (no package): 2 bytes, 1 files
            hello: 5 bytes, 1 files, 2.12
            hello-man: 1 bytes, 1 files, 2.12
        "#]],
    );
    let typing = format!("nix/store/{DIGEST}-python3.12-typing_extensions-4.1/x");
    let dated = format!("nix/store/{DIGEST}-tool-unstable-2024-01-31/x");
    check(
        &[(&typing, "1"), (&dated, "22")],
        expect![[r#"
            python3.12-typing_extensions: 1 bytes, 1 files, 4.1
            tool: 2 bytes, 1 files, 2024-01-31
        "#]],
    );
    let total = super::total(&tree(&[(&typing, "1"), (&dated, "22"), ("etc/x", "333")]));
    assert_eq!((total.bytes, total.files, total.packages, total.store_paths), (6, 3, 2, 2));
    check(
        &[
            ("var/lib/dpkg/status", "Package: dash\nVersion: 0.5\n"),
            ("var/lib/dpkg/info/dash.list", "/.\n/bin/dash\n"),
            ("usr/bin/dash", "123"),
        ],
        expect![[r#"
            (no package): 40 bytes, 2 files
            dash: 3 bytes, 1 files, 0.5
        "#]],
    );
    check(
        &[("lib/apk/db/installed", "P:musl\nV:1.2\nF:lib\nR:ld.so\n"), ("lib/ld.so", "1234")],
        expect![[r#"
            (no package): 27 bytes, 1 files
            musl: 4 bytes, 1 files, 1.2
        "#]],
    );
}

#[test]
fn differences_are_by_package_or_by_path() {
    let old = tree(&[
        (&format!("nix/store/{DIGEST}-hello-2.12/bin/hello"), "12345"),
        (&format!("nix/store/{DIGEST}-gone-1/x"), "1"),
    ]);
    let new = tree(&[
        (&format!("nix/store/{}-hello-2.13/bin/hello", DIGEST.replace('0', "1")), "12345"),
        (&format!("nix/store/{DIGEST}-new-1/x"), "123"),
    ]);
    let shown = |differences: Vec<super::Difference>| {
        let lines = differences.iter().map(|difference| {
            let (before, after) =
                (shown(difference.before.as_ref()), shown(difference.after.as_ref()));
            format!("{}: {before} -> {after}\n", difference.name)
        });
        lines.collect::<String>()
    };
    expect![[r#"
        new: - -> 3 bytes, 1 files, 1
        gone: 1 bytes, 1 files, 1 -> -
        hello: 5 bytes, 1 files, 2.12 -> 5 bytes, 1 files, 2.13
    "#]]
    .assert_eq(&shown(package_differences(&old, &new, false)));
    expect![[r#"
        new: - -> 3 bytes, 1 files, 1
        gone: 1 bytes, 1 files, 1 -> -
    "#]]
    .assert_eq(&shown(package_differences(&old, &new, true)));
    assert_eq!(path_differences(&old, &new, false).len(), 4);
    assert_eq!(path_differences(&old, &new, true).len(), 2);
}

/// A terminal shows no more than a name of a hostile image.
#[test]
fn names_are_no_commands_to_a_terminal() {
    let evil = format!("nix/store/{DIGEST}-e\x1b[31m-1.0/x");
    check(
        &[
            (&evil, "1"),
            ("var/lib/dpkg/status", "Package: p\x1b[2J\nVersion: 1\x07\n"),
            ("var/lib/dpkg/info/p\x1b[2J.list", "/bin/p\n"),
            ("bin/p", "1"),
        ],
        expect![[r#"
            (no package): 34 bytes, 2 files
            e\x1b[31m: 1 bytes, 1 files, 1.0
            p\x1b[2J: 1 bytes, 1 files, 1\x07
        "#]],
    );
}

/// Generated files have no version, so what is in them counts.
#[test]
fn contents_of_the_same_size_differ() {
    let [old, new] = ["one", "two"].map(|text| tree(&[("etc/hostname", text)]));
    let names = |is_normalised| {
        let found = package_differences(&old, &new, is_normalised);
        found.into_iter().map(|difference| difference.name).collect::<Vec<_>>()
    };
    assert_eq!(names(false), [super::UNOWNED]);
    assert_eq!(names(true), Vec::<String>::new());
}

/// What is counted for a package is the same before and after it was packed.
#[test]
fn a_system_and_its_image_agree() {
    let fixture = Fixture::new();
    let before = packages(&fixture.system().tree)["shop"].clone();
    fixture.add_setting("etc/shop.default", b"a = 1\n");
    let system = fixture.system();
    let own = packages(&system.tree)["shop"].clone();
    assert_eq!(own.files, before.files + 1);
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("image");
    with_image(&system, &ImageOptions::default(), |image| {
        image.write(Format::Layout, &out).unwrap();
    });
    let found = readers::read(&out, &read_options(&is_list)).unwrap();
    assert_eq!(package_differences(&system.tree, found.tree(), false), []);
    assert_eq!(packages(found.tree())["shop"], own);
    let path = TreePath::parse(b"var/lib/dpkg/status.d/shop.md5sums").unwrap();
    let Some(Node::Leaf(_, leaf)) = found.tree().get(&path) else { panic!("no sums") };
    let LeafKind::File(file) = &leaf.kind else { panic!("no file") };
    let Source::Inline(sums) = file.source() else { panic!("no text") };
    let last = String::from_utf8_lossy(sums);
    assert_eq!(last.lines().last(), Some("9358f2568f3316fe7e78a4fa7707c414  etc/shop.default"));
}
