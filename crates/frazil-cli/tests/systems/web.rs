//! Whoever speaks HTTP.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::thread;

use serde_json::Value;

use crate::container::Container;
use crate::example::Example;
use crate::wire::{Wire, get};

/// A page is there, and one that is not is not.
fn serves(system: &Container, page: &str) {
    let (status, body) = get(system, 8080, "/");
    assert!(status.contains("200 OK") && body.contains(page), "{status}\n{body}");
    let (status, _) = get(system, 8080, "/absent");
    assert!(status.contains("404"), "{status}");
}

#[test]
fn nginx() {
    let nginx = Example::of("nginx").at_both_levels().in_container(|with| with.read_only = true);
    nginx.used(|system| serves(system, "It runs."));
}

#[test]
fn apache2() {
    Example::of("apache2").at_both_levels().used(|system| serves(system, "It runs."));
}

#[test]
fn static_files() {
    Example::of("static-files").at_both_levels().used(|system| serves(system, "It runs."));
}

#[test]
fn haproxy() {
    Example::of("haproxy").at_both_levels().used(|system| {
        let (status, body) = get(system, 8080, "/");
        assert!(status.contains("200 OK") && body == "It runs.\n", "{status}\n{body}");
    });
}

#[test]
fn caddy() {
    Example::of("caddy").at_both_levels().used(|system| {
        let (status, body) = get(system, 8080, "/");
        assert!(status.contains("200 OK") && body == "It runs.", "{status}\n{body}");
    });
}

#[test]
fn php_fpm() {
    Example::of("php-fpm").at_both_levels().used(|system| {
        // nginx is there before PHP is.
        let body = system.wait_for(|| {
            let (status, body) = get(system, 8080, "/");
            if status.contains("200 OK") { Ok(body) } else { Err(status) }
        });
        assert_eq!(body, "It runs.\n");
    });
}

/// A page comes through the proxy from a server behind it.
#[test]
fn tinyproxy() {
    Example::of("tinyproxy").used(|system| {
        let origin = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = origin.local_addr().unwrap();
        let mut proxy = Wire::to(system, 8888);
        thread::scope(|scope| {
            scope.spawn(|| {
                let (stream, _) = origin.accept().unwrap();
                let mut stream = BufReader::new(stream);
                let mut request = String::new();
                while !request.ends_with("\r\n\r\n") {
                    stream.read_line(&mut request).unwrap();
                }
                assert!(request.starts_with("GET /page HTTP/1."), "{request}");
                let answer = "HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\nIt runs.";
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            });
            proxy.say(&format!("GET http://{address}/page HTTP/1.0\r\n\r\n"));
            let answer = proxy.rest();
            assert!(answer.contains("200 OK") && answer.ends_with("It runs."), "{answer}");
        });
    });
}

#[test]
fn syncthing() {
    Example::of("syncthing").used(|system| {
        let (status, body) = get(system, 8384, "/rest/noauth/health");
        assert!(status.contains("200 OK") && body.contains("\"OK\""), "{status}\n{body}");
    });
}

/// It has what was declared, and the identity that its certificate gives it.
#[test]
fn syncthing_with_settings() {
    let id = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2";
    let module = format!(
        "{{
           services.syncthing.settings = {{
             devices.laptop.id = \"{id}\";
             folders.documents = {{
               devices = [ \"laptop\" ];
               versioning = {{ type = \"simple\"; params.keep = \"3\"; }};
             }};
             gui.apikey = \"\\${{file:/run/secrets/key}}\";
             options = {{ globalAnnounceEnabled = false; listenAddress = [ \"tcp://127.0.0.1:22001\" ]; }};
           }};
         }}"
    );
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "let me in\n").unwrap();
    let key = key.to_str().unwrap().to_owned();
    let example = Example::of("syncthing").with(module);
    example.in_container(|with| with.binds.push((key, "/run/secrets/key"))).used(|system| {
        let ask = |path: &str| {
            let mut wire = Wire::to(system, 8384);
            wire.say(&format!("GET {path} HTTP/1.0\r\nX-API-Key: let me in\r\n\r\n"));
            let answer = wire.rest();
            serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap_or(Value::Null)
        };
        let folders = ask("/rest/config/folders");
        let [folder] = folders.as_array().unwrap().as_slice() else { panic!("{folders}") };
        assert_eq!(folder["path"], "/var/lib/syncthing/documents");
        assert_eq!(folder["versioning"]["params"]["keep"], "3");
        let with: Vec<&Value> = folder["devices"].as_array().unwrap().iter().collect();
        assert_eq!(with.len(), 2, "the laptop and this machine: {folder}");
        assert!(with.iter().any(|device| device["deviceID"] == id));
        let options = ask("/rest/config/options");
        assert_eq!(options["globalAnnounceEnabled"], false);
        assert_eq!(options["listenAddresses"][0], "tcp://127.0.0.1:22001");
    });
}

/// Prometheus has measured itself and the exporter beside it.
#[test]
fn prometheus() {
    Example::of("prometheus").used(|system| {
        let (status, body) = get(system, 9100, "/metrics");
        assert!(status.contains("200 OK") && body.contains("\nnode_memory_"), "{status}");
        let measured = "/api/v1/query?query=sum(up)";
        system.wait_for(|| {
            let (_, body) = get(system, 9090, measured);
            if body.contains(",\"2\"]") { Ok(()) } else { Err(body) }
        });
    });
}

/// Variables and secrets are put in when the system starts, and only those who may read them can.
#[test]
fn secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("name");
    std::fs::write(&secret, "Ada\n").unwrap();
    let secret = secret.to_str().unwrap();
    let greets = |variables: &[(&'static str, &'static str)], page: &str| {
        let example = Example::of("secrets").in_container(|with| {
            with.environment = variables.to_vec();
            with.binds.push((secret.to_owned(), "/run/secrets/name"));
        });
        example.used(|system| {
            assert_eq!(get(system, 8080, "/").1, page);
            let made = std::fs::metadata(system.path("/run/nginx/nginx.conf")).unwrap();
            assert_eq!(made.mode() & 0o7777, 0o440);
        });
    };
    greets(&[], "Hello, Ada.\n");
    greets(&[("GREETING", "Good day")], "Good day, Ada.\n");
}
