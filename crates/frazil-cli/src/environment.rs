//! The environment of the process, read once.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::command_error::CommandError;

/// Variables, directory and time at the start of the process.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) variables: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) directory: PathBuf,
    /// Seconds since 1970-01-01 UTC.
    pub(crate) now: i64,
}

impl Environment {
    pub(crate) fn of_process() -> Result<Self, CommandError> {
        let variables =
            std::env::vars_os().map(|(name, value)| (name.into_vec(), value.into_vec())).collect();
        let directory = std::env::current_dir().map_err(|source| CommandError::Io {
            action: "find the",
            path: "current directory".into(),
            source,
        })?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        Ok(Self { variables, directory, now })
    }

    /// A variable, if it is set to text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.variables.get(name.as_bytes()).and_then(|value| std::str::from_utf8(value).ok())
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.text("HOME").filter(|home| home.starts_with('/')).map(PathBuf::from)
    }

    /// A file as an absolute path without `.` and `..`, links not followed.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        frazil_ops::path::normal(&self.directory.join(path))
    }

    /// Where what should survive and is large, such as the store, is kept.
    pub(crate) fn data_directory(&self) -> Option<PathBuf> {
        let named = self.text("XDG_DATA_HOME").filter(|path| path.starts_with('/'));
        let data = named.map(PathBuf::from).or_else(|| Some(self.home()?.join(".local/share")));
        Some(data?.join("frazil"))
    }

    /// The user's directory of settings.
    pub(crate) fn config_directory(&self) -> Option<PathBuf> {
        let named = self.text("XDG_CONFIG_HOME").filter(|path| path.starts_with('/'));
        named.map(PathBuf::from).or_else(|| Some(self.home()?.join(".config")))
    }

    /// Where what can be had again is kept.
    pub(crate) fn cache_directory(&self) -> Option<PathBuf> {
        let named = self.text("XDG_CACHE_HOME").filter(|path| path.starts_with('/'));
        let cache = named.map(PathBuf::from).or_else(|| Some(self.home()?.join(".cache")));
        Some(cache?.join("frazil"))
    }

    /// Where files are that nobody needs for long.
    pub(crate) fn temporary_directory(&self) -> PathBuf {
        self.text("TMPDIR").filter(|path| path.starts_with('/')).unwrap_or("/tmp").into()
    }

    /// Where state that should survive, such as the history, is kept.
    pub(crate) fn state_directory(&self) -> Option<PathBuf> {
        let named = self.text("XDG_STATE_HOME").filter(|path| path.starts_with('/'));
        let state = named.map(PathBuf::from).or_else(|| Some(self.home()?.join(".local/state")));
        Some(state?.join("frazil"))
    }
}
