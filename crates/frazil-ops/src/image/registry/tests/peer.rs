//! Debian's `docker-registry` as the registry, behind a wire that breaks.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use frazil_testkit::docker_registry::DockerRegistry;

use super::server::Registry;
use crate::image::registry::PushOptions;

/// How much of the body of a request gets through before the wire breaks.
const BYTES: usize = 10;

/// A wire to a server; it breaks within the `breaks_at`th request that sends something.
struct Wire {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    has_broken: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    fn to(server: String, breaks_at: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (is_over, has_broken) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let (over, broken) = (Arc::clone(&is_over), Arc::clone(&has_broken));
        let thread = thread::spawn(move || {
            let pieces = &AtomicUsize::new(0);
            thread::scope(|scope| {
                for client in listener.incoming() {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                    let back = (client.try_clone().unwrap(), server.try_clone().unwrap());
                    scope.spawn(move || std::io::copy(&mut &back.1, &mut &back.0));
                    let broken = &broken;
                    scope.spawn(move || {
                        forward(&client, &server, |beginning| {
                            let is_piece = has_body(beginning);
                            let number = pieces.fetch_add(usize::from(is_piece), Ordering::SeqCst);
                            let breaks = is_piece && number + 1 == breaks_at;
                            broken.fetch_or(breaks, Ordering::SeqCst);
                            breaks
                        });
                    });
                }
            });
        });
        Self { address, is_over, has_broken, thread: Some(thread) }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        self.thread.take().map(JoinHandle::join);
    }
}

/// Whether a request sends something.
fn has_body(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    ["put ", "patch "].iter().any(|method| head.starts_with(method))
        && !head.contains("content-length: 0\r\n")
}

/// Passes on what a client sends; of a request that breaks off only the head and a little more.
fn forward(mut client: &TcpStream, mut server: &TcpStream, breaks: impl Fn(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let mut sent = buffer[..length].to_vec();
        if breaks(&sent) {
            let end = loop {
                let head = sent.windows(4).position(|four| four == b"\r\n\r\n");
                match head.map(|head| head + 4 + BYTES) {
                    Some(end) if end <= sent.len() => break end,
                    _ => {}
                }
                let length = client.read(&mut buffer).unwrap();
                assert!(length > 0, "it has a body");
                sent.extend_from_slice(&buffer[..length]);
            };
            server.write_all(&sent[..end]).unwrap();
            break;
        }
        if server.write_all(&sent).is_err() {
            break;
        }
    }
    drop(client.shutdown(Shutdown::Both));
    drop(server.shutdown(Shutdown::Both));
}

/// Pushes in pieces of this size.
#[track_caller]
fn check(piece_bytes: u64, breaks_at: usize) {
    let directory = tempfile::tempdir().unwrap();
    let Some(registry) = DockerRegistry::start(directory.path(), "") else {
        assert!(std::env::var_os("FRAZIL_NO_SKIP").is_none(), "there is no docker-registry");
        eprintln!("skipped: there is no docker-registry");
        return;
    };
    let wire = Wire::to(registry.host().to_owned(), breaks_at);
    let options = PushOptions { piece_bytes, ..PushOptions::default() };
    let pushed = Registry::at(wire.address.to_string()).push(&options);
    assert!(pushed.is_ok(), "{pushed:?} {:#?}", registry.requests());
    assert!(wire.has_broken.load(Ordering::SeqCst));
    Registry::at(registry.host().to_owned()).read().unwrap();
}

#[test]
fn a_push_outlives_a_wire_that_breaks() {
    check(100, 1);
    check(100, 2);
    check(100, 5);
    check(u64::MAX, 2);
}
