//! Symbols: attribute and variable names as small numbers.

use std::cmp::Ordering;
use std::hash::{BuildHasherDefault, Hasher};

use crate::heap::Cursor;

/// An interned name. The order of symbols is the order of their first use; for the order of the
/// names themselves see [`Symbols::compare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Symbol(u32);

impl Symbol {
    /// Symbols are numbered from zero.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// All names seen in one evaluation.
pub(crate) struct Symbols<'a> {
    names: Vec<Name<'a>>,
    /// Open addressing: index + 1 of a name, 0 for a free place. Its length is a power of two.
    table: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Name<'a> {
    text: &'a [u8],
    hash: u32,
    /// The first eight bytes, big-endian, so that most comparisons need no memory access.
    prefix: u64,
}

impl<'a> Symbols<'a> {
    pub(crate) fn new() -> Self {
        Self { names: Vec::with_capacity(1024), table: vec![0; 4096] }
    }

    pub(crate) fn intern(&mut self, text: &[u8], cursor: &mut Cursor<'a>) -> Symbol {
        let hash = hash(text);
        match self.probe(text, hash) {
            Ok(symbol) => symbol,
            Err(_) => self.insert(cursor.add_slice(text), hash),
        }
    }

    /// The symbol of a name, if it was ever interned.
    pub(crate) fn lookup(&self, text: &[u8]) -> Option<Symbol> {
        self.probe(text, hash(text)).ok()
    }

    pub(crate) fn text(&self, symbol: Symbol) -> &'a [u8] {
        self.names.get(symbol.0 as usize).map_or(&[], |name| name.text)
    }

    /// Byte order of the names.
    pub(crate) fn compare(&self, left: Symbol, right: Symbol) -> Ordering {
        match (self.names.get(left.0 as usize), self.names.get(right.0 as usize)) {
            (Some(left), Some(right)) => {
                left.prefix.cmp(&right.prefix).then_with(|| left.text.cmp(right.text))
            }
            _ => left.cmp(&right),
        }
    }

    fn probe(&self, text: &[u8], hash: u32) -> Result<Symbol, usize> {
        let mask = self.table.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let index = self.table.get(place).copied().unwrap_or(0);
            let Some(index) = index.checked_sub(1) else { return Err(place) };
            if let Some(name) = self.names.get(index as usize)
                && name.hash == hash
                && name.text == text
            {
                return Ok(Symbol(index));
            }
            place = (place + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, text: &'a [u8], hash: u32) -> Symbol {
        let symbol = Symbol(self.names.len() as u32);
        self.names.push(Name { text, hash, prefix: prefix(text) });
        if self.names.len() * 2 > self.table.len() {
            self.table = vec![0; self.table.len() * 4];
            for index in 0..self.names.len() {
                self.put(index);
            }
        } else {
            self.put(symbol.0 as usize);
        }
        symbol
    }

    fn put(&mut self, index: usize) {
        let Some(name) = self.names.get(index).copied() else { return };
        if let Err(place) = self.probe(name.text, name.hash)
            && let Some(entry) = self.table.get_mut(place)
        {
            *entry = index as u32 + 1;
        }
    }
}

fn prefix(text: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(text) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}

fn hash(text: &[u8]) -> u32 {
    let mut hasher = WordHasher::default();
    hasher.write(text);
    (hasher.finish() >> 32) as u32
}

/// A fast hash for short keys; not for keys an attacker may choose to collide (they only slow
/// themselves down here).
#[derive(Default)]
pub(crate) struct WordHasher(u64);

pub(crate) type FastHash = BuildHasherDefault<WordHasher>;

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.write_u64(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn write_u64(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 29);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0xD6E8_FEB8_6659_FD93)
    }
}
