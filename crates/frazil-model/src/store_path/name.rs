//! The names that follow the digest in a store path, and the names of a derivation's outputs.
//!
//! Invariant: a name is ASCII, is a legal file name, and cannot be taken for a relative path.

use std::fmt;
use std::str::FromStr;

/// Bytes in the longest legal name: a file name of 255 less digest, dash and `.lock`-like suffixes.
pub const NAME_BYTES_MAX: usize = 211;

/// Why a text is not a name. The messages are Nix's, which people search for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreNameError {
    /// No characters at all.
    #[error("name must not be empty")]
    Empty,
    /// More than [`NAME_BYTES_MAX`] bytes.
    #[error("name '{name}' must be no longer than {NAME_BYTES_MAX} characters")]
    Long {
        /// The text.
        name: String,
    },
    /// `.` or `..`.
    #[error("name '{name}' is not valid")]
    Dots {
        /// The text.
        name: String,
    },
    /// `.` or `..`, and then a dash.
    #[error("name '{name}' is not valid: first dash-separated component must not be '{dots}'")]
    DotsDash {
        /// The text.
        name: String,
        /// `.` or `..`.
        dots: &'static str,
    },
    /// A byte that is not allowed.
    #[error("name '{name}' contains illegal character '{}'", shown(*found))]
    Illegal {
        /// The text.
        name: String,
        /// The first such byte.
        found: u8,
    },
}

impl StoreNameError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Illegal { .. } => {
                Some("a name may hold the letters A-Z and a-z, digits, and + - . _ ? =")
            }
            Self::Dots { .. } | Self::DotsDash { .. } => {
                Some("let the name begin with a letter or a digit")
            }
            Self::Empty | Self::Long { .. } => None,
        }
    }
}

/// A legal name of a store path: `hello-2.12`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreName(Box<str>);

impl StoreName {
    /// Reads a name.
    pub fn parse(text: &[u8]) -> Result<Self, StoreNameError> {
        check(text)?;
        Ok(Self(String::from_utf8_lossy(text).into()))
    }

    /// For text that was checked as part of a store path.
    pub(crate) fn of_valid(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the file that holds the derivation of this name.
    pub fn with_drv_extension(&self) -> Result<Self, StoreNameError> {
        format!("{}{}", self.0, super::DRV_EXTENSION).parse()
    }

    /// The name of an output's path: `NAME` for `out`, otherwise `NAME-OUTPUT`.
    pub fn of_output(&self, output: &OutputName) -> Result<Self, StoreNameError> {
        if output.is_out() {
            return Ok(self.clone());
        }
        format!("{}-{}", self.0, output.0).parse()
    }
}

/// The name of an output of a derivation: `out`, `dev`, `man`.
///
/// It need only be legal as the end of a name, so `.` is an output name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutputName(Box<str>);

impl OutputName {
    /// Reads an output name.
    pub fn parse(text: &[u8]) -> Result<Self, StoreNameError> {
        check_len(text)?;
        check_bytes(text)?;
        Ok(Self(String::from_utf8_lossy(text).into()))
    }

    /// `out`, the output that is meant where none is named.
    pub fn out() -> Self {
        Self("out".into())
    }

    /// Whether this is `out`, which leaves no trace in the name of the path.
    pub fn is_out(&self) -> bool {
        &*self.0 == "out"
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rules for the name in a store path.
pub(super) fn check(text: &[u8]) -> Result<(), StoreNameError> {
    let name = || String::from_utf8_lossy(text).into_owned();
    check_len(text)?;
    match text {
        b"." | b".." => return Err(StoreNameError::Dots { name: name() }),
        [b'.', b'-', ..] => return Err(StoreNameError::DotsDash { name: name(), dots: "." }),
        [b'.', b'.', b'-', ..] => {
            return Err(StoreNameError::DotsDash { name: name(), dots: ".." });
        }
        _ => {}
    }
    check_bytes(text)
}

fn check_len(text: &[u8]) -> Result<(), StoreNameError> {
    match text.len() {
        0 => Err(StoreNameError::Empty),
        1..=NAME_BYTES_MAX => Ok(()),
        _ => Err(StoreNameError::Long { name: String::from_utf8_lossy(text).into_owned() }),
    }
}

fn check_bytes(text: &[u8]) -> Result<(), StoreNameError> {
    match text.iter().find(|byte| !is_name_byte(**byte)) {
        Some(&found) => {
            Err(StoreNameError::Illegal { name: String::from_utf8_lossy(text).into_owned(), found })
        }
        None => Ok(()),
    }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'?' | b'=')
}

/// Part of a character beyond ASCII cannot be shown, so it is written as an escape.
fn shown(byte: u8) -> String {
    if byte.is_ascii() && !byte.is_ascii_control() {
        char::from(byte).to_string()
    } else {
        byte.escape_ascii().to_string()
    }
}

macro_rules! text_of_name {
    ($name:ty) => {
        impl FromStr for $name {
            type Err = StoreNameError;

            fn from_str(text: &str) -> Result<Self, StoreNameError> {
                Self::parse(text.as_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_of_name!(StoreName);
text_of_name!(OutputName);
