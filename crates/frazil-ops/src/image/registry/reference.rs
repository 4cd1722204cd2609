//! Names of images in registries: `[http://]HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]`.

use std::fmt;
use std::str::FromStr;

/// Docker's registry, as images name it; it answers under another name, and has a place for images
/// without an owner.
pub(super) const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";
const DOCKER_HUB_OWNER: &str = "library";

/// Where an image is, or is to be.
///
/// Invariant: repository, tag and digest are legal, and so is their place in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `http` or `https`.
    scheme: &'static str,
    host: String,
    repository: String,
    tag: String,
    /// Of the manifest, where it is given.
    digest: Option<String>,
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
    /// The digest is not written as one.
    #[error("`{0}` is no digest of an image")]
    Digest(String),
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
            Self::Digest(_) => "write it as `sha256:` and 64 hexadecimal digits",
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

    /// What is asked for: the digest, or else the tag.
    pub(super) fn target(&self) -> &str {
        self.digest.as_deref().unwrap_or(&self.tag)
    }

    /// Whether it names one image for all times, so that nothing can be pushed there.
    pub fn has_digest(&self) -> bool {
        self.digest.is_some()
    }

    fn answering_host(&self) -> &str {
        if self.host == DOCKER_HUB { DOCKER_HUB_HOST } else { &self.host }
    }

    /// `HOST/REPOSITORY`, as signatures name it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// The address of something in the repository.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/v2/{}/{path}", self.base(), self.repository)
    }

    /// The address of the registry itself.
    pub(super) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.answering_host())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name(), self.tag)?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
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
        let (path, digest) = match path.split_once('@') {
            Some((path, digest)) if is_digest(digest) => (path, Some(digest.to_owned())),
            Some((_, digest)) => return Err(ReferenceError::Digest(digest.to_owned())),
            None => (path, None),
        };
        let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
        if !repository.split('/').all(is_component) || repository.len() > 255 {
            return Err(ReferenceError::Repository(repository.to_owned()));
        }
        if !is_tag(tag) {
            return Err(ReferenceError::Tag(tag.to_owned()));
        }
        let has_no_owner = host == DOCKER_HUB && !repository.contains('/');
        let owner = if has_no_owner { format!("{DOCKER_HUB_OWNER}/") } else { String::new() };
        let (host, repository) = (host.to_owned(), owner + repository);
        Ok(Self { scheme, host, repository, tag: tag.to_owned(), digest })
    }
}

fn is_component(part: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    ends.is_some_and(|(first, last)| is_inner(*first) && is_inner(*last))
        && bytes.iter().all(|byte| is_inner(*byte) || b"._-".contains(byte))
}

fn is_digest(digest: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_hex))
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || c == '.' || c == '-')
}
