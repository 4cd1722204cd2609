//! Bytes of our own caches: numbers of variable length, byte strings, lists that share prefixes.
//!
//! Invariant: reading takes no more memory than a small multiple of what is read, and never panics.

#[cfg(test)]
mod tests;

/// The bytes are not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cached data is damaged, or of another version")]
pub struct Damaged;

/// Appends to bytes.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Seven bits a byte, the lowest first (LEB128).
    pub(crate) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub(crate) fn string(&mut self, string: &[u8]) {
        self.number(string.len() as u64);
        self.raw(string);
    }

    /// A string of which the beginning is that of `previous`.
    pub(crate) fn next_string(&mut self, previous: &[u8], string: &[u8]) {
        let shared = previous.iter().zip(string).take_while(|(a, b)| a == b).count();
        self.number(shared as u64);
        self.string(string.get(shared..).unwrap_or_default());
    }
}

/// Takes from bytes.
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn raw(&mut self, count: usize) -> Result<&'b [u8], Damaged> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(Damaged)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        let (byte, rest) = self.rest.split_first().ok_or(Damaged)?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    /// A number of things that follow, each of at least one byte.
    pub(crate) fn count(&mut self) -> Result<usize, Damaged> {
        let count = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        if count > self.rest.len() { Err(Damaged) } else { Ok(count) }
    }

    pub(crate) fn small(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.number()?).map_err(|_| Damaged)
    }

    pub(crate) fn string(&mut self) -> Result<&'b [u8], Damaged> {
        let count = self.count()?;
        self.raw(count)
    }

    /// Turns `previous` into the string that follows it.
    pub(crate) fn next_string(&mut self, previous: &mut Vec<u8>) -> Result<(), Damaged> {
        let shared = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        if shared > previous.len() {
            return Err(Damaged);
        }
        previous.truncate(shared);
        previous.extend_from_slice(self.string()?);
        Ok(())
    }
}
