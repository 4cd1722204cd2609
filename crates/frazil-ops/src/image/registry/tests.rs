//! Pushing to a registry that does what a test says, and to a real one where there is one.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use expect_test::{Expect, expect};
use frazil_store::fetch::{Client, FetchOptions};

use super::{Logins, PushOptions, Reference, SigningKey, push};
use crate::image::tests::Fixture;
use crate::image::{Image, ImageOptions, digest};

/// What a registry holds and was asked.
#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, Vec<u8>>,
    log: Vec<String>,
}

struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// An answer in place of the usual one.
type Twist = dyn Fn(&Asked, &mut State) -> Option<(u16, String)> + Send + Sync;

struct Registry {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    is_over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Registry {
    fn start(
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
                drop((&stream).write_all(text.as_bytes()));
            }
        });
        Self { address, state, is_over, thread: Some(thread) }
    }

    fn reference(&self) -> Reference {
        format!("http://{}/team/shop:1", self.address).parse().unwrap()
    }

    fn push(&self, options: &PushOptions) -> Result<super::Pushed, String> {
        let fixture = Fixture::new();
        let system = fixture.system();
        let scratch = tempfile::tempdir().unwrap();
        let image =
            Image::encode(&system, &ImageOptions::default(), scratch.path(), &|_| {}).unwrap();
        let client = Client::new(FetchOptions {
            attempts: 3,
            wait: Arc::new(|_| {}),
            idle_timeout: Duration::from_secs(5),
            ..FetchOptions::default()
        });
        push(&[image], &self.reference(), &client.unwrap(), options, &|_| {})
            .map_err(|error| crate::causes(&error).replace(&self.address.to_string(), "HOST"))
    }

    fn tags(&self) -> Vec<String> {
        self.state.lock().unwrap().manifests.keys().cloned().collect()
    }

    fn count(&self, method: &str) -> usize {
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

fn asked(stream: &TcpStream) -> Option<Asked> {
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
fn answer(asked: &Asked, state: &mut State) -> (u16, String) {
    let path = asked.path.strip_prefix("/v2/team/shop/").unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    match (asked.method.as_str(), path.split_once('/').unwrap_or((path, ""))) {
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
            Some(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                (200, format!("Content-Length: {}\r\n\r\n{text}", bytes.len()))
            }
            None => (404, String::new()),
        },
        ("PUT", ("manifests", name)) => {
            state.manifests.insert(name.to_owned(), asked.body.clone());
            (201, format!("Docker-Content-Digest: {}\r\n", digest(&asked.body)))
        }
        _ => (405, String::new()),
    }
}

fn refusal(code: &str, message: &str) -> String {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] }).to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn only_what_is_missing_is_sent() {
    let registry = Registry::start(|_, _| None);
    let pushed = registry.push(&PushOptions::default()).unwrap();
    assert!(!pushed.was_there && pushed.sent_bytes > 0 && pushed.present_bytes == 0);
    assert_eq!(registry.tags(), ["1".to_owned(), pushed.digest.clone()]);
    let before = registry.count("");
    let again = registry.push(&PushOptions::default()).unwrap();
    assert!(again.was_there);
    assert_eq!(registry.count("") - before, 1, "one question is enough");
    registry.state.lock().unwrap().manifests.clear();
    let third = registry.push(&PushOptions::default()).unwrap();
    assert_eq!((third.sent_bytes, third.present_bytes), (0, pushed.sent_bytes));
}

#[test]
fn what_refers_to_an_image_is_listed_under_a_tag() {
    let registry = Registry::start(|_, _| None);
    let key = tempfile::NamedTempFile::new().unwrap();
    let pem = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";
    std::fs::write(key.path(), pem).unwrap();
    let options = || PushOptions {
        with_inventory: true,
        key: Some(SigningKey::read(key.path()).unwrap()),
        ..PushOptions::default()
    };
    let pushed = registry.push(&options()).unwrap();
    // Again, and nothing is listed twice.
    registry.push(&options()).unwrap();
    let hex = pushed.digest.trim_start_matches("sha256:");
    let state = registry.state.lock().unwrap();
    let list: serde_json::Value =
        serde_json::from_slice(&state.manifests[&format!("sha256-{hex}")]).unwrap();
    let list = list["manifests"].as_array().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["artifactType"], "application/spdx+json");
    let attached: serde_json::Value =
        serde_json::from_slice(&state.manifests[list[0]["digest"].as_str().unwrap()]).unwrap();
    assert_eq!(attached["subject"]["digest"], pushed.digest.as_str());
    let signature: serde_json::Value =
        serde_json::from_slice(&state.manifests[&format!("sha256-{hex}.sig")]).unwrap();
    let payload = &state.blobs[signature["layers"][0]["digest"].as_str().unwrap()];
    let payload: serde_json::Value = serde_json::from_slice(payload).unwrap();
    assert_eq!(payload["critical"]["image"]["docker-manifest-digest"], pushed.digest.as_str());
}

