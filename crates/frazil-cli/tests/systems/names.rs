//! Servers of names: DNS over UDP.

use std::net::UdpSocket;
use std::time::Duration;

use crate::container::Container;
use crate::example::Example;

/// The first address of a name, or nothing if there is no such name.
fn address(container: &Container, name: &str) -> Option<[u8; 4]> {
    // Identifier, recursion desired, one question.
    let mut query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00".to_vec();
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend(label.as_bytes());
    }
    // The root; type A, class IN.
    query.extend(b"\x00\x00\x01\x00\x01");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut answer = [0; 512];
    let length = container.wait_for(|| {
        let sent = socket.send_to(&query, "127.0.0.1:53");
        sent.and_then(|_| socket.recv(&mut answer)).map_err(|why| why.to_string())
    });
    let answer = &answer[..length];
    assert_eq!(answer[..2], query[..2], "the identifier");
    let (status, answers) = (answer[3] & 15, answer[7]);
    if (status, answers) == (3, 0) {
        return None;
    }
    assert_eq!((status, answers), (0, 1), "{answer:?}");
    // The one record ends with the address, whatever sections follow being empty.
    let record = &answer[query.len()..];
    assert_eq!(record[2..6], [0, 1, 0, 1], "the type and the class");
    Some([record[12], record[13], record[14], record[15]])
}

#[test]
fn dnsmasq() {
    Example::of("dnsmasq").at_both_levels().used(|system| {
        assert_eq!(address(system, "printer.example"), Some([192, 0, 2, 10]));
        assert_eq!(address(system, "camera.example"), Some([192, 0, 2, 11]));
    });
}

#[test]
fn unbound() {
    Example::of("unbound").at_both_levels().used(|system| {
        assert_eq!(address(system, "printer.example"), Some([192, 0, 2, 10]));
        assert_eq!(address(system, "absent.example"), None);
    });
}
