//! What became of each fork at each place of the text.

/// The outcome of a fork that was tried in full.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    Fails,
    /// It matches, and the longest of its matches has been taken account of.
    Matches,
}

/// Two bits for each fork and place, allocated when first needed.
#[derive(Debug, Default)]
pub(super) struct Memo {
    fails: Vec<u64>,
    matches: Vec<u64>,
    /// The words of `matches` that are not zero.
    touched: Vec<usize>,
    /// Places per fork; zero while off.
    places: usize,
}

/// Beyond this many bits a search goes on without remembering, up to its limit of steps.
const BITS_MAX: usize = 1 << 30;

impl Memo {
    pub(super) fn is_on(&self) -> bool {
        self.places != 0
    }

    pub(super) fn turn_off(&mut self) {
        self.places = 0;
    }

    pub(super) fn turn_on(&mut self, forks: usize, length: usize) {
        if self.is_on() {
            return;
        }
        let bits = forks.saturating_mul(length + 1);
        if bits <= BITS_MAX {
            self.places = length + 1;
            for table in [&mut self.fails, &mut self.matches] {
                table.clear();
                table.resize(bits / 64 + 1, 0);
            }
            self.touched.clear();
        }
    }

    /// Forgets the matches: a new search must find its captures anew. Failures stay.
    pub(super) fn forget_matches(&mut self) {
        for word in self.touched.drain(..) {
            if let Some(word) = self.matches.get_mut(word) {
                *word = 0;
            }
        }
    }

    pub(super) fn known(&self, fork: u32, at: u32) -> Option<Known> {
        let (word, bit) = self.place(fork, at);
        let is_set = |table: &[u64]| table.get(word).is_some_and(|word| word & bit != 0);
        if is_set(&self.fails) {
            Some(Known::Fails)
        } else {
            is_set(&self.matches).then_some(Known::Matches)
        }
    }

    pub(super) fn record(&mut self, fork: u32, at: u32, has_matched: bool) {
        let (word, bit) = self.place(fork, at);
        let table = if has_matched { &mut self.matches } else { &mut self.fails };
        if let Some(bits) = table.get_mut(word) {
            if has_matched && *bits == 0 {
                self.touched.push(word);
            }
            *bits |= bit;
        }
    }

    fn place(&self, fork: u32, at: u32) -> (usize, u64) {
        let bit = fork as usize * self.places + at as usize;
        (bit / 64, 1 << (bit % 64))
    }
}
