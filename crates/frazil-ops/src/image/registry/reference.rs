//! Names of images in registries: `[http://]HOST[:PORT]/REPOSITORY[:TAG]`.

use std::fmt;
use std::str::FromStr;

/// Where an image is to be.
///
/// Invariant: repository and tag are legal, and so is their place in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `http` or `https`.
    scheme: &'static str,
    host: String,
    repository: String,
    tag: String,
}

/// Why a text is no name of an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It begins with no host.
    #[error("`{0}` names no registry")]
    Host(String),
    /// The repository is not written as one.
    #[error("`{0}` cannot be the name of a repository")]
    Repository(String),
    /// The tag is not written as one.
    #[error("`{0}` cannot be a tag")]
    Tag(String),
}

impl ReferenceError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Host(_) => {
                "write it as HOST/REPOSITORY:TAG, with `http://` in front if it has no TLS"
            }
            Self::Repository(_) => {
                "there may be small letters, digits, and `.`, `_`, `-`, `/` between them"
            }
            Self::Tag(_) => "there may be letters, digits, `_`, `.` and `-`, 128 at most",
        }
    }
}

impl Reference {
    /// The registry, with its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name of the repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// `HOST/REPOSITORY`, as signatures name it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// The address of something in the repository.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}/v2/{}/{path}", self.scheme, self.host, self.repository)
    }

    /// The address of the registry itself.
    pub(super) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name(), self.tag)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => ("http", rest),
            Some(("https" | "docker", rest)) => ("https", rest),
            Some(_) => return Err(ReferenceError::Host(text.to_owned())),
            None => ("https", text),
        };
        let no_host = || ReferenceError::Host(text.to_owned());
        let (host, path) = rest.split_once('/').ok_or_else(no_host)?;
        let is_host = (host.contains(['.', ':']) || host == "localhost")
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
        if !is_host {
            return Err(no_host());
        }
        let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
        if !repository.split('/').all(is_component) || repository.len() > 255 {
            return Err(ReferenceError::Repository(repository.to_owned()));
        }
        if !is_tag(tag) {
            return Err(ReferenceError::Tag(tag.to_owned()));
        }
        let (host, repository, tag) = (host.to_owned(), repository.to_owned(), tag.to_owned());
        Ok(Self { scheme, host, repository, tag })
    }
}

fn is_component(part: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| is_inner(*first) && is_inner(*last))
        && bytes.iter().all(|byte| is_inner(*byte) || b"._-".contains(byte))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || c == '.' || c == '-')
}
