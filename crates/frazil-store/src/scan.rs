//! Finding the store paths that contents mention.
//!
//! Only the 32 characters of the digest are looked for: what precedes and follows them may be cut
//! off or rewritten. Wherever they stand, they cover one of the blocks of 8 bytes that begin at every
//! 24th; so two thirds of the bytes are not looked at, unless they are near a block of digits.
//!
//! Invariant: what is found does not depend on how the bytes were cut into pieces.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use frazil_model::StorePath;
use frazil_model::base32;
use frazil_model::store_path::DIGEST_CHARS;

/// Digits that the filter looks at; it has a bit for each way they can be.
const FILTER_DIGITS: usize = 3;
const FILTER_BITS: usize = 1 << (5 * FILTER_DIGITS);

/// Looks for the digests of store paths in the bytes that are written to it.
pub struct ReferenceScanner {
    /// The value of each byte as a digit, or [`NO_DIGIT`].
    digits: [u8; 256],
    /// Those not found yet.
    wanted: BTreeMap<[u8; DIGEST_CHARS], StorePath>,
    /// For the first digits of a run, whether one of the wanted begins with them.
    filter: Box<[u64]>,
    found: BTreeSet<StorePath>,
    /// The end of what was seen, in which a digest may have begun.
    tail: Vec<u8>,
}

const NO_DIGIT: u8 = u8::MAX;

/// Bytes that are judged together: few other texts have so many digits in a row.
const BLOCK: usize = 8;
/// From one block to the next; a digest that begins behind the start of one covers the next.
const STRIDE: usize = DIGEST_CHARS - BLOCK;

impl ReferenceScanner {
    /// A scanner for these paths.
    pub fn new(wanted: impl IntoIterator<Item = StorePath>) -> Self {
        let mut digits = [NO_DIGIT; 256];
        let mut value = 0;
        for (byte, digit) in (0..=u8::MAX).zip(&mut digits) {
            if base32::is_digit(byte) {
                *digit = value;
                value += 1;
            }
        }
        let mut scanner = Self {
            digits,
            wanted: BTreeMap::new(),
            filter: vec![0; FILTER_BITS / 64].into(),
            found: BTreeSet::new(),
            tail: Vec::new(),
        };
        for path in wanted {
            let Some(digest) = path.digest().as_bytes().first_chunk().copied() else { continue };
            let bit = scanner.filter_bit(&digest);
            if let Some(word) = scanner.filter.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
            scanner.wanted.insert(digest, path);
        }
        scanner
    }

    /// Looks at more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        const OVERLAP: usize = DIGEST_CHARS - 1;
        if self.wanted.is_empty() {
            return;
        }
        if !self.tail.is_empty() {
            let mut seam = std::mem::take(&mut self.tail);
            seam.extend_from_slice(bytes.split_at(bytes.len().min(OVERLAP)).0);
            self.search(&seam);
            self.tail = seam;
        }
        self.search(bytes);
        if bytes.len() >= OVERLAP {
            self.tail.clear();
            self.tail.extend_from_slice(bytes.split_at(bytes.len() - OVERLAP).1);
        } else {
            if self.tail.is_empty() {
                self.tail.extend_from_slice(bytes);
            }
            let excess = self.tail.len().saturating_sub(OVERLAP);
            self.tail.drain(..excess);
        }
    }

    /// The paths that were mentioned.
    pub fn finish(self) -> BTreeSet<StorePath> {
        self.found
    }

    fn search(&mut self, bytes: &[u8]) {
        // Where the blocks at hand began to be all digits.
        let mut begin = None;
        for (index, chunk) in bytes.chunks(STRIDE).enumerate() {
            let Some(&block) = chunk.first_chunk() else { break };
            if are_digits(block) {
                begin.get_or_insert(index * STRIDE);
            } else if let Some(begin) = begin.take() {
                self.search_around(bytes, begin, index * STRIDE);
            }
        }
        if let Some(begin) = begin {
            self.search_around(bytes, begin, bytes.len());
        }
    }

    /// Looks at blocks of digits, and as far around them as a digest can reach that covers one.
    fn search_around(&mut self, bytes: &[u8], begin: usize, end: usize) {
        let end = (end + STRIDE).min(bytes.len());
        let around = bytes.get(begin.saturating_sub(STRIDE)..end).unwrap_or_default();
        self.search_each(around);
    }

    fn search_each(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        // How many bytes at the front of the window are known to be digits.
        let mut known = 0;
        while let Some(window) = rest.first_chunk::<DIGEST_CHARS>() {
            let other = window
                .iter()
                .enumerate()
                .skip(known)
                .rev()
                .find(|(_, byte)| self.digit(**byte) == NO_DIGIT);
            let skip = if let Some((index, _)) = other {
                known = DIGEST_CHARS - 1 - index;
                index + 1
            } else {
                self.look_up(*window);
                known = DIGEST_CHARS - 1;
                1
            };
            rest = rest.split_at(skip).1;
        }
    }

    fn look_up(&mut self, window: [u8; DIGEST_CHARS]) {
        let bit = self.filter_bit(&window);
        let may_be = self.filter.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1);
        if may_be && let Some(path) = self.wanted.remove(&window) {
            self.found.insert(path);
        }
    }

    fn filter_bit(&self, window: &[u8; DIGEST_CHARS]) -> usize {
        window
            .iter()
            .take(FILTER_DIGITS)
            .fold(0, |bit, byte| bit << 5 | usize::from(self.digit(*byte) & 31))
    }

    fn digit(&self, byte: u8) -> u8 {
        self.digits.get(usize::from(byte)).copied().unwrap_or(NO_DIGIT)
    }
}

/// Whether all bytes are digits, judged as a whole: first by the bits that all digits have, which is
/// enough for most blocks of programs and of texts, then without a branch.
#[expect(clippy::needless_bitwise_bool, reason = "lazy operators would be branches")]
fn are_digits(block: [u8; BLOCK]) -> bool {
    let each = |byte| u64::from_ne_bytes([byte; BLOCK]);
    let word = u64::from_ne_bytes(block);
    // Digits are 0b0011_xxxx, letters 0b011x_xxxx; spaces and signs are 0b0010_xxxx.
    let is_ascii = word & each(0b1010_0000) == each(0b0010_0000);
    let has_no_sign = (word | word << 2) & each(0b0100_0000) == each(0b0100_0000);
    if !is_ascii | !has_no_sign {
        return false;
    }
    block.iter().fold(true, |all, byte| {
        let is_letter = byte.wrapping_sub(b'a') < 26;
        let is_missing = (*byte == b'e') | (*byte == b'o') | (*byte == b't') | (*byte == b'u');
        all & ((byte.wrapping_sub(b'0') < 10) | (is_letter & !is_missing))
    })
}

impl io::Write for ReferenceScanner {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
