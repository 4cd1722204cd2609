//! Whoever passes messages on: MQTT, syslog.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::container::Container;
use crate::example::Example;

/// A client of MQTT 3.1.1, connected under a name.
fn mqtt(container: &Container, name: &str) -> TcpStream {
    let connect = || TcpStream::connect("127.0.0.1:1883");
    let mut stream = container.wait_for(|| connect().map_err(|why| why.to_string()));
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // The protocol, its level, a clean session, no pings.
    let mut connect = b"\x00\x04MQTT\x04\x02\x00\x00".to_vec();
    connect.extend([0, name.len() as u8]);
    connect.extend(name.as_bytes());
    send(&mut stream, 0x10, &connect);
    assert_eq!(packet(&mut stream), (0x20, vec![0, 0]), "the broker accepts");
    stream
}

fn send(stream: &mut TcpStream, kind: u8, body: &[u8]) {
    stream.write_all(&[&[kind, body.len() as u8], body].concat()).unwrap();
}

fn packet(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let mut body = vec![0; usize::from(head[1])];
    stream.read_exact(&mut body).unwrap();
    (head[0], body)
}

#[test]
fn mosquitto() {
    Example::of("mosquitto").at_both_levels().used(|system| {
        let mut reader = mqtt(system, "reader");
        send(&mut reader, 0x82, b"\x00\x01\x00\x06home/#\x00");
        assert_eq!(packet(&mut reader), (0x90, vec![0, 1, 0]), "the subscription");
        let mut writer = mqtt(system, "writer");
        send(&mut writer, 0x30, b"\x00\x09home/doorclosed");
        assert_eq!(packet(&mut reader), (0x30, b"\x00\x09home/doorclosed".to_vec()));
    });
}

#[test]
fn socklog() {
    let inet = "{ services.socklog.inet = { }; }";
    Example::of("socklog").with(inet).used(|system| {
        let socket = UnixDatagram::unbound().unwrap();
        let path = system.path("/run/log");
        system.wait_for(|| socket.connect(&path).map_err(|why| why.to_string()));
        socket.send(b"<13>backup: it is done").unwrap();
        system.wait_for_log("user.notice: backup: it is done");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        system.wait_for(|| {
            let sent = socket.send_to(b"<13>router: it is up", "127.0.0.1:514");
            sent.map_err(|why| why.to_string())?;
            let is_logged = system.log().contains("user.notice: router: it is up");
            is_logged.then_some(()).ok_or("no line that came over UDP".to_owned())
        });
    });
}
