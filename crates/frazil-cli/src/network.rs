//! How the network is reached and which caches are believed, as the environment and the settings
//! say.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use frazil_model::signature::{PublicKey, SecretKey};
use frazil_ops::network::{
    Credentials, FetchOptions, LookupOptions, LookupPlan, NetworkPlan, Proxies, Url, parse_netrc,
};

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::evaluation;
use crate::settings::Settings;

/// Where distributions keep the certificates that they trust.
const CERTIFICATES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Where passwords are, unless `netrc-file` of the settings names another file.
const NETRC: &str = "/etc/nix/netrc";
/// `HOST=TOKEN` words.
const ACCESS_TOKENS: &str = "FRAZIL_ACCESS_TOKENS";
/// What forges take for a name beside a token.
const TOKEN_NAME: &str = "x-access-token";

/// Whom to believe.
#[derive(Debug, Args)]
pub(crate) struct TrustArguments {
    /// Believe what is signed by this key, `NAME:BASE64`, in addition to `trusted-public-keys` of
    /// the settings (can be repeated)
    #[arg(long = "trusted-key", value_name = "KEY")]
    trusted_keys: Vec<String>,

    /// Believe caches without a signature
    #[arg(long)]
    no_check_signatures: bool,
}

impl TrustArguments {
    pub(crate) fn keys(&self, settings: &Settings) -> Result<Vec<PublicKey>, CommandError> {
        let named = settings.words("trusted-public-keys");
        public_keys(&[&self.trusted_keys[..], &named].concat())
    }

    pub(crate) fn require_signatures(&self, settings: &Settings) -> Result<bool, CommandError> {
        Ok(!self.no_check_signatures && require_signatures(settings)?)
    }
}

/// The network with these caches, which are URLs or directories.
pub(crate) fn plan(
    caches: &[String],
    trusted_keys: Vec<PublicKey>,
    require_signatures: bool,
    settings: &Settings,
    environment: &Environment,
) -> Result<NetworkPlan, CommandError> {
    let substituters = caches.iter().map(|text| cache_url(text, environment));
    Ok(NetworkPlan {
        fetch: fetch_options(environment, settings)?,
        substituters: substituters.collect::<Result<_, _>>()?,
        trusted_keys,
        require_signatures,
        lookups: lookups(environment, settings)?,
        store_dir: evaluation::store_dir(environment)?,
    })
}

pub(crate) fn public_keys(texts: &[String]) -> Result<Vec<PublicKey>, CommandError> {
    let parse = |text: &String| {
        text.parse()
            .map_err(|error| CommandError::usage(format!("'{text}' is not a public key: {error}")))
    };
    texts.iter().map(parse).collect()
}

/// Whether the settings say that what comes from caches needs signatures; it does by default.
pub(crate) fn require_signatures(settings: &Settings) -> Result<bool, CommandError> {
    match settings.text("require-sigs") {
        None => Ok(true),
        Some(_) => settings.flag("require-sigs"),
    }
}

/// The answers of caches are kept in the user's cache directory, if there is one.
fn lookups(
    environment: &Environment,
    settings: &Settings,
) -> Result<Option<LookupPlan>, CommandError> {
    // A home that does not exist is not made for this.
    let has_home = |cache: &PathBuf| cache.ancestors().nth(2).is_some_and(Path::is_dir);
    let Some(directory) = environment.cache_directory().filter(has_home) else {
        return Ok(None);
    };
    let defaults = LookupOptions::default();
    let seconds = |name, default: i64| -> Result<i64, CommandError> {
        Ok(settings.number(name)?.map_or(default, u64::cast_signed))
    };
    let options = LookupOptions {
        present: seconds("narinfo-cache-positive-ttl", defaults.present)?,
        absent: seconds("narinfo-cache-negative-ttl", defaults.absent)?,
        ..defaults
    };
    Ok(Some(LookupPlan { directory, options, now: environment.now }))
}

