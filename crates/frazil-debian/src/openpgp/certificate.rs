//! Certificates: a primary key, its owner, its subkeys, and what it says of them itself.

use super::key::Key;
use super::packet::{self, PUBLIC_KEY, PUBLIC_SUBKEY, SIGNATURE, USER_ID};
use super::signature::{Signature, Subject, kind};
use super::{Fault, KeyringError};
use crate::date::Date;

/// The flag of keys that may sign documents.
const MAY_SIGN: u8 = 2;

#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub(super) primary: Key,
    primary_signatures: Vec<Vec<u8>>,
    user_ids: Vec<Signed<Vec<u8>>>,
    subkeys: Vec<Signed<Key>>,
}

/// A part of a certificate with the signatures on it.
#[derive(Clone, Debug)]
struct Signed<T> {
    part: T,
    signatures: Vec<Vec<u8>>,
}

/// Reads all certificates that have a primary key of version 4.
pub(super) fn read(bytes: &[u8], into: &mut Vec<Certificate>) -> Result<(), KeyringError> {
    let mut current: Option<Certificate> = None;
    // Where a signature belongs.
    let mut last = None;
    for packet in packet::packets(bytes) {
        let packet = packet?;
        match packet.tag {
            PUBLIC_KEY => {
                into.extend(current.take());
                current = Key::parse(packet.body)?.map(Certificate::new);
                last = Some(PUBLIC_KEY);
            }
            USER_ID => {
                if let Some(certificate) = &mut current {
                    let part = packet.body.to_vec();
                    certificate.user_ids.push(Signed { part, signatures: Vec::new() });
                }
                last = Some(USER_ID);
            }
            PUBLIC_SUBKEY => {
                let key = Key::parse(packet.body)?;
                last = key.is_some().then_some(PUBLIC_SUBKEY);
                if let (Some(certificate), Some(part)) = (&mut current, key) {
                    certificate.subkeys.push(Signed { part, signatures: Vec::new() });
                }
            }
            SIGNATURE => {
                let place = current.as_mut().and_then(|certificate| match last? {
                    PUBLIC_KEY => Some(&mut certificate.primary_signatures),
                    USER_ID => certificate.user_ids.last_mut().map(|id| &mut id.signatures),
                    _ => certificate.subkeys.last_mut().map(|key| &mut key.signatures),
                });
                if let Some(place) = place {
                    place.push(packet.body.to_vec());
                }
            }
            // Pictures, trust and whatever else: nothing that a signature here hangs on.
            _ => last = None,
        }
    }
    into.extend(current);
    Ok(())
}

impl Certificate {
    const fn new(primary: Key) -> Self {
        Self { primary, primary_signatures: Vec::new(), user_ids: Vec::new(), subkeys: Vec::new() }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.primary).chain(self.subkeys.iter().map(|subkey| &subkey.part))
    }

    pub(super) fn user_id(&self) -> String {
        let id = self.user_ids.first().map(|id| id.part.as_slice()).unwrap_or_default();
        String::from_utf8_lossy(id).into_owned()
    }

    /// Whether a key of this certificate may sign documents now.
    pub(super) fn usable(&self, key: &Key, now: u64) -> Result<(), Fault> {
        let primary = &self.primary;
        let own = self.primary_signatures.iter();
        if has(own.clone(), kind::KEY_REVOCATION, primary, Subject::Key(primary)) {
            return Err(Fault::KeyRevoked);
        }
        let mut about: Vec<Signature<'_>> = own
            .filter_map(|body| held(body, primary, Subject::Key(primary), now))
            .filter(|signature| signature.kind == kind::DIRECT_KEY)
            .collect();
        for id in &self.user_ids {
            let subject = Subject::UserId(primary, &id.part);
            let found = id.signatures.iter().filter_map(|body| held(body, primary, subject, now));
            about.extend(found.filter(|signature| kind::CERTIFICATIONS.contains(&signature.kind)));
        }
        let newest = newest(about).ok_or(Fault::Unbound)?;
        check_expiry(primary, &newest, now)?;
        if key.fingerprint == primary.fingerprint {
            return check_purpose(&newest);
        }
        let mut same = self.subkeys.iter();
        let subkey = same.find(|subkey| subkey.part.fingerprint == key.fingerprint);
        subkey.map_or(Err(Fault::Unbound), |subkey| self.usable_subkey(subkey, now))
    }

    fn usable_subkey(&self, subkey: &Signed<Key>, now: u64) -> Result<(), Fault> {
        let primary = &self.primary;
        let subject = Subject::Subkey(primary, &subkey.part);
        let bodies = subkey.signatures.iter();
        if has(bodies.clone(), kind::SUBKEY_REVOCATION, primary, subject) {
            return Err(Fault::KeyRevoked);
        }
        let bindings: Vec<Signature<'_>> = bodies
            .filter_map(|body| held(body, primary, subject, now))
            .filter(|signature| signature.kind == kind::SUBKEY_BINDING)
            .collect();
        let newest = newest(bindings).ok_or(Fault::Unbound)?;
        check_expiry(&subkey.part, &newest, now)?;
        check_purpose(&newest)?;
        // Without the subkey's consent anybody could claim its signatures.
        let consent = newest.embedded.and_then(|body| held(body, &subkey.part, subject, now));
        match consent {
            Some(consent) if consent.kind == kind::PRIMARY_BINDING => Ok(()),
            Some(_) | None => Err(Fault::Unbound),
        }
    }
}

/// The signature, if it is one of this key and in force.
fn held<'b>(body: &'b [u8], by: &Key, subject: Subject<'_>, now: u64) -> Option<Signature<'b>> {
    let signature = Signature::parse(body).ok()?;
    (signature.may_be_by(by) && signature.check(by, subject, now).is_ok()).then_some(signature)
}

/// Whether there is a signature of this kind that holds, whenever it was made.
fn has<'b>(
    bodies: impl Iterator<Item = &'b Vec<u8>>,
    kind: u8,
    by: &Key,
    subject: Subject<'_>,
) -> bool {
    let mut found = bodies.filter_map(|body| held(body, by, subject, u64::MAX));
    found.any(|signature| signature.kind == kind)
}

fn newest(signatures: Vec<Signature<'_>>) -> Option<Signature<'_>> {
    signatures.into_iter().max_by_key(|signature| signature.created)
}

fn check_expiry(key: &Key, about: &Signature<'_>, now: u64) -> Result<(), Fault> {
    match about.key_expires_after.map(|after| key.created + after) {
        Some(at) if at <= now => Err(Fault::KeyExpired(Date(at))),
        Some(_) | None => Ok(()),
    }
}

fn check_purpose(about: &Signature<'_>) -> Result<(), Fault> {
    match about.key_flags {
        Some(flags) if flags & MAY_SIGN == 0 => Err(Fault::Purpose),
        Some(_) | None => Ok(()),
    }
}
