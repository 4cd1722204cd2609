//! From a pattern to an automaton, state by state as libstdc++ builds it.
//!
//! The number of states is part of the contract: Nix refuses a pattern by it, so the idle states
//! and the copies that an interval leaves behind are made here too, and dropped by
//! [`super::program`].
//!
//! The grammar is regular but for the parentheses, whose nesting is kept on a stack of our own.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that does not fit is an error, whichever it is"
)]

mod bracket;
mod lexer;

use super::EreError;
use super::set::ByteSet;
use lexer::{Lexer, Token};

/// libstdc++'s limit on the size of an automaton.
const STATES_MAX: usize = 100_000;

/// The absent state.
pub(super) const NONE: u32 = u32::MAX;

/// An automaton that starts at [`Automaton::start`] and ends in [`Op::Accept`].
#[derive(Debug)]
pub(super) struct Automaton {
    pub(super) states: Vec<State>,
    pub(super) sets: Vec<ByteSet>,
    pub(super) start: u32,
    pub(super) groups: usize,
    /// Whether some unbounded repetition can go round without consuming anything.
    pub(super) has_empty_loops: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) op: Op,
    pub(super) next: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Does nothing; joins branches.
    Idle,
    Byte(u8),
    /// One byte of a set, by its index.
    Set(u32),
    /// The text's start.
    Start,
    /// The text's end.
    End,
    Open(u32),
    Close(u32),
    /// Tries `body` first, and `next` only if that leads to no match.
    Repeat {
        body: u32,
        is_body_nullable: bool,
    },
    /// Tries `first`, then `next`, and takes what matches more.
    Either {
        first: u32,
    },
    Accept,
}

/// A piece of the automaton with one entry and one exit, whose `next` is still open.
#[derive(Clone, Copy)]
struct Piece {
    start: u32,
    end: u32,
    is_nullable: bool,
}

/// What has been read of one pair of parentheses, or of the whole pattern.
struct Level {
    group: u32,
    open: Piece,
    /// The alternatives before the last `|`.
    alternatives: Option<Piece>,
    /// What has been read of the present alternative.
    branch: Option<Piece>,
}

pub(super) fn parse(pattern: &[u8]) -> Result<Automaton, EreError> {
    let mut parser = Parser {
        lexer: Lexer::new(pattern)?,
        automaton: Automaton {
            states: Vec::with_capacity(2 * pattern.len() + 4),
            sets: Vec::new(),
            start: 0,
            groups: 0,
            has_empty_loops: false,
        },
        any: None,
        copies: Vec::new(),
    };
    let open = parser.state(Op::Open(0))?;
    let whole = parser.pattern(Level { group: 0, open, alternatives: None, branch: None })?;
    let accept = parser.state(Op::Accept)?;
    parser.append(whole, accept);
    Ok(parser.automaton)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    automaton: Automaton,
    /// The index of the set for `.`, once there is one.
    any: Option<u32>,
    /// For each state its copy, while [`Parser::copy`] runs; else [`NONE`].
    copies: Vec<u32>,
}

