//! From arguments and environment to what an evaluation needs: options, search path, host.

pub(crate) mod debian;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use frazil_eval::flake::registry::Registry;
use frazil_eval::{Options, SearchEntry};
use frazil_model::StoreDir;
use frazil_ops::host::{DiskHost, HostContext, Network};

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::network;
use crate::screen::Screen;
use crate::settings::Settings;

const STORE_DIR_DEFAULT: &str = "/nix/store";
/// The schemes that an entry of the search path may have instead of being a path.
const URL_SCHEMES: &[&str] = &["http", "https", "file", "channel", "git", "s3", "ssh", "flake"];
/// `HOST=ADDRESS` words: where the hosts of forges really are.
const FORGE_HOSTS: &str = "FRAZIL_FORGE_HOSTS";
const MEBIBYTE: u64 = 1 << 20;

/// Options from settings; `includes` are the arguments of `-I`, which come first.
pub(crate) fn options(
    settings: &Settings,
    environment: &Environment,
    includes: &[String],
) -> Result<Options, CommandError> {
    let features = settings.words("experimental-features");
    let mut search_path: Vec<SearchEntry> =
        includes.iter().map(|entry| search_entry(entry, environment)).collect();
    let rest = match environment.text("NIX_PATH") {
        Some(path) => split_search_path(path),
        None => settings.words("nix-path"),
    };
    search_path.extend(rest.iter().map(|entry| search_entry(entry, environment)));
    let defaults = Options::default();
    let call_depth_max = settings.number("max-call-depth")?;
    let system = settings.text("eval-system").filter(|system| !system.is_empty());
    Ok(Options {
        pure: settings.flag("pure-eval")?,
        restricted: settings.flag("restrict-eval")?,
        allowed_paths: Vec::new(),
        allowed_uris: settings.words("allowed-uris"),
        search_path,
        system: system.or(settings.text("system")).unwrap_or(this_system()).to_owned(),
        store_dir: store_dir(environment)?,
        pipe_operators: features.iter().any(|feature| feature == "pipe-operators"),
        call_depth_max: call_depth_max
            .map_or(defaults.call_depth_max, |depth| usize::try_from(depth).unwrap_or(usize::MAX)),
        steps_max: defaults.steps_max,
        trace_verbose: settings.flag("trace-verbose")?,
        abort_on_warn: settings.flag("abort-on-warn")? || is_set(environment, "NIX_ABORT_ON_WARN"),
        features,
        registry: Registry::default(),
        home: environment.home(),
    })
}

fn is_set(environment: &Environment, name: &str) -> bool {
    environment.text(name).is_some_and(|value| matches!(value, "1" | "true" | "yes"))
}

/// The platforms that can be built for.
pub(crate) fn systems(settings: &Settings) -> BTreeSet<Vec<u8>> {
    let own = settings.text("system").unwrap_or(this_system());
    let mut systems = BTreeSet::from([own.as_bytes().to_vec()]);
    if own == "x86_64-linux" {
        systems.insert(b"i686-linux".to_vec());
    }
    systems.extend(settings.words("extra-platforms").into_iter().map(String::into_bytes));
    systems
}

/// What Nix calls the machine that this program was built for.
fn this_system() -> &'static str {
    if cfg!(target_arch = "aarch64") { "aarch64-linux" } else { "x86_64-linux" }
}

/// The directory that store paths lie in.
pub(crate) fn store_dir(environment: &Environment) -> Result<StoreDir, CommandError> {
    let named = environment.text("NIX_STORE_DIR").filter(|dir| !dir.is_empty());
    let wrong =
        |error: frazil_model::store_path::StoreDirError| CommandError::usage(error.to_string());
    named.unwrap_or(STORE_DIR_DEFAULT).parse().map_err(wrong)
}

/// A host for this process, whose additions to the store stay in memory.
pub(crate) fn host(
    environment: &Environment,
    screen: Screen,
) -> Result<DiskHost<'static>, CommandError> {
    let host = DiskHost::new(host_context(environment)?, move |message| screen.tell(&message));
    equip(host, environment)
}

/// Lets a host reach the network, as the environment says.
pub(crate) fn equip<'t>(
    host: DiskHost<'t>,
    environment: &Environment,
) -> Result<DiskHost<'t>, CommandError> {
    let settings = Settings::of_frazil(environment)?;
    let fetch = network::fetch_options(environment, &settings)?;
    let hosts = network::assignments(environment, FORGE_HOSTS);
    let clones = environment.cache_directory().map(|cache| cache.join("git"));
    let tokens = network::tokens(&settings, environment);
    let network = Network::new(fetch.clone(), hosts).with_tokens(tokens).keeping_clones_in(clones);
    debian::equip(host.with_network(network), fetch, environment)
}

/// What a host over a real store has to know.
pub(crate) fn host_context(environment: &Environment) -> Result<HostContext, CommandError> {
    let store_dir = store_dir(environment)?;
    Ok(HostContext {
        physical_dir: PathBuf::from(store_dir.to_string()),
        store_dir,
        environment: environment.variables.clone(),
        now: environment.now,
    })
}

/// One argument of `-I`, or one entry of the search path; paths become absolute.
fn search_entry(entry: &str, environment: &Environment) -> SearchEntry {
    let (prefix, path) = entry.split_once('=').unwrap_or(("", entry));
    let path = if is_url(path) {
        path.to_owned()
    } else {
        environment.absolute(Path::new(path)).to_string_lossy().into_owned()
    };
    SearchEntry { prefix: prefix.to_owned(), path }
}

/// Whether this is fetched instead of being read from the disk.
pub(crate) fn is_url(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        URL_SCHEMES.contains(&scheme)
            && (rest.starts_with("//") || matches!(scheme, "channel" | "flake"))
    })
}

/// Splits `NIX_PATH` at colons, except those of URLs.
fn split_search_path(path: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let value =
            rest.split_once(':').map_or(rest, |(entry, _)| entry).find('=').map_or(0, |at| at + 1);
        let scheme =
            rest.get(value..).filter(|value| is_url(value)).and_then(|value| value.find(':'));
        let from = scheme.map_or(0, |colon| value + colon + 1);
        let end =
            rest.get(from..).and_then(|rest| rest.find(':')).map_or(rest.len(), |at| from + at);
        let (entry, behind) = rest.split_at(end);
        if !entry.is_empty() {
            entries.push(entry.to_owned());
        }
        rest = behind.strip_prefix(':').unwrap_or_default();
    }
    entries
}

/// Reads a size such as `512M`, `2G` or a number of bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.find(|char: char| !char.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let factor = match unit {
        "" | "B" => 1,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => MEBIBYTE,
        "G" | "GiB" => MEBIBYTE << 10,
        _ => return Err(format!("there is no unit `{unit}`: use K, M or G")),
    };
    let number: u64 = digits.parse().map_err(|_| "a size is a number and K, M or G".to_owned())?;
    number.checked_mul(factor).ok_or_else(|| "no machine has so much memory".to_owned())
}
