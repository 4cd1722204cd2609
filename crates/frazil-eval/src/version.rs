//! Versions and package names: how Nix cuts them up and orders them.
//!
//! Only digits, dots, dashes and letters matter, in ASCII: bytes above 127 are neither letters nor
//! digits. Nothing here can fail; any bytes are a version.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

/// The components of a version: runs of digits, and runs of anything else but `.` and `-`.
#[derive(Clone, Debug)]
pub(crate) struct Components<'a> {
    rest: &'a [u8],
}

/// What `builtins.splitVersion` lists.
pub(crate) fn components(version: &[u8]) -> Components<'_> {
    Components { rest: version }
}

impl<'a> Iterator for Components<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|byte| !is_separator(*byte))?;
        let text = self.rest.split_at(start).1;
        let is_number = text.first().is_some_and(u8::is_ascii_digit);
        let ends_at =
            |byte: &u8| byte.is_ascii_digit() != is_number || (!is_number && is_separator(*byte));
        let end = text.iter().position(ends_at).unwrap_or(text.len());
        let (component, rest) = text.split_at(end);
        self.rest = rest;
        Some(component)
    }
}

/// The order of two versions, component by component; a missing component is the empty one.
pub(crate) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (mut left, mut right) = (components(left), components(right));
    while !(left.rest.is_empty() && right.rest.is_empty()) {
        let a = left.next().unwrap_or_else(|| left.drain());
        let b = right.next().unwrap_or_else(|| right.drain());
        if is_older(a, b) {
            return Ordering::Less;
        }
        if is_older(b, a) {
            return Ordering::Greater;
        }
    }
    Ordering::Equal
}

impl<'a> Components<'a> {
    /// Drops trailing separators, and stands for the component that is not there.
    fn drain(&mut self) -> &'a [u8] {
        self.rest = &[];
        &[]
    }
}

/// A derivation's name cut into package and version: at the first dash that no letter follows.
///
/// A dash at the very end does not cut.
pub(crate) fn parse_drv_name(name: &[u8]) -> (&[u8], &[u8]) {
    let cut = name
        .windows(2)
        .position(|pair| matches!(pair, [b'-', next] if !next.is_ascii_alphabetic()));
    match cut {
        Some(at) => {
            let (package, version) = name.split_at(at);
            (package, version.split_at(1).1)
        }
        None => (name, &[]),
    }
}

/// Numbers by value, `pre` before everything, the missing component before a number, words by
/// bytes, words before numbers (so that `2.3a` is older than `2.3.1`).
fn is_older(left: &[u8], right: &[u8]) -> bool {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left < right,
        (None, Some(_)) if left.is_empty() => true,
        _ if left == b"pre" && right != b"pre" => true,
        _ if right == b"pre" => false,
        (None, Some(_)) => true,
        (Some(_), None) => false,
        (None, None) => left < right,
    }
}

/// A component's value; one that does not fit 32 bits counts as a word.
fn number(component: &[u8]) -> Option<i32> {
    if component.is_empty() {
        return None;
    }
    component.iter().try_fold(0_i32, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| i32::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'.' | b'-')
}
