//! The server in this process, asked by bytes, by our own client, and by real Nix where there is
//! one: `FRAZIL_ORACLE_NIX` names a directory with its programs or a program that runs them, or
//! they are in the PATH.

mod oracle;
mod written;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Mutex;

use expect_test::{Expect, expect};
use frazil_model::StoreDir;
use frazil_model::nar::NarNode;
use frazil_model::signature::SecretKey;
use frazil_store::{PathInfo, StoreOptions, VerifyDepth};

use super::serve::{self, ServeOptions, Server, Writable};
use super::*;

pub(super) const TOP: &str = "11111111111111111111111111111111-top";
pub(super) const LIB: &str = "22222222222222222222222222222222-lib";

pub(super) fn key() -> SecretKey {
    SecretKey::from_seed("test-1".parse().unwrap(), &[7; 32])
}

pub(super) fn path(text: &str) -> StorePath {
    text.parse().unwrap()
}

pub(super) fn open(root: &Path) -> Store {
    Store::open(StoreOptions::new(root)).unwrap()
}

/// Makes a path valid whose address does not follow from its contents.
fn import(store: &Store, name: &str, contents: &[u8], references: &[&str]) {
    let node = NarNode::File { executable: false, contents: contents.into() };
    let mut info = PathInfo::new(path(name), node.digest().unwrap());
    info.references = references.iter().map(|name| path(name)).collect();
    store.import_nar(info, &mut &*node.to_nar().unwrap()).unwrap();
}

/// A path that refers to another one, which is large, and to itself.
pub(super) fn fill(store: &Store) {
    import(store, LIB, &vec![7; 300_000], &[]);
    import(store, TOP, format!("{LIB} {TOP}").as_bytes(), &[LIB, TOP]);
}

/// One cache, whose key is trusted.
pub(super) fn network(cache: Url) -> NetworkPlan {
    NetworkPlan {
        fetch: FetchOptions::default(),
        substituters: vec![cache],
        trusted_keys: vec![key().public()],
        require_signatures: true,
        lookups: None,
        store_dir: StoreDir::default(),
    }
}

pub(super) fn options(method: CompressionMethod) -> ServeOptions {
    let encoder = EncoderOptions { method, level: None };
    ServeOptions { keys: vec![key()], encoder, priority: 30, writable: None }
}

pub(super) fn writable() -> ServeOptions {
    let writable = Writable {
        trusted_keys: vec![key().public()],
        require_signatures: true,
        files_bytes_max: 1 << 20,
    };
    ServeOptions { writable: Some(writable), ..options(CompressionMethod::None) }
}

/// Serves a store while `body` runs; returns what was said.
pub(super) fn serving(
    store: Store,
    options: ServeOptions,
    body: impl FnOnce(SocketAddr),
) -> Vec<String> {
    let server = Server::bind(store, "127.0.0.1:0".parse().unwrap(), options).unwrap();
    let said = Mutex::new(Vec::new());
    let stopper = server.stopper();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            server.run(&|served| {
                let reason = served.reason.unwrap_or("-");
                let line =
                    format!("{} {} {} {reason}", served.status, served.method, served.target);
                said.lock().unwrap().push(line);
            });
        });
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            body(server.address());
        }));
        stopper.stop();
        running.join().unwrap();
        if let Err(panic) = done {
            std::panic::resume_unwind(panic);
        }
    });
    said.into_inner().unwrap()
}

/// Sends bytes; returns what comes back until the server closes.
fn answer(request: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store);
    let mut answer = Vec::new();
    serving(store, options(CompressionMethod::None), |address| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream.read_to_end(&mut answer).unwrap();
    });
    String::from_utf8_lossy(&answer).replace("\r\n", "\n")
}

#[track_caller]
fn check(request: &[u8], expected: Expect) {
    expected.assert_eq(&answer(request));
}

/// Sends what is refused; shows the first line and the last.
#[track_caller]
fn check_refused(request: &[u8], expected: Expect) {
    let answer = answer(request);
    let (head, reason) = answer.split_once("\n\n").unwrap();
    assert!(head.ends_with("Connection: close"), "{head}");
    expected.assert_eq(&format!("{}: {}", head.lines().next().unwrap(), reason.trim_end()));
}

