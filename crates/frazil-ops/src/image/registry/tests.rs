//! Pushing to a registry that does what a test says, and reading from it.

mod server;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use expect_test::{Expect, expect};
use frazil_testkit::server::{Reply, Request, reply};

use self::server::{Registry, State, refusal};
use super::{Logins, PushOptions, Reference, SigningKey, present, read};
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
    let kinds: Vec<_> = list.iter().map(|entry| entry["artifactType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["application/spdx+json", "application/vnd.cyclonedx+json"]);
    let attached: serde_json::Value =
        serde_json::from_slice(&state.manifests[list[0]["digest"].as_str().unwrap()]).unwrap();
    assert_eq!(attached["subject"]["digest"], pushed.digest.as_str());
    let signature: serde_json::Value =
        serde_json::from_slice(&state.manifests[&format!("sha256-{hex}.sig")]).unwrap();
    let payload = &state.blobs[signature["layers"][0]["digest"].as_str().unwrap()];
    let payload: serde_json::Value = serde_json::from_slice(payload).unwrap();
    assert_eq!(payload["critical"]["image"]["docker-manifest-digest"], pushed.digest.as_str());
}

/// OpenSSL, where there is one, makes the keys, and believes what they sign.
#[test]
fn others_believe_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let mut command = std::process::Command::new("openssl");
        command.current_dir(folder.path()).args(arguments).output().ok()
    };
    if openssl(&["version"]).is_none() {
        eprintln!("skipped: there is no openssl");
        return;
    }
    let file = |name: &str| folder.path().join(name);
    let make: [(&[&str], &[&str]); 2] = [
        (
            &["genpkey", "-algorithm", "ed25519", "-out", "key"],
            &[
                "pkeyutl",
                "-verify",
                "-inkey",
                "key",
                "-rawin",
                "-in",
                "payload",
                "-sigfile",
                "signature",
            ],
        ),
        (
            &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key"],
            &["dgst", "-sha256", "-prverify", "key", "-signature", "signature", "payload"],
        ),
    ];
    for (generate, verify) in make {
        assert!(openssl(generate).unwrap().status.success(), "{generate:?}");
        let registry = Registry::start(|_, _| None);
        let key = Some(SigningKey::read(&file("key")).unwrap());
        let pushed = registry.push(&PushOptions { key, ..PushOptions::default() }).unwrap();
        let state = registry.state.lock().unwrap();
        let tag = format!("{}.sig", pushed.digest.replace(':', "-"));
        let manifest: serde_json::Value = serde_json::from_slice(&state.manifests[&tag]).unwrap();
        let layer = &manifest["layers"][0];
        let text = layer["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap();
        let signature = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap();
        let payload = &state.blobs[layer["digest"].as_str().unwrap()];
        std::fs::write(file("signature"), signature).unwrap();
        std::fs::write(file("payload"), payload).unwrap();
        assert!(openssl(verify).unwrap().status.success(), "{verify:?}");
        std::fs::write(file("payload"), b"another").unwrap();
        assert!(!openssl(verify).unwrap().status.success(), "{verify:?}");
    }
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
        expect!["the registry `HOST` lets only others look for a blob"],
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
        if asked.method != "POST" || *left == 0 {
            return None;
        }
        *left -= 1;
        Some(reply(429, &[("Retry-After", "1")], b""))
    });
    assert!(!registry.push(&PushOptions::default()).unwrap().was_there);
}

#[test]
fn gets_a_token_with_a_password() {
    let registry = Registry::start(|asked, _| {
        let authorisation = asked.headers.get("authorization").map(String::as_str);
        if asked.target.starts_with("/token?service=r&scope=repository%3Ateam%2Fshop%3Apull%2Cpush")
        {
            assert_eq!(authorisation, Some("Basic bWU6c2VjcmV0"));
            return Some(reply(200, &[], br#"{"token":"t0k"}"#));
        }
        let host = &asked.headers["host"];
        let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"r\"");
        (authorisation != Some("Bearer t0k"))
            .then(|| reply(401, &[("WWW-Authenticate", &challenge)], b""))
    });
    let logins = tempfile::NamedTempFile::new().unwrap();
    let text = format!(r#"{{"auths":{{"{}":{{"auth":"bWU6c2VjcmV0"}}}}}}"#, registry.host());
    std::fs::write(logins.path(), text).unwrap();
    let logins = Logins { files: vec![logins.path().to_owned()] };
    registry.push(&PushOptions { logins, ..PushOptions::default() }).unwrap();
    assert!(registry.tags().contains(&"1".to_owned()));
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
    let absent = frazil_image::oci::Blob::of(b"absent");
    let asked = [&blobs[..], &[absent]].concat();
    let there =
        present(&registry.reference(), &Registry::client(), &Logins::default(), &asked).unwrap();
    assert_eq!(there, blobs.iter().map(frazil_image::oci::Blob::reference).collect());
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
        ReadOptions { limits: Limits::default(), architecture: "amd64", keeps: &|_| false };
    let client = Registry::client();
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
