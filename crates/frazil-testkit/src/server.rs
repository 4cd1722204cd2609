//! A web server on this machine that answers as a test says, well or badly. It may also be asked as
//! a proxy.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What a client asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`
    pub method: String,
    /// `/file?query`; a proxy is asked for whole addresses.
    pub target: String,
    /// By names in small letters.
    pub headers: BTreeMap<String, String>,
    /// What was sent.
    pub body: Vec<u8>,
}

impl Request {
    /// The target without its first slash.
    pub fn path(&self) -> &str {
        self.target.trim_start_matches('/')
    }

    /// Where the range begins that was asked for.
    pub fn range(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What is answered; afterwards the connection is closed, unless the client is to wait for more.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This file.
    File(Vec<u8>),
    /// Nothing is there.
    Absent,
    /// A page for people, as of a portal that wants a login.
    Page,
    /// A head, and then nothing.
    Silence,
    /// Less than was announced.
    Short(Vec<u8>),
    /// This status, and nothing more.
    Status(u16),
    /// These bytes, head and all.
    Raw(Vec<u8>),
    /// These bytes, head and all, and then nothing.
    Hang(Vec<u8>),
}

/// A reply with a status, headers and a body, whose length is told unless a header does.
pub fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    let mut put = |name: &str, value: &str| {
        write!(head, "{name}: {value}\r\n").expect("writing to a string cannot fail");
    };
    if !headers.iter().any(|(name, _)| *name == "Content-Length") {
        put("Content-Length", &body.len().to_string());
    }
    for (name, value) in headers {
        put(name, value);
    }
    Reply::Raw([head.as_bytes(), b"\r\n", body].concat())
}

impl Reply {
    /// What goes over the wire, and whether the connection stays open behind it.
    fn bytes(self) -> (Vec<u8>, bool) {
        let announced = |bytes: usize, body: &[u8]| {
            reply(200, &[("Content-Length", &bytes.to_string())], body).bytes().0
        };
        match self {
            Self::Raw(bytes) => (bytes, false),
            Self::Hang(bytes) => (bytes, true),
            Self::File(body) => reply(200, &[], &body).bytes(),
            Self::Absent => reply(404, &[], b"").bytes(),
            Self::Status(status) => reply(status, &[], b"").bytes(),
            Self::Page => {
                let page = b"<!DOCTYPE html><html>login</html>";
                reply(200, &[("Content-Type", "text/html")], page).bytes()
            }
            Self::Silence => (announced(1000, b""), true),
            Self::Short(body) => (announced(body.len() + 10, &body), false),
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers each request, of which each has its own connection.
    ///
    /// # Panics
    /// If no port is free.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the port is known");
        let log = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (lines, over) = (Arc::clone(&log), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            // Kept open, so that who waits for more waits long.
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                let Some(request) = read_request(&stream) else { continue };
                let range = request.range().map(|from| format!(" from {from}"));
                let line =
                    format!("{} {}{}", request.method, request.target, range.unwrap_or_default());
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                let (bytes, stays) = answer(&request).bytes();
                // Who does not read to the end may be gone.
                drop(stream.write_all(&bytes));
                silent.extend(stays.then_some(stream));
            }
        });
        Self { address, log, is_over, thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The address of a path.
    pub fn address(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// What was asked for, in this order: `GET /path`, and ` from N` behind it if it was a range.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked for, sorted: `GET path`, without the first slash.
    pub fn asked(&self) -> Vec<String> {
        let log = self.log();
        let mut asked: Vec<_> = log.iter().map(|line| line.replacen(" /", " ", 1)).collect();
        asked.sort();
        asked
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes it up.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (method, rest) = line.trim_end().split_once(' ')?;
    let target = rest.strip_suffix(" HTTP/1.1")?;
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
    Some(Request { method: method.to_owned(), target: target.to_owned(), headers, body })
}
