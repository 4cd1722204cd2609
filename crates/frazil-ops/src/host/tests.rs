//! The host over a small tree; the store paths were computed once by C++ Nix 2.26.3.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use expect_test::expect;
use frazil_eval::host::{AddPath, FileKind, Host, HostError, Ingestion, Message};
use frazil_model::{StoreDir, StorePath};
use tempfile::TempDir;

use super::{DiskHost, HostContext};

/// A tree with one of everything: `a`, `run` (executable), `link`, `dir/b`, `empty/`.
pub(super) fn tree() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    let write = |name: &str, text: &str| fs::write(path.join(name), text).expect("written");
    fs::create_dir(path.join("dir")).expect("made");
    fs::create_dir(path.join("empty")).expect("made");
    write("a", "hello\n");
    write("run", "#!/bin/sh\n");
    write("dir/b", "bee");
    fs::set_permissions(path.join("run"), fs::Permissions::from_mode(0o755)).expect("set");
    symlink("dir/b", path.join("link")).expect("made");
    folder
}

fn host(physical: &Path) -> DiskHost<'static> {
    let context = HostContext {
        store_dir: StoreDir::default(),
        physical_dir: physical.to_owned(),
        environment: BTreeMap::from([(b"A".to_vec(), b"b".to_vec())]),
        now: 7,
    };
    DiskHost::new(context, |_| ())
}

pub(super) fn in_memory() -> DiskHost<'static> {
    host(Path::new("/absent/store"))
}

fn add(host: &mut DiskHost<'_>, path: &Path, ingestion: Ingestion) -> Result<StorePath, HostError> {
    host.add_path(AddPath { name: "t", path, ingestion, filter: None })
}

fn shown<T: ToString>(result: Result<T, HostError>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn full(path: &StorePath) -> PathBuf {
    PathBuf::from(StoreDir::default().join(path))
}

#[track_caller]
fn check_path(below: &str, ingestion: Ingestion, expected: &str) {
    let tree = tree();
    let result = add(&mut in_memory(), &tree.path().join(below), ingestion);
    assert_eq!(shown(result), expected);
}

#[test]
fn paths_are_those_of_nix() {
    check_path("", Ingestion::Recursive, "qcjn1f1njc3hg06vkx8p038cmcgbs409-t");
    check_path("a", Ingestion::Recursive, "binhrqxx05np39g6a6hmsz26y3mmc9db-t");
    check_path("run", Ingestion::Recursive, "sb0i3imj78sgyqp2z32rcb8qflvfxg15-t");
    check_path("a", Ingestion::Flat, "aj0ndnjjchs49vk8x5ralwx6d9f4xzj4-t");

    // A link is added as a link, as `"${./link}"` does it.
    let tree = tree();
    let link = tree.path().join("link");
    let request =
        AddPath { name: "link", path: &link, ingestion: Ingestion::Recursive, filter: None };
    let added = shown(in_memory().add_path(request));
    assert_eq!(added, "9d3b30yd8bnncgjsq6p4d9j0kpfzhkdb-link");
}

#[test]
fn filter_sees_parents_first_and_leaves_out() {
    let tree = tree();
    let mut seen = Vec::new();
    let mut filter = |path: &Path, kind: FileKind| {
        let name = path.strip_prefix(tree.path()).expect("below the tree").display().to_string();
        seen.push(format!("{name} {}", kind.word()));
        Ok(name != "dir")
    };
    let request = AddPath {
        name: "t",
        path: tree.path(),
        ingestion: Ingestion::Recursive,
        filter: Some(&mut filter),
    };
    assert_eq!(shown(in_memory().add_path(request)), "4j7w5i1r5k99mkbs32jlkhmgrd153vgh-t");
    assert_eq!(
        seen,
        ["a regular", "dir directory", "empty directory", "link symlink", "run regular"]
    );

    let mut failing = |_: &Path, _: FileKind| Err(HostError::Callback);
    let request = AddPath {
        name: "t",
        path: tree.path(),
        ingestion: Ingestion::Recursive,
        filter: Some(&mut failing),
    };
    assert!(matches!(in_memory().add_path(request), Err(HostError::Callback)));
}

/// What can be seen of everything below `path` through the host.
fn dump(host: &mut DiskHost<'_>, path: &Path, indent: usize, out: &mut String) {
    for (name, kind) in host.list(path).expect("a directory") {
        let name = String::from_utf8(name).expect("text");
        let below = path.join(&name);
        assert_eq!(host.kind(&below).expect("looked at"), Some(kind));
        let what = match kind {
            FileKind::Directory => "/".to_owned(),
            FileKind::Symlink => {
                format!("-> {}", host.read_link(&below).expect("a link").display())
            }
            FileKind::Regular => {
                format!("{:?}", String::from_utf8(host.read(&below).expect("a file")))
            }
            FileKind::Unknown => unreachable!("the tree has no such file"),
        };
        writeln!(out, "{:indent$}{name} {what}", "").expect("a String takes everything");
        if kind == FileKind::Directory {
            dump(host, &below, indent + 2, out);
        }
    }
}

#[test]
fn what_was_added_can_be_read_back() {
    let tree = tree();
    let mut host = in_memory();
    let path = full(&add(&mut host, tree.path(), Ingestion::Recursive).expect("added"));
    let mut dumped = String::new();
    dump(&mut host, &path, 0, &mut dumped);
    expect![[r##"
        a Ok("hello\n")
        dir /
          b Ok("bee")
        empty /
        link -> dir/b
        run Ok("#!/bin/sh\n")
    "##]]
    .assert_eq(&dumped);

    assert_eq!(host.read(&path.join("link")).expect("follows"), b"bee");
    let expected = format!("error: cannot list `{}/a`: not a directory", path.display());
    assert_eq!(shown(host.list(&path.join("a")).map(|_| "listed")), expected);
    assert_eq!(host.kind(&path.join("absent")).expect("looked at"), None);
    assert_eq!(host.kind(&path.join("a/b")).expect("looked at"), None);
    assert!(matches!(host.read(&path.join("absent")), Err(HostError::NotFound(_))));

    // A filtered copy of a copy, as `lib.cleanSource` makes.
    let again = add(&mut host, &path, Ingestion::Recursive).expect("added");
    assert_eq!(full(&again), path);
}

#[test]
fn links_between_additions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut host = in_memory();
    let text = add_text(&mut host, "text", b"contents");
    symlink(full(&text), folder.path().join("out")).expect("made");
    symlink("loop", folder.path().join("loop")).expect("made");
    symlink("../../../etc/hostname-absent", folder.path().join("up")).expect("made");
    let path = full(&add(&mut host, folder.path(), Ingestion::Recursive).expect("added"));
    assert_eq!(host.read(&path.join("out")).expect("follows"), b"contents");
    assert!(matches!(host.read(&path.join("loop")), Err(HostError::Io { .. })));
    assert!(matches!(host.read(&path.join("up")), Err(HostError::NotFound(_))));
}

#[test]
fn odd_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).expect("bound");
    let mut host = in_memory();
    let result = shown(add(&mut host, folder.path(), Ingestion::Recursive));
    let expected = format!("error: file '{}/s' has an unsupported type", folder.path().display());
    assert_eq!(result, expected);
    assert!(matches!(
        add(&mut host, Path::new("/absent/x"), Ingestion::Recursive),
        Err(HostError::NotFound(_))
    ));
}

