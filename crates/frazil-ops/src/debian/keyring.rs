//! The keys that must have signed: those that were given, else those that the machine trusts.

use std::fs;
use std::path::{Path, PathBuf};

use frazil_debian::openpgp::{self, Keyring};
use frazil_debian::sources::SignedBy;

use super::mirrors::{ArchivesPlan, files_in};

/// The keyring that Debian's package of it installs, below the root of the machine.
const ARCHIVE_KEYRING: &str = "usr/share/keyrings/debian-archive-keyring.gpg";
/// Where apt keeps keys that may sign anything.
const TRUSTED: &str = "etc/apt/trusted.gpg.d";
const TRUSTED_FILE: &str = "etc/apt/trusted.gpg";

/// There are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("cannot read the keyring {}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    #[error("{} is not a keyring: {source}", file.display())]
    Parse { file: PathBuf, source: openpgp::KeyringError },
    #[error("the key in apt's sources is not one: {0}")]
    Inline(openpgp::KeyringError),
    #[error(
        "no keys of Debian's archive are known; name a file of them with `--keyring FILE`, in FRAZIL_KEYRING, or as `debian-keyring` in the settings (in Debian the package debian-archive-keyring has one)"
    )]
    None,
}

/// The keys for a mirror.
pub(super) fn keyring(
    plan: &ArchivesPlan,
    signed_by: &[SignedBy],
) -> Result<Keyring, KeyringError> {
    let mut keyring = Keyring::default();
    if !plan.keyrings.is_empty() {
        for file in &plan.keyrings {
            keyring.extend(read(file)?);
        }
        return Ok(keyring);
    }
    let mut fingerprints = Vec::new();
    for signed_by in signed_by {
        match signed_by {
            SignedBy::Path(path) => {
                let path = plan.machine_root.join(path.trim_start_matches('/'));
                keyring.extend(read(&path)?);
            }
            SignedBy::Inline(keys) => {
                keyring.extend(Keyring::parse(keys).map_err(KeyringError::Inline)?);
            }
            SignedBy::Fingerprint(fingerprint) => fingerprints.push(fingerprint.as_str()),
        }
    }
    if keyring.certificates().next().is_none() {
        keyring = trusted(&plan.machine_root)?;
    }
    if !fingerprints.is_empty() {
        keyring.retain(&fingerprints);
    }
    if keyring.certificates().next().is_none() { Err(KeyringError::None) } else { Ok(keyring) }
}

/// What the machine trusts for any archive. Files of keys that cannot be used are left out, as apt
/// does it.
fn trusted(root: &Path) -> Result<Keyring, KeyringError> {
    let mut keyring = Keyring::default();
    let mut files = files_in(&root.join(TRUSTED));
    files.extend([root.join(TRUSTED_FILE), root.join(ARCHIVE_KEYRING)]);
    for file in files.iter().filter(|file| file.is_file()) {
        match read(file) {
            Ok(keys) => keyring.extend(keys),
            Err(error @ KeyringError::Read { .. }) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(keyring)
}

fn read(file: &Path) -> Result<Keyring, KeyringError> {
    let bytes =
        fs::read(file).map_err(|source| KeyringError::Read { file: file.to_owned(), source })?;
    Keyring::parse(&bytes).map_err(|source| KeyringError::Parse { file: file.to_owned(), source })
}
