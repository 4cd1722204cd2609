//! The log of one build: compressed into the store, passed on line by line, its end remembered.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use bzip2::Compression;
use bzip2::write::BzEncoder;
use frazil_model::StorePath;
use frazil_store::Store;

use super::error::BuildProblem;
use super::{Event, Tell};

/// How many lines are shown when a build fails.
const LAST_LINES: usize = 25;

pub(super) struct BuildLog<'a> {
    derivation: &'a StorePath,
    tell: &'a Tell<'a>,
    file: BzEncoder<BufWriter<File>>,
    last_lines: VecDeque<Vec<u8>>,
    /// What is told once the build has ended: a builder must not die of it.
    failure: Option<std::io::Error>,
}

impl<'a> BuildLog<'a> {
    pub(super) fn create(
        store: &Store,
        derivation: &'a StorePath,
        tell: &'a Tell<'a>,
    ) -> Result<Self, BuildProblem> {
        let file = BufWriter::new(store.create_log(derivation)?);
        Ok(Self {
            derivation,
            tell,
            file: BzEncoder::new(file, Compression::default()),
            last_lines: VecDeque::new(),
            failure: None,
        })
    }

    pub(super) fn line(&mut self, line: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.file.write_all(line).err();
        }
        if self.last_lines.len() == LAST_LINES {
            self.last_lines.pop_front();
        }
        self.last_lines.push_back(line.to_vec());
        (self.tell)(Event::Log(self.derivation.clone(), line.to_vec()));
    }

    /// Completes the file; returns the last lines.
    pub(super) fn finish(self) -> (Vec<Vec<u8>>, Result<(), BuildProblem>) {
        let written = self.file.finish().and_then(|mut file| file.flush());
        let result = self.failure.map_or(written, Err).map_err(BuildProblem::Log);
        (self.last_lines.into(), result)
    }
}
