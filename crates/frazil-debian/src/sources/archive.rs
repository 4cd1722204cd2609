//! Choosing the machine's mirrors for a suite that it may not use itself.

use super::{SignedBy, Source};

/// What an archive is to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The release itself.
    Main,
    /// `-updates`: what cannot wait for the next point release.
    Updates,
    /// `-security`, on a mirror of its own.
    Security,
}

/// A place that may have a suite: its release file is below `{uri}/dists/{suite}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Where `dists/` and `pool/` are, without a slash at the end.
    pub uri: String,
    /// The suite, as `trixie-security`.
    pub suite: String,
    /// What it is to the release that was asked for.
    pub role: Role,
    /// The parts that the machine uses of it.
    pub components: Vec<String>,
    /// Who must have signed, as the machine has it.
    pub signed_by: Vec<SignedBy>,
    /// Whether the machine uses this suite itself; else the mirror only looks like one that has it.
    pub certain: bool,
}

/// The archives that may have `release` (a code name such as `trixie`, or `stable`), those that are
/// certain first, else in the order of the machine's lists.
pub fn archives(sources: &[Source], release: &str) -> Vec<Archive> {
    let mut found: Vec<Archive> = Vec::new();
    for source in sources.iter().filter(|source| source.enabled && source.lists_binaries) {
        for uri in &source.uris {
            for suite in source.suites.iter().filter(|suite| !suite.ends_with('/')) {
                for (role, wanted) in suites_wanted(release, uri, suite) {
                    let certain = *suite == wanted;
                    let archive = Archive {
                        uri: uri.clone(),
                        suite: wanted,
                        role,
                        components: source.components.clone(),
                        signed_by: source.signed_by.clone(),
                        certain,
                    };
                    add(&mut found, archive);
                }
            }
        }
    }
    found.sort_by_key(|archive| (archive.role, !archive.certain));
    found
}

fn add(found: &mut Vec<Archive>, archive: Archive) {
    let same =
        found.iter_mut().find(|other| other.uri == archive.uri && other.suite == archive.suite);
    match same {
        None => found.push(archive),
        Some(other) if archive.certain && !other.certain => *other = archive,
        Some(_) => {}
    }
}

/// Which suites of `release` a mirror may have that has `suite`.
///
/// A mirror of Debian has all its releases; that it is one shows in the last part of its path. A
/// suite that is wanted itself needs no such guess.
fn suites_wanted(release: &str, uri: &str, suite: &str) -> Vec<(Role, String)> {
    let updates = format!("{release}-updates");
    let security = format!("{release}-security");
    let last = uri.rsplit('/').next().unwrap_or_default();
    if suite == security || last == "debian-security" {
        vec![(Role::Security, security)]
    } else if suite == release || suite == updates || last == "debian" {
        vec![(Role::Main, release.to_owned()), (Role::Updates, updates)]
    } else {
        Vec::new()
    }
}
