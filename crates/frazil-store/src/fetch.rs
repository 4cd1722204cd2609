//! Fetching: the one door to the network.
//!
//! A small synchronous client over `http://`, `https://` and `file://`. It knows no formats and no
//! caches, reads no environment (proxies, certificates and passwords arrive as options), and has
//! no list of hosts or of certificate authorities compiled in.
//!
//! Invariant: what is handed out is the contents of *one* version of the resource, from its first
//! byte on, however often the connection broke; a short one is an error and never an end.

mod body;
mod download;
mod error;
mod exchange;
mod netrc;
mod proxy;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
mod upload;
mod url;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::{Agent, Proxy};

pub use body::{Body, ContentInfo};
pub use download::{DownloadOptions, Downloaded};
pub use error::{FetchError, FetchProblem};
pub use exchange::{Answer, Request};
pub use netrc::{Credentials, NetrcError, parse_netrc};
pub use upload::OpenContents;
pub use url::{Scheme, Url, UrlError};

use proxy::{ProxyConnector, proxy};

use crate::fs::{Disk, read};

/// Redirects are followed so often.
const REDIRECTS_MAX: u32 = 10;
/// The longest that is waited because a server asks for it.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(1);
/// Bytes that are copied at once.
pub(crate) const COPY_BYTES: usize = 64 << 10;
/// Connections that are kept for the next request to the same host.
const IDLE_CONNECTIONS: usize = 32;

/// How to reach the network.
#[derive(Clone)]
pub struct FetchOptions {
    /// What servers see as the name of the program.
    pub user_agent: String,
    /// A PEM file with the certificate authorities to trust; without it nothing is fetched over
    /// `https://`.
    pub certificates: Option<PathBuf>,
    /// Which proxies to use.
    pub proxies: Proxies,
    /// The name and password for each host, for those that ask.
    pub credentials: BTreeMap<String, Credentials>,
    /// The header `Authorization` for each host; it counts more than a password.
    pub authorizations: BTreeMap<String, String>,
    /// How long it may take until a connection stands.
    pub connect_timeout: Duration,
    /// How long a server may say nothing.
    pub idle_timeout: Duration,
    /// How often a request is tried, if what failed may pass; and how often a body is resumed.
    pub attempts: u32,
    /// The wait before the second attempt; each further one is twice as long.
    pub backoff: Duration,
    /// Waits between attempts.
    pub wait: Arc<dyn Fn(Duration) + Send + Sync>,
    /// Asked as bytes come whether nobody wants them any more.
    pub is_stopped: Arc<dyn Fn() -> bool + Send + Sync>,
    /// How the disk is reached.
    pub disk: Disk,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("frazil/", env!("CARGO_PKG_VERSION")).into(),
            certificates: None,
            proxies: Proxies::default(),
            credentials: BTreeMap::new(),
            authorizations: BTreeMap::new(),
            connect_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_mins(1),
            attempts: 5,
            backoff: Duration::from_millis(250),
            wait: Arc::new(std::thread::sleep),
            is_stopped: Arc::new(|| false),
            disk: Disk::default(),
        }
    }
}

/// Which proxies to use, in the words of the variables `http_proxy`, `https_proxy` and `no_proxy`.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `http://`.
    pub http: Option<String>,
    /// For `https://`.
    pub https: Option<String>,
    /// The hosts that are reached without one: names or `.suffix`es with commas between them, or
    /// `*`.
    pub none_for: String,
}

/// A client. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    agent: Agent,
    options: FetchOptions,
    /// For `http://`.
    plain_proxy: Option<Proxy>,
    /// For `https://`.
    tls_proxy: Option<Proxy>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file with the certificates could not be read.
    #[error(transparent)]
    Io(#[from] crate::fs::IoError),
    /// The file with the certificates is not there.
    #[error("'{}', which should hold certificates, does not exist", file.display())]
    Absent {
        /// The file.
        file: PathBuf,
    },
    /// The file with the certificates has none.
    #[error("'{}' holds no certificates in PEM form", file.display())]
    NoCertificates {
        /// The file.
        file: PathBuf,
    },
    /// A proxy is not named as one is.
    #[error("'{proxy}' is not the address of a proxy")]
    Proxy {
        /// What was given.
        proxy: String,
    },
}

impl ClientError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::Absent { .. } | Self::NoCertificates { .. } => {
                Some("SSL_CERT_FILE or NIX_SSL_CERT_FILE may name another bundle")
            }
            Self::Proxy { .. } => Some("write it as http://HOST:PORT"),
        }
    }
}

impl Client {
    /// Makes a client; nothing is connected yet.
    pub fn new(options: FetchOptions) -> Result<Self, ClientError> {
        let agent = Agent::config_builder()
            .user_agent(options.user_agent.as_str())
            .tls_config(tls(&options)?)
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(REDIRECTS_MAX)
            .timeout_connect(Some(options.connect_timeout))
            .timeout_per_read(Some(options.idle_timeout))
            .timeout_per_write(Some(options.idle_timeout))
            .max_idle_connections(2 * IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS)
            .build();
        let agent = Agent::with_parts(agent, ProxyConnector::default(), DefaultResolver::default());
        let none_for = &options.proxies.none_for;
        let plain_proxy = proxy(options.proxies.http.as_deref(), none_for)?;
        let tls_proxy = proxy(options.proxies.https.as_deref(), none_for)?;
        Ok(Self { shared: Arc::new(Shared { agent, options, plain_proxy, tls_proxy }) })
    }

