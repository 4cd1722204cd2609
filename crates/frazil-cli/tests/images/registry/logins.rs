//! Registries that want to know who asks: for a password, or for a token that somebody else gives.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use frazil_testkit::server::{Reply, Server, reply};
use serde_json::{Value, json};

use super::Registry;
use crate::world::{World, has, program, run, world};

/// Knows `me` with the password `s3cret`.
const BASIC: &str = "auth: {htpasswd: {realm: test, path: '%/passwords'}}\n";
const PASSWORDS: &str = "me:$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n";
/// A program that keeps the password of one registry, as those of Docker do.
const HELPER: &str = "#!/bin/sh\n\
    read -r host\n\
    [ \"$1 $host\" = 'get HOST' ] || { echo 'credentials not found in native keychain'; exit 1; }\n\
    echo '{\"ServerURL\":\"HOST\",\"Username\":\"me\",\"Secret\":\"SECRET\"}'\n";

/// Pushes with this `config.json` of Docker, and with the programs in the directory `programs`.
fn push(world: &World, registry: &Registry, config: &Value) -> Command {
    let directory = registry.directory.path();
    fs::write(directory.join("config.json"), config.to_string()).unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = world.frazil();
    command.env("PATH", format!("{}:{path}", directory.join("programs").display()));
    command.env("DOCKER_CONFIG", directory);
    command.args(["push", "./systems#nginx", "--to", &registry.at("web:1")]);
    command
}

#[track_caller]
fn check_refused(world: &World, registry: &Registry, config: &Value, expected: Expect) {
    let output = push(world, registry, config).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap().replace(registry.host(), "HOST");
    assert_eq!(output.status.code(), Some(5), "{said}");
    expected.assert_eq(&said);
}

