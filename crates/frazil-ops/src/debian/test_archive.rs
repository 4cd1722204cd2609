//! A mirror on this machine that answers as a test says. For tests only.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use frazil_store::fetch::{Client, FetchOptions};
pub(crate) use frazil_testkit::server::Reply;
use frazil_testkit::server::Server;

use super::{Archives, ArchivesPlan, MirrorSetting, parse_snapshots};

/// Within the time for which the release files of the fixtures are valid: 2026-01-02.
pub(crate) const NOW: u64 = 1_767_312_000;

/// The files that `make.sh` made.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/debian")
}

pub(crate) fn fixture(path: &str) -> Vec<u8> {
    fs::read(fixtures().join("archive").join(path)).unwrap()
}

/// How tests reach a mirror: without patience.
pub(crate) fn fetch_options() -> FetchOptions {
    FetchOptions {
        attempts: 1,
        idle_timeout: Duration::from_millis(300),
        wait: Arc::new(|_| {}),
        ..FetchOptions::default()
    }
}

pub(crate) fn client() -> Client {
    Client::new(fetch_options()).unwrap()
}

/// Archives at this mirror, whose keys are in the fixtures' keyring of that name.
pub(crate) fn archives(mirror: &str, keyring: &str) -> Arc<Archives> {
    archives_of(mirror, keyring, &[])
}

/// Archives at this mirror, and at the addresses of snapshots.
pub(crate) fn archives_with_snapshots(mirror: &str, snapshots: &[String]) -> Arc<Archives> {
    archives_of(mirror, "key.gpg", snapshots)
}

fn archives_of(mirror: &str, keyring: &str, snapshots: &[String]) -> Arc<Archives> {
    Arc::new(Archives::new(ArchivesPlan {
        named: vec![MirrorSetting::parse(mirror).unwrap()],
        snapshots: snapshots.iter().map(|text| parse_snapshots(text).unwrap()).collect(),
        keyrings: vec![fixtures().join(keyring)],
        machine_root: PathBuf::from("/nowhere"),
    }))
}

pub(crate) struct TestMirror(Server);

impl TestMirror {
    /// Has the archive of the fixtures, but for what `change` answers otherwise.
    pub(crate) fn start(change: impl Fn(&str) -> Option<Reply> + Send + 'static) -> Self {
        Self(Server::start(move |request| {
            let path = request.path();
            change(path).unwrap_or_else(|| Self::stored(&format!("archive/{path}")))
        }))
    }

    /// With nothing changed.
    pub(crate) fn honest() -> Self {
        Self::start(|_| None)
    }

    pub(crate) fn mirror(&self) -> String {
        self.address("debian")
    }

    /// The address of something else that it has.
    pub(crate) fn address(&self, path: &str) -> String {
        self.0.address(path)
    }

    /// The file of the fixtures at this path.
    pub(crate) fn stored(path: &str) -> Reply {
        fs::read(fixtures().join(path)).map_or(Reply::Absent, Reply::File)
    }

    /// The paths that were asked for, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.0.asked();
        asked.iter().map(|asked| asked.trim_start_matches("GET ").to_owned()).collect()
    }
}
