//! Reading a digest from any of the texts that Nix takes.
//!
//! As in Nix, the length decides between base 16, base 32 and base 64, and base 64 may lack its
//! padding. Invariant: an accepted text gives exactly the bytes of its algorithm.

use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Hash, HashAlgorithm, UnknownName};
use crate::base32;

/// Nix looks at neither the padding nor the bits that no byte needs.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Why a text is not a hash. The messages are Nix's, which people search for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The prefix is not an algorithm's name.
    #[error(transparent)]
    Algorithm(#[from] UnknownName),
    /// Neither the text nor the caller names an algorithm.
    #[error("hash '{text}' does not include a type, nor is the type otherwise known from context")]
    NoAlgorithm {
        /// The text.
        text: String,
    },
    /// The text must name its algorithm and does not.
    #[error("hash '{text}' does not include a type")]
    NoPrefix {
        /// The text.
        text: String,
    },
    /// The text names another algorithm than the caller.
    #[error("hash '{text}' should have type '{expected}'")]
    OtherAlgorithm {
        /// The text.
        text: String,
        /// The caller's algorithm.
        expected: HashAlgorithm,
    },
    /// The text is not in the form `<algorithm>-<base 64>`.
    #[error("hash '{text}' is not SRI")]
    NotSri {
        /// The text.
        text: String,
    },
    /// No form of a digest of this algorithm is that long.
    #[error("hash '{text}' has wrong length for hash algorithm '{algorithm}'")]
    Length {
        /// The text, without the prefix.
        text: String,
        /// The algorithm.
        algorithm: HashAlgorithm,
    },
    /// The length fits a form, the characters do not.
    #[error("invalid {form} hash '{text}'")]
    Digits {
        /// `base-16`, `base-32`, `base-64` or `SRI`.
        form: &'static str,
        /// The text, without the prefix.
        text: String,
    },
    /// The empty text stands for zeros only where the algorithm is known.
    #[error("empty hash requires explicit hash algorithm")]
    Empty,
}

impl HashError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoAlgorithm { .. } | Self::NoPrefix { .. } | Self::NotSri { .. } => {
                Some("write it as `sha256-<base 64>`, or `sha256:<base 16 or nix32>`")
            }
            Self::Empty => Some("name the algorithm, or write `sha256-` and 43 times `A` and `=`"),
            Self::Length { algorithm, .. } => Some(match algorithm {
                HashAlgorithm::Md5 => "md5 takes 32 base-16, 26 nix32 or 24 base-64 characters",
                HashAlgorithm::Sha1 => "sha1 takes 40 base-16, 32 nix32 or 28 base-64 characters",
                HashAlgorithm::Sha256 => {
                    "sha256 takes 64 base-16, 52 nix32 or 44 base-64 characters"
                }
                HashAlgorithm::Sha512 => {
                    "sha512 takes 128 base-16, 103 nix32 or 88 base-64 characters"
                }
            }),
            Self::Digits { form: "base-32", .. } => {
                Some("nix32 uses the digits and the lower-case letters except e, o, t and u")
            }
            Self::Algorithm(_) | Self::OtherAlgorithm { .. } | Self::Digits { .. } => None,
        }
    }
}

impl Hash {
    /// Reads any form; `expected` is the algorithm, if the caller knows it.
    ///
    /// A prefix in the text must agree with it.
    pub fn parse_any(text: &[u8], expected: Option<HashAlgorithm>) -> Result<Self, HashError> {
        let parts = Parts::of(text)?;
        let algorithm = match (parts.algorithm, expected) {
            (Some(named), Some(expected)) if named != expected => {
                return Err(HashError::OtherAlgorithm { text: shown(text), expected });
            }
            (Some(named), _) => named,
            (None, Some(expected)) => expected,
            (None, None) => return Err(HashError::NoAlgorithm { text: shown(text) }),
        };
        parts.digest(algorithm)
    }

    /// As [`Hash::parse_any`], but the empty text stands for a digest of zeros, as in `outputHash`.
    pub fn parse_any_or_empty(
        text: &[u8],
        expected: Option<HashAlgorithm>,
    ) -> Result<Self, HashError> {
        if text.is_empty() {
            return expected.map(Self::zero).ok_or(HashError::Empty);
        }
        Self::parse_any(text, expected)
    }