    /// Opens a resource to be read. The body resumes by itself where the connection breaks.
    pub fn open(&self, url: &Url, bytes_max: u64) -> Result<Body, FetchError> {
        Body::open(self, url, &[], 0, bytes_max)
    }

    /// As [`open`](Self::open), with the headers of a request, its authorisation among them.
    pub fn open_with(
        &self,
        url: &Url,
        headers: &[(&str, &str)],
        bytes_max: u64,
    ) -> Result<Body, FetchError> {
        Body::open(self, url, headers, 0, bytes_max)
    }

    /// Writes a resource to `out`.
    pub fn get(
        &self,
        url: &Url,
        bytes_max: u64,
        out: &mut dyn Write,
    ) -> Result<ContentInfo, FetchError> {
        let mut body = self.open(url, bytes_max)?;
        body.copy_to(&mut |bytes| {
            let written = out.write_all(bytes);
            written.map_err(|source| FetchError::new(url, FetchProblem::Write { source }))
        })?;
        Ok(body.info().clone())
    }

    /// Takes a small resource as a whole.
    pub fn get_bytes(
        &self,
        url: &Url,
        bytes_max: u64,
    ) -> Result<(Vec<u8>, ContentInfo), FetchError> {
        let mut bytes = Vec::new();
        let info = self.get(url, bytes_max, &mut bytes)?;
        Ok((bytes, info))
    }

    /// What is known of a resource; `None` if it is not there.
    pub fn head(&self, url: &Url) -> Result<Option<ContentInfo>, FetchError> {
        if url.scheme() == Scheme::File {
            return match body::open_file(url, 0) {
                Ok((_, info)) => Ok(Some(info)),
                Err(err) if err.is_absent() => Ok(None),
                Err(err) => Err(err),
            };
        }
        let answer = self.retried(|| {
            let request = self.shared.agent.head(url.as_str());
            let request = self.authorised(request, url);
            let request = request.config().proxy(self.proxy_of(url)).build();
            let response = request.call().map_err(|err| FetchError::of_ureq(url, err))?;
            checked(url, response)
        });
        match answer {
            Ok(response) => Ok(Some(ContentInfo::of_response(&response))),
            Err(err) if err.is_absent() => Ok(None),
            Err(err) => Err(err),
        }
    }

    fn options(&self) -> &FetchOptions {
        &self.shared.options
    }

    fn proxy_of(&self, url: &Url) -> Option<Proxy> {
        match url.scheme() {
            Scheme::Http => self.shared.plain_proxy.clone(),
            Scheme::Https => self.shared.tls_proxy.clone(),
            Scheme::File => None,
        }
    }

    /// Adds the name and password that belong to the host.
    fn authorised<B>(
        &self,
        request: ureq::RequestBuilder<B>,
        url: &Url,
    ) -> ureq::RequestBuilder<B> {
        if let Some(value) = self.options().authorizations.get(url.host()) {
            return request.header("Authorization", value);
        }
        let known = || self.options().credentials.get(url.host());
        let Some(credentials) = url.credentials().or_else(known) else { return request };
        let pair = format!("{}:{}", credentials.name, credentials.password);
        request.header("Authorization", format!("Basic {}", BASE64.encode(pair)))
    }

    /// Runs `attempt` until it succeeds or fails for good.
    fn retried<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let mut failures = 0;
        loop {
            match attempt() {
                Err(err) => self.wait_after(err, &mut failures)?,
                done => return done,
            }
        }
    }

    /// Waits before the next attempt, if another may help; gives the error back if not.
    pub fn wait_after(&self, err: FetchError, failures: &mut u32) -> Result<(), FetchError> {
        *failures += 1;
        if *failures >= self.options().attempts || !err.is_transient() {
            return Err(err);
        }
        let backoff = self.options().backoff.saturating_mul(1 << (*failures - 1).min(16));
        let asked = err.retry_after().unwrap_or_default();
        (self.options().wait)(backoff.max(asked).min(RETRY_AFTER_MAX));
        Ok(())
    }
}

/// A response that is what was asked for, or an error of its status.
fn checked(
    url: &Url,
    response: ureq::http::Response<ureq::Body>,
) -> Result<ureq::http::Response<ureq::Body>, FetchError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let header = response.headers().get("retry-after");
    let seconds = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let retry_after = seconds.map(Duration::from_secs);
    Err(FetchError::new(url, FetchProblem::Status { status: status.as_u16(), retry_after }))
}

fn tls(options: &FetchOptions) -> Result<TlsConfig, ClientError> {
    let mut roots = Vec::new();
    if let Some(file) = &options.certificates {
        let absent = || ClientError::Absent { file: file.clone() };
        let pem = read(file)?.ok_or_else(absent)?;
        roots.extend(ureq::tls::parse_pem(&pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            // Bundles hold remarks and now and then a certificate that nobody can read.
            Ok(_) | Err(_) => None,
        }));
        if roots.is_empty() {
            return Err(ClientError::NoCertificates { file: file.clone() });
        }
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(roots.iter().map(Certificate::to_owned)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}
