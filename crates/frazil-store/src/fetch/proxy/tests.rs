use std::sync::{Arc, Mutex};

use super::super::test_server::{Request, TestServer, ok, reply};
use super::super::{Client, FetchOptions, Proxies, Url};
use super::for_proxy;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn client(proxy: &str, none_for: &str) -> Client {
    let proxies =
        Proxies { http: Some(proxy.to_owned()), https: None, none_for: none_for.to_owned() };
    Client::new(FetchOptions { proxies, attempts: 1, ..FetchOptions::default() }).unwrap()
}

#[test]
fn heads_of_requests() {
    let check = |head: &str, authorization: &str, expected: &str| {
        assert_eq!(text(&for_proxy(head.as_bytes(), "http://h:1", authorization)), expected);
    };
    check("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "", "GET http://h:1/a HTTP/1.1\r\nHost: h\r\n\r\n");
    check(
        "PUT / HTTP/1.1\r\n\r\nbody",
        "Proxy-Authorization: x\r\n",
        "PUT http://h:1/ HTTP/1.1\r\nProxy-Authorization: x\r\n\r\nbody",
    );
    // Whatever it is, it does no harm.
    check("", "", "http://h:1");
    check("GET", "", "http://h:1GET");
    check("\r\n ", "", "\r\n http://h:1");
}

#[test]
fn a_proxy_is_asked_for_whole_addresses() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let proxy = TestServer::start(move |request: &Request| {
        let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
        log.lock().unwrap().push(format!("{} {}", header("host"), header("proxy-authorization")));
        if request.target.ends_with("/moved") {
            return reply(302, &[("Location", "/here")], b"");
        }
        ok(b"from the proxy")
    });
    // Nobody knows this host but the proxy.
    let url: Url = "http://mirror.invalid/debian/file".parse().unwrap();
    let (bytes, _) = client(proxy.url("").as_str(), "").get_bytes(&url, 100).unwrap();
    assert_eq!(text(&bytes), "from the proxy");
    let moved: Url = "http://mirror.invalid:81/moved".parse().unwrap();
    client(proxy.url("").as_str(), "").get_bytes(&moved, 100).unwrap();
    let with_password = proxy.url("").as_str().replace("http://", "http://me:secret@");
    client(&with_password, "").get_bytes(&url, 100).unwrap();
    assert_eq!(
        proxy.log(),
        "GET http://mirror.invalid/debian/file\nGET http://mirror.invalid:81/moved\n\
         GET http://mirror.invalid:81/here\nGET http://mirror.invalid/debian/file"
    );
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "mirror.invalid ",
            "mirror.invalid:81 ",
            "mirror.invalid:81 ",
            "mirror.invalid Basic bWU6c2VjcmV0"
        ]
    );
}

#[test]
fn some_hosts_are_reached_without_a_proxy() {
    let proxy = TestServer::start(|_| ok(b"from the proxy"));
    let server = TestServer::start(|_| ok(b"from the server"));
    let get = |none_for| {
        let (bytes, _) =
            client(proxy.url("").as_str(), none_for).get_bytes(&server.url("/x"), 100).unwrap();
        text(&bytes)
    };
    assert_eq!(get(""), "from the proxy");
    assert_eq!(get("other.example,127.0.0.1"), "from the server");
    assert_eq!(get("*"), "from the server");
}

#[test]
fn what_a_proxy_refuses() {
    let check = |status: u16, expected: &str| {
        let proxy = TestServer::start(move |_| reply(status, &[], b""));
        let url: Url = "http://mirror.invalid/x".parse().unwrap();
        let error = client(proxy.url("").as_str(), "").get_bytes(&url, 100).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot fetch 'http://mirror.invalid/x': {expected}")
        );
    };
    check(407, "HTTP error 407 (the proxy wants a password)");
    check(503, "HTTP error 503 (the server is not available)");
    // For what is encrypted a tunnel is wanted.
    let proxy = TestServer::start(|_| reply(403, &[], b""));
    let address = proxy.url("").as_str().to_owned();
    let proxies = Proxies { https: Some(address), ..Proxies::default() };
    let options = FetchOptions { proxies, attempts: 1, ..FetchOptions::default() };
    let url: Url = "https://mirror.invalid/x".parse().unwrap();
    let error = Client::new(options).unwrap().get_bytes(&url, 100).unwrap_err();
    assert!(error.to_string().contains("the proxy failed"), "{error}");
    assert_eq!(proxy.log(), "CONNECT mirror.invalid:443");
}