#[test]
fn environment_time_and_messages() {
    let mut told = Vec::new();
    let context = HostContext {
        store_dir: StoreDir::default(),
        physical_dir: PathBuf::from("/absent/store"),
        environment: BTreeMap::from([(b"A".to_vec(), b"b".to_vec())]),
        now: 7,
    };
    let mut host = DiskHost::new(context, |message| told.push(message));
    assert_eq!(host.environment(b"A"), Some(b"b".to_vec()));
    assert_eq!(host.environment(b"B"), None);
    assert_eq!(host.now(), 7);
    host.tell(Message::Trace("x".to_owned()));
    drop(host);
    assert!(matches!(told.as_slice(), [Message::Trace(text)] if text == "x"));
}

#[test]
fn realise_takes_what_is_there() {
    let mut host = in_memory();
    let there = add_text(&mut host, "there", b"");
    let derivation = |host: &mut DiskHost<'_>, out: &Path| {
        let out = out.display();
        let text = format!(
            r#"Derive([("out","{out}","","")],[],[],"s","/b",[],[("builder","/b"),("name","x"),("out","{out}"),("system","s")])"#
        );
        add_text(host, "x.drv", text.as_bytes())
    };
    let built = derivation(&mut host, &full(&there));
    assert_eq!(host.realise(&built, "out").expect("there"), there);
    let missing = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-x";
    let unbuilt = derivation(&mut host, Path::new(missing));
    assert!(matches!(host.realise(&unbuilt, "out"), Err(HostError::Unsupported { .. })));
    assert!(matches!(host.realise(&built, "dev"), Err(HostError::Unsupported { .. })));
    assert!(matches!(host.realise(&there, "out"), Err(HostError::Store(_))));
}

fn add_text(host: &mut DiskHost<'_>, name: &str, text: &[u8]) -> StorePath {
    let name = name.parse().expect("a legal name");
    let path = StoreDir::default().text_path(&name, frazil_model::Sha256::of(text), &[]);
    host.add_text(&path, text, &[]).expect("added");
    path
}

#[test]
fn the_store_directory_is_always_there() {
    let mut host = in_memory();
    host.context.store_dir = "/absent/nix/store".parse().expect("a store directory");
    let kinds = ["/absent/nix/store", "/absent/nix", "/absent/nix/store/x", "/absent/other"]
        .map(|path| host.kind(Path::new(path)).expect("looked at"));
    let directory = Some(FileKind::Directory);
    assert_eq!(kinds, [directory, directory, None, None]);
}
