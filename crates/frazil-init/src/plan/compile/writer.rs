//! The bytes of a plan while they are written: fixed words first, then what they refer to.

use std::collections::BTreeMap;

use super::Problem;
use crate::plan::record::TextKind;
use crate::plan::record::{Field, HeaderField};
use crate::plan::{LIST_MAX, Part, Plan};
use crate::table;

/// Where a list or a string is: offset and count.
pub(super) type Place = (u32, u32);

pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Equal strings and lists are written once.
    known: BTreeMap<Vec<u8>, u32>,
    /// Where what belongs to the current service is written down for its fingerprint.
    described: Vec<u8>,
}

impl Writer {
    pub(super) fn new(words: usize) -> Self {
        Self { bytes: vec![0; words * 4], known: BTreeMap::new(), described: Vec::new() }
    }

    pub(super) fn bytes(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// Sets a word of the fixed part.
    pub(super) fn set(&mut self, word: usize, value: u32) {
        super::put(&mut self.bytes, word * 4, &value.to_le_bytes());
    }

    pub(super) fn set_list(&mut self, word: usize, (offset, count): Place) {
        self.set(word, offset);
        self.set(word + 1, count);
    }

    /// Appends bytes that something else will refer to.
    fn blob(&mut self, bytes: Vec<u8>) -> u32 {
        if let Some(offset) = self.known.get(&bytes) {
            return *offset;
        }
        self.align();
        let offset = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&bytes);
        self.known.insert(bytes, offset);
        offset
    }

    pub(super) fn string(&mut self, text: &str) -> Result<Place, Problem> {
        if text.contains('\0') {
            return Err(Problem::Zero);
        }
        self.describe(text.as_bytes());
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        Ok((self.blob(bytes), text.len() as u32))
    }

    /// A list of words, `width` to an element.
    pub(super) fn words(&mut self, words: &[u32], width: usize) -> Result<Place, Problem> {
        let count = words.len() / width;
        if count > LIST_MAX {
            return Err(Problem::Long);
        }
        Ok((self.block(words), count as u32))
    }

    /// Words of any number.
    pub(super) fn block(&mut self, words: &[u32]) -> u32 {
        self.blob(words.iter().flat_map(|word| word.to_le_bytes()).collect())
    }

    pub(super) fn strings(&mut self, texts: &[String]) -> Result<Place, Problem> {
        let mut words = Vec::new();
        for text in texts {
            let (offset, count) = self.string(text)?;
            words.extend([offset, count]);
        }
        self.words(&words, 2)
    }

    pub(super) fn text(&mut self, text: &table::Text) -> Result<Place, Problem> {
        let mut words = Vec::new();
        match text {
            table::Text::Plain(plain) => self.part(&mut words, TextKind::Literal, plain, None)?,
            table::Text::Parts(parts) => {
                for part in parts {
                    match part {
                        table::Part::Literal(text) => {
                            self.part(&mut words, TextKind::Literal, text, None)?;
                        }
                        table::Part::Variable { env, default } => {
                            self.part(&mut words, TextKind::Variable, env, default.as_deref())?;
                        }
                        table::Part::File { file } => {
                            self.part(&mut words, TextKind::File, file, None)?;
                        }
                    }
                }
            }
        }
        self.words(&words, Part::WORDS)
    }

    fn part(
        &mut self,
        words: &mut Vec<u32>,
        kind: TextKind,
        text: &str,
        default: Option<&str>,
    ) -> Result<(), Problem> {
        let mark = if default.is_some() { TextKind::HAS_DEFAULT } else { 0 };
        self.describe(&(kind as u32 | mark).to_le_bytes());
        let (offset, count) = self.string(text)?;
        let (default_offset, default_count) = self.string(default.unwrap_or_default())?;
        words.extend([kind as u32 | mark, offset, count, default_offset, default_count]);
        Ok(())
    }

    /// A command; its program must be an absolute path unless that is only known at the start.
    pub(super) fn command(&mut self, command: &[table::Text]) -> Result<Place, Problem> {
        if let Some(table::Text::Plain(program)) = command.first()
            && !program.starts_with('/')
        {
            return Err(Problem::Relative(program.clone()));
        }
        let mut words = Vec::new();
        for text in command {
            let (offset, count) = self.text(text)?;
            words.extend([offset, count]);
        }
        self.words(&words, 2)
    }

    /// Takes note of something that no word of the record tells, because it is a reference.
    pub(super) fn describe(&mut self, bytes: &[u8]) {
        self.described.extend((bytes.len() as u32).to_le_bytes());
        self.described.extend_from_slice(bytes);
    }

    /// Writes the fingerprint of a service, and forgets what was noted for it. References are left
    /// out: they change when another service does.
    pub(super) fn fingerprint(&mut self, index: usize) {
        let described = std::mem::take(&mut self.described);
        let service = Plan::trust(&self.bytes).service(index);
        let scalars = [
            Field::Kind,
            Field::Flags,
            Field::Uid,
            Field::Gid,
            Field::Umask,
            Field::Nice,
            Field::OomScore,
            Field::StartTimeout,
            Field::BackoffMin,
            Field::BackoffMax,
            Field::BackoffReset,
            Field::BurstCount,
            Field::BurstWithin,
            Field::StopSignal,
            Field::StopTimeout,
            Field::Restart,
            Field::Log,
            Field::LogBytes,
            Field::LogKeep,
        ];
        let words = scalars.iter().flat_map(|field| service.get(*field).to_le_bytes());
        // FNV-1a: it need not resist anybody, only tell two declarations apart.
        let hash = words.chain(described).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        let base = HeaderField::WORDS + index * Field::WORDS + Field::Fingerprint as usize;
        self.set(base, hash as u32);
        self.set(base + 1, (hash >> 32) as u32);
    }
}
