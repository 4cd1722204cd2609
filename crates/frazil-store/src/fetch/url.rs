//! Addresses of what can be fetched.
//!
//! Only what a client has to know is taken apart. Names and passwords in an address are kept apart
//! from its text, so that no message shows them.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use frazil_model::percent;

use super::netrc::Credentials;

/// An address with the scheme `http`, `https` or `file`.
///
/// Invariant: printable ASCII without spaces; a file's path is absolute.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    text: Box<str>,
    scheme: Scheme,
    credentials: Option<Credentials>,
}

/// How something is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Over the network as it is.
    Http,
    /// Over the network, encrypted.
    Https,
    /// On the disk.
    File,
}

/// Why a text is not an address that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// No known scheme.
    #[error("'{0}' does not begin with http://, https:// or file://")]
    Scheme(String),
    /// A character that has to be escaped.
    #[error("URL '{0}' has a character that must be escaped")]
    Character(String),
    /// No host.
    #[error("URL '{0}' names no host")]
    Host(String),
    /// A file that is not named from the root.
    #[error("URL '{0}' does not name an absolute path")]
    Relative(String),
    /// Below what it should be below it is not.
    #[error("'{0}' leads out of where it is named")]
    Outside(String),
}

impl Url {
    /// The address of a file.
    pub fn of_file(path: &Path) -> Result<Self, UrlError> {
        let path = percent::encode(path.as_os_str().as_bytes(), b"/+=,@:");
        format!("file://{path}").parse()
    }

    /// The text, without name and password.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it is reached.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host with the port, if there is one; empty for a file.
    pub fn host(&self) -> &str {
        let rest = self.text.split_once("://").map_or("", |(_, rest)| rest);
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        host.rsplit_once(':').map_or(host, |(name, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
        })
    }

    /// The name and password that stood in the text.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The path of a file.
    pub fn file_path(&self) -> Option<PathBuf> {
        let path = self.text.strip_prefix("file://")?;
        Some(PathBuf::from(OsString::from_vec(percent::decode(path.as_bytes()))))
    }

    /// The address of what is named from here, which has to be below: neither an address of its
    /// own, nor an absolute path, nor one with `..`, escaped or not.
    pub fn below(&self, relative: &str) -> Result<Self, UrlError> {
        let outside = || UrlError::Outside(relative.into());
        let path = relative.split(['?', '#']).next().unwrap_or_default();
        let plain = percent::decode(path.as_bytes());
        let is_bad = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.contains(&b'\\');
        if path.contains(':') || plain.contains(&0) || plain.split(|b| *b == b'/').any(is_bad) {
            return Err(outside());
        }
        let base = self.text.trim_end_matches('/');
        let joined: Self = format!("{base}/{relative}").parse()?;
        Ok(Self { credentials: self.credentials.clone(), ..joined })
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        // A text that is no address may still hold a password.
        let shown = || match text.rsplit_once('@') {
            Some((_, rest)) if text.contains("://") => format!("(secret)@{rest}"),
            _ => text.to_owned(),
        };
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(("file", rest)) => (Scheme::File, rest),
            _ => return Err(UrlError::Scheme(shown())),
        };
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UrlError::Character(shown()));
        }
        if scheme == Scheme::File {
            let path = rest.strip_prefix("localhost").unwrap_or(rest);
            if !path.starts_with('/') || percent::decode(path.as_bytes()).contains(&0) {
                return Err(UrlError::Relative(shown()));
            }
            return Ok(Self { text: format!("file://{path}").into(), scheme, credentials: None });
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or_default();
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if host.is_empty() || host.starts_with(':') {
            return Err(UrlError::Host(shown()));
        }
        let credentials = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let plain = |text: &str| {
                String::from_utf8_lossy(&percent::decode(text.as_bytes())).into_owned()
            };
            Credentials { name: plain(name), password: plain(password) }
        });
        let name = match scheme {
            Scheme::Https => "https",
            Scheme::Http | Scheme::File => "http",
        };
        Ok(Self { text: format!("{name}://{host}{path}").into(), scheme, credentials })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
