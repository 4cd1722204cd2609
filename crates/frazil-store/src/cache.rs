//! Binary caches: stores as files, each with a narinfo and a compressed NAR.
//!
//! Reading asks several caches by priority and believes only what a trusted key has signed, or what
//! follows from its own contents. Writing puts files so that a reader at any moment finds either
//! nothing, or a path with all that it refers to.
//!
//! Invariant: nothing of a cache is registered in a store before every check was passed: signature,
//! hash and size of the file, form, hash and size of the NAR, address, references.

mod caches;
mod compress;
mod dump;
mod error;
mod keys;
mod lookups;
mod nar_file;
mod order;
mod pull;
mod push;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use frazil_model::cache_info::CacheInfo;
use frazil_model::{NarInfo, StoreDir, StorePath};

pub use caches::{Available, CacheOptions, Caches, Missing};
pub use compress::{CompressionMethod, Encoder, EncoderOptions, UnknownCompression};
pub use error::{CacheError, CacheProblem};
pub use keys::{KeyError, generate_key_files};
pub use lookups::{LookupError, LookupOptions, Lookups};
pub use nar_file::NarFile;
pub use pull::{Pulled, path_info};
pub use push::{PushOptions, Pushed, push};

use crate::fetch::{Client, Scheme, Url};
use lookups::Answer;

/// The priority of a cache that does not state one, as in Nix.
pub const PRIORITY_DEFAULT: u32 = 50;
/// The file with what a cache says about itself.
pub const CACHE_INFO: &str = "nix-cache-info";
/// The most bytes of a narinfo, which lists every reference.
pub const NARINFO_BYTES_MAX: u64 = 4 << 20;
const CACHE_INFO_BYTES_MAX: u64 = 64 << 10;

/// Something that happens to a path on its way from or to a cache.
#[derive(Clone, Copy, Debug)]
pub enum TransferEvent<'a> {
    /// It begins to move.
    Started {
        /// The path.
        path: &'a StorePath,
        /// The bytes that will move, if that is known.
        bytes: Option<u64>,
    },
    /// So many bytes more have moved.
    Moved {
        /// The path.
        path: &'a StorePath,
        /// How many.
        bytes: u64,
    },
    /// It is there.
    Finished {
        /// The path.
        path: &'a StorePath,
    },
    /// A cache failed, and another one is tried.
    Problem(&'a CacheError),
}

/// Told what happens, from several threads.
pub type OnTransfer<'a> = dyn Fn(TransferEvent<'_>) + Sync + 'a;

/// One binary cache.
pub struct BinaryCache {
    client: Client,
    url: Url,
    info: CacheInfo,
    store_dir: StoreDir,
    lookups: Option<Arc<Lookups>>,
}

impl BinaryCache {
    /// Opens the cache at `url`, which must be one for stores in `store_dir`.
    ///
    /// `lookups` keeps what the cache said for later processes; a directory is asked every time.
    pub fn open(
        client: &Client,
        url: &Url,
        store_dir: &StoreDir,
        lookups: Option<Arc<Lookups>>,
    ) -> Result<Self, CacheError> {
        let lookups = lookups.filter(|_| url.scheme() != Scheme::File);
        let known = lookups.as_ref().and_then(|lookups| lookups.cache_info(url));
        // Whatever is wrong with what was kept, the cache is asked anew.
        let known = known.and_then(|text| parse_cache_info(url, store_dir, &text).ok());
        let info = if let Some(info) = known {
            info
        } else {
            let text = cache_info_text(client, url)?
                .ok_or_else(|| CacheError::new(url, CacheProblem::NotACache))?;
            let info = parse_cache_info(url, store_dir, &text)?;
            if let Some(lookups) = &lookups {
                lookups.put_cache_info(url, &text);
            }
            info
        };
        let (client, url, store_dir) = (client.clone(), url.clone(), store_dir.clone());
        Ok(Self { client, url, info, store_dir, lookups })
    }

    /// Where it is.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What it says about itself.
    pub fn info(&self) -> &CacheInfo {
        &self.info
    }

