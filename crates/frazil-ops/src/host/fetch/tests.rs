use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use frazil_eval::host::{FetchAttribute, FetchRequest, FileKind, Host};
use frazil_model::StoreDir;

use super::super::DiskHost;
use super::super::tests::{in_memory, tree};

/// What is fetched: the attributes, the store path and all that is below it; or the error.
pub(super) fn shown(host: &mut DiskHost<'_>, request: &FetchRequest) -> String {
    let fetched = match host.fetch(request) {
        Ok(fetched) => fetched,
        Err(error) => return format!("error: {error}"),
    };
    let attributes = fetched.attributes.iter().map(|(name, value)| format!("{name}={value}"));
    let mut lines = vec![attributes.collect::<Vec<_>>().join(" "), fetched.path.to_string()];
    let path = PathBuf::from(StoreDir::default().join(&fetched.path));
    let mut files = Vec::new();
    list(host, &path, "", &mut files);
    lines.push(files.join(" "));
    lines.join("\n")
}

/// The files below `path`, links with `@`, empty directories with `/`.
fn list(host: &mut DiskHost<'_>, path: &Path, name: &str, files: &mut Vec<String>) {
    let kind = host.kind(path).expect("looked at").expect("there");
    match kind {
        FileKind::Symlink => files.push(format!("{name}@")),
        FileKind::Regular | FileKind::Unknown => files.push(name.to_owned()),
        FileKind::Directory => {
            let entries = host.list(path).expect("listed");
            if entries.is_empty() {
                files.push(format!("{name}/"));
            }
            for (entry, _) in entries {
                let entry = String::from_utf8(entry).expect("text");
                let slash = if name.is_empty() { "" } else { "/" };
                list(host, &path.join(&entry), &format!("{name}{slash}{entry}"), files);
            }
        }
    }
}

/// Fetches with attributes that are `name=value`, where `HERE` is a tree with one of everything.
#[track_caller]
fn check(kind: &str, attributes: &[&str], expected: Expect) {
    let tree = tree();
    let here = tree.path().display().to_string();
    let archive = std::fs::File::create(tree.path().join("empty/t.tar")).expect("created");
    let mut archive = tar::Builder::new(archive);
    archive.append_path_with_name(tree.path().join("a"), "top/a").expect("appended");
    archive.finish().expect("written");
    let fill = |pair: &&str| {
        let (name, value) = pair.split_once('=').expect("a pair");
        let number = value.parse().ok().map(FetchAttribute::Int);
        let value = number.unwrap_or_else(|| FetchAttribute::String(value.replace("HERE", &here)));
        (name.to_owned(), value)
    };
    let attributes: BTreeMap<_, _> = attributes.iter().map(fill).collect();
    let request = FetchRequest { kind: kind.to_owned(), attributes, is_final: false };
    expected.assert_eq(&shown(&mut in_memory(), &request).replace(&here, "HERE"));
}

#[test]
fn paths() {
    check(
        "path",
        &["path=HERE/dir", "lastModified=3"],
        expect![[r#"
        lastModified=3 narHash=sha256-FEjDj9HtVHC2beMHS6Sj1qGbWDkplgGLnzvKCe05mTc=
        kpimz2d5h3xcrzlcfc5l9brhy8imibhn-source
        b"#]],
    );
    check("path", &["path=HERE/absent"], expect!["error: path 'HERE/absent' does not exist"]);
    let hash = "narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    check(
        "path",
        &["path=HERE/a", "lastModified=3", hash],
        expect![
            "error: NAR hash mismatch in input 'path:HERE/a?lastModified=3&narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D', expected 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' but got 'sha256-HDfQGvQL4ugGkd48w99EN3ppmvuxfGjwgJZLL9Bx/BM='"
        ],
    );
}

#[test]
fn the_latest_change_below_a_path_counts() {
    let tree = tree();
    let path = tree.path().join("dir");
    for (name, seconds) in [("b", 50), ("", 40)] {
        let file = std::fs::File::open(path.join(name)).expect("opened");
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        file.set_modified(time).expect("set");
    }
    assert_eq!(super::last_modified(&in_memory(), &path).expect("looked at"), 50);
}

#[test]
fn files() {
    // With a name, as `fetchurl` asks for it, the file is hashed as it is.
    check(
        "file",
        &["url=file://HERE/a", "name=t"],
        expect![[r#"
        hash=sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=
        aj0ndnjjchs49vk8x5ralwx6d9f4xzj4-t
    "#]],
    );
    check(
        "file",
        &["url=file:HERE/%61"],
        expect![[r#"
        narHash=sha256-HDfQGvQL4ugGkd48w99EN3ppmvuxfGjwgJZLL9Bx/BM=
        h10qymscvggrb1icws0vbss5xnx8sd0k-source
    "#]],
    );
    check(
        "file",
        &["url=file://localhostHERE/nothing?x#y"],
        expect!["error: path 'HERE/nothing' does not exist"],
    );
    check(
        "file",
        &["url=https://example.org/a"],
        expect!["error: cannot download 'https://example.org/a'"],
    );
    check(
        "file",
        &["url=file://example.org/a"],
        expect!["error: cannot download 'file://example.org/a'"],
    );
    check("file", &[], expect!["error: input of the type 'file' lacks the attribute 'url'"]);
}

#[test]
fn tarballs() {
    let hash = "narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    check(
        "tarball",
        &["url=file://HERE/empty/t.tar", "lastModified=5", "name=t"],
        expect![[r#"
        narHash=sha256-lYm+o5HTptO6iNGG6L41EMhGGyh2L9gt5P7stJH8gqI=
        3fcwla71lni9knaa7wmbjkn7bcgqpjrv-t
        a"#]],
    );
    check(
        "tarball",
        &["url=file://HERE/absent.tar?x=y", hash],
        expect!["error: path 'HERE/absent.tar' does not exist"],
    );
    check(
        "tarball",
        &["url=file:HERE/empty/t.tar", hash],
        expect![
            "error: NAR hash mismatch in input 'file:HERE/empty/t.tar?narHash=sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D', expected 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' but got 'sha256-lYm+o5HTptO6iNGG6L41EMhGGyh2L9gt5P7stJH8gqI='"
        ],
    );
    check(
        "tarball",
        &["url=https://example.org/a.tar"],
        expect!["error: cannot download 'https://example.org/a.tar'"],
    );
}

#[test]
fn what_needs_a_network() {
    check(
        "git",
        &["url=https://example.org/a"],
        expect!["error: cannot fetch the Git repository 'https://example.org/a'"],
    );
    check(
        "git",
        &["url=ssh://git@example.org/a"],
        expect!["error: cannot fetch the Git repository 'ssh://git@example.org/a'"],
    );
    check(
        "github",
        &["owner=o", "repo=r"],
        expect!["error: cannot download 'https://api.github.com/repos/o/r/commits/HEAD'"],
    );
}
