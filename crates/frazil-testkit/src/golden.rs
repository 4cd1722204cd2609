//! The golden cases of `suite/lang`: reading them, running them, comparing or rewriting results.
//!
//! The format is described in `suite/README.md`. How a case is evaluated is the caller's business:
//! it gets the [`Case`] and answers with what a process would leave behind. A folder without
//! cases is a failure, since a suite that finds nothing would otherwise always pass.

mod differences;
mod read;

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use differences::Differences;

/// One expression, how it is to be evaluated, and what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file that holds it.
    pub file: PathBuf,
    /// The line at which its source begins, from 1.
    pub line: usize,
    pub source: Vec<u8>,
    pub form: Form,
    pub flags: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Experimental features besides those that are always on.
    pub features: Vec<String>,
    /// Whether what is written to stderr is part of the result.
    pub with_stderr: bool,
    /// What stands behind `=> `.
    pub expected: String,
    result_line: usize,
}

/// How the result of a case is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Value,
    Lazy,
    Json,
    Xml,
    Raw,
    Parse,
}

/// What an evaluation leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The exit status; `None` if a signal ended the process.
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// A case folder or a case file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    #[error("cannot {action} `{}`", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {what}", file.display())]
    Malformed { file: PathBuf, line: usize, what: String },
    #[error("no cases in `{}`", .0.display())]
    NoCases(PathBuf),
    #[error("{failed} of {all} cases differ\n{report}")]
    Differ { failed: usize, all: usize, report: String },
}

impl Case {
    /// The arguments of a `nix-instantiate` that evaluates this case, without the source.
    pub fn arguments(&self) -> Vec<String> {
        let form: &[&str] = match self.form {
            Form::Value => &["--eval", "--strict"],
            Form::Lazy => &["--eval"],
            Form::Json => &["--eval", "--strict", "--json"],
            Form::Xml => &["--eval", "--strict", "--xml"],
            Form::Raw => &["--eval", "--strict", "--raw"],
            Form::Parse => &["--parse"],
        };
        form.iter().map(ToString::to_string).chain(self.flags.iter().cloned()).collect()
    }

    /// The contents of `NIX_CONFIG` for this case.
    pub fn configuration(&self) -> String {
        let mut features = vec!["nix-command", "flakes"];
        features.extend(self.features.iter().map(String::as_str));
        format!("experimental-features = {}", features.join(" "))
    }
}

/// All cases of the `*.cases` of `folder`, for whoever does something else with them.
pub fn cases(folder: &Path) -> Result<Vec<Case>, GoldenError> {
    read::folder(folder)
}

/// Runs all `*.cases` of `folder` and compares; with `BLESS=1` rewrites the expected lines instead.
///
/// Cases that the folder's `differences.txt` lists must differ, all others agree.
/// `folder` is printed as `/suite` in results, as the format demands.
pub fn check(folder: &Path, run: &(dyn Fn(&Case) -> Run + Sync)) -> Result<(), GoldenError> {
    let cases = read::folder(folder)?;
    let actual = run_all(folder, &cases, run);
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        return read::rewrite(&cases, &actual);
    }
    let differences = Differences::read(folder)?;
    let mut report = String::new();
    let mut failed = 0;
    for (case, actual) in cases.iter().zip(&actual) {
        let agrees = case.expected == *actual;
        if agrees == differences.lists(case) {
            failed += 1;
            let actual = if agrees { "the same: take it out of the list" } else { actual };
            report_difference(&mut report, case, actual);
        }
    }
    differences.check_used()?;
    if failed == 0 { Ok(()) } else { Err(GoldenError::Differ { failed, all: cases.len(), report }) }
}

fn report_difference(report: &mut String, case: &Case, actual: &str) {
    let name = case.file.file_name().unwrap_or_default().to_string_lossy();
    let source = String::from_utf8_lossy(&case.source).replace('\n', "\n    ");
    let lines = [
        format!("{name}:{}:", case.line),
        format!("    {source}"),
        format!("    expected  {}", case.expected),
        format!("    actual    {actual}"),
    ];
    for line in lines {
        writeln!(report, "{line}").expect("a String takes everything");
    }
}

/// Evaluates the cases on all processors; the results are in the order of the cases.
fn run_all(folder: &Path, cases: &[Case], run: &(dyn Fn(&Case) -> Run + Sync)) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, case)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            cases.get(index).map(|case| (index, case))
        } {
            done.push((index, read::result(folder, case, &run(case))));
        }
        done
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut results: Vec<(usize, String)> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        started.into_iter().flat_map(|thread| thread.join().expect("a case panicked")).collect()
    });
    results.sort();
    results.into_iter().map(|(_, result)| result).collect()
}
