//! One request and its answer, for services that speak more than GET and PUT.
//!
//! The caller says all that is sent, its authorisation included. An answer is given back whatever
//! its status, but for those that may pass: then the request is made again.

use std::collections::BTreeMap;
use std::io::Read as _;

use ureq::http;
use ureq::{AsSendBody, SendBody};

use super::error::{FetchError, FetchProblem};
use super::upload::OpenContents;
use super::{Client, Scheme, Url, checked};

/// What is asked.
#[derive(Clone, Copy)]
pub struct Request<'a, 'b> {
    /// `POST`
    pub method: &'static str,
    /// Of whom.
    pub url: &'a Url,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// What is sent along: how many bytes, and from where, for each attempt anew.
    pub body: Option<(u64, &'a OpenContents<'b>)>,
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// By small names.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header, by its small name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether what was asked is done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Client {
    /// Asks, and takes an answer with a body of at most `bytes_max`. It is asked again while the
    /// answer says that the failure may pass.
    pub fn exchange(
        &self,
        request: &Request<'_, '_>,
        bytes_max: u64,
    ) -> Result<Answer, FetchError> {
        self.retried(|| self.exchange_once(request, bytes_max))
    }

    /// As [`exchange`](Self::exchange), but asked once: for what may have been done already when it
    /// fails.
    pub fn exchange_once(
        &self,
        request: &Request<'_, '_>,
        bytes_max: u64,
    ) -> Result<Answer, FetchError> {
        let url = request.url;
        let protocol = |message: String| FetchError::new(url, FetchProblem::Protocol { message });
        if url.scheme() == Scheme::File {
            return Err(protocol("files answer no requests".to_owned()));
        }
        let mut builder = http::Request::builder().method(request.method).uri(url.as_str());
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        if let Some((size, _)) = request.body {
            builder = builder.header("Content-Length", size.to_string());
        } else if matches!(request.method, "POST" | "PUT" | "PATCH") {
            builder = builder.header("Content-Length", "0");
        }
        let response = match request.body {
            None => self.run(url, builder.body(())),
            Some((_, open)) => {
                let source = |source| FetchError::new(url, FetchProblem::Source { source });
                let mut reader = open().map_err(source)?;
                self.run(url, builder.body(SendBody::from_reader(&mut reader)))
            }
        }?;
        let status = response.status().as_u16();
        if matches!(status, 408 | 429 | 500 | 502..=504) {
            checked(url, response)?;
            return Err(protocol(format!("status {status}")));
        }
        let headers = response.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let headers = headers.collect();
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut bytes = Vec::new();
        body.take(bytes_max + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| FetchError::of_read(url, error))?;
        if bytes.len() as u64 > bytes_max {
            return Err(FetchError::new(url, FetchProblem::TooLarge { bytes_max }));
        }
        Ok(Answer { status, headers, body: bytes })
    }

    fn run<B: AsSendBody>(
        &self,
        url: &Url,
        request: http::Result<http::Request<B>>,
    ) -> Result<http::Response<ureq::Body>, FetchError> {
        let request = request.map_err(|error| {
            FetchError::new(url, FetchProblem::Protocol { message: error.to_string() })
        })?;
        let agent = &self.shared.agent;
        let request = agent.configure_request(request).proxy(self.proxy_of(url)).build();
        agent.run(request).map_err(|error| FetchError::of_ureq(url, error))
    }
}
