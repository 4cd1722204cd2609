//! `builtin:fetch-deb`: one package file of Debian's archive.
//!
//! The derivation names the archive and the path below it, `debian:ARCHIVE/pool/..`, its size and its
//! hash, which the signed index gave; mirrors are found when it is built. `snapshot` is a date on
//! which the archive had the file, for what mirrors have no more.

#[cfg(test)]
mod tests;

use std::path::Path;

use frazil_build::builtin::{BuiltinError, BuiltinTask};
use frazil_debian::Date;
use frazil_model::derivation::DerivationOutput;
use frazil_model::{Derivation, Hash};
use frazil_store::fetch::{Client, DownloadOptions, FetchError, FetchProblem};

use super::{AttributeProblem, Tools, out, required, variable};
use crate::debian::{ArchiveName, Archives, Mirror, NoMirror};

const SCHEME: &str = "debian:";

/// Why a package file was not fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum DebFetchError {
    #[error("'{url}' is not a file of Debian's archive")]
    Url { url: String },
    #[error("'builtin:fetch-deb' must be a fixed-output derivation with a flat hash")]
    NotFixed,
    #[error("cannot fetch {file}: {problem}")]
    NoMirror { file: String, problem: NoMirror },
    #[error(
        "no mirror has the package {} any more: {file} is not at {asked}; lock the suite anew with `frazil update`, or name who keeps what is old: a binary cache with `--substituters URL`, or snapshots of the archive with `--snapshot-mirror URL`",
        package(file)
    )]
    Gone { file: String, asked: String },
    #[error("cannot fetch {file}: {tried}")]
    Failed { file: String, tried: String },
}

pub(super) fn build(
    task: &BuiltinTask<'_>,
    tools: &Tools,
    log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let url = required(task.derivation, "url")?;
    let wrong = || DebFetchError::Url { url: url.to_owned() };
    let (archive, path) =
        url.strip_prefix(SCHEME).and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
    let archive = ArchiveName::parse(archive).ok_or_else(wrong)?;
    let size: u64 = required(task.derivation, "size")?
        .parse()
        .map_err(|_| AttributeProblem::Wrong { name: "size", wanted: "a number of bytes" })?;
    let hash = hash(task.derivation).ok_or(DebFetchError::NotFixed)?;
    let suite = variable(task.derivation, "suite")?.unwrap_or_default();
    let at = variable(task.derivation, "snapshot")?.and_then(Date::parse_stamp);
    let mirrors = places(&tools.archives, archive, suite, at)
        .map_err(|problem| DebFetchError::NoMirror { file: path.to_owned(), problem })?;
    let client = tools.network.client()?;
    let options = DownloadOptions { hash: Some(hash), bytes_max: size };
    Ok(fetch(&client, &mirrors, path, &options, out(task)?, log)?)
}

/// Mirrors, and then snapshots.
fn places(
    archives: &Archives,
    archive: ArchiveName,
    suite: &str,
    at: Option<Date>,
) -> Result<Vec<Mirror>, NoMirror> {
    let snapshots = at.map(|at| archives.snapshots(archive, at)).unwrap_or_default();
    match archives.mirrors(archive, suite) {
        Ok(mirrors) => Ok([mirrors, snapshots].concat()),
        Err(_) if !snapshots.is_empty() => Ok(snapshots),
        Err(problem) => Err(problem),
    }
}

/// Name and version of a package, of which its file is named.
fn package(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    let mut parts = name.splitn(3, '_');
    let (package, version) = (parts.next().unwrap_or(name), parts.next().unwrap_or_default());
    format!("{package} {}", version.replace("%3a", ":"))
}

/// The hash of the output.
fn hash(derivation: &Derivation) -> Option<Hash> {
    let output = derivation.outputs.values().next()?;
    if let DerivationOutput::Fixed { content, .. } = output { Some(content.hash) } else { None }
}

/// Fetches from the first mirror that has the right file.
fn fetch(
    client: &Client,
    mirrors: &[Mirror],
    path: &str,
    options: &DownloadOptions,
    out: &Path,
    log: &mut dyn FnMut(&[u8]),
) -> Result<(), DebFetchError> {
    let mut failures: Vec<(&Mirror, FetchError)> = Vec::new();
    for mirror in mirrors {
        let Ok(url) = mirror.url.below(path) else {
            return Err(DebFetchError::Url { url: path.to_owned() });
        };
        log(format!("fetching {url}\n").as_bytes());
        match client.download(&url, out, options) {
            Ok(done) if done.size == options.bytes_max => return Ok(()),
            Ok(done) => {
                // The hash is right, so the index lied: no other mirror can do better.
                let bytes = options.bytes_max;
                let tried = format!("it has {} bytes, the index says {bytes}", done.size);
                return Err(DebFetchError::Failed { file: path.to_owned(), tried });
            }
            Err(error) => {
                log(format!("{}\n", crate::causes(&error)).as_bytes());
                failures.push((mirror, error));
            }
        }
    }
    let file = path.to_owned();
    if !failures.is_empty() && failures.iter().all(|(_, error)| error.is_absent()) {
        let asked: Vec<String> =
            failures.iter().map(|(mirror, _)| mirror.url.to_string()).collect();
        return Err(DebFetchError::Gone { file, asked: asked.join(", ") });
    }
    let tried: Vec<String> =
        failures.iter().map(|(_, error)| explained(error, options.bytes_max)).collect();
    Err(DebFetchError::Failed { file, tried: tried.join("; ") })
}

/// What went wrong with one mirror, in the words of the archive.
fn explained(error: &FetchError, bytes: u64) -> String {
    let said = crate::causes(error);
    if matches!(error.problem, FetchProblem::Hash(_) | FetchProblem::TooLarge { .. }) {
        format!(
            "{said} (the signed index says {bytes} bytes with another hash: the mirror, or something between, gave another file)"
        )
    } else {
        said
    }
}
