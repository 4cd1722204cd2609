//! Proxies: for `https://` they are asked for a tunnel, for `http://` for the whole address, since most
//! of them let nobody have tunnels to where pages are, and can keep what goes through them.
//!
//! Only the second is done here; tunnels are the client's own.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ureq::http::Uri;
use ureq::http::uri::Scheme;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, TcpConnector, Transport,
};
use ureq::{Error, Proxy, ProxyProtocol};

use super::ClientError;

/// A proxy, from how it is named and the hosts that are reached without it.
pub(super) fn proxy(named: Option<&str>, none_for: &str) -> Result<Option<Proxy>, ClientError> {
    let Some(text) = named.filter(|text| !text.is_empty()) else { return Ok(None) };
    // The address may hold a password.
    let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let wrong = |_| ClientError::Proxy { proxy: shown.to_owned() };
    let parsed = Proxy::new(text).map_err(wrong)?;
    let mut builder = Proxy::builder(parsed.protocol()).host(parsed.host()).port(parsed.port());
    if let Some(name) = parsed.username() {
        builder = builder.username(name);
    }
    if let Some(password) = parsed.password() {
        builder = builder.password(password);
    }
    for host in none_for.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        builder = builder.no_proxy(host);
    }
    builder.build().map(Some).map_err(wrong)
}

/// Connects to a proxy that is to be asked for whole addresses, and else as always.
#[derive(Debug, Default)]
pub(super) struct ProxyConnector {
    tcp: TcpConnector,
    others: DefaultConnector,
}

impl Connector<()> for ProxyConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let forwards = |proxy: &&Proxy| {
            proxy.protocol() == ProxyProtocol::Http
                && details.uri.scheme() == Some(&Scheme::HTTP)
                && !proxy.is_no_proxy(details.uri)
        };
        let Some(proxy) = details.config.proxy().filter(forwards) else {
            return self.others.connect(details, chained);
        };
        let uri: Uri = format!("http://{}:{}", proxy.host(), proxy.port())
            .parse()
            .map_err(|_| Error::InvalidProxyUrl)?;
        let addrs = details.resolver.resolve(&uri, details.config, details.timeout)?;
        let to_proxy = ConnectionDetails {
            uri: &uri,
            addrs,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let Some(transport) = self.tcp.connect(&to_proxy, None::<()>)? else { return Ok(None) };
        let origin = format!("http://{}", details.uri.authority().map_or("", |host| host.as_str()));
        let authorization = proxy.username().map(|name| {
            let pair = format!("{name}:{}", proxy.password().unwrap_or_default());
            format!("Proxy-Authorization: Basic {}\r\n", BASE64.encode(pair))
        });
        let authorization = authorization.unwrap_or_default();
        Ok(Some(Box::new(Forwarded { transport, origin, authorization, is_head: true })))
    }
}

/// A connection to a proxy.
#[derive(Debug)]
struct Forwarded<T> {
    transport: T,
    /// The address of the server, without a path.
    origin: String,
    /// A header with its end, or nothing.
    authorization: String,
    /// Whether what is sent next begins a request.
    is_head: bool,
}

impl<T: Transport> Transport for Forwarded<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if !self.is_head {
            return self.transport.transmit_output(amount, timeout);
        }
        self.is_head = false;
        let output = self.transport.buffers().output();
        let head = output.get(..amount).unwrap_or_default();
        let head = for_proxy(head, &self.origin, &self.authorization);
        let Some(place) = output.get_mut(..head.len()) else {
            return Err(Error::Other("the request is too long for a proxy".into()));
        };
        place.copy_from_slice(&head);
        self.transport.transmit_output(head.len(), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.is_head = true;
        self.transport.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }
}

/// The beginning of a request, `GET /path HTTP/1.1`, as a proxy wants it.
fn for_proxy(head: &[u8], origin: &str, authorization: &str) -> Vec<u8> {
    let path = head.iter().position(|byte| *byte == b' ').map_or(0, |at| at + 1);
    let line = head.windows(2).position(|end| end == b"\r\n").map_or(head.len(), |at| at + 2);
    let (method, rest) = head.split_at(path);
    let (line, rest) = rest.split_at(line.saturating_sub(path));
    [method, origin.as_bytes(), line, authorization.as_bytes(), rest].concat()
}
