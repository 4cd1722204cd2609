//! The rules of this repository that neither the compiler nor clippy can check.
//!
//! Each rule is a function from files to complaints; `cargo test` runs them all over the working
//! tree. A rule has exceptions only in the lists below, and an exception that is no longer needed
//! is a complaint itself, so the lists can only shrink.

mod crates;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

/// The longest a source file may be, in lines.
const FILE_LINES_MAX: usize = 500;
/// The largest a committed file may be, in bytes.
const FILE_BYTES_MAX: usize = 256 * 1024;
/// Files that are longer than `FILE_LINES_MAX` for now, with their own limits.
const LONGER_FILES: &[(&str, usize)] = &[];

/// One broken rule, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Complaint {
    path: String,
    line: Option<usize>,
    what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.path, self.what),
            None => write!(out, "{}: {}", self.path, self.what),
        }
    }
}

/// A file of the repository: its path from the root, with `/`, and what is in it.
struct File {
    path: String,
    bytes: Vec<u8>,
}

impl File {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    fn complain(&self, line: Option<usize>, what: impl Into<String>) -> Complaint {
        Complaint { path: self.path.clone(), line, what: what.into() }
    }
}

/// Checks every rule over the repository at `root`; the complaints are sorted.
pub(crate) fn check(root: &Path) -> Vec<Complaint> {
    let mut files = Vec::new();
    let mut complaints = Vec::new();
    collect(root, String::new(), &mut files, &mut complaints);
    complaints.extend(judge(&files, LONGER_FILES));
    complaints.sort();
    complaints
}

fn judge(files: &[File], longer: &[(&str, usize)]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in files {
        text::check(file, &mut complaints);
    }
    text::check_lengths(files, longer, &mut complaints);
    crates::check(files, &mut complaints);
    complaints
}

/// Reads all files below `root/relative`, except what git ignores or owns.
fn collect(root: &Path, relative: String, files: &mut Vec<File>, complaints: &mut Vec<Complaint>) {
    let unreadable = |path: &str, error: std::io::Error| Complaint {
        path: path.to_owned(),
        line: None,
        what: format!("cannot be read: {error}"),
    };
    let listed: Result<Vec<PathBuf>, _> = std::fs::read_dir(root.join(&relative))
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths = match listed {
        Ok(paths) => paths,
        Err(error) => return complaints.push(unreadable(&relative, error)),
    };
    paths.sort();
    for path in paths {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            complaints.push(Complaint {
                path: path.display().to_string(),
                line: None,
                what: "the name is not UTF-8".into(),
            });
            continue;
        };
        let below =
            if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
        let ignored = matches!(name, ".git" | "target" | "__pycache__")
            || (relative.is_empty() && name.starts_with("result"));
        if ignored || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(root, below, files, complaints);
        } else {
            match std::fs::read(&path) {
                Ok(bytes) => files.push(File { path: below, bytes }),
                Err(error) => complaints.push(unreadable(&below, error)),
            }
        }
    }
}
