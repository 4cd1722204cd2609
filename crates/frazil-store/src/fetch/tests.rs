#![expect(clippy::disallowed_methods, reason = "tests make their own files")]

mod stopping;

use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use expect_test::{Expect, expect};
use frazil_model::{Hash, HashAlgorithm};

use super::test_server::{Reply, Request, TestServer, client, ok, reply};
use super::*;

/// Fetches `/file` from a server that answers so; shows what came, what was asked, and the waits.
#[track_caller]
fn check(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static, expected: Expect) {
    let count = AtomicUsize::new(0);
    let server =
        TestServer::start(move |request| answer(count.fetch_add(1, Ordering::SeqCst), request));
    let waits = Arc::default();
    let client = client(&waits);
    let url = server.url("/file");
    let shown = match client.get_bytes(&url, 1000) {
        Ok((bytes, _)) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(err) => format!("{err} | {}", err.help().unwrap_or("-")),
    };
    let shown = shown.replace(url.as_str(), "URL");
    let waits: &Mutex<Vec<Duration>> = &waits;
    expected.assert_eq(&format!("{shown}\n{}\nwaits {:?}", server.log(), waits.lock().unwrap()));
}

/// A whole that breaks off after `len` bytes.
fn broken(len: usize, headers: &[(&str, &str)]) -> Reply {
    let size = CONTENTS.len().to_string();
    let headers = [&[("Content-Length", size.as_str())], headers].concat();
    reply(200, &headers, &CONTENTS[..len])
}

const CONTENTS: &[u8] = b"0123456789";
const TAG: (&str, &str) = ("ETag", "\"a\"");

fn ranged(from: usize, headers: &[(&str, &str)]) -> Reply {
    let range = format!("bytes {from}-9/10");
    reply(206, &[&[("Content-Range", range.as_str())], headers].concat(), &CONTENTS[from..])
}

