//! Where the user and the machine say that Debian's archive is.

use std::path::PathBuf;
use std::sync::Arc;

use frazil_ops::debian::{
    Archives, ArchivesPlan, DebianFetcher, Indexes, MirrorSetting, parse_snapshots,
};
use frazil_ops::host::{DiskHost, FetchOptions};

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::settings::Settings;

/// Mirrors, as words; `--mirror` comes here, too.
pub(crate) const MIRRORS: &str = "FRAZIL_MIRROR";
/// Where snapshots of the archive are, as words.
pub(crate) const SNAPSHOTS: &str = "FRAZIL_SNAPSHOT_MIRROR";
/// Files of keys, with colons between them.
pub(crate) const KEYRINGS: &str = "FRAZIL_KEYRING";
/// Where the `etc/apt` of the machine is, for tests.
const MACHINE_ROOT: &str = "FRAZIL_MACHINE_ROOT";

/// The archives for one command.
pub(crate) fn archives(environment: &Environment) -> Result<Arc<Archives>, CommandError> {
    let settings = Settings::of_frazil(environment)?;
    let words = |variable: &str, setting: &str| match environment.text(variable) {
        Some(text) if !text.trim().is_empty() => text.to_owned(),
        _ => settings.text(setting).unwrap_or_default().to_owned(),
    };
    let named = words(MIRRORS, "mirrors");
    let named = named.split_ascii_whitespace().map(|word| {
        MirrorSetting::parse(word).map_err(|error| CommandError::Usage {
            message: frazil_ops::causes(&error),
            help: Some("a mirror is `URL`, or `debian-security=URL`".to_owned()),
        })
    });
    let snapshots = words(SNAPSHOTS, "snapshot-mirrors");
    let snapshots = snapshots.split_ascii_whitespace().map(|word| {
        parse_snapshots(word).map_err(|error| CommandError::usage(frazil_ops::causes(&error)))
    });
    let keyrings = words(KEYRINGS, "debian-keyring");
    let keyrings = keyrings.split([':', ' ']).filter(|word| !word.is_empty());
    Ok(Arc::new(Archives::new(ArchivesPlan {
        named: named.collect::<Result<_, _>>()?,
        snapshots: snapshots.collect::<Result<_, _>>()?,
        keyrings: keyrings.map(|word| environment.absolute(&PathBuf::from(word))).collect(),
        machine_root: environment.text(MACHINE_ROOT).unwrap_or("/").into(),
    })))
}

/// Lets a host fetch Debian suites and answer questions about them.
pub(super) fn equip<'t>(
    host: DiskHost<'t>,
    fetch: FetchOptions,
    environment: &Environment,
) -> Result<DiskHost<'t>, CommandError> {
    let fetcher = DebianFetcher {
        archives: archives(environment)?,
        fetch,
        architecture: architecture().to_owned(),
        now: environment.now.max(0).cast_unsigned(),
    };
    Ok(host.with_fetcher("debian", fetcher).with_indexes(indexes(environment)))
}

/// The indexes that are kept for the user.
pub(crate) fn indexes(environment: &Environment) -> Indexes {
    Indexes::in_directory(environment.cache_directory().map(|cache| cache.join("debian")))
}

/// What Debian calls the machine that this program was built for.
fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}
