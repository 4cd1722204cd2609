//! Why something was not fetched.

use std::io;
use std::time::Duration;

use super::Url;
use crate::add::HashMismatch;
use crate::fs::IoError;

/// Why a resource was not fetched or stored.
#[derive(Debug, thiserror::Error)]
#[error("cannot {} '{url}': {problem}", problem.action())]
pub struct FetchError {
    /// The resource.
    pub url: Url,
    /// What happened.
    #[source]
    pub problem: FetchProblem,
}

/// What happened.
#[derive(Debug, thiserror::Error)]
pub enum FetchProblem {
    /// The server said so.
    #[error("HTTP error {status}{}", meaning(*status))]
    Status {
        /// The status.
        status: u16,
        /// How long to wait before asking again.
        retry_after: Option<Duration>,
    },
    /// Nothing came for a while.
    #[error("timed out while {doing}")]
    Timeout {
        /// What was being done.
        doing: &'static str,
    },
    /// The host has no address.
    #[error("the host name was not found")]
    HostNotFound,
    /// The connection could not be made, or broke.
    #[error("{source}")]
    Connection {
        /// The error of the operating system.
        source: io::Error,
    },
    /// Neither the other side's certificate nor ours did.
    #[error("TLS failed: {message}")]
    Tls {
        /// What rustls says.
        message: String,
    },
    /// What answered was no TLS.
    #[error("it does not speak TLS")]
    NoTls,
    /// The proxy refused.
    #[error("the proxy failed: {message}")]
    Proxy {
        /// What it said.
        message: String,
    },
    /// Redirects that do not end.
    #[error("too many redirects")]
    Redirects,
    /// The other side does not speak HTTP as it should.
    #[error("{message}")]
    Protocol {
        /// What is wrong.
        message: String,
    },
    /// The connection ended before the contents did.
    #[error("the connection ended after {got} of {expected} bytes")]
    Truncated {
        /// What came.
        got: u64,
        /// What was announced.
        expected: u64,
    },
    /// What was fetched before the connection broke is not what is there now.
    #[error("it changed while it was fetched")]
    Changed,
    /// Nobody wants it any more.
    #[error("it was interrupted")]
    Stopped,
    /// More than was allowed.
    #[error("it has more than {bytes_max} bytes")]
    TooLarge {
        /// The most that was allowed.
        bytes_max: u64,
    },
    /// Somebody answered for people who look at it.
    #[error("it is a web page, not the file")]
    Page,
    /// Not what it should be.
    #[error("hash mismatch: {0}")]
    Hash(Box<HashMismatch>),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] IoError),
    /// A file that is to be stored could not be written.
    #[error(transparent)]
    Target(Box<IoError>),
    /// What was fetched could not be passed on.
    #[error("its contents cannot be written")]
    Write {
        /// Why.
        source: io::Error,
    },
    /// What was to be sent could not be read.
    #[error("what was to be stored cannot be read")]
    Source {
        /// Why.
        source: io::Error,
    },
    /// The server does not take files.
    #[error("HTTP error {status} for a PUT")]
    Refused {
        /// The status.
        status: u16,
    },
}

impl FetchProblem {
    fn action(&self) -> &'static str {
        let is_put = matches!(self, Self::Refused { .. } | Self::Source { .. } | Self::Target(_));
        if is_put { "store" } else { "fetch" }
    }
}

impl FetchError {
    pub(crate) fn new(url: &Url, problem: FetchProblem) -> Self {
        Self { url: url.clone(), problem }
    }

