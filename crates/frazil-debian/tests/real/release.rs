//! Signatures of a real archive, with the keyring of this machine.

use std::path::Path;

use frazil_debian::openpgp::{Keyring, VerifyError};
use frazil_debian::release::ReleaseError;
use frazil_debian::{Compression, Release};
use frazil_model::Sha256;

use super::machine::lists;
use super::{lists_in, read, timed};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

#[test]
fn signatures() {
    let Some(lists) = lists() else { return };
    if !Path::new(KEYRING).exists() {
        return println!("skipped: no keyring of Debian on this machine");
    }
    let keyring = Keyring::parse(&read(Path::new(KEYRING))).expect("a keyring");
    for (key, owner) in keyring.certificates() {
        println!("{key} {owner}");
    }
    for file in lists_in(&lists).iter().filter(|file| file.component == "main") {
        let suite = file.suite.as_str();
        let message = read(&lists.join(format!("{suite}.InRelease")));
        let now = Release::parse(&unsigned(&message)).expect("a release file").date.0 + 3600;
        let (release, signers) =
            timed("verify", || Release::verified(&message, &keyring, now).expect("signed"));
        println!("{suite}: {} {} {signers:#?}", release.version, release.date);
        release.check(suite, now).expect("current");
        assert!(!signers.is_empty());
        let list = release.packages("main", "amd64").expect("listed");
        assert_eq!(list.compression, Compression::Xz);
        println!("{} {}", list.path, list.by_hash_path());
        let packages = read(&file.path);
        let unpacked = list.unpacked.expect("the release file lists what comes out, too");
        assert_eq!(
            (unpacked.size, unpacked.sha256),
            (packages.len() as u64, Sha256::of(&packages))
        );

        let mut changed = message.clone();
        let at = changed.windows(9).position(|bytes| bytes == b"Codename:").expect("a field");
        *changed.get_mut(at).expect("a byte") = b'c';
        let refused = Release::verified(&changed, &keyring, now);
        assert!(matches!(refused, Err(ReleaseError::Signature(VerifyError::Untrusted { .. }))));
    }
}

/// The text of a clear-signed message, whoever signed it.
fn unsigned(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(message);
    let text = text.split_once("\n\n").expect("headers").1;
    text.split("-----BEGIN PGP SIGNATURE").next().expect("text").as_bytes().to_vec()
}
