//! Repositories of other machines, fetched by the program `git`, which knows how to reach them and as
//! whom. They are kept as bare repositories among the user's caches, and read like others.
//!
//! Invariant: what a lock names is asked for once; afterwards nobody is asked.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use frazil_eval::host::HostError;
use frazil_model::{Hash, HashFormat, Sha256};
use gix_hash::ObjectId;

use super::super::super::{DiskHost, failed};
use super::Wish;
use super::repository::Repository;

/// A server that sends less than a byte a second for so many seconds is given up.
const STALLED_SECONDS: &str = "60";
/// The branches that a server means that does not say which.
const USUAL_BRANCHES: [&str; 2] = ["refs/heads/main", "refs/heads/master"];
const BRANCHES: &str = "refs/heads/";
const HELP: &str = "`git` reaches it as it would for you: try `git ls-remote` with this address";

/// The bare repository that has what is wished of the one at `url`.
pub(super) fn fetch(host: &DiskHost<'_>, url: &str, wish: Wish<'_>) -> Result<PathBuf, HostError> {
    let directory = host.network.as_ref().and_then(|network| network.clones.as_deref());
    let Some(directory) = directory else {
        return Err(HostError::Unsupported {
            what: format!("cannot fetch the Git repository '{url}'"),
            help: "there is no directory of caches to keep it in; set HOME or XDG_CACHE_HOME",
        });
    };
    fs::create_dir_all(directory).map_err(failed("make the directory", directory))?;
    let name = Hash::from(Sha256::of(url.as_bytes())).format(HashFormat::Base16);
    let path = directory.join(&name);
    // Two processes must not fetch into one repository.
    let lock = directory.join(format!("{name}.lock"));
    let held = File::create(&lock).map_err(failed("make the file", &lock))?;
    held.lock().map_err(failed("lock", &lock))?;
    let clone = Clone { path: &path, url };
    if !path.join("HEAD").exists() {
        clone.git(&["init", "--quiet", "--bare", "."])?;
    }
    let known = wish.rev.and_then(|rev| ObjectId::from_hex(rev.as_bytes()).ok());
    if known.is_none_or(|id| !Repository::open(&path).is_ok_and(|clone| clone.has(id))) {
        clone.bring(wish)?;
    }
    Ok(path)
}

/// A bare repository, and where it is from.
struct Clone<'c> {
    path: &'c Path,
    url: &'c str,
}

impl Clone<'_> {
    /// Fetches a commit, or what a branch or tag is now.
    fn bring(&self, wish: Wish<'_>) -> Result<(), HostError> {
        let reference = match wish.reference {
            Some(name) if name.starts_with("refs/") => name.to_owned(),
            Some(name) if name != "HEAD" => format!("{BRANCHES}{name}"),
            Some(_) | None => {
                let head = self.head()?;
                self.git(&["symbolic-ref", "HEAD", &head])?;
                head
            }
        };
        let by_name = format!("+{reference}:{reference}");
        let depth: &[&str] = if wish.allows_shallow { &["--depth", "1"] } else { &[] };
        let fetch = |wanted: &[&str]| {
            let begin = ["fetch", "--quiet", "--no-write-fetch-head", "--no-auto-gc"];
            self.git(&[&begin[..], depth, &["--", self.url], wanted].concat())
        };
        let Some(rev) = wish.rev else { return fetch(&[&by_name]).map(drop) };
        // Not every server gives commits that no name leads to; then a name may lead to it.
        if fetch(&[rev]).is_ok() {
            return Ok(());
        }
        fetch(&["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]).map(drop)
    }

    /// The branch that the repository has checked out.
    fn head(&self) -> Result<String, HostError> {
        let listed =
            self.git(&["ls-remote", "--symref", "--", self.url, "HEAD", "refs/heads/*"])?;
        let lines: Vec<(&str, &str)> =
            listed.lines().filter_map(|line| line.split_once('\t')).collect();
        let symbolic = lines
            .iter()
            .find_map(|(target, name)| target.strip_prefix("ref: ").filter(|_| *name == "HEAD"));
        let commit = lines.iter().find(|(_, name)| *name == "HEAD").map(|(commit, _)| *commit);
        let is_head =
            |name: &str| lines.iter().any(|line| Some(line.0) == commit && line.1 == name);
        let usual = USUAL_BRANCHES.into_iter().find(|name| is_head(name));
        let any = || {
            lines
                .iter()
                .map(|(_, name)| *name)
                .find(|name| name.starts_with(BRANCHES) && is_head(name))
        };
        symbolic.or(usual).or_else(any).map(str::to_owned).ok_or_else(|| {
            HostError::Store(format!("the Git repository '{}' has no commits", self.url))
        })
    }

    /// Runs git here; returns what it prints.
    fn git(&self, arguments: &[&str]) -> Result<String, HostError> {
        fs::create_dir_all(self.path).map_err(failed("make the directory", self.path))?;
        let mut command = Command::new("git");
        command.args(["-c", "http.lowSpeedLimit=1", "-c"]);
        command.arg(format!("http.lowSpeedTime={STALLED_SECONDS}")).args(arguments);
        // Nobody is there to type a password; the directory decides, whatever is around it.
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_DIR", self.path).env("LC_ALL", "C");
        command.env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
        command.current_dir(self.path).stdin(Stdio::null());
        let wrong = |why: String, help| HostError::Unsupported {
            what: format!("cannot fetch the Git repository '{}': {why}", self.url),
            help,
        };
        let output = match command.output() {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let help = "install it, or name a clone of the repository";
                return Err(wrong("there is no program `git`".to_owned(), help));
            }
            Err(error) => return Err(wrong(error.to_string(), HELP)),
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Err(wrong(said.join("; "), HELP))
    }
}
