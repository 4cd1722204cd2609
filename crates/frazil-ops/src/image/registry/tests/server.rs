//! A registry in memory that does what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use frazil_store::fetch::{Client, FetchOptions};
use frazil_testkit::server::{Reply, Request, Server, reply};

use crate::image::readers::{Limits, ReadOptions};
use crate::image::registry::{Logins, PushOptions, Pushed, Reference, push, read};
use crate::image::tests::Fixture;
use crate::image::{Image, ImageOptions, digest};

/// What a registry holds.
#[derive(Default)]
pub(super) struct State {
    pub(super) blobs: BTreeMap<String, Vec<u8>>,
    pub(super) manifests: BTreeMap<String, Vec<u8>>,
    pub(super) uploads: BTreeMap<String, Vec<u8>>,
    /// How many uploads were begun.
    begun: usize,
}

/// A registry, and how tests ask it.
pub(super) struct Registry {
    /// None if it is another program.
    server: Option<Server>,
    host: String,
    pub(super) state: Arc<Mutex<State>>,
    /// How long clients would have waited.
    pub(super) waits: Arc<Mutex<Vec<Duration>>>,
}

impl Registry {
    /// Answers as a registry does that does all right, but for what `twist` answers in its place.
    pub(super) fn start(
        twist: impl Fn(&Request, &mut State) -> Option<Reply> + Send + 'static,
    ) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| {
            let mut state = shared.lock().unwrap();
            twist(request, &mut state).unwrap_or_else(|| answer(request, &mut state))
        });
        Self { host: server.host(), server: Some(server), state, waits: Arc::default() }
    }

    /// Another program.
    pub(super) fn at(host: String) -> Self {
        Self { server: None, host, state: Arc::default(), waits: Arc::default() }
    }

    pub(super) fn client(&self) -> Client {
        let waits = Arc::clone(&self.waits);
        Client::new(FetchOptions {
            attempts: 3,
            wait: Arc::new(move |wait| waits.lock().unwrap().push(wait)),
            idle_timeout: Duration::from_secs(5),
            ..FetchOptions::default()
        })
        .unwrap()
    }

    pub(super) fn read(&self) -> Result<frazil_image::read::Image, String> {
        let options = ReadOptions {
            limits: Limits::default(),
            architecture: None,
            tag: None,
            keeps: &|_| false,
        };
        read(&self.reference(), &self.client(), &Logins::default(), &options)
            .map_err(|error| crate::causes(&error).replace(&self.host, "HOST"))
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn reference(&self) -> Reference {
        format!("http://{}/team/shop:1", self.host).parse().unwrap()
    }

    pub(super) fn push(&self, options: &PushOptions) -> Result<Pushed, String> {
        let fixture = Fixture::new();
        let system = fixture.system();
        let scratch = tempfile::tempdir().unwrap();
        let image =
            Image::encode(&system, &ImageOptions::default(), scratch.path(), &|_| {}).unwrap();
        push(&[image], &self.reference(), &self.client(), options, &|_| {})
            .map_err(|error| crate::causes(&error).replace(&self.host, "HOST"))
    }

    pub(super) fn tags(&self) -> Vec<String> {
        self.state.lock().unwrap().manifests.keys().cloned().collect()
    }

    /// The requests so far that begin so.
    pub(super) fn log(&self, beginning: &str) -> Vec<String> {
        let log = self.server.as_ref().map(Server::log).unwrap_or_default();
        log.into_iter().filter(|line| line.starts_with(beginning)).collect()
    }

    pub(super) fn count(&self, beginning: &str) -> usize {
        self.log(beginning).len()
    }
}

/// What a registry does that does all right.
pub(super) fn answer(request: &Request, state: &mut State) -> Reply {
    let path = request.target.strip_prefix("/v2/team/shop/").unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let held =
        |bytes: Option<&Vec<u8>>| bytes.map_or(Reply::Absent, |bytes| reply(200, &[], bytes));
    let named = |status: u16, bytes: &[u8]| {
        reply(status, &[("Docker-Content-Digest", &digest(bytes))], b"")
    };
    match (request.method.as_str(), path.split_once('/').unwrap_or((path, ""))) {
        ("GET", ("blobs", name)) => held(state.blobs.get(name)),
        ("HEAD", ("blobs", name)) if state.blobs.contains_key(name) => Reply::Status(200),
        ("HEAD", ("blobs", _)) => Reply::Absent,
        ("POST", ("blobs", "uploads/")) => {
            state.begun += 1;
            let id = format!("u{}", state.begun);
            let location = format!("/v2/team/shop/blobs/{id}");
            state.uploads.insert(id, Vec::new());
            reply(202, &[("Location", &location)], b"")
        }
        ("PUT", ("blobs", id)) => {
            let mut bytes = state.uploads.remove(id).unwrap_or_default();
            bytes.extend(&request.body);
            let wanted = query.strip_prefix("digest=").unwrap_or_default();
            if digest(&bytes) != wanted {
                return refusal("DIGEST_INVALID", "the digest does not fit");
            }
            state.blobs.insert(wanted.to_owned(), bytes);
            Reply::Status(201)
        }
        ("HEAD", ("manifests", name)) => {
            state.manifests.get(name).map_or(Reply::Absent, |bytes| named(200, bytes))
        }
        ("GET", ("manifests", name)) => held(state.manifests.get(name)),
        ("PUT", ("manifests", name)) => {
            state.manifests.insert(name.to_owned(), request.body.clone());
            named(201, &request.body)
        }
        _ => Reply::Status(405),
    }
}

pub(super) fn refusal(code: &str, message: &str) -> Reply {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] }).to_string();
    reply(400, &[], body.as_bytes())
}
