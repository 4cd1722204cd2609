//! Forges and archives on a server of this machine, which answers well or badly.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use expect_test::{Expect, expect};
use frazil_eval::host::{FetchAttribute, FetchRequest};
use frazil_store::fetch::FetchOptions;

use super::super::super::tests::in_memory;
use super::super::tests::shown;
use super::Network;

const REV: &str = "0123456789012345678901234567890123456789";
const MODIFIED: u64 = 1_700_000_000;

fn archive() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o644);
    header.set_mtime(MODIFIED);
    archive.append_data(&mut header, "repo-main/file", b"text".as_slice()).expect("appended");
    archive.into_inner().expect("written")
}

/// What the server has at a path: a status, a type, and the contents.
fn answer(path: &str) -> (u16, &'static str, Vec<u8>) {
    let json = |text: &str| (200, "application/json", text.replace("REV", REV).into_bytes());
    match path {
        "/api/repos/o/r/commits/HEAD"
        | "/api/repos/o/r/commits/main"
        | "/api/repos/o/secret/commits/HEAD" => json(r#"{"sha":"REV"}"#),
        "/api/repos/o/odd/commits/HEAD" => json(r#"{"sha":"../../etc"}"#),
        "/api/repos/o/worse/commits/HEAD" => json("<html>"),
        "/api/v4/projects/o%2Fr/repository/commits?ref_name=HEAD"
        | "/api/v4/projects/o%2Fsecret/repository/commits?ref_name=HEAD" => {
            json(r#"[{"id":"REV"}]"#)
        }
        "/api/v4/projects/o%2Fnone/repository/commits?ref_name=HEAD" => json("[]"),
        "/~o/r/HEAD" => (200, "text/plain", b"ref: refs/heads/main\n".to_vec()),
        "/~o/r/info/refs" => (200, "text/plain", format!("{REV}\trefs/heads/main\n").into_bytes()),
        "/page.tar.gz" => (200, "text/html", b"<p>hello</p>".to_vec()),
        "/lie.tar.gz" => (200, "application/gzip", b"\n<!DOCTYPE html><p>hello</p>".to_vec()),
        "/short.tar.gz" => (200, "application/gzip", archive().drain(..600).collect()),
        path if path.contains(REV) || path == "/a.tar" => (200, "application/x-tar", archive()),
        _ => (404, "text/plain", b"nothing".to_vec()),
    }
}

/// Answers requests as long as the test runs.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A client that goes away early is its own business.
            drop(reply(stream));
        }
    });
    address
}

fn reply(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (mut header, mut shown) = (String::new(), String::new());
    while reader.read_line(&mut header)? > 2 {
        if let Some((name, value)) = header.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            shown = value.trim().to_owned();
        }
        header.clear();
    }
    let path = line.split_whitespace().nth(1).unwrap_or_default();
    // Who may not see it is told that it is not there.
    let may_see = match path.contains("secret") {
        true if path.starts_with("/api/v4") => shown == "Bearer lab",
        true => path.starts_with("/api/repos") && shown == "token hub",
        false => shown.is_empty(),
    };
    let (status, kind, body) = answer(if may_see { path } else { "/nothing" });
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}

/// Fetches with attributes that are `name=value`, where `SERVER` is the server.
#[track_caller]
fn check(kind: &str, attributes: &[&str], expected: Expect) {
    let server = format!("http://{}", serve());
    let pair = |pair: &&str| {
        let (name, value) = pair.split_once('=').expect("a pair");
        (name.to_owned(), FetchAttribute::String(value.replace("SERVER", &server)))
    };
    let attributes = attributes.iter().map(pair).collect();
    let request = FetchRequest { kind: kind.to_owned(), attributes, is_final: false };
    let hosts = BTreeMap::from([
        ("github.com".to_owned(), server.clone()),
        ("api.github.com".to_owned(), format!("{server}/api/")),
        ("gitlab.com".to_owned(), server.clone()),
        ("git.sr.ht".to_owned(), server.clone()),
    ]);
    let options = FetchOptions { attempts: 1, ..FetchOptions::default() };
    let tokens = [
        ("github.com/o/secret", "hub"),
        ("github.com/o/secre", "wrong"),
        ("gitlab.com/o/secret", "PAT:lab"),
    ];
    let tokens = tokens.map(|(place, token)| (place.to_owned(), token.to_owned()));
    let network = Network::new(options, hosts).with_tokens(tokens.into());
    let mut host = in_memory().with_network(network);
    expected.assert_eq(&shown(&mut host, &request).replace(&server, "SERVER"));
}

