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
        _ => Err(Error::other("usage: stub orphans N | count N | bomb")),
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

/// Forks as often as it is allowed to.
fn bomb() -> Result<(), Error> {
    loop {
        // What cannot be forked is tried again: that is what a bomb does.
        if fork().is_ok_and(|pid| pid == 0) {
            std::thread::yield_now();
        }
    }
}
