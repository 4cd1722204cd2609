//! The names and passwords of a `.netrc` file, as curl and Nix read them.

use std::collections::BTreeMap;
use std::fmt;

/// A name and a password.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credentials {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

/// Why a text is not a `.netrc`. It never holds the text, which is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("netrc: a word is missing behind '{after}'")]
pub struct NetrcError {
    /// The word before the one that is missing.
    pub after: &'static str,
}

/// The names and passwords by host. Macros and the entry `default` are ignored, since a password
/// is for the host that it was made for.
pub fn parse_netrc(text: &str) -> Result<BTreeMap<String, Credentials>, NetrcError> {
    let mut hosts = BTreeMap::new();
    let mut host = None;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines.flat_map(str::split_whitespace);
    while let Some(word) = words.next() {
        let mut behind = |after| words.next().ok_or(NetrcError { after });
        match word {
            "machine" => {
                let name = behind("machine")?;
                hosts.entry(name.to_owned()).or_insert_with(|| Credentials {
                    name: String::new(),
                    password: String::new(),
                });
                host = Some(name);
            }
            "default" => host = None,
            "login" => {
                let name = behind("login")?;
                if let Some(known) = host.and_then(|host| hosts.get_mut(host)) {
                    known.name = name.into();
                }
            }
            "password" => {
                let password = behind("password")?;
                if let Some(known) = host.and_then(|host| hosts.get_mut(host)) {
                    known.password = password.into();
                }
            }
            _ => {}
        }
    }
    Ok(hosts)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:(secret)", self.name)
    }
}