#[test]
fn takes_what_is_whole() {
    check(
        |_, _| ok(b"text"),
        expect![[r#"
        text
        GET /file
        waits []"#]],
    );
    check(
        |_, _| {
            Reply::Raw(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n0\r\n\r\n"
                    .into(),
            )
        },
        expect![[r#"
            text
            GET /file
            waits []"#]],
    );
    check(
        |_, request| match request.target.as_str() {
            "/file" => reply(302, &[("Location", "/other")], b""),
            _ => ok(b"moved"),
        },
        expect![[r#"
            moved
            GET /file
            GET /other
            waits []"#]],
    );
}

#[test]
fn resumes_where_the_connection_broke() {
    check(
        |count, request| match (count, request.range()) {
            (0, None) => broken(4, &[TAG]),
            (_, Some(from)) if request.headers["if-range"] == "\"a\"" => ranged(from, &[TAG]),
            _ => ok(b"asked without a range"),
        },
        expect![[r#"
            0123456789
            GET /file
            GET /file from 4
            waits [250ms]"#]],
    );
    check(
        |count, request| match request.range() {
            None => broken(4, &[]),
            Some(from) if count > 1 => ranged(from, &[]),
            Some(_) => Reply::Raw(Vec::new()),
        },
        expect![[r#"
            0123456789
            GET /file
            GET /file from 4
            GET /file from 4
            waits [250ms, 500ms]"#]],
    );
    // The server knows no ranges.
    check(
        |count, _| if count == 0 { broken(4, &[]) } else { ok(CONTENTS) },
        expect![[r#"
        0123456789
        GET /file
        GET /file from 4
        waits [250ms]"#]],
    );
}

#[test]
fn never_mixes_versions() {
    check(
        |count, _| match count {
            0 => broken(4, &[TAG]),
            _ => reply(200, &[("ETag", "\"b\"")], CONTENTS),
        },
        expect![[r#"
            cannot fetch 'URL': it changed while it was fetched | try again
            GET /file
            GET /file from 4
            waits [250ms]"#]],
    );
    check(
        |count, _| if count == 0 { broken(4, &[]) } else { ok(b"another") },
        expect![[r#"
        cannot fetch 'URL': it changed while it was fetched | try again
        GET /file
        GET /file from 4
        waits [250ms]"#]],
    );
    check(
        |count, _| if count == 0 { broken(4, &[]) } else { ranged(5, &[]) },
        expect![[r#"
        cannot fetch 'URL': asked for bytes from 4 on, it sends from 5 on | -
        GET /file
        GET /file from 4
        waits [250ms]"#]],
    );
    check(
        |count, _| if count == 0 { broken(4, &[]) } else { reply(416, &[], b"") },
        expect![[r#"
            cannot fetch 'URL': it changed while it was fetched | try again
            GET /file
            GET /file from 4
            waits [250ms]"#]],
    );
}

#[test]
fn gives_up_on_what_does_not_end() {
    check(
        |_, _| broken(4, &[]),
        expect![[r#"
        cannot fetch 'URL': the connection ended after 4 of 10 bytes | check the connection, and try again
        GET /file
        GET /file from 4
        GET /file from 4
        waits [250ms, 500ms]"#]],
    );
    check(
        |_, _| Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123".into()),
        expect![[r#"
            cannot fetch 'URL': timed out while waiting for data | check the connection, and try again
            GET /file
            GET /file from 4
            GET /file from 4
            waits [250ms, 500ms]"#]],
    );
    check(
        |_, _| Reply::Hang(Vec::new()),
        expect![[r#"
        cannot fetch 'URL': timed out while waiting for data | check the connection, and try again
        GET /file
        GET /file
        GET /file
        waits [250ms, 500ms]"#]],
    );
    check(
        |_, _| Reply::Raw(Vec::new()),
        expect![[r#"
        cannot fetch 'URL': Peer disconnected | check the connection, and try again
        GET /file
        GET /file
        GET /file
        waits [250ms, 500ms]"#]],
    );
    check(
        |_, _| reply(302, &[("Location", "/file")], b""),
        expect![[r#"
        cannot fetch 'URL': too many redirects | -
        GET /file
        GET /file
        GET /file
        GET /file
        GET /file
        GET /file
        GET /file
        GET /file
        GET /file
        GET /file
        GET /file
        waits []"#]],
    );
    check(
        |_, _| Reply::Raw(b"SSH-2.0-Other\r\n".into()),
        expect![[r#"
        cannot fetch 'URL': protocol: http parse fail: invalid HTTP version | -
        GET /file
        waits []"#]],
    );
    check(
        |_, _| {
            Reply::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n".into())
        },
        expect![[r#"
            cannot fetch 'URL': Peer disconnected | check the connection, and try again
            GET /file
            waits []"#]],
    );
}

#[test]
fn tries_again_what_may_pass() {
    check(
        |count, _| match count {
            0 => reply(429, &[("Retry-After", "7")], b""),
            1 => reply(503, &[], b""),
            _ => ok(b"text"),
        },
        expect![[r#"
            text
            GET /file
            GET /file
            GET /file
            waits [7s, 500ms]"#]],
    );
    check(
        |_, _| reply(500, &[], b"sorry"),
        expect![[r#"
        cannot fetch 'URL': HTTP error 500 (the server failed) | the server is in trouble; try again later
        GET /file
        GET /file
        GET /file
        waits [250ms, 500ms]"#]],
    );
    check(
        |_, _| reply(429, &[("Retry-After", "100000")], b""),
        expect![[r#"
        cannot fetch 'URL': HTTP error 429 (too many requests) | the server is in trouble; try again later
        GET /file
        GET /file
        GET /file
        waits [60s, 60s]"#]],
    );
    check(
        |_, _| reply(404, &[], b""),
        expect![[r#"
        cannot fetch 'URL': HTTP error 404 (not found) | check the address
        GET /file
        waits []"#]],
    );
    check(
        |_, _| reply(401, &[], b""),
        expect![[r#"
        cannot fetch 'URL': HTTP error 401 (a password is needed) | the server wants a password: put one into the netrc file
        GET /file
        waits []"#]],
    );
}

#[test]
fn hosts_that_are_not_there_are_asked_once() {
    let waits = Arc::default();
    let url = "http://host.invalid/".parse().unwrap();
    let err = client(&waits).get_bytes(&url, 1).unwrap_err();
    expect!["cannot fetch 'http://host.invalid/': the host name was not found"]
        .assert_eq(&err.to_string());
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url: Url = format!("http://{unused}/").parse().unwrap();
    let err = client(&waits).get_bytes(&url, 1).unwrap_err().to_string();
    expect!["cannot fetch 'URL': Connection refused (os error 111)"]
        .assert_eq(&err.replace(url.as_str(), "URL"));
    assert_eq!(*waits.lock().unwrap(), []);
}

#[test]
fn takes_no_more_than_allowed() {
    check(
        |_, _| ok(&[b'x'; 1001]),
        expect![[r#"
        cannot fetch 'URL': it has more than 1000 bytes | -
        GET /file
        waits []"#]],
    );
    check(
        |_, _| {
            let mut bytes = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
            bytes.extend([b'x'; 1001]);
            Reply::Raw(bytes)
        },
        expect![[r#"
            cannot fetch 'URL': it has more than 1000 bytes | -
            GET /file
            waits []"#]],
    );
}

/// Downloads `/file` with the hash of `CONTENTS`, after `part` was left; shows what is there then.
#[track_caller]
fn check_download(
    part: Option<&[u8]>,
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    expected: Expect,
) {
    let server = TestServer::start(answer);
    let dir = tempfile::tempdir().unwrap();
    let goal = dir.path().join("goal");
    std::fs::write(&goal, "old").unwrap();
    if let Some(part) = part {
        std::fs::write(dir.path().join("goal.part"), part).unwrap();
    }
    let hash = Some(Hash::of(HashAlgorithm::Sha256, CONTENTS));
    let options = DownloadOptions { hash, bytes_max: 1000 };
    let url = server.url("/file");
    let done = client(&Arc::default()).download(&url, &goal, &options);
    let mut shown = match done {
        Ok(done) => format!("{} bytes\n", done.size),
        Err(err) => format!("{err}\n").replace(url.as_str(), "URL"),
    };
    writeln!(shown, "{}", server.log()).unwrap();
    let mut names: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap();
        writeln!(shown, "{name}: {}", std::fs::read_to_string(&path).unwrap()).unwrap();
    }
    expected.assert_eq(&shown);
}

#[test]
fn downloads_have_their_name_when_they_are_right() {
    check_download(
        None,
        |_| ok(CONTENTS),
        expect![[r#"
        10 bytes
        GET /file
        goal: 0123456789
    "#]],
    );
    check_download(
        None,
        |_| ok(b"other"),
        expect![[r#"
        cannot fetch 'URL': hash mismatch: specified sha256-hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=, got sha256-2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz/o=
        GET /file
        goal: old
    "#]],
    );
    check_download(
        Some(b"0123"),
        |request| request.range().map_or_else(|| ok(CONTENTS), |from| ranged(from, &[])),
        expect![[r#"
            10 bytes
            GET /file from 4
            goal: 0123456789
        "#]],
    );
    check_download(
        Some(b"0123"),
        |_| ok(CONTENTS),
        expect![[r#"
        10 bytes
        GET /file from 4
        goal: 0123456789
    "#]],
    );
    // What was left is not the beginning of what is wanted.
    check_download(
        Some(b"xxxx"),
        |request| request.range().map_or_else(|| ok(CONTENTS), |from| ranged(from, &[])),
        expect![[r#"
            10 bytes
            GET /file from 4
            GET /file
            goal: 0123456789
        "#]],
    );
    check_download(
        Some(b"0123456789abc"),
        |request| request.range().map_or_else(|| ok(CONTENTS), |_| reply(416, &[], b"")),
        expect![[r#"
            10 bytes
            GET /file from 13
            GET /file
            goal: 0123456789
        "#]],
    );
    // What has come stays for the next time.
    check_download(
        None,
        |request| match request.range() {
            None => broken(4, &[]),
            Some(_) => reply(404, &[], b""),
        },
        expect![[r#"
            cannot fetch 'URL': HTTP error 404 (not found)
            GET /file
            GET /file from 4
            goal: old
            goal.part: 0123
        "#]],
    );
}

#[test]
fn uploads_are_whole_or_refused() {
    let bodies: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let kept = Arc::clone(&bodies);
    let server = TestServer::start(move |request| {
        let mut bodies = kept.lock().unwrap();
        bodies.push(request.body.clone());
        match (request.target.as_str(), bodies.len()) {
            ("/file", 1) => reply(503, &[], b""),
            ("/file", _) => reply(201, &[], b""),
            _ => reply(405, &[], b""),
        }
    });
    let client = client(&Arc::default());
    client.put_bytes(&server.url("/file"), "text/plain", CONTENTS).unwrap();
    assert_eq!(*bodies.lock().unwrap(), [CONTENTS, CONTENTS]);
    let err = client.put_bytes(&server.url("/other"), "text/plain", CONTENTS).unwrap_err();
    assert!(err.to_string().ends_with("/other': HTTP error 405 for a PUT"), "{err}");
}

#[test]
fn files_are_fetched_by_the_same_door() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a file%20");
    std::fs::write(&path, CONTENTS).unwrap();
    let client = client(&Arc::default());
    let url = Url::of_file(&path).unwrap();
    assert_eq!(client.get_bytes(&url, 10).unwrap().0, CONTENTS);
    assert_eq!(client.head(&url).unwrap().unwrap().size, Some(10));
    let absent = Url::of_file(&dir.path().join("none")).unwrap();
    assert_eq!(client.head(&absent).unwrap(), None);
    assert!(client.get_bytes(&absent, 10).unwrap_err().is_absent());
    assert!(client.get_bytes(&Url::of_file(dir.path()).unwrap(), 10).is_err());
    let new = Url::of_file(&dir.path().join("new/file")).unwrap();
    client.put_bytes(&new, "", b"text").unwrap();
    assert_eq!(client.get_bytes(&new, 10).unwrap().0, b"text");
    let mut text = String::new();
    client.open(&new, 10).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
}

#[test]
fn passwords_are_sent_and_never_shown() {
    let server = TestServer::start(|request| match request.headers.get("authorization") {
        Some(value) => ok(value.as_bytes()),
        None => reply(401, &[], b""),
    });
    let plain = server.url("/file");
    let named: Url = plain.as_str().replace("//", "//me:p%40ss@").parse().unwrap();
    let bare = client(&Arc::default());
    assert_eq!(bare.get_bytes(&named, 100).unwrap().0, b"Basic bWU6cEBzcw==");
    assert_eq!(format!("{named} {named:?}"), format!("{plain} {plain}"));

    let netrc = "# remark\nmachine 127.0.0.1 login me\npassword p@ss machine other login x";
    let credentials = parse_netrc(netrc).unwrap();
    let known = Client::new(FetchOptions { credentials, ..FetchOptions::default() }).unwrap();
    assert_eq!(known.get_bytes(&plain, 100).unwrap().0, b"Basic bWU6cEBzcw==");
    assert_eq!(
        parse_netrc("machine").unwrap_err().to_string(),
        "netrc: a word is missing behind 'machine'"
    );
}