    /// Lower is asked first.
    pub fn priority(&self) -> u32 {
        self.info.priority.unwrap_or(PRIORITY_DEFAULT)
    }

    /// What the cache says about a path; `None` if it does not have it. Nobody has looked at the
    /// signatures.
    pub fn narinfo(&self, path: &StorePath) -> Result<Option<NarInfo>, CacheError> {
        let answer = self.lookups.as_ref().map(|lookups| lookups.narinfo(&self.url, path.digest()));
        match answer {
            Some(Answer::Absent) => Ok(None),
            // Whatever is wrong with what was kept, the cache is asked anew.
            Some(Answer::Present(text)) => match self.parse_narinfo(path, &text) {
                Ok(info) => Ok(Some(info)),
                Err(_) => self.ask(path),
            },
            Some(Answer::Unknown) | None => self.ask(path),
        }
    }

    /// What the cache says about a path now, whatever it said before.
    fn ask(&self, path: &StorePath) -> Result<Option<NarInfo>, CacheError> {
        let url = narinfo_url(&self.url, path)?;
        let text = match self.client.get_bytes(&url, NARINFO_BYTES_MAX) {
            Ok((_, info)) if info.is_page() => {
                return Err(CacheError::new(&url, CacheProblem::Page));
            }
            Ok((text, _)) => text,
            Err(err) if err.is_absent() => {
                self.keep(path, None);
                return Ok(None);
            }
            Err(err) => return Err(err.into()),
        };
        let info = self.parse_narinfo(path, &text)?;
        self.keep(path, Some(&text));
        Ok(Some(info))
    }

    fn parse_narinfo(&self, path: &StorePath, text: &[u8]) -> Result<NarInfo, CacheError> {
        let url = narinfo_url(&self.url, path)?;
        let info = NarInfo::parse(&self.store_dir, text)
            .map_err(|err| CacheError::new(&url, CacheProblem::NarInfo(err)))?;
        if info.path != *path {
            let problem = CacheProblem::OtherPath { wanted: path.clone(), found: info.path };
            return Err(CacheError::new(&url, problem));
        }
        file_url(&self.url, &info.url)?;
        Ok(info)
    }

    fn keep(&self, path: &StorePath, text: Option<&[u8]>) {
        if let Some(lookups) = &self.lookups {
            lookups.put_narinfo(&self.url, path.digest(), text);
        }
    }

    /// Forgets what was kept about a path, since it was not so.
    fn forget(&self, path: &StorePath) {
        if let Some(lookups) = &self.lookups {
            lookups.forget(&self.url, path.digest());
        }
    }
}

fn narinfo_url(cache: &Url, path: &StorePath) -> Result<Url, CacheError> {
    file_url(cache, &format!("{}.narinfo", path.digest()))
}

fn file_url(cache: &Url, name: &str) -> Result<Url, CacheError> {
    cache.below(name).map_err(|err| CacheError::new(cache, CacheProblem::Url(err)))
}

fn cache_info_text(client: &Client, url: &Url) -> Result<Option<Vec<u8>>, CacheError> {
    if url.as_str().contains('?') {
        return Err(CacheError::new(url, CacheProblem::Settings));
    }
    let info_url = file_url(url, CACHE_INFO)?;
    match client.get_bytes(&info_url, CACHE_INFO_BYTES_MAX) {
        Ok((_, info)) if info.is_page() => Err(CacheError::new(&info_url, CacheProblem::Page)),
        Ok((text, _)) => Ok(Some(text)),
        Err(err) if err.is_absent() => Ok(None),
        Err(err) => Err(err.into()),
    }
}

fn parse_cache_info(url: &Url, store_dir: &StoreDir, text: &[u8]) -> Result<CacheInfo, CacheError> {
    let text = String::from_utf8_lossy(text);
    let info: CacheInfo =
        text.parse().map_err(|err| CacheError::new(url, CacheProblem::CacheInfo(err)))?;
    if info.store_dir != *store_dir {
        let (ours, theirs) = (store_dir.clone(), info.store_dir);
        return Err(CacheError::new(url, CacheProblem::StoreDir { ours, theirs }));
    }
    Ok(info)
}
