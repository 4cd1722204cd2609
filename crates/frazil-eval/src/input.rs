//! Inputs: what `fetchTree` fetches and flake references name, as attributes and as URLs.
//!
//! Pure text: nothing is fetched here, no registry is asked, and no directory is looked at.
//!
//! Invariant: an input of a known type has only attributes of that type, and those it needs.

mod schemes;
#[cfg(test)]
mod tests;
mod url;

use std::collections::BTreeMap;

use frazil_model::hash::{Hash, HashAlgorithm, HashFormat};

use crate::host::FetchAttribute;
use crate::json::Json;
pub(crate) use schemes::git_url;
pub use url::Url;

pub type Attributes = BTreeMap<String, FetchAttribute>;

/// Why something is not an input, in the words of Nix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InputError(pub String);

fn fail<T>(message: impl Into<String>) -> Result<T, InputError> {
    Err(InputError(message.into()))
}

/// Attributes as a JSON object.
pub fn to_json(attributes: &Attributes) -> Json {
    let value = |value: &FetchAttribute| match value {
        FetchAttribute::String(text) => Json::String(text.clone()),
        FetchAttribute::Int(value) => Json::Int(*value),
        FetchAttribute::Bool(value) => Json::Bool(*value),
    };
    Json::Object(attributes.iter().map(|(name, one)| (name.clone(), value(one))).collect())
}

/// The attributes that a JSON object holds.
pub fn from_json(json: &Json) -> Result<Attributes, InputError> {
    let Json::Object(members) = json else {
        return fail(format!("'{}' is not a set of input attributes", json.compact()));
    };
    let attribute = |(name, value): (&String, &Json)| {
        let value = match value {
            Json::String(text) => FetchAttribute::String(text.clone()),
            Json::Int(value) if *value >= 0 => FetchAttribute::Int(*value),
            Json::Bool(value) => FetchAttribute::Bool(*value),
            Json::Null | Json::Int(_) | Json::Float(_) | Json::List(_) | Json::Object(_) => {
                return fail(format!(
                    "input attribute '{name}' is neither a string, a number, nor a Boolean"
                ));
            }
        };
        Ok((name.clone(), value))
    };
    members.iter().map(attribute).collect()
}

/// Something to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// `type`, and what belongs to that type.
    attributes: Attributes,
}

