mod submodules;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use expect_test::{Expect, expect};
use frazil_eval::host::{FetchAttribute, FetchRequest};
use gix_index::entry::Flags;
use tempfile::TempDir;

use super::super::super::tests::in_memory;
use super::super::tests::shown;
use super::fixture::Fixture;

const FIRST: &str = "f153f22a8fbfb7a60bdab8a93b19a9ab0374b5ad";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What is fetched from the repository `path`; `options` are `name=value`, or names of what is true.
#[track_caller]
fn check_at(path: &Path, options: &str, expected: Expect) {
    let here = path.parent().expect("not the root").display().to_string();
    let url = FetchAttribute::String(format!("file://{}", path.display()));
    let mut attributes = BTreeMap::from([("url".to_owned(), url)]);
    attributes.extend(options.split_whitespace().map(|option| match option.split_once('=') {
        Some((name, value)) => (name.to_owned(), FetchAttribute::String(value.to_owned())),
        None => (option.to_owned(), FetchAttribute::Bool(true)),
    }));
    let request = FetchRequest { kind: "git".to_owned(), attributes, is_final: false };
    expected.assert_eq(&shown(&mut in_memory(), &request).replace(&here, "HERE"));
}

/// Changes the clean repository, and fetches it.
#[track_caller]
fn check(change: impl FnOnce(&mut Fixture), options: &str, expected: Expect) {
    let folder = folder();
    let mut fixture = Fixture::clean(&folder.path().join("r"));
    change(&mut fixture);
    check_at(&fixture.path, options, expected);
}

