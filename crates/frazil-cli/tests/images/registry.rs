//! Debian's `docker-registry` as the registry, and what is said when a registry does not do its work.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::world::{World, has, program, run, world};

/// A registry that keeps its images in a directory, and tells about each request.
struct Registry {
    directory: TempDir,
    child: Child,
    address: String,
}

impl Registry {
    fn start(world: &World) -> Self {
        let directory = world.scratch();
        let settings = format!(
            "version: 0.1\nlog: {{accesslog: {{disabled: false}}, level: info}}\n\
             storage: {{filesystem: {{rootdirectory: {:?}}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n",
            directory.path().join("images")
        );
        let file = directory.path().join("settings.yml");
        fs::write(&file, settings).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(file).stdin(Stdio::null());
        let log = fs::File::create(directory.path().join("requests")).unwrap();
        let mut child = command.stdout(log).stderr(Stdio::piped()).spawn().unwrap();
        let mut words = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(words.read_line(&mut line).unwrap() > 0, "the registry does not listen");
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split('"').next().unwrap().to_owned();
            }
        };
        // Nobody listens to the rest, which must not fill the pipe.
        thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
        Self { directory, child, address }
    }

    /// The requests since it was asked last that change something.
    fn changes(&self) -> Vec<String> {
        let file: PathBuf = self.directory.path().join("requests");
        let text = fs::read_to_string(&file).unwrap();
        fs::OpenOptions::new().write(true).open(file).unwrap().set_len(0).unwrap();
        let changes = ["\"POST ", "\"PUT ", "\"PATCH ", "\"DELETE "];
        let is_change = |line: &&str| changes.iter().any(|method| line.contains(method));
        text.lines().filter(is_change).map(str::to_owned).collect()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn pushed(world: &World, arguments: &[&str]) -> Value {
    let output = run(world.frazil().args(["push", "--json"]).args(arguments));
    serde_json::from_str(&output).unwrap()
}

#[test]
fn a_registry_gives_back_what_was_pushed() {
    if !has(&["docker-registry", "skopeo"]) {
        return;
    }
    let Some(world) = world() else { return };
    let layout = world.image("nginx");
    let registry = Registry::start(world);
    let name = format!("{}/web/nginx:latest", registry.address);
    let to = format!("http://{name}");

    let first = pushed(world, &["./systems#nginx", "--sbom", "--to", &to]);
    assert_eq!((&first["wasThere"], &first["presentBytes"]), (&Value::Bool(false), &0.into()));
    assert!(!registry.changes().is_empty());
    let second = pushed(world, &["./systems#nginx", "--to", &to]);
    assert_eq!((&second["wasThere"], &second["sentBytes"]), (&Value::Bool(true), &0.into()));
    assert_eq!(registry.changes(), Vec::<String>::new());
    assert_eq!(first["digest"], second["digest"]);

    let directory = world.scratch();
    let back = directory.path().join("back");
    let (from, into) = (format!("docker://{name}"), format!("oci:{}:latest", back.display()));
    run(program("skopeo").args(["copy", "--quiet", "--src-tls-verify=false", &from, &into]));
    let blobs = |layout: &PathBuf| {
        let names = fs::read_dir(layout.join("blobs/sha256")).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(blobs(&back), blobs(&layout));

    // Another image takes what both have from the repository of the first.
    let to = format!("http://{}/cache:1", registry.address);
    let from = ["./systems#redis", "--mount-from", "web/nginx", "--to", &to];
    let mounted = pushed(world, &from);
    assert!(mounted["mountedBytes"].as_u64().unwrap() > 1_000_000, "{mounted}");
}

/// Answers every request the same, and ends with the test.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            drop(stream.read(&mut request));
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    address
}

#[track_caller]
fn refused(world: &World, address: &str, expected: &str) {
    let mut command = world.frazil();
    let to = format!("http://{address}/web:1");
    let output = command.args(["push", "./systems#nginx", "--to", &to]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap().replace(address, "HOST");
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_registry_that_refuses_is_reported() {
    let Some(world) = world() else { return };
    world.image("nginx");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    refused(world, &closed.to_string(), "HOST");
    let unauthorised = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\
                        Content-Length: 0\r\nConnection: close\r\n\r\n";
    refused(world, &answering(unauthorised), "log");
    let busy = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\
                Connection: close\r\n\r\n";
    refused(world, &answering(busy), "429");
}
