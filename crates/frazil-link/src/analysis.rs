//! What the files of one unit say about what they need: a pure function of the unit's contents.
//!
//! An [`Analysis`] knows nothing of other units. It is made once per unit and kept under the unit's
//! hash; [`VERSION`] belongs into the key, too, since it says which rules were used.
//!
//! Invariant: it depends on the contents alone, not on the order in which they are listed, and no
//! bytes make it panic.

mod elf;
mod encode;
mod strings;
#[cfg(test)]
mod tests;
mod text;
mod tokens;

use frazil_model::Sha256;
use frazil_tree::{Mode, TreePath};

pub use strings::Strings;
pub(crate) use text::program as script_program;

use crate::contents::{Contents, ContentsError, EntryKind};

/// Changes when the same contents give another analysis, or another form of it.
pub const VERSION: u32 = 1;

/// Files larger than this are listed, but not read as scripts or configuration.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// The entries of a unit and what its files say, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    entries: Vec<Analysed>,
}

/// An entry of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysed {
    /// Where, in the unit.
    pub path: TreePath,
    /// Permissions.
    pub mode: Mode,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// What it is.
    pub kind: AnalysedKind,
}

/// The kinds of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnalysedKind {
    /// A directory.
    Directory,
    /// A symlink with its target.
    Symlink(Box<[u8]>),
    /// Another name of a file of the unit.
    HardLink(TreePath),
    /// A file.
    File(Box<AnalysedFile>),
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalysedFile {
    /// In bytes.
    pub size: u64,
    /// Of the bytes.
    pub digest: Sha256,
    /// Places in a Nix store that it mentions: `<hash>-<name>`, or with a path behind.
    pub references: Strings,
    /// What else it says.
    pub facts: Facts,
}

/// What a file says, by its format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// Nothing that the linker understands: data, code of languages that are kept whole.
    Nothing,
    /// A program or library.
    Elf(Box<Elf>),
    /// A script that begins with `#!`.
    Script(Script),
    /// Configuration.
    Text(Text),
}

/// What a program or library says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    /// For which processor (`e_machine`) and word size: only equal ones go together.
    pub machine: u16,
    /// Whether its addresses have 64 bits.
    pub is_64: bool,
    /// Whether it is run rather than loaded.
    pub is_program: bool,
    /// Its own name as a library; empty if it has none.
    pub soname: Box<[u8]>,
    /// The loader that it names; empty if it has none.
    pub interpreter: Box<[u8]>,
    /// Libraries that it cannot be loaded without.
    pub needed: Strings,
    /// Directories to look for them in, `$ORIGIN` not replaced.
    pub runpath: Strings,
    /// Libraries that `.note.dlopen` says it may load.
    pub notes: Strings,
    /// Imported symbols that the [table of capabilities](crate::capability) knows.
    pub symbols: Strings,
    /// Whole strings that are absolute paths.
    pub paths: Strings,
    /// Absolute paths within longer strings.
    pub embedded: Strings,
    /// What may begin with an absolute path, where strings are not separated (Go, Rust).
    pub blobs: Strings,
    /// Names of libraries, possibly with `%s`.
    pub sonames: Strings,
    /// Words that may be commands: only hints.
    pub words: Strings,
}

/// What a script says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The words of the first line.
    pub interpreter: Strings,
    /// Absolute paths, comments left out.
    pub paths: Strings,
    /// Words of shell scripts that may be commands.
    pub words: Strings,
}

/// What a file of configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Absolute paths, comments left out.
    pub paths: Strings,
    /// Names of libraries.
    pub sonames: Strings,
}

/// Reads all of a unit.
pub fn analyse(contents: &dyn Contents) -> Result<Analysis, ContentsError> {
    let mut entries = Vec::new();
    for entry in contents.entries()? {
        let kind = match entry.kind {
            EntryKind::Directory => AnalysedKind::Directory,
            EntryKind::Symlink(target) => AnalysedKind::Symlink(target),
            EntryKind::HardLink(path) => AnalysedKind::HardLink(path),
            EntryKind::File(_) => {
                let bytes = contents.read(&entry.path)?;
                AnalysedKind::File(Box::new(analyse_file(entry.path.as_bytes(), &bytes)))
            }
        };
        let (mode, uid, gid) = (entry.mode, entry.uid, entry.gid);
        entries.push(Analysed { path: entry.path, mode, uid, gid, kind });
    }
    Ok(Analysis::of(entries))
}

/// Reads one file.
pub fn analyse_file(path: &[u8], bytes: &[u8]) -> AnalysedFile {
    AnalysedFile {
        size: bytes.len() as u64,
        digest: Sha256::of(bytes),
        references: tokens::references(bytes),
        facts: facts(path, bytes),
    }
}

impl Analysis {
    /// Of these entries; of two at the same place the first one counts.
    pub fn of(mut entries: Vec<Analysed>) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        Self { entries }
    }

    /// The entries, sorted by path.
    pub fn entries(&self) -> &[Analysed] {
        &self.entries
    }

    /// The bytes of all files.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(Analysed::size).sum()
    }
}

impl Analysed {
    /// The bytes of the file; none if it is something else.
    pub fn size(&self) -> u64 {
        self.file().map_or(0, |file| file.size)
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&AnalysedFile> {
        match &self.kind {
            AnalysedKind::File(file) => Some(file),
            AnalysedKind::Directory | AnalysedKind::Symlink(_) | AnalysedKind::HardLink(_) => None,
        }
    }

    /// What it says as a program or library.
    pub fn elf(&self) -> Option<&Elf> {
        match self.file().map(|file| &file.facts) {
            Some(Facts::Elf(elf)) => Some(elf),
            Some(Facts::Nothing | Facts::Script(_) | Facts::Text(_)) | None => None,
        }
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        matches!(self.kind, AnalysedKind::Directory)
    }
}

fn facts(path: &[u8], bytes: &[u8]) -> Facts {
    if bytes.starts_with(b"\x7fELF") {
        return elf::read(bytes).map_or(Facts::Nothing, |elf| Facts::Elf(Box::new(elf)));
    }
    if bytes.len() > TEXT_BYTES_MAX || bytes.iter().take(4096).any(|byte| *byte == 0) {
        return Facts::Nothing;
    }
    if bytes.starts_with(b"#!") {
        Facts::Script(text::script(bytes))
    } else if text::is_configuration(path) {
        Facts::Text(text::configuration(bytes))
    } else {
        Facts::Nothing
    }
}

/// For fuzzing: no file panics the analysis, and what is printed of it reads back.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    drop(Analysis::decode(data));
    let path = TreePath::parse(b"etc/x.conf").unwrap_or_else(|_| TreePath::root());
    let file = analyse_file(path.as_bytes(), data);
    let kind = AnalysedKind::File(Box::new(file));
    let entry = Analysed { path, mode: Mode::of(0o644), uid: 0, gid: 0, kind };
    let analysis = Analysis { entries: vec![entry] };
    assert_eq!(Analysis::decode(&analysis.encode()).as_ref(), Ok(&analysis));
}
