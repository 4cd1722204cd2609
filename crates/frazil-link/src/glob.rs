//! Patterns over paths: `?` and `*` stay within a name, `**` crosses slashes, `[0-9]` is one byte.
//!
//! Patterns come from policies, and from strings in programs (`lib%s.so` read as `lib*.so`), so
//! matching takes at most the product of both lengths.

#[cfg(test)]
mod tests;

/// Whether `pattern` describes the whole of `text`.
pub fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    // Where to go on after a mismatch: behind the last `*`, else behind the last `**`.
    let (mut within, mut across): (Option<Retry<'_>>, Option<Retry<'_>>) = (None, None);
    let (mut left, mut rest) = (pattern, text);
    loop {
        if let Some(tail) = left.strip_prefix(b"**") {
            across = Some(Retry { pattern: tail, text: rest });
            within = None;
            left = tail;
            continue;
        }
        if let Some(tail) = left.strip_prefix(b"*") {
            within = Some(Retry { pattern: tail, text: rest });
            left = tail;
            continue;
        }
        match (rest.split_first(), one(left)) {
            (None, _) if left.is_empty() => return true,
            (Some((byte, tail)), Some((set, after))) if set.has(*byte) => {
                (left, rest) = (after, tail);
                continue;
            }
            _ => {}
        }
        let retry = match (&mut within, &mut across) {
            (Some(retry), _) if retry.can_advance(false) => retry,
            (_, Some(retry)) if retry.can_advance(true) => {
                within = None;
                retry
            }
            _ => return false,
        };
        retry.text = retry.text.get(1..).unwrap_or_default();
        (left, rest) = (retry.pattern, retry.text);
    }
}

/// Whether any of the patterns describes the whole of `text`.
pub fn is_match_any<P: AsRef<[u8]>>(patterns: &[P], text: &[u8]) -> bool {
    patterns.iter().any(|pattern| is_match(pattern.as_ref(), text))
}

struct Retry<'p> {
    pattern: &'p [u8],
    text: &'p [u8],
}

impl Retry<'_> {
    /// Whether the star may take one byte more.
    fn can_advance(&self, may_cross: bool) -> bool {
        self.text.first().is_some_and(|byte| may_cross || *byte != b'/')
    }
}

/// What one byte of the text may be.
enum Set<'p> {
    Byte(u8),
    Any,
    Ranges(&'p [u8]),
}

impl Set<'_> {
    fn has(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::Any => byte != b'/',
            Self::Ranges(ranges) => {
                let mut rest = *ranges;
                loop {
                    match rest {
                        [low, b'-', high, tail @ ..] => {
                            if (*low..=*high).contains(&byte) {
                                return true;
                            }
                            rest = tail;
                        }
                        [one, tail @ ..] => {
                            if *one == byte {
                                return true;
                            }
                            rest = tail;
                        }
                        [] => return false,
                    }
                }
            }
        }
    }
}

fn one(pattern: &[u8]) -> Option<(Set<'_>, &[u8])> {
    let (byte, tail) = pattern.split_first()?;
    match byte {
        b'?' => Some((Set::Any, tail)),
        b'[' => match tail.iter().position(|byte| *byte == b']') {
            Some(end) => {
                let (ranges, after) = tail.split_at_checked(end)?;
                Some((Set::Ranges(ranges), after.get(1..)?))
            }
            None => Some((Set::Byte(b'['), tail)),
        },
        byte => Some((Set::Byte(*byte), tail)),
    }
}
