//! Signatures of `OpenPGP` (RFC 9580) as Debian's archive has them: who signed these bytes?
//!
//! Only what verifying needs: certificates and signatures of version 4, RSA and Ed25519, SHA-2.
//! Nothing is signed, encrypted or fetched here, no web of trust is walked: the keyring *is* the
//! trust. The arithmetic is that of the crates `rsa`, `ed25519-dalek` and `sha2`.
//!
//! A key counts only with a self-signature that holds, and neither revoked nor expired at the time
//! that the caller says it is; a subkey only if the primary key vouches for it and it for the
//! primary key.

mod armor;
mod certificate;
mod clearsign;
mod key;
mod packet;
mod signature;
#[cfg(test)]
mod tests;

use std::fmt;

pub use armor::ArmorError;
pub use clearsign::ClearsignError;
pub use packet::PacketError;

use certificate::Certificate;
use key::Key;
use signature::{Signature, Subject};

use crate::date::Date;

/// Seconds that a signature's clock may be ahead of ours.
const CLOCK_SKEW_SECONDS: u64 = 24 * 60 * 60;
/// Signatures on one message; those of Debian have three.
const SIGNATURES_MAX: usize = 64;

/// Certificates whose signatures are trusted.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    certificates: Vec<Certificate>,
}

/// What a key is known by: the SHA-1 of its packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 20]);

/// Who made a signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The key that signed.
    pub key: Fingerprint,
    /// The primary key of its certificate.
    pub certificate: Fingerprint,
    /// The first user id of the certificate.
    pub user_id: String,
    /// When it was signed, in seconds since 1970.
    pub created: u64,
}

/// A message with a signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Exactly the lines that were signed, without blanks at their ends.
    pub text: Vec<u8>,
    /// Who signed, at least one.
    pub signers: Vec<Signer>,
}

/// Why nobody vouches for a message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is not a clear-signed message.
    #[error(transparent)]
    Clearsign(#[from] ClearsignError),
    /// The signature is not ASCII armor.
    #[error(transparent)]
    Armor(#[from] ArmorError),
    /// The signature is not made of packets.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// No signature at all, or more than a message has.
    #[error("the message has {found} signatures")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// No signature of a key in the keyring holds.
    #[error("no trusted signature: {}", shown(problems))]
    Untrusted {
        /// What is wrong with each.
        problems: Vec<SignatureProblem>,
    },
}

/// What is wrong with a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureProblem {
    /// The key that made it, as far as it says so: a fingerprint, or the end of one.
    pub key: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The keyring does not have the key.
    #[error("the key is not in the keyring")]
    UnknownKey,
    /// The key is in the keyring, but nothing (any more) shows that it belongs to its owner.
    #[error("the key has no self-signature that holds")]
    Unbound,
    /// The key is not for signing.
    #[error("the key is not for signing")]
    Purpose,
    /// Its owner took the key back.
    #[error("the key is revoked")]
    KeyRevoked,
    /// The key is too old.
    #[error("the key expired on {0}")]
    KeyExpired(Date),
    /// The signature is too old.
    #[error("the signature expired on {0}")]
    Expired(Date),
    /// It was made before the key, or later than now.
    #[error("the signature is from {0}, which is before the key's time or in the future")]
    Time(Date),
    /// An algorithm, version, or kind of signature that this program does not take.
    #[error("the signature's {0} is not supported")]
    Unsupported(&'static str),
    /// It is a signature of something else.
    #[error("the signature does not match")]
    Mismatch,
}

/// Bytes are not a keyring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Not ASCII armor.
    #[error(transparent)]
    Armor(#[from] ArmorError),
    /// Not packets.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// No key that this program can use.
    #[error("the keyring has no usable key")]
    Empty,
}

impl VerifyError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Count { .. } => None,
            Self::Clearsign(_) | Self::Armor(_) | Self::Packet(_) => {
                Some("is it a signed list? a mirror may have answered with something else")
            }
            Self::Untrusted { problems } => {
                let unknown = problems.iter().all(|problem| problem.fault == Fault::UnknownKey);
                Some(if unknown {
                    "give the archive's current keyring; new releases are signed with new keys"
                } else {
                    "do not use the list; try again later or from another mirror"
                })
            }
        }
    }
}

fn shown(problems: &[SignatureProblem]) -> String {
    let shown: Vec<String> =
        problems.iter().map(|problem| format!("by {}: {}", problem.key, problem.fault)).collect();
    shown.join("; ")
}

