//! Files with a new key, as `nix-store --generate-binary-cache-key` writes them.

use std::path::{Path, PathBuf};

use frazil_model::signature::{KeyName, PublicKey, SecretKey};

use crate::fs::{Disk, IoError, metadata};

/// Why there are no new key files.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// There is something already, perhaps a key that is in use.
    #[error("'{}' exists already", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("the system has no random bytes")]
    Random(#[source] std::io::Error),
}

impl KeyError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::Exists { .. } => Some("a key is never overwritten: choose another name"),
            Self::Random(_) => None,
        }
    }
}

/// Makes a new key. The file of the secret one is for its owner only; neither may exist before.
pub fn generate_key_files(
    disk: &Disk,
    name: KeyName,
    secret_file: &Path,
    public_file: &Path,
) -> Result<PublicKey, KeyError> {
    for file in [secret_file, public_file] {
        if metadata(file)?.is_some() {
            return Err(KeyError::Exists { file: file.into() });
        }
    }
    let mut seed = [0; 32];
    random(&mut seed).map_err(KeyError::Random)?;
    let key = SecretKey::from_seed(name, &seed);
    let public = key.public();
    write_new(disk, secret_file, &key.to_secret_text(), 0o600)?;
    write_new(disk, public_file, &public.to_string(), 0o644).inspect_err(|_| {
        // A secret without its other half is of no use, and the error says what failed.
        let _stays = disk.remove_file(secret_file).is_err();
    })?;
    Ok(public)
}

fn random(mut buffer: &mut [u8]) -> std::io::Result<()> {
    while !buffer.is_empty() {
        let len = rustix::rand::getrandom(&mut *buffer, rustix::rand::GetRandomFlags::empty())?;
        buffer = buffer.get_mut(len..).unwrap_or_default();
    }
    Ok(())
}

fn write_new(disk: &Disk, path: &Path, text: &str, mode: u32) -> Result<(), IoError> {
    let file = disk.create_file(path, mode)?;
    let written = disk.write(&file, path, text.as_bytes());
    let written = written.and_then(|()| disk.change("write to", path, || file.sync_all()));
    written.inspect_err(|_| {
        let _stays = disk.remove_file(path).is_err();
    })
}
