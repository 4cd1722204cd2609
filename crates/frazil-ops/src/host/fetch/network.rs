//! Downloading: the one way from the fetchers to the network.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use frazil_eval::host::HostError;
use frazil_store::fetch::{Client, ClientError, FetchOptions, Url};

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
    /// By `HOST`, `HOST/OWNER` or `HOST/OWNER/REPO`.
    tokens: BTreeMap<String, String>,
    /// Where clones of git repositories are kept.
    pub(super) clones: Option<PathBuf>,
}

impl Network {
    /// `hosts` are mirrors of forges: an address such as `http://127.0.0.1:8080` for each host.
    pub fn new(options: FetchOptions, hosts: BTreeMap<String, String>) -> Self {
        Self { options, client: None, hosts, tokens: BTreeMap::new(), clones: None }
    }

    /// Shows these tokens to forges, by `HOST`, `HOST/OWNER` or `HOST/OWNER/REPO`.
    #[must_use]
    pub fn with_tokens(mut self, tokens: BTreeMap<String, String>) -> Self {
        self.tokens = tokens;
        self
    }

    /// The token for a repository, `HOST/OWNER/REPO`: the one that is for the fewest others.
    pub(super) fn token(&self, repository: &str) -> Option<&str> {
        let is_for = |place: &str| {
            repository
                .strip_prefix(place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let found = self.tokens.iter().filter(|(place, _)| is_for(place));
        found.max_by_key(|(place, _)| place.len()).map(|(_, token)| token.as_str())
    }

    /// Keeps clones of git repositories in this directory.
    #[must_use]
    pub fn keeping_clones_in(mut self, directory: Option<PathBuf>) -> Self {
        self.clones = directory;
        self
    }

    fn client(&mut self, authorized: Option<(&Url, &str)>) -> Result<Client, ClientError> {
        if let Some((address, value)) = authorized {
            let mut options = self.options.clone();
            options.authorizations.insert(address.host().to_owned(), value.to_owned());
            return Client::new(options);
        }
        match &self.client {
            Some(client) => Ok(client.clone()),
            None => Ok(self.client.insert(Client::new(self.options.clone())?).clone()),
        }
    }

    fn get(
        &mut self,
        url: &str,
        wanted: Wanted,
        authorization: Option<&str>,
    ) -> Result<Vec<u8>, HostError> {
        let refused = |error: &dyn fmt::Display| HostError::Store(error.to_string());
        let place = self.place(url);
        let address: Url = place.parse().map_err(|error| refused(&error))?;
        let authorized = authorization.map(|value| (&address, value));
        let client = self.client(authorized).map_err(|error| refused(&error))?;
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
        self.download_as(url, wanted, None)
    }

    /// The same with a header that says who asks.
    pub(super) fn download_as(
        &mut self,
        url: &str,
        wanted: Wanted,
        authorization: Option<&str>,
    ) -> Result<Vec<u8>, HostError> {
        if let Some(path) = local_path(url) {
            return frazil_eval::Host::read(self, super::path_of(&path));
        }
        match &mut self.network {
            Some(network) => network.get(url, wanted, authorization),
            None => Err(HostError::Unsupported {
                what: format!("cannot download '{url}'"),
                help: OFFLINE_HELP,
            }),
        }
    }
}
