//! How the network is reached: proxies, certificates and passwords as the environment and Nix's
//! settings say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use frazil_model::signature::{PublicKey, SecretKey};
use frazil_ops::cache::{
    CacheOptions, Credentials, Disk, FetchOptions, LookupOptions, Lookups, Proxies, Url,
    parse_netrc,
};

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::settings::Settings;

/// Where distributions keep the certificates that they trust.
const CERTIFICATES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Whom to believe.
#[derive(Debug, Args)]
pub(crate) struct TrustArguments {
    /// Believe what is signed by this key, `NAME:BASE64`, in addition to `trusted-public-keys` of
    /// the settings (can be repeated)
    #[arg(long = "trusted-key", value_name = "KEY")]
    trusted_keys: Vec<String>,

    /// Believe caches without a signature
    #[arg(long)]
    pub(crate) no_check_signatures: bool,
}

impl TrustArguments {
    pub(crate) fn keys(&self, settings: &Settings) -> Result<Vec<PublicKey>, CommandError> {
        let named = settings.words("trusted-public-keys");
        let parse = |text: &String| {
            text.parse().map_err(|error| {
                CommandError::usage(format!("'{text}' is not a public key: {error}"))
            })
        };
        self.trusted_keys.iter().chain(&named).map(parse).collect()
    }

    /// What is believed, and where answers are kept.
    pub(crate) fn cache_options(
        &self,
        environment: &Environment,
        settings: &Settings,
    ) -> Result<CacheOptions, CommandError> {
        Ok(CacheOptions {
            trusted_keys: self.keys(settings)?,
            require_signatures: !self.no_check_signatures,
            lookups: lookups(environment, settings)?,
            ..CacheOptions::default()
        })
    }
}

/// The answers of caches are kept in the user's cache directory, if there is one.
fn lookups(
    environment: &Environment,
    settings: &Settings,
) -> Result<Option<Arc<Lookups>>, CommandError> {
    let named = environment.text("XDG_CACHE_HOME").filter(|path| path.starts_with('/'));
    let cache = named.map(PathBuf::from).or_else(|| Some(environment.home()?.join(".cache")));
    // A home that does not exist is not made for this.
    let Some(cache) = cache.filter(|cache| cache.parent().is_some_and(Path::is_dir)) else {
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
    let now = environment.now;
    let clock = Arc::new(move || now);
    let lookups = Lookups::open(&cache.join("frazil"), options, &Disk::default(), clock)?;
    Ok(Some(Arc::new(lookups)))
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
    let credentials = credentials(settings)?;
    Ok(FetchOptions { certificates, proxies, credentials, ..FetchOptions::default() })
}

/// The passwords of the file that `netrc-file` of the settings names.
fn credentials(settings: &Settings) -> Result<BTreeMap<String, Credentials>, CommandError> {
    let file = PathBuf::from(settings.text("netrc-file").unwrap_or("/etc/nix/netrc"));
    match std::fs::read(&file) {
        Ok(text) => parse_netrc(&String::from_utf8_lossy(&text)).map_err(|error| {
            CommandError::usage(format!("cannot understand '{}': {error}", file.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(source) => Err(CommandError::Io { action: "read", path: file, source }),
    }
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
