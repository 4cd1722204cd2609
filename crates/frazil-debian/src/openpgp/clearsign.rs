//! Clear-signed messages (RFC 9580, 7): text that can be read, with its signature below.
//!
//! Nothing but the signed lines comes out: text before or behind the message, headers other than
//! `Hash`, and blanks at the ends of lines are either refused or left out.

use super::signature::Subject;

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";

/// Bytes are not one clear-signed message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClearsignError {
    /// Something else comes first.
    #[error("not a signed message: it does not begin with `-----BEGIN PGP SIGNED MESSAGE-----`")]
    Begin,
    /// A header of the message that is not `Hash`.
    #[error("line {line}: the signed message has a header other than `Hash`")]
    Header {
        /// The line, from 1.
        line: usize,
    },
    /// A line begins with a dash that is not escaped.
    #[error("line {line}: a line of a signed message begins with a dash")]
    Dash {
        /// The line, from 1.
        line: usize,
    },
    /// The signature is missing.
    #[error("the signed message has no signature")]
    Signature,
}

#[derive(Debug)]
pub(super) struct Message<'a> {
    /// The signed lines, each with a newline.
    pub(super) text: Vec<u8>,
    /// The same with CR LF between them, as it is hashed.
    canonical: Vec<u8>,
    /// From the first line of the signature's armor on.
    pub(super) armor: &'a [u8],
}

impl Message<'_> {
    pub(super) fn signed(&self) -> Subject<'_> {
        Subject::Text(&self.canonical)
    }
}

pub(super) fn split(message: &[u8]) -> Result<Message<'_>, ClearsignError> {
    let mut rest = message;
    let mut lines = (1..).map_while(move |number| {
        if rest.is_empty() {
            return None;
        }
        let from = rest;
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
        Some((number, trim_end(line), from))
    });
    if lines.next().is_none_or(|(_, line, _)| line != BEGIN) {
        return Err(ClearsignError::Begin);
    }
    for (line, header, _) in lines.by_ref() {
        if header.is_empty() {
            break;
        }
        if !header.starts_with(b"Hash:") {
            return Err(ClearsignError::Header { line });
        }
    }
    let (mut text, mut canonical) = (Vec::new(), Vec::new());
    let mut is_first = true;
    for (number, line, from) in lines {
        if line == BEGIN_SIGNATURE {
            return Ok(Message { text, canonical, armor: from });
        }
        let line = match line.strip_prefix(b"- ") {
            Some(line) => line,
            // What is left of a line that is only a dash and a blank.
            None if line == b"-" => b"",
            None if line.starts_with(b"-") => return Err(ClearsignError::Dash { line: number }),
            None => line,
        };
        if !is_first {
            canonical.extend_from_slice(b"\r\n");
        }
        is_first = false;
        canonical.extend_from_slice(line);
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    Err(ClearsignError::Signature)
}

/// Without the newline, and the blanks before it, which are not signed.
fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    end.and_then(|end| line.get(..=end)).unwrap_or_default()
}
