//! Public keys, and the one thing they do here: check a digest.

use ed25519_dalek::VerifyingKey;
use frazil_model::{Hash, HashAlgorithm};
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};

use super::packet::{PacketError, Reader};
use super::{Fault, Fingerprint};

/// Keys below this can be broken.
const RSA_BITS_MIN: usize = 2048;
/// Checking takes longer with larger keys.
const RSA_BITS_MAX: usize = 8192;
/// The object identifier of Ed25519 in keys of the first kind.
const ED25519_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) fingerprint: Fingerprint,
    /// In seconds since 1970.
    pub(super) created: u64,
    /// The body of the packet, which self-signatures sign.
    pub(super) body: Vec<u8>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa(Box<RsaPublicKey>),
    Ed25519(Box<VerifyingKey>),
    Unsupported,
}

/// Hash functions that signatures may be made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DigestKind {
    Sha256,
    Sha384,
    Sha512,
}

impl DigestKind {
    pub(super) const fn of_id(id: u8) -> Option<Self> {
        match id {
            8 => Some(Self::Sha256),
            9 => Some(Self::Sha384),
            10 => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(super) fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn of<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut state = D::new();
            for part in parts {
                state.update(part);
            }
            state.finalize().to_vec()
        }
        match self {
            Self::Sha256 => of::<Sha256>(parts),
            Self::Sha384 => of::<Sha384>(parts),
            Self::Sha512 => of::<Sha512>(parts),
        }
    }

    fn padding(self) -> Pkcs1v15Sign {
        match self {
            Self::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Self::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Self::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }
}

impl Key {
    /// Reads the body of a packet; `None` if it is not of version 4.
    pub(super) fn parse(body: &[u8]) -> Result<Option<Self>, PacketError> {
        let mut reader = Reader(body);
        if reader.byte()? != 4 {
            return Ok(None);
        }
        let created = reader.number(4)?;
        let material = match reader.byte()? {
            1 | 3 => {
                let modulus = BigUint::from_bytes_be(reader.integer()?);
                let exponent = BigUint::from_bytes_be(reader.integer()?);
                rsa_key(modulus, exponent)
            }
            22 => {
                let oid_len = usize::from(reader.byte()?);
                let oid = reader.take(oid_len)?;
                let point = reader.integer()?;
                match point.split_first() {
                    Some((0x40, point)) if oid == ED25519_OID => ed25519_key(point),
                    Some(_) | None => Material::Unsupported,
                }
            }
            27 => ed25519_key(reader.take(32)?),
            _ => Material::Unsupported,
        };
        let key = Self { fingerprint: Fingerprint([0; 20]), created, body: body.into(), material };
        let Hash::Sha1(digest) = Hash::of(HashAlgorithm::Sha1, &key.hashed()) else {
            return Ok(None);
        };
        Ok(Some(Self { fingerprint: Fingerprint(digest), ..key }))
    }

    /// The key as it is hashed for its fingerprint and in self-signatures.
    pub(super) fn hashed(&self) -> Vec<u8> {
        let len = self.body.len() as u16;
        [&[0x99], len.to_be_bytes().as_slice(), &self.body].concat()
    }

    /// The end of the fingerprint, by which older signatures name their key.
    pub(super) fn id(&self) -> &[u8] {
        self.fingerprint.0.last_chunk::<8>().map_or(&[], <[u8; 8]>::as_slice)
    }

    /// Whether `integers`, the last part of a signature, sign `digest`.
    pub(super) fn check(
        &self,
        kind: DigestKind,
        digest: &[u8],
        algorithm: u8,
        integers: &[u8],
    ) -> Result<(), Fault> {
        let mut reader = Reader(integers);
        match (&self.material, algorithm) {
            (Material::Rsa(key), 1 | 3) => {
                let signature = reader.integer().map_err(|_| Fault::Mismatch)?;
                let signature = padded(signature, key.size()).ok_or(Fault::Mismatch)?;
                let checked = key.verify(kind.padding(), digest, &signature);
                checked.map_err(|_| Fault::Mismatch)
            }
            (Material::Ed25519(key), 22 | 27) => {
                let signature = if algorithm == 27 {
                    reader.take(64).ok().map(<[u8]>::to_vec)
                } else {
                    let halves = [reader.integer(), reader.integer()];
                    let padded = halves.map(|half| half.ok().and_then(|half| padded(half, 32)));
                    let [left, right] = padded;
                    left.zip(right).map(|(left, right)| [left, right].concat())
                };
                let signature =
                    signature.and_then(|bytes| ed25519_dalek::Signature::from_slice(&bytes).ok());
                let signature = signature.ok_or(Fault::Mismatch)?;
                key.verify_strict(digest, &signature).map_err(|_| Fault::Mismatch)
            }
            (Material::Unsupported, _) => Err(Fault::Unsupported("key algorithm")),
            (Material::Rsa(_) | Material::Ed25519(_), _) => Err(Fault::Mismatch),
        }
    }
}

fn rsa_key(modulus: BigUint, exponent: BigUint) -> Material {
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&modulus.bits()) {
        return Material::Unsupported;
    }
    RsaPublicKey::new_with_max_size(modulus, exponent, RSA_BITS_MAX)
        .map_or(Material::Unsupported, |key| Material::Rsa(Box::new(key)))
}

fn ed25519_key(point: &[u8]) -> Material {
    let key =
        <&[u8; 32]>::try_from(point).ok().and_then(|point| VerifyingKey::from_bytes(point).ok());
    key.map_or(Material::Unsupported, |key| Material::Ed25519(Box::new(key)))
}

/// A number with the zeros that its encoding leaves out.
fn padded(number: &[u8], len: usize) -> Option<Vec<u8>> {
    let zeros = len.checked_sub(number.len())?;
    let mut padded = vec![0; zeros];
    padded.extend_from_slice(number);
    Some(padded)
}
