//! The search: libstdc++'s depth-first walk, with an explicit stack and without repeated work.
//!
//! The order in which paths are tried decides the captures, so it is kept; three things are left
//! out because they cannot change the answer:
//! - a way that cannot begin with the next byte ([`super::program::Fork`]);
//! - a fork met again at the same place. Without back-references the outcome depends on nothing but
//!   the fork and the place, *except* while empty repetitions are being counted, see
//!   [`Machine::is_fresh`]. Remembering costs memory, so it starts only when a search drags on;
//! - a run over one set whose shorter ends are known to fail ([`run`]).
//!
//! With `|` in the pattern a search (not a full match) wants the longest match, so the walk goes on
//! after the first one; what was matched before then prunes repetitions, not alternatives.

mod memo;
mod run;

use super::program::{Ahead, Inst, Program};
use super::{Captures, Search, TooComplex, UNSET};
use memo::{Known, Memo};
use run::FailedRun;

/// The memory of a search. What it knows about failures stays true for one text and expression.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    frames: Vec<Frame>,
    counters: Vec<Counter>,
    failed_runs: Vec<FailedRun>,
    memo: Memo,
    /// The slots of the longest match so far.
    best: Vec<usize>,
    steps: u64,
}

impl Scratch {
    /// Forgets the last text.
    pub(super) fn begin(&mut self, program: &Program) {
        self.steps = 0;
        self.memo.turn_off();
        self.failed_runs.clear();
        self.failed_runs.resize(program.forks.len(), FailedRun::NONE);
    }
}

/// What is left to do when the present path has failed or matched.
#[derive(Clone, Copy, Debug)]
enum Frame {
    /// The way out of a repetition, unless its body matched.
    Exit {
        inst: u32,
        at: u32,
    },
    /// The second alternative.
    Second {
        inst: u32,
        at: u32,
    },
    /// After both alternatives: whether the first one matched.
    Joined {
        first_matched: bool,
    },
    Slot {
        slot: u32,
        old: usize,
    },
    /// The ends `low..low + left` of a run are still to be tried.
    Run {
        inst: u32,
        low: u32,
        left: u32,
        end: u32,
    },
    Count {
        counter: u32,
        old: Counter,
        counted_at: u32,
    },
    /// Everything after this fork at this place has been tried.
    Tried {
        fork: u32,
        at: u32,
    },
}

/// How often an empty repetition was entered at one place; libstdc++ allows twice.
#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    at: u32,
    entered: u32,
}

const NOWHERE: u32 = u32::MAX;
const FRAMES_MAX: usize = 1 << 24;
/// Steps that any search may take, and how many more per byte of the text.
const STEPS_MAX: u64 = 1 << 23;
const STEPS_MAX_PER_BYTE: u64 = 256;
/// From this many steps on it pays to remember.
const STEPS_CHEAP: u64 = 1024;
const STEPS_CHEAP_PER_BYTE: u64 = 32;
pub(super) fn full_match(
    program: &Program,
    text: &[u8],
    captures: &mut Captures,
) -> Result<bool, TooComplex> {
    let search = Search { from: 0, line_start: true, retry: false };
    Machine::new(program, text, search, captures, true)?.attempt(0)
}

pub(super) fn search(
    program: &Program,
    text: &[u8],
    search: Search,
    captures: &mut Captures,
) -> Result<bool, TooComplex> {
    let mut machine = Machine::new(program, text, search, captures, false)?;
    if search.retry {
        return machine.attempt(search.from);
    }
    let mut from = search.from;
    while let Some((_, rest)) = text.split_at_checked(from) {
        let can_start = |byte: &u8| program.start.bytes.contains(*byte);
        let skipped = if program.start.accepts_empty {
            0
        } else if let Some(skipped) = rest.iter().position(can_start) {
            skipped
        } else {
            return Ok(false);
        };
        if machine.attempt(from + skipped)? {
            return Ok(true);
        }
        from += skipped + 1;
    }
    Ok(false)
}

struct Machine<'a> {
    program: &'a Program,
    text: &'a [u8],
    search: Search,
    slots: &'a mut Vec<usize>,
    scratch: &'a mut Scratch,
    /// Whether a match must reach the end of the text.
    is_full: bool,
    /// Whether a longer match may come after the first.
    is_longest: bool,
    /// Where this attempt started.
    begin: usize,
    /// Whether the part of the walk that was just finished has matched.
    has_matched: bool,
    /// Where the longest match so far ends.
    best_end: Option<usize>,
    /// The last place where an empty repetition was entered on this path.
    counted_at: u32,
}

