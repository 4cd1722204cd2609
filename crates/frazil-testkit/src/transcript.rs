//! Documents that show what the program prints, kept true by running what they show.
//!
//! A document is Markdown. A fence that starts with `nix NAME` is a file, there until the next
//! heading. A fence `console` is a session: a line `$ frazil ARGUMENTS` is run, what follows it is
//! everything it printed, and `$ echo $?` shows how it ended. Sessions whose first command is
//! another program are not ours to run. How a command is run is the caller's business.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::golden::Run;
use crate::shell::words;

const FENCE: &str = "```";
const PROMPT: &str = "$ ";
const PROGRAM: &str = "$ frazil ";
const STATUS: &str = "$ echo $?";

/// A file of a document: its name, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub name: String,
    pub text: String,
}

/// A document that is not true, or that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    #[error("cannot {action} `{}`", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("line {line}: {what}")]
    Malformed { line: usize, what: String },
    #[error("`{}` runs no command", .0.display())]
    NoCommands(PathBuf),
    #[error("`{}` is not what the program prints; `BLESS=1` rewrites it\n{report}", path.display())]
    Differs { path: PathBuf, report: String },
}

/// Runs the commands of the document at `path` and compares what they print; with `BLESS=1`
/// rewrites it instead. `run` gets the files of the section, and the arguments.
pub fn check(
    path: &Path,
    run: &dyn Fn(&[Document], &[String]) -> Run,
) -> Result<(), TranscriptError> {
    let failed = |action| move |source| TranscriptError::Io { action, path: path.into(), source };
    let text = std::fs::read_to_string(path).map_err(failed("read"))?;
    let (actual, commands) = rewritten(&text, run)?;
    if commands == 0 {
        return Err(TranscriptError::NoCommands(path.to_owned()));
    }
    if actual == text {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        return std::fs::write(path, actual).map_err(failed("write"));
    }
    Err(TranscriptError::Differs {
        path: path.to_owned(),
        report: first_difference(&text, &actual),
    })
}

/// The document with what its commands print now, and how many commands there are.
fn rewritten(
    text: &str,
    run: &dyn Fn(&[Document], &[String]) -> Run,
) -> Result<(String, usize), TranscriptError> {
    let mut out = String::new();
    let mut files: Vec<Document> = Vec::new();
    let mut commands = 0;
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        writeln!(out, "{line}").expect("a String takes everything");
        if line.starts_with('#') {
            files.clear();
        }
        let Some(fence) = line.strip_prefix(FENCE) else { continue };
        let mut inside = Vec::new();
        let mut is_closed = false;
        for (number, line) in lines.by_ref() {
            is_closed = line == FENCE;
            if is_closed {
                break;
            }
            inside.push((number, line));
        }
        if !is_closed {
            let what = "the fence is not closed".to_owned();
            return Err(TranscriptError::Malformed { line: number, what });
        }
        let is_ours = inside.first().is_some_and(|(_, line)| line.starts_with(PROGRAM));
        if fence == "console" && is_ours {
            commands += session(&inside, &files, run, &mut out)?;
        } else {
            let text: String = inside.iter().flat_map(|(_, line)| [line, "\n"]).collect();
            out.push_str(&text);
            if let Some(name) = fence.strip_prefix("nix ") {
                files.push(Document { name: name.to_owned(), text });
            }
        }
        writeln!(out, "{FENCE}").expect("a String takes everything");
    }
    Ok((out, commands))
}

/// Writes the commands of one session with what they print; returns how many there are.
fn session(
    lines: &[(usize, &str)],
    files: &[Document],
    run: &dyn Fn(&[Document], &[String]) -> Run,
    out: &mut String,
) -> Result<usize, TranscriptError> {
    let mut status = None;
    let mut count = 0;
    for (number, line) in lines.iter().filter(|(_, line)| line.starts_with(PROMPT)) {
        let malformed = |what| TranscriptError::Malformed { line: *number, what };
        writeln!(out, "{line}").expect("a String takes everything");
        if let Some(arguments) = line.strip_prefix(PROGRAM) {
            let done = run(files, &words(arguments).map_err(malformed)?);
            for printed in [&done.stdout, &done.stderr] {
                out.push_str(&String::from_utf8_lossy(printed));
                if !out.ends_with('\n') {
                    out.push('\n');
                }
            }
            status = done.status;
            count += 1;
        } else if *line == STATUS {
            let status = status.ok_or_else(|| malformed("nothing was run".to_owned()))?;
            writeln!(out, "{status}").expect("a String takes everything");
        } else {
            return Err(malformed("only `frazil` and `echo $?` are run here".to_owned()));
        }
    }
    Ok(count)
}

fn first_difference(expected: &str, actual: &str) -> String {
    let mut pairs = (1..).zip(expected.lines().zip(actual.lines()));
    match pairs.find(|(_, (expected, actual))| expected != actual) {
        Some((number, (expected, actual))) => {
            format!("line {number}\n  it says  {expected}\n  printed  {actual}")
        }
        None => "the one is longer than the other".to_owned(),
    }
}
