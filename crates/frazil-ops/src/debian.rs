//! Debian's archive as an input: where its mirrors are, what a suite has, and what expressions ask.
//!
//! A locked suite is a *source*: a store path with the verified lists of packages and nothing that
//! was computed. What is read often is an index over it, which is kept beside the store and made
//! anew whenever it is missing.
//!
//! Invariant: no address of a mirror gets into a source, a lock, or a derivation.

mod answers;
mod export;
mod index;
mod input;
mod keyring;
mod lock;
mod mirrors;
mod resolve;
mod search;
mod source;
mod suite;
#[cfg(test)]
pub(crate) mod test_archive;
#[cfg(test)]
mod tests;

pub(crate) use answers::{AnswerError, Question};
pub use export::{ExportError, export};
pub use frazil_debian::index::IndexError as PackageIndexError;
pub use index::{IndexError, Indexes, ReadSource, SuiteIndex};
pub use input::{DebianFetcher, InputError};
pub use keyring::KeyringError;
pub use mirrors::{
    ArchiveName, Archives, ArchivesPlan, Mirror, MirrorSetting, NoMirror, SettingError,
    parse_snapshots,
};
pub use resolve::{Chain, ResolveError, ResolveOptions, Resolved, resolve, show, why};
pub use search::{Found, search};
pub use suite::{Suite, SuiteError, SuiteName, open, release};
