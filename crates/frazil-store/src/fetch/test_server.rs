//! A server that answers as a test says, well or badly. For tests only.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Client, FetchOptions, Url};

/// What a client asked.
pub(crate) struct Request {
    /// `GET /file`
    pub(crate) line: String,
    /// By names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Where a range begins.
    pub(crate) fn range(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What a server answers; afterwards it closes the connection.
pub(crate) enum Reply {
    /// These bytes, head and all.
    Raw(Vec<u8>),
    /// These bytes and then silence.
    Hang(Vec<u8>),
}

/// A reply with a status, headers and a body.
pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Content-Length") {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    Reply::Raw([head.as_bytes(), b"\r\n", body].concat())
}

pub(crate) fn ok(body: &[u8]) -> Reply {
    reply(200, &[], body)
}

pub(crate) struct TestServer {
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl TestServer {
    /// Answers each request, of which each has its own connection.
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (over, lines) = (Arc::clone(&is_over), Arc::clone(&log));
        let thread = std::thread::spawn(move || {
            // Kept open until the end, so that who waits for more waits long.
            let mut hanging = Vec::new();
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.unwrap();
                let Some(request) = read_request(&stream) else { continue };
                let range = request.range().map(|from| format!(" from {from}"));
                lines.lock().unwrap().push(request.line.clone() + &range.unwrap_or_default());
                let reply = answer(&request);
                let (Reply::Raw(bytes) | Reply::Hang(bytes)) = &reply;
                // A client that has enough goes away.
                let _gone = (&stream).write_all(bytes).is_err();
                if let Reply::Hang(_) = reply {
                    hanging.push(stream);
                }
            }
        });
        Self { address, log, is_over, thread: Some(thread) }
    }

    /// The address of a file on the server.
    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// What was asked so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|len| *len > 0)?;
    let line = line.trim().strip_suffix(" HTTP/1.1")?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let len = headers.get("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line, headers, body })
}

/// A client that does not wait long for anything, and notes how long it would have waited.
pub(crate) fn client(waits: &Arc<Mutex<Vec<Duration>>>) -> Client {
    let waits = Arc::clone(waits);
    Client::new(FetchOptions {
        idle_timeout: Duration::from_millis(200),
        attempts: 3,
        wait: Arc::new(move |wait| waits.lock().unwrap().push(wait)),
        ..FetchOptions::default()
    })
    .unwrap()
}
