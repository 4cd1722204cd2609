//! Debian's `docker-registry` as the registry, others that read what is there, and what is said when
//! a registry does not do its work.

mod logins;
mod platforms;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use expect_test::{Expect, expect};
use frazil_testkit::docker_registry::DockerRegistry;
use frazil_testkit::server::{Reply, Server, reply};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::world::{World, has, program, run, world};

/// A registry, and the directory that is its own.
struct Registry {
    program: DockerRegistry,
    directory: TempDir,
}

impl Registry {
    /// `settings` are further lines of its settings; `%` stands for its directory.
    fn start(world: &World, settings: &str) -> Self {
        let directory = world.scratch();
        let settings = settings.replace('%', directory.path().to_str().unwrap());
        let program = DockerRegistry::start(directory.path(), &settings).unwrap();
        Self { program, directory }
    }

    fn host(&self) -> &str {
        self.program.host()
    }

    /// The name of something in the registry, as an argument.
    fn at(&self, name: &str) -> String {
        format!("http://{}/{name}", self.host())
    }

    /// The requests that change something, since it was asked last: what is asked for, and the
    /// status of the answer.
    fn changes(&self) -> Vec<String> {
        let requests = self.program.requests();
        let requests = requests.iter().map(|line| {
            let (_, request) = line.split_once('"').unwrap();
            let (request, rest) = request.split_once(" HTTP/1.1\"").unwrap();
            format!("{request}{}", rest.split_at(4).0)
        });
        let is_change = |request: &String| {
            ["POST", "PUT", "PATCH", "DELETE"].iter().any(|m| request.starts_with(m))
        };
        requests.filter(is_change).collect()
    }
}

fn pushed(world: &World, arguments: &[&str]) -> Value {
    let output = run(world.frazil().args(["push", "--json"]).args(arguments));
    serde_json::from_str(&output).unwrap()
}

