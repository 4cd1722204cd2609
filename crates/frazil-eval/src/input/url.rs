//! URLs, as Nix reads and prints them.

use std::collections::BTreeMap;
use std::fmt;

use frazil_model::percent::encode;

use super::{InputError, fail};

/// A URL with its escapes decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub scheme: String,
    /// What follows `//`, if that is there.
    pub authority: Option<String>,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub fragment: String,
}

impl Url {
    pub(super) fn new(scheme: &str, path: &str) -> Self {
        let (scheme, path) = (scheme.to_owned(), path.to_owned());
        Self { scheme, authority: None, path, query: BTreeMap::new(), fragment: String::new() }
    }

    pub fn parse(text: &str) -> Result<Self, InputError> {
        let invalid = || InputError(format!("'{text}' is not a valid URL"));
        let (scheme, rest) = text.split_once(':').ok_or_else(invalid)?;
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let slash = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at(slash);
                (Some(authority), path)
            }
            None => (None, rest),
        };
        let is_legal = is_scheme(scheme)
            && authority.is_none_or(|authority| has_only(authority, "[]:@"))
            && has_only(path, ":@/")
            && has_only(query, ":@/? \"")
            && has_only(fragment, ":@/? \"^");
        if !is_legal {
            return Err(invalid());
        }
        let is_file = transport(scheme) == "file";
        if is_file && let Some(authority) = authority.filter(|authority| !authority.is_empty()) {
            return fail(format!("file:// URL '{text}' has unexpected authority '{authority}'"));
        }
        let path = if is_file && path.is_empty() { "/" } else { path };
        Ok(Self {
            scheme: scheme.to_owned(),
            authority: authority.map(str::to_owned),
            path: decode(path)?,
            query: decode_query(query)?,
            fragment: decode(fragment)?,
        })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme)?;
        if let Some(authority) = &self.authority {
            write!(f, "//{authority}")?;
        }
        f.write_str(&encode(self.path.as_bytes(), b":@/"))?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(
                f,
                "{separator}{}={}",
                encode(name.as_bytes(), b":@/?"),
                encode(value.as_bytes(), b":@/?")
            )?;
        }
        if !self.fragment.is_empty() {
            write!(f, "#{}", encode(self.fragment.as_bytes(), b""))?;
        }
        Ok(())
    }
}

/// `https` of `tarball+https`.
pub(super) fn transport(scheme: &str) -> &str {
    scheme.split_once('+').map_or(scheme, |(_, transport)| transport)
}

fn is_scheme(text: &str) -> bool {
    let goes_on =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+.-".contains(&byte);
    text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase()) && text.bytes().all(goes_on)
}

/// Whether a part holds only what any part may, escapes, and `more`.
fn has_only(part: &str, more: &str) -> bool {
    let legal = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~!$&'\"()*+,;=%".contains(&byte)
            || more.as_bytes().contains(&byte)
    };
    let is_escape = |after: &str| {
        after.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    part.bytes().all(legal) && part.split('%').skip(1).all(is_escape)
}

/// Text with its `%` escapes decoded.
pub(super) fn decode(text: &str) -> Result<String, InputError> {
    let invalid = || InputError(format!("invalid URI parameter '{text}'"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(invalid)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| invalid())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| invalid())
}

pub(super) fn decode_query(query: &str) -> Result<BTreeMap<String, String>, InputError> {
    let mut decoded = BTreeMap::new();
    for (name, value) in query.split('&').filter_map(|parameter| parameter.split_once('=')) {
        let value = decode(value)?;
        decoded.entry(name.to_owned()).or_insert(value);
    }
    Ok(decoded)
}
