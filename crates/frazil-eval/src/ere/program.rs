//! The automaton made ready to run: idle and unreachable states dropped, loops over one set fused,
//! and at each fork the bytes that either way can begin with, so that most forks are decided at once.

use super::parse::{Automaton, NONE, Op};
use super::set::ByteSet;

#[derive(Clone, Copy, Debug)]
pub(super) enum Inst {
    Byte {
        byte: u8,
        next: u32,
    },
    Set {
        set: u32,
        next: u32,
    },
    Start {
        next: u32,
    },
    End {
        next: u32,
    },
    Save {
        slot: u32,
        next: u32,
    },
    /// `body` first; `exit` only if that leads to no match.
    Repeat {
        body: u32,
        exit: u32,
        fork: u32,
    },
    /// The same, when the body may come back without having consumed anything.
    EmptyRepeat {
        body: u32,
        exit: u32,
        fork: u32,
        counter: u32,
    },
    /// `first`, then `second`; what matches more wins.
    Either {
        first: u32,
        second: u32,
        fork: u32,
    },
    /// As many bytes of a set as possible; then fewer.
    Run {
        set: u32,
        exit: u32,
        fork: u32,
    },
    Accept,
}

/// What a path can begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ahead {
    pub(super) bytes: ByteSet,
    /// Whether it can reach the end of the expression without consuming anything.
    pub(super) accepts_empty: bool,
}

impl Ahead {
    /// The cautious answer.
    const ANYTHING: Ahead = Ahead { bytes: ByteSet::ALL, accepts_empty: true };
}

/// What the two ways of a fork can begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fork {
    pub(super) first: Ahead,
    pub(super) second: Ahead,
    /// Whether no byte can begin both.
    pub(super) is_disjoint: bool,
}

impl Fork {
    fn new(first: Ahead, second: Ahead) -> Fork {
        Fork { first, second, is_disjoint: first.bytes.is_disjoint(&second.bytes) }
    }
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) insts: Vec<Inst>,
    pub(super) sets: Vec<ByteSet>,
    pub(super) forks: Vec<Fork>,
    pub(super) groups: usize,
    pub(super) counters: usize,
    /// What a match can begin with.
    pub(super) start: Ahead,
    /// Whether a longer match may come after a shorter one.
    pub(super) has_alternatives: bool,
    pub(super) has_empty_loops: bool,
}

impl Program {
    pub(super) fn new(automaton: &Automaton) -> Program {
        let targets = skip_idle(automaton);
        let order = reachable(automaton, &targets);
        let mut program = Program {
            insts: Vec::with_capacity(order.len()),
            sets: automaton.sets.clone(),
            forks: Vec::new(),
            groups: automaton.groups,
            counters: 0,
            start: Ahead::default(),
            has_alternatives: false,
            has_empty_loops: automaton.has_empty_loops,
        };
        let mut numbers = vec![NONE; automaton.states.len()];
        for (number, state) in order.iter().enumerate() {
            if let Some(slot) = numbers.get_mut(*state as usize) {
                *slot = number as u32;
            }
        }
        let target = |state: u32| lookup(&numbers, lookup(&targets, state));
        for (number, state) in order.iter().enumerate() {
            let Some(state) = automaton.states.get(*state as usize) else { continue };
            let inst = program.translate(automaton, number as u32, state.op, state.next, &target);
            program.insts.push(inst);
        }
        program.look_ahead();
        program
    }

    fn translate(
        &mut self,
        automaton: &Automaton,
        number: u32,
        op: Op,
        next: u32,
        target: &impl Fn(u32) -> u32,
    ) -> Inst {
        let state = next;
        let next = target(next);
        match op {
            Op::Byte(byte) => Inst::Byte { byte, next },
            Op::Set(set) => Inst::Set { set, next },
            Op::Start => Inst::Start { next },
            Op::End => Inst::End { next },
            Op::Open(group) => Inst::Save { slot: 2 * group, next },
            Op::Close(group) => Inst::Save { slot: 2 * group + 1, next },
            Op::Accept => Inst::Accept,
            // Idle states were skipped; to be safe, one behaves as if it were a group's edge.
            Op::Idle => Inst::Save { slot: NONE, next: target(state) },
            Op::Either { first } => {
                self.has_alternatives = true;
                Inst::Either { first: target(first), second: next, fork: self.fork() }
            }
            Op::Repeat { body, is_body_nullable } => {
                let fork = self.fork();
                if let Some(set) = self.run_over(automaton, number, body, target) {
                    return Inst::Run { set, exit: next, fork };
                }
                let body = target(body);
                if self.has_empty_loops && is_body_nullable {
                    let counter = self.counters as u32;
                    self.counters += 1;
                    return Inst::EmptyRepeat { body, exit: next, fork, counter };
                }
                Inst::Repeat { body, exit: next, fork }
            }
        }
    }

    /// The set that the repetition with this number repeats, if its body is a single byte.
    fn run_over(
        &mut self,
        automaton: &Automaton,
        number: u32,
        body: u32,
        target: &impl Fn(u32) -> u32,
    ) -> Option<u32> {
        let body = automaton.states.get(body as usize)?;
        if target(body.next) != number {
            return None;
        }
        if let Op::Byte(byte) = body.op {
            self.sets.push(ByteSet::single(byte));
            return Some(self.sets.len() as u32 - 1);
        }
        if let Op::Set(set) = body.op { Some(set) } else { None }
    }

