//! What the tests take from an archive: by the machine's apt, with state of its own, from wherever
//! the machine gets its packages.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use frazil_debian::sources::{self, Role, SignedBy, Source};
use tempfile::TempDir;

use super::{ARCHITECTURE, directory, read};

/// Packages that have what others have not: owners, modes, hard links, devices, diversions.
const ODD: &[&str] = &[
    "base-files",
    "passwd",
    "cron",
    "at",
    "sudo",
    "mount",
    "ssl-cert",
    "perl-base",
    "libc-bin",
    "tzdata",
];
/// Packages that are larger than this are not worth the traffic.
const DEB_BYTES_MAX: u64 = 4 << 20;

/// How many packages and closures are compared: `FRAZIL_DEBIAN_SAMPLE`, else few.
pub(crate) fn sample() -> usize {
    let named = std::env::var("FRAZIL_DEBIAN_SAMPLE").ok();
    named.map_or(15, |text| text.parse().expect("FRAZIL_DEBIAN_SAMPLE is a number"))
}

/// A directory with the lists of an archive; `None` where there is neither one nor apt.
pub(crate) fn lists() -> Option<PathBuf> {
    directory("FRAZIL_DEBIAN_LISTS").or_else(|| Some(machine()?.lists.clone()))
}

/// Packages of the archive.
pub(crate) fn debs() -> Option<Vec<PathBuf>> {
    let folder = match directory("FRAZIL_DEBIAN_DEBS") {
        Some(folder) => folder,
        None => machine()?.packages(),
    };
    let mut paths = files(&folder);
    paths.retain(|path| path.extension() == Some(OsStr::new("deb")));
    Some(paths)
}

/// apt with a directory of its own.
struct Machine {
    root: TempDir,
    /// Lists as `SUITE.COMPONENT.Packages` and `SUITE.InRelease`.
    lists: PathBuf,
}

fn machine() -> Option<&'static Machine> {
    static MACHINE: OnceLock<Option<Machine>> = OnceLock::new();
    let machine = MACHINE.get_or_init(|| {
        let machine = Machine::new();
        if machine.is_none() {
            println!("skipped: there is no apt, or nobody answers it");
        }
        machine
    });
    machine.as_ref()
}

impl Machine {
    fn new() -> Option<Self> {
        let root = tempfile::tempdir().expect("a folder");
        for folder in ["lists/partial", "cache/archives/partial", "etc", "named", "debs"] {
            fs::create_dir_all(root.path().join(folder)).expect("a folder");
        }
        fs::write(root.path().join("status"), "").expect("a file");
        fs::write(root.path().join("etc/sources.list"), own_sources()?).expect("a file");
        let machine = Self { lists: root.path().join("named"), root };
        let update = machine.run(&["update"])?;
        if !update.status.success() || !update.stderr.is_empty() {
            println!("apt-get update: {}", String::from_utf8_lossy(&update.stderr));
            return None;
        }
        machine.name_lists();
        Some(machine)
    }

    /// `None` if there is no apt.
    fn run(&self, arguments: &[&str]) -> Option<Output> {
        let root = self.root.path().display();
        let mut command = Command::new("apt-get");
        command.current_dir(self.root.path().join("debs"));
        for option in [
            format!("Dir::State={root}"),
            format!("Dir::State::status={root}/status"),
            format!("Dir::State::lists={root}/lists"),
            format!("Dir::Cache={root}/cache"),
            format!("Dir::Etc={root}/etc"),
            format!("APT::Architecture={ARCHITECTURE}"),
            format!("APT::Architectures={ARCHITECTURE}"),
            "APT::Sandbox::User=".to_owned(),
            "Acquire::GzipIndexes=false".to_owned(),
            "Acquire::Languages=none".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command.args(["--quiet=2"]).args(arguments).output().ok()
    }

    /// Gives apt's lists, `HOST_PATH_dists_SUITE_COMPONENT_binary-ARCH_Packages`, their short names.
    fn name_lists(&self) {
        for file in files(&self.root.path().join("lists")) {
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            let Some((_, rest)) = name.split_once("_dists_") else { continue };
            let parts: Vec<&str> = rest.split('_').collect();
            let short = match parts.as_slice() {
                [suite, component, _, "Packages"] => format!("{suite}.{component}.Packages"),
                [suite, "InRelease"] => format!("{suite}.InRelease"),
                _ => continue,
            };
            fs::copy(&file, self.lists.join(short)).expect("copied");
        }
    }

    /// Fetches packages, spread evenly over the main suite, and the odd ones.
    fn packages(&self) -> PathBuf {
        static DONE: OnceLock<()> = OnceLock::new();
        let folder = self.root.path().join("debs");
        DONE.get_or_init(|| {
            let mut names = Vec::new();
            for file in super::lists_in(&self.lists) {
                names.extend(small_packages(&read(&file.path)));
            }
            names.sort();
            names.dedup();
            let wanted = sample().saturating_sub(ODD.len()).max(1);
            let spread = names.iter().step_by((names.len() / wanted).max(1)).take(wanted);
            let mut arguments = vec!["download".to_owned()];
            arguments.extend(ODD.iter().map(|name| (*name).to_owned()));
            arguments.extend(spread.cloned());
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let done = self.run(&arguments).expect("apt-get was there");
            let words = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "apt-get download: {words}");
        });
        folder
    }
}

/// The names of packages that are not too large.
fn small_packages(list: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(list);
    let stanzas = text.split("\n\n").filter_map(|stanza| {
        let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name));
        let size: u64 = field("Size: ")?.parse().ok()?;
        (size < DEB_BYTES_MAX).then(|| field("Package: ").map(str::to_owned))?
    });
    stanzas.collect()
}

/// apt's lists of Debian, for this release or the one that `FRAZIL_DEBIAN_SUITE` names.
fn own_sources() -> Option<String> {
    let mut entries: Vec<Source> = Vec::new();
    let mut found = files(Path::new("/etc/apt/sources.list.d"));
    found.push("/etc/apt/sources.list".into());
    for path in found.iter().filter(|path| path.is_file()) {
        let text = read(path);
        let parsed = match path.extension().and_then(OsStr::to_str) {
            Some("sources") => sources::parse_deb822(&text),
            Some("list") => sources::parse_one_line(&text),
            Some(_) | None => continue,
        };
        entries.extend(parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let own = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let named = std::env::var("FRAZIL_DEBIAN_SUITE").ok();
    let suite = named.as_deref().or(own)?.trim_matches('"').to_owned();
    let mut lines = String::new();
    let mut roles = Vec::new();
    for archive in sources::archives(&entries, &suite) {
        if roles.contains(&archive.role) {
            continue;
        }
        roles.push(archive.role);
        let signed_by = archive.signed_by.iter().find_map(|key| match key {
            SignedBy::Path(path) => Some(format!("[signed-by={path}] ")),
            SignedBy::Fingerprint(_) | SignedBy::Inline(_) => None,
        });
        let signed_by = signed_by.unwrap_or_default();
        writeln!(lines, "deb {signed_by}{} {} main", archive.uri, archive.suite).expect("a string");
    }
    roles.contains(&Role::Main).then_some(lines)
}

/// The files of a directory by name; none if there is no such directory.
fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}
