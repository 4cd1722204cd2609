//! A registry in memory that does what a test says.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use frazil_store::fetch::{Client, FetchOptions};

use crate::image::readers::{Limits, ReadOptions};
use crate::image::registry::{Logins, PushOptions, Pushed, Reference, push, read};
use crate::image::tests::Fixture;
use crate::image::{Image, ImageOptions, digest};

/// What a registry holds and was asked.
#[derive(Default)]
pub(super) struct State {
    pub(super) blobs: BTreeMap<String, Vec<u8>>,
    pub(super) manifests: BTreeMap<String, Vec<u8>>,
    pub(super) uploads: BTreeMap<String, Vec<u8>>,
    pub(super) log: Vec<String>,
}

pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// An answer in place of the usual one.
pub(super) type Twist = dyn Fn(&Asked, &mut State) -> Option<(u16, String)> + Send + Sync;

pub(super) struct Registry {
    pub(super) address: SocketAddr,
    pub(super) state: Arc<Mutex<State>>,
    is_over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Registry {
    pub(super) fn start(
        twist: impl Fn(&Asked, &mut State) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (shared, over) = (Arc::clone(&state), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            let twist: Box<Twist> = Box::new(twist);
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.unwrap();
                let Some(asked) = asked(&stream) else { continue };
                let mut state = shared.lock().unwrap();
                state.log.push(format!("{} {}", asked.method, asked.path));
                let (status, rest) =
                    twist(&asked, &mut state).unwrap_or_else(|| answer(&asked, &mut state));
                let head = if rest.contains("\r\n\r\n") {
                    rest
                } else {
                    format!("{rest}Content-Length: 0\r\n\r\n")
                };
                let text = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{head}");
                // Each character stands for a byte, since blobs are no text.
                let bytes: Vec<u8> =
                    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
                drop((&stream).write_all(&bytes));
            }
        });
        Self { address, state, is_over, thread: Some(thread) }
    }

    pub(super) fn client() -> Client {
        Client::new(FetchOptions {
            attempts: 3,
            wait: Arc::new(|_| {}),
            idle_timeout: Duration::from_secs(5),
            ..FetchOptions::default()
        })
        .unwrap()
    }

    pub(super) fn read(&self) -> Result<frazil_image::read::Image, String> {
        let options =
            ReadOptions { limits: Limits::default(), architecture: "amd64", keeps: &|_| false };
        read(&self.reference(), &Self::client(), &Logins::default(), &options)
            .map_err(|error| crate::causes(&error).replace(&self.address.to_string(), "HOST"))
    }

    pub(super) fn reference(&self) -> Reference {
        format!("http://{}/team/shop:1", self.address).parse().unwrap()
    }

    pub(super) fn push(&self, options: &PushOptions) -> Result<Pushed, String> {
        let fixture = Fixture::new();
        let system = fixture.system();
        let scratch = tempfile::tempdir().unwrap();
        let image =
            Image::encode(&system, &ImageOptions::default(), scratch.path(), &|_| {}).unwrap();
        push(&[image], &self.reference(), &Self::client(), options, &|_| {})
            .map_err(|error| crate::causes(&error).replace(&self.address.to_string(), "HOST"))
    }

    pub(super) fn tags(&self) -> Vec<String> {
        self.state.lock().unwrap().manifests.keys().cloned().collect()
    }

    pub(super) fn count(&self, method: &str) -> usize {
        self.state.lock().unwrap().log.iter().filter(|line| line.starts_with(method)).count()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

pub(super) fn asked(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|len| *len > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
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
    Some(Asked { method, path, headers, body })
}

/// What a registry does that does all right.
pub(super) fn answer(asked: &Asked, state: &mut State) -> (u16, String) {
    let path = asked.path.strip_prefix("/v2/team/shop/").unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    match (asked.method.as_str(), path.split_once('/').unwrap_or((path, ""))) {
        ("GET", ("blobs", name)) => match state.blobs.get(name) {
            Some(bytes) => (200, served(bytes)),
            None => (404, String::new()),
        },
        ("HEAD", ("blobs", name)) => {
            (if state.blobs.contains_key(name) { 200 } else { 404 }, String::new())
        }
        ("POST", ("blobs", "uploads/")) => {
            let id = format!("u{}", state.log.len());
            state.uploads.insert(id.clone(), Vec::new());
            (202, format!("Location: /v2/team/shop/blobs/{id}\r\n"))
        }
        ("PUT", ("blobs", id)) => {
            let mut bytes = state.uploads.remove(id).unwrap_or_default();
            bytes.extend(&asked.body);
            let wanted = query.strip_prefix("digest=").unwrap_or_default();
            if digest(&bytes) != wanted {
                return (400, refusal("DIGEST_INVALID", "the digest does not fit"));
            }
            state.blobs.insert(wanted.to_owned(), bytes);
            (201, String::new())
        }
        ("HEAD", ("manifests", name)) => match state.manifests.get(name) {
            Some(bytes) => (200, format!("Docker-Content-Digest: {}\r\n", digest(bytes))),
            None => (404, String::new()),
        },
        ("GET", ("manifests", name)) => match state.manifests.get(name) {
            Some(bytes) => (200, served(bytes)),
            None => (404, String::new()),
        },
        ("PUT", ("manifests", name)) => {
            state.manifests.insert(name.to_owned(), asked.body.clone());
            (201, format!("Docker-Content-Digest: {}\r\n", digest(&asked.body)))
        }
        _ => (405, String::new()),
    }
}

pub(super) fn served(bytes: &[u8]) -> String {
    let text: String = bytes.iter().copied().map(char::from).collect();
    format!("Content-Length: {}\r\n\r\n{text}", bytes.len())
}

pub(super) fn refusal(code: &str, message: &str) -> String {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] }).to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}
