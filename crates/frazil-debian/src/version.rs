//! Versions and how they compare: Debian Policy 5.6.12, deb-version(7).
//!
//! Invariant: a [`DebVersion`] has only legal characters, a numeric epoch if any, and neither its
//! upstream part nor its revision is empty. Equality is that of the order: `1.0` and `1.00` are
//! equal though their texts differ.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;

/// A version of a package: `[epoch:]upstream[-revision]`.
#[derive(Clone, Copy, Debug)]
pub struct DebVersion<'a>(&'a str);

/// A text is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Nothing before or behind `:` or `-`, or nothing at all.
    #[error("the {part} of the version `{text}` is empty")]
    Empty {
        /// The text.
        text: String,
        /// `epoch`, `upstream part` or `revision`.
        part: &'static str,
    },
    /// The epoch is not a number, or larger than dpkg takes.
    #[error("the epoch of the version `{text}` is not a number below 2147483648")]
    Epoch {
        /// The text.
        text: String,
    },
    /// A character that no version has.
    #[error("`{}` is not allowed in the version `{text}`", char::from(*found).escape_default())]
    Character {
        /// The text.
        text: String,
        /// The first byte of the character.
        found: u8,
    },
}

impl VersionError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Character { .. } => Some("a version may hold A-Z a-z 0-9 and . + - ~ :"),
            Self::Empty { .. } | Self::Epoch { .. } => None,
        }
    }
}

impl<'a> DebVersion<'a> {
    /// Checks a version.
    pub fn new(text: &'a str) -> Result<Self, VersionError> {
        let empty = |part| VersionError::Empty { text: text.into(), part };
        let (epoch, rest) = split_epoch(text);
        if let Some(epoch) = epoch {
            if epoch.is_empty() {
                return Err(empty("epoch"));
            }
            let is_number = epoch.bytes().all(|byte| byte.is_ascii_digit())
                && epoch.parse::<u64>().is_ok_and(|number| i32::try_from(number).is_ok());
            if !is_number {
                return Err(VersionError::Epoch { text: text.into() });
            }
        }
        let (upstream, revision) = split_revision(rest);
        if upstream.is_empty() {
            return Err(empty("upstream part"));
        }
        if revision == Some("") {
            return Err(empty("revision"));
        }
        let is_legal = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'~' | b':')
        };
        if let Some(found) = rest.bytes().find(|byte| !is_legal(byte)) {
            return Err(VersionError::Character { text: text.into(), found });
        }
        if let Some(found) = revision.and_then(|text| text.bytes().find(|byte| *byte == b':')) {
            return Err(VersionError::Character { text: text.into(), found });
        }
        Ok(Self(text))
    }

    /// The text.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// What comes before the first `:`, 0 if there is none.
    pub fn epoch(&self) -> u32 {
        let (epoch, _) = split_epoch(self.0);
        epoch.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// What is between the epoch and the revision: the version that upstream gave.
    pub fn upstream(&self) -> &'a str {
        split_revision(split_epoch(self.0).1).0
    }

    /// What comes behind the last `-`.
    pub fn revision(&self) -> Option<&'a str> {
        split_revision(split_epoch(self.0).1).1
    }
}

fn split_epoch(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((epoch, rest)) => (Some(epoch), rest),
        None => (None, text),
    }
}

fn split_revision(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('-') {
        Some((upstream, revision)) => (upstream, Some(revision)),
        None => (text, None),
    }
}

impl Ord for DebVersion<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch()
            .cmp(&other.epoch())
            .then_with(|| compare_part(self.upstream(), other.upstream()))
            .then_with(|| {
                compare_part(self.revision().unwrap_or("0"), other.revision().unwrap_or("0"))
            })
    }
}

impl PartialOrd for DebVersion<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for DebVersion<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for DebVersion<'_> {}

impl fmt::Display for DebVersion<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

/// Compares runs of non-digits and runs of digits in turn, from left to right.
fn compare_part(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    while !left.is_empty() || !right.is_empty() {
        let (left_word, left_rest) = split_run(left, |byte| !byte.is_ascii_digit());
        let (right_word, right_rest) = split_run(right, |byte| !byte.is_ascii_digit());
        let (left_digits, left_rest) = split_run(left_rest, u8::is_ascii_digit);
        let (right_digits, right_rest) = split_run(right_rest, u8::is_ascii_digit);
        let order = compare_words(left_word, right_word)
            .then_with(|| compare_digits(left_digits, right_digits));
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

fn split_run(text: &[u8], is_in: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let len = text.iter().position(|byte| !is_in(byte)).unwrap_or(text.len());
    text.split_at(len)
}

/// `~` sorts before the end, the end before letters, letters before everything else.
fn compare_words(left: &[u8], right: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    (0..left.len().max(right.len()))
        .map(|at| weight(left.get(at)).cmp(&weight(right.get(at))))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Compares numbers of any length; none at all is zero.
fn compare_digits(left: &[u8], right: &[u8]) -> Ordering {
    let (_, left) = split_run(left, |byte| *byte == b'0');
    let (_, right) = split_run(right, |byte| *byte == b'0');
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// For fuzzing: no input panics, and the order of any three versions is one.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let versions: Vec<DebVersion<'_>> =
        text.split('\n').take(3).filter_map(|line| DebVersion::new(line).ok()).collect();
    let [first, second, third] = *versions else { return };
    assert_eq!(first.cmp(&second), second.cmp(&first).reverse());
    if first <= second && second <= third {
        assert!(first <= third);
    }
}
