//! Clients, as small as their protocols allow. They speak to a port of the network they are in.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::container::Container;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A conversation over TCP.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    /// Connects as soon as somebody listens.
    pub(crate) fn to(container: &Container, port: u16) -> Self {
        let connect = || TcpStream::connect(("127.0.0.1", port));
        let stream = container.wait_for(|| connect().map_err(|why| format!("port {port}: {why}")));
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The next line, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// All until the other side hangs up.
    pub(crate) fn rest(mut self) -> String {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Says something, and expects this line.
    #[track_caller]
    pub(crate) fn ask(&mut self, text: &str, expected: &str) {
        self.say(text);
        assert_eq!(self.line(), expected, "the answer to {text:?}");
    }
}

/// The status line, and the body, of what a server has at a path.
pub(crate) fn get(container: &Container, port: u16, path: &str) -> (String, String) {
    let mut wire = Wire::to(container, port);
    wire.say(&format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"));
    let answer = wire.rest();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}