fn helper(registry: &Registry, secret: &str) {
    let programs = registry.directory.path().join("programs");
    fs::create_dir_all(&programs).unwrap();
    let file = programs.join("docker-credential-test");
    fs::write(&file, HELPER.replace("HOST", registry.host()).replace("SECRET", secret)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A registry that nobody has pushed to, and that wants a password.
fn locked(world: &World) -> Registry {
    let registry = Registry::start(world, BASIC);
    fs::write(registry.directory.path().join("passwords"), PASSWORDS).unwrap();
    registry
}

#[test]
fn passwords_are_those_of_others_programs() {
    if !has(&["docker-registry", "skopeo"]) {
        return;
    }
    let Some(world) = world() else { return };
    let registry = locked(world);
    let host = registry.host();
    check_refused(
        world,
        &registry,
        &json!({}),
        expect![[r#"
        error: the registry `HOST` refused to look for a blob: HTTP status 401

        help: log in with `docker login` or `skopeo login`, whose file is read
    "#]],
    );
    let wrong = json!({ "auths": { host: { "auth": "bWU6b3RoZXI=" } } });
    check_refused(
        world,
        &registry,
        &wrong,
        expect![[r#"
            error: the registry `HOST` does not take the name or the password that is kept for it

            help: log in again with `docker login` or `skopeo login`, whose file is read
        "#]],
    );

    // What `skopeo login` writes.
    let file = registry.directory.path().join("auth.json").display().to_string();
    let mut login = program("skopeo");
    login.args(["login", "--tls-verify=false", "--authfile", &file]);
    run(login.args(["--username=me", "--password=s3cret", host]));
    let mut command = push(world, &registry, &json!({}));
    run(command.env("REGISTRY_AUTH_FILE", &file));
    // The same for reading.
    let image = registry.at("web:1");
    let mut audit = world.frazil();
    run(audit.args(["audit", "size", &image]).env("REGISTRY_AUTH_FILE", &file));
    let output = world.frazil().args(["audit", "size", &image]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap().replace(host, "HOST");
    assert_eq!(output.status.code(), Some(5), "{said}");
    expect![[r#"
        error: cannot read the image `HOST/web:1`: the registry `HOST` refused to read a manifest: authentication required

        help: log in with `docker login` or `skopeo login`, whose file is read
    "#]].assert_eq(&said);
}

#[test]
fn helpers_are_asked_for_passwords() {
    if !has(&["docker-registry", "skopeo"]) {
        return;
    }
    let Some(world) = world() else { return };
    let registry = locked(world);
    let of_host = json!({ "credHelpers": { registry.host(): "test" } });
    check_refused(
        world,
        &registry,
        &of_host,
        expect![[r#"
        error: `docker-credential-test` did not give the password for `HOST`: No such file or directory (os error 2)
    "#]],
    );
    helper(&registry, "other");
    check_refused(
        world,
        &registry,
        &of_host,
        expect![[r#"
            error: the registry `HOST` does not take the name or the password that is kept for it

            help: log in again with `docker login` or `skopeo login`, whose file is read
        "#]],
    );
    // One that keeps none for this registry is no reason to fail.
    let of_others = json!({ "credHelpers": { "r.example": "test" } });
    check_refused(
        world,
        &registry,
        &of_others,
        expect![[r#"
        error: the registry `HOST` refused to look for a blob: HTTP status 401

        help: log in with `docker login` or `skopeo login`, whose file is read
    "#]],
    );
    helper(&registry, "s3cret");
    run(&mut push(world, &registry, &of_host));
    let of_all = json!({ "credsStore": "test" });
    run(&mut push(world, &registry, &of_all));
    assert!(registry.changes().iter().any(|line| line == "PUT /v2/web/manifests/1 201"));
}

/// Gives tokens that a registry believes, since it has the certificate.
struct Issuer {
    server: Server,
}

impl Issuer {
    /// Makes key and certificate in the directory.
    fn start(directory: &Path) -> Self {
        let openssl = || {
            let mut command = program("openssl");
            command.current_dir(directory);
            command
        };
        let subject = ["-subj", "/CN=issuer", "-keyout", "key.pem", "-out", "issuer.pem"];
        run(openssl().args(["req", "-x509", "-newkey", "rsa:2048", "-nodes"]).args(subject));
        let certificate = fs::read_to_string(directory.join("issuer.pem")).unwrap();
        let der: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
        let head = json!({ "typ": "JWT", "alg": "RS256", "x5c": [der] });
        let claims = json!({
            "iss": "issuer", "sub": "", "aud": "service", "exp": u32::MAX, "nbf": 0, "iat": 0,
            "jti": "1",
            "access": [{ "type": "repository", "name": "web", "actions": ["pull", "push"] }],
        });
        let encoded = |file: &str| {
            let text = run(openssl().args(["base64", "-A", "-in", file]));
            text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_")
        };
        let part = |value: &Value| {
            fs::write(directory.join("part"), value.to_string()).unwrap();
            encoded("part")
        };
        let signed = format!("{}.{}", part(&head), part(&claims));
        fs::write(directory.join("signed"), &signed).unwrap();
        run(openssl().args(["dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "signed"]));
        let token = json!({ "token": format!("{signed}.{}", encoded("signature")) }).to_string();
        let server = Server::start(move |request| {
            let wanted = "/token?service=service&scope=repository%3Aweb%3Apull%2Cpush";
            if request.target == wanted {
                return reply(200, &[], token.as_bytes());
            }
            Reply::Status(403)
        });
        Self { server }
    }
}

#[test]
fn tokens_are_fetched_from_whom_the_registry_names() {
    if !has(&["docker-registry", "openssl"]) {
        return;
    }
    let Some(world) = world() else { return };
    let place = world.scratch();
    let issuer = Issuer::start(place.path());
    let settings = format!(
        "auth: {{token: {{realm: '{}', service: service, issuer: issuer, rootcertbundle: {:?}}}}}\n",
        issuer.server.address("token"),
        place.path().join("issuer.pem"),
    );
    let registry = Registry::start(world, &settings);
    run(&mut push(world, &registry, &json!({})));
    assert_eq!(issuer.server.log().len(), 1, "one token is enough: {:?}", issuer.server.log());
    assert!(registry.changes().iter().any(|line| line == "PUT /v2/web/manifests/1 201"));
    // Nobody gives one for another repository.
    let output = world
        .frazil()
        .args(["push", "./systems#nginx", "--to", &registry.at("other:1")])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap().replace(registry.host(), "HOST");
    assert_eq!(output.status.code(), Some(5), "{said}");
    expect![[r#"
        error: the registry `HOST` refused to look for a blob: HTTP status 401

        help: log in with `docker login` or `skopeo login`, whose file is read
    "#]]
    .assert_eq(&said);
}
