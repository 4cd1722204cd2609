//! Random values for tests, the same on each run.

/// A generator of numbers (xorshift).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// A generator at its start.
    pub fn seeded() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Fewer than `bound` bytes, each out of `alphabet`.
    pub fn bytes_of(&mut self, alphabet: &[u8], bound: u64) -> Vec<u8> {
        let len = self.below(bound);
        (0..len)
            .filter_map(|_| alphabet.get(self.below(alphabet.len() as u64) as usize).copied())
            .collect()
    }

    /// Fewer than `bound` bytes.
    pub fn bytes(&mut self, bound: u64) -> Vec<u8> {
        let len = self.below(bound);
        (0..len).map(|_| self.below(256) as u8).collect()
    }
}
