//! The control part: what a package says of itself, and what dpkg would run.

use std::collections::BTreeMap;

use super::ar::Member;
use super::md5sums::{Md5Sums, Md5SumsError};
use super::{DebError, Entry, EntryKind, failure};
use crate::deb822::{Deb822Error, Stanza, Stanzas};

/// Scripts that dpkg would run.
const SCRIPTS: [&str; 5] = ["config", "postinst", "postrm", "preinst", "prerm"];

/// The files of the control part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    files: BTreeMap<Vec<u8>, ControlFile>,
}

/// A file of the control part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlFile {
    /// Its permissions.
    pub mode: u32,
    /// Its bytes.
    pub contents: Vec<u8>,
}

/// The control part is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The file that every package has.
    #[error("the package has no file `control`")]
    Missing,
    /// Something else than files side by side.
    #[error("the control part has `{path}`, which is not a file at its top")]
    Entry {
        /// Where it is.
        path: String,
    },
    /// The file `control` is not made of fields.
    #[error("in the file `control`: {0}")]
    Deb822(#[from] Deb822Error),
    /// The file `control` has not one stanza.
    #[error("the file `control` has {found} stanzas instead of one")]
    Stanzas {
        /// How many there are.
        found: usize,
    },
    /// A field that every package has.
    #[error("the file `control` has no {0}")]
    Field(&'static str),
}

impl Control {
    pub(super) fn add(&mut self, member: &Member, entry: Entry<'_>) -> Result<(), DebError> {
        match entry.kind {
            EntryKind::Directory if entry.path.is_root() => return Ok(()),
            EntryKind::File if !entry.path.as_bytes().contains(&b'/') => {}
            EntryKind::File
            | EntryKind::HardLink(_)
            | EntryKind::Symlink(_)
            | EntryKind::Directory
            | EntryKind::CharacterDevice(..)
            | EntryKind::BlockDevice(..)
            | EntryKind::Fifo => {
                return Err(ControlError::Entry { path: entry.path.to_string() }.into());
            }
        }
        let mut contents = Vec::new();
        let read = entry.contents.read_to_end(&mut contents);
        read.map_err(|source| failure(&member.name, source))?;
        let file = ControlFile { mode: entry.mode, contents };
        self.files.insert(entry.path.as_bytes().into(), file);
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), ControlError> {
        let stanza = self.stanza()?;
        let missing = |field: &&&str| stanza.get(field).is_none_or(<[u8]>::is_empty);
        match ["Package", "Version", "Architecture"].iter().find(missing) {
            Some(field) => Err(ControlError::Field(field)),
            None => Ok(()),
        }
    }

    /// All files by their names.
    pub const fn files(&self) -> &BTreeMap<Vec<u8>, ControlFile> {
        &self.files
    }

    /// The bytes of a file.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name.as_bytes()).map(|file| file.contents.as_slice())
    }

    /// The fields of the package.
    pub fn stanza(&self) -> Result<Stanza<'_>, ControlError> {
        let text = self.file("control").ok_or(ControlError::Missing)?;
        let stanzas: Vec<Stanza<'_>> = Stanzas::new(text).collect::<Result<_, _>>()?;
        let found = stanzas.len();
        let mut stanzas = stanzas.into_iter();
        match (stanzas.next(), found) {
            (Some(stanza), 1) => Ok(stanza),
            (Some(_) | None, _) => Err(ControlError::Stanzas { found }),
        }
    }

    /// Files that an upgrade would not overwrite, as absolute paths; flags before them are left out.
    pub fn conffiles(&self) -> Vec<&[u8]> {
        let lines = self.lines("conffiles");
        lines.filter_map(|line| line.rsplit(u8::is_ascii_whitespace).next()).collect()
    }

    /// What dpkg would do when files of others change, or tell others.
    pub fn triggers(&self) -> Vec<&[u8]> {
        self.lines("triggers").filter(|line| !line.starts_with(b"#")).collect()
    }

    /// Which maintainer scripts there are.
    pub fn scripts(&self) -> Vec<&'static str> {
        SCRIPTS.into_iter().filter(|name| self.files.contains_key(name.as_bytes())).collect()
    }

    /// The MD5 sums of the files of the package, as far as it has them.
    pub fn md5sums(&self) -> Result<Md5Sums, Md5SumsError> {
        Md5Sums::parse(self.file("md5sums").unwrap_or_default())
    }

    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let text = self.file(name).unwrap_or_default();
        text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
    }
}
