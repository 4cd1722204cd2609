//! What refers to an image: lists of packages, signatures, and what others have put beside them.

use serde_json::{Value, json};

use super::server::Registry;
use crate::image::digest;
use crate::image::registry::{PushOptions, Pushed, SigningKey};
use frazil_testkit::server::reply;

const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

/// With lists of packages, and signed.
fn options() -> PushOptions {
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), KEY).unwrap();
    let key = Some(SigningKey::read(key.path()).unwrap());
    PushOptions { with_inventory: true, key, ..PushOptions::default() }
}

/// Where what refers to an image is listed.
fn tag(pushed: &Pushed, suffix: &str) -> String {
    format!("{}{suffix}", pushed.digest.replace(':', "-"))
}

fn manifest(registry: &Registry, name: &str) -> Value {
    serde_json::from_slice(&registry.state.lock().unwrap().manifests[name]).unwrap()
}

fn put(registry: &Registry, name: &str, manifest: &Value) {
    let bytes = manifest.to_string().into_bytes();
    registry.state.lock().unwrap().manifests.insert(name.to_owned(), bytes);
}

#[test]
fn what_refers_to_an_image_is_listed_under_a_tag() {
    let registry = Registry::start(|_, _| None);
    let pushed = registry.push(&options()).unwrap();
    // The tag comes last, and is not touched again; nothing is listed twice.
    let put = registry.log("PUT /v2/team/shop/manifests/");
    assert!(put.last().unwrap().ends_with("/1"), "{put:?}");
    assert!(registry.push(&options()).unwrap().was_there);
    assert_eq!(registry.count("PUT /v2/team/shop/manifests/1"), 1);
    let list = manifest(&registry, &tag(&pushed, ""));
    let list = list["manifests"].as_array().unwrap();
    let kinds: Vec<_> = list.iter().map(|entry| entry["artifactType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["application/spdx+json", "application/vnd.cyclonedx+json"]);
    let attached = manifest(&registry, list[0]["digest"].as_str().unwrap());
    assert_eq!(attached["subject"]["digest"], pushed.digest.as_str());
    let signature = manifest(&registry, &tag(&pushed, ".sig"));
    assert_eq!(signature["layers"].as_array().unwrap().len(), 1);
    let payload =
        &registry.state.lock().unwrap().blobs[signature["layers"][0]["digest"].as_str().unwrap()];
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
    let verify_p256: &[&str] =
        &["dgst", "-sha256", "-prverify", "key", "-signature", "signature", "payload"];
    let make: [(&[&str], &[&str]); 3] = [
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
            verify_p256,
        ),
        (&["ecparam", "-genkey", "-name", "prime256v1", "-out", "key"], verify_p256),
    ];
    for (generate, verify) in make {
        assert!(openssl(generate).unwrap().status.success(), "{generate:?}");
        let registry = Registry::start(|_, _| None);
        let key = Some(SigningKey::read(&file("key")).unwrap());
        let pushed = registry.push(&PushOptions { key, ..PushOptions::default() }).unwrap();
        // Such a signature is another each time, but takes the place of the one before.
        let key = Some(SigningKey::read(&file("key")).unwrap());
        registry.push(&PushOptions { key, ..PushOptions::default() }).unwrap();
        let manifest = manifest(&registry, &tag(&pushed, ".sig"));
        assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
        let layer = &manifest["layers"][0];
        let state = registry.state.lock().unwrap();
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

#[test]
fn what_others_have_put_there_stays() {
    let registry = Registry::start(|_, _| None);
    let pushed = registry.push(&PushOptions::default()).unwrap();
    let theirs = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest(b"theirs"),
        "size": 6,
        "artifactType": "application/vnd.in-toto+json",
        "annotations": { "made-by": "somebody" },
    });
    put(&registry, &tag(&pushed, ""), &json!({ "schemaVersion": 2, "manifests": [theirs] }));
    let signature = json!({
        "digest": digest(b"payload"),
        "annotations": { "dev.cosignproject.cosign/signature": "bm90IG91cnM=" },
    });
    put(&registry, &tag(&pushed, ".sig"), &json!({ "schemaVersion": 2, "layers": [signature] }));
    registry.push(&options()).unwrap();
    let list = manifest(&registry, &tag(&pushed, ""));
    let list = list["manifests"].as_array().unwrap();
    assert_eq!((list.len(), &list[0]), (3, &theirs));
    let signatures = manifest(&registry, &tag(&pushed, ".sig"));
    let signatures = signatures["layers"].as_array().unwrap();
    assert_eq!((signatures.len(), &signatures[0]), (2, &signature));
}

#[test]
fn what_is_no_list_is_not_replaced() {
    let registry = Registry::start(|_, _| None);
    let pushed = registry.push(&PushOptions::default()).unwrap();
    let tag = tag(&pushed, "");
    let image = json!({ "schemaVersion": 2, "layers": [] });
    put(&registry, &tag, &image);
    let error = registry.push(&options()).unwrap_err();
    assert_eq!(
        error,
        format!("the tag `{tag}`, which is for what refers to the image, names something else")
    );
    assert_eq!(manifest(&registry, &tag), image);
}

#[test]
fn a_registry_that_lists_by_itself_needs_no_tag() {
    let registry = Registry::start(|asked, state| {
        let manifest: Value = serde_json::from_slice(&asked.body).ok()?;
        let subject = manifest.get("subject")?["digest"].as_str()?;
        let name = digest(&asked.body);
        state.manifests.insert(name.clone(), asked.body.clone());
        let headers = [("OCI-Subject", subject), ("Docker-Content-Digest", &name)];
        Some(reply(201, &headers, b""))
    });
    let pushed = registry.push(&PushOptions { key: None, ..options() }).unwrap();
    assert!(!registry.tags().contains(&tag(&pushed, "")));
    assert_eq!(registry.tags().len(), 4, "the tag, the image and two lists");
}
