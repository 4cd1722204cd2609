//! Pushing to a registry that does what a test says, and reading from it.

mod artifacts;
mod peer;
mod server;

use std::io::{self, Write as _};
use std::net::{Shutdown, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use expect_test::{Expect, expect};
use frazil_image::oci::Blob;
use frazil_testkit::server::{Reply, Request, reply};

use self::server::{Registry, State, answer, refusal};
use super::{Logins, PushOptions, Reference, present, read};
use crate::image::digest;
use crate::image::readers::{Limits, ReadOptions};
use crate::image::tests::Fixture;

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

/// A push to a registry with a whim fails like this, and the tag is not there.
#[track_caller]
fn check_failure(
    twist: impl Fn(&Request, &mut State) -> Option<Reply> + Send + 'static,
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
            let challenge = [("WWW-Authenticate", "Basic realm=\"x\"")];
            (asked.method == "HEAD").then(|| reply(401, &challenge, b""))
        },
        expect!["the registry `HOST` refused to look for a blob: HTTP status 401"],
    );
    check_failure(
        |asked, _| {
            let said = br#"{"errors":[{"code":"DENIED","message":"the quota is used up"}]}"#;
            (asked.method == "POST").then(|| reply(403, &[], said))
        },
        expect!["the registry `HOST` refused to store a blob: the quota is used up"],
    );
    check_failure(
        |asked, _| {
            (asked.method == "PUT" && asked.target.contains("blobs"))
                .then(|| refusal("DIGEST_INVALID", "no"))
        },
        expect!["the registry refused to store a blob: no"],
    );
    check_failure(
        |asked, _| (asked.method == "POST").then_some(Reply::Status(503)),
        expect![
            "cannot fetch 'http://HOST/v2/team/shop/blobs/uploads/': HTTP error 503 (the server is not available)"
        ],
    );
    check_failure(
        |asked, _| {
            let is_manifest = asked.method == "PUT" && asked.target.contains("manifests");
            let other = digest(b"other");
            is_manifest.then(|| reply(201, &[("Docker-Content-Digest", &other)], b""))
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
        if asked.target.ends_with("/manifests/1") && asked.method == "PUT" && *left > 0 {
            *left -= 1;
            return Some(reply(429, &[("Retry-After", "7")], b""));
        }
        None
    });
    assert!(!registry.push(&PushOptions::default()).unwrap().was_there);
    assert_eq!(*registry.waits.lock().unwrap(), [Duration::from_secs(7); 2]);
}

/// Pushes to a registry that wants a token, with this login; shows how the token was asked for.
#[track_caller]
fn check_token(login: &str, given: &'static str, expected: Expect) {
    let asked_for = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&asked_for);
    let registry = Registry::start(move |asked, _| {
        let authorisation = asked.headers.get("authorization").map(String::as_str);
        if asked.target.starts_with("/token") {
            let (method, target) = (&asked.method, &asked.target);
            let body = String::from_utf8_lossy(&asked.body);
            *seen.lock().unwrap() =
                format!("{method} {target}\n{}\n{body}", authorisation.unwrap_or("-"));
            return Some(reply(200, &[], given.as_bytes()));
        }
        let host = &asked.headers["host"];
        let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"r\"");
        (authorisation != Some("Bearer t0k"))
            .then(|| reply(401, &[("WWW-Authenticate", &challenge)], b""))
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), login.replace("HOST", registry.host())).unwrap();
    let logins = Logins { files: vec![file.path().to_owned()] };
    registry.push(&PushOptions { logins, ..PushOptions::default() }).unwrap();
    assert!(registry.tags().contains(&"1".to_owned()));
    assert_eq!(registry.count("GET /token") + registry.count("POST /token"), 1, "kept");
    expected.assert_eq(&asked_for.lock().unwrap());
}

