use expect_test::{Expect, expect};

use super::signature::Signature;
use super::{Keyring, armor, fuzz, packet, verify_clearsigned, verify_detached};
use frazil_testkit::random::Random;

/// Noon of 1 January 2026, when the messages were signed.
const SIGNED: u64 = 1_767_268_800;
const DAY: u64 = 24 * 60 * 60;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/openpgp/", $name)).as_slice()
    };
}

const ED: &[u8] = fixture!("ed.gpg");
const RSA: &[u8] = fixture!("rsa.asc");
const TEXT: &[u8] = fixture!("Release");

fn keyring(keys: &[&[u8]]) -> Keyring {
    let mut keyring = Keyring::default();
    for key in keys {
        keyring.extend(Keyring::parse(key).unwrap());
    }
    keyring
}

#[track_caller]
fn check(message: &[u8], keys: &[&[u8]], now: u64, expected: Expect) {
    let shown = match verify_clearsigned(message, &keyring(keys), now) {
        Ok(verified) => {
            verified.signers.iter().map(|signer| signer.user_id.clone() + ";").collect()
        }
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn clearsigned() {
    check(fixture!("ed.InRelease"), &[ED], SIGNED, expect!["Ed <ed@example.org>;"]);
    check(fixture!("rsa.InRelease"), &[ED, RSA], SIGNED, expect!["Rsa <rsa@example.org>;"]);
    // One of two keys is not known.
    check(fixture!("two.InRelease"), &[ED], SIGNED, expect!["Ed <ed@example.org>;"]);
}

#[test]
fn the_signed_text() {
    let verified = verify_clearsigned(fixture!("dashes.asc"), &keyring(&[ED]), SIGNED).unwrap();
    assert_eq!(verified.text, b"first\n- second\n-----BEGIN third\n\nFrom fourth\n");
    assert_eq!(verified.signers[0].created, SIGNED);
}

#[test]
fn untrusted() {
    check(
        fixture!("ed.InRelease"),
        &[RSA],
        SIGNED,
        expect![
            "no trusted signature: by 340E9BA1F9EE71D9A831B6E52A905D601B7223EC: the key is not in the keyring"
        ],
    );
    check(
        fixture!("weak.InRelease"),
        &[ED],
        SIGNED,
        expect![
            "no trusted signature: by an unknown key: the signature's hash algorithm is not supported"
        ],
    );
    check(
        fixture!("expired.InRelease"),
        &[fixture!("expired.gpg")],
        SIGNED,
        expect!["Expired <expired@example.org>;"],
    );
    check(
        fixture!("expired.InRelease"),
        &[fixture!("expired.gpg")],
        SIGNED + 10 * DAY,
        expect![
            "no trusted signature: by 1AC1BCE52BA9812D6485C7813DDBD1B17A9681A1: the key expired on 2026-01-11 00:00:00 UTC"
        ],
    );
    check(
        fixture!("revoked.InRelease"),
        &[fixture!("revoked.gpg")],
        SIGNED,
        expect![
            "no trusted signature: by 79BF57FC3EA61A6100BAD23022B6EB7D734CC72D: the key is revoked"
        ],
    );
    check(fixture!("short.InRelease"), &[ED], SIGNED, expect!["Ed <ed@example.org>;"]);
    check(
        fixture!("short.InRelease"),
        &[ED],
        SIGNED + 3 * DAY,
        expect![
            "no trusted signature: by 340E9BA1F9EE71D9A831B6E52A905D601B7223EC: the signature expired on 2026-01-03 12:00:00 UTC"
        ],
    );
    check(
        fixture!("ed.InRelease"),
        &[ED],
        SIGNED - 2 * DAY,
        expect![
            "no trusted signature: by 340E9BA1F9EE71D9A831B6E52A905D601B7223EC: the key has no self-signature that holds"
        ],
    );
    // The subkey of the certificate holds for two years.
    check(
        fixture!("rsa.InRelease"),
        &[RSA],
        SIGNED + 1000 * DAY,
        expect![
            "no trusted signature: by B145CAE00C0B10AF3FFE2FFF317EA4BA984E4F5C: the key expired on 2028-01-01 00:00:00 UTC"
        ],
    );
}

#[test]
fn not_a_message() {
    let message = fixture!("ed.InRelease");
    let with =
        |from: &str, to: &str| String::from_utf8_lossy(message).replacen(from, to, 1).into_bytes();
    check(
        b"<html>",
        &[ED],
        SIGNED,
        expect![
            "not a signed message: it does not begin with `-----BEGIN PGP SIGNED MESSAGE-----`"
        ],
    );
    check(
        TEXT,
        &[ED],
        SIGNED,
        expect![
            "not a signed message: it does not begin with `-----BEGIN PGP SIGNED MESSAGE-----`"
        ],
    );
    check(
        &[b"x\n", message].concat(),
        &[ED],
        SIGNED,
        expect![
            "not a signed message: it does not begin with `-----BEGIN PGP SIGNED MESSAGE-----`"
        ],
    );
    check(
        &[message, b"x\n"].concat(),
        &[ED],
        SIGNED,
        expect!["there is text outside of the armor"],
    );
    check(
        &[message, message].concat(),
        &[ED],
        SIGNED,
        expect!["there is text outside of the armor"],
    );
    check(
        &with("Hash: SHA512", "Comment: x"),
        &[ED],
        SIGNED,
        expect!["line 2: the signed message has a header other than `Hash`"],
    );
    check(
        &with("Origin", "-rigin"),
        &[ED],
        SIGNED,
        expect!["line 4: a line of a signed message begins with a dash"],
    );
    check(
        &with("-----BEGIN PGP SIGNATURE-----", "Signature:"),
        &[ED],
        SIGNED,
        expect!["line 25: a line of a signed message begins with a dash"],
    );
    check(
        &with("-----END PGP SIGNATURE-----", ""),
        &[ED],
        SIGNED,
        expect!["the armor has no `-----END PGP SIGNATURE-----`"],
    );
    check(&with("iI", "!!"), &[ED], SIGNED, expect!["the armor is not base 64"]);
}

/// What is not signed does not matter, what is signed does.
#[test]
fn changed_messages() {
    let message = fixture!("ed.InRelease");
    let with =
        |from: &str, to: &str| String::from_utf8_lossy(message).replacen(from, to, 1).into_bytes();
    check(
        &with("Origin: Frazil", "Origin: Frazil \t"),
        &[ED],
        SIGNED,
        expect!["Ed <ed@example.org>;"],
    );
    check(
        &with("Origin: Frazil", "Origin: Other"),
        &[ED],
        SIGNED,
        expect![
            "no trusted signature: by 340E9BA1F9EE71D9A831B6E52A905D601B7223EC: the signature does not match"
        ],
    );
    check(
        &with("Origin: Frazil\n", "Origin: Frazil\n\n"),
        &[ED],
        SIGNED,
        expect![
            "no trusted signature: by 340E9BA1F9EE71D9A831B6E52A905D601B7223EC: the signature does not match"
        ],
    );
}

#[test]
fn help() {
    let help = |message: &[u8], keys| {
        verify_clearsigned(message, &keyring(keys), SIGNED).unwrap_err().help().unwrap()
    };
    let message = fixture!("ed.InRelease");
    assert!(help(b"<html>", &[ED]).starts_with("is it a signed list?"));
    assert!(help(message, &[RSA]).starts_with("give the archive's current keyring"));
    assert!(help(fixture!("weak.InRelease"), &[ED]).starts_with("do not use the list"));
}

/// A certificate cannot adopt the key of another as its subkey.
#[test]
fn subkeys_consent() {
    let certificate = armor::blocks(RSA, "PUBLIC KEY BLOCK").unwrap().remove(0);
    let packets: Vec<_> = packet::packets(&certificate).map(Result::unwrap).collect();
    let binding = Signature::parse(packets.last().unwrap().body).unwrap();
    let consent = binding.embedded.unwrap();
    let mut windows = certificate.windows(consent.len());
    let end = windows.position(|window| window == consent).unwrap() + consent.len();
    let mut changed = certificate.clone();
    changed[end - 1] ^= 1;
    let message = fixture!("rsa.InRelease");
    check(message, &[&certificate], SIGNED, expect!["Rsa <rsa@example.org>;"]);
    check(
        message,
        &[&changed],
        SIGNED,
        expect![
            "no trusted signature: by B145CAE00C0B10AF3FFE2FFF317EA4BA984E4F5C: the key has no self-signature that holds"
        ],
    );
}

#[test]
fn detached() {
    let signers = |data: &[u8], signature: &[u8], key: &[u8]| -> String {
        match verify_detached(data, signature, &keyring(&[key]), SIGNED) {
            Ok(signers) => signers.into_iter().map(|signer| signer.user_id).collect(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(signers(TEXT, fixture!("Release.gpg"), ED), "Ed <ed@example.org>");
    assert_eq!(signers(TEXT, fixture!("Release.sig"), RSA), "Rsa <rsa@example.org>");
    assert_eq!(signers(TEXT, fixture!("Release.text.gpg"), ED), "Ed <ed@example.org>");
    let changed = [TEXT, b"\n"].concat();
    assert_eq!(
        signers(&changed, fixture!("Release.gpg"), ED),
        "no trusted signature: by 340E9BA1F9EE71D9A831B6E52A905D601B7223EC: the signature does not match"
    );
    assert_eq!(
        signers(TEXT, b"", ED),
        "expecting one block of armor with `-----BEGIN PGP SIGNATURE-----` first"
    );
}

#[test]
fn keyrings() {
    let shown = |bytes: &[u8]| match Keyring::parse(bytes) {
        Ok(keyring) => keyring.certificates().map(|(_, owner)| owner + ";").collect(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        shown(&[ED, fixture!("expired.gpg")].concat()),
        "Ed <ed@example.org>;Expired <expired@example.org>;"
    );
    assert_eq!(shown(&[RSA, RSA].concat()), "Rsa <rsa@example.org>;Rsa <rsa@example.org>;");
    assert_eq!(shown(b""), "expecting armor with `-----BEGIN PGP PUBLIC KEY BLOCK-----` first");
    assert_eq!(shown(b"\x80"), "an OpenPGP packet is cut off");
    assert_eq!(shown(&ED[..ED.len() - 1]), "an OpenPGP packet is cut off");
    let mut keyring = keyring(&[ED, RSA]);
    keyring.retain(&["340e9ba1f9ee71d9a831b6e52a905d601b7223ec!"]);
    assert_eq!(keyring.certificates().count(), 1);
}

/// Any changed byte of a certificate or a message leaves at most what was signed.
#[test]
fn any_damage() {
    let message = fixture!("ed.InRelease");
    let text = verify_clearsigned(message, &keyring(&[ED]), SIGNED).unwrap().text;
    for at in (0..message.len()).step_by(7) {
        let mut changed = message.to_vec();
        changed[at] ^= 1;
        if let Ok(verified) = verify_clearsigned(&changed, &keyring(&[ED]), SIGNED) {
            assert_eq!(verified.text, text, "{at}");
        }
    }
    for at in (0..ED.len()).step_by(7) {
        let mut changed = ED.to_vec();
        changed[at] ^= 4;
        if let Ok(keyring) = Keyring::parse(&changed) {
            drop(verify_clearsigned(message, &keyring, SIGNED));
        }
    }
}

#[test]
fn any_bytes() {
    let mut random = Random::seeded();
    for seed in [ED, RSA, fixture!("two.InRelease"), fixture!("Release.sig")] {
        for end in (0..seed.len()).step_by(17) {
            fuzz(&seed[..end]);
        }
        for _ in 0..50 {
            let mut changed = seed.to_vec();
            let at = random.below(changed.len() as u64) as usize;
            changed[at] = random.below(256) as u8;
            fuzz(&changed);
        }
    }
    for _ in 0..5000 {
        let mut bytes = random.bytes(64);
        bytes.insert(0, 0x80 | random.below(128) as u8);
        fuzz(&bytes);
    }
}