/// How the network is reached.
pub(crate) fn fetch_options(
    environment: &Environment,
    settings: &Settings,
) -> Result<FetchOptions, CommandError> {
    let proxy = |names: &[&str]| {
        let value = names.iter().find_map(|name| environment.text(name));
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let proxies = Proxies {
        // In capitals, a client of a web server could set it.
        http: proxy(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        none_for: proxy(&["no_proxy", "NO_PROXY"]).unwrap_or_default(),
    };
    let certificates = ["NIX_SSL_CERT_FILE", "SSL_CERT_FILE"]
        .iter()
        .filter_map(|name| environment.text(name).filter(|file| !file.is_empty()))
        .map(PathBuf::from)
        .chain(settings.text("ssl-cert-file").map(PathBuf::from))
        .next()
        .or_else(|| CERTIFICATES.iter().map(PathBuf::from).find(|file| file.exists()));
    let mut credentials = passwords(settings)?;
    credentials.extend(token_passwords(settings, environment));
    let defaults = FetchOptions::default();
    let positive =
        |name| Ok::<_, CommandError>(settings.number(name)?.filter(|number| *number > 0));
    let seconds =
        |name, default| Ok::<_, CommandError>(positive(name)?.map_or(default, Duration::from_secs));
    let attempts = positive("download-attempts")?.and_then(|number| u32::try_from(number).ok());
    Ok(FetchOptions {
        certificates,
        proxies,
        credentials,
        connect_timeout: seconds("connect-timeout", defaults.connect_timeout)?,
        idle_timeout: seconds("stalled-download-timeout", defaults.idle_timeout)?,
        attempts: attempts.unwrap_or(defaults.attempts),
        ..defaults
    })
}

/// The passwords of the machine.
fn passwords(settings: &Settings) -> Result<BTreeMap<String, Credentials>, CommandError> {
    let named = settings.text("netrc-file");
    let file = PathBuf::from(named.unwrap_or(NETRC));
    match std::fs::read(&file) {
        Ok(text) => parse_netrc(&String::from_utf8_lossy(&text)).map_err(|error| {
            CommandError::usage(format!("cannot understand '{}': {error}", file.display()))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        // Nobody has said that those of the machine are for this user.
        Err(error) if error.kind() == ErrorKind::PermissionDenied && named.is_none() => {
            Ok(BTreeMap::new())
        }
        Err(source) => Err(CommandError::Io { action: "read", path: file, source }),
    }
}

/// The tokens for forges, of the settings and of the environment: by `HOST`, `HOST/OWNER` or
/// `HOST/OWNER/REPO`.
pub(crate) fn tokens(settings: &Settings, environment: &Environment) -> BTreeMap<String, String> {
    let words = settings.words("access-tokens");
    let pair = |word: &String| {
        word.split_once('=').map(|(place, token)| (place.to_owned(), token.to_owned()))
    };
    let mut tokens: BTreeMap<String, String> = words.iter().filter_map(pair).collect();
    tokens.extend(assignments(environment, ACCESS_TOKENS));
    tokens
}

/// Tokens of whole hosts as passwords, for what is no repository.
fn token_passwords(
    settings: &Settings,
    environment: &Environment,
) -> BTreeMap<String, Credentials> {
    let tokens = tokens(settings, environment);
    let credentials = |password| Credentials { name: TOKEN_NAME.to_owned(), password };
    let hosts = tokens.into_iter().filter(|(place, _)| !place.contains('/'));
    hosts.map(|(host, token)| (host, credentials(token))).collect()
}

/// `NAME=VALUE` words of a variable.
pub(crate) fn assignments(environment: &Environment, variable: &str) -> BTreeMap<String, String> {
    let words = environment.text(variable).unwrap_or_default().split_whitespace();
    let pairs = words.filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The address of a cache: a URL, or the path of a directory.
pub(crate) fn cache_url(text: &str, environment: &Environment) -> Result<Url, CommandError> {
    let url = if text.contains("://") {
        text.parse()
    } else {
        Url::of_file(&environment.absolute(Path::new(text)))
    };
    url.map_err(|error| CommandError::usage(error.to_string()))
}

/// The secret keys in files.
pub(crate) fn secret_keys(
    files: &[PathBuf],
    environment: &Environment,
) -> Result<Vec<SecretKey>, CommandError> {
    let read = |file: &PathBuf| {
        let path = environment.absolute(file);
        let text = std::fs::read(&path).map_err(|source| CommandError::Io {
            action: "read",
            path: path.clone(),
            source,
        })?;
        String::from_utf8_lossy(&text).parse().map_err(|error| {
            CommandError::usage(format!("'{}' is not a secret key: {error}", path.display()))
        })
    };
    files.iter().map(read).collect()
}
