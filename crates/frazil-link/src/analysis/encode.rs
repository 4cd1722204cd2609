//! Analyses as bytes, for the cache.

use frazil_model::Sha256;
use frazil_tree::{Mode, TreePath};

use super::{
    Alternative, Analysed, AnalysedFile, AnalysedKind, Analysis, Elf, Facts, Script, Strings, Text,
    VERSION,
};
use crate::codec::{Damaged, Reader, Writer};

const MAGIC: &[u8] = b"frazil analysis\0";

impl Analysis {
    /// The bytes to keep.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(MAGIC);
        writer.number(u64::from(VERSION));
        writer.number(self.entries.len() as u64);
        let mut previous: &[u8] = b"";
        for entry in &self.entries {
            writer.next_string(previous, entry.path.as_bytes());
            previous = entry.path.as_bytes();
            for number in [u32::from(entry.mode.bits()), entry.uid, entry.gid] {
                writer.number(u64::from(number));
            }
            match &entry.kind {
                AnalysedKind::Directory => writer.byte(0),
                AnalysedKind::Symlink(target) => {
                    writer.byte(1);
                    writer.string(target);
                }
                AnalysedKind::HardLink(path) => {
                    writer.byte(2);
                    writer.string(path.as_bytes());
                }
                AnalysedKind::File(file) => {
                    writer.byte(3);
                    put_file(&mut writer, file);
                }
            }
        }
        writer.number(self.alternatives.len() as u64);
        for alternative in &self.alternatives {
            writer.string(alternative.link.path.as_bytes());
            writer.string(alternative.target());
            writer.raw(&alternative.priority.to_le_bytes());
        }
        writer.finish()
    }

    /// Reads what [`encode`](Self::encode) made, of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut reader = Reader::new(bytes);
        if reader.raw(MAGIC.len())? != MAGIC || reader.number()? != u64::from(VERSION) {
            return Err(Damaged);
        }
        let count = reader.count()?;
        let mut entries = Vec::with_capacity(count);
        let mut path = Vec::new();
        for _ in 0..count {
            reader.next_string(&mut path)?;
            let mode = Mode::of(reader.small()?);
            let (uid, gid) = (reader.small()?, reader.small()?);
            let kind = match reader.byte()? {
                0 => AnalysedKind::Directory,
                1 => AnalysedKind::Symlink(reader.string()?.into()),
                2 => AnalysedKind::HardLink(tree_path(reader.string()?)?),
                3 => AnalysedKind::File(Box::new(file(&mut reader)?)),
                _ => return Err(Damaged),
            };
            entries.push(Analysed { path: tree_path(&path)?, mode, uid, gid, kind });
        }
        let mut alternatives = Vec::new();
        for _ in 0..reader.count()? {
            let (place, target) = (tree_path(reader.string()?)?, reader.string()?);
            let priority = reader.raw(8)?.try_into().map_err(|_| Damaged)?;
            alternatives.push(Alternative::new(place, target, i64::from_le_bytes(priority)));
        }
        let is_sorted = entries.is_sorted_by(|a, b| a.path < b.path)
            && alternatives.is_sorted_by(|a, b| a.key() < b.key());
        if reader.is_at_end() && is_sorted {
            Ok(Self { entries, alternatives })
        } else {
            Err(Damaged)
        }
    }
}

fn tree_path(bytes: &[u8]) -> Result<TreePath, Damaged> {
    TreePath::parse(bytes).map_err(|_| Damaged)
}

fn put_file(writer: &mut Writer, file: &AnalysedFile) {
    writer.number(file.size);
    writer.raw(&file.digest.0);
    file.references.encode(writer);
    file.debug_references.encode(writer);
    match &file.facts {
        Facts::Nothing => writer.byte(0),
        Facts::Elf(elf) => {
            writer.byte(1);
            put_elf(writer, elf);
        }
        Facts::Script(script) => {
            writer.byte(2);
            for strings in [&script.interpreter, &script.paths, &script.words] {
                strings.encode(writer);
            }
        }
        Facts::Text(text) => {
            writer.byte(3);
            for strings in [&text.paths, &text.includes, &text.sonames] {
                strings.encode(writer);
            }
        }
    }
}

fn put_elf(writer: &mut Writer, elf: &Elf) {
    writer.number(u64::from(elf.machine));
    writer.byte(u8::from(elf.is_64) | u8::from(elf.is_program) << 1);
    writer.string(&elf.soname);
    writer.string(&elf.interpreter);
    let lists = [
        &elf.needed,
        &elf.runpath,
        &elf.notes,
        &elf.symbols,
        &elf.paths,
        &elf.embedded,
        &elf.blobs,
        &elf.sonames,
        &elf.words,
    ];
    for strings in lists {
        strings.encode(writer);
    }
}

fn file(reader: &mut Reader<'_>) -> Result<AnalysedFile, Damaged> {
    let size = reader.number()?;
    let digest = Sha256(reader.raw(32)?.try_into().map_err(|_| Damaged)?);
    let (references, debug_references) = (Strings::decode(reader)?, Strings::decode(reader)?);
    let facts = match reader.byte()? {
        0 => Facts::Nothing,
        1 => Facts::Elf(Box::new(elf(reader)?)),
        2 => {
            let (interpreter, paths) = (Strings::decode(reader)?, Strings::decode(reader)?);
            Facts::Script(Script { interpreter, paths, words: Strings::decode(reader)? })
        }
        3 => {
            let (paths, includes) = (Strings::decode(reader)?, Strings::decode(reader)?);
            Facts::Text(Text { paths, includes, sonames: Strings::decode(reader)? })
        }
        _ => return Err(Damaged),
    };
    Ok(AnalysedFile { size, digest, references, debug_references, facts })
}

fn elf(reader: &mut Reader<'_>) -> Result<Elf, Damaged> {
    let machine = u16::try_from(reader.number()?).map_err(|_| Damaged)?;
    let flags = reader.byte()?;
    if flags > 3 {
        return Err(Damaged);
    }
    // Fields are read in the order in which they stand here, which is that of `put_elf`.
    Ok(Elf {
        machine,
        is_64: flags & 1 != 0,
        is_program: flags & 2 != 0,
        soname: reader.string()?.into(),
        interpreter: reader.string()?.into(),
        needed: Strings::decode(reader)?,
        runpath: Strings::decode(reader)?,
        notes: Strings::decode(reader)?,
        symbols: Strings::decode(reader)?,
        paths: Strings::decode(reader)?,
        embedded: Strings::decode(reader)?,
        blobs: Strings::decode(reader)?,
        sonames: Strings::decode(reader)?,
        words: Strings::decode(reader)?,
    })
}
