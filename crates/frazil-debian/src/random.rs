//! Random values for tests, the same on each run.

/// A generator of numbers (xorshift).
pub(crate) struct Random(u64);

impl Random {
    /// A generator at its start.
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Fewer than `bound` bytes, each out of `alphabet`.
    pub(crate) fn bytes_of(&mut self, alphabet: &[u8], bound: u64) -> Vec<u8> {
        let len = self.below(bound);
        (0..len).map(|_| alphabet[self.below(alphabet.len() as u64) as usize]).collect()
    }

    /// Fewer than `bound` bytes.
    pub(crate) fn bytes(&mut self, bound: u64) -> Vec<u8> {
        let len = self.below(bound);
        (0..len).map(|_| self.below(256) as u8).collect()
    }
}