impl Parser<'_> {
    /// Reads all of the pattern; `level` is its outermost level.
    fn pattern(&mut self, mut level: Level) -> Result<Piece, EreError> {
        let mut outer = Vec::new();
        loop {
            let atom = match self.lexer.token() {
                Token::Start | Token::End => {
                    let op = if self.lexer.token() == Token::Start { Op::Start } else { Op::End };
                    let assertion = self.state(op)?;
                    self.lexer.advance()?;
                    level.branch = Some(self.then(level.branch, assertion));
                    continue; // `^*` is an error: an assertion takes no quantifier
                }
                Token::Either => {
                    self.lexer.advance()?;
                    self.finish_branch(&mut level)?;
                    continue;
                }
                Token::Open => {
                    self.lexer.advance()?;
                    self.automaton.groups += 1;
                    let group = self.automaton.groups as u32;
                    let open = self.state(Op::Open(group))?;
                    let inner = Level { group, open, alternatives: None, branch: None };
                    outer.push(std::mem::replace(&mut level, inner));
                    continue;
                }
                Token::Close => {
                    let Some(enclosing) = outer.pop() else { return Err(EreError::Invalid) };
                    self.lexer.advance()?;
                    let inner = std::mem::replace(&mut level, enclosing);
                    self.finish_level(inner)?
                }
                Token::Eof if outer.is_empty() => return self.finish_level(level),
                _ => self.atom()?,
            };
            let repeated = self.quantifiers(atom)?;
            level.branch = Some(self.then(level.branch, repeated));
        }
    }

    /// Ends an alternative at `|`, `)` or the end, and joins it to those before it.
    fn finish_branch(&mut self, level: &mut Level) -> Result<Piece, EreError> {
        let idle = self.state(Op::Idle)?;
        let branch = self.then(level.branch.take(), idle);
        let joined = match level.alternatives {
            None => branch,
            Some(before) => {
                let end = self.state(Op::Idle)?;
                let is_nullable = before.is_nullable || branch.is_nullable;
                self.append(before, end);
                self.append(branch, end);
                let either = self.state(Op::Either { first: before.start })?;
                self.link(either.end, branch.start);
                Piece { start: either.start, end: end.end, is_nullable }
            }
        };
        level.alternatives = Some(joined);
        Ok(joined)
    }

    fn finish_level(&mut self, mut level: Level) -> Result<Piece, EreError> {
        let alternatives = self.finish_branch(&mut level)?;
        let inside = self.append(level.open, alternatives);
        let close = self.state(Op::Close(level.group))?;
        Ok(self.append(inside, close))
    }

    fn atom(&mut self) -> Result<Piece, EreError> {
        let op = match self.lexer.token() {
            Token::Byte(byte) => {
                self.lexer.advance()?;
                Op::Byte(byte)
            }
            Token::Any => {
                self.lexer.advance()?;
                let index = self.any.unwrap_or_else(|| self.set(ByteSet::ANY));
                self.any = Some(index);
                Op::Set(index)
            }
            Token::Bracket { is_negated } => {
                self.lexer.advance()?;
                let set = bracket::parse(&mut self.lexer, is_negated)?;
                Op::Set(self.set(set))
            }
            _ => return Err(EreError::Invalid),
        };
        Ok(Piece { is_nullable: false, ..self.state(op)? })
    }

    fn quantifiers(&mut self, mut piece: Piece) -> Result<Piece, EreError> {
        loop {
            piece = match self.lexer.token() {
                Token::Star => {
                    self.lexer.advance()?;
                    let repeat = self.repeat_forever(piece)?;
                    Piece { start: repeat, end: repeat, is_nullable: true }
                }
                Token::Plus => {
                    self.lexer.advance()?;
                    let repeat = self.repeat_forever(piece)?;
                    Piece { end: repeat, ..piece }
                }
                Token::Option => {
                    self.lexer.advance()?;
                    let end = self.state(Op::Idle)?;
                    let repeat = self.repeat(piece)?;
                    self.append(piece, end);
                    self.link(repeat, end.start);
                    Piece { start: repeat, end: end.end, is_nullable: true }
                }
                Token::Brace => {
                    self.lexer.advance()?;
                    self.interval(piece)?
                }
                _ => return Ok(piece),
            };
        }
    }

    /// `{n}`, `{n,}` and `{n,m}`: copies of the piece, which itself is left unused.
    fn interval(&mut self, piece: Piece) -> Result<Piece, EreError> {
        let least = self.lexer.count()?;
        let mut result = self.state(Op::Idle)?;
        let mut more = Some(0);
        if self.lexer.token() == Token::Comma {
            self.lexer.advance()?;
            more = match self.lexer.token() {
                Token::Count(_) => Some(self.lexer.count()? - least),
                _ => None,
            };
        }
        self.lexer.expect(Token::BraceEnd)?;
        for _ in 0..least {
            let copy = self.copy(piece)?;
            result = self.append(result, copy);
        }
        let Some(more) = more else {
            let copy = self.copy(piece)?;
            let repeat = self.repeat_forever(copy)?;
            self.link(result.end, repeat);
            return Ok(Piece { end: repeat, ..result });
        };
        if more < 0 {
            return Err(EreError::Invalid);
        }
        let end = self.state(Op::Idle)?;
        for _ in 0..more {
            let copy = self.copy(piece)?;
            let repeat = self.repeat(copy)?;
            self.link(result.end, repeat);
            self.link(repeat, end.start);
            result.end = copy.end;
        }
        Ok(Piece { is_nullable: result.is_nullable, ..self.append(result, end) })
    }

    /// A repetition of the piece that is not closed to a loop.
    fn repeat(&mut self, piece: Piece) -> Result<u32, EreError> {
        let op = Op::Repeat { body: piece.start, is_body_nullable: piece.is_nullable };
        Ok(self.state(op)?.start)
    }

    fn repeat_forever(&mut self, piece: Piece) -> Result<u32, EreError> {
        let repeat = self.repeat(piece)?;
        self.link(piece.end, repeat);
        self.automaton.has_empty_loops |= piece.is_nullable;
        Ok(repeat)
    }

    /// A second piece of the same shape, its exit open again.
    fn copy(&mut self, piece: Piece) -> Result<Piece, EreError> {
        self.copies.resize(self.automaton.states.len(), NONE);
        let mut copied = Vec::new();
        let mut waiting = vec![piece.start];
        while let Some(old) = waiting.pop() {
            let Some(state) = self.automaton.states.get(old as usize).copied() else { continue };
            match self.copies.get_mut(old as usize) {
                Some(known) if *known == NONE => *known = self.automaton.states.len() as u32,
                _ => continue,
            }
            self.state(state.op)?;
            copied.push(old);
            if let Op::Repeat { body, .. } | Op::Either { first: body } = state.op {
                waiting.push(body);
            }
            if old != piece.end {
                waiting.push(state.next);
            }
        }
        let copy_of = |copies: &[u32], old: u32| copies.get(old as usize).copied().unwrap_or(NONE);
        for old in &copied {
            let Some(state) = self.automaton.states.get(*old as usize).copied() else { continue };
            let new = copy_of(&self.copies, *old) as usize;
            if let Some(copy) = self.automaton.states.get_mut(new) {
                if *old != piece.end {
                    copy.next = copy_of(&self.copies, state.next);
                }
                if let Op::Repeat { body, .. } | Op::Either { first: body } = &mut copy.op {
                    *body = copy_of(&self.copies, *body);
                }
            }
        }
        let (start, end) = (copy_of(&self.copies, piece.start), copy_of(&self.copies, piece.end));
        for old in copied {
            if let Some(slot) = self.copies.get_mut(old as usize) {
                *slot = NONE;
            }
        }
        Ok(Piece { start, end, ..piece })
    }

    fn state(&mut self, op: Op) -> Result<Piece, EreError> {
        let states = &mut self.automaton.states;
        let index = states.len() as u32;
        states.push(State { op, next: NONE });
        if states.len() > STATES_MAX {
            return Err(EreError::TooLarge);
        }
        Ok(Piece { start: index, end: index, is_nullable: true })
    }

    fn set(&mut self, set: ByteSet) -> u32 {
        self.automaton.sets.push(set);
        self.automaton.sets.len() as u32 - 1
    }

    fn link(&mut self, from: u32, to: u32) {
        if let Some(state) = self.automaton.states.get_mut(from as usize) {
            state.next = to;
        }
    }

    fn append(&mut self, first: Piece, second: Piece) -> Piece {
        self.link(first.end, second.start);
        Piece {
            start: first.start,
            end: second.end,
            is_nullable: first.is_nullable && second.is_nullable,
        }
    }

    fn then(&mut self, first: Option<Piece>, second: Piece) -> Piece {
        first.map_or(second, |first| self.append(first, second))
    }
}
