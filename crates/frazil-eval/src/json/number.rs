//! Numbers: JSON's strict grammar, and which of them are integers.

use super::error::{JsonError, LexError};
use crate::number::read_decimal;

/// A number's shape in the text.
pub(super) struct Shape {
    pub(super) end: usize,
    is_integer: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

/// Finds the end of the number that starts at `start` with a minus or a digit.
pub(super) fn scan(text: &[u8], start: usize) -> Result<Shape, LexError> {
    let mut at = start;
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    let first = at;
    at = skip_digits(text, at, "invalid number; expected digit after '-'")?;
    if text.get(first) == Some(&b'0') {
        at = first + 1; // further digits are another token
    }
    let mut is_integer = true;
    if text.get(at) == Some(&b'.') {
        at = skip_digits(text, at + 1, "invalid number; expected digit after '.'")?;
        is_integer = false;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at = if let Some(b'+' | b'-') = text.get(at + 1) {
            skip_digits(text, at + 2, "invalid number; expected digit after exponent sign")?
        } else {
            let what = "invalid number; expected '+', '-', or digit after exponent";
            skip_digits(text, at + 1, what)?
        };
        is_integer = false;
    }
    Ok(Shape { end: at, is_integer })
}

fn skip_digits(text: &[u8], start: usize, otherwise: &str) -> Result<usize, LexError> {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    if length == 0 { Err(LexError::at(start, otherwise)) } else { Ok(start + length) }
}

/// The value of a number. Integers that 64 bits cannot hold become floats, but those that fit only
/// without a sign are refused.
pub(super) fn evaluate(text: &[u8], shape: &Shape) -> Result<Number, JsonError> {
    if shape.is_integer {
        let (is_negative, digits) = match text.split_first() {
            Some((b'-', digits)) => (true, digits),
            _ => (false, text),
        };
        let magnitude = digits.iter().try_fold(0_u64, |value, digit| {
            value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        });
        match magnitude {
            Some(magnitude) if is_negative => {
                if let Some(value) = 0_i64.checked_sub_unsigned(magnitude) {
                    return Ok(Number::Int(value));
                }
            }
            Some(magnitude) => {
                let value = i64::try_from(magnitude);
                return value.map(Number::Int).map_err(|_| JsonError::IntegerRange(magnitude));
            }
            None => {}
        }
    }
    match read_decimal(text) {
        Some(value) if value.is_finite() => Ok(Number::Float(value)),
        _ => Err(JsonError::FloatRange(String::from_utf8_lossy(text).into_owned())),
    }
}
