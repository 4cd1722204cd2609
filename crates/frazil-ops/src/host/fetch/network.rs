//! Downloading: the one way from the fetchers to the network.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use frazil_eval::host::HostError;
use frazil_store::fetch::{Client, FetchOptions, Url};

use super::super::DiskHost;
use super::{OFFLINE_HELP, local_path};

/// The most that is downloaded for one input.
const ARCHIVE_BYTES_MAX: u64 = 2 << 30;

/// How the network is reached. No connection is made before something is wanted.
pub struct Network {
    options: FetchOptions,
    client: Option<Client>,
    /// Where the hosts of forges really are: `https://HOST` becomes the address beside it.
    hosts: BTreeMap<String, String>,
    /// Where clones of git repositories are kept.
    pub(super) clones: Option<PathBuf>,
}

impl Network {
    /// `hosts` are mirrors of forges: an address such as `http://127.0.0.1:8080` for each host.
    pub fn new(options: FetchOptions, hosts: BTreeMap<String, String>) -> Self {
        Self { options, client: None, hosts, clones: None }
    }

    /// Keeps clones of git repositories in this directory.
    #[must_use]
    pub fn keeping_clones_in(mut self, directory: Option<PathBuf>) -> Self {
        self.clones = directory;
        self
    }

    fn get(&mut self, url: &str, wanted: Wanted) -> Result<Vec<u8>, HostError> {
        let refused = |error: &dyn fmt::Display| HostError::Store(error.to_string());
        let place = self.place(url);
        let address: Url = place.parse().map_err(|error| refused(&error))?;
        if self.client.is_none() {
            self.client = Some(Client::new(self.options.clone()).map_err(|error| refused(&error))?);
        }
        let Some(client) = &self.client else { unreachable!("it was made just now") };
        let (bytes, info) = client.get_bytes(&address, wanted.bytes_max()).map_err(|error| {
            let what = error.to_string();
            match error.help() {
                Some(help) => HostError::Unsupported { what, help },
                None => HostError::Store(what),
            }
        })?;
        if wanted == Wanted::Archive && (info.is_page() || looks_like_page(&bytes)) {
            return Err(HostError::Unsupported {
                what: format!("'{url}' is a web page, not an archive"),
                help: "the address may be wrong, or a portal wants a login first",
            });
        }
        Ok(bytes)
    }

    fn place(&self, url: &str) -> String {
        let Some(rest) = url.strip_prefix("https://") else { return url.to_owned() };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        match self.hosts.get(host) {
            Some(other) => format!("{}{path}", other.trim_end_matches('/')),
            None => url.to_owned(),
        }
    }
}

/// Whether these are the first bytes of a page for people, whatever the server says.
fn looks_like_page(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    [b"<!doctype html".as_slice(), b"<html"]
        .iter()
        .any(|tag| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}

/// What is downloaded, which decides how much it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Archive,
    File,
    /// Something small that a program reads: at most so many bytes.
    Answer(u64),
}

impl Wanted {
    fn bytes_max(self) -> u64 {
        match self {
            Self::Archive | Self::File => ARCHIVE_BYTES_MAX,
            Self::Answer(bytes_max) => bytes_max,
        }
    }
}

impl DiskHost<'_> {
    /// What is at a URL: a file of this machine, or something on the network.
    pub(super) fn download(&mut self, url: &str, wanted: Wanted) -> Result<Vec<u8>, HostError> {
        if let Some(path) = local_path(url) {
            return frazil_eval::Host::read(self, super::path_of(&path));
        }
        match &mut self.network {
            Some(network) => network.get(url, wanted),
            None => Err(HostError::Unsupported {
                what: format!("cannot download '{url}'"),
                help: OFFLINE_HELP,
            }),
        }
    }
}
