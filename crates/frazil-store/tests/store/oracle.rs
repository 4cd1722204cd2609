//! Real Nix and this store on the same directory. Runs where `FRAZIL_ORACLE_NIX` names a directory
//! with Nix's programs, or a program that runs the one named by its first argument.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use frazil_model::{ContentAddressMethod, HashAlgorithm, StorePath};
use frazil_store::{
    AddOptions, CollectOptions, PathInfo, Source, Store, StoreOptions, VerifyDepth,
};

/// Settings that keep Nix from asking for users, caches and sandboxes.
const CONFIG: &str = "build-users-group =\nexperimental-features = nix-command\nsubstituters =\n\
                      sandbox = false\n";

struct Oracle {
    nix: PathBuf,
    dir: tempfile::TempDir,
}

impl Oracle {
    /// `None` where there is no real Nix.
    fn find() -> Option<Self> {
        let nix = PathBuf::from(std::env::var_os("FRAZIL_ORACLE_NIX")?);
        Some(Self { nix, dir: tempfile::tempdir().unwrap() })
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    fn store(&self) -> Store {
        Store::open(StoreOptions::new(self.root())).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = if self.nix.is_dir() {
            Command::new(self.nix.join(program))
        } else {
            let mut command = Command::new(&self.nix);
            command.arg(program);
            command
        };
        command.env("NIX_CONFIG", CONFIG).env("HOME", self.dir.path()).stdin(Stdio::null());
        command
    }

    /// Runs a program of Nix on a store and returns what it prints; it must succeed.
    #[track_caller]
    fn run(&self, program: &str, root: &Path, args: &[&str]) -> Vec<u8> {
        let mut command = self.command(program);
        // `nix` takes its options behind the command.
        let (first, rest) = if program == "nix" { args.split_at(1) } else { args.split_at(0) };
        command.args(first).arg("--store").arg(root).args(rest);
        let output = command.output().unwrap();
        check_success(&output, args);
        output.stdout
    }

    #[track_caller]
    fn line(&self, program: &str, args: &[&str]) -> String {
        String::from_utf8(self.run(program, &self.root(), args)).unwrap().trim().to_owned()
    }
}

#[track_caller]
fn check_success(output: &Output, args: &[&str]) {
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?} failed: {shown}");
}

fn make_tree(top: &Path) {
    std::fs::create_dir_all(top.join("below/empty")).unwrap();
    std::fs::write(top.join("below/file"), "contents\n").unwrap();
    std::os::unix::fs::symlink("../none", top.join("below/link")).unwrap();
    std::fs::write(top.join("big"), vec![7; 300_000]).unwrap();
}

/// A tree, a flat file, and texts that refer to both and to each other.
fn fill(store: &Store, dir: &Path) -> Vec<PathInfo> {
    let top = dir.join("tree");
    make_tree(&top);
    let tree = store.add(&"tree".parse().unwrap(), Source::Disk(&top), &AddOptions::default());
    let tree = tree.unwrap();
    let flat = AddOptions {
        method: ContentAddressMethod::Flat,
        algorithm: HashAlgorithm::Sha512,
        references: BTreeSet::new(),
    };
    let file = top.join("below/file");
    let file = store.add(&"file".parse().unwrap(), Source::Disk(&file), &flat).unwrap();
    let both = BTreeSet::from([tree.path.clone(), file.path.clone()]);
    let text = store.add_text(&"text".parse().unwrap(), b"see both", both).unwrap();
    let more = BTreeSet::from([text.path.clone()]);
    let more = store.add_text(&"more".parse().unwrap(), b"see the text", more).unwrap();
    vec![tree, file, text, more]
}

#[test]
fn nix_takes_our_store_for_its_own() {
    let Some(oracle) = Oracle::find() else { return };
    let store = oracle.store();
    let paths = fill(&store, oracle.dir.path());
    oracle.line("nix-store", &["--verify", "--check-contents"]);
    for info in &paths {
        let full = store.store_dir().join(&info.path);
        assert_eq!(
            oracle.line("nix-store", &["--query", "--hash", &full]),
            frazil_model::Hash::from(info.nar.hash)
                .format_prefixed(frazil_model::HashFormat::Nix32)
        );
        assert_eq!(
            oracle.line("nix-store", &["--query", "--size", &full]),
            info.nar.size.to_string()
        );
        let references = oracle.line("nix-store", &["--query", "--references", &full]);
        let references: BTreeSet<StorePath> = references
            .lines()
            .map(|line| store.store_dir().parse(line.as_bytes()).unwrap())
            .collect();
        assert_eq!(references, info.references);
    }
    let more = store.store_dir().join(&paths[3].path);
    oracle.line("nix", &["path-info", "-r", &more]);
    let copy = oracle.dir.path().join("copy");
    let root = oracle.root();
    let from = root.to_str().unwrap();
    oracle.run(
        "nix",
        &copy,
        &["copy", "--no-check-sigs", "--from", from, "--to", copy.to_str().unwrap(), &more],
    );
    let copy = Store::open(StoreOptions::new(copy)).unwrap();
    assert_eq!(copy.valid_paths().unwrap(), store.valid_paths().unwrap());
    assert!(copy.verify(VerifyDepth::Contents).unwrap().is_clean());
}

