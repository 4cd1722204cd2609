//! The log of one build: compressed into the store, passed on line by line, its end remembered.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use bzip2::Compression;
use bzip2::write::BzEncoder;
use frazil_model::StorePath;
use frazil_store::Store;

use super::error::BuildProblem;
use super::{Event, Tell};

/// How many lines are shown when a build fails.
const LAST_LINES: usize = 25;

/// The file is brought up to date when so much was said, or when something is said after so long:
/// then the log of a build that is killed is there but for its end.
const STREAM_BYTES: usize = 64 << 10;
const STREAM_TIME: Duration = Duration::from_secs(1);

pub(super) struct BuildLog<'a> {
    derivation: &'a StorePath,
    tell: &'a Tell<'a>,
    file: File,
    /// What is not in the file yet.
    pending: Vec<u8>,
    /// When there was nothing pending last.
    written: Instant,
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
        Ok(Self {
            derivation,
            tell,
            file: store.create_log(derivation)?,
            pending: Vec::new(),
            written: Instant::now(),
            last_lines: VecDeque::new(),
            failure: None,
        })
    }

    pub(super) fn line(&mut self, line: &[u8]) {
        self.pending.extend_from_slice(line);
        if self.pending.len() >= STREAM_BYTES || self.written.elapsed() >= STREAM_TIME {
            self.write_pending();
        }
        if self.last_lines.len() == LAST_LINES {
            self.last_lines.pop_front();
        }
        self.last_lines.push_back(line.to_vec());
        (self.tell)(Event::Log(self.derivation.clone(), line.to_vec()));
    }

    /// Writes what is pending as a stream of its own, which can be read whatever happens then.
    fn write_pending(&mut self) {
        if self.failure.is_none() {
            let mut stream = BzEncoder::new(&self.file, Compression::default());
            let written = stream.write_all(&self.pending).and_then(|()| stream.finish());
            self.failure = written.err();
        }
        self.pending.clear();
        self.written = Instant::now();
    }

    /// Completes the file; returns the last lines.
    pub(super) fn finish(mut self) -> (Vec<Vec<u8>>, Result<(), BuildProblem>) {
        self.write_pending();
        let result = self.failure.map_or(Ok(()), Err).map_err(BuildProblem::Log);
        (self.last_lines.into(), result)
    }
}