impl Input {
    pub fn from_attributes(mut attributes: Attributes) -> Result<Self, InputError> {
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
    pub fn to_url(&self) -> Result<Url, InputError> {
        schemes::url_of(self)
    }

    pub fn kind(&self) -> &str {
        self.text("type").ok().flatten().unwrap_or_default()
    }

    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Whether it says what it is down to the last byte.
    pub fn is_locked(&self) -> bool {
        match self.kind() {
            "git" | "hg" | "github" | "gitlab" | "sourcehut" => {
                self.attributes.contains_key("rev") || self.attributes.contains_key("treeHash")
            }
            "path" | "tarball" | "file" | "debian" | "builtin" => {
                self.attributes.contains_key("narHash")
            }
            _ => false,
        }
    }

    /// Whether the type is one of those that this program knows something about.
    pub fn is_known(&self) -> bool {
        schemes::known_attributes(self.kind()).is_some()
    }

    /// Whether it can be fetched without asking a registry what it is.
    pub fn is_direct(&self) -> bool {
        self.kind() != "indirect"
    }

    /// The path, if it is one that starts at the flake that names it.
    pub fn relative_path(&self) -> Option<&str> {
        if self.kind() != "path" {
            return None;
        }
        self.text("path").ok().flatten().filter(|path| !path.starts_with('/'))
    }

    pub fn nar_hash(&self) -> Option<&str> {
        self.text("narHash").ok().flatten()
    }

    /// When it was changed last, in seconds since 1970.
    pub fn last_modified(&self) -> Option<i64> {
        self.number("lastModified").ok().flatten()
    }

    /// The input as it is known after `fetched` came of it.
    #[must_use]
    pub fn with_fetched(&self, fetched: &Attributes) -> Self {
        let mut attributes = self.attributes.clone();
        if matches!(self.kind(), "github" | "gitlab" | "sourcehut") {
            // The commit says it all.
            attributes.remove("ref");
        }
        attributes.extend(fetched.clone());
        Self { attributes }
    }

    /// The same with another branch or tag, or another commit.
    pub fn with_ref_and_rev(
        &self,
        reference: Option<&str>,
        rev: Option<&str>,
    ) -> Result<Self, InputError> {
        if reference.is_none() && rev.is_none() {
            return Ok(self.clone());
        }
        if !matches!(self.kind(), "git" | "hg" | "github" | "gitlab" | "sourcehut" | "indirect") {
            let (what, value) = match (reference, rev) {
                (Some(reference), _) => ("branch/tag name", reference),
                (None, rev) => ("revision", rev.unwrap_or_default()),
            };
            let url = self.to_url()?;
            return fail(format!("don't know how to set {what} of input '{url}' to '{value}'"));
        }
        let is_forge = matches!(self.kind(), "github" | "gitlab" | "sourcehut");
        let mut attributes = self.attributes.clone();
        let mut set = |name: &str, value: &str| {
            attributes.insert(name.to_owned(), FetchAttribute::String(value.to_owned()));
        };
        if let Some(reference) = reference {
            set("ref", reference);
        }
        if let Some(rev) = rev {
            set("rev", rev);
        }
        if is_forge {
            // Either says which commit; the new one counts.
            attributes.remove(if rev.is_some() { "ref" } else { "rev" });
        }
        Self::from_attributes(attributes)
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, InputError> {
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
    pub fn rev(&self) -> Result<Option<String>, InputError> {
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

pub(crate) fn is_flake_id(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// A reference to a flake: an input, and the directory in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlakeRef {
    pub input: Input,
    /// The directory of the flake in the tree of the input; empty is the tree itself.
    pub dir: String,
}

/// What a text that names a flake is, before anyone has looked at the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A name for the registry, or a URL; and what follows `#`.
    Flake(FlakeRef, String),
    /// Anything else is a path, which may be relative.
    Path { path: String, query: BTreeMap<String, String>, fragment: String },
}

impl Reference {
    /// Reads `ID`, `ID/REF`, a URL, or a path, each with or without `#FRAGMENT`.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (id, rest) =
            before.split_once('/').map_or((before, None), |(id, rest)| (id, Some(rest)));
        if is_flake_id(id) && rest.is_none_or(is_ref) {
            let url = Url { fragment: url::decode(fragment)?, ..Url::new("flake", before) };
            let (reference, fragment) = FlakeRef::from_url(url)?;
            return Ok(Self::Flake(reference, fragment));
        }
        if let Ok(url) = Url::parse(text) {
            let (reference, fragment) = FlakeRef::from_url(url)?;
            return Ok(Self::Flake(reference, fragment));
        }
        let (path, query) = before.split_once('?').unwrap_or((before, ""));
        Ok(Self::Path {
            path: path.to_owned(),
            query: url::decode_query(query)?,
            fragment: url::decode(fragment)?,
        })
    }
}

/// Which relative paths a reference may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relative {
    Refused,
    /// They start at the flake that names them.
    Kept,
}

impl FlakeRef {
    /// Reads `ID`, `ID/REF`, a URL, or an absolute path.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        Self::parse_path(text, Relative::Refused)
    }

    /// Reads what the `url` of an input may be: a path may start at the flake.
    pub fn parse_input(text: &str) -> Result<Self, InputError> {
        Self::parse_path(text, Relative::Kept)
    }

    fn parse_path(text: &str, relative: Relative) -> Result<Self, InputError> {
        let (reference, fragment) = match Reference::parse(text)? {
            Reference::Flake(reference, fragment) => (reference, fragment),
            Reference::Path { path, .. }
                if relative == Relative::Refused && !path.starts_with('/') =>
            {
                return fail(format!("flake reference '{text}' is not an absolute path"));
            }
            Reference::Path { path, query, fragment } => {
                (Self::of_path("path", &path, query)?, fragment)
            }
        };
        if fragment.is_empty() {
            return Ok(reference);
        }
        fail(format!("unexpected fragment '{fragment}' in flake reference '{text}'"))
    }

    /// The flake at a path; `scheme` is `path` or `git+file`.
    pub fn of_path(
        scheme: &str,
        path: &str,
        query: BTreeMap<String, String>,
    ) -> Result<Self, InputError> {
        let authority = Some(String::new());
        Ok(Self::from_url(Url { authority, query, ..Url::new(scheme, path) })?.0)
    }

    fn from_url(mut url: Url) -> Result<(Self, String), InputError> {
        let dir = url.query.remove("dir").unwrap_or_default();
        let fragment = std::mem::take(&mut url.fragment);
        Ok((Self { input: Input::from_url(&url)?, dir }, fragment))
    }

    pub fn from_attributes(mut attributes: Attributes) -> Result<Self, InputError> {
        let dir = text(&attributes, "dir")?.unwrap_or_default().to_owned();
        attributes.remove("dir");
        Ok(Self { input: Input::from_attributes(attributes)?, dir })
    }

    pub fn to_attributes(&self) -> Attributes {
        let mut attributes = self.input.attributes.clone();
        if !self.dir.is_empty() {
            attributes.insert("dir".to_owned(), FetchAttribute::String(self.dir.clone()));
        }
        attributes
    }

    pub fn to_url(&self) -> Result<Url, InputError> {
        let mut url = self.input.to_url()?;
        if !self.dir.is_empty() {
            url.query.entry("dir".to_owned()).or_insert_with(|| self.dir.clone());
        }
        Ok(url)
    }
}
