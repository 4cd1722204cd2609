//! The text side of the golden cases: splitting files, spelling bytes, rewriting results.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::{Case, Form, GoldenError, Run};
use crate::shell::words;

/// Where the folder of the cases lies, as the results spell it.
const FOLDER_SHOWN: &str = "/suite";
const RESULT: &str = "=> ";
/// How much of stderr is shown when a case ended as none may.
const STDERR_SHOWN_BYTES: usize = 400;

/// Reads all cases of a folder, file by file in the order of their names.
pub(super) fn folder(folder: &Path) -> Result<Vec<Case>, GoldenError> {
    let failed = |source| GoldenError::Io { action: "list", path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "cases") {
            files.push(path);
        }
    }
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        cases.extend(split(&file, &text_of(&file)?)?);
    }
    if cases.is_empty() { Err(GoldenError::NoCases(folder.to_owned())) } else { Ok(cases) }
}

pub(super) fn text_of(file: &Path) -> Result<String, GoldenError> {
    std::fs::read_to_string(file).map_err(|source| GoldenError::Io {
        action: "read",
        path: file.to_owned(),
        source,
    })
}

/// Splits the text of one file into its cases.
pub(super) fn split(file: &Path, text: &str) -> Result<Vec<Case>, GoldenError> {
    let malformed =
        |line, what: String| GoldenError::Malformed { file: file.to_owned(), line, what };
    let mut cases = Vec::new();
    let mut case = Case::empty(file);
    let mut source: Vec<&str> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(expected) = line.strip_prefix(RESULT) {
            if source.is_empty() {
                return Err(malformed(number, "a result without a source".to_owned()));
            }
            case.source = unescape(&source.join("\n"));
            case.line = number - source.len();
            case.result_line = number;
            expected.clone_into(&mut case.expected);
            cases.push(std::mem::replace(&mut case, Case::empty(file)));
            source.clear();
        } else if !source.is_empty() {
            source.push(line);
        } else if let Some(comment) = line.strip_prefix("#!") {
            case.apply(comment.trim_start()).map_err(|what| malformed(number, what))?;
        } else if !line.is_empty() {
            source.push(line);
        }
    }
    if !source.is_empty() {
        return Err(malformed(text.lines().count(), "the last case has no result".to_owned()));
    }
    Ok(cases)
}

impl Case {
    fn empty(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            source: Vec::new(),
            form: Form::default(),
            flags: Vec::new(),
            environment: Vec::new(),
            features: Vec::new(),
            with_stderr: false,
            expected: String::new(),
            result_line: 0,
        }
    }

    /// Takes a `#!` line: a directive, or else a comment.
    fn apply(&mut self, comment: &str) -> Result<(), String> {
        let Some((name, value)) = comment.split_once(": ") else { return Ok(()) };
        match name {
            "form" => self.form = form(value)?,
            "flags" => self.flags = words(value)?,
            "env" => {
                let (key, text) = value.split_once('=').ok_or("`env:` needs NAME=VALUE")?;
                self.environment.push((key.to_owned(), text.to_owned()));
            }
            "features" => self.features = words(value)?,
            "stderr" => self.with_stderr = value == "yes",
            _comment => {}
        }
        Ok(())
    }
}

fn form(name: &str) -> Result<Form, String> {
    Ok(match name {
        "value" => Form::Value,
        "lazy" => Form::Lazy,
        "json" => Form::Json,
        "xml" => Form::Xml,
        "raw" => Form::Raw,
        "parse" => Form::Parse,
        _ => return Err(format!("there is no form `{name}`")),
    })
}

/// Turns `⟪0d⟫` into that byte.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('⟪') {
        bytes.extend(before.as_bytes());
        let spelt = after.split_once('⟫').and_then(|(digits, behind)| {
            let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 2)?;
            Some((byte, behind))
        });
        rest = if let Some((byte, behind)) = spelt {
            bytes.push(byte);
            behind
        } else {
            bytes.extend("⟪".as_bytes());
            after
        };
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// Makes output fit for one line of a UTF-8 file, the same on every machine.
fn escape(folder: &Path, output: &[u8]) -> String {
    let mut text = String::new();
    for chunk in output.utf8_chunks() {
        for char in chunk.valid().replace(&*folder.to_string_lossy(), FOLDER_SHOWN).chars() {
            if char.is_ascii_control() { spell(&mut text, &[char as u8]) } else { text.push(char) }
        }
        spell(&mut text, chunk.invalid());
    }
    text
}

fn spell(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "⟪{byte:02x}⟫").expect("a String takes everything");
    }
}

/// What stands behind `=> ` for this run.
pub(super) fn result(folder: &Path, case: &Case, run: &Run) -> String {
    let stdout = run.stdout.strip_suffix(b"\n").unwrap_or(&run.stdout);
    if run.status == Some(0) {
        let before = if case.with_stderr { escape(folder, &run.stderr) } else { String::new() };
        return before + &escape(folder, stdout);
    }
    let stderr = String::from_utf8_lossy(&run.stderr);
    let message = stderr.lines().rev().find_map(|line| line.trim_start().strip_prefix("error:"));
    let (Some(1), Some(message)) = (run.status, message) else {
        let tail = run.stderr.len().saturating_sub(STDERR_SHOWN_BYTES);
        let shown = escape(folder, run.stderr.get(tail..).unwrap_or_default());
        let status =
            run.status.map_or_else(|| "by a signal".to_owned(), |status| status.to_string());
        return format!("exit status {status}: {shown}");
    };
    let message = escape(folder, message.trim().as_bytes());
    let message = if message.starts_with("syntax error") { "syntax error" } else { &message };
    let before =
        if case.with_stderr { stderr.split("error:").next().unwrap_or_default() } else { "" };
    // Files of the suite have no white space at the end of a line.
    format!("{}error: {message}", escape(folder, before.as_bytes())).trim_end().to_owned()
}

/// Writes the actual results into the files of the cases.
pub(super) fn rewrite(cases: &[Case], actual: &[String]) -> Result<(), GoldenError> {
    let mut files: Vec<&PathBuf> = cases.iter().map(|case| &case.file).collect();
    files.dedup();
    for file in files {
        let text = text_of(file)?;
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        for (case, actual) in cases.iter().zip(actual).filter(|(case, _)| case.file == *file) {
            if let Some(line) = lines.get_mut(case.result_line - 1) {
                *line = format!("{RESULT}{actual}");
            }
        }
        std::fs::write(file, lines.join("\n")).map_err(|source| GoldenError::Io {
            action: "write",
            path: file.clone(),
            source,
        })?;
    }
    Ok(())
}
