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

#[track_caller]
fn check_fetch(kind: &str, attributes: &[(&str, &str)], expected: Expect) {
    let tree = tree();
    let here = tree.path().display().to_string();
    let fill = |(name, value): &(&str, &str)| {
        ((*name).to_owned(), FetchAttribute::String(value.replace("HERE", &here)))
    };
    let mut attributes: BTreeMap<String, FetchAttribute> = attributes.iter().map(fill).collect();
    attributes.insert("lastModified".to_owned(), FetchAttribute::Int(3));
    let request = FetchRequest { kind: kind.to_owned(), attributes };
    let shown = match in_memory().fetch(&request) {
        Ok(fetched) => format!("{} {:?}", fetched.path, fetched.attributes),
        Err(error) => format!("error: {error}").replace(&here, "HERE"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn fetches_what_is_here() {
    check_fetch(
        "path",
        &[("path", "HERE"), ("name", "t")],
        expect![[
            r#"qcjn1f1njc3hg06vkx8p038cmcgbs409-t {"lastModified": Int(3), "narHash": String("sha256-YUbS64C42NX5ji/FA5sj4//LegRfvvATK6YsZLT1PPg=")}"#
        ]],
    );
    check_fetch(
        "file",
        &[("url", "file://HERE/a"), ("name", "t")],
        expect![[
            r#"aj0ndnjjchs49vk8x5ralwx6d9f4xzj4-t {"hash": String("sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=")}"#
        ]],
    );
    check_fetch(
        "file",
        &[("url", "file:HERE/%61")],
        expect![[
            r#"h10qymscvggrb1icws0vbss5xnx8sd0k-source {"narHash": String("sha256-HDfQGvQL4ugGkd48w99EN3ppmvuxfGjwgJZLL9Bx/BM=")}"#
        ]],
    );
    check_fetch(
        "file",
        &[("url", "https://example.org/a")],
        expect!["error: cannot download 'https://example.org/a'"],
    );
    check_fetch("file", &[], expect!["error: input of the type 'file' lacks the attribute 'url'"]);
    check_fetch(
        "tarball",
        &[("url", "file:///a.tar.gz")],
        expect!["error: path '/a.tar.gz' does not exist"],
    );
    check_fetch(
        "git",
        &[("url", "file:///a")],
        expect![[r#"error: opening Git repository "/a": could not find repository at '/a'"#]],
    );
}