#[test]
fn we_take_a_store_of_nix_for_ours() {
    let Some(oracle) = Oracle::find() else { return };
    let top = oracle.dir.path().join("top");
    make_tree(&top);
    let added = oracle.line("nix-store", &["--add", top.to_str().unwrap()]);
    let drv = "derivation { name = \"x\"; system = \"x86_64-linux\"; builder = \"/bin/sh\";
               outputs = [ \"out\" \"dev\" ];
               text = builtins.toFile \"a\" \"b ${builtins.toFile \"c\" \"d\"}\"; }";
    let drv = oracle.line("nix-instantiate", &["-E", drv]);

    let store = oracle.store();
    let parse = |full: &str| store.store_dir().parse(full.as_bytes()).unwrap();
    assert_eq!(store.valid_paths().unwrap().len(), 4);
    assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
    let name = "top".parse().unwrap();
    let same = store.add(&name, Source::Disk(&top), &AddOptions::default()).unwrap();
    assert_eq!(same.path, parse(&added));
    let drv = store.valid_path_info(&parse(&drv)).unwrap();
    let text = store.valid_path_info(drv.references.first().unwrap()).unwrap();
    assert_eq!(text.references.len(), 1);
    for info in [&same, &drv, &text] {
        assert_eq!(info.content_path(store.store_dir()).unwrap(), Some(info.path.clone()));
    }
    assert_eq!(store.closure(&[drv.path.clone()].into()).unwrap().len(), 3);
    assert_eq!(store.derivation_outputs(&drv.path).unwrap().len(), 2);
}

#[test]
fn streams_are_the_same_both_ways() {
    let Some(oracle) = Oracle::find() else { return };
    let store = oracle.store();
    let paths = fill(&store, oracle.dir.path());
    let paths: BTreeSet<StorePath> = paths.into_iter().map(|info| info.path).collect();
    let mut ours = Vec::new();
    store.export(&paths, &mut ours).unwrap();

    let other = oracle.dir.path().join("other");
    let stream = oracle.dir.path().join("stream");
    std::fs::write(&stream, &ours).unwrap();
    let mut import = oracle.command("nix-store");
    import.arg("--store").arg(&other).arg("--import").stdin(std::fs::File::open(&stream).unwrap());
    check_success(&import.output().unwrap(), &["--import"]);

    let full: Vec<String> = paths.iter().map(|path| store.store_dir().join(path)).collect();
    let mut args = vec!["--export"];
    args.extend(full.iter().map(String::as_str));
    let theirs = oracle.run("nix-store", &other, &args);
    let third = Store::open(StoreOptions::new(oracle.dir.path().join("third"))).unwrap();
    third.import(&mut &*theirs).unwrap();
    assert_eq!(third.valid_paths().unwrap(), paths);
    assert!(third.verify(VerifyDepth::Contents).unwrap().is_clean());
}

#[test]
fn each_heeds_the_roots_of_the_other() {
    let Some(oracle) = Oracle::find() else { return };
    let store = oracle.store();
    let paths = fill(&store, oracle.dir.path());
    // While the store is open all that was added is in use.
    oracle.line("nix-store", &["--gc"]);
    assert_eq!(store.valid_paths().unwrap().len(), 4);
    store.add_root(&oracle.dir.path().join("result"), &paths[2].path).unwrap();
    drop(store);

    oracle.line("nix-store", &["--gc"]);
    let store = oracle.store();
    assert_eq!(store.valid_paths().unwrap().len(), 3, "the text and its references");
    let tree = store.store_dir().join(&paths[0].path);
    let link = oracle.dir.path().join("nix-result");
    oracle.line("nix-store", &["--realise", &tree, "--add-root", link.to_str().unwrap()]);
    std::fs::remove_file(oracle.dir.path().join("result")).unwrap();
    let collected = store.collect_garbage(&CollectOptions::default()).unwrap();
    assert_eq!(collected.paths.len(), 2);
    assert_eq!(store.valid_paths().unwrap(), [paths[0].path.clone()].into());
    oracle.line("nix-store", &["--verify", "--check-contents"]);
    assert_eq!(OsStr::new("nix-result"), link.file_name().unwrap());
}

#[test]
fn nix_heeds_our_out_links() {
    let Some(oracle) = Oracle::find() else { return };
    let store = oracle.store();
    let paths = fill(&store, oracle.dir.path());
    let link = oracle.dir.path().join("result");
    store.add_out_link(&link, &paths[2].path).unwrap();
    drop(store);
    oracle.line("nix-store", &["--gc"]);
    let store = oracle.store();
    assert_eq!(store.valid_paths().unwrap().len(), 3, "the text and its references");
    assert!(std::fs::metadata(&link).is_ok(), "it can be followed");
    std::fs::remove_file(&link).unwrap();
    assert_eq!(store.collect_garbage(&CollectOptions::default()).unwrap().paths.len(), 3);
}
