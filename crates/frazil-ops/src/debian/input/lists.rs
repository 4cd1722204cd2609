//! Fetching lists of packages: from any of several places, as long as the hash is right.

use std::io::{self, Read};

use frazil_model::{Hash, HashFormat, Sha256};
use frazil_store::fetch::{Client, Url};

use super::InputError;
use crate::debian::lock::LockedList;
use crate::debian::mirrors::Mirror;
use crate::debian::source::List;

/// Compressed and not; the largest list has 10 and 57 MB.
const LIST_BYTES_MAX: u64 = 256 << 20;
const LIST_TEXT_BYTES_MAX: u64 = 1 << 30;
/// What `xz -9` needs, and more.
const DECODER_BYTES_MAX: u64 = 256 << 20;
/// The compressed forms of a list that an archive may have.
const LIST_NAMES: [&str; 2] = ["Packages.xz", "Packages.gz"];

/// A list to be fetched: from where, and what is known of it.
pub(super) struct Pending {
    pub(super) locked: LockedList,
    /// The best first.
    pub(super) places: Vec<Place>,
    /// From the release file.
    pub(super) size: Option<u64>,
    pub(super) unpacked: Option<Sha256>,
}

/// Where a list may be.
pub(super) struct Place {
    mirror: Url,
    /// Below it.
    path: String,
    /// Whether nothing else can be there.
    is_by_hash: bool,
}

impl Place {
    /// A place where the next list takes the place of this one.
    pub(super) fn plain(mirror: &Mirror, path: String) -> Self {
        Self { mirror: mirror.url.clone(), path, is_by_hash: false }
    }
}

impl LockedList {
    pub(super) fn by_hash(&self, mirror: &Mirror, architecture: &str) -> Place {
        let path = self.by_hash_path(architecture);
        Place { mirror: mirror.url.clone(), path, is_by_hash: true }
    }

    /// By its hash or, since a snapshot may keep files by their names only, by its name; `suite` is
    /// what the directory is called.
    pub(super) fn anywhere(&self, mirror: &Mirror, suite: &str, architecture: &str) -> Vec<Place> {
        let folder = format!("dists/{suite}/{}/binary-{architecture}", self.component);
        let plain = LIST_NAMES.map(|name| Place::plain(mirror, format!("{folder}/{name}")));
        std::iter::once(self.by_hash(mirror, architecture)).chain(plain).collect()
    }
}

/// Fetches and unpacks one list.
pub(super) fn fetch_list(client: &Client, pending: &Pending) -> Result<List, InputError> {
    let locked = &pending.locked;
    let list = format!("{} ({})", locked.suite, locked.component);
    let compressed = fetch_compressed(client, pending, &list)?;
    let text =
        unpack(&compressed).map_err(|source| InputError::Unpack { list: list.clone(), source })?;
    if pending.unpacked.is_some_and(|expected| Sha256::of(&text) != expected) {
        return Err(InputError::Unpacked { list });
    }
    Ok(List { text, compressed_bytes: compressed.len() as u64 })
}

fn fetch_compressed(client: &Client, pending: &Pending, list: &str) -> Result<Vec<u8>, InputError> {
    let bytes_max = pending.size.unwrap_or(LIST_BYTES_MAX).min(LIST_BYTES_MAX);
    let mut tried = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    let mut is_gone = true;
    // Whoever gives something wrong for the hash is not asked for names.
    let mut refused: Option<&Url> = None;
    for place in &pending.places {
        if !place.is_by_hash && refused == Some(&place.mirror) {
            continue;
        }
        let fetched = place
            .mirror
            .below(&place.path)
            .map_err(|error| (error.to_string(), false))
            .and_then(|url| get_list(client, &url, bytes_max, pending.locked.sha256));
        match fetched {
            Ok(bytes) => return Ok(bytes),
            Err((problem, is_absent)) => {
                tried.push(problem);
                is_gone &= is_absent || !place.is_by_hash;
                refused = (!is_absent).then_some(&place.mirror);
                asked.push(place.mirror.as_str());
            }
        }
    }
    let list = list.to_owned();
    // A list that was named just now may well be there later.
    if is_gone && pending.size.is_none() {
        asked.dedup();
        let digest = Hash::from(pending.locked.sha256).format(HashFormat::Base16);
        let asked = format!("{} does not have {digest}", asked.join(", nor "));
        Err(InputError::Gone { list, asked })
    } else {
        Err(InputError::List { list, tried: tried.join("; ") })
    }
}

/// What is at the address, if it is the right list; else why not, and whether nothing is there.
fn get_list(
    client: &Client,
    url: &Url,
    bytes_max: u64,
    sha256: Sha256,
) -> Result<Vec<u8>, (String, bool)> {
    let (bytes, info) = client
        .get_bytes(url, bytes_max)
        .map_err(|error| (crate::causes(&error), error.is_absent()))?;
    if Sha256::of(&bytes) == sha256 {
        Ok(bytes)
    } else if info.is_page() {
        Err((format!("{url} is a web page, not a list of packages"), false))
    } else {
        Err((format!("{url} does not have the hash that was signed"), false))
    }
}

/// A list as it was before compression, of which its first bytes tell.
fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let decoder: Box<dyn Read + '_> = if bytes.starts_with(b"\xfd7zXZ") {
        let stream = liblzma::stream::Stream::new_stream_decoder(DECODER_BYTES_MAX, 0)?;
        Box::new(liblzma::read::XzDecoder::new_stream(bytes, stream))
    } else if bytes.starts_with(b"\x1f\x8b") {
        Box::new(flate2::read::MultiGzDecoder::new(bytes))
    } else {
        Box::new(bytes)
    };
    decoder.take(LIST_TEXT_BYTES_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LIST_TEXT_BYTES_MAX {
        return Err(io::Error::other("it has more than 1 GiB uncompressed"));
    }
    Ok(text)
}
