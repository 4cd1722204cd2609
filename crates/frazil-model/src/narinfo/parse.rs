//! Reading a narinfo. Problems are worded as in Nix.

use std::collections::BTreeSet;

use super::{Compression, NarInfo};
use crate::content_address::{ContentAddress, ContentAddressError};
use crate::fields::{FieldError, fields};
use crate::hash::{Hash, HashError, Sha256};
use crate::nar::NarDigest;
use crate::signature::Signature;
use crate::store_path::{StoreDir, StorePath, StorePathError};

/// A text is not a narinfo.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NAR info is corrupt: {problem}{}", .line.map(|line| format!(" at line {line}")).unwrap_or_default())]
pub struct NarInfoError {
    /// The line with the problem, from 1; none if a field is missing.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: NarInfoProblem,
}

/// What is wrong with the text of a narinfo.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NarInfoProblem {
    /// Not text.
    #[error("not UTF-8")]
    Utf8,
    /// Not a field.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A field is there twice.
    #[error("extra {0}")]
    Twice(&'static str),
    /// A field is not there, or is empty.
    #[error("{0} missing")]
    Missing(&'static str),
    /// A size is not a number.
    #[error("invalid {0}")]
    Size(&'static str),
    /// The NAR has no bytes, which no NAR has.
    #[error("NarSize missing or zero")]
    NoSize,
    /// Not a hash.
    #[error("bad hash: {0}")]
    Hash(#[from] HashError),
    /// Not a store path.
    #[error(transparent)]
    Path(#[from] StorePathError),
    /// Not a content address.
    #[error(transparent)]
    ContentAddress(#[from] ContentAddressError),
}

#[derive(Default)]
struct Found {
    path: Option<StorePath>,
    url: Option<String>,
    compression: Option<Compression>,
    file_hash: Option<Hash>,
    file_size: Option<u64>,
    nar_hash: Option<Sha256>,
    nar_size: Option<u64>,
    references: Option<BTreeSet<StorePath>>,
    deriver: Option<StorePath>,
    signatures: BTreeSet<Signature>,
    content_address: Option<ContentAddress>,
}

pub(super) fn narinfo(dir: &StoreDir, text: &[u8]) -> Result<NarInfo, NarInfoError> {
    let text = std::str::from_utf8(text)
        .map_err(|_| NarInfoError { line: None, problem: NarInfoProblem::Utf8 })?;
    let mut found = Found::default();
    for (line, field) in fields(text) {
        field
            .map_err(NarInfoProblem::from)
            .and_then(|(key, value)| found.field(dir, key, value))
            .map_err(|problem| NarInfoError { line: Some(line), problem })?;
    }
    found.finish().map_err(|problem| NarInfoError { line: None, problem })
}

impl Found {
    fn field(&mut self, dir: &StoreDir, key: &str, value: &str) -> Result<(), NarInfoProblem> {
        match key {
            "StorePath" => once(&mut self.path, "StorePath", dir.parse(value.as_bytes())?),
            "URL" => once(&mut self.url, "URL", value.to_owned()),
            "Compression" => {
                once(&mut self.compression, "Compression", Compression::of_name(value))
            }
            "FileHash" => once(&mut self.file_hash, "FileHash", value.parse()?),
            "FileSize" => once(&mut self.file_size, "FileSize", size("FileSize", value)?),
            "NarHash" => {
                let hash: Hash = value.parse()?;
                once(&mut self.nar_hash, "NarHash", hash.try_into()?)
            }
            "NarSize" => once(&mut self.nar_size, "NarSize", size("NarSize", value)?),
            "References" => {
                let references: Result<_, _> =
                    value.split(' ').filter(|word| !word.is_empty()).map(str::parse).collect();
                once(&mut self.references, "References", references?)
            }
            "Deriver" if value == "unknown-deriver" => Ok(()),
            "Deriver" => once(&mut self.deriver, "Deriver", value.parse()?),
            "Sig" => {
                // One that cannot be read vouches for nothing.
                self.signatures.extend(value.parse::<Signature>());
                Ok(())
            }
            "CA" if value.is_empty() => Ok(()),
            "CA" => once(&mut self.content_address, "CA", value.parse()?),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<NarInfo, NarInfoProblem> {
        let path = self.path.ok_or(NarInfoProblem::Missing("StorePath"))?;
        let hash = self.nar_hash.ok_or(NarInfoProblem::Missing("NarHash"))?;
        let url = self.url.filter(|url| !url.is_empty()).ok_or(NarInfoProblem::Missing("URL"))?;
        let size = self.nar_size.filter(|size| *size > 0).ok_or(NarInfoProblem::NoSize)?;
        Ok(NarInfo {
            path,
            url,
            compression: self.compression.unwrap_or(Compression::Bzip2),
            file_hash: self.file_hash,
            file_size: self.file_size,
            nar: NarDigest { hash, size },
            references: self.references.unwrap_or_default(),
            deriver: self.deriver,
            signatures: self.signatures,
            content_address: self.content_address,
        })
    }
}

fn once<T>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), NarInfoProblem> {
    if slot.replace(value).is_some() { Err(NarInfoProblem::Twice(key)) } else { Ok(()) }
}

fn size(key: &'static str, text: &str) -> Result<u64, NarInfoProblem> {
    // `parse` would take a leading `+`.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NarInfoProblem::Size(key));
    }
    text.parse().map_err(|_| NarInfoProblem::Size(key))
}
