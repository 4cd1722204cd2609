//! Writing a NAR from events.
//!
//! The encoder checks that the events make a tree, so what it has written when
//! [`finish`](Encoder::finish) succeeds is a NAR that reads back.

use std::io::{self, Write};

use super::{ALIGN, Event, FileName, MAGIC, NAR_DEPTH_MAX, is_target, padding};
use crate::hash::Sha256;

/// Why events could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The output failed.
    #[error("cannot write the archive")]
    Write(#[source] io::Error),
    /// An event that cannot stand here.
    #[error("expected {expected}, got {found}")]
    OutOfPlace {
        /// What may stand here.
        expected: &'static str,
        /// What stands here.
        found: &'static str,
    },
    /// An entry that does not follow the one before it in the order of bytes.
    #[error("entry '{name:?}' is not in order, or is there twice")]
    Unsorted {
        /// The entry.
        name: FileName,
    },
    /// More contents than were announced.
    #[error("the file is longer than the {size} bytes announced for it")]
    Long {
        /// The bytes announced.
        size: u64,
    },
    /// A target that is empty, too long, or has a zero byte.
    #[error("invalid symlink target '{}'", target.escape_ascii())]
    Target {
        /// The target.
        target: Vec<u8>,
    },
    /// Directories nest too deep.
    #[error("directories nest more than {NAR_DEPTH_MAX} deep")]
    Depth,
}

/// What the encoder waits for.
#[derive(Clone, Copy)]
enum State {
    Node,
    EntryOrEnd,
    Contents { size: u64, left: u64 },
    Done,
}

/// Writes events as a NAR.
pub struct Encoder<'w> {
    out: &'w mut dyn Write,
    state: State,
    /// The open directories, each with the name of its last entry.
    open: Vec<Option<FileName>>,
}

impl<'w> Encoder<'w> {
    /// Begins an archive. Small pieces are written, so `out` should be buffered.
    pub fn new(out: &'w mut dyn Write) -> Result<Self, EncodeError> {
        let mut encoder = Self { out, state: State::Node, open: Vec::new() };
        encoder.string(MAGIC)?;
        Ok(encoder)
    }

    /// Writes the next event.
    pub fn put(&mut self, event: Event<'_>) -> Result<(), EncodeError> {
        match (self.state, event) {
            (State::Node, Event::Directory) => {
                if self.open.len() >= NAR_DEPTH_MAX {
                    return Err(EncodeError::Depth);
                }
                self.open.push(None);
                self.state = State::EntryOrEnd;
                self.strings(&[b"(", b"type", b"directory"])
            }
            (State::Node, Event::File { executable, size }) => {
                self.strings(&[b"(", b"type", b"regular"])?;
                if executable {
                    self.strings(&[b"executable", b""])?;
                }
                self.string(b"contents")?;
                self.write(&size.to_le_bytes())?;
                self.state = State::Contents { size, left: size };
                if size == 0 { self.end_node() } else { Ok(()) }
            }
            (State::Node, Event::Symlink { target }) => {
                if !is_target(target) {
                    return Err(EncodeError::Target { target: target.into() });
                }
                self.strings(&[b"(", b"type", b"symlink", b"target", target])?;
                self.end_node()
            }
            (State::EntryOrEnd, Event::Entry { name }) => {
                if let Some(last) = self.open.last_mut()
                    && last.replace(name.clone()).is_some_and(|last| last >= *name)
                {
                    return Err(EncodeError::Unsorted { name: name.clone() });
                }
                self.state = State::Node;
                self.strings(&[b"entry", b"(", b"name", name.as_bytes(), b"node"])
            }
            (State::EntryOrEnd, Event::EndDirectory) => {
                self.open.pop();
                self.end_node()
            }
            (State::Contents { size, left }, Event::Contents { bytes }) => {
                let left =
                    left.checked_sub(bytes.len() as u64).ok_or(EncodeError::Long { size })?;
                self.write(bytes)?;
                self.state = State::Contents { size, left };
                if left > 0 {
                    return Ok(());
                }
                self.pad(size)?;
                self.end_node()
            }
            (state, event) => Err(EncodeError::OutOfPlace {
                expected: state.expected(),
                found: event_name(event),
            }),
        }
    }

    /// Ends the archive, which must be complete.
    pub fn finish(self) -> Result<(), EncodeError> {
        match self.state {
            State::Done => Ok(()),
            State::Node | State::EntryOrEnd | State::Contents { .. } => {
                Err(EncodeError::OutOfPlace {
                    expected: self.state.expected(),
                    found: "the end of the archive",
                })
            }
        }
    }

    /// Closes the node, and the entry that it stands in.
    fn end_node(&mut self) -> Result<(), EncodeError> {
        self.string(b")")?;
        if self.open.is_empty() {
            self.state = State::Done;
            return Ok(());
        }
        self.state = State::EntryOrEnd;
        self.string(b")")
    }

    fn strings(&mut self, strings: &[&[u8]]) -> Result<(), EncodeError> {
        strings.iter().try_for_each(|string| self.string(string))
    }

    fn string(&mut self, string: &[u8]) -> Result<(), EncodeError> {
        self.write(&(string.len() as u64).to_le_bytes())?;
        self.write(string)?;
        self.pad(string.len() as u64)
    }

    fn pad(&mut self, len: u64) -> Result<(), EncodeError> {
        let zeros = [0; ALIGN as usize];
        self.write(zeros.split_at(padding(len) as usize).0)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.out.write_all(bytes).map_err(EncodeError::Write)
    }
}

impl State {
    fn expected(self) -> &'static str {
        match self {
            Self::Node => "a file, directory or symlink",
            Self::EntryOrEnd => "an entry or the end of the directory",
            Self::Contents { .. } => "contents of the file",
            Self::Done => "the end of the archive",
        }
    }
}

fn event_name(event: Event<'_>) -> &'static str {
    match event {
        Event::Directory => "a directory",
        Event::Entry { .. } => "an entry",
        Event::EndDirectory => "the end of a directory",
        Event::File { .. } => "a file",
        Event::Contents { .. } => "contents",
        Event::Symlink { .. } => "a symlink",
    }
}

/// What a store records about a NAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NarDigest {
    /// The hash of its bytes.
    pub hash: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// Takes a NAR's bytes and gives its [`NarDigest`].
#[derive(Clone, Default)]
pub struct NarHasher {
    state: sha2::Sha256,
    size: u64,
}

impl NarHasher {
    /// The digest of what was written.
    pub fn finish(self) -> NarDigest {
        use sha2::Digest as _;
        NarDigest { hash: Sha256(self.state.finalize().into()), size: self.size }
    }
}

impl Write for NarHasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use sha2::Digest as _;
        self.state.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