/// The digests of the blobs of a layout.
fn blobs(layout: &str) -> BTreeSet<String> {
    let names = fs::read_dir(PathBuf::from(layout).join("blobs/sha256")).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_registry_gives_back_what_was_pushed() {
    if !has(&["docker-registry", "skopeo"]) {
        return;
    }
    let Some(world) = world() else { return };
    let layout = world.image("nginx").display().to_string();
    let registry = Registry::start(world, "");
    let to = registry.at("web/nginx:latest");

    let first = pushed(world, &["./systems#nginx", "--to", &to]);
    assert_eq!((&first["wasThere"], &first["presentBytes"]), (&Value::Bool(false), &0.into()));
    let changes = registry.changes();
    // The tag is set when all is there.
    assert_eq!(changes.last().unwrap(), "PUT /v2/web/nginx/manifests/latest 201");
    let second = pushed(world, &["./systems#nginx", "--to", &to]);
    assert_eq!((&second["wasThere"], &second["sentBytes"]), (&Value::Bool(true), &0.into()));
    assert_eq!(registry.changes(), Vec::<String>::new());
    assert_eq!(first["digest"], second["digest"]);

    let back = registry.directory.path().join("back").display().to_string();
    let from = to.replacen("http", "docker", 1);
    let into = format!("oci:{back}:latest");
    run(program("skopeo").args(["copy", "--quiet", "--src-tls-verify=false", &from, &into]));
    assert_eq!(blobs(&back), blobs(&layout));

    // And we read it where it is.
    let compared = ["audit", "diff", "--paths", "--json", &layout, &to];
    let compared: Value = serde_json::from_str(&run(world.frazil().args(compared))).unwrap();
    assert_eq!(compared["differences"], json!([]));
    let size = |image: &str| -> Value {
        let text = run(world.frazil().args(["audit", "size", "--json", image]));
        serde_json::from_str(&text).unwrap()
    };
    let (here, there) = (size(&layout), size(&to));
    assert_eq!(here["packages"], there["packages"]);
    assert!(here["packages"].as_object().is_some_and(|all| all.len() > 10), "{here}");
}

/// Blobs of another repository are mounted, not sent.
#[test]
fn what_both_have_is_taken_from_the_first() {
    if !has(&["docker-registry"]) {
        return;
    }
    let Some(world) = world() else { return };
    let registry = Registry::start(world, "");
    let layouts = ["nginx", "redis"].map(|name| blobs(&world.image(name).display().to_string()));
    pushed(world, &["./systems#nginx", "--to", &registry.at("web/nginx:1")]);
    registry.changes();
    let to = registry.at("cache:1");
    let from =
        ["./systems#redis", "--mount-from", "web/nginx", "--mount-from", "gone", "--to", &to];
    let second = pushed(world, &from);
    let changes = registry.changes();
    let begin = "POST /v2/cache/blobs/uploads/?mount=sha256:";
    let mounted: BTreeSet<String> = changes
        .iter()
        .filter_map(|line| line.strip_prefix(begin)?.strip_suffix("&from=web/nginx 201"))
        .map(str::to_owned)
        .collect();
    let shared: BTreeSet<String> = layouts[0].intersection(&layouts[1]).cloned().collect();
    assert_eq!(mounted, shared);
    assert!(mounted.len() > 3 && second["mountedBytes"].as_u64().unwrap() > 1_000_000, "{second}");
    // All blobs but those were sent; one of the files of the layout is the manifest.
    let sent = changes.iter().filter(|line| line.starts_with("PUT /v2/cache/blobs/")).count();
    assert_eq!(sent, layouts[1].len() - shared.len() - 1, "{changes:#?}");
    assert_eq!(second["presentBytes"], 0);
}

/// Lists of packages stand beside the image; the tag is not set again for them.
#[test]
fn lists_of_packages_are_attached() {
    if !has(&["docker-registry", "skopeo"]) {
        return;
    }
    let Some(world) = world() else { return };
    let registry = Registry::start(world, "");
    let to = registry.at("web:1");
    let image = pushed(world, &["./systems#nginx", "--to", &to]);
    registry.changes();
    let again = pushed(world, &["./systems#nginx", "--sbom", "--to", &to]);
    assert_eq!(again["digest"], image["digest"]);
    let list = image["digest"].as_str().unwrap().replace(':', "-");
    let changes = registry.changes();
    let manifests = changes.iter().filter(|line| line.contains("/manifests/"));
    let tags: Vec<_> = manifests.filter(|line| !line.contains("/sha256:")).collect();
    assert_eq!(tags, [&format!("PUT /v2/web/manifests/{list} 201"); 2]);
    let raw = |name: &str| -> Value {
        let from = format!("docker://{}/web{name}", registry.host());
        let text = run(program("skopeo").args(["inspect", "--tls-verify=false", "--raw", &from]));
        serde_json::from_str(&text).unwrap()
    };
    let list = raw(&format!(":{list}"));
    let attached = list["manifests"].as_array().unwrap().iter();
    let attached: Vec<Value> =
        attached.map(|entry| raw(&format!("@{}", entry["digest"].as_str().unwrap()))).collect();
    let kinds: Vec<&str> =
        attached.iter().map(|manifest| manifest["artifactType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["application/spdx+json", "application/vnd.cyclonedx+json"]);
    for manifest in &attached {
        assert_eq!(manifest["subject"]["digest"], image["digest"]);
    }
}

/// What is said when a registry answers so.
#[track_caller]
fn refused(world: &World, host: &str, expected: Expect) {
    let mut command = world.frazil();
    let to = format!("http://{host}/web:1");
    let output = command.args(["push", "./systems#nginx", "--to", &to]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap().replace(host, "HOST");
    assert_eq!(output.status.code(), Some(5), "{said}");
    expected.assert_eq(&said);
}

#[test]
fn a_registry_that_refuses_is_reported() {
    let Some(world) = world() else { return };
    world.image("nginx");
    let check = |answer: Reply, expected: Expect| {
        let server = Server::start(move |_| answer.clone());
        refused(world, &server.host(), expected);
    };
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    refused(
        world,
        &closed.to_string(),
        expect![[r#"
        error: cannot fetch 'http://HOST/v2/web/manifests/1': Connection refused (os error 111)

        help: check the connection, and try again
    "#]],
    );
    check(
        reply(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        expect![[r#"
        error: the registry `HOST` refused to look for a blob: HTTP status 401

        help: log in with `docker login` or `skopeo login`, whose file is read
    "#]],
    );
    check(
        reply(403, &[], b"{}"),
        expect![[r#"
        error: the registry `HOST` refused to look for a blob: HTTP status 403

        help: log in with `docker login` or `skopeo login`, whose file is read
    "#]],
    );
    check(
        reply(429, &[("Retry-After", "0")], b""),
        expect![[r#"
        error: cannot fetch 'http://HOST/v2/web/manifests/1': HTTP error 429 (too many requests)

        help: the server is in trouble; try again later
    "#]],
    );
    check(
        Reply::Page,
        expect![[r#"
        error: the registry does not speak its protocol: a manifest was sent, but nobody says that it is stored
    "#]],
    );
}
