//! Files that clients write: kept in the store until the narinfo comes that names them.
//!
//! What has been written is a small binary cache in a directory, and is taken into the store as from
//! any other one, with all checks. Files stay longer if there is room, since two paths may have the
//! same contents, of which a client sends only one.

use std::fs::{self, File};
use std::io::{self, BufRead, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use frazil_model::NarInfo;
use frazil_model::cache_info::CacheInfo;
use frazil_store::cache::{CACHE_INFO, CacheError, CacheOptions, Caches, NARINFO_BYTES_MAX};
use frazil_store::fetch::{Client, FetchOptions, Url};

use super::held::{Held, Room};
use super::http::Request;
use super::{Server, Writable};

/// Numbers what is only there for a moment.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A request to store something.
pub(super) struct Put<'a> {
    pub(super) server: &'a Server,
    pub(super) writable: &'a Writable,
    pub(super) held: &'a Held,
    pub(super) request: &'a Request,
}

/// The name itself, if it can be nothing but the name of a NAR's file.
fn file_name(name: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_good = name.len() <= 200 && name.contains(".nar") && !name.starts_with('.');
    (is_good && name.bytes().all(is_plain)).then_some(name)
}

impl Put<'_> {
    /// Does it: the status, what there is to say, and whether the body was read to its end.
    pub(super) fn take(
        &self,
        body: &mut dyn BufRead,
        out: impl io::Write,
    ) -> io::Result<(u16, String, bool)> {
        let refuse = |status, reason: &str| Ok((status, reason.to_owned(), false));
        let Some(size) = self.request.body_bytes else {
            return refuse(411, "a body needs a Content-Length here");
        };
        let name = self.request.target.strip_prefix('/').unwrap_or_default();
        if let Some(file) = name.strip_prefix("nar/").map(file_name) {
            let Some(file) = file else { return refuse(400, "not the name of a NAR") };
            if size > self.writable.files_bytes_max {
                return refuse(413, "the file is too large");
            }
            let Some(room) = self.held.room(size) else {
                return refuse(507, "too much is being written at once");
            };
            self.go_on(out)?;
            return match self.keep(file, &mut body.take(size), size, room)? {
                Ok(()) => Ok((201, "stored".into(), true)),
                Err(reason) => refuse(507, &reason),
            };
        }
        let Some(digest) = name.strip_suffix(".narinfo") else {
            return refuse(403, "only NARs and narinfos can be written");
        };
        if size > NARINFO_BYTES_MAX {
            return refuse(413, "the narinfo is too large");
        }
        self.go_on(out)?;
        let mut text = Vec::new();
        if body.take(size).read_to_end(&mut text)? as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(match self.import(digest, &text) {
            Ok(()) => (201, "stored".into(), true),
            Err((status, reason)) => (status, reason, true),
        })
    }

    fn go_on(&self, mut out: impl io::Write) -> io::Result<()> {
        if self.request.expects_continue {
            out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        Ok(())
    }

    /// Keeps a file. The inner error is one of the disk, the outer one of the connection.
    fn keep(
        &self,
        name: &str,
        body: &mut dyn io::Read,
        size: u64,
        room: Room<'_>,
    ) -> io::Result<Result<(), String>> {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let temporary = self.held.place(&format!(".part-{count}"));
        let removed = |err: &io::Error| {
            let _stays = fs::remove_file(&temporary).is_err();
            err.to_string()
        };
        let mut file = match File::create(&temporary) {
            Ok(file) => file,
            Err(err) => return Ok(Err(removed(&err))),
        };
        let mut buffer = vec![0; 64 << 10];
        let mut left = size;
        while left > 0 {
            let len = match body.read(&mut buffer) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                read => read,
            };
            let len = len.inspect_err(|err| drop(removed(err)))?;
            if let Err(err) = file.write_all(buffer.get(..len).unwrap_or_default()) {
                return Ok(Err(removed(&err)));
            }
            left -= len as u64;
        }
        if let Err(err) = fs::rename(&temporary, self.held.place(name)) {
            return Ok(Err(removed(&err)));
        }
        self.held.add(name, room);
        Ok(Ok(()))
    }

    /// Takes a path into the store whose NAR was written.
    fn import(&self, digest: &str, text: &[u8]) -> Result<(), (u16, String)> {
        let store = &self.server.store;
        let info = NarInfo::parse(store.store_dir(), text).map_err(|err| (400, err.to_string()))?;
        if info.path.digest() != digest {
            return Err((400, "the narinfo is about another path".into()));
        }
        let name = info.url.strip_prefix("nar/").and_then(file_name);
        let name = name.ok_or((400, "the narinfo names no NAR of this cache".to_owned()))?;
        if self.held.size(name).is_none() {
            return Err((400, "the NAR was not written before its narinfo".into()));
        }
        let disk = |err: io::Error| (507, err.to_string());
        // A directory for each: two clients may write the same path.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let cache = self.held.place(&format!(".import-{count}"));
        let filled = || -> io::Result<()> {
            fs::create_dir_all(cache.join("nar"))?;
            let info = CacheInfo { store_dir: store.store_dir().clone(), ..CacheInfo::default() };
            fs::write(cache.join(CACHE_INFO), info.to_string())?;
            fs::write(cache.join(format!("{digest}.narinfo")), text)?;
            match fs::hard_link(self.held.place(name), cache.join("nar").join(name)) {
                Err(err) if err.kind() != io::ErrorKind::AlreadyExists => Err(err),
                _ => Ok(()),
            }
        };
        let done = filled().map_err(disk).and_then(|()| {
            self.import_from(&cache, &info).map_err(|err| (status_of(&err), err.to_string()))
        });
        fs::remove_dir_all(&cache).map_err(disk).and(done)
    }

    fn import_from(&self, cache: &Path, info: &NarInfo) -> Result<(), Refused> {
        let client = Client::new(FetchOptions::default()).map_err(|_| Refused::Unusable)?;
        let url = Url::of_file(cache).map_err(|_| Refused::Unusable)?;
        let options = CacheOptions {
            trusted_keys: self.writable.trusted_keys.clone(),
            require_signatures: self.writable.require_signatures,
            ..CacheOptions::default()
        };
        let store = &self.server.store;
        let (caches, mut problems) = Caches::open(&client, &[url], store.store_dir(), options);
        match caches.find(&info.path, &mut problems) {
            Some(available) => {
                caches.substitute(store, &available, &|_| {})?;
                Ok(())
            }
            None => Err(problems.pop().map_or(Refused::Unusable, Refused::Cache)),
        }
    }
}

/// Why a path is not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("the directory for what is written cannot be used")]
    Unusable,
}

fn status_of(refused: &Refused) -> u16 {
    match refused {
        Refused::Cache(CacheError::Cache { .. }) => 400,
        Refused::Cache(_) | Refused::Unusable => 500,
    }
}
