//! A mirror on this machine that answers as a test says. For tests only.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use frazil_store::fetch::{Client, FetchOptions};

use super::{Archives, ArchivesPlan, MirrorSetting, parse_snapshots};

/// Within the time for which the release files of the fixtures are valid: 2026-01-02.
pub(crate) const NOW: u64 = 1_767_312_000;

/// What a mirror answers in place of the file.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    File(Vec<u8>),
    Absent,
    /// As a portal does that wants a login.
    Page,
    /// A head, and then nothing.
    Silence,
    /// Less than was announced.
    Short(Vec<u8>),
}

/// The files that `make.sh` made.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/debian")
}

pub(crate) fn fixture(path: &str) -> Vec<u8> {
    fs::read(fixtures().join("archive").join(path)).unwrap()
}

/// How tests reach a mirror: without patience.
pub(crate) fn fetch_options() -> FetchOptions {
    FetchOptions {
        attempts: 1,
        idle_timeout: Duration::from_millis(300),
        wait: Arc::new(|_| {}),
        ..FetchOptions::default()
    }
}

pub(crate) fn client() -> Client {
    Client::new(fetch_options()).unwrap()
}

/// Archives at this mirror, whose keys are in the fixtures' keyring of that name.
pub(crate) fn archives(mirror: &str, keyring: &str) -> Arc<Archives> {
    archives_of(mirror, keyring, &[])
}

/// Archives at this mirror, and at the addresses of snapshots.
pub(crate) fn archives_with_snapshots(mirror: &str, snapshots: &[String]) -> Arc<Archives> {
    archives_of(mirror, "key.gpg", snapshots)
}

fn archives_of(mirror: &str, keyring: &str, snapshots: &[String]) -> Arc<Archives> {
    Arc::new(Archives::new(ArchivesPlan {
        named: vec![MirrorSetting::parse(mirror).unwrap()],
        snapshots: snapshots.iter().map(|text| parse_snapshots(text).unwrap()).collect(),
        keyrings: vec![fixtures().join(keyring)],
        machine_root: PathBuf::from("/nowhere"),
    }))
}

pub(crate) struct TestMirror {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TestMirror {
    /// Has the archive of the fixtures, but for what `change` answers otherwise.
    pub(crate) fn start(change: impl Fn(&str) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (paths, over) = (Arc::clone(&asked), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            // Kept open, so that who waits for more waits long.
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.unwrap();
                let Some(path) = asked_path(&stream) else { continue };
                let reply =
                    change(&path).unwrap_or_else(|| Self::stored(&format!("archive/{path}")));
                paths.lock().unwrap().push(path);
                silent.extend(answer(stream, reply));
            }
        });
        Self { address, asked, is_over, thread: Some(thread) }
    }

    /// With nothing changed.
    pub(crate) fn honest() -> Self {
        Self::start(|_| None)
    }

    pub(crate) fn mirror(&self) -> String {
        self.address("debian")
    }

    /// The address of something else that it has.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The file of the fixtures at this path.
    pub(crate) fn stored(path: &str) -> Reply {
        fs::read(fixtures().join(path)).map_or(Reply::Absent, Reply::File)
    }

    /// The paths that were asked for, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }
}

impl Drop for TestMirror {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes it up.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn asked_path(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    while !lines.next()?.ok()?.is_empty() {}
    Some(path)
}

/// Answers; the connection comes back if it is to stay open.
fn answer(mut stream: TcpStream, reply: Reply) -> Option<TcpStream> {
    let head = |status: &str, kind: &str, bytes: usize| {
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {bytes}\r\n\r\n"
        )
        .into_bytes()
    };
    let binary = "application/octet-stream";
    let (bytes, stays) = match reply {
        Reply::File(body) => ([head("200 OK", binary, body.len()), body].concat(), false),
        Reply::Absent => (head("404 Not Found", binary, 0), false),
        Reply::Page => {
            let page = b"<!DOCTYPE html><html>login</html>".to_vec();
            ([head("200 OK", "text/html", page.len()), page].concat(), false)
        }
        Reply::Silence => (head("200 OK", binary, 1000), true),
        Reply::Short(body) => ([head("200 OK", binary, body.len() + 10), body].concat(), false),
    };
    // Who does not read to the end may be gone.
    drop(stream.write_all(&bytes));
    stays.then_some(stream)
}
