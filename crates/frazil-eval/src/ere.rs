//! POSIX extended regular expressions, exactly as Nix's `match` and `split` have them.
//!
//! Nix takes them from libstdc++, whose answers differ from the standard's in many corners: an
//! escape is legal before a special character only, a repeated group keeps what it captured last
//! (which is often the empty string), and *leftmost-longest* holds between the branches of `|` but
//! a repetition stops looking as soon as its greedy way leads to any match. Derivations depend on
//! these answers, so the automaton is built state by state as libstdc++ builds it ([`parse`]) and
//! the search ([`exec`]) visits the same paths in the same order, without those that cannot add
//! to the answer.
//!
//! Not here: flags, collation, back-references, word boundaries and multi-byte characters. Nix's
//! patterns have none of them; a pattern and a text are bytes.
//!
//! Invariants: no recursion; the work for one text is bounded (see [`TooComplex`]); a compiled
//! expression is immutable and may be shared.

mod exec;
mod fuzz;
mod parse;
mod program;
mod set;
#[cfg(test)]
mod tests;

use exec::Scratch;
pub use fuzz::fuzz;
use program::Program;
use std::ops::Range;

/// Why a pattern cannot be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EreError {
    /// It breaks the grammar. Nix says no more than that either.
    #[error("invalid regular expression")]
    Invalid,
    /// Its automaton has more states than libstdc++ allows; Nix calls it a memory limit.
    #[error("memory limit exceeded by regular expression")]
    TooLarge,
}

/// A search was given up: the pattern multiplies empty repetitions, or the text is immense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("memory limit exceeded by regular expression")]
pub struct TooComplex;

/// A compiled expression.
#[derive(Debug)]
pub struct Ere {
    program: Program,
}

impl Ere {
    /// Compiles a pattern.
    pub fn new(pattern: &[u8]) -> Result<Ere, EreError> {
        Ok(Ere { program: Program::new(&parse::parse(pattern)?) })
    }

    /// How many groups the expression has, without the whole match.
    pub fn groups(&self) -> usize {
        self.program.groups
    }

    /// Whether the expression matches the text from end to end: `builtins.match`.
    ///
    /// On `true`, `captures` holds the groups.
    pub fn full_match(&self, text: &[u8], captures: &mut Captures) -> Result<bool, TooComplex> {
        captures.begin(self);
        exec::full_match(&self.program, text, captures)
    }

    /// Iterates over the matches in a text, as `builtins.split` does.
    pub fn matches<'a>(&'a self, text: &'a [u8]) -> Matches<'a> {
        let mut captures = Captures::default();
        captures.begin(self);
        Matches { ere: self, text, captures, state: Next::First, previous: false }
    }
}

/// Where the groups of the last match lie, and the memory that a search needs: keep one for many.
#[derive(Debug, Default)]
pub struct Captures {
    /// Start and end of each group, the whole match first; [`UNSET`] where there is none.
    slots: Vec<usize>,
    scratch: Scratch,
}

const UNSET: usize = usize::MAX;

impl Captures {
    /// Where a group matched. Group 0 is the whole match.
    pub fn get(&self, group: usize) -> Option<Range<usize>> {
        let start = *self.slots.get(2 * group)?;
        let end = *self.slots.get(2 * group + 1)?;
        (end != UNSET).then_some(start..end)
    }

    fn begin(&mut self, ere: &Ere) {
        self.slots.clear();
        self.slots.resize(2 * (ere.program.groups + 1), UNSET);
        self.scratch.begin(&ere.program);
    }
}

/// The successive matches of an expression in a text.
///
/// After an empty match it looks for one that starts at the same place and is not empty, and only
/// then moves on by a byte.
#[derive(Debug)]
pub struct Matches<'a> {
    ere: &'a Ere,
    text: &'a [u8],
    captures: Captures,
    state: Next,
    /// Whether a byte precedes the place where the next search starts, so that `^` fails there.
    previous: bool,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    First,
    After { start: usize, end: usize },
    Done,
}

/// What distinguishes one search from another.
#[derive(Clone, Copy, Debug, Default)]
struct Search {
    /// Where it starts.
    from: usize,
    /// Whether `^` matches there.
    line_start: bool,
    /// Whether only a match that starts right there and is not empty counts.
    retry: bool,
}

impl Matches<'_> {
    /// The next match, valid until the next call. Not an `Iterator`, because it lends.
    #[expect(clippy::should_implement_trait, reason = "the item borrows from the iterator")]
    pub fn next(&mut self) -> Result<Option<&Captures>, TooComplex> {
        let found = match self.state {
            Next::Done => false,
            Next::First => self.search(0, false)?,
            Next::After { start, end } if start == end => {
                end != self.text.len()
                    && (self.search(end, true)? || {
                        self.previous = true;
                        self.search(end + 1, false)?
                    })
            }
            Next::After { end, .. } => {
                self.previous = true;
                self.search(end, false)?
            }
        };
        let whole = if found { self.captures.get(0) } else { None };
        self.state = whole.map_or(Next::Done, |at| Next::After { start: at.start, end: at.end });
        Ok(found.then_some(&self.captures))
    }

    fn search(&mut self, from: usize, retry: bool) -> Result<bool, TooComplex> {
        let search = Search { from, line_start: !self.previous, retry };
        exec::search(&self.ere.program, self.text, search, &mut self.captures)
    }
}
