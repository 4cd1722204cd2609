//! Fetching into a file, which has its name only once it is whole and right.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use frazil_model::{Hash, Hasher};

use super::body::Body;
use super::error::{FetchError, FetchProblem};
use super::{COPY_BYTES, Client, ContentInfo, Url};
use crate::add::HashMismatch;
use crate::fs::{IoError, metadata, open};

/// What to fetch into a file.
#[derive(Clone, Copy, Debug)]
pub struct DownloadOptions {
    /// What the contents must hash to. With it, what an earlier process left half done is gone on
    /// with.
    pub hash: Option<Hash>,
    /// The most bytes that are taken.
    pub bytes_max: u64,
}

/// What was fetched into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// How many bytes the file has.
    pub size: u64,
    /// What the server says about it.
    pub info: ContentInfo,
}

impl Client {
    /// Fetches a resource into the file `goal`, in place of what is there.
    ///
    /// Until all has come and was checked, it is in `goal` with `.part` added to its name. Two
    /// processes must not fetch into one file at once.
    pub fn download(
        &self,
        url: &Url,
        goal: &Path,
        options: &DownloadOptions,
    ) -> Result<Downloaded, FetchError> {
        let part = part_of(goal);
        let had = if options.hash.is_some() { part_bytes(url, &part)? } else { 0 };
        let done = match self.download_from(url, &part, had, options) {
            // What was left is of another version, or was damaged.
            Err(err) if had > 0 && spoils_part(&err) => self.download_from(url, &part, 0, options),
            done => done,
        };
        let done = match done {
            Err(err) if spoils_part(&err) || options.hash.is_none() => {
                // Whatever cannot be gone on with is in the way; the error tells more than this.
                let _stays = self.options().disk.remove_file(&part).is_err();
                return Err(err);
            }
            done => done?,
        };
        let disk = &self.options().disk;
        disk.rename(&part, goal).map_err(|err| FetchError::new(url, err.into()))?;
        Ok(done)
    }

    fn download_from(
        &self,
        url: &Url,
        part: &Path,
        had: u64,
        options: &DownloadOptions,
    ) -> Result<Downloaded, FetchError> {
        let failed = |err: IoError| FetchError::new(url, err.into());
        let mut hasher = options.hash.map(|hash| Hasher::new(hash.algorithm()));
        let mut body = Body::open(self, url, &[], had, options.bytes_max)?;
        let disk = &self.options().disk;
        let file = if body.position() == 0 {
            disk.remove_file(part).map_err(failed)?;
            disk.create_file(part, 0o644).map_err(failed)?
        } else {
            hash_file(part, hasher.as_mut()).map_err(failed)?;
            disk.change("open", part, || OpenOptions::new().append(true).open(part))
                .map_err(failed)?
        };
        body.copy_to(&mut |bytes| {
            if let Some(hasher) = &mut hasher {
                hasher.update(bytes);
            }
            disk.write(&file, part, bytes).map_err(failed)
        })?;
        sync(&file, part).map_err(failed)?;
        let found = hasher.map(Hasher::finish);
        if let (Some(specified), Some(found)) = (options.hash, found)
            && specified != found
        {
            let mismatch = || FetchProblem::Hash(Box::new(HashMismatch { specified, found }));
            let problem = if body.info().is_page() { FetchProblem::Page } else { mismatch() };
            return Err(FetchError::new(url, problem));
        }
        Ok(Downloaded { size: body.position(), info: body.info().clone() })
    }
}

/// Whether what has come so far is of no use.
fn spoils_part(err: &FetchError) -> bool {
    match &err.problem {
        FetchProblem::Hash(_)
        | FetchProblem::Page
        | FetchProblem::Changed
        | FetchProblem::TooLarge { .. }
        | FetchProblem::Protocol { .. } => true,
        FetchProblem::Status { .. }
        | FetchProblem::Timeout { .. }
        | FetchProblem::HostNotFound
        | FetchProblem::Connection { .. }
        | FetchProblem::Tls { .. }
        | FetchProblem::NoTls
        | FetchProblem::Proxy { .. }
        | FetchProblem::Redirects
        | FetchProblem::Truncated { .. }
        | FetchProblem::Stopped
        | FetchProblem::File(_)
        | FetchProblem::Target(_)
        | FetchProblem::Write { .. }
        | FetchProblem::Source { .. }
        | FetchProblem::Refused { .. } => false,
    }
}

fn part_bytes(url: &Url, part: &Path) -> Result<u64, FetchError> {
    let found = metadata(part).map_err(|err| FetchError::new(url, err.into()))?;
    Ok(found.filter(std::fs::Metadata::is_file).map_or(0, |found| found.len()))
}

fn part_of(goal: &Path) -> PathBuf {
    let mut name = goal.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    goal.with_file_name(name)
}

fn hash_file(path: &Path, hasher: Option<&mut Hasher>) -> Result<(), IoError> {
    let Some(hasher) = hasher else { return Ok(()) };
    let mut file = open(path)?;
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let len = file.read(&mut buffer).map_err(IoError::on("read", path))?;
        match buffer.get(..len) {
            None | Some([]) => return Ok(()),
            Some(bytes) => hasher.update(bytes),
        }
    }
}

fn sync(file: &File, path: &Path) -> Result<(), IoError> {
    file.sync_all().map_err(IoError::on("write to", path))
}
