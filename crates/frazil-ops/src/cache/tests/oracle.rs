//! Real Nix and this program as each other's caches.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::*;

const CONFIG: &str = "build-users-group =\nexperimental-features = nix-command\nsubstituters =\n\
                      sandbox = false\n";

/// The programs of Nix: each directory or program that runs one.
fn oracles() -> Vec<PathBuf> {
    let named = std::env::var_os("FRAZIL_ORACLE_NIX").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).find(|dir| dir.join("nix").is_file());
    let oracles: Vec<_> = named.into_iter().chain(found).collect();
    if oracles.is_empty() {
        eprintln!("skipped: no Nix is here");
    }
    oracles
}

/// Runs `nix`; it must succeed.
#[track_caller]
fn nix(oracle: &Path, home: &Path, args: &[&str]) {
    let output = try_nix(oracle, home, args);
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {args:?} failed: {shown}", oracle.display());
}

fn try_nix(oracle: &Path, home: &Path, args: &[&str]) -> Output {
    let mut command = if oracle.is_dir() {
        Command::new(oracle.join("nix"))
    } else {
        let mut command = Command::new(oracle);
        command.arg("nix");
        command
    };
    // It keeps what caches said, too.
    let cache = tempfile::tempdir_in(home).unwrap();
    command.env("XDG_CACHE_HOME", cache.path()).env("NIX_CONFIG", CONFIG).env("HOME", home);
    command.args(args).stdin(Stdio::null()).output().unwrap()
}

fn full(name: &str) -> String {
    format!("/nix/store/{name}")
}

#[test]
fn nix_takes_what_we_serve() {
    for oracle in oracles() {
        for method in [CompressionMethod::None, CompressionMethod::Zstd, CompressionMethod::Xz] {
            let dir = tempfile::tempdir().unwrap();
            let store = open(&dir.path().join("store"));
            fill(&store);
            let copy = dir.path().join("copy");
            let to = copy.to_str().unwrap();
            let key_text = key().public().to_string();
            let trusted = ["--option", "trusted-public-keys", key_text.as_str()];
            serving(store, options(method), |address| {
                let from = format!("http://{address}");
                let fetch = ["copy", "--from", &from, "--to", to, &full(TOP)];
                let untrusted = try_nix(&oracle, dir.path(), &fetch);
                let shown = String::from_utf8_lossy(&untrusted.stderr);
                assert!(shown.contains("signature"), "{shown}");
                nix(&oracle, dir.path(), &[&fetch[..], &trusted].concat());
            });
            let verify = ["store", "verify", "--store", to, "-r", &full(TOP)];
            nix(&oracle, dir.path(), &[&verify[..], &trusted].concat());
            let copy = open(&copy);
            assert_eq!(copy.valid_paths().unwrap().len(), 2, "{method:?}");
            assert!(copy.verify(VerifyDepth::Contents).unwrap().is_clean());
        }
    }
}

#[test]
fn nix_takes_the_files_we_write_and_we_take_its() {
    for oracle in oracles() {
        for method in ["zstd", "xz", "gzip", "none"] {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().join("store");
            let store = open(&root);
            fill(&store);
            let ours = dir.path().join("ours");
            let mut options = PushOptions::new(dir.path().into());
            options.keys = vec![key()];
            options.encoder.method = method.parse().unwrap();
            let fetch = FetchOptions::default();
            let cache = Url::of_file(&ours).unwrap();
            let plan = PushPlan { fetch, cache: cache.clone(), options, paths: [path(TOP)].into() };
            push(&store, &plan, &|_| {}).unwrap();
            let key_text = key().public().to_string();
            let copy = dir.path().join("copy");
            let trusted = ["--option", "trusted-public-keys", key_text.as_str()];
            let args =
                ["copy", "--from", cache.as_str(), "--to", copy.to_str().unwrap(), &full(TOP)];
            nix(&oracle, dir.path(), &[&args[..], &trusted].concat());
            drop(store);

            let secret = dir.path().join("secret");
            std::fs::write(&secret, key().to_secret_text()).unwrap();
            let theirs = format!(
                "file://{}?compression={method}&secret-key={}",
                dir.path().join("theirs").display(),
                secret.display()
            );
            let from = root.to_str().unwrap();
            nix(&oracle, dir.path(), &["copy", "--from", from, "--to", &theirs, &full(TOP)]);
            let store = open(&dir.path().join("second"));
            let plan = PullPlan {
                network: network(Url::of_file(&dir.path().join("theirs")).unwrap()),
                paths: [path(TOP)].into(),
            };
            assert_eq!(pull(&store, &plan, &|_| {}).unwrap().paths.len(), 2, "{method}");
            assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
        }
    }
}

#[test]
fn nix_writes_to_what_we_serve() {
    for oracle in oracles() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        fill(&open(&from));
        let secret = dir.path().join("secret");
        std::fs::write(&secret, key().to_secret_text()).unwrap();
        let to = dir.path().join("to");
        serving(open(&to), writable(), |address| {
            let plain = format!("http://{address}?compression=xz");
            let copy = |to: &str| {
                let from = from.to_str().unwrap();
                try_nix(&oracle, dir.path(), &["copy", "--from", from, "--to", to, &full(TOP)])
            };
            assert!(!copy(&plain).status.success(), "nobody signed it");
            let signed = copy(&format!("{plain}&secret-key={}", secret.display()));
            let shown = String::from_utf8_lossy(&signed.stderr);
            assert!(signed.status.success(), "{shown}");
        });
        let to = open(&to);
        assert_eq!(to.valid_paths().unwrap().len(), 2);
        assert!(to.verify(VerifyDepth::Contents).unwrap().is_clean());
    }
}

#[test]
fn nix_believes_our_signatures_in_a_store() {
    for oracle in oracles() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("store");
        let store = open(&root);
        fill(&store);
        let key_text = key().public().to_string();
        let to = root.to_str().unwrap();
        let verify = [
            "store",
            "verify",
            "--store",
            to,
            "-r",
            &full(TOP),
            "--option",
            "trusted-public-keys",
            &key_text,
        ];
        assert!(!try_nix(&oracle, dir.path(), &verify).status.success(), "nobody signed it");
        sign(&store, &[path(TOP), path(LIB)].into(), &[key()]).unwrap();
        nix(&oracle, dir.path(), &verify);
    }
}
