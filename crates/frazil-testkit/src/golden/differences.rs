//! The cases in which we differ from the reference on purpose, or because it cannot be asked:
//! `differences.txt` in the folder of the cases.
//!
//! The file is a ratchet: a case that is listed must differ, so the list can only shrink. A case is
//! named by its file and its first line, as other lines of the file come and go.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use super::read::{text_of, unescape};
use super::{Case, GoldenError};

/// The name of the file in the folder of the cases.
const FILE: &str = "differences.txt";

/// What the file lists; nothing if there is none.
#[derive(Debug)]
pub(super) struct Differences {
    file: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Where it stands, from 1.
    line: usize,
    case_file: String,
    first_line: Vec<u8>,
    /// Whether a case has this name.
    is_used: Cell<bool>,
}

impl Differences {
    pub(super) fn read(folder: &Path) -> Result<Self, GoldenError> {
        let file = folder.join(FILE);
        let text = if file.exists() { text_of(&file)? } else { String::new() };
        let mut entries = Vec::new();
        let mut has_reason = false;
        for (line, text) in (1..).zip(text.lines()) {
            if text.is_empty() {
                has_reason = false;
            } else if text.starts_with('#') {
                has_reason = true;
            } else {
                let malformed = |what: &str| GoldenError::Malformed {
                    file: file.clone(),
                    line,
                    what: what.to_owned(),
                };
                let (case_file, first_line) =
                    text.split_once(": ").ok_or_else(|| malformed("not `FILE: FIRST LINE`"))?;
                if !has_reason {
                    return Err(malformed("no reason stands above"));
                }
                let (case_file, first_line) = (case_file.to_owned(), unescape(first_line));
                entries.push(Entry { line, case_file, first_line, is_used: Cell::new(false) });
            }
        }
        Ok(Self { file, entries })
    }

    /// Whether the case is listed.
    pub(super) fn lists(&self, case: &Case) -> bool {
        let file = case.file.file_name().unwrap_or_default();
        let first_line = case.source.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_this = |entry: &&Entry| *entry.case_file == *file && entry.first_line == first_line;
        let entry = self.entries.iter().find(is_this);
        if let Some(entry) = entry {
            entry.is_used.set(true);
        }
        entry.is_some()
    }

    /// Fails if an entry names no case; to be asked when all cases went through [`Self::lists`].
    pub(super) fn check_used(&self) -> Result<(), GoldenError> {
        match self.entries.iter().find(|entry| !entry.is_used.get()) {
            None => Ok(()),
            Some(entry) => Err(GoldenError::Malformed {
                file: self.file.clone(),
                line: entry.line,
                what: "there is no such case".to_owned(),
            }),
        }
    }
}
