//! Reading the text of a tree.
//!
//! Every line is judged alone but for `hard`, which names an entry above it. No input panics.

use frazil_model::{Hash, HashAlgorithm, Sha256};

use crate::leaf::{DeviceKind, File, Leaf, LeafKind, Metadata, Mode, Origin, OriginError, Xattrs};
use crate::path::{TreePath, TreePathError};
use crate::tree::{Conflict, Node, Tree};

/// A line of a text is not an entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {source}")]
pub struct DumpError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub source: LineError,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The first word is not a kind.
    #[error("`{0}` is not a kind of entry")]
    Kind(String),
    /// The line ends where a field is needed.
    #[error("no {0}")]
    Missing(&'static str),
    /// A field is not what it should be.
    #[error("`{text}` is not {what}")]
    Field {
        /// What was expected.
        what: &'static str,
        /// The field.
        text: String,
    },
    /// A field is not a path.
    #[error(transparent)]
    Path(#[from] TreePathError),
    /// A field is not the name of a unit.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The entry does not go with those above it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
}

/// Reads the text of a tree.
pub fn parse(text: &str) -> Result<Tree, DumpError> {
    let mut tree = Tree::default();
    for (line, number) in text.lines().zip(1..) {
        parse_line(&mut tree, line).map_err(|source| DumpError { line: number, source })?;
    }
    Ok(tree)
}

/// The words of a line that are left.
struct Fields<'t> {
    rest: &'t str,
}

impl<'t> Fields<'t> {
    fn next(&mut self, what: &'static str) -> Result<&'t str, LineError> {
        let (field, rest) = self.rest.split_once(' ').unwrap_or((self.rest, ""));
        self.rest = rest;
        if field.is_empty() { Err(LineError::Missing(what)) } else { Ok(field) }
    }

    fn number(&mut self, what: &'static str, radix: u32) -> Result<u32, LineError> {
        let field = self.next(what)?;
        u32::from_str_radix(field, radix).map_err(|_| bad(what, field))
    }

    /// Two numbers with a colon.
    fn pair(&mut self, what: &'static str) -> Result<(u32, u32), LineError> {
        let field = self.next(what)?;
        let numbers = field
            .split_once(':')
            .and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?)));
        numbers.ok_or_else(|| bad(what, field))
    }

    fn path(&mut self) -> Result<TreePath, LineError> {
        let bytes = unescape(self.next("path")?)?;
        Ok(if bytes == b"." { TreePath::root() } else { TreePath::parse(&bytes)? })
    }

    fn xattrs(&mut self) -> Result<Xattrs, LineError> {
        let mut xattrs = Xattrs::new();
        while !self.rest.is_empty() {
            let field = self.next("attribute")?;
            let (name, value) = field.split_once('=').ok_or_else(|| bad("an attribute", field))?;
            xattrs.insert(unescape(name)?.into(), unescape(value)?.into());
        }
        Ok(xattrs)
    }
}

fn bad(what: &'static str, text: &str) -> LineError {
    LineError::Field { what, text: text.into() }
}

fn parse_line(tree: &mut Tree, line: &str) -> Result<(), LineError> {
    let mut fields = Fields { rest: line };
    let kind = fields.next("kind of entry")?;
    if kind == "hard" {
        let (path, first) = (fields.path()?, fields.path()?);
        let Some(Node::Leaf(id, _)) = tree.get(&first) else {
            return Err(bad("a leaf above", &first.to_string()));
        };
        return Ok(tree.link(path, id)?);
    }
    if !matches!(kind, "dir" | "file" | "link" | "char" | "block" | "fifo") {
        return Err(LineError::Kind(kind.into()));
    }
    let mode = if kind == "link" { Mode::SYMLINK } else { mode(&mut fields)? };
    let (uid, gid) = fields.pair("owner and group")?;
    let origin = fields.next("unit")?;
    let path = fields.path()?;
    let mut metadata = Metadata { uid, gid, ..Metadata::of_root(mode) };
    if kind == "dir" {
        metadata.xattrs = fields.xattrs()?;
        // A directory that nobody brought appears with what is below it.
        if origin != "-" {
            tree.insert_directory(path, metadata, Origin::parse(origin)?)?;
        }
        return Ok(());
    }
    let kind = match kind {
        "link" => LeafKind::Symlink(unescape(fields.next("target")?)?.into()),
        "fifo" => LeafKind::Fifo,
        "file" => LeafKind::File(file(&mut fields)?),
        device => {
            let (major, minor) = fields.pair("numbers of the device")?;
            let is_character = device == "char";
            let kind = if is_character { DeviceKind::Character } else { DeviceKind::Block };
            LeafKind::Device { kind, major, minor }
        }
    };
    metadata.xattrs = fields.xattrs()?;
    tree.insert(path, Leaf { metadata, origin: Origin::parse(origin)?, kind })?;
    Ok(())
}

fn mode(fields: &mut Fields<'_>) -> Result<Mode, LineError> {
    let bits = fields.number("mode", 8)?;
    if bits > 0o7777 { Err(bad("mode", &format!("{bits:o}"))) } else { Ok(Mode::of(bits)) }
}

fn file(fields: &mut Fields<'_>) -> Result<File, LineError> {
    if let Some(rest) = fields.rest.strip_prefix("= \"") {
        // A quote inside is escaped, so the first bare one ends the text.
        let mut is_escaped = false;
        let end = rest.bytes().position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        });
        let (quoted, rest) =
            end.and_then(|end| rest.split_at_checked(end)).ok_or(LineError::Missing("quote"))?;
        fields.rest = rest.get(1..).unwrap_or_default().trim_start_matches(' ');
        return Ok(File::inline(&unescape(quoted)?));
    }
    let field = fields.next("size")?;
    let size = field.parse::<u64>().map_err(|_| bad("size", field))?;
    let digest = match fields.next("digest")? {
        "-" => None,
        text => Some(digest(text).ok_or_else(|| bad("sha256 in base 16", text))?),
    };
    Ok(File::in_unit(fields.path()?, size, digest))
}

fn digest(text: &str) -> Option<Sha256> {
    if text.len() != 64 {
        return None;
    }
    Sha256::try_from(Hash::parse_unprefixed(text.as_bytes(), HashAlgorithm::Sha256).ok()?).ok()
}

/// Undoes the escapes of the dump, and those of `escape_ascii`.
fn unescape(field: &str) -> Result<Vec<u8>, LineError> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let (byte, tail) = match rest {
            [b'x', high, low, tail @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let (Some(high), Some(low)) = (digit(high), digit(low)) else {
                    return Err(bad("an escaped byte", field));
                };
                ((high * 16 + low) as u8, tail)
            }
            [b'n', tail @ ..] => (b'\n', tail),
            [b't', tail @ ..] => (b'\t', tail),
            [b'r', tail @ ..] => (b'\r', tail),
            [byte @ (b'\\' | b'"' | b'\''), tail @ ..] => (*byte, tail),
            _ => return Err(bad("an escaped byte", field)),
        };
        bytes.push(byte);
        rest = tail;
    }
    Ok(bytes)
}

/// For fuzzing: no input panics, and what is taken prints to a text that parses to the same.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(tree) = parse(text) else { return };
    let printed = super::dump(&tree);
    let again = parse(&printed).map(|tree| super::dump(&tree));
    assert_eq!(again.as_deref(), Ok(printed.as_str()));
}
