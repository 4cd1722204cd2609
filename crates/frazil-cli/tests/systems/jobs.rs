//! Whoever does something at its time, and the user's own programs.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;

use crate::example::Example;

#[test]
fn app() {
    Example::of("app").used(|system| system.wait_for_log("hello"));
}

#[test]
fn crond() {
    Example::of("crond").used(|system| system.wait_for_log("the system is up"));
}

#[test]
fn chrony() {
    Example::of("chrony").used(|system| {
        let tracking = system.wait_for(|| system.run(&["chronyc", "tracking"]));
        assert!(tracking.contains("Stratum         : 10"), "{tracking}");
    });
}

/// Nobody gives out certificates here, but Certbot asks.
#[test]
fn certbot() {
    let server = "{
        services.certbot.domains.\"www.example.org\".server = \"http://127.0.0.1:4000/directory\";
        init.services.\"certbot-www.example.org\".backoff.min = 0.1;
    }";
    Example::of("certbot").with(server).used(|system| {
        let authority = TcpListener::bind("127.0.0.1:4000").unwrap();
        authority.set_nonblocking(true).unwrap();
        let (stream, _) = system.wait_for(|| authority.accept().map_err(|why| why.to_string()));
        stream.set_nonblocking(false).unwrap();
        let mut request = String::new();
        BufReader::new(stream).read_line(&mut request).unwrap();
        assert_eq!(request, "GET /directory HTTP/1.1\r\n");
        let version = system.run(&["certbot", "--version"]).unwrap();
        assert!(version.starts_with("certbot "), "{version}");
    });
}
