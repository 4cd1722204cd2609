//! Where apt gets its packages: `sources.list` (one line each) and `.sources` (deb822), as data.
//!
//! Which of the mirrors to ask for a suite is [`archives`]; nothing is asked here, and key files
//! are named, not read.

mod archive;
mod read;
#[cfg(test)]
mod tests;

pub use archive::{Archive, Role, archives};
pub use read::{SourcesError, SourcesProblem, parse_deb822, parse_one_line};

/// One entry: for each URI and suite, an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whether it lists binary packages (`deb`).
    pub lists_binaries: bool,
    /// Whether it lists source packages (`deb-src`).
    pub lists_sources: bool,
    /// Where `dists/` and `pool/` are, without a slash at the end.
    pub uris: Vec<String>,
    /// Suites such as `trixie-updates`; a path that ends with a slash stands for a flat archive.
    pub suites: Vec<String>,
    /// Parts of the suites; none only for flat archives.
    pub components: Vec<String>,
    /// The architectures; if there are none, the machine's.
    pub architectures: Vec<String>,
    /// Who must have signed; if nobody is named, one of the machine's trusted keys.
    pub signed_by: Vec<SignedBy>,
    /// Whether it is not switched off.
    pub enabled: bool,
}

/// Keys that may sign an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// A file of keys.
    Path(String),
    /// The fingerprint of a key that is trusted already.
    Fingerprint(String),
    /// The keys themselves, in ASCII armor.
    Inline(Vec<u8>),
}
