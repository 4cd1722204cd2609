//! What is said about an image and stands beside it in the registry: lists of what is in it, and
//! signatures.
//!
//! A signature is what cosign writes with a key and without a transparency log, so cosign verifies
//! it. Registries that keep no list of referrers get the list as a tag, as the specification says.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use frazil_image::oci::{Blob, media_type};
use frazil_store::fs::IoError;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::RegistryError;
use super::blob::{BlobBytes, send};
use super::client::Repository;

const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const SIGNATURE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";

/// A key that signs images.
pub struct SigningKey(Key);

enum Key {
    Ed25519(Ed25519KeyPair),
    P256(Box<EcdsaKeyPair>),
}

/// Why a file is no such key.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// It is something else.
    #[error("`{path}` holds no key of Ed25519 or P-256")]
    Unknown {
        /// The file.
        path: String,
    },
    /// There is no randomness.
    #[error("the key cannot sign")]
    Failed,
}

impl SigningKeyError {
    /// What the user can do about it.
    #[expect(clippy::unused_self, reason = "as all errors are asked")]
    pub fn help(&self) -> &'static str {
        "make one with `openssl genpkey -algorithm ed25519`; keys of cosign are encrypted and \
         cannot be read"
    }
}

impl SigningKey {
    /// Reads a key in PEM: PKCS #8, or SEC 1 as `openssl ecparam` writes it.
    pub fn read(path: &Path) -> Result<Self, SigningKeyError> {
        let text = fs::read_to_string(path).map_err(IoError::on("read", path))?;
        let unknown = || SigningKeyError::Unknown { path: path.display().to_string() };
        let of_kind = |kind: &str| {
            let (_, rest) = text.split_once(&format!("-----BEGIN {kind}-----"))?;
            let (inner, _) = rest.split_once(&format!("-----END {kind}-----"))?;
            let inner: String = inner.split_whitespace().collect();
            BASE64.decode(inner).ok()
        };
        let der = of_kind("PRIVATE KEY").or_else(|| of_sec1(&of_kind("EC PRIVATE KEY")?));
        let der = der.ok_or_else(unknown)?;
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            return Ok(Self(Key::Ed25519(key)));
        }
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &random);
        key.map(|key| Self(Key::P256(Box::new(key)))).map_err(|_| unknown())
    }

    /// Whether a signature is one of this key.
    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.0 {
            Key::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key.public_key()).verify(message, signature)
            }
            Key::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key())
                .verify(message, signature),
        };
        verified.is_ok()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        match &self.0 {
            Key::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Key::P256(key) => {
                let signature = key.sign(&SystemRandom::new(), message);
                Ok(signature.map_err(|_| SigningKeyError::Failed)?.as_ref().to_vec())
            }
        }
    }
}

/// A key of P-256 as PKCS #8, which says of which kind the key is, too.
fn of_sec1(key: &[u8]) -> Option<Vec<u8>> {
    // The version 0; the kind, ecPublicKey on prime256v1; the key as a string.
    let kind = b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
        \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let length = u8::try_from(key.len()).ok().filter(|length| *length < 128)?;
    let body = [&kind[..], &[0x04, length], key].concat();
    // Lengths from 128 on are told in a byte of their own.
    Some([&[0x30, 0x81, u8::try_from(body.len()).ok()?], &body[..]].concat())
}

/// Signs what a digest names, and puts the signature where cosign looks for it, beside those of
/// others.
pub(super) fn sign(
    repository: &Repository<'_>,
    subject: &Blob,
    key: &SigningKey,
) -> Result<(), RegistryError> {
    let payload = json!({
        "critical": {
            "identity": { "docker-reference": repository.reference.name() },
            "image": { "docker-manifest-digest": subject.reference() },
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    let payload = payload.to_string().into_bytes();
    let signature = BASE64.encode(key.sign(&payload)?);
    let config = b"{}";
    let (config_blob, payload_blob) = (Blob::of(config), Blob::of(&payload));
    send(repository, &config_blob, BlobBytes::Here(config))?;
    send(repository, &payload_blob, BlobBytes::Here(&payload))?;
    let mut layer = descriptor(SIGNATURE, &payload_blob);
    if let Some(layer) = layer.as_object_mut() {
        layer.insert("annotations".to_owned(), json!({ SIGNATURE_ANNOTATION: signature }));
    }
    let tag = format!("sha256-{}.sig", subject.hex());
    let mut layers = entries(repository, &tag, "layers")?;
    let is_ours = |layer: &Value| {
        let signature = layer.get("annotations").and_then(|all| all.get(SIGNATURE_ANNOTATION));
        let signature = signature.and_then(|text| BASE64.decode(text.as_str()?).ok());
        signature.is_some_and(|signature| key.has_signed(&payload, &signature))
    };
    layers.retain(|layer| !is_ours(layer));
    layers.push(layer);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type::MANIFEST,
        "config": descriptor(media_type::CONFIG, &config_blob),
        "layers": layers,
    });
    repository.put_manifest(&tag, media_type::MANIFEST, manifest.to_string().as_bytes())?;
    Ok(())
}

/// Stores a document that refers to an image.
pub(super) fn attach(
    repository: &Repository<'_>,
    subject: &Blob,
    subject_type: &str,
    kind: &str,
    document: &[u8],
) -> Result<(), RegistryError> {
    let config = b"{}";
    let (config_blob, blob) = (Blob::of(config), Blob::of(document));
    send(repository, &config_blob, BlobBytes::Here(config))?;
    send(repository, &blob, BlobBytes::Here(document))?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type::MANIFEST,
        "artifactType": kind,
        "config": descriptor(EMPTY, &config_blob),
        "layers": [descriptor(kind, &blob)],
        "subject": descriptor(subject_type, subject),
    });
    let manifest = manifest.to_string().into_bytes();
    let stored = Blob::of(&manifest);
    let is_listed =
        repository.put_manifest(&stored.reference(), media_type::MANIFEST, &manifest)?;
    if is_listed {
        return Ok(());
    }
    let mut entry = descriptor(media_type::MANIFEST, &stored);
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("artifactType".to_owned(), kind.into());
    }
    list(repository, subject, entry)
}

/// Adds to the list of referrers that is kept as a tag.
fn list(repository: &Repository<'_>, subject: &Blob, entry: Value) -> Result<(), RegistryError> {
    let tag = format!("sha256-{}", subject.hex());
    let mut entries = entries(repository, &tag, "manifests")?;
    let is_same = |other: &Value| other.get("digest") == entry.get("digest");
    if entries.iter().any(is_same) {
        return Ok(());
    }
    entries.push(entry);
    let index = json!({
        "schemaVersion": 2,
        "mediaType": media_type::INDEX,
        "manifests": entries,
    });
    repository.put_manifest(&tag, media_type::INDEX, index.to_string().as_bytes())?;
    Ok(())
}

/// What a tag lists so far, which others may have put there; nothing if there is no such tag.
fn entries(repository: &Repository<'_>, tag: &str, key: &str) -> Result<Vec<Value>, RegistryError> {
    let Some(bytes) = repository.manifest(tag)? else { return Ok(Vec::new()) };
    let parsed: Option<Value> = serde_json::from_slice(&bytes).ok();
    match parsed.as_ref().and_then(|manifest| manifest.get(key)?.as_array()) {
        Some(entries) => Ok(entries.clone()),
        None => Err(RegistryError::Occupied { tag: tag.to_owned() }),
    }
}

fn descriptor(media_type: &str, blob: &Blob) -> Value {
    json!({ "mediaType": media_type, "digest": blob.reference(), "size": blob.size })
}