impl<'a> Machine<'a> {
    fn new(
        program: &'a Program,
        text: &'a [u8],
        search: Search,
        captures: &'a mut Captures,
        is_full: bool,
    ) -> Result<Machine<'a>, TooComplex> {
        if text.len() >= NOWHERE as usize {
            return Err(TooComplex);
        }
        let Captures { slots, scratch } = captures;
        scratch.memo.forget_matches();
        scratch.counters.clear();
        scratch.counters.resize(program.counters, Counter::default());
        Ok(Machine {
            program,
            text,
            search,
            slots,
            scratch,
            is_full,
            is_longest: program.has_alternatives && !is_full,
            begin: search.from,
            has_matched: false,
            best_end: None,
            counted_at: NOWHERE,
        })
    }

    /// Looks for a match that starts here.
    fn attempt(&mut self, begin: usize) -> Result<bool, TooComplex> {
        self.begin = begin;
        self.slots.fill(UNSET);
        self.scratch.frames.clear();
        let mut path = Some((0, begin));
        while let Some((inst, at)) = path {
            if self.walk(inst, at) {
                return Ok(true);
            }
            path = self.next_path();
            self.check_effort()?;
        }
        if self.best_end.is_some() {
            self.slots.clone_from(&self.scratch.best);
        }
        Ok(self.best_end.is_some())
    }

    fn check_effort(&mut self) -> Result<(), TooComplex> {
        let length = self.text.len() as u64;
        let steps = self.scratch.steps;
        if steps > STEPS_CHEAP + STEPS_CHEAP_PER_BYTE * length {
            self.scratch.memo.turn_on(self.program.forks.len(), self.text.len());
        }
        let is_hopeless = steps > STEPS_MAX + STEPS_MAX_PER_BYTE * length;
        if is_hopeless || self.scratch.frames.len() > FRAMES_MAX {
            return Err(TooComplex);
        }
        Ok(())
    }

    /// Follows a path until it fails or reaches the end; whether it is the match that is wanted.
    fn walk(&mut self, mut inst: u32, mut at: usize) -> bool {
        loop {
            self.scratch.steps += 1;
            let Some(present) = self.program.insts.get(inst as usize) else { return false };
            inst = match *present {
                Inst::Byte { byte, next } if self.text.get(at) == Some(&byte) => {
                    at += 1;
                    next
                }
                Inst::Set { set, next } if self.is_in(set, at) => {
                    at += 1;
                    next
                }
                Inst::Start { next } if self.search.line_start && at == self.search.from => next,
                Inst::End { next } if at == self.text.len() => next,
                Inst::Byte { .. } | Inst::Set { .. } | Inst::Start { .. } | Inst::End { .. } => {
                    return false;
                }
                Inst::Save { slot, next } => {
                    self.save(slot, at);
                    next
                }
                Inst::Accept => return self.accept(at),
                Inst::Repeat { body, exit, fork } => {
                    let Some(next) = self.choose(
                        fork,
                        body,
                        exit,
                        at,
                        Frame::Exit { inst: exit, at: at as u32 },
                    ) else {
                        return false;
                    };
                    next
                }
                Inst::Either { first, second, fork } => {
                    let Some(next) = self.choose(
                        fork,
                        first,
                        second,
                        at,
                        Frame::Second { inst: second, at: at as u32 },
                    ) else {
                        return false;
                    };
                    next
                }
                Inst::EmptyRepeat { body, exit, fork, counter } => {
                    let Some(next) = self.repeat_empty(fork, body, exit, counter, at) else {
                        return false;
                    };
                    next
                }
                Inst::Run { set, exit, fork } => {
                    let Some(end) = self.run(inst, set, fork, at) else { return false };
                    at = end;
                    exit
                }
            };
        }
    }

    /// Takes up the path that comes next in order.
    fn next_path(&mut self) -> Option<(u32, usize)> {
        while let Some(frame) = self.scratch.frames.pop() {
            match frame {
                Frame::Exit { inst, at } => {
                    if !self.has_matched {
                        return Some((inst, at as usize));
                    }
                }
                Frame::Second { inst, at } => {
                    if self.is_longest {
                        let first_matched = self.has_matched;
                        self.scratch.frames.push(Frame::Joined { first_matched });
                        self.has_matched = false;
                    }
                    return Some((inst, at as usize));
                }
                Frame::Joined { first_matched } => self.has_matched |= first_matched,
                Frame::Slot { slot, old } => self.set_slot(slot, old),
                Frame::Run { inst, low, left, end } => {
                    if !self.has_matched
                        && let Some(path) = self.shorten_run(inst, low, left, end)
                    {
                        return Some(path);
                    }
                }
                Frame::Count { counter, old, counted_at } => {
                    self.counted_at = counted_at;
                    if let Some(counter) = self.scratch.counters.get_mut(counter as usize) {
                        *counter = old;
                    }
                }
                Frame::Tried { fork, at } => {
                    self.scratch.memo.record(fork, at, self.has_matched);
                }
            }
        }
        None
    }

    fn accept(&mut self, at: usize) -> bool {
        let at_end = at == self.text.len();
        if (self.is_full && !at_end) || (self.search.retry && at == self.begin) {
            return false;
        }
        if !self.is_longest || at_end {
            return true;
        }
        self.has_matched = true;
        if self.best_end.is_none_or(|end| end < at) {
            self.best_end = Some(at);
            self.scratch.best.clone_from(self.slots);
        }
        false
    }

    /// The way to go at a fork; if both are open, the other one waits in a frame.
    fn choose(
        &mut self,
        fork: u32,
        first: u32,
        second: u32,
        at: usize,
        other: Frame,
    ) -> Option<u32> {
        let ways = self.program.forks.get(fork as usize)?;
        let (can_first, can_second) = (self.can_go(&ways.first, at), self.can_go(&ways.second, at));
        // Even where only one way is open, or each start of a search would walk it again.
        if !(can_first || can_second) || self.is_known(fork, at) {
            return None;
        }
        if can_first && can_second {
            self.scratch.frames.push(other);
        }
        Some(if can_first { first } else { second })
    }

    fn repeat_empty(
        &mut self,
        fork: u32,
        body: u32,
        exit: u32,
        counter: u32,
        at: usize,
    ) -> Option<u32> {
        const ENTERED_MAX: u32 = 2;
        let ways = self.program.forks.get(fork as usize)?;
        let can_exit = self.can_go(&ways.second, at);
        let old = self.scratch.counters.get(counter as usize).copied().unwrap_or_default();
        let is_here = old.entered != 0 && old.at as usize == at;
        if !self.can_go(&ways.first, at) || (is_here && old.entered == ENTERED_MAX) {
            return can_exit.then_some(exit);
        }
        if self.is_known(fork, at) {
            return None;
        }
        if can_exit {
            self.scratch.frames.push(Frame::Exit { inst: exit, at: at as u32 });
        }
        self.scratch.frames.push(Frame::Count { counter, old, counted_at: self.counted_at });
        self.counted_at = at as u32;
        if let Some(slot) = self.scratch.counters.get_mut(counter as usize) {
            let entered = if is_here { old.entered + 1 } else { 1 };
            *slot = Counter { at: at as u32, entered };
        }
        Some(body)
    }

    /// Whether a fork's outcome is known; if so `has_matched` tells it, else it will be noted.
    fn is_known(&mut self, fork: u32, at: usize) -> bool {
        if !self.scratch.memo.is_on() || !self.is_fresh(at) {
            return false;
        }
        match self.scratch.memo.known(fork, at as u32) {
            Some(Known::Fails) => true,
            Some(Known::Matches) => {
                self.has_matched = true;
                true
            }
            None => {
                self.scratch.frames.push(Frame::Tried { fork, at: at as u32 });
                false
            }
        }
    }

    /// Whether no empty repetition has been entered at this place, so that what follows depends on
    /// the place alone.
    fn is_fresh(&self, at: usize) -> bool {
        self.counted_at as usize != at
    }

    fn can_go(&self, way: &Ahead, at: usize) -> bool {
        match self.text.get(at) {
            Some(byte) => way.bytes.contains(*byte) || (way.accepts_empty && !self.is_full),
            None => way.accepts_empty,
        }
    }

    fn is_in(&self, set: u32, at: usize) -> bool {
        match (self.program.sets.get(set as usize), self.text.get(at)) {
            (Some(set), Some(byte)) => set.contains(*byte),
            _ => false,
        }
    }

    fn save(&mut self, slot: u32, at: usize) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            let old = std::mem::replace(place, at);
            // With nothing else to try, nobody will ask for the old value.
            if !self.scratch.frames.is_empty() {
                self.scratch.frames.push(Frame::Slot { slot, old });
            }
        }
    }

    fn set_slot(&mut self, slot: u32, value: usize) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = value;
        }
    }
}
