//! Signatures of a binary cache: named Ed25519 keys and what they sign.
//!
//! Which keys to trust is not decided here, and randomness for a new key comes from the caller.
//!
//! Invariant: what is printed parses back to an equal value. A secret key is printed only on demand.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

/// The name of a key, such as `cache.example.org-1`: not empty, no `:` and no white space.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Box<str>);

/// A key that can sign.
#[derive(Clone)]
pub struct SecretKey {
    name: KeyName,
    key: SigningKey,
}

/// A key that can tell whether a signature is right.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: KeyName,
    key: VerifyingKey,
}

/// A signature with the name of the key that made it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    name: KeyName,
    bytes: [u8; 64],
}

/// Why a text is not a key or a signature. It never holds the text, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No name, no `:`, or nothing behind it.
    #[error("key is corrupt")]
    Corrupt,
    /// The name has white space or a control character.
    #[error("key name has white space or a control character")]
    Name,
    /// What follows the name is not base 64.
    #[error("invalid base 64 in the key or signature named '{name}'")]
    Base64 {
        /// The name.
        name: KeyName,
    },
    /// A secret key of another length, or whose halves do not fit.
    #[error("secret key is not valid")]
    Secret,
    /// A public key of another length, or that is no point of the curve.
    #[error("public key is not valid")]
    Public,
    /// A signature of another length.
    #[error("signature is not valid")]
    Signature,
}

impl SignatureError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Corrupt | Self::Name => Some("write it as `<name>:<base 64>`"),
            Self::Base64 { .. } | Self::Secret | Self::Public | Self::Signature => None,
        }
    }
}

impl KeyName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = SignatureError;

    fn from_str(name: &str) -> Result<Self, SignatureError> {
        if name.is_empty() || name.contains(':') {
            return Err(SignatureError::Corrupt);
        }
        if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(SignatureError::Name);
        }
        Ok(Self(name.into()))
    }
}

impl SecretKey {
    /// A key made of 32 random bytes.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        Self { name, key: SigningKey::from_bytes(seed) }
    }

    /// The key's name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key that checks what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature { name: self.name.clone(), bytes: self.key.sign(message).to_bytes() }
    }

    /// The text of a key file: `<name>:<base 64 of the seed and the public key>`.
    pub fn to_secret_text(&self) -> String {
        format!("{}:{}", self.name, BASE64.encode(self.key.to_keypair_bytes()))
    }
}

impl PublicKey {
    /// The key's name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Whether a key of this name and value made `signature` over `message`.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        let bytes = ed25519_dalek::Signature::from_bytes(&signature.bytes);
        self.name == signature.name && self.key.verify_strict(message, &bytes).is_ok()
    }
}

impl Signature {
    /// The name of the key that is said to have made it.
    pub fn key_name(&self) -> &KeyName {
        &self.name
    }
}

impl FromStr for SecretKey {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let (name, bytes) = named_bytes(text)?;
        let bytes: [u8; 64] = bytes.try_into().map_err(|_| SignatureError::Secret)?;
        let key = SigningKey::from_keypair_bytes(&bytes).map_err(|_| SignatureError::Secret)?;
        Ok(Self { name, key })
    }
}

impl FromStr for PublicKey {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let (name, bytes) = named_bytes(text)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| SignatureError::Public)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| SignatureError::Public)?;
        Ok(Self { name, key })
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let (name, bytes) = named_bytes(text)?;
        Ok(Self { name, bytes: bytes.try_into().map_err(|_| SignatureError::Signature)? })
    }
}

fn named_bytes(text: &str) -> Result<(KeyName, Vec<u8>), SignatureError> {
    let (name, payload) = text.trim_end().split_once(':').ok_or(SignatureError::Corrupt)?;
    let name: KeyName = name.parse()?;
    if payload.is_empty() {
        return Err(SignatureError::Corrupt);
    }
    match BASE64.decode(payload) {
        Ok(bytes) => Ok((name, bytes)),
        Err(_) => Err(SignatureError::Base64 { name }),
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:(secret)", self.name)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, BASE64.encode(self.key.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, BASE64.encode(self.bytes))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
