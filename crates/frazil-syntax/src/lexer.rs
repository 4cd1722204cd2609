//! Bytes to tokens, one at a time, for everything outside string literals.
//!
//! The rules are those of longest match: `a/b` is one path, `a:b` one URI, `a-` one identifier.
//! What stands between quotes depends on the nesting of `${}`, which the parser knows; it scans
//! string text itself and then sets the position the lexer goes on from. A NUL byte outside a
//! string or comment ends the file, as in the reference implementation.

use crate::ast::Span;
use crate::bytes;
use crate::token::{Token, TokenKind};

pub(crate) struct Lexer<'a> {
    source: &'a [u8],
    /// Where the next token is looked for.
    pub(crate) position: usize,
    run: Run,
}

/// The last run of path characters that was measured.
///
/// Telling `a.b.c` from `a.b.c/d` and `a.b.c:d` means looking at the end of the run; remembering
/// the end keeps that linear when each identifier of the run asks again.
#[derive(Default)]
struct Run {
    start: usize,
    end: usize,
    /// One past the last `_`: no URI scheme can begin before it.
    scheme: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a [u8]) -> Self {
        Self { source, position: 0, run: Run::default() }
    }

    /// The byte at `position`, NUL behind the end.
    pub(crate) fn at(&self, position: usize) -> u8 {
        self.source.get(position).copied().unwrap_or(0)
    }

    pub(crate) fn next(&mut self) -> Token {
        let (kind, start, end) = match self.skip_trivia(self.position) {
            Ok(start) => {
                let (kind, end) = self.token(start);
                (kind, start, end)
            }
            Err(start) => (TokenKind::UnterminatedComment, start, self.source.len()),
        };
        self.position = end;
        Token { kind, span: Span { start: start as u32, end: end as u32 } }
    }

    /// The place of the first byte at or after `from` that is neither white space nor comment, or
    /// where a comment starts that never ends.
    pub(crate) fn skip_trivia(&self, from: usize) -> Result<usize, usize> {
        let mut position = from;
        loop {
            position = self.skip_while(position, bytes::is_space);
            if self.at(position) == b'#' {
                position = self.skip_line_comment(position);
            } else if self.at(position) == b'/' && self.at(position + 1) == b'*' {
                position = self.block_comment_end(position).ok_or(position)?;
            } else {
                return Ok(position);
            }
        }
    }

    fn skip_line_comment(&self, from: usize) -> usize {
        let rest = self.source.get(from..).unwrap_or_default();
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        length.map_or(self.source.len(), |length| from + length)
    }

    fn block_comment_end(&self, from: usize) -> Option<usize> {
        let body = self.source.get(from + 2..)?;
        let length = body.windows(2).position(|pair| pair == b"*/")?;
        Some(from + 2 + length + 2)
    }

    fn skip_while(&self, from: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let rest = self.source.get(from..).unwrap_or_default();
        let length = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
        from + length
    }

    /// The kind and the end of the token at `start`.
    fn token(&mut self, start: usize) -> (TokenKind, usize) {
        let byte = self.at(start);
        if bytes::starts_identifier(byte) {
            return self.word(start);
        }
        if bytes::in_path(byte) || byte == b'/' {
            if let Some(end) = self.path(start) {
                return (TokenKind::Path, end);
            }
            if let Some(token) = self.number(start) {
                return token;
            }
        }
        match byte {
            b'~' if self.at(start + 1) == b'/' => self
                .path(start + 1)
                .map_or((TokenKind::Unknown, start + 1), |end| (TokenKind::Path, end)),
            b'<' => self.search_path(start).unwrap_or_else(|| self.symbol(start)),
            0 => (TokenKind::EndOfFile, start),
            _ => self.symbol(start),
        }
    }

    /// Identifier, keyword, or the path or URI that begins with one.
    fn word(&mut self, start: usize) -> (TokenKind, usize) {
        let end = self.skip_while(start, bytes::in_identifier);
        if matches!(self.at(end), b'/' | b':' | b'.' | b'+') {
            if let Some(end) = self.path(start) {
                return (TokenKind::Path, end);
            }
            if let Some(end) = self.uri(start) {
                return (TokenKind::Uri, end);
            }
        }
        let text = self.source.get(start..end).unwrap_or_default();
        (TokenKind::keyword(text).unwrap_or(TokenKind::Identifier), end)
    }

    /// The end of the path characters from `start` on.
    fn run_end(&mut self, start: usize) -> usize {
        if !(self.run.start..self.run.end).contains(&start) {
            let end = self.skip_while(start, bytes::in_path);
            let text = self.source.get(start..end).unwrap_or_default();
            let underscore = text.iter().rposition(|byte| *byte == b'_');
            let scheme = underscore.map_or(start, |index| start + index + 1);
            self.run = Run { start, end, scheme };
        }
        self.run.end
    }

    /// If a path begins at `start`, the end of its text before any `${`.
    fn path(&mut self, start: usize) -> Option<usize> {
        let slash = self.run_end(start);
        let after = self.at(slash + 1);
        let interpolated = after == b'$' && self.at(slash + 2) == b'{';
        let begins = self.at(slash) == b'/' && (bytes::in_path(after) || interpolated);
        begins.then(|| self.path_head_end(slash))
    }

    /// The end of the path text from `from` on: all path characters and slashes.
    pub(crate) fn path_text_end(&self, from: usize) -> usize {
        self.skip_while(from, |byte| bytes::in_path(byte) || byte == b'/')
    }

    /// [`Self::path_text_end`] for the text at the start of a path: it ends before a second slash in
    /// a row, and so with a trailing one, which is an error.
    fn path_head_end(&self, from: usize) -> usize {
        let mut end = from;
        loop {
            end = self.skip_while(end, bytes::in_path);
            if self.at(end) != b'/' {
                return end;
            }
            end += 1;
            if self.at(end) == b'/' {
                return end;
            }
        }
    }

    fn uri(&mut self, start: usize) -> Option<usize> {
        let colon = self.run_end(start);
        let begins =
            self.at(colon) == b':' && self.run.scheme <= start && bytes::in_uri(self.at(colon + 1));
        begins.then(|| self.skip_while(colon + 1, bytes::in_uri))
    }

    /// `<a/b>`
    fn search_path(&self, start: usize) -> Option<(TokenKind, usize)> {
        let mut position = start;
        loop {
            let end = self.skip_while(position + 1, bytes::in_path);
            if end == position + 1 {
                return None;
            }
            match self.at(end) {
                b'>' => return Some((TokenKind::SearchPath, end + 1)),
                b'/' => position = end,
                _ => return None,
            }
        }
    }

    /// `12`, `1.5`, `1.`, `.5`, `1.e3`; but `0.` and `00.5` are an integer and something else.
    fn number(&self, start: usize) -> Option<(TokenKind, usize)> {
        let digits = self.skip_while(start, bytes::is_digit);
        let fraction = self.skip_while(digits + 1, bytes::is_digit);
        let float = self.at(digits) == b'.'
            && if matches!(self.at(start), b'1'..=b'9') {
                true
            } else {
                let zero = digits == start + 1 && self.at(start) == b'0';
                (digits == start || zero) && fraction > digits + 1
            };
        if float {
            return Some((TokenKind::Float, self.exponent_end(fraction)));
        }
        (digits > start).then_some((TokenKind::Integer, digits))
    }

    fn exponent_end(&self, mantissa_end: usize) -> usize {
        if !matches!(self.at(mantissa_end), b'e' | b'E') {
            return mantissa_end;
        }
        let signed = matches!(self.at(mantissa_end + 1), b'+' | b'-');
        let digits = mantissa_end + 1 + usize::from(signed);
        let end = self.skip_while(digits, bytes::is_digit);
        if end > digits { end } else { mantissa_end }
    }

    fn symbol(&self, start: usize) -> (TokenKind, usize) {
        let (first, second) = (self.at(start), self.at(start + 1));
        let two = match (first, second) {
            (b'$', b'{') => TokenKind::DollarBrace,
            (b'\'', b'\'') => TokenKind::IndentedQuote,
            (b'=', b'=') => TokenKind::Equal,
            (b'!', b'=') => TokenKind::NotEqual,
            (b'<', b'=') => TokenKind::LessEqual,
            (b'>', b'=') => TokenKind::GreaterEqual,
            (b'&', b'&') => TokenKind::AndAnd,
            (b'|', b'|') => TokenKind::OrOr,
            (b'-', b'>') => TokenKind::Arrow,
            (b'/', b'/') => TokenKind::SlashSlash,
            (b'+', b'+') => TokenKind::PlusPlus,
            (b'|', b'>') => TokenKind::PipeInto,
            (b'<', b'|') => TokenKind::PipeFrom,
            (b'.', b'.') if self.at(start + 2) == b'.' => {
                return (TokenKind::Ellipsis, start + 3);
            }
            _ if first >= 0x80 => {
                // A whole character of UTF-8, for the sake of the message.
                let end = self.skip_while(start + 1, |byte| matches!(byte, 0x80..=0xbf));
                return (TokenKind::Unknown, end);
            }
            _ => return (single(first), start + 1),
        };
        (two, start + 2)
    }
}

fn single(byte: u8) -> TokenKind {
    match byte {
        b'"' => TokenKind::Quote,
        b'{' => TokenKind::LeftBrace,
        b'}' => TokenKind::RightBrace,
        b'[' => TokenKind::LeftBracket,
        b']' => TokenKind::RightBracket,
        b'(' => TokenKind::LeftParen,
        b')' => TokenKind::RightParen,
        b'.' => TokenKind::Dot,
        b',' => TokenKind::Comma,
        b';' => TokenKind::Semicolon,
        b':' => TokenKind::Colon,
        b'@' => TokenKind::At,
        b'?' => TokenKind::Question,
        b'=' => TokenKind::Assign,
        b'!' => TokenKind::Not,
        b'+' => TokenKind::Plus,
        b'-' => TokenKind::Minus,
        b'*' => TokenKind::Star,
        b'/' => TokenKind::Slash,
        b'<' => TokenKind::Less,
        b'>' => TokenKind::Greater,
        _ => TokenKind::Unknown,
    }
}