#[test]
fn gets_a_token() {
    check_token(
        "{}",
        r#"{"access_token":"t0k"}"#,
        expect![[r#"
        GET /token?service=r&scope=repository%3Ateam%2Fshop%3Apull%2Cpush
        -
    "#]],
    );
    check_token(
        r#"{"auths":{"HOST":{"auth":"bWU6c2VjcmV0"}}}"#,
        r#"{"token":"t0k"}"#,
        expect![[r#"
            GET /token?service=r&scope=repository%3Ateam%2Fshop%3Apull%2Cpush
            Basic bWU6c2VjcmV0
        "#]],
    );
    check_token(
        r#"{"auths":{"HOST":{"identitytoken":"a+b"}}}"#,
        r#"{"access_token":"t0k"}"#,
        expect![[r#"
            POST /token
            -
            grant_type=refresh_token&client_id=frazil&service=r&scope=repository%3Ateam%2Fshop%3Apull%2Cpush&refresh_token=a%2Bb"#]],
    );
}

/// Pushes with a name and a password to a registry that answers like this.
#[track_caller]
fn check_login(twist: impl Fn(&Request) -> Option<Reply> + Send + 'static, expected: Expect) {
    let registry = Registry::start(move |asked, _| twist(asked));
    let file = tempfile::NamedTempFile::new().unwrap();
    let login = r#"{"auths":{"HOST":{"auth":"bWU6c2VjcmV0"}}}"#;
    std::fs::write(file.path(), login.replace("HOST", registry.host())).unwrap();
    let logins = Logins { files: vec![file.path().to_owned()] };
    let error = registry.push(&PushOptions { logins, ..PushOptions::default() }).unwrap_err();
    expected.assert_eq(&error);
}

#[test]
fn says_whether_the_password_is_wrong_or_a_right_is_missing() {
    let wrong = || {
        expect!["the registry `HOST` does not take the name or the password that is kept for it"]
    };
    check_login(|_| Some(reply(401, &[("WWW-Authenticate", "Basic realm=\"x\"")], b"")), wrong());
    let challenge = |asked: &Request| {
        let challenge = format!("Bearer realm=\"http://{}/token\"", asked.headers["host"]);
        reply(401, &[("WWW-Authenticate", &challenge)], b"")
    };
    check_login(
        move |asked| {
            let is_token = asked.target.starts_with("/token");
            Some(if is_token { Reply::Status(401) } else { challenge(asked) })
        },
        wrong(),
    );
    check_login(
        move |asked| {
            let is_token = asked.target.starts_with("/token");
            Some(if is_token { reply(200, &[], br#"{"token":"x"}"#) } else { challenge(asked) })
        },
        expect!["the registry `HOST` refused to look for a blob: HTTP status 401"],
    );
}

#[test]
fn a_registry_without_tls_is_said_to_have_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        drop(io::copy(&mut stream, &mut io::sink()));
    });
    let client = Registry::at(host.clone()).client();
    let reference: Reference = format!("{host}/team/shop:1").parse().unwrap();
    let error = present(&reference, &client, &Logins::default(), &[Blob::of(b"x")]).unwrap_err();
    server.join().unwrap();
    let said = format!("{error} | {}", error.help().unwrap_or("-")).replace(&host, "HOST");
    expect!["cannot fetch 'https://HOST/v2/team/shop/blobs/sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881': it does not speak TLS | if it has no TLS, write `http://` in front; what is sent can be read by others then"].assert_eq(&said);
}

#[track_caller]
fn check_reference(text: &str, expected: Expect) {
    expected.assert_eq(&match text.parse::<Reference>() {
        Ok(reference) => format!("{} | {}", reference.url("x"), reference.target()),
        Err(error) => format!("{error} | {}", error.help()),
    });
}

#[test]
fn references_name_registries() {
    check_reference("r.example/a/b:v1", expect!["https://r.example/v2/a/b/x | v1"]);
    check_reference(
        "docker.io/nginx:1",
        expect!["https://registry-1.docker.io/v2/library/nginx/x | 1"],
    );
    check_reference(
        "docker.io/nixos/nix",
        expect!["https://registry-1.docker.io/v2/nixos/nix/x | latest"],
    );
    let hex = "0123456789abcdef".repeat(4);
    check_reference(
        &format!("r.example/a:v1@sha256:{hex}"),
        expect![
            "https://r.example/v2/a/x | sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        ],
    );
    check_reference(
        "r.example/a@sha256:../x",
        expect![
            "`sha256:../x` is no digest of an image | write it as `sha256:` and 64 hexadecimal digits"
        ],
    );
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

#[test]
fn images_are_read_where_they_are() {
    let registry = Registry::start(|_, _| None);
    let none =
        "cannot read the image `HOST/team/shop:1`: the registry has no image `HOST/team/shop:1`";
    assert_eq!(registry.read().unwrap_err(), none);
    registry.push(&PushOptions::default()).unwrap();
    let image = registry.read().unwrap();
    let fixture = Fixture::new();
    let paths = |tree: &frazil_tree::Tree| -> Vec<String> {
        tree.walk().map(|(path, _)| path.to_string()).collect()
    };
    assert_eq!(paths(&image.tree), paths(&fixture.system().tree));
    let blobs: Vec<_> = image.layers.iter().map(|layer| layer.blob).collect();
    let absent = Blob::of(b"absent");
    let asked = [&blobs[..], &[absent]].concat();
    let there =
        present(&registry.reference(), &registry.client(), &Logins::default(), &asked).unwrap();
    assert_eq!(there, blobs.iter().map(Blob::reference).collect());
}

#[test]
fn what_a_registry_sends_is_checked() {
    let registry = Registry::start(|asked, _| {
        let is_blob = asked.method == "GET" && asked.target.contains("/blobs/");
        is_blob.then(|| reply(200, &[], b"other"))
    });
    registry.push(&PushOptions::default()).unwrap();
    let error = registry.read().unwrap_err();
    assert!(error.contains("is damaged: its digest is"), "{error}");
    let pinned = format!("http://{}/team/shop@{}", registry.host(), digest(b"nothing"));
    registry.state.lock().unwrap().manifests.insert(digest(b"nothing"), b"{}".to_vec());
    let options =
        ReadOptions { limits: Limits::default(), architecture: None, tag: None, keeps: &|_| false };
    let client = registry.client();
    let error = read(&pinned.parse().unwrap(), &client, &Logins::default(), &options).unwrap_err();
    let said = crate::causes(&error);
    assert!(said.contains("the registry holds sha256:44136f"), "{said}");
}

/// The connection breaks within a piece: the registry says how far it has come.
#[test]
fn an_upload_goes_on_where_it_broke_off() {
    let broken = AtomicBool::new(false);
    let registry = Registry::start(move |asked, state| {
        let id = asked.target.strip_prefix("/v2/team/shop/blobs/")?;
        let location = ("Location", asked.target.as_str());
        match asked.method.as_str() {
            "PATCH" => {
                let has = state.uploads.get_mut(id)?;
                let first: usize =
                    asked.headers.get("content-range")?.split_once('-')?.0.parse().ok()?;
                if first != has.len() {
                    return Some(Reply::Status(416));
                }
                if has.len() > 200 && !broken.swap(true, Ordering::SeqCst) {
                    has.extend(asked.body.get(..50)?);
                    return Some(Reply::Status(500));
                }
                has.extend(&asked.body);
                Some(reply(202, &[location], b""))
            }
            "GET" if state.uploads.contains_key(id) => {
                let last = state.uploads.get(id)?.len().saturating_sub(1);
                Some(reply(204, &[location, ("Range", &format!("0-{last}"))], b""))
            }
            _ => None,
        }
    });
    let options = PushOptions { piece_bytes: 100, ..PushOptions::default() };
    registry.push(&options).unwrap();
    assert_eq!(registry.count("GET /v2/team/shop/blobs/u"), 1);
    assert!(registry.count("PATCH") > 4);
    registry.read().unwrap();
}

/// Pushes in pieces of this size to a registry that twice gives an upload up when the connection
/// breaks within it.
#[track_caller]
fn check_given_up(piece_bytes: u64) {
    let left = AtomicUsize::new(2);
    let registry = Registry::start(move |asked, state| {
        let id = asked.target.strip_prefix("/v2/team/shop/blobs/")?;
        let id = id.split('?').next()?;
        match asked.method.as_str() {
            "PUT" | "PATCH" if !state.uploads.contains_key(id) => {
                Some(refusal("BLOB_UPLOAD_INVALID", "given up"))
            }
            "PUT" | "PATCH" if asked.body.len() > 90 && left.load(Ordering::SeqCst) > 0 => {
                left.fetch_sub(1, Ordering::SeqCst);
                state.uploads.remove(id);
                Some(Reply::Raw(Vec::new()))
            }
            "PATCH" => {
                state.uploads.get_mut(id)?.extend(&asked.body);
                Some(reply(202, &[("Location", &asked.target)], b""))
            }
            _ => None,
        }
    });
    registry.push(&PushOptions { piece_bytes, ..PushOptions::default() }).unwrap();
    registry.read().unwrap();
    let blobs = registry.state.lock().unwrap().blobs.len();
    assert_eq!(registry.count("POST"), blobs + 2);
}

#[test]
fn an_upload_begins_anew_where_it_was_given_up() {
    check_given_up(100);
    check_given_up(1 << 20);
}

/// Pushes in pieces of this size to a registry that answers the first end of an upload so; says how
/// many uploads were begun that would not have been, and how many pieces sent.
#[track_caller]
fn check_end(
    piece_bytes: u64,
    end: impl Fn(&Request, &mut State) -> Reply + Send + 'static,
    expected: Expect,
) {
    let has_ended = AtomicBool::new(false);
    let registry = Registry::start(move |asked, state| {
        let id = asked.target.strip_prefix("/v2/team/shop/blobs/")?.split('?').next()?;
        match asked.method.as_str() {
            "PATCH" => {
                state.uploads.get_mut(id)?.extend(&asked.body);
                Some(reply(202, &[("Location", &asked.target)], b""))
            }
            "PUT" if !state.uploads.contains_key(id) => Some(Reply::Absent),
            "PUT" if !has_ended.swap(true, Ordering::SeqCst) => Some(end(asked, state)),
            _ => None,
        }
    });
    registry.push(&PushOptions { piece_bytes, ..PushOptions::default() }).unwrap();
    registry.read().unwrap();
    let blobs = registry.state.lock().unwrap().blobs.len();
    let (begun, ended) =
        (registry.count("POST") - blobs, registry.count("PUT /v2/team/shop/blobs") - blobs);
    expected.assert_eq(&format!("{begun} begun and {ended} ended again"));
}

#[test]
fn the_end_of_an_upload_may_be_lost() {
    // Stored, and nobody hears of it.
    let lost = |asked: &Request, state: &mut State| {
        answer(asked, state);
        Reply::Raw(Vec::new())
    };
    check_end(100, lost, expect!["0 begun and 0 ended again"]);
    check_end(1 << 20, lost, expect!["0 begun and 0 ended again"]);
    let given_up = |asked: &Request, state: &mut State| {
        state.uploads.retain(|id, _| !asked.target.contains(&format!("/{id}?")));
        Reply::Raw(Vec::new())
    };
    check_end(100, given_up, expect!["1 begun and 2 ended again"]);
    check_end(1 << 20, given_up, expect!["1 begun and 1 ended again"]);
    // Pieces that are there are not sent again.
    check_end(100, |_, _| Reply::Status(503), expect!["0 begun and 1 ended again"]);
}