    fn fork(&mut self) -> u32 {
        self.forks.push(Fork::new(Ahead::ANYTHING, Ahead::ANYTHING));
        self.forks.len() as u32 - 1
    }

    /// Computes what each fork's ways begin with, from the end backwards until nothing changes.
    ///
    /// When that takes too many rounds the forks keep their cautious answer, which is never wrong.
    fn look_ahead(&mut self) {
        const ROUNDS_MAX: usize = 16;
        let mut ahead = vec![Ahead::default(); self.insts.len()];
        let mut is_settled = false;
        for _ in 0..ROUNDS_MAX {
            is_settled = true;
            for (number, inst) in self.insts.iter().enumerate().rev() {
                let seen = self.ahead_of(*inst, &ahead);
                if let Some(slot) = ahead.get_mut(number)
                    && *slot != seen
                {
                    *slot = seen;
                    is_settled = false;
                }
            }
            if is_settled {
                break;
            }
        }
        self.start = ahead.first().copied().filter(|_| is_settled).unwrap_or(Ahead::ANYTHING);
        if !is_settled {
            return;
        }
        for inst in &self.insts {
            let (fork, ways) = match *inst {
                Inst::Repeat { body: first, exit: second, fork }
                | Inst::EmptyRepeat { body: first, exit: second, fork, .. }
                | Inst::Either { first, second, fork } => {
                    (fork, Fork::new(at(&ahead, first), at(&ahead, second)))
                }
                Inst::Run { set, exit, fork } => {
                    (fork, Fork::new(self.one_of(set), at(&ahead, exit)))
                }
                Inst::Byte { .. }
                | Inst::Set { .. }
                | Inst::Start { .. }
                | Inst::End { .. }
                | Inst::Save { .. }
                | Inst::Accept => continue,
            };
            if let Some(slot) = self.forks.get_mut(fork as usize) {
                *slot = ways;
            }
        }
    }

    fn ahead_of(&self, inst: Inst, ahead: &[Ahead]) -> Ahead {
        match inst {
            Inst::Byte { byte, .. } => Ahead { bytes: ByteSet::single(byte), accepts_empty: false },
            Inst::Set { set, .. } => self.one_of(set),
            Inst::Start { next } | Inst::Save { next, .. } => at(ahead, next),
            // Nothing can be consumed after the end.
            Inst::End { next } => Ahead { bytes: ByteSet::default(), ..at(ahead, next) },
            Inst::Repeat { body: first, exit: second, .. }
            | Inst::EmptyRepeat { body: first, exit: second, .. }
            | Inst::Either { first, second, .. } => either(at(ahead, first), at(ahead, second)),
            Inst::Run { set, exit, .. } => either(self.one_of(set), at(ahead, exit)),
            Inst::Accept => Ahead { bytes: ByteSet::default(), accepts_empty: true },
        }
    }

    fn one_of(&self, set: u32) -> Ahead {
        let bytes = self.sets.get(set as usize).copied().unwrap_or_default();
        Ahead { bytes, accepts_empty: false }
    }
}

fn either(first: Ahead, second: Ahead) -> Ahead {
    let mut both = first;
    both.bytes.insert_all(&second.bytes);
    both.accepts_empty |= second.accepts_empty;
    both
}

fn at(ahead: &[Ahead], inst: u32) -> Ahead {
    ahead.get(inst as usize).copied().unwrap_or_default()
}

fn lookup(table: &[u32], index: u32) -> u32 {
    table.get(index as usize).copied().unwrap_or(NONE)
}

/// For each state the first one at or after it that is not idle.
fn skip_idle(automaton: &Automaton) -> Vec<u32> {
    let mut targets = vec![NONE; automaton.states.len()];
    let mut chain = Vec::new();
    for start in 0..automaton.states.len() as u32 {
        let mut state = start;
        let target = loop {
            match automaton.states.get(state as usize) {
                Some(idle) if matches!(idle.op, Op::Idle) => {
                    let known = lookup(&targets, state);
                    if known != NONE {
                        break known;
                    }
                    chain.push(state);
                    state = idle.next;
                }
                _ => break state,
            }
        };
        for passed in chain.drain(..).chain([start]) {
            if let Some(slot) = targets.get_mut(passed as usize) {
                *slot = target;
            }
        }
    }
    targets
}

/// The states that matter, in an order that mostly follows `next`.
fn reachable(automaton: &Automaton, targets: &[u32]) -> Vec<u32> {
    let mut order = Vec::new();
    let mut is_seen = vec![false; automaton.states.len()];
    let mut waiting = vec![lookup(targets, automaton.start)];
    while let Some(number) = waiting.pop() {
        let Some(state) = automaton.states.get(number as usize) else { continue };
        match is_seen.get_mut(number as usize) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        order.push(number);
        waiting.push(lookup(targets, state.next));
        if let Op::Repeat { body, .. } | Op::Either { first: body } = state.op {
            waiting.push(lookup(targets, body));
        }
    }
    order
}