impl Keyring {
    /// Reads certificates, binary or armored. Those that this program cannot use are left out.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyringError> {
        let mut certificates = Vec::new();
        if packet::looks_binary(bytes) {
            certificate::read(bytes, &mut certificates)?;
        } else {
            for block in armor::blocks(bytes, "PUBLIC KEY BLOCK")? {
                certificate::read(&block, &mut certificates)?;
            }
        }
        if certificates.is_empty() { Err(KeyringError::Empty) } else { Ok(Self { certificates }) }
    }

    /// Adds the certificates of another one.
    pub fn extend(&mut self, other: Self) {
        self.certificates.extend(other.certificates);
    }

    /// Keeps only the certificates that have one of these keys, given in hexadecimal, as in apt's
    /// `Signed-By`.
    pub fn retain(&mut self, fingerprints: &[&str]) {
        let wanted = |key: &Key| {
            let name = key.fingerprint.to_string();
            fingerprints.iter().any(|text| text.trim_end_matches('!').eq_ignore_ascii_case(&name))
        };
        self.certificates.retain(|certificate| certificate.keys().any(wanted));
    }

    /// The primary key and first user id of each certificate.
    pub fn certificates(&self) -> impl Iterator<Item = (Fingerprint, String)> {
        self.certificates
            .iter()
            .map(|certificate| (certificate.primary.fingerprint, certificate.user_id()))
    }
}

/// Reads a clear-signed message such as `InRelease`; `now` is in seconds since 1970. One good
/// signature is enough, whatever is wrong with others.
pub fn verify_clearsigned(
    message: &[u8],
    keyring: &Keyring,
    now: u64,
) -> Result<Verified, VerifyError> {
    let message = clearsign::split(message)?;
    let signatures = armor::one_block(message.armor, "SIGNATURE")?;
    let signers = verify(&signatures, message.signed(), keyring, now)?;
    Ok(Verified { text: message.text, signers })
}

/// Checks a signature that stands in a file of its own, armored or not, as `Release.gpg`.
pub fn verify_detached(
    data: &[u8],
    signature: &[u8],
    keyring: &Keyring,
    now: u64,
) -> Result<Vec<Signer>, VerifyError> {
    if packet::looks_binary(signature) {
        verify(signature, Subject::Data(data), keyring, now)
    } else {
        let signature = armor::one_block(signature, "SIGNATURE")?;
        verify(&signature, Subject::Data(data), keyring, now)
    }
}

fn verify(
    packets: &[u8],
    subject: Subject<'_>,
    keyring: &Keyring,
    now: u64,
) -> Result<Vec<Signer>, VerifyError> {
    let signatures: Vec<&[u8]> = packet::packets(packets)
        .filter_map(|packet| match packet {
            Ok(packet) if packet.tag == packet::SIGNATURE => Some(Ok(packet.body)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect::<Result<_, PacketError>>()?;
    if signatures.is_empty() || signatures.len() > SIGNATURES_MAX {
        return Err(VerifyError::Count { found: signatures.len() });
    }
    let mut signers = Vec::new();
    let mut problems = Vec::new();
    for body in signatures {
        match Signature::parse(body) {
            Ok(signature) => match verify_one(&signature, subject, keyring, now) {
                Ok(signer) => signers.push(signer),
                Err(fault) => {
                    problems.push(SignatureProblem { key: signature.issuer_shown(), fault });
                }
            },
            Err(fault) => problems.push(SignatureProblem { key: "an unknown key".into(), fault }),
        }
    }
    if signers.is_empty() { Err(VerifyError::Untrusted { problems }) } else { Ok(signers) }
}

fn verify_one(
    signature: &Signature<'_>,
    subject: Subject<'_>,
    keyring: &Keyring,
    now: u64,
) -> Result<Signer, Fault> {
    if !signature.is_for_document() {
        return Err(Fault::Unsupported("kind"));
    }
    let mut fault = Fault::UnknownKey;
    for certificate in &keyring.certificates {
        for key in certificate.keys().filter(|key| signature.may_be_by(key)) {
            let usable = certificate.usable(key, now);
            match usable.and_then(|()| signature.check(key, subject, now)) {
                Ok(()) => {
                    return Ok(Signer {
                        key: key.fingerprint,
                        certificate: certificate.primary.fingerprint,
                        user_id: certificate.user_id(),
                        created: signature.created,
                    });
                }
                Err(found) => fault = found,
            }
        }
    }
    Err(fault)
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", hexadecimal(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

/// As keys are written: in upper case, without blanks.
fn hexadecimal(bytes: &[u8]) -> impl fmt::Display {
    fmt::from_fn(move |out| bytes.iter().try_for_each(|byte| write!(out, "{byte:02X}")))
}

/// For fuzzing: no message and no keyring makes the verifier panic, and nothing is vouched for by
/// an empty keyring.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let keyring = Keyring::parse(data).unwrap_or_default();
    let half = data.len() / 2;
    let (left, right) = data.split_at_checked(half).unwrap_or_default();
    // A message that vouches for itself needs a key inside its own signature.
    assert!(verify_clearsigned(data, &keyring, u64::from(u32::MAX)).is_err());
    assert!(verify_detached(left, right, &Keyring::default(), 0).is_err());
}
