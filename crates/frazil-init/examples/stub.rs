//! A service for tests: does one thing that a shell cannot, or does slowly.

#![allow(unsafe_code, reason = "forking without executing; this program has one thread")]

use std::io::{Error, Write as _};

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = arguments.get(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
    match arguments.first().map(String::as_str) {
        Some("orphans") => orphans(number),
        Some("count") => count(number),
        Some("bomb") => bomb(),
        Some("notify") => notify(),
        Some("hog") => hog(),
        _ => Err(Error::other("usage: stub orphans N | count N | bomb | notify | hog")),
    }
}

fn fork() -> Result<i32, Error> {
    // SAFETY: there is one thread, so the child may do whatever the parent may.
    let pid = unsafe { libc::fork() };
    if pid < 0 { Err(Error::last_os_error()) } else { Ok(pid) }
}

/// Makes children that end at once, and ends without reaping them.
fn orphans(number: u64) -> Result<(), Error> {
    for _ in 0..number / 100 {
        // Few at a time per parent, so that limits of processes are not met.
        if fork()? == 0 {
            for _ in 0..100 {
                if fork()? == 0 {
                    return Ok(());
                }
            }
            return Ok(());
        }
    }
    writeln!(std::io::stdout(), "{number} orphans")
}

/// Writes numbered lines.
fn count(number: u64) -> Result<(), Error> {
    let mut out = std::io::stdout();
    for line in 1..=number {
        // In pieces, so that lines are cut anywhere.
        write!(out, "li")?;
        out.flush()?;
        writeln!(out, "ne {line}")?;
    }
    writeln!(out, "end")
}

/// Takes all the memory there is.
fn hog() -> Result<(), Error> {
    let mut all = Vec::new();
    loop {
        // Written to, so that it is really taken.
        all.push(vec![1_u8; 1 << 20]);
    }
}

/// Is ready after a while, tells so as services of systemd do, and stays.
fn notify() -> Result<(), Error> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    std::thread::sleep(std::time::Duration::from_millis(300));
    let name = std::env::var("NOTIFY_SOCKET").map_err(Error::other)?;
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(&name)?,
    };
    writeln!(std::io::stdout(), "notified")?;
    UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address)?;
    loop {
        std::thread::park();
    }
}

/// Forks as often as it is allowed to.
fn bomb() -> Result<(), Error> {
    loop {
        // What cannot be forked is tried again: that is what a bomb does.
        if fork().is_ok_and(|pid| pid == 0) {
            std::thread::yield_now();
        }
    }
}
