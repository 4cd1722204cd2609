//! What the environment says about the network: proxies, certificates, mirrors of forges, tokens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frazil_ops::host::{Credentials, FetchOptions, Network, Proxies};

use crate::environment::Environment;

/// Where distributions keep the certificates that they trust.
const CERTIFICATE_FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];
/// `HOST=ADDRESS` words: where the hosts of forges really are.
const FORGE_HOSTS: &str = "FRAZIL_FORGE_HOSTS";
/// `HOST=TOKEN` words.
const ACCESS_TOKENS: &str = "FRAZIL_ACCESS_TOKENS";
/// What forges take for a name beside a token.
const TOKEN_NAME: &str = "x-access-token";

pub(super) fn network(environment: &Environment) -> Network {
    Network::new(fetch_options(environment), assignments(environment, FORGE_HOSTS))
}

pub(super) fn fetch_options(environment: &Environment) -> FetchOptions {
    let proxy = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| environment.text(name));
        found.filter(|proxy| !proxy.is_empty()).map(str::to_owned)
    };
    let token = |(host, token): (String, String)| {
        (host, Credentials { name: TOKEN_NAME.to_owned(), password: token })
    };
    let mut credentials: BTreeMap<_, _> =
        assignments(environment, ACCESS_TOKENS).into_iter().map(token).collect();
    if let Some(known) = credentials.get("github.com").cloned() {
        credentials.entry("api.github.com".to_owned()).or_insert(known);
    }
    FetchOptions {
        certificates: certificates(environment),
        proxies: Proxies {
            http: proxy(["http_proxy", "all_proxy"]),
            https: proxy(["https_proxy", "all_proxy"]),
            none_for: proxy(["no_proxy", "NO_PROXY"]).unwrap_or_default(),
        },
        credentials,
        ..FetchOptions::default()
    }
}

fn certificates(environment: &Environment) -> Option<PathBuf> {
    let named = ["NIX_SSL_CERT_FILE", "SSL_CERT_FILE"];
    let named =
        named.iter().find_map(|name| environment.text(name)).filter(|file| !file.is_empty());
    named.map(PathBuf::from).or_else(|| {
        let usual = CERTIFICATE_FILES.iter().find(|file| Path::new(file).exists());
        usual.map(PathBuf::from)
    })
}

/// `NAME=VALUE` words of a variable.
fn assignments(environment: &Environment, variable: &str) -> BTreeMap<String, String> {
    let words = environment.text(variable).unwrap_or_default().split_whitespace();
    let pairs = words.filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
