//! A store as a binary cache over HTTP, for Nix and for us.
//!
//! Each connection has a thread, and there are only so many; who comes then is sent away unheard.
//! What is served comes from the store as
//! it is asked for; no file of a cache is ever made. Who may write is said by the options.
//!
//! Invariant: an answer that breaks off is never taken for a whole one: its length was announced,
//! or its end is marked.

mod answer;
mod held;
mod http;
mod upload;

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use frazil_model::signature::{PublicKey, SecretKey};
use frazil_store::Store;
use frazil_store::fs::IoError;

use super::EncoderOptions;
use held::Held;
use http::{Request, RequestError};

/// How long a request may take to be made, and a client may say nothing or take nothing.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long, and how much, is read of a client that was told to go.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES_MAX: u64 = 1 << 20;
/// How long is waited where there are no descriptors for a connection.
const SHORTAGE_WAIT: Duration = Duration::from_millis(50);
/// Connections at once; more are sent away.
const CONNECTIONS_MAX: usize = 256;

/// How to be a cache.
#[derive(Clone)]
pub struct ServeOptions {
    /// Who signs what is served, in addition to what has signed it already.
    pub keys: Vec<SecretKey>,
    /// How NARs are compressed on their way.
    pub encoder: EncoderOptions,
    /// What the cache says about its priority; lower is asked first.
    pub priority: u32,
    /// Who may write; nobody without it.
    pub writable: Option<Writable>,
}

/// What may be written.
#[derive(Clone)]
pub struct Writable {
    /// The keys whose signatures count.
    pub trusted_keys: Vec<PublicKey>,
    /// Whether a path whose address does not follow from its contents needs a signature.
    pub require_signatures: bool,
    /// The most bytes of files that are kept until their narinfos come, and so of one file.
    pub files_bytes_max: u64,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened at.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is no directory for what is written.
    #[error(transparent)]
    Uploads(#[from] IoError),
}

impl ServeError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Listen { .. } => Some("another program may have it; port 0 takes a free one"),
            Self::Uploads(source) => source.help(),
        }
    }
}

/// What was answered to a request.
#[derive(Clone, Copy, Debug)]
pub struct Served<'a> {
    /// `GET`
    pub method: &'a str,
    /// What was asked for.
    pub target: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// Why it was not done.
    pub reason: Option<&'a str>,
}

/// A server that listens.
pub struct Server {
    store: Store,
    options: ServeOptions,
    /// What has been written, if anybody may write.
    held: Option<Held>,
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// Ends a server, from another thread.
#[derive(Clone)]
pub struct Stopper {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stopper {
    /// Takes no more requests; those that are being answered are answered.
    pub fn stop(&self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        for stream in self.shared.open().values() {
            // A connection that is gone needs no end.
            let _gone = stream.shutdown(Shutdown::Read).is_err();
        }
        // Wakes who waits for a connection.
        drop(TcpStream::connect(self.address));
    }
}

impl Server {
    /// Begins to listen.
    pub fn bind(
        store: Store,
        address: SocketAddr,
        options: ServeOptions,
    ) -> Result<Self, ServeError> {
        let held = match &options.writable {
            Some(writable) => Some(Held::new(store.workplace()?, writable.files_bytes_max)),
            None => None,
        };
        let failed = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { store, options, held, listener, address, shared: Arc::default() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What ends it.
    pub fn stopper(&self) -> Stopper {
        Stopper { address: self.address, shared: Arc::clone(&self.shared) }
    }

    /// Answers until it is stopped.
    pub fn run(&self, on_served: &(dyn Fn(Served<'_>) + Sync)) {
        std::thread::scope(|scope| {
            for number in 0.. {
                let accepted = self.listener.accept();
                if self.shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let Ok((stream, _)) = accepted else {
                    // It is gone, or there are no descriptors: nobody says when there are again.
                    std::thread::sleep(SHORTAGE_WAIT);
                    continue;
                };
                if self.shared.open().len() >= CONNECTIONS_MAX {
                    send_away(&stream);
                    continue;
                }
                let Ok(clone) = stream.try_clone() else { continue };
                self.shared.open().insert(number, clone);
                // Who comes while it ends may have been missed.
                if self.shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let connection = std::thread::Builder::new().spawn_scoped(scope, move || {
                    self.connection(&stream, on_served);
                    linger(&stream);
                    self.shared.open().remove(&number);
                });
                if connection.is_err() {
                    self.shared.open().remove(&number);
                }
            }
        });
    }

    fn connection(&self, stream: &TcpStream, on_served: &(dyn Fn(Served<'_>) + Sync)) {
        // Without these a client could keep the thread for ever.
        if stream.set_write_timeout(Some(TIMEOUT)).is_err() || stream.set_nodelay(true).is_err() {
            return;
        }
        let mut reader = BufReader::new(Patient { stream, until: None });
        loop {
            reader.get_mut().until = Some(Instant::now() + TIMEOUT);
            let request = match Request::read(&mut reader) {
                Ok(Some(request)) => request,
                Ok(None) | Err(RequestError::Gone) => return,
                Err(RequestError::Bad { status, reason }) => {
                    on_served(Served { method: "-", target: "-", status, reason: Some(reason) });
                    // The client is told, if it listens; that is all that can be done.
                    let _gone = http::write_text(stream, status, reason, http::Keep::No).is_err();
                    return;
                }
            };
            reader.get_mut().until = None;
            let is_last = self.shared.is_over.load(Ordering::SeqCst);
            let keep =
                if is_last || !request.keep_alive { http::Keep::No } else { http::Keep::Yes };
            let answered = answer::answer(self, &request, &mut reader, stream, keep);
            let Ok(answered) = answered else { return };
            on_served(Served {
                method: &request.method,
                target: &request.target,
                status: answered.status,
                reason: answered.reason.as_deref(),
            });
            if answered.keep == http::Keep::No {
                return;
            }
        }
    }
}

/// Answers a connection that is too many, whatever it is to ask. It may not learn of it.
fn send_away(stream: &TcpStream) {
    // There is room for this in the buffer of a new connection, so it waits for nobody.
    let _gone = http::write_text(stream, 503, "too many connections", http::Keep::No).is_err();
}

/// Lets a client read the last answer: a connection with unread data would be reset, and the answer
/// lost with it.
fn linger(stream: &TcpStream) {
    let end = stream.shutdown(Shutdown::Write);
    let patient = Patient { stream, until: Some(Instant::now() + LINGER) };
    let rest = || io::copy(&mut io::Read::take(patient, LINGER_BYTES_MAX), &mut io::sink());
    // Who is gone needs no answer.
    let _gone = end.and_then(|()| rest()).is_err();
}

/// Reads from a client, but not for ever.
struct Patient<'a> {
    stream: &'a TcpStream,
    /// When the head of a request has to be there; without it, each read has its own time.
    until: Option<Instant>,
}

impl io::Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.map_or(TIMEOUT, |until| until.duration_since(Instant::now()));
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        io::Read::read(&mut self.stream, buffer)
    }
}

/// For fuzzing the heads of requests: no input panics, and no more is read than a head may have.
pub fn fuzz(data: &[u8]) {
    http::fuzz(data);
}
