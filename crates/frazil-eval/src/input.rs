//! Inputs: what `fetchTree` fetches and flake references name, as attributes and as URLs.
//!
//! Pure text: nothing is fetched here, and no registry is asked.
//!
//! Invariant: an input of a known type has only attributes of that type, and those it needs.

mod schemes;
#[cfg(test)]
mod tests;
mod url;

use std::collections::BTreeMap;

use frazil_model::hash::{Hash, HashAlgorithm, HashFormat};

use crate::host::FetchAttribute;
pub(crate) use schemes::git_url;
pub(crate) use url::Url;

pub(crate) type Attributes = BTreeMap<String, FetchAttribute>;

/// Why something is not an input, in the words of Nix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InputError(pub(crate) String);

fn fail<T>(message: impl Into<String>) -> Result<T, InputError> {
    Err(InputError(message.into()))
}

/// Something to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// `type`, and what belongs to that type.
    attributes: Attributes,
}

impl Input {
    pub(crate) fn from_attributes(mut attributes: Attributes) -> Result<Self, InputError> {
        let kind = match attributes.get("type") {
            Some(FetchAttribute::String(kind)) => kind.clone(),
            Some(_) => return fail("input attribute 'type' is not a string"),
            None => {
                return fail(
                    "'type' attribute to specify input scheme is required but not provided",
                );
            }
        };
        // An input of an unknown type is one as well, but cannot be shown or fetched.
        if let Some(known) = schemes::known_attributes(&kind) {
            for name in attributes.keys() {
                if name != "type" && !known.contains(&name.as_str()) {
                    return fail(format!(
                        "input attribute '{name}' not supported by scheme '{kind}'"
                    ));
                }
            }
            schemes::check(&kind, &mut attributes)?;
        }
        let input = Self { attributes };
        input.text("ref")?;
        input.number("revCount")?;
        input.number("lastModified")?;
        Ok(input)
    }

    /// The input that a URL names, with `dir` for flakes kept apart by the caller.
    pub(crate) fn from_url(url: &Url) -> Result<Self, InputError> {
        match schemes::attributes_of(url)? {
            Some(attributes) => Self::from_attributes(attributes),
            None => fail(format!("input '{url}' is unsupported")),
        }
    }

    /// The URL that names it.
    pub(crate) fn to_url(&self) -> Result<Url, InputError> {
        schemes::url_of(self)
    }

    pub(crate) fn kind(&self) -> &str {
        self.text("type").ok().flatten().unwrap_or_default()
    }

    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Whether it says what it is down to the last byte.
    pub(crate) fn is_locked(&self) -> bool {
        match self.kind() {
            "git" | "hg" | "github" | "gitlab" | "sourcehut" => {
                self.attributes.contains_key("rev") || self.attributes.contains_key("treeHash")
            }
            "path" | "tarball" | "file" => self.attributes.contains_key("narHash"),
            _ => false,
        }
    }

    fn text(&self, name: &str) -> Result<Option<&str>, InputError> {
        text(&self.attributes, name)
    }

    fn number(&self, name: &str) -> Result<Option<i64>, InputError> {
        match self.attributes.get(name) {
            Some(FetchAttribute::Int(value)) => Ok(Some(*value)),
            Some(_) => fail(format!("input attribute '{name}' is not an integer")),
            None => Ok(None),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, InputError> {
        match self.attributes.get(name) {
            Some(FetchAttribute::Bool(value)) => Ok(*value),
            Some(_) => fail(format!("input attribute '{name}' is not a Boolean")),
            None => Ok(false),
        }
    }

    /// The commit, as 40 digits.
    pub(crate) fn rev(&self) -> Result<Option<String>, InputError> {
        self.text("rev")?.map(rev_of).transpose()
    }
}

fn text<'i>(attributes: &'i Attributes, name: &str) -> Result<Option<&'i str>, InputError> {
    match attributes.get(name) {
        Some(FetchAttribute::String(text)) => Ok(Some(text)),
        Some(_) => fail(format!("input attribute '{name}' is not a string")),
        None => Ok(None),
    }
}

fn required<'i>(attributes: &'i Attributes, name: &str) -> Result<&'i str, InputError> {
    match text(attributes, name)? {
        Some(text) => Ok(text),
        None => fail(format!("input attribute '{name}' is missing")),
    }
}

fn rev_of(text: &str) -> Result<String, InputError> {
    let hash = Hash::parse_prefixed(text.as_bytes())
        .or_else(|_| Hash::parse_any(text.as_bytes(), Some(HashAlgorithm::Sha1)));
    hash.map(|hash| hash.format(HashFormat::Base16)).map_err(|error| InputError(error.to_string()))
}

/// A commit: 40 hexadecimal digits.
pub(crate) fn is_rev(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of a branch or tag, roughly.
fn is_ref(text: &str) -> bool {
    let starts_well =
        text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'@');
    starts_well
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./@+-".contains(&byte))
}

fn is_flake_id(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// A reference to a flake: an input, and the directory in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FlakeRef {
    pub(crate) input: Input,
    dir: String,
}

impl FlakeRef {
    /// Reads `ID`, `ID/REF`, a URL, or an absolute path.
    pub(crate) fn parse(text: &str) -> Result<Self, InputError> {
        let (reference, fragment) = Self::parse_with_fragment(text)?;
        if fragment.is_empty() {
            return Ok(reference);
        }
        fail(format!("unexpected fragment '{fragment}' in flake reference '{text}'"))
    }

    fn parse_with_fragment(text: &str) -> Result<(Self, String), InputError> {
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (id, rest) =
            before.split_once('/').map_or((before, None), |(id, rest)| (id, Some(rest)));
        if is_flake_id(id) && rest.is_none_or(is_ref) {
            let url = Url { fragment: url::decode(fragment)?, ..Url::new("flake", before) };
            return Self::from_url(url);
        }
        if let Ok(url) = Url::parse(text) {
            return Self::from_url(url);
        }
        let (path, query) = before.split_once('?').unwrap_or((before, ""));
        if !path.starts_with('/') {
            return fail(format!("flake reference '{text}' is not an absolute path"));
        }
        let query = url::decode_query(query)?;
        let authority = Some(String::new());
        let fragment = url::decode(fragment)?;
        Self::from_url(Url { authority, query, fragment, ..Url::new("path", path) })
    }

    fn from_url(mut url: Url) -> Result<(Self, String), InputError> {
        let dir = url.query.remove("dir").unwrap_or_default();
        let fragment = std::mem::take(&mut url.fragment);
        Ok((Self { input: Input::from_url(&url)?, dir }, fragment))
    }

    pub(crate) fn from_attributes(mut attributes: Attributes) -> Result<Self, InputError> {
        let dir = text(&attributes, "dir")?.unwrap_or_default().to_owned();
        attributes.remove("dir");
        Ok(Self { input: Input::from_attributes(attributes)?, dir })
    }

    pub(crate) fn to_attributes(&self) -> Attributes {
        let mut attributes = self.input.attributes.clone();
        if !self.dir.is_empty() {
            attributes.insert("dir".to_owned(), FetchAttribute::String(self.dir.clone()));
        }
        attributes
    }

    pub(crate) fn to_url(&self) -> Result<Url, InputError> {
        let mut url = self.input.to_url()?;
        if !self.dir.is_empty() {
            url.query.entry("dir".to_owned()).or_insert_with(|| self.dir.clone());
        }
        Ok(url)
    }
}