#[test]
fn a_clean_work_tree_is_its_commit() {
    let untracked = |fixture: &mut Fixture| fixture.write("untracked", "");
    check(
        untracked,
        "exportIgnore",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI= ref=refs/heads/main rev=603a0b37d7c44b2f2ececb45f32561c348fa8276 revCount=2
        lx46f7cmjpacwcy8ygccpr1jyyq5v64b-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
    check(
        |_| (),
        "ref=HEAD",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI= ref=HEAD rev=603a0b37d7c44b2f2ececb45f32561c348fa8276 revCount=2
        lx46f7cmjpacwcy8ygccpr1jyyq5v64b-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
    check(
        |_| (),
        "ref=HEAD shallow",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI= ref=HEAD rev=603a0b37d7c44b2f2ececb45f32561c348fa8276
        lx46f7cmjpacwcy8ygccpr1jyyq5v64b-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
}

#[test]
fn a_dirty_work_tree_is_what_is_tracked() {
    let changed = |fixture: &mut Fixture| {
        fixture.write("a", "changed");
        fixture.remove("dir/b");
        fixture.add("new/file", "new");
        fixture.write("untracked", "");
    };
    check(
        changed,
        "",
        expect![[r#"
        dirtyRev=603a0b37d7c44b2f2ececb45f32561c348fa8276-dirty dirtyShortRev=603a0b3-dirty lastModified=1700000100 narHash=sha256-K3IzYcfO7pMdfEh54NlbGNZFO1VLNTLknvvtZsxjmpw=
        hdszlxsac3pg2918j0kwn9v23vw9kixj-source
        a dir/sub/x empty link@ new/file run two"#]],
    );
    check(
        |fixture| fixture.make_executable("a"),
        "",
        expect![[r#"
        dirtyRev=603a0b37d7c44b2f2ececb45f32561c348fa8276-dirty dirtyShortRev=603a0b3-dirty lastModified=1700000100 narHash=sha256-Fxvowjzy+H6BNtyXWRVR0cFI+6xfNfXIRVX+2ntQvmU=
        92r09ppq38lrzjhlchb72hf0xzlzfl10-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
    check(
        |fixture| fixture.unstage("two"),
        "",
        expect![[r#"
        dirtyRev=603a0b37d7c44b2f2ececb45f32561c348fa8276-dirty dirtyShortRev=603a0b3-dirty lastModified=1700000100 narHash=sha256-jYBeheGbFb+STXpjaH7t2PWsLIXAEH1ue2Ca0RPvaSw=
        mmw8kpfmqjpr8wsdm7w6m0mcxcsakj8m-source
        a dir/b dir/sub/x empty link@ run"#]],
    );
    let replaced = |fixture: &mut Fixture| {
        fixture.remove("dir/b");
        fixture.remove("dir/sub/x");
        fs::remove_dir(fixture.path.join("dir/sub")).expect("removed");
        fs::remove_dir(fixture.path.join("dir")).expect("removed");
        symlink("/etc", fixture.path.join("dir")).expect("made");
        fixture.remove("link");
        fixture.write("link", "file");
        fixture.remove("a");
        fixture.write("a/b", "untracked");
    };
    check(
        replaced,
        "",
        expect![[r#"
        dirtyRev=603a0b37d7c44b2f2ececb45f32561c348fa8276-dirty dirtyShortRev=603a0b3-dirty lastModified=1700000100 narHash=sha256-PKETMWVIYo89syNohYeHxXD0ONK7BQtVlBzA0Rp2keI=
        zwqpk34ya2lz81rq8pvdz1bzh5vvns6b-source
        empty link run two"#]],
    );
}

#[test]
fn marked_files_are_not_compared() {
    let assumed = |fixture: &mut Fixture| {
        fixture.mark("a", Flags::ASSUME_VALID);
        fixture.write("a", "other");
    };
    check(
        assumed,
        "",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-vCPVBnNkoY4oBOVhj0KybYeQZ35Ts5UyHmIr4LZPUJM= ref=refs/heads/main rev=603a0b37d7c44b2f2ececb45f32561c348fa8276 revCount=2
        vrzlqz8dpmjkr45w1kkzy9ka7hv083z5-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
    let added_by_intent = |fixture: &mut Fixture| {
        fixture.add("new", "");
        fixture.mark("new", Flags::INTENT_TO_ADD | Flags::EXTENDED);
        fixture.write("new", "text");
    };
    check(
        added_by_intent,
        "",
        expect![[r#"
        dirtyRev=603a0b37d7c44b2f2ececb45f32561c348fa8276-dirty dirtyShortRev=603a0b3-dirty lastModified=1700000100 narHash=sha256-4pSLkOiqw6dDgvrEN/uG6LMaWEsT8bgqbDkTTXx1ndk=
        qwiwc7nq5rp2z8fyj5rqmfhi4k7hq8gy-source
        a dir/b dir/sub/x empty link@ new run two"#]],
    );
}

#[test]
fn a_repository_without_commits() {
    let folder = folder();
    let mut fixture = Fixture::new(&folder.path().join("r"));
    check_at(
        &fixture.path,
        "",
        expect![[r#"
        lastModified=0 narHash=sha256-pQpattmS9VmO3ZIQUFn66az8GSmB4IvYhTTCFn6SUmo= ref=refs/heads/main rev=0000000000000000000000000000000000000000 revCount=0
        0ccnxa25whszw7mgbgyzdm4nqc0zwnm8-source
        /"#]],
    );
    check_at(
        &fixture.path,
        "ref=HEAD",
        expect!["error: resolving Git reference 'HEAD': revspec 'HEAD' not found"],
    );
    fixture.add("a", "a");
    check_at(
        &fixture.path,
        "",
        expect![[r#"
        lastModified=0 narHash=sha256-xqOTK/Vjn1bv5F/qMackARWy5KvYLmLUG+LGeICAMEg=
        yrhzp6k58sg932q6nlzkj9hqc2mvp369-source
        a"#]],
    );
}

#[test]
fn commits_by_name() {
    check(
        |_| (),
        &format!("rev={FIRST}"),
        expect![[r#"
        lastModified=1700000100 narHash=sha256-jYBeheGbFb+STXpjaH7t2PWsLIXAEH1ue2Ca0RPvaSw= ref=refs/heads/main rev=f153f22a8fbfb7a60bdab8a93b19a9ab0374b5ad revCount=1
        mmw8kpfmqjpr8wsdm7w6m0mcxcsakj8m-source
        a dir/b dir/sub/x empty link@ run"#]],
    );
    let tagged = |fixture: &mut Fixture| {
        fixture.tag("v");
    };
    check(
        tagged,
        "ref=v",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI= ref=v rev=fa57d772bc69c3795786eb73e59ee6e2f6f71700 revCount=2
        lx46f7cmjpacwcy8ygccpr1jyyq5v64b-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
    let branch = |fixture: &mut Fixture| fixture.set("refs/heads/b/c", FIRST);
    check(
        branch,
        "ref=b/c",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-jYBeheGbFb+STXpjaH7t2PWsLIXAEH1ue2Ca0RPvaSw= ref=b/c rev=f153f22a8fbfb7a60bdab8a93b19a9ab0374b5ad revCount=1
        mmw8kpfmqjpr8wsdm7w6m0mcxcsakj8m-source
        a dir/b dir/sub/x empty link@ run"#]],
    );
    check(
        |_| (),
        "ref=f153f22",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-jYBeheGbFb+STXpjaH7t2PWsLIXAEH1ue2Ca0RPvaSw= ref=f153f22 rev=f153f22a8fbfb7a60bdab8a93b19a9ab0374b5ad revCount=1
        mmw8kpfmqjpr8wsdm7w6m0mcxcsakj8m-source
        a dir/b dir/sub/x empty link@ run"#]],
    );
    check(
        |_| (),
        "ref=absent",
        expect!["error: resolving Git reference 'absent': revspec 'absent' not found"],
    );
    check(
        |_| (),
        "rev=1111111111111111111111111111111111111111",
        expect![
            "error: cannot find Git revision '1111111111111111111111111111111111111111' in the repository 'HERE/r'"
        ],
    );
    let packed =
        |fixture: &mut Fixture| fixture.set("packed-refs", &format!("{FIRST} refs/tags/p"));
    check(
        packed,
        "ref=p",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-jYBeheGbFb+STXpjaH7t2PWsLIXAEH1ue2Ca0RPvaSw= ref=p rev=f153f22a8fbfb7a60bdab8a93b19a9ab0374b5ad revCount=1
        mmw8kpfmqjpr8wsdm7w6m0mcxcsakj8m-source
        a dir/b dir/sub/x empty link@ run"#]],
    );
    let looping = |fixture: &mut Fixture| fixture.set("HEAD", "ref: HEAD");
    check(looping, "ref=HEAD", expect!["error: the Git reference 'HEAD' leads to itself"]);
}

#[test]
fn what_is_locked_must_be_so() {
    let hash = "narHash=sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI=";
    check(
        |_| (),
        &format!("{hash} exportIgnore"),
        expect![[r#"
        lastModified=1700000100 narHash=sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI= ref=refs/heads/main rev=603a0b37d7c44b2f2ececb45f32561c348fa8276 revCount=2
        lx46f7cmjpacwcy8ygccpr1jyyq5v64b-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
    check(
        |_| (),
        &format!("{hash} rev={FIRST}"),
        expect![
            "error: NAR hash mismatch in input 'git+file://HERE/r?rev=f153f22a8fbfb7a60bdab8a93b19a9ab0374b5ad', expected 'sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI=' but got 'sha256-jYBeheGbFb+STXpjaH7t2PWsLIXAEH1ue2Ca0RPvaSw='"
        ],
    );
    check(
        |_| (),
        "exportIgnore submodules",
        expect!["error: exportIgnore and submodules are not supported together yet"],
    );
}

#[test]
fn bare_and_shallow_repositories() {
    let folder = folder();
    let bare = folder.path().join("bare");
    let fixture = Fixture::clean(&folder.path().join("r"));
    fs::rename(fixture.path.join(".git"), &bare).expect("moved");
    check_at(
        &bare,
        "",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI= ref=refs/heads/main rev=603a0b37d7c44b2f2ececb45f32561c348fa8276 revCount=2
        lx46f7cmjpacwcy8ygccpr1jyyq5v64b-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
    check_at(
        &bare,
        "ref=v",
        expect!["error: resolving Git reference 'refs/heads/v': revspec 'refs/heads/v' not found"],
    );
    check_at(
        &fixture.path,
        "",
        expect![[
            r#"error: opening Git repository "HERE/r": could not find repository at 'HERE/r'"#
        ]],
    );

    let shallow = |fixture: &mut Fixture| fixture.set("shallow", FIRST);
    check(
        shallow,
        "ref=main",
        expect![
            "error: 'HERE/r' is a shallow Git repository, but shallow repositories are only allowed when `shallow = true;` is specified"
        ],
    );
    check(
        shallow,
        "ref=main shallow",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-p8Ee3/E6He9djZwumsFi7SJLROeH4KsM1TIYYxxVdoI= ref=main rev=603a0b37d7c44b2f2ececb45f32561c348fa8276
        lx46f7cmjpacwcy8ygccpr1jyyq5v64b-source
        a dir/b dir/sub/x empty link@ run two"#]],
    );
}

#[test]
fn a_linked_work_tree() {
    let folder = folder();
    let mut fixture = Fixture::clean(&folder.path().join("r"));
    let linked = folder.path().join("linked");
    fs::create_dir(&linked).expect("made");
    fs::write(linked.join(".git"), "gitdir: ../r/.git/worktrees/w\n").expect("written");
    fs::write(linked.join("only"), "o").expect("written");
    fixture.set("worktrees/w/commondir", "../..");
    fixture.set("worktrees/w/HEAD", FIRST);
    check_at(
        &linked,
        "",
        expect![[r#"
        dirtyRev=f153f22a8fbfb7a60bdab8a93b19a9ab0374b5ad-dirty dirtyShortRev=f153f22-dirty lastModified=1700000100 narHash=sha256-pQpattmS9VmO3ZIQUFn66az8GSmB4IvYhTTCFn6SUmo=
        0ccnxa25whszw7mgbgyzdm4nqc0zwnm8-source
        /"#]],
    );
    fixture.add("only", "o");
    fs::copy(fixture.path.join(".git/index"), fixture.path.join(".git/worktrees/w/index"))
        .expect("copied");
    check_at(
        &linked,
        "",
        expect![[r#"
        dirtyRev=f153f22a8fbfb7a60bdab8a93b19a9ab0374b5ad-dirty dirtyShortRev=f153f22-dirty lastModified=1700000100 narHash=sha256-NMB9UusEyVQy4p6Akf2QedAiiGxCe3G42ByNzGchsXM=
        srp87dsv3x230a23cv9r3qb1rdmbcria-source
        only"#]],
    );
}

/// Has attributes in two directories; as in git, only a bare attribute counts.
fn with_attributes(fixture: &mut Fixture) {
    let text = "a export-ignore\n/dir/sub export-ignore\n*.log export-ignore\nkeep.log -export-ignore\ndoc/ export-ignore\ntwo export-ignore=1\n";
    fixture.add(".gitattributes", text);
    fixture.add("doc/d", "");
    fixture.add("x.log", "");
    fixture.add("keep.log", "");
    fixture.add("nested/.gitattributes", "/y export-ignore\n");
    fixture.add("nested/y", "");
    fixture.add("nested/z/y", "");
    fixture.add("only/y.log", "");
}

#[test]
fn export_ignore() {
    let committed = |fixture: &mut Fixture| {
        with_attributes(fixture);
        fixture.commit("attributes");
    };
    check(
        committed,
        "exportIgnore ref=HEAD",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-uKq3c3/9y45uk2mFlnkNtHpRvJ+CyKYG8CL0onWwSXs= ref=HEAD rev=5c4662df2a2856a7f06c03b8768344b2dc7dd658 revCount=3
        krm7chyiy0xpyc1k29wqi37khibxda66-source
        .gitattributes dir/b empty keep.log link@ nested/.gitattributes nested/z/y only/ run two"#]],
    );
    check(
        with_attributes,
        "exportIgnore",
        expect![[r#"
        dirtyRev=603a0b37d7c44b2f2ececb45f32561c348fa8276-dirty dirtyShortRev=603a0b3-dirty lastModified=1700000100 narHash=sha256-uKq3c3/9y45uk2mFlnkNtHpRvJ+CyKYG8CL0onWwSXs=
        krm7chyiy0xpyc1k29wqi37khibxda66-source
        .gitattributes dir/b empty keep.log link@ nested/.gitattributes nested/z/y only/ run two"#]],
    );
    // Of a work tree, the staged attributes count.
    let unstaged = |fixture: &mut Fixture| {
        fixture.add(".gitattributes", "a export-ignore\n");
        fixture.write(".gitattributes", "two export-ignore\n");
    };
    check(
        unstaged,
        "exportIgnore",
        expect![[r#"
        dirtyRev=603a0b37d7c44b2f2ececb45f32561c348fa8276-dirty dirtyShortRev=603a0b3-dirty lastModified=1700000100 narHash=sha256-5QV82Yu9nfmhRdm9mEu//oANxZLz/K8zG1HEvdLd5Mc=
        g2rb9ahwxkcas92cwiygsmk2vpjjmpwp-source
        .gitattributes dir/b dir/sub/x empty link@ run two"#]],
    );
}

#[test]
fn what_is_no_repository() {
    let folder = folder();
    let path = folder.path().join("r");
    check_at(
        &path,
        "",
        expect![[
            r#"error: opening Git repository "HERE/r": could not find repository at 'HERE/r'"#
        ]],
    );
    fs::create_dir(&path).expect("made");
    fs::write(path.join(".git"), "no").expect("written");
    check_at(&path, "", expect!["error: 'HERE/r/.git' names no Git directory"]);
    check(
        |fixture| fixture.set("index", "DIRC nonsense"),
        "",
        expect![
            "error: cannot read 'HERE/r/.git/index': File is too small even for header with zero entries and smallest hash"
        ],
    );
    check(
        |fixture| fixture.remove(".git/objects/60/3a0b37d7c44b2f2ececb45f32561c348fa8276"),
        "",
        expect![
            "error: cannot read the Git object '603a0b37d7c44b2f2ececb45f32561c348fa8276': An object with id 603a0b37d7c44b2f2ececb45f32561c348fa8276 could not be found"
        ],
    );
}
