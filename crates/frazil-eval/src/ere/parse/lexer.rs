//! Tokens of a pattern. The same byte means different things outside of, in brackets and in braces.

use super::EreError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Eof,
    /// An ordinary byte, or one that a backslash or a bracket made ordinary.
    Byte(u8),
    Any,
    Open,
    Close,
    Start,
    End,
    Either,
    Star,
    Plus,
    Option,
    Brace,
    /// The number in braces.
    Count(i32),
    Comma,
    BraceEnd,
    Bracket {
        is_negated: bool,
    },
    BracketEnd,
    Dash,
    /// `[:name:]`
    Class(&'a [u8]),
    /// `[=name=]`
    Equivalence(&'a [u8]),
    /// `[.name.]`
    Collating(&'a [u8]),
}

enum Context {
    Normal,
    /// In brackets; a `]` that comes first is ordinary.
    Bracket {
        is_first: bool,
    },
    Brace,
}

pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    token: Token<'a>,
    context: Context,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(pattern: &'a [u8]) -> Result<Lexer<'a>, EreError> {
        let mut lexer = Lexer { rest: pattern, token: Token::Eof, context: Context::Normal };
        lexer.advance()?;
        Ok(lexer)
    }

    /// The token that is to be read next.
    pub(super) fn token(&self) -> Token<'a> {
        self.token
    }

    pub(super) fn advance(&mut self) -> Result<(), EreError> {
        let Some((byte, rest)) = self.rest.split_first() else {
            self.token = Token::Eof;
            return Ok(());
        };
        self.rest = rest;
        self.token = match self.context {
            Context::Normal => self.normal(*byte)?,
            Context::Bracket { is_first } => {
                self.context = Context::Bracket { is_first: false };
                self.in_bracket(*byte, is_first)?
            }
            Context::Brace => self.in_brace(*byte)?,
        };
        Ok(())
    }

    /// Reads a token that must be this one.
    pub(super) fn expect(&mut self, token: Token<'_>) -> Result<(), EreError> {
        if self.token == token { self.advance() } else { Err(EreError::Invalid) }
    }

    /// Reads the number that must come next.
    pub(super) fn count(&mut self) -> Result<i32, EreError> {
        let Token::Count(count) = self.token else { return Err(EreError::Invalid) };
        self.advance()?;
        Ok(count)
    }

    fn normal(&mut self, byte: u8) -> Result<Token<'a>, EreError> {
        Ok(match byte {
            0 => return Err(EreError::Invalid),
            b'\\' => match self.rest.split_first() {
                Some((escaped, rest)) if b".[\\()*+?{|^$".contains(escaped) => {
                    self.rest = rest;
                    Token::Byte(*escaped)
                }
                _ => return Err(EreError::Invalid),
            },
            b'[' => {
                self.context = Context::Bracket { is_first: true };
                let is_negated = self.rest.first() == Some(&b'^');
                if is_negated {
                    self.rest = self.rest.split_at(1).1;
                }
                Token::Bracket { is_negated }
            }
            b'{' => {
                self.context = Context::Brace;
                Token::Brace
            }
            b'(' => Token::Open,
            b')' => Token::Close,
            b'^' => Token::Start,
            b'$' => Token::End,
            b'.' => Token::Any,
            b'*' => Token::Star,
            b'+' => Token::Plus,
            b'?' => Token::Option,
            b'|' => Token::Either,
            _ => Token::Byte(byte),
        })
    }

    fn in_bracket(&mut self, byte: u8, is_first: bool) -> Result<Token<'a>, EreError> {
        Ok(match byte {
            b'-' => Token::Dash,
            b']' if !is_first => {
                self.context = Context::Normal;
                Token::BracketEnd
            }
            b'[' => match self.rest.split_first() {
                None => return Err(EreError::Invalid),
                Some((kind @ (b'.' | b':' | b'='), rest)) => {
                    let length = rest.iter().position(|byte| byte == kind);
                    let (name, tail) = rest.split_at(length.ok_or(EreError::Invalid)?);
                    self.rest = match tail {
                        [_, b']', rest @ ..] => rest,
                        _ => return Err(EreError::Invalid),
                    };
                    match kind {
                        b'.' => Token::Collating(name),
                        b':' => Token::Class(name),
                        _ => Token::Equivalence(name),
                    }
                }
                Some(_) => Token::Byte(b'['),
            },
            _ => Token::Byte(byte),
        })
    }

    fn in_brace(&mut self, byte: u8) -> Result<Token<'a>, EreError> {
        match byte {
            b',' => Ok(Token::Comma),
            b'}' => {
                self.context = Context::Normal;
                Ok(Token::BraceEnd)
            }
            b'0'..=b'9' => {
                let mut count = Some(i32::from(byte - b'0'));
                while let Some((digit @ b'0'..=b'9', rest)) = self.rest.split_first() {
                    let digit = i32::from(digit - b'0');
                    count = count.and_then(|count| count.checked_mul(10)?.checked_add(digit));
                    self.rest = rest;
                }
                Ok(Token::Count(count.ok_or(EreError::Invalid)?))
            }
            _ => Err(EreError::Invalid),
        }
    }
}
