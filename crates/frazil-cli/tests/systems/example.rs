//! An example as a test wants it, and its way from the declaration to a root on the disk.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::container::{self, Container};

/// What a careful selection of files by hand takes, in megabytes.
const LIMITS: &[(&str, f64)] = &[
    ("apache2", 20.4),
    ("dnsmasq", 12.0),
    ("haproxy", 22.1),
    ("mosquitto", 15.4),
    ("mysql", 142.8),
    ("nginx", 14.0),
    ("nix", 56.0),
    ("nodejs", 110.9),
    ("openssh", 26.1),
    ("php-cli", 34.5),
    ("postgresql", 86.8),
    ("python", 39.5),
    ("redis", 21.4),
];
/// How much more a root may take: packages change from one update to the next.
const TOLERANCE: f64 = 1.03;

/// What is linked, how, and what the test says about it besides.
pub(crate) struct Example {
    name: &'static str,
    levels: &'static [&'static str],
    module: String,
    container: container::Setting,
}

/// A linked system, unpacked.
pub(crate) struct Root {
    /// A directory that holds `rootfs` and goes when this does.
    pub(crate) folder: TempDir,
    /// What the image says of the system.
    pub(crate) image: Value,
}

/// The directory with the library, the modules and the examples.
pub(crate) fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nix").canonicalize().unwrap()
}

impl Example {
    /// The example of this name at the level `files`.
    pub(crate) fn of(name: &'static str) -> Self {
        let container = container::Setting::default();
        Self { name, levels: &["files"], module: "{ }".to_owned(), container }
    }

    /// Also at the level `packages`.
    pub(crate) fn at_both_levels(self) -> Self {
        Self { levels: &["files", "packages"], ..self }
    }

    /// Declares more: the text of a module.
    pub(crate) fn with(self, module: impl Into<String>) -> Self {
        Self { module: module.into(), ..self }
    }

    /// Starts it as an engine does that is told something.
    pub(crate) fn in_container(self, change: impl FnOnce(&mut container::Setting)) -> Self {
        let mut container = self.container;
        change(&mut container);
        Self { container, ..self }
    }

    /// Starts the system at each level, hands it to `client`, who is in its network, and ends it.
    pub(crate) fn used(self, client: impl Fn(&Container) + Sync) {
        if !container::can_run() {
            return;
        }
        for level in self.levels {
            let root = self.root(level);
            let bytes = bytes_below(&root.folder.path().join("rootfs"));
            let megabytes = bytes as f64 / 1e6;
            println!("linked {:<16} {level:<9} {megabytes:>7.1} MB", self.name);
            let limit = LIMITS.iter().find(|(name, _)| *level == "files" && *name == self.name);
            if let Some((_, limit)) = limit {
                assert!(megabytes <= limit * TOLERANCE, "{} should take {limit} MB", self.name);
            }
            let container = Container::start(self.name, root, &self.container);
            container.in_its_network(|| client(&container));
            container.end();
        }
    }

    /// Starts the system, which must refuse to start: with this status, and these words.
    pub(crate) fn refuses(self, code: i32, words: &str) {
        if !container::can_run() {
            return;
        }
        let container = Container::start(self.name, self.root(self.levels[0]), &self.container);
        let log = container.ends_with(code);
        assert!(log.contains(words), "no `{words}` in:\n{log}");
    }

    /// Links the system and unpacks its root.
    fn root(&self, level: &str) -> Root {
        // Not in the repository, whose files flakes would be taken for.
        let folder = tempfile::Builder::new().prefix(self.name).tempdir().unwrap();
        let at = folder.path();
        fs::write(at.join("flake.nix"), self.flake(level)).unwrap();
        fs::write(at.join("flake.lock"), lock()).unwrap();
        fs::write(at.join("change.nix"), &self.module).unwrap();

        let toplevel = ".#default.config.system.build.toplevel";
        complete(frazil(at).args(["build", toplevel]));
        let image = serde_json::from_slice(&fs::read(at.join("result/image.json")).unwrap());

        let rootfs = at.join("rootfs");
        fs::create_dir(&rootfs).unwrap();
        complete(frazil(at).args(["image", "tar", "./result", "-o", "root.tar"]));
        complete(
            Command::new("tar")
                .args(["--extract", "--numeric-owner", "--preserve-permissions"])
                .arg("--file")
                .arg(at.join("root.tar"))
                .arg("--directory")
                .arg(&rootfs),
        );
        fs::remove_file(at.join("root.tar")).unwrap();
        Root { folder, image: image.unwrap() }
    }

    fn flake(&self, level: &str) -> String {
        let name = self.name;
        let linker = linker();
        flake(&format!(
            "default = frazil.nglib.makeSystem {{
               inherit nixpkgs;
               name = \"{name}\";
               system = \"x86_64-linux\";
               config.imports = [
                 \"${{frazil}}/examples/{name}.nix\"
                 ./change.nix
                 {{ system.link.level = \"{level}\"; image.labels.linker = \"{linker}\"; }}
               ];
             }};"
        ))
    }
}

/// The documentation has a row for each limit, with what a root may have.
#[test]
fn limits_are_documented() {
    let page = fs::read_to_string(library().join("../docs/systems.md")).unwrap();
    let documented: Vec<(&str, &str)> = page
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 7 && cells[5].parse::<f64>().is_ok())
        .map(|cells| (cells[1], cells[5]))
        .collect();
    let shown: Vec<String> =
        LIMITS.iter().map(|(_, limit)| format!("{:.1}", limit * TOLERANCE)).collect();
    let names = LIMITS.iter().map(|(name, _)| *name);
    let expected: Vec<(&str, &str)> = names.zip(shown.iter().map(String::as_str)).collect();
    assert_eq!(documented, expected);
}

/// What tells one build of the linker from another: the store outlives it, and holds what the last
/// one made of the same system.
fn linker() -> String {
    let metadata = fs::metadata(env!("CARGO_BIN_EXE_frazil")).unwrap();
    format!("{}.{}", metadata.mtime(), metadata.mtime_nsec())
}

/// A flake over the working tree and the suite that all tests use.
fn flake(outputs: &str) -> String {
    format!(
        "{{
           inputs.frazil.url = \"path:{}\";
           inputs.nixpkgs.url = \"debian:trixie\";
           inputs.nixpkgs.inputs.frazil.follows = \"frazil\";
           outputs = {{ nixpkgs, frazil, ... }}: {{ {outputs} }};
         }}",
        library().display()
    )
}

/// The suite as it is when the tests start, the same for all of them.
fn lock() -> &'static str {
    static LOCK: OnceLock<String> = OnceLock::new();
    LOCK.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("flake.nix"), flake("")).unwrap();
        complete(frazil(folder.path()).args(["lock", "."]));
        fs::read_to_string(folder.path().join("flake.lock")).unwrap()
    })
}

/// What outlives the tests: the store that they share, with the packages.
fn scratch() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("systems");
    fs::create_dir_all(&scratch).unwrap();
    scratch
}

fn frazil(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frazil"));
    command.current_dir(folder).env("HOME", "/absent/home");
    command.env("XDG_DATA_HOME", scratch().join("data"));
    command.env("XDG_CACHE_HOME", scratch().join("cache"));
    command
}

/// Runs a command that must do what it is for.
pub(crate) fn complete(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What all files below a directory hold, hard links once.
fn bytes_below(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut seen = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() && seen.insert(metadata.ino()) {
                bytes += metadata.len();
            }
        }
    }
    bytes
}