#[test]
fn forges() {
    check(
        "github",
        &["owner=o", "repo=r"],
        expect![[r#"
        lastModified=1700000000 narHash=sha256-7cSpKXVT312tmP14XFbRZnbHstobXMy7+puv1P25uzE= rev=0123456789012345678901234567890123456789
        m6ldb515dgdlli020j5blgzhg3wy7llp-source
        file"#]],
    );
    check(
        "github",
        &["owner=o", "repo=r", "ref=main"],
        expect![[r#"
        lastModified=1700000000 narHash=sha256-7cSpKXVT312tmP14XFbRZnbHstobXMy7+puv1P25uzE= rev=0123456789012345678901234567890123456789
        m6ldb515dgdlli020j5blgzhg3wy7llp-source
        file"#]],
    );
    check(
        "github",
        &["owner=o", "repo=r", &format!("rev={REV}")],
        expect![[r#"
        lastModified=1700000000 narHash=sha256-7cSpKXVT312tmP14XFbRZnbHstobXMy7+puv1P25uzE= rev=0123456789012345678901234567890123456789
        m6ldb515dgdlli020j5blgzhg3wy7llp-source
        file"#]],
    );
    check(
        "gitlab",
        &["owner=o", "repo=r"],
        expect![[r#"
        lastModified=1700000000 narHash=sha256-7cSpKXVT312tmP14XFbRZnbHstobXMy7+puv1P25uzE= rev=0123456789012345678901234567890123456789
        m6ldb515dgdlli020j5blgzhg3wy7llp-source
        file"#]],
    );
    check(
        "sourcehut",
        &["owner=~o", "repo=r"],
        expect![[r#"
        lastModified=1700000000 narHash=sha256-7cSpKXVT312tmP14XFbRZnbHstobXMy7+puv1P25uzE= rev=0123456789012345678901234567890123456789
        m6ldb515dgdlli020j5blgzhg3wy7llp-source
        file"#]],
    );
}

#[test]
fn tokens_are_shown_where_they_belong() {
    for forge in ["github", "gitlab"] {
        check(
            forge,
            &["owner=o", "repo=secret"],
            expect![[r#"
        lastModified=1700000000 narHash=sha256-7cSpKXVT312tmP14XFbRZnbHstobXMy7+puv1P25uzE= rev=0123456789012345678901234567890123456789
        m6ldb515dgdlli020j5blgzhg3wy7llp-source
        file"#]],
        );
    }
}

#[test]
fn forges_that_answer_badly() {
    check(
        "github",
        &["owner=o", "repo=absent"],
        expect![
            "error: cannot fetch 'SERVER/api/repos/o/absent/commits/HEAD': HTTP error 404 (not found)"
        ],
    );
    check(
        "github",
        &["owner=o", "repo=odd"],
        expect!["error: the forge 'github.com' did not say which commit 'HEAD' of 'o/odd' is"],
    );
    check(
        "github",
        &["owner=o", "repo=worse"],
        expect![
            "error: the answer of 'https://api.github.com/repos/o/worse/commits/HEAD' is no JSON: [json.exception.parse_error.101] parse error at line 1, column 1: syntax error while parsing value - invalid literal; last read: '<'"
        ],
    );
    check(
        "gitlab",
        &["owner=o", "repo=none"],
        expect!["error: the forge 'gitlab.com' did not say which commit 'HEAD' of 'o/none' is"],
    );
    let hash = "narHash=sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    check(
        "github",
        &["owner=o", "repo=r", hash],
        expect![
            "error: NAR hash mismatch in input 'github:o/r?narHash=sha256-47DEQpj8HBSa%2B/TImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D', expected 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' but got 'sha256-7cSpKXVT312tmP14XFbRZnbHstobXMy7+puv1P25uzE='"
        ],
    );
}

#[test]
fn archives() {
    check(
        "tarball",
        &["url=SERVER/a.tar"],
        expect![[r#"
        lastModified=1700000000 narHash=sha256-7cSpKXVT312tmP14XFbRZnbHstobXMy7+puv1P25uzE=
        m6ldb515dgdlli020j5blgzhg3wy7llp-source
        file"#]],
    );
    check(
        "file",
        &["url=SERVER/a.tar", "name=a"],
        expect![[r#"
        hash=sha256-lIsg8Vg6UwJRRlrvzU0S94ImeVN+x+vAnxdX6nClH2g=
        6jq92yiv0k19yiigd1p2z5i72fkk8y2w-a
    "#]],
    );
    check(
        "tarball",
        &["url=SERVER/page.tar.gz"],
        expect!["error: 'SERVER/page.tar.gz' is a web page, not an archive"],
    );
    check(
        "tarball",
        &["url=SERVER/lie.tar.gz"],
        expect!["error: 'SERVER/lie.tar.gz' is a web page, not an archive"],
    );
    check(
        "tarball",
        &["url=SERVER/short.tar.gz"],
        expect![
            "error: cannot unpack the archive 'SERVER/short.tar.gz': unexpected EOF during skip"
        ],
    );
    check(
        "tarball",
        &["url=SERVER/absent.tar.gz"],
        expect!["error: cannot fetch 'SERVER/absent.tar.gz': HTTP error 404 (not found)"],
    );
    check(
        "tarball",
        &["url=ftp://x.invalid/a"],
        expect!["error: 'ftp://x.invalid/a' does not begin with http://, https:// or file://"],
    );
}