    /// Reads a form that names its algorithm: `sha256:...` or SRI.
    pub fn parse_prefixed(text: &[u8]) -> Result<Self, HashError> {
        let parts = Parts::of(text)?;
        let algorithm = parts.algorithm.ok_or_else(|| HashError::NoPrefix { text: shown(text) })?;
        parts.digest(algorithm)
    }

    /// Reads `<algorithm>-<base 64>` and nothing else.
    pub fn parse_sri(text: &[u8]) -> Result<Self, HashError> {
        let (name, rest) =
            split_at_byte(text, b'-').ok_or_else(|| HashError::NotSri { text: shown(text) })?;
        from_base64(rest, shown(name).parse()?, "SRI")
    }

    /// Reads base 16, base 32 or base 64 without a prefix.
    pub fn parse_unprefixed(text: &[u8], algorithm: HashAlgorithm) -> Result<Self, HashError> {
        let size = algorithm.digest_len();
        if text.len() == size * 2 {
            from_base16(text, algorithm)
        } else if text.len() == base32::encoded_len(size) {
            let mut hash = Self::zero(algorithm);
            base32::decode_into(text, hash.as_bytes_mut())
                .map_err(|_| HashError::Digits { form: "base-32", text: shown(text) })?;
            Ok(hash)
        } else if text.len() == size.div_ceil(3) * 4 {
            from_base64(text, algorithm, "base-64")
        } else {
            Err(HashError::Length { text: shown(text), algorithm })
        }
    }
}

impl FromStr for Hash {
    type Err = HashError;

    /// Reads a form that names its algorithm, as [`Hash::parse_prefixed`].
    fn from_str(text: &str) -> Result<Self, HashError> {
        Self::parse_prefixed(text.as_bytes())
    }
}

/// A text cut at its prefix.
struct Parts<'a> {
    algorithm: Option<HashAlgorithm>,
    is_sri: bool,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(text: &'a [u8]) -> Result<Self, HashError> {
        let (name, rest, is_sri) = if let Some((name, rest)) = split_at_byte(text, b':') {
            (name, rest, false)
        } else if let Some((name, rest)) = split_at_byte(text, b'-') {
            (name, rest, true)
        } else {
            return Ok(Self { algorithm: None, is_sri: false, rest: text });
        };
        Ok(Self { algorithm: Some(shown(name).parse()?), is_sri, rest })
    }

    fn digest(&self, algorithm: HashAlgorithm) -> Result<Hash, HashError> {
        if self.is_sri {
            from_base64(self.rest, algorithm, "SRI")
        } else {
            Hash::parse_unprefixed(self.rest, algorithm)
        }
    }
}

fn from_base16(text: &[u8], algorithm: HashAlgorithm) -> Result<Hash, HashError> {
    let mut hash = Hash::zero(algorithm);
    let mut digits = text.iter().map(|&byte| char::from(byte).to_digit(16));
    for slot in hash.as_bytes_mut() {
        let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
            return Err(HashError::Digits { form: "base-16", text: shown(text) });
        };
        *slot = (high << 4 | low) as u8;
    }
    Ok(hash)
}

fn from_base64(
    text: &[u8],
    algorithm: HashAlgorithm,
    form: &'static str,
) -> Result<Hash, HashError> {
    let mut hash = Hash::zero(algorithm);
    // Nix stops at the first `=` and steps over line ends.
    let digits: Vec<u8> =
        text.iter().copied().take_while(|&b| b != b'=').filter(|&b| b != b'\n').collect();
    match LENIENT.decode(digits) {
        Ok(bytes) if bytes.len() == algorithm.digest_len() => {
            hash.as_bytes_mut().copy_from_slice(&bytes);
            Ok(hash)
        }
        Ok(_) | Err(_) => Err(HashError::Digits { form, text: shown(text) }),
    }
}

fn split_at_byte(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = text.iter().position(|&byte| byte == at)?;
    let (before, after) = text.split_at(position);
    Some((before, after.split_first()?.1))
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
