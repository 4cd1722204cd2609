//! Sets of bytes: bracket expressions, named classes, and what may come next in a text.

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(super) const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    /// What `.` matches: everything but NUL, newlines included.
    pub(super) const ANY: ByteSet = ByteSet([u64::MAX - 1, u64::MAX, u64::MAX, u64::MAX]);

    fn of(mut contains: impl FnMut(u8) -> bool) -> ByteSet {
        let mut set = ByteSet::default();
        (0..=u8::MAX).filter(|byte| contains(*byte)).for_each(|byte| set.insert(byte));
        set
    }

    pub(super) fn single(byte: u8) -> ByteSet {
        let mut set = ByteSet::default();
        set.insert(byte);
        set
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 != 0)
    }

    pub(super) fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    pub(super) fn insert_all(&mut self, other: &ByteSet) {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
    }

    pub(super) fn complement(&self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }

    pub(super) fn is_disjoint(&self, other: &ByteSet) -> bool {
        self.0.iter().zip(other.0).all(|(word, more)| word & more == 0)
    }
}

/// A class such as `[:alpha:]` in the C locale; the names are case-insensitive, and `d`, `w` and `s`
/// are names too.
pub(super) fn named_class(name: &[u8]) -> Option<ByteSet> {
    let contains: fn(u8) -> bool = match name.to_ascii_lowercase().as_slice() {
        b"d" | b"digit" => |byte| byte.is_ascii_digit(),
        b"w" => |byte| byte.is_ascii_alphanumeric() || byte == b'_',
        b"s" | b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| byte.is_ascii_graphic() || byte == b' ',
        b"punct" => |byte| byte.is_ascii_punctuation(),
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => return None,
    };
    Some(ByteSet::of(contains))
}

/// The character that POSIX gives this name, as in `[.space.]`. Letters are their own names.
pub(super) fn collating_element(name: &[u8]) -> Option<u8> {
    if let [letter] = name
        && letter.is_ascii_alphabetic()
    {
        return Some(*letter);
    }
    NAMES.iter().find_map(|(first, names)| {
        let at = names.iter().position(|known| known.as_bytes() == name)?;
        u8::try_from(at).ok()?.checked_add(*first)
    })
}

/// Runs of named characters, each with the code of its first.
#[rustfmt::skip]
const NAMES: [(u8, &[&str]); 4] = [
    (0, &[
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "alert", "backspace", "tab", "newline",
        "vertical-tab", "form-feed", "carriage-return", "SO", "SI", "DLE", "DC1", "DC2", "DC3",
        "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "IS4", "IS3", "IS2", "IS1",
        "space", "exclamation-mark", "quotation-mark", "number-sign", "dollar-sign",
        "percent-sign", "ampersand", "apostrophe", "left-parenthesis", "right-parenthesis",
        "asterisk", "plus-sign", "comma", "hyphen", "period", "slash",
    ]),
    (b'0', &[
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "colon",
        "semicolon", "less-than-sign", "equals-sign", "greater-than-sign", "question-mark",
        "commercial-at",
    ]),
    (b'[', &[
        "left-square-bracket", "backslash", "right-square-bracket", "circumflex", "underscore",
        "grave-accent",
    ]),
    (b'{', &["left-curly-bracket", "vertical-line", "right-curly-bracket", "tilde", "DEL"]),
];
