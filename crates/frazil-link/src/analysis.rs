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

use std::collections::BTreeSet;

use frazil_model::Sha256;
use frazil_tree::{Mode, TreePath};

pub use strings::Strings;
pub(crate) use text::program as script_program;

use crate::contents::{Contents, ContentsError, EntryKind};

/// Changes when the same contents give another analysis, or another form of it.
pub const VERSION: u32 = 3;

/// Files larger than this are listed, but not read as scripts or configuration.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// The entries of a unit and what its files say, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    entries: Vec<Analysed>,
    alternatives: Vec<Alternative>,
}

/// A common name for one of several programs, such as `/usr/bin/awk`, that installing the unit would
/// offer it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The link at the common place.
    pub link: Analysed,
    /// Of several, the one with the highest number is taken.
    pub priority: i64,
}

impl Alternative {
    /// A link at `place` to `target`, an absolute path.
    pub fn new(place: TreePath, target: &[u8], priority: i64) -> Self {
        let kind = AnalysedKind::Symlink(target.into());
        let link = Analysed { path: place, mode: Mode::SYMLINK, uid: 0, gid: 0, kind };
        Self { link, priority }
    }

    /// What the link leads to.
    pub fn target(&self) -> &[u8] {
        match &self.link.kind {
            AnalysedKind::Symlink(target) => target,
            AnalysedKind::Directory | AnalysedKind::HardLink(_) | AnalysedKind::File(_) => b"",
        }
    }

    fn key(&self) -> (&TreePath, &[u8], i64) {
        (&self.link.path, self.target(), self.priority)
    }
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
    /// Such places that only its debug information mentions.
    pub debug_references: Strings,
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
    /// Those of them that it cannot be read without: `!includedir /etc/mysql/conf.d/`.
    pub includes: Strings,
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
    let (references, debug_references) = references(bytes);
    let (size, digest) = (bytes.len() as u64, Sha256::of(bytes));
    AnalysedFile { size, digest, references, debug_references, facts: facts(path, bytes) }
}

impl Analysis {
    /// Of these entries; of two at the same place the first one counts.
    pub fn of(mut entries: Vec<Analysed>) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        Self { entries, alternatives: Vec::new() }
    }

    /// With what the scripts of the unit would register it for.
    #[must_use]
    pub fn with_alternatives(mut self, mut alternatives: Vec<Alternative>) -> Self {
        alternatives.sort_by(|a, b| a.key().cmp(&b.key()));
        alternatives.dedup();
        self.alternatives = alternatives;
        self
    }

    /// What the scripts of the unit would register it for, sorted by the common place.
    pub fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
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

/// The places in a Nix store that all of the file mentions, and those that only its debug
/// information does.
fn references(bytes: &[u8]) -> (Strings, Strings) {
    let all = tokens::references(bytes);
    if all.is_empty() || !bytes.starts_with(b"\x7fELF") {
        return (all, Strings::default());
    }
    let debug = elf::debug_sections(bytes);
    if debug.is_empty() {
        return (all, Strings::default());
    }
    let parts = elf::around(bytes, &debug);
    let live = Strings::set(parts.iter().flat_map(|part| tokens::reference_texts(part)));
    let known: BTreeSet<&[u8]> = live.iter().collect();
    let only_debug = Strings::of(all.iter().filter(|text| !known.contains(text)));
    (live, only_debug)
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
    let analysis = Analysis::of(vec![entry]);
    assert_eq!(Analysis::decode(&analysis.encode()).as_ref(), Ok(&analysis));
}
