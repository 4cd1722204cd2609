//! What caches said, kept on the disk for later processes: narinfos, and that there was none.
//!
//! Nothing here is believed more than the cache itself. Forgetting is always right, so a database
//! that fails while it is used is silently as good as empty.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::fetch::Url;
use crate::fs::{Disk, IoError};
use crate::store::Clock;

/// The version of the tables; another one is another file.
const FILE: &str = "caches-v1.sqlite";
const TABLES: &str = "
    create table if not exists CacheInfos (
        cache text primary key not null, time integer not null, text blob not null);
    create table if not exists NarInfos (
        cache text not null, digest text not null, time integer not null, text blob,
        primary key (cache, digest)) without rowid;";
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// For how long an answer counts, in seconds. The defaults are those of Nix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupOptions {
    /// That a path is there.
    pub present: i64,
    /// That it is not.
    pub absent: i64,
    /// What a cache says about itself.
    pub cache_info: i64,
}

impl LookupOptions {
    /// For what is always asked again.
    pub const NEVER: i64 = -1;
}

impl Default for LookupOptions {
    fn default() -> Self {
        const HOUR: i64 = 60 * 60;
        Self { present: 30 * 24 * HOUR, absent: HOUR, cache_info: 7 * 24 * HOUR }
    }
}

/// Why there is no place for answers.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The database failed.
    #[error("cannot open '{}', which keeps what binary caches said", file.display())]
    Sql {
        /// The file.
        file: PathBuf,
        /// What failed.
        source: rusqlite::Error,
    },
}

impl LookupError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::Sql { .. } => Some("remove the file; nothing but time is lost"),
        }
    }
}

/// The answers of all caches. Several processes may use one file.
pub struct Lookups {
    connection: Mutex<Connection>,
    options: LookupOptions,
    clock: Arc<Clock>,
}

/// What is known of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Unknown,
    Absent,
    Present(Vec<u8>),
}

impl Lookups {
    /// Opens what is kept in a directory, which is made where there is none.
    pub fn open(
        directory: &Path,
        options: LookupOptions,
        disk: &Disk,
        clock: Arc<Clock>,
    ) -> Result<Self, LookupError> {
        disk.create_dirs(directory)?;
        let file = directory.join(FILE);
        disk.change("open", &file, || Ok(()))?;
        let connection =
            connect(&file).map_err(|source| LookupError::Sql { file: file.clone(), source })?;
        let lookups = Self { connection: Mutex::new(connection), options, clock };
        lookups.forget_what_is_old();
        Ok(lookups)
    }

    /// Once a day, so that what counts no more does not fill the disk.
    fn forget_what_is_old(&self) {
        const DAY: i64 = 24 * 60 * 60;
        let today = (self.clock)() / DAY;
        let connection = self.connection();
        let last = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        if last.is_ok_and(|last| last == today) {
            return;
        }
        let _later = connection.pragma_update(None, "user_version", today).is_err();
        drop(connection);
        let (absent_from, _) = self.since(self.options.absent);
        let (present_from, _) = self.since(self.options.present);
        let sql = "delete from NarInfos where time < case when text is null then ? else ? end";
        self.write(sql, params![absent_from, present_from]);
        let (from, _) = self.since(self.options.cache_info);
        self.write("delete from CacheInfos where time < ?", params![from]);
    }

    pub(super) fn cache_info(&self, cache: &Url) -> Option<Vec<u8>> {
        let sql = "select text from CacheInfos where cache = ? and time between ? and ?";
        let (from, to) = self.since(self.options.cache_info);
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql).ok()?;
        statement.query_row(params![cache.as_str(), from, to], |row| row.get(0)).ok()
    }

    pub(super) fn put_cache_info(&self, cache: &Url, text: &[u8]) {
        let sql = "insert or replace into CacheInfos values (?, ?, ?)";
        self.write(sql, params![cache.as_str(), (self.clock)(), text]);
    }

    pub(super) fn narinfo(&self, cache: &Url, digest: &str) -> Answer {
        let (absent_from, to) = self.since(self.options.absent);
        let (present_from, _) = self.since(self.options.present);
        let sql = "select text from NarInfos where cache = ? and digest = ? and time <= ?
                   and time >= case when text is null then ? else ? end";
        let connection = self.connection();
        let Ok(mut statement) = connection.prepare_cached(sql) else { return Answer::Unknown };
        let row = statement
            .query_row(params![cache.as_str(), digest, to, absent_from, present_from], |row| {
                row.get::<_, Option<Vec<u8>>>(0)
            })
            .optional();
        match row {
            Ok(Some(Some(text))) => Answer::Present(text),
            Ok(Some(None)) => Answer::Absent,
            Ok(None) | Err(_) => Answer::Unknown,
        }
    }

    pub(super) fn put_narinfo(&self, cache: &Url, digest: &str, text: Option<&[u8]>) {
        let sql = "insert or replace into NarInfos values (?, ?, ?, ?)";
        self.write(sql, params![cache.as_str(), digest, (self.clock)(), text]);
    }

    pub(super) fn forget(&self, cache: &Url, digest: &str) {
        let sql = "delete from NarInfos where cache = ? and digest = ?";
        self.write(sql, params![cache.as_str(), digest]);
    }

    #[cfg(test)]
    pub(super) fn rows(&self) -> i64 {
        let sql = "select (select count(*) from NarInfos) + (select count(*) from CacheInfos)";
        self.connection().query_row(sql, [], |row| row.get(0)).unwrap_or(-1)
    }

    fn write(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) {
        let connection = self.connection();
        let _lost = connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .is_err();
    }

    /// The times in which something must have been said, so that it counts; none in the future.
    fn since(&self, seconds: i64) -> (i64, i64) {
        let now = (self.clock)();
        (now.saturating_sub(seconds), now)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // Every statement is a transaction, so a panic left none half done.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // After a power failure the answers may be lost.
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}
