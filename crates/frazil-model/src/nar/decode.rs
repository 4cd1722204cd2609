//! Reading a NAR as events.
//!
//! Invariant: the events make a tree with legal names in order, and the bytes read are what the
//! encoder writes for them. Nothing is read behind the end, so other data may follow.

use std::io::{self, BufRead};

use super::{
    ALIGN, Event, FileName, FileNameError, MAGIC, NAR_DEPTH_MAX, TARGET_BYTES_MAX, is_target,
    padding,
};

/// Bytes in the longest string that is part of the syntax.
const TAG_BYTES_MAX: usize = 16;

/// Why bytes are not a NAR. The messages begin as Nix's do.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The input failed.
    #[error("cannot read the archive")]
    Read(#[source] io::Error),
    /// The input ends inside the archive.
    #[error("bad archive: unexpected end")]
    End,
    /// The first string is another.
    #[error("bad archive: input doesn't look like a Nix archive")]
    Magic,
    /// Other syntax than can stand here.
    #[error("bad archive: expected tag {expected}, got '{}'", found.escape_ascii())]
    Tag {
        /// What may stand here.
        expected: &'static str,
        /// What stands here.
        found: Vec<u8>,
    },
    /// A string that is longer than it may be.
    #[error("bad archive: a string of {len} bytes, where at most {max} may stand")]
    Long {
        /// Its length.
        len: u64,
        /// The longest possible.
        max: usize,
    },
    /// Something else than zeros after a string.
    #[error("bad archive: non-zero padding")]
    Padding,
    /// The executable mark has a value.
    #[error("bad archive: executable marker has non-empty value")]
    Executable,
    /// A name that could lead elsewhere.
    #[error("bad archive: {0}")]
    Name(#[from] FileNameError),
    /// An entry that does not follow the one before it in the order of bytes.
    #[error("bad archive: NAR directory is not sorted at '{name:?}'")]
    Unsorted {
        /// The entry.
        name: FileName,
    },
    /// A target that is empty or has a zero byte.
    #[error("bad archive: invalid symlink target '{}'", target.escape_ascii())]
    Target {
        /// The target.
        target: Vec<u8>,
    },
    /// Directories nest too deep.
    #[error("bad archive: directories nest more than {NAR_DEPTH_MAX} deep")]
    Depth,
}

/// What the decoder reads next.
#[derive(Clone, Copy)]
enum State {
    Start,
    Node,
    EntryOrEnd,
    Contents { size: u64, left: u64 },
    Done,
}

/// Reads a NAR as events.
pub struct Decoder<'r> {
    input: &'r mut dyn BufRead,
    state: State,
    /// Bytes at the front of the input that the last event borrowed.
    lent: usize,
    /// The open directories, each with the name of its last entry.
    open: Vec<Option<FileName>>,
    target: Vec<u8>,
}

impl<'r> Decoder<'r> {
    /// Begins to read an archive.
    pub fn new(input: &'r mut dyn BufRead) -> Self {
        Self { input, state: State::Start, lent: 0, open: Vec::new(), target: Vec::new() }
    }

