//! Rules about one file: its name, its size, its words.

use super::{Complaint, FILE_BYTES_MAX, FILE_LINES_MAX, File};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];
/// Words that promise work instead of doing it. Split, so that this file does not break its rule.
const PROMISES: &[&str] = &[concat!("FIX", "ME"), concat!("TO", "DO"), concat!("X", "XX")];
/// Files whose white space a person chose, so that a stray blank at the end is a slip.
const WRITTEN_BY_HAND: &[&str] =
    &[".rs", ".toml", ".md", ".sh", ".py", ".nix", ".yml", ".yaml", ".ci/run"];

pub(super) fn check(file: &File, complaints: &mut Vec<Complaint>) {
    if file.bytes.len() > FILE_BYTES_MAX {
        complaints.push(file.complain(
            None,
            format!("has {} bytes; the limit is {FILE_BYTES_MAX}", file.bytes.len()),
        ));
    }
    if file.is_rust() {
        let stem = file.name().trim_end_matches(".rs");
        if EMPTY_NAMES.contains(&stem) {
            complaints.push(file.complain(None, "name the file after what is in it"));
        }
        // What `tests.rs` is, the module above it says.
        if file.name() != "tests.rs" && !file.bytes.starts_with(b"//!") {
            complaints.push(
                file.complain(
                    Some(1),
                    "begin with a header (`//!`): what it is, and what it is not",
                ),
            );
        }
    }
    check_lines(file, complaints);
}

fn check_lines(file: &File, complaints: &mut Vec<Complaint>) {
    // Test data holds whatever the test needs; the lock file is written by cargo.
    let is_data = file.path.starts_with("suite/lang/")
        || file.path.contains("/corpus/")
        || file.name() == "Cargo.lock";
    let by_hand = !is_data && WRITTEN_BY_HAND.iter().any(|end| file.path.ends_with(end));
    for (index, line) in file.bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = Some(index + 1);
        let words = String::from_utf8_lossy(line);
        if by_hand && matches!(line.last(), Some(b' ' | b'\t' | b'\r')) {
            complaints.push(file.complain(number, "white space at the end of the line"));
        }
        if is_data {
            continue;
        }
        for promise in PROMISES.iter().filter(|promise| has_word(&words, promise)) {
            complaints.push(file.complain(number, format!("`{promise}`: do it, or open an issue")));
        }
    }
    if by_hand && !file.bytes.is_empty() && !file.bytes.ends_with(b"\n") {
        complaints.push(file.complain(None, "no newline at the end of the file"));
    }
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

pub(super) fn check_lengths(
    files: &[File],
    longer: &[(&str, usize)],
    complaints: &mut Vec<Complaint>,
) {
    for file in files.iter().filter(|file| file.is_rust()) {
        let lines = file.bytes.split(|byte| *byte == b'\n').count() - 1;
        let exception = longer.iter().find(|(path, _)| *path == file.path);
        match exception {
            Some((_, limit)) if lines > *limit => {
                complaints.push(
                    file.complain(None, format!("has {lines} lines; its exception allows {limit}")),
                );
            }
            Some(_) if lines <= FILE_LINES_MAX => {
                complaints.push(
                    file.complain(None, "needs no exception for its length any more: remove it"),
                );
            }
            None if lines > FILE_LINES_MAX => {
                complaints.push(
                    file.complain(
                        None,
                        format!("has {lines} lines; the limit is {FILE_LINES_MAX}"),
                    ),
                );
            }
            Some(_) | None => {}
        }
    }
    for (path, _) in longer {
        if !files.iter().any(|file| file.path == *path) {
            let what = "is gone: remove its exception".to_owned();
            complaints.push(Complaint { path: (*path).to_owned(), line: None, what });
        }
    }
}
