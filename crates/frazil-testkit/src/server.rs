//! A web server on this machine that answers as a test says, well or badly. It may also be asked as
//! a proxy.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What is answered.
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
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers what `answer` says for each path, without its first slash; as a proxy it is asked for
    /// whole addresses.
    ///
    /// # Panics
    /// If no port is free.
    pub fn start(answer: impl Fn(&str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the port is known");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (log, over) = (Arc::clone(&asked), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            // Kept open, so that who waits for more waits long.
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let Some(target) = asked_for(&stream, &log) else { continue };
                let reply = answer(target.trim_start_matches('/'));
                silent.extend(send(stream, reply));
            }
        });
        Self { address, asked, is_over, thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The address of a path.
    pub fn address(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// What was asked for, sorted: `GET path`, without the first slash.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
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

/// The target of the first request that is none for a tunnel.
fn asked_for(mut stream: &TcpStream, log: &Mutex<Vec<String>>) -> Option<String> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    loop {
        let first = lines.next()?.ok()?;
        let mut words = first.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let target = target.trim_start_matches('/');
        log.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{method} {target}"));
        while !lines.next()?.ok()?.is_empty() {}
        if method != "CONNECT" {
            return Some(target.to_owned());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    }
}

/// Answers; the connection comes back if it is to stay open.
fn send(mut stream: TcpStream, reply: Reply) -> Option<TcpStream> {
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
        Reply::Status(status) => (head(&format!("{status} X"), binary, 0), false),
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
