//! A tree in memory: small sources, generated files, tests.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use super::{DecodeError, Decoder, EncodeError, Encoder, Event, FileName, NarDigest, NarHasher};

/// A file, symlink or directory with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NarNode {
    /// A regular file.
    File {
        /// Whether it may be executed.
        executable: bool,
        /// Its bytes.
        contents: Vec<u8>,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: Vec<u8>,
    },
    /// A directory.
    Directory {
        /// What is in it.
        entries: BTreeMap<FileName, NarNode>,
    },
}

/// Why bytes could not be read into a tree in memory.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// They are not a NAR.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The contents of the files are more than the caller wants to hold.
    #[error("the archive's files have more than {max} bytes")]
    Large {
        /// What the caller wants to hold.
        max: u64,
    },
    /// More bytes follow the archive.
    #[error("the archive has more data behind its end")]
    Trailing,
}

impl NarNode {
    /// Reads a tree from exactly these bytes.
    pub fn parse(nar: &[u8]) -> Result<Self, TreeError> {
        let mut rest = nar;
        let tree = Self::read(&mut rest, nar.len() as u64)?;
        if rest.is_empty() { Ok(tree) } else { Err(TreeError::Trailing) }
    }

    /// Reads a tree whose files have at most `contents_bytes_max` bytes together.
    pub fn read(input: &mut dyn BufRead, contents_bytes_max: u64) -> Result<Self, TreeError> {
        let mut decoder = Decoder::new(input);
        let mut left = contents_bytes_max;
        // Directories are taken out of here and put into their parent once they are complete.
        let mut open: Vec<(Option<FileName>, BTreeMap<FileName, Self>)> = Vec::new();
        let mut name = None;
        let mut root = None;
        loop {
            let node = match decoder.next_event()? {
                None => break,
                Some(Event::Directory) => {
                    open.push((name.take(), BTreeMap::new()));
                    continue;
                }
                Some(Event::Entry { name: entry }) => {
                    name = Some(entry.clone());
                    continue;
                }
                Some(Event::EndDirectory) => {
                    let (outer, entries) = open.pop().unwrap_or_default();
                    name = outer;
                    Self::Directory { entries }
                }
                Some(Event::Symlink { target }) => Self::Symlink { target: target.into() },
                Some(Event::File { executable, size }) => {
                    left = left
                        .checked_sub(size)
                        .ok_or(TreeError::Large { max: contents_bytes_max })?;
                    let contents = read_contents(&mut decoder, size)?;
                    Self::File { executable, contents }
                }
                // Contents are read with their file.
                Some(Event::Contents { .. }) => continue,
            };
            match (open.last_mut(), name.take()) {
                (Some((_, entries)), Some(name)) => {
                    entries.insert(name, node);
                }
                (_, _) => root = Some(node),
            }
        }
        root.ok_or(TreeError::Decode(DecodeError::End))
    }

    /// The NAR of the tree.
    ///
    /// # Errors
    /// If a target is not legal or directories nest too deep, which no parsed tree has.
    pub fn write(&self, out: &mut dyn Write) -> Result<(), EncodeError> {
        let mut encoder = Encoder::new(out)?;
        self.encode(&mut encoder)?;
        encoder.finish()
    }

    /// Writes the tree as a node of an archive; recursion ends with the encoder's depth limit.
    pub fn encode(&self, encoder: &mut Encoder<'_>) -> Result<(), EncodeError> {
        match self {
            Self::File { executable, contents } => {
                let size = contents.len() as u64;
                encoder.put(Event::File { executable: *executable, size })?;
                if contents.is_empty() {
                    return Ok(());
                }
                encoder.put(Event::Contents { bytes: contents })
            }
            Self::Symlink { target } => encoder.put(Event::Symlink { target }),
            Self::Directory { entries } => {
                encoder.put(Event::Directory)?;
                for (name, node) in entries {
                    encoder.put(Event::Entry { name })?;
                    node.encode(encoder)?;
                }
                encoder.put(Event::EndDirectory)
            }
        }
    }

    /// The hash and size of the tree's NAR.
    pub fn digest(&self) -> Result<NarDigest, EncodeError> {
        let mut hasher = NarHasher::default();
        self.write(&mut hasher)?;
        Ok(hasher.finish())
    }

    /// The tree's NAR.
    pub fn to_nar(&self) -> Result<Vec<u8>, EncodeError> {
        let mut nar = Vec::new();
        self.write(&mut nar)?;
        Ok(nar)
    }
}

/// Memory grows with what is there, not with what is announced.
fn read_contents(decoder: &mut Decoder<'_>, size: u64) -> Result<Vec<u8>, DecodeError> {
    let mut contents = Vec::new();
    while (contents.len() as u64) < size {
        match decoder.next_event()? {
            Some(Event::Contents { bytes }) => contents.extend_from_slice(bytes),
            Some(_) | None => return Err(DecodeError::End),
        }
    }
    Ok(contents)
}
