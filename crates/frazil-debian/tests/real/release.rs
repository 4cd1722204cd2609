//! Signatures of a real archive, with the keyring of this machine.

use std::path::Path;

use frazil_debian::openpgp::{Keyring, VerifyError};
use frazil_debian::release::ReleaseError;
use frazil_debian::{Compression, Release, sources};
use frazil_model::Sha256;

use super::{directory, read, timed};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

#[test]
fn signatures() {
    let Some(lists) = directory("FRAZIL_DEBIAN_LISTS") else { return };
    if !Path::new(KEYRING).exists() {
        return println!("skipped: no keyring of Debian on this machine");
    }
    let keyring = Keyring::parse(&read(Path::new(KEYRING))).expect("a keyring");
    for (key, owner) in keyring.certificates() {
        println!("{key} {owner}");
    }
    for suite in ["trixie", "trixie-updates", "trixie-security"] {
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
        let packages = read(&lists.join(format!("{suite}.main.Packages")));
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

#[test]
fn detached_signature() {
    let Some(lists) = directory("FRAZIL_DEBIAN_LISTS") else { return };
    if !Path::new(KEYRING).exists() {
        return println!("skipped: no keyring of Debian on this machine");
    }
    let keyring = Keyring::parse(&read(Path::new(KEYRING))).expect("a keyring");
    let (text, signature) =
        (read(&lists.join("trixie.Release")), read(&lists.join("trixie.Release.gpg")));
    let now = Release::parse(&text).expect("a release file").date.0 + 3600;
    let (_, signers) =
        Release::verified_detached(&text, &signature, &keyring, now).expect("signed");
    assert!(!signers.is_empty());
}

/// The text of a clear-signed message, whoever signed it.
fn unsigned(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(message);
    let text = text.split_once("\n\n").expect("headers").1;
    text.split("-----BEGIN PGP SIGNATURE").next().expect("text").as_bytes().to_vec()
}

#[test]
fn sources_of_this_machine() {
    let mut entries = Vec::new();
    let folder = Path::new("/etc/apt/sources.list.d");
    let files =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("").path());
    for path in files.chain([Path::new("/etc/apt/sources.list").to_owned()]) {
        let parsed = match path.extension().and_then(|extension| extension.to_str()) {
            Some("sources") => sources::parse_deb822(&read(&path)),
            Some("list") if path.exists() => sources::parse_one_line(&read(&path)),
            Some(_) | None => continue,
        };
        entries.extend(parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    }
    println!("{:#?}", sources::archives(&entries, "trixie"));
}