#[test]
fn answers_what_a_client_asks() {
    check(
        b"GET /nix-cache-info HTTP/1.1\r\nHost: a\r\n\r\n",
        expect![[r#"
        HTTP/1.1 200 OK
        Content-Type: text/x-nix-cache-info
        Content-Length: 51

        StoreDir: /nix/store
        WantMassQuery: 1
        Priority: 30
    "#]],
    );
    check(
        b"GET /11111111111111111111111111111111.narinfo HTTP/1.0\r\n\r\n",
        expect![[r#"
        HTTP/1.1 200 OK
        Content-Type: text/x-nix-narinfo
        Content-Length: 529
        Connection: close

        StorePath: /nix/store/11111111111111111111111111111111-top
        URL: nar/11111111111111111111111111111111-0r4mxrnxbgc44r9z8sz5c0mhmzkfsrvvxd570plcc99ab6n8qbb3.nar
        Compression: none
        FileHash: sha256:0r4mxrnxbgc44r9z8sz5c0mhmzkfsrvvxd570plcc99ab6n8qbb3
        FileSize: 192
        NarHash: sha256:0r4mxrnxbgc44r9z8sz5c0mhmzkfsrvvxd570plcc99ab6n8qbb3
        NarSize: 192
        References: 11111111111111111111111111111111-top 22222222222222222222222222222222-lib
        Sig: test-1:WXqGxc+doNNdOc6/I2ii+0+8uwZngCFxLdZ5bC2L0vehFUgawCVvfi+l5KvISoBOziV10xoGcywtc8yJtkszDQ==
    "#]],
    );
    check(
        b"HEAD /11111111111111111111111111111111.narinfo HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\nConnection: close\r\n\r\nGET /unread HTTP/1.1\r\n\r\n",
        expect![[r#"
            HTTP/1.1 200 OK
            Content-Type: text/x-nix-narinfo
            Content-Length: 529

            HTTP/1.1 404 Not Found
            Content-Type: text/plain; charset=utf-8
            Content-Length: 10
            Connection: close

            not found
        "#]],
    );
    check(
        b"GET /../../etc/passwd HTTP/1.1\r\n\r\n",
        expect![[r#"
        HTTP/1.1 404 Not Found
        Content-Type: text/plain; charset=utf-8
        Content-Length: 10

        not found
    "#]],
    );
    check(
        b"GET /nar/11111111111111111111111111111111-0.nar HTTP/1.1\r\n\r\n",
        expect![[r#"
        HTTP/1.1 404 Not Found
        Content-Type: text/plain; charset=utf-8
        Content-Length: 10

        not found
    "#]],
    );
}

#[test]
fn a_body_that_nobody_wants_is_no_request() {
    check(
        b"PUT /nar/a.nar HTTP/1.1\r\nContent-Length: 4\r\n\r\ntextDELETE / HTTP/1.1\r\n\r\n",
        expect![[r#"
            HTTP/1.1 403 Forbidden
            Content-Type: text/plain; charset=utf-8
            Content-Length: 29

            this cache cannot be written
            HTTP/1.1 405 Method Not Allowed
            Content-Type: text/plain; charset=utf-8
            Content-Length: 38

            only GET, HEAD and PUT are understood
        "#]],
    );
}

#[test]
fn refuses_what_is_odd() {
    check_refused(b"SSH-2.0\r\n\r\n", expect!["HTTP/1.1 400 Bad Request: not an HTTP request"]);
    check_refused(
        b"GET / HTTP/2.0\r\n\r\n",
        expect!["HTTP/1.1 505 HTTP Version Not Supported: only HTTP/1.1 is spoken here"],
    );
    check_refused(
        b"GET http://a/ HTTP/1.1\r\n\r\n",
        expect!["HTTP/1.1 400 Bad Request: the target is not a path"],
    );
    check_refused(
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        expect!["HTTP/1.1 400 Bad Request: a header has no value"],
    );
    check_refused(
        b"GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
        expect!["HTTP/1.1 400 Bad Request: a header has an odd name"],
    );
    check_refused(
        b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        expect!["HTTP/1.1 400 Bad Request: there are two lengths"],
    );
    check_refused(
        b"PUT / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
        expect!["HTTP/1.1 400 Bad Request: the length is not a number"],
    );
    check_refused(
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        expect!["HTTP/1.1 411 Length Required: a body needs a Content-Length here"],
    );
    check_refused(
        b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
        expect!["HTTP/1.1 400 Bad Request: there is a control character in the head"],
    );
    check_refused(
        &[b"GET /".as_slice(), &vec![b'a'; 20_000]].concat(),
        expect![
            "HTTP/1.1 431 Request Header Fields Too Large: the head of the request is too long, or cut off"
        ],
    );
    check_refused(
        b"GET / HTTP/1.1\r\n",
        expect!["HTTP/1.1 400 Bad Request: the head of the request is cut off"],
    );
}

#[test]
fn any_bytes_as_a_request() {
    let whole = b"PUT /a HTTP/1.1\r\nContent-Length: 1\r\nRange: bytes=1-\r\nExpect: 100-continue\r\n\r\nGET /b HTTP/1.0\r\n\r\n";
    for index in 0..whole.len() {
        serve::fuzz(&whole[..index]);
        for byte in [0, b' ', b':', b'\n', b'\r', 0xff] {
            let mut changed = whole.to_vec();
            changed[index] = byte;
            serve::fuzz(&changed);
        }
    }
}

/// The body of an answer to a GET with these headers.
fn body(address: SocketAddr, target: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).replace("\r\n", "\n");
    (head, answer[end + 4..].to_vec())
}

#[test]
fn ranges_are_the_end_of_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store);
    serving(store, options(CompressionMethod::None), |address| {
        let (_, text) = body(address, "/22222222222222222222222222222222.narinfo", "");
        let text = String::from_utf8(text).unwrap();
        let url = text.lines().find_map(|line| line.strip_prefix("URL: ")).unwrap();
        let url = format!("/{url}");
        let (_, whole) = body(address, &url, "");
        let (head, end) = body(address, &url, "Range: bytes=300000-\r\n");
        expect![[r#"
            HTTP/1.1 206 Partial Content
            Content-Type: application/x-nix-nar
            Content-Length: 112
            Content-Range: bytes 300000-300111/300112
            ETag: "0i71qpazjbwi6pf18rh8wqpk4jc2w70qx54nl40x5990d5zjp735"
            Accept-Ranges: bytes
            Connection: close"#]]
        .assert_eq(&head);
        assert_eq!(end, whole[300_000..]);
        let (head, _) = body(address, &url, "Range: bytes=999999-\r\n");
        expect![[r#"
            HTTP/1.1 416 Range Not Satisfiable
            Content-Type: text/plain; charset=utf-8
            Content-Length: 28
            Connection: close"#]]
        .assert_eq(&head);
        // Another version, and a form that is not known: the whole.
        assert_eq!(body(address, &url, "Range: bytes=5-\r\nIf-Range: \"x\"\r\n").1, whole);
        assert_eq!(body(address, &url, "Range: bytes=5-9\r\n").1, whole);
    });
}

/// Pulls all from an address into a new store, which must be sound.
fn pull_all(address: SocketAddr) -> Result<Pulled, Error> {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let plan = PullPlan {
        network: network(format!("http://{address}").parse().unwrap()),
        paths: [path(TOP)].into(),
    };
    let pulled = pull(&store, &plan, &|_| {});
    assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
    pulled
}

#[test]
fn our_client_takes_what_is_served() {
    for method in [
        CompressionMethod::None,
        CompressionMethod::Zstd,
        CompressionMethod::Xz,
        CompressionMethod::Gzip,
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        fill(&store);
        serving(store, options(method), |address| {
            assert_eq!(pull_all(address).unwrap().paths.len(), 2, "{method:?}");
        });
    }
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store);
    let unsigned = ServeOptions { keys: Vec::new(), ..options(CompressionMethod::None) };
    serving(store, unsigned, |address| assert!(pull_all(address).is_err()));
}

/// Writes the paths of a filled store to a new one that is served.
fn push_all(keys: Vec<SecretKey>) -> (Vec<String>, Result<Pushed, Error>, usize) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("from"));
    fill(&store);
    let to = open(&dir.path().join("to"));
    let mut result = None;
    let mut said = serving(to, writable(), |address| {
        let options = PushOptions { keys, ..PushOptions::new(dir.path().into()) };
        let plan = PushPlan {
            fetch: FetchOptions { attempts: 1, ..FetchOptions::default() },
            cache: format!("http://{address}").parse().unwrap(),
            options,
            paths: [path(TOP)].into(),
        };
        result = Some(push(&store, &plan, &|_| {}));
    });
    said.sort();
    let to = open(&dir.path().join("to"));
    assert!(to.verify(VerifyDepth::Contents).unwrap().is_clean());
    let left =
        std::fs::read_dir(to.layout().store()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> =
        left.filter(|name| name.to_str().is_some_and(|name| name.starts_with("tmp"))).collect();
    assert!(left.is_empty(), "{left:?}");
    (said, result.unwrap(), to.valid_paths().unwrap().len())
}

#[test]
fn our_client_writes_what_is_signed() {
    let (_, pushed, count) = push_all(vec![key()]);
    assert_eq!((pushed.unwrap().written.len(), count), (2, 2));
    let (said, pushed, count) = push_all(Vec::new());
    assert!(pushed.is_err());
    assert_eq!(count, 0);
    let refused = said.iter().find(|line| line.starts_with("400")).unwrap();
    assert!(refused.contains("without a signature by a trusted key"), "{refused}");
}

#[test]
fn signatures_are_added_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store);
    let both = [path(TOP), path(LIB)].into();
    assert_eq!(sign(&store, &both, &[key()]).unwrap(), both);
    assert_eq!(sign(&store, &both, &[key()]).unwrap(), BTreeSet::new());
    let info = store.valid_path_info(&path(TOP)).unwrap();
    let signature = info.signatures.first().unwrap();
    assert!(key().public().verify(info.fingerprint(store.store_dir()).as_bytes(), signature));
    assert!(sign(&store, &[path(&TOP.replace('1', "3"))].into(), &[key()]).is_err());
}

#[test]
fn who_comes_when_there_are_too_many_is_sent_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store);
    serving(store, options(CompressionMethod::None), |address| {
        let idle: Vec<_> = (0..256).map(|_| TcpStream::connect(address).unwrap()).collect();
        // It says nothing, and is answered at once.
        let mut refused = String::new();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.read_to_string(&mut refused).unwrap();
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        drop(idle);
        // Their places are free when the server has seen that they are gone.
        let started = std::time::Instant::now();
        while pull_all(address).is_err() {
            assert!(started.elapsed() < std::time::Duration::from_mins(1));
        }
    });
}