    /// The error that a [`Body`](super::Body) gave as one of reading.
    pub fn of_io(err: &io::Error) -> Option<&Self> {
        err.get_ref()?.downcast_ref()
    }

    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match &self.problem {
            FetchProblem::Status { status: 401, .. } => {
                Some("the server wants a password: put one into the netrc file")
            }
            FetchProblem::Status { status: 407, .. } => {
                Some("write it into the address of the proxy: http://NAME:PASSWORD@HOST:PORT")
            }
            FetchProblem::Status { status: 403, .. } => {
                Some("the server does not let you; a password in the netrc file may help")
            }
            FetchProblem::Status { status: 404 | 410, .. } => Some("check the address"),
            FetchProblem::Status { .. } => Some("the server is in trouble; try again later"),
            FetchProblem::HostNotFound => {
                Some("check the name, the connection, and whether a proxy is needed")
            }
            FetchProblem::Timeout { .. }
            | FetchProblem::Connection { .. }
            | FetchProblem::Truncated { .. } => Some("check the connection, and try again"),
            FetchProblem::Tls { .. } => Some(
                "the certificates that are trusted are those of the file in NIX_SSL_CERT_FILE or \
                 SSL_CERT_FILE, or of the bundle of the machine",
            ),
            FetchProblem::NoTls => Some(
                "if it has no TLS, write `http://` in front; what is sent can be read by others then",
            ),
            FetchProblem::Proxy { .. } => Some("check http_proxy, https_proxy and no_proxy"),
            FetchProblem::Changed => Some("try again"),
            FetchProblem::Page => Some("the address may be wrong, or a portal wants a login first"),
            FetchProblem::Hash(_) => Some("what is there now is not what was pinned"),
            FetchProblem::File(source) => source.help(),
            FetchProblem::Target(source) => source.help(),
            FetchProblem::Refused { .. } => Some("the server has to allow PUT here"),
            FetchProblem::Redirects
            | FetchProblem::Stopped
            | FetchProblem::Protocol { .. }
            | FetchProblem::TooLarge { .. }
            | FetchProblem::Write { .. }
            | FetchProblem::Source { .. } => None,
        }
    }

    /// Whether the resource is simply not there. Some stores of objects answer 403 for what they
    /// do not have.
    pub fn is_absent(&self) -> bool {
        if let FetchProblem::File(err) = &self.problem {
            return err.source.kind() == io::ErrorKind::NotFound;
        }
        matches!(self.problem, FetchProblem::Status { status: 403 | 404 | 410, .. })
    }

    /// Whether another attempt may succeed.
    pub fn is_transient(&self) -> bool {
        if let FetchProblem::Connection { source } = &self.problem {
            // Where nobody listens nobody will within seconds.
            return source.kind() != io::ErrorKind::ConnectionRefused;
        }
        matches!(
            self.problem,
            FetchProblem::Status { status: 408 | 429 | 500 | 502 | 503 | 504, .. }
                | FetchProblem::Timeout { .. }
                | FetchProblem::Truncated { .. }
        )
    }

    /// Whether it is the server that cannot be reached or used, whatever is asked of it.
    pub(crate) fn is_outage(&self) -> bool {
        self.is_transient()
            || matches!(
                self.problem,
                FetchProblem::HostNotFound
                    | FetchProblem::Connection { .. }
                    | FetchProblem::Tls { .. }
                    | FetchProblem::NoTls
                    | FetchProblem::Proxy { .. }
            )
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let FetchProblem::Status { retry_after, .. } = self.problem else { return None };
        retry_after
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is not ours and may grow")]
    pub(crate) fn of_ureq(url: &Url, err: ureq::Error) -> Self {
        let problem = match err {
            ureq::Error::Timeout(timeout) => FetchProblem::Timeout { doing: doing(timeout) },
            ureq::Error::HostNotFound => FetchProblem::HostNotFound,
            ureq::Error::Io(source) => return Self::of_read(url, source),
            ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => FetchProblem::Redirects,
            ureq::Error::Tls(message) => FetchProblem::Tls { message: message.into() },
            ureq::Error::Rustls(source) => of_rustls(&source),
            ureq::Error::ConnectProxyFailed(message) => FetchProblem::Proxy { message },
            other => FetchProblem::Protocol { message: other.to_string() },
        };
        Self::new(url, problem)
    }

    /// An error while a body was read.
    pub(crate) fn of_read(url: &Url, err: io::Error) -> Self {
        let err = match err.downcast::<ureq::Error>() {
            Ok(inner) => return Self::of_ureq(url, inner),
            Err(err) => err,
        };
        let problem = match err.downcast::<rustls::Error>() {
            Ok(inner) => of_rustls(&inner),
            // The standard library has no kind for this.
            Err(err) if err.to_string().starts_with("failed to lookup address") => {
                FetchProblem::HostNotFound
            }
            Err(source) => FetchProblem::Connection { source },
        };
        Self::new(url, problem)
    }
}

fn of_rustls(source: &rustls::Error) -> FetchProblem {
    let no_tls = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
    if *source == no_tls {
        return FetchProblem::NoTls;
    }
    FetchProblem::Tls { message: source.to_string() }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is not ours and may grow")]
fn doing(timeout: ureq::Timeout) -> &'static str {
    match timeout {
        ureq::Timeout::Connect | ureq::Timeout::Resolve => "connecting",
        ureq::Timeout::PerWrite => "sending",
        _ => "waiting for data",
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        401 => " (a password is needed)",
        403 => " (forbidden)",
        404 => " (not found)",
        407 => " (the proxy wants a password)",
        429 => " (too many requests)",
        500 => " (the server failed)",
        502..=504 => " (the server is not available)",
        _ => "",
    }
}