/// A push to a registry with a whim fails like this, and the tag is not there.
#[track_caller]
fn check_failure(
    twist: impl Fn(&Asked, &mut State) -> Option<(u16, String)> + Send + Sync + 'static,
    expected: Expect,
) {
    let registry = Registry::start(twist);
    expected.assert_eq(&registry.push(&PushOptions::default()).unwrap_err());
    assert!(!registry.tags().contains(&"1".to_owned()));
}

#[test]
fn failures_leave_the_tag_as_it_was() {
    check_failure(
        |asked, _| {
            (asked.method == "HEAD")
                .then(|| (401, "WWW-Authenticate: Basic realm=\"x\"\r\n".into()))
        },
        expect!["the registry `HOST` lets only others look for a blob"],
    );
    check_failure(
        |asked, _| {
            (asked.method == "PUT" && asked.path.contains("blobs"))
                .then(|| (400, refusal("DIGEST_INVALID", "no")))
        },
        expect!["the registry refused to store a blob: no"],
    );
    check_failure(
        |asked, _| (asked.method == "POST").then(|| (503, String::new())),
        expect![
            "cannot fetch 'http://HOST/v2/team/shop/blobs/uploads/': HTTP error 503 (the server is not available)"
        ],
    );
    check_failure(
        |asked, state| {
            let is_manifest = asked.method == "PUT" && asked.path.contains("manifests");
            is_manifest.then(|| {
                state.log.push("eaten".into());
                (201, format!("Docker-Content-Digest: {}\r\n", digest(b"other")))
            })
        },
        expect![
            "the registry holds sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa where sha256:4ac28e907094e48dec90637ddf2260f127f730ad1d7481742a630d125842366a was sent"
        ],
    );
}

#[test]
fn asks_again_while_a_failure_may_pass() {
    let failures = Mutex::new(2);
    let registry = Registry::start(move |asked, _| {
        let mut left = failures.lock().unwrap();
        if asked.method != "POST" || *left == 0 {
            return None;
        }
        *left -= 1;
        Some((429, "Retry-After: 1\r\n".into()))
    });
    assert!(!registry.push(&PushOptions::default()).unwrap().was_there);
}

#[test]
fn gets_a_token_with_a_password() {
    let registry = Registry::start(|asked, _| {
        let authorisation = asked.headers.get("authorization").map(String::as_str);
        if asked.path.starts_with("/token?service=r&scope=repository%3Ateam%2Fshop%3Apull%2Cpush") {
            assert_eq!(authorisation, Some("Basic bWU6c2VjcmV0"));
            let body = r#"{"token":"t0k"}"#;
            return Some((200, format!("Content-Length: {}\r\n\r\n{body}", body.len())));
        }
        let host = &asked.headers["host"];
        let challenge =
            format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"r\"\r\n");
        (authorisation != Some("Bearer t0k")).then_some((401, challenge))
    });
    let logins = tempfile::NamedTempFile::new().unwrap();
    let text = format!(r#"{{"auths":{{"{}":{{"auth":"bWU6c2VjcmV0"}}}}}}"#, registry.address);
    std::fs::write(logins.path(), text).unwrap();
    let logins = Logins { files: vec![logins.path().to_owned()] };
    registry.push(&PushOptions { logins, ..PushOptions::default() }).unwrap();
    assert!(registry.tags().contains(&"1".to_owned()));
}

#[track_caller]
fn check_reference(text: &str, expected: Expect) {
    expected.assert_eq(&match text.parse::<Reference>() {
        Ok(reference) => format!("{} | {}", reference.url("x"), reference.tag()),
        Err(error) => format!("{error} | {}", error.help()),
    });
}

#[test]
fn references_name_registries() {
    check_reference("r.example/a/b:v1", expect!["https://r.example/v2/a/b/x | v1"]);
    check_reference("localhost:5000/a", expect!["https://localhost:5000/v2/a/x | latest"]);
    check_reference("http://127.0.0.1:5000/a", expect!["http://127.0.0.1:5000/v2/a/x | latest"]);
    check_reference(
        "nginx:1",
        expect![
            "`nginx:1` names no registry | write it as HOST/REPOSITORY:TAG, with `http://` in front if it has no TLS"
        ],
    );
    check_reference(
        "library/nginx",
        expect![
            "`library/nginx` names no registry | write it as HOST/REPOSITORY:TAG, with `http://` in front if it has no TLS"
        ],
    );
    check_reference(
        "r.example/../x",
        expect![
            "`../x` cannot be the name of a repository | there may be small letters, digits, and `.`, `_`, `-`, `/` between them"
        ],
    );
    check_reference(
        "r.example/a:b c",
        expect![
            "`b c` cannot be a tag | there may be letters, digits, `_`, `.` and `-`, 128 at most"
        ],
    );
}