    /// Reads the next event; `None` at the end of the archive.
    ///
    /// After an error the decoder must not be used any more.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, DecodeError> {
        self.input.consume(std::mem::take(&mut self.lent));
        match self.state {
            State::Start => {
                match self.string(MAGIC.len()) {
                    Ok(magic) if magic == MAGIC => self.node().map(Some),
                    // Other files begin with what would be a very long string.
                    Ok(_) | Err(DecodeError::Long { .. }) => Err(DecodeError::Magic),
                    Err(err) => Err(err),
                }
            }
            State::Node => self.node().map(Some),
            State::EntryOrEnd => self.entry_or_end().map(Some),
            State::Contents { size, left: 0 } => {
                self.padding(size)?;
                self.end_node()?;
                self.next_event()
            }
            State::Contents { size, left } => self.contents(size, left).map(Some),
            State::Done => Ok(None),
        }
    }

    fn node(&mut self) -> Result<Event<'_>, DecodeError> {
        self.tag(b"(", "'('")?;
        self.tag(b"type", "'type'")?;
        match self.string(TAG_BYTES_MAX)?.as_slice() {
            b"directory" => {
                if self.open.len() >= NAR_DEPTH_MAX {
                    return Err(DecodeError::Depth);
                }
                self.open.push(None);
                self.state = State::EntryOrEnd;
                Ok(Event::Directory)
            }
            b"regular" => self.file(),
            b"symlink" => {
                self.tag(b"target", "'target'")?;
                self.target = self.string(TARGET_BYTES_MAX)?;
                if !is_target(&self.target) {
                    return Err(DecodeError::Target { target: self.target.clone() });
                }
                self.end_node()?;
                Ok(Event::Symlink { target: &self.target })
            }
            found => Err(DecodeError::Tag {
                expected: "'regular', 'directory' or 'symlink'",
                found: found.into(),
            }),
        }
    }

    fn file(&mut self) -> Result<Event<'_>, DecodeError> {
        let mut tag = self.string(TAG_BYTES_MAX)?;
        let executable = tag == b"executable";
        if executable {
            if self.length()? != 0 {
                return Err(DecodeError::Executable);
            }
            tag = self.string(TAG_BYTES_MAX)?;
        }
        if tag != b"contents" {
            return Err(DecodeError::Tag { expected: "'contents'", found: tag });
        }
        let size = self.length()?;
        self.state = State::Contents { size, left: size };
        Ok(Event::File { executable, size })
    }

    fn contents(&mut self, size: u64, left: u64) -> Result<Event<'_>, DecodeError> {
        while let Err(err) = self.input.fill_buf() {
            if err.kind() != io::ErrorKind::Interrupted {
                return Err(DecodeError::Read(err));
            }
        }
        // The buffer is filled, so this gives it again.
        let available = self.input.fill_buf().map_err(DecodeError::Read)?;
        if available.is_empty() {
            return Err(DecodeError::End);
        }
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(available.len());
        self.lent = len;
        self.state = State::Contents { size, left: left - len as u64 };
        Ok(Event::Contents { bytes: available.split_at(len).0 })
    }

    fn entry_or_end(&mut self) -> Result<Event<'_>, DecodeError> {
        let tag = self.string(TAG_BYTES_MAX)?;
        match tag.as_slice() {
            b")" => {
                self.open.pop();
                self.end_entry()?;
                Ok(Event::EndDirectory)
            }
            b"entry" => {
                self.tag(b"(", "'('")?;
                self.tag(b"name", "'name'")?;
                let name = FileName::new(self.string(super::FILE_NAME_BYTES_MAX)?)?;
                if self.open.last().and_then(Option::as_ref).is_some_and(|last| *last >= name) {
                    return Err(DecodeError::Unsorted { name });
                }
                self.tag(b"node", "'node'")?;
                self.state = State::Node;
                match self.open.last_mut() {
                    Some(last) => Ok(Event::Entry { name: last.insert(name) }),
                    // Entries are read in open directories only.
                    None => Err(DecodeError::Tag { expected: "')'", found: tag }),
                }
            }
            _ => Err(DecodeError::Tag { expected: "'entry' or ')'", found: tag }),
        }
    }

    fn end_node(&mut self) -> Result<(), DecodeError> {
        self.tag(b")", "')'")?;
        self.end_entry()
    }

    /// Closes the entry that the node stands in.
    fn end_entry(&mut self) -> Result<(), DecodeError> {
        if self.open.is_empty() {
            self.state = State::Done;
            return Ok(());
        }
        self.state = State::EntryOrEnd;
        self.tag(b")", "')'")
    }

    fn tag(&mut self, tag: &[u8], expected: &'static str) -> Result<(), DecodeError> {
        let found = self.string(TAG_BYTES_MAX)?;
        if found == tag { Ok(()) } else { Err(DecodeError::Tag { expected, found }) }
    }

    fn string(&mut self, max: usize) -> Result<Vec<u8>, DecodeError> {
        let len = self.length()?;
        if len > max as u64 {
            return Err(DecodeError::Long { len, max });
        }
        let mut string = vec![0; len as usize];
        self.read(&mut string)?;
        self.padding(len)?;
        Ok(string)
    }

    fn length(&mut self) -> Result<u64, DecodeError> {
        let mut bytes = [0; 8];
        self.read(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn padding(&mut self, len: u64) -> Result<(), DecodeError> {
        let mut zeros = [0; ALIGN as usize];
        let zeros = zeros.split_at_mut(padding(len) as usize).0;
        self.read(zeros)?;
        if zeros.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(DecodeError::Padding) }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        self.input.read_exact(bytes).map_err(|source| {
            if source.kind() == io::ErrorKind::UnexpectedEof {
                DecodeError::End
            } else {
                DecodeError::Read(source)
            }
        })
    }
}
