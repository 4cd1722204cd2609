//! The server of the test kit, as the tests of this crate ask it. For tests only.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use frazil_testkit::server::Server;
pub(crate) use frazil_testkit::server::{Reply, Request, reply};

use super::{Client, FetchOptions, Url};

pub(crate) fn ok(body: &[u8]) -> Reply {
    reply(200, &[], body)
}

pub(crate) struct TestServer(Server);

impl TestServer {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + 'static) -> Self {
        Self(Server::start(answer))
    }

    /// The address of a file on the server, with its first slash.
    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.0.host()).parse().unwrap()
    }

    /// What was asked so far.
    pub(crate) fn log(&self) -> String {
        self.0.log().join("\n")
    }
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
