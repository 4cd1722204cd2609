//! Bracket expressions, after their `[` or `[^`.
//!
//! A dash is ordinary in the first and in the last place only; elsewhere it must make a range
//! between two characters. Bytes compare as C's signed characters, so a range cannot go from ASCII
//! to the bytes above it.

use super::EreError;
use super::lexer::{Lexer, Token};
use crate::ere::set::{ByteSet, collating_element, named_class};

/// What stands before the next item, and whether a dash can make a range of it.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Byte(u8),
    Class,
}

pub(super) fn parse(lexer: &mut Lexer<'_>, is_negated: bool) -> Result<ByteSet, EreError> {
    let mut set = ByteSet::default();
    let mut before = Before::Nothing;
    if lexer.token() == Token::Dash {
        lexer.advance()?;
        set.insert(b'-');
        before = Before::Byte(b'-');
    }
    loop {
        let token = lexer.token();
        lexer.advance()?;
        before = match token {
            Token::BracketEnd => break,
            Token::Byte(byte) => {
                set.insert(byte);
                Before::Byte(byte)
            }
            Token::Collating(name) => {
                let byte = collating_element(name).ok_or(EreError::Invalid)?;
                set.insert(byte);
                Before::Byte(byte)
            }
            Token::Equivalence(name) => {
                let byte = collating_element(name).ok_or(EreError::Invalid)?;
                set.insert(byte.to_ascii_lowercase());
                set.insert(byte.to_ascii_uppercase());
                Before::Class
            }
            Token::Class(name) => {
                set.insert_all(&named_class(name).ok_or(EreError::Invalid)?);
                Before::Class
            }
            Token::Dash if lexer.token() == Token::BracketEnd => {
                set.insert(b'-');
                Before::Nothing
            }
            Token::Dash => {
                let Before::Byte(first) = before else { return Err(EreError::Invalid) };
                let last = match lexer.token() {
                    Token::Byte(byte) => byte,
                    Token::Dash => b'-',
                    _ => return Err(EreError::Invalid),
                };
                lexer.advance()?;
                insert_range(&mut set, first, last)?;
                Before::Nothing
            }
            _ => return Err(EreError::Invalid),
        };
    }
    Ok(if is_negated { set.complement() } else { set })
}

fn insert_range(set: &mut ByteSet, first: u8, last: u8) -> Result<(), EreError> {
    let (first, last) = (first.cast_signed(), last.cast_signed());
    if first > last {
        return Err(EreError::Invalid);
    }
    (first..=last).for_each(|byte| set.insert(byte.cast_unsigned()));
    Ok(())
}
