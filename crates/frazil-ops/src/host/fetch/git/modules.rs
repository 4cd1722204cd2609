//! What configuration files of git say about submodules and remotes.

use std::path::{Path, PathBuf};

use frazil_eval::host::HostError;
use gix_config::File;
use gix_config::file::Metadata;
use gix_object::bstr::{BString, ByteSlice};

use super::super::super::path_of;
use super::repository::{Repository, read_if_there};

/// A section of `.gitmodules`.
pub(super) struct Submodule {
    pub(super) name: BString,
    pub(super) path: BString,
    pub(super) url: String,
}

/// The configuration in a file, empty if there is none.
pub(super) fn config(path: &Path) -> Result<File, HostError> {
    parse(&read_if_there(path)?.unwrap_or_default(), &path.display().to_string())
}

fn parse(text: &[u8], name: &str) -> Result<File, HostError> {
    let options = gix_config::file::init::Options::default();
    let config = File::from_bytes_no_includes(text, Metadata::api(), options);
    config.map_err(|error| HostError::Store(format!("parsing '{name}': {error}")))
}

/// The submodules that the text of a `.gitmodules` file names.
pub(super) fn submodules(text: &[u8]) -> Result<Vec<Submodule>, HostError> {
    let config = parse(text, ".gitmodules")?;
    let mut found = Vec::new();
    for section in config.sections_by_name("submodule").into_iter().flatten() {
        let Some(name) = section.header().subsection_name() else { continue };
        let Some(path) = section.value("path") else { continue };
        let url = section.value("url").map(|url| url.to_string()).unwrap_or_default();
        let path: BString = path.trim_end_with(|char| char == '/').into();
        if !is_inside(&path) {
            return Err(HostError::Store(format!(
                "the path '{path}' of the Git submodule '{name}' leads out of the repository"
            )));
        }
        found.push(Submodule { name: name.to_owned(), path, url });
    }
    Ok(found)
}

/// The URL of a submodule: a relative one is meant from the remote of the repository around it, or
/// else from its place on the disk.
pub(super) fn resolve_url(
    url: &str,
    repository: &Repository,
    location: &Path,
) -> Result<String, HostError> {
    if !url.starts_with("./") && !url.starts_with("../") {
        return Ok(url.to_owned());
    }
    let base = remote_url(repository)?.unwrap_or_else(|| location.display().to_string());
    let mut base = base.trim_end_matches('/').to_owned();
    let mut rest = url;
    loop {
        if let Some(below) = rest.strip_prefix("./") {
            rest = below;
        } else if let Some(below) = rest.strip_prefix("../") {
            rest = below;
            let end = base
                .rfind(['/', ':'])
                .ok_or_else(|| HostError::Store(format!("resolving Git submodule URL '{url}'")))?;
            base.truncate(end);
        } else {
            return Ok(format!("{base}/{rest}"));
        }
    }
}

/// The URL of the remote that the current branch follows, or else of `origin`.
fn remote_url(repository: &Repository) -> Result<Option<String>, HostError> {
    let config = config(&repository.common_dir.join("config"))?;
    let head = repository.head_reference()?;
    let branch = head.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
    let remote = branch
        .and_then(|branch| config.string_by("branch", Some(branch.into()), "remote"))
        .unwrap_or_else(|| "origin".into());
    let url = config.string_by("remote", Some(remote.as_bstr()), "url");
    Ok(url.map(|url| url.to_string()))
}

/// Where the repository of a submodule lies that was checked out once.
pub(super) fn git_dir(repository: &Repository, submodule: &Submodule) -> Option<PathBuf> {
    let path = repository.common_dir.join("modules").join(path_of(&submodule.name));
    (is_inside(&submodule.name) && path.join("HEAD").is_file()).then_some(path)
}

/// Whether a path stays below where it starts.
fn is_inside(path: &[u8]) -> bool {
    path.split_str("/").all(|part| !matches!(part, b"" | b"." | b".."))
}
