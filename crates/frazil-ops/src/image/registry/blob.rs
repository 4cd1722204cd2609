//! Sending one blob: not at all if it is there, from another repository if it is there, in pieces
//! if it is large.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;

use frazil_image::oci::Blob;
use frazil_store::fetch::{Answer, OpenContents, Url};

use super::RegistryError;
use super::client::Repository;

/// How often an upload goes on after a failure.
const RESUMES_MAX: u32 = 8;
const BYTES: (&str, &str) = ("Content-Type", "application/octet-stream");

/// What became of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It was there.
    Present,
    /// Another repository of the registry had it.
    Mounted,
    /// All of it went over the wire.
    Whole,
}

/// Where the bytes of a blob are.
#[derive(Clone, Copy)]
pub(super) enum BlobBytes<'b> {
    Here(&'b [u8]),
    File(&'b Path),
}

impl BlobBytes<'_> {
    fn open(&self, from: u64, size: u64) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Self::Here(bytes) => {
                let rest = bytes.get(from as usize..).unwrap_or_default();
                Ok(Box::new(rest.take(size)))
            }
            Self::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(from))?;
                Ok(Box::new(file.take(size)))
            }
        }
    }
}

/// Sees to it that the repository has a blob.
pub(super) fn send(
    repository: &Repository<'_>,
    blob: &Blob,
    bytes: BlobBytes<'_>,
) -> Result<Sent, RegistryError> {
    if repository.has_blob(blob)? {
        return Ok(Sent::Present);
    }
    let mut begun = None;
    for source in repository.sources() {
        let path = format!("blobs/uploads/?mount={}&from={source}", blob.reference());
        let answer = repository.ask("POST", &repository.url(&path)?, &[], None)?;
        match answer.status {
            201 => return Ok(Sent::Mounted),
            // It has not; an upload was begun in its place.
            202 => begun = Some(answer),
            _ => {}
        }
    }
    let location = match begun {
        Some(begun) => repository.location(&begun)?,
        None => begin(repository)?,
    };
    upload(repository, location, blob, bytes)?;
    Ok(Sent::Whole)
}

/// Begins an upload. Returns where to go on.
fn begin(repository: &Repository<'_>) -> Result<Url, RegistryError> {
    let begun = repository.ask("POST", &repository.url("blobs/uploads/")?, &[], None)?;
    if begun.status != 202 {
        return Err(repository.refused("store a blob", &begun));
    }
    repository.location(&begun)
}

/// Sends all, in one request or in pieces. When the end of it fails, the blob may be there all the
/// same; if it is not, of what was sent in one request a part may have arrived, and it is sent as
/// another upload.
fn upload(
    repository: &Repository<'_>,
    mut location: Url,
    blob: &Blob,
    bytes: BlobBytes<'_>,
) -> Result<(), RegistryError> {
    let in_pieces = blob.size > repository.piece_bytes;
    let open = || bytes.open(0, blob.size);
    let body = (!in_pieces).then_some((blob.size, &open as &OpenContents<'_>));
    let mut failures = 0;
    let mut is_sent = false;
    loop {
        if in_pieces && !is_sent {
            location = send_pieces(repository, location, blob, bytes)?;
        }
        match finish(repository, &location, blob, body) {
            Err(RegistryError::Fetch(error)) => {
                repository.wait_after(error, &mut failures)?;
                is_sent = in_pieces;
            }
            // It has given the upload up, or ended it before.
            Err(RegistryError::Refused { status: 404, .. }) if failures < RESUMES_MAX => {
                failures += 1;
                is_sent = false;
            }
            done => return done,
        }
        if repository.has_blob(blob)? {
            return Ok(());
        }
        if !is_sent {
            location = begin(repository)?;
        }
    }
}

/// Sends all pieces; after a failure the registry says how far it has come. Returns where to end.
fn send_pieces(
    repository: &Repository<'_>,
    mut location: Url,
    blob: &Blob,
    bytes: BlobBytes<'_>,
) -> Result<Url, RegistryError> {
    let (mut sent, mut resumes) = (0, 0);
    while sent < blob.size {
        let size = repository.piece_bytes.min(blob.size - sent);
        let range = format!("{sent}-{}", sent + size - 1);
        let open = || bytes.open(sent, size);
        let body = Some((size, &open as &OpenContents<'_>));
        let headers = [BYTES, ("Content-Range", range.as_str())];
        let failure = match repository.ask_once("PATCH", &location, &headers, body) {
            Ok(answer) if matches!(answer.status, 202 | 204) => {
                location = repository.location(&answer)?;
                sent += size;
                continue;
            }
            // What broke off before may have arrived behind the answer that told how far it was.
            Ok(answer) if matches!(answer.status, 400 | 404 | 416) => {
                repository.refused("store a blob", &answer)
            }
            Ok(answer) => return Err(repository.refused("store a blob", &answer)),
            Err(RegistryError::Fetch(error)) if error.is_transient() => error.into(),
            Err(error) => return Err(error),
        };
        resumes += 1;
        if resumes > RESUMES_MAX {
            return Err(failure);
        }
        let state = repository.ask("GET", &location, &[], None)?;
        (sent, location) = match state.status {
            204 => (received(&state), repository.location(&state)?),
            // Some registries give up an upload of which a piece broke off.
            400 | 404 | 416 => (0, begin(repository)?),
            _ => return Err(failure),
        };
    }
    Ok(location)
}

/// How many bytes the registry has: `Range: 0-LAST`.
fn received(state: &Answer) -> u64 {
    let range = state.header("range").unwrap_or_default();
    let last = range.rsplit('-').next().and_then(|last| last.parse::<u64>().ok());
    // Registries write `0-0` when they have nothing.
    last.filter(|last| *last > 0).map_or(0, |last| last + 1)
}

fn finish(
    repository: &Repository<'_>,
    location: &Url,
    blob: &Blob,
    body: Option<(u64, &OpenContents<'_>)>,
) -> Result<(), RegistryError> {
    let separator = if location.as_str().contains('?') { '&' } else { '?' };
    let url: Url = format!("{location}{separator}digest={}", blob.reference()).parse()?;
    let answer = repository.ask_once("PUT", &url, &[BYTES], body)?;
    if answer.is_success() { Ok(()) } else { Err(repository.refused("store a blob", &answer)) }
}
