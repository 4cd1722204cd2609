use std::process::Command;

use frazil_tree::{LeafKind, Node, Source, TreePath};

use crate::image::output::write_root;
use crate::image::tests::{Fixture, NIX_TEXT, NIX_UNIT};

fn leaf(system: &crate::image::System, path: &str) -> Option<Vec<u8>> {
    let path = TreePath::parse(path.as_bytes()).unwrap();
    let Some(Node::Leaf(_, leaf)) = system.tree.get(&path) else { return None };
    match &leaf.kind {
        LeafKind::Symlink(target) => Some(target.to_vec()),
        LeafKind::File(file) => match file.source() {
            Source::Inline(bytes) => Some(bytes.to_vec()),
            Source::Unit(_) => None,
        },
        LeafKind::Device { .. } | LeafKind::Fifo => None,
    }
}

#[test]
fn what_is_in_the_image_is_listed() {
    let fixture = Fixture::new();
    assert_eq!(leaf(&fixture.system(), "nix/var/nix/db/db.sqlite"), None, "unless it is wanted");
    fixture.with_nix_database();
    let system = fixture.system();
    let database = leaf(&system, "nix/var/nix/db/db.sqlite").unwrap();
    assert!(database.starts_with(b"SQLite format 3\0"));
    for path in [NIX_UNIT, NIX_TEXT] {
        let full = format!("/nix/store/{path}");
        assert!(database.windows(full.len()).any(|window| window == full.as_bytes()), "{path}");
    }
    assert!(leaf(&fixture.system(), "nix/var/nix/db/db.sqlite").unwrap() == database);
    assert_eq!(leaf(&system, "nix/var/nix/db/schema").unwrap(), b"10");
    // What others need is kept by them.
    let root = |path: &str| leaf(&system, &format!("nix/var/nix/gcroots/image/{path}"));
    assert_eq!(root(NIX_UNIT), None);
    assert_eq!(root(NIX_TEXT).unwrap(), format!("/nix/store/{NIX_TEXT}").as_bytes());
}

/// C++ Nix, where there is one, finds nothing wrong.
#[test]
fn nix_believes_the_database() {
    let asked = |arguments: &[&str]| {
        let output = Command::new("nix-store").args(arguments).output();
        output.ok().map(|output| {
            (
                output.status.success(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        })
    };
    if asked(&["--version"]).is_none() {
        eprintln!("skipped: there is no nix-store");
        return;
    }
    let fixture = Fixture::new();
    fixture.with_nix_database();
    let scratch = tempfile::tempdir().unwrap();
    let (archive, root) = (scratch.path().join("root.tar"), scratch.path().join("root"));
    write_root(&fixture.system(), &mut std::fs::File::create(&archive).unwrap()).unwrap();
    std::fs::create_dir(&root).unwrap();
    let unpacked = Command::new("tar").arg("-xpf").arg(&archive).arg("-C").arg(&root).status();
    assert!(unpacked.unwrap().success());
    let root = root.to_str().unwrap();

    let (is_well, _, said) = asked(&["--store", root, "--verify", "--check-contents"]).unwrap();
    assert!(is_well && !said.contains("error") && !said.contains("modified"), "{said}");
    let (_, listed, said) =
        asked(&["--store", root, "-qR", &format!("/nix/store/{NIX_TEXT}")]).unwrap();
    let expected = format!("/nix/store/{NIX_UNIT}\n/nix/store/{NIX_TEXT}\n");
    assert_eq!(listed, expected, "{said}");

    std::fs::remove_file(format!("{root}/nix/store/{NIX_TEXT}/link")).unwrap();
    let (is_well, _, said) = asked(&["--store", root, "--verify", "--check-contents"]).unwrap();
    assert!(!is_well || said.contains("modified"), "{said}");
}
