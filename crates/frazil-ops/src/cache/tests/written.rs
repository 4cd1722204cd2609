//! What may be written to a cache, and how much.

use super::*;

/// Sends a request whose body is as long as it says, and waits for the answer.
fn ask(address: SocketAddr, line: &str, body: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    let size = body.len();
    let head = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
}

#[test]
fn only_nars_and_narinfos_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("store"));
    let said = serving(store, writable(), |address| {
        for (target, text) in [
            ("/nar/../x.nar", "a"),
            ("/nar/.nar", "a"),
            ("/nix-cache-info", "a"),
            ("/log/x", "a"),
            ("/11111111111111111111111111111111.narinfo", "no narinfo"),
            ("/nar/a.nar", "a"),
        ] {
            ask(address, &format!("PUT {target}"), text.as_bytes());
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"PUT /nar/b.nar HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
    });
    expect![[r#"
        400 PUT /nar/../x.nar not the name of a NAR
        400 PUT /nar/.nar not the name of a NAR
        403 PUT /nix-cache-info only NARs and narinfos can be written
        403 PUT /log/x only NARs and narinfos can be written
        400 PUT /11111111111111111111111111111111.narinfo NAR info is corrupt: expecting '\n' at line 1
        201 PUT /nar/a.nar -
        413 PUT /nar/b.nar the file is too large"#]].assert_eq(&said.join("\n"));
}

/// Files that nobody needs make room; those that are being written do not.
#[test]
fn what_is_written_has_a_bound() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let third = vec![b'x'; 400 << 10];
    let said = serving(store, writable(), |address| {
        ask(address, "PUT /nar/a.nar", &third);
        ask(address, "PUT /nar/b.nar", &third);
        ask(address, "HEAD /nar/a.nar", b"");
        ask(address, "PUT /nar/c.nar", &third);
        for file in ["a", "b", "c"] {
            ask(address, &format!("HEAD /nar/{file}.nar"), b"");
        }
        let mut slow = TcpStream::connect(address).unwrap();
        let head =
            "PUT /nar/d.nar HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n";
        slow.write_all(head.as_bytes()).unwrap();
        // Told to go on, it has its room.
        slow.read_exact(&mut [0; 25]).unwrap();
        ask(address, "PUT /nar/e.nar", &third);
        drop(slow);
    });
    expect![[r#"
        201 PUT /nar/a.nar -
        201 PUT /nar/b.nar -
        200 HEAD /nar/a.nar -
        201 PUT /nar/c.nar -
        200 HEAD /nar/a.nar -
        404 HEAD /nar/b.nar -
        200 HEAD /nar/c.nar -
        507 PUT /nar/e.nar too much is being written at once"#]]
    .assert_eq(&said.join("\n"));
}
