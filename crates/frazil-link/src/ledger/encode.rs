//! The ledger as bytes, to ship beside the image.

use frazil_model::Sha256;
use frazil_tree::{Mode, Origin, TreePath};

use super::{Dropped, Edge, Evidence, Fate, Hint, Kept, KeptKind, Ledger, Subject, UnitRecord};
use crate::codec::{Damaged, Reader, Writer};

const MAGIC: &[u8] = b"frazil ledger 2\0";

impl Ledger {
    /// The bytes to keep.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(MAGIC);
        writer.number(self.units.len() as u64);
        for unit in &self.units {
            writer.string(unit.name.as_str().as_bytes());
            writer.string(unit.package.as_bytes());
            writer.byte(unit.fate as u8);
            writer.number(unit.bytes);
        }
        writer.number(self.subjects.len() as u64);
        let mut previous = TreePath::root();
        for subject in &self.subjects {
            put_subject(&mut writer, subject, &mut previous);
        }
        writer.number(self.edges.len() as u64);
        for edge in &self.edges {
            writer.number(u64::from(edge.from));
            writer.number(u64::from(edge.to));
            writer.byte(edge.evidence as u8);
        }
        writer.number(self.dropped.len() as u64);
        let mut previous: &[u8] = b"";
        for dropped in &self.dropped {
            writer.next_string(previous, dropped.path.as_bytes());
            previous = dropped.path.as_bytes();
            writer.number(u64::from(dropped.unit));
            writer.number(dropped.bytes);
            writer.string(dropped.reason.as_bytes());
        }
        writer.number(self.hints.len() as u64);
        let mut previous: &[u8] = b"";
        for hint in &self.hints {
            writer.next_string(previous, hint.target.as_bytes());
            previous = hint.target.as_bytes();
            writer.string(hint.from.as_bytes());
            writer.string(hint.mention.as_bytes());
        }
        writer.finish()
    }

    /// Reads what [`encode`](Self::encode) made.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut reader = Reader::new(bytes);
        if reader.raw(MAGIC.len())? != MAGIC {
            return Err(Damaged);
        }
        let mut ledger = Self::default();
        for _ in 0..reader.count()? {
            let name = Origin::parse(&text(&mut reader)?).map_err(|_| Damaged)?;
            let package = text(&mut reader)?;
            let fates = [Fate::NeverOpened, Fate::Dropped, Fate::Kept];
            let fate = *fates.get(usize::from(reader.byte()?)).ok_or(Damaged)?;
            ledger.units.push(UnitRecord { name, package, fate, bytes: reader.number()? });
        }
        let mut path = Vec::new();
        for _ in 0..reader.count()? {
            ledger.subjects.push(subject(&mut reader, &mut path)?);
        }
        for _ in 0..reader.count()? {
            let (from, to) = (reader.small()?, reader.small()?);
            let known = ledger.subjects.len() as u64;
            if u64::from(from.max(to)) >= known {
                return Err(Damaged);
            }
            let evidence = *Evidence::ALL.get(usize::from(reader.byte()?)).ok_or(Damaged)?;
            ledger.edges.push(Edge { from, to, evidence });
        }
        let mut path = Vec::new();
        for _ in 0..reader.count()? {
            reader.next_string(&mut path)?;
            let (unit, bytes) = (reader.small()?, reader.number()?);
            let reason = text(&mut reader)?;
            ledger.dropped.push(Dropped { path: tree_path(&path)?, unit, bytes, reason });
        }
        let mut path = Vec::new();
        for _ in 0..reader.count()? {
            reader.next_string(&mut path)?;
            let from = tree_path(reader.string()?)?;
            let mention = text(&mut reader)?;
            ledger.hints.push(Hint { target: tree_path(&path)?, from, mention });
        }
        let is_sorted = ledger.edges.is_sorted();
        if reader.is_at_end() && is_sorted { Ok(ledger) } else { Err(Damaged) }
    }
}

fn tree_path(bytes: &[u8]) -> Result<TreePath, Damaged> {
    TreePath::parse(bytes).map_err(|_| Damaged)
}

fn text(reader: &mut Reader<'_>) -> Result<Box<str>, Damaged> {
    Ok(std::str::from_utf8(reader.string()?).map_err(|_| Damaged)?.into())
}

fn put_subject(writer: &mut Writer, subject: &Subject, previous: &mut TreePath) {
    let kept = match subject {
        Subject::Roots => return writer.byte(0),
        Subject::Capability(name) => {
            writer.byte(1);
            return writer.string(name.as_bytes());
        }
        Subject::Runtime(name) => {
            writer.byte(2);
            return writer.string(name.as_bytes());
        }
        Subject::Package(unit) => {
            writer.byte(3);
            return writer.number(u64::from(*unit));
        }
        Subject::Entry(kept) => kept,
    };
    writer.byte(4 + u8::from(kept.was_set_id));
    writer.next_string(previous.as_bytes(), kept.path.as_bytes());
    *previous = kept.path.clone();
    writer.number(u64::from(kept.unit));
    writer.next_string(kept.path.as_bytes(), kept.inner.as_bytes());
    for number in [u32::from(kept.mode.bits()), kept.uid, kept.gid] {
        writer.number(u64::from(number));
    }
    match &kept.kind {
        KeptKind::Directory => writer.byte(0),
        KeptKind::Symlink(target) => {
            writer.byte(1);
            writer.string(target);
        }
        KeptKind::HardLink(path) => {
            writer.byte(2);
            writer.string(path.as_bytes());
        }
        KeptKind::File(bytes, digest) => {
            writer.byte(3);
            writer.number(*bytes);
            writer.raw(&digest.0);
        }
    }
}

fn subject(reader: &mut Reader<'_>, path: &mut Vec<u8>) -> Result<Subject, Damaged> {
    let was_set_id = match reader.byte()? {
        0 => return Ok(Subject::Roots),
        1 => return Ok(Subject::Capability(text(reader)?)),
        2 => return Ok(Subject::Runtime(text(reader)?)),
        3 => return Ok(Subject::Package(reader.small()?)),
        4 => false,
        5 => true,
        _ => return Err(Damaged),
    };
    reader.next_string(path)?;
    let unit = reader.small()?;
    let mut inner = path.clone();
    reader.next_string(&mut inner)?;
    let mode = Mode::of(reader.small()?);
    let (uid, gid) = (reader.small()?, reader.small()?);
    let kind = match reader.byte()? {
        0 => KeptKind::Directory,
        1 => KeptKind::Symlink(reader.string()?.into()),
        2 => KeptKind::HardLink(tree_path(reader.string()?)?),
        3 => {
            let bytes = reader.number()?;
            let digest = reader.raw(32)?.try_into().map_err(|_| Damaged)?;
            KeptKind::File(bytes, Sha256(digest))
        }
        _ => return Err(Damaged),
    };
    let (path, inner) = (tree_path(path)?, tree_path(&inner)?);
    Ok(Subject::Entry(Kept { path, unit, inner, kind, mode, was_set_id, uid, gid }))
}

/// For fuzzing: no bytes panic, what is read answers questions, and prints to what reads the same.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let Ok(ledger) = Ledger::decode(data) else { return };
    assert_eq!(Ledger::decode(&ledger.encode()).as_ref(), Ok(&ledger));
    if ledger.subjects.len() < 1000 {
        drop(ledger.retained());
        for kept in ledger.kept() {
            drop(ledger.why(&kept.path));
        }
    }
}
