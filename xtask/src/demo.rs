//! The main job, once: from `examples/nginx` to a container that serves its page, and what it weighs.

use std::io::{self, Read as _, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// Nearly as fast as a release, and built in a fraction of the time.
const PROFILE: &str = "fast";
const SYSTEM: &str = "examples/nginx";
/// The port that the system listens on.
const PORT: u16 = 8080;
const START_DEADLINE: Duration = Duration::from_mins(1);
/// Between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(20);

/// What others publish for nginx on linux/amd64: bytes of all compressed layers, and their source.
const PUBLISHED: &[(&str, u64)] = &[
    ("nginx:alpine-slim", 5_741_686),
    ("nginx:alpine", 25_000_000),
    ("nginx (Debian)", 63_110_572),
];

/// Builds everything, makes the image, starts the system, fetches its page, stops it, and prints sizes.
pub(crate) fn run(repository: &Path, out: &mut impl Write) -> io::Result<bool> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--package", "frazil-cli", "--profile", PROFILE]);
    if !step(&mut cargo, repository, out)?.success() {
        return Ok(false);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let target = repository.join(target);
    let frazil = target.join(PROFILE).join("frazil");
    let image = target.join("demo/nginx");
    let mut make = Command::new(&frazil);
    make.args(["image", "oci", SYSTEM, "--output"]).arg(&image);
    if !step(&mut make, repository, out)?.success() {
        return Ok(false);
    }
    if !serve(&frazil, repository, out)? {
        return Ok(false);
    }
    let mut audit = Command::new(&frazil);
    let audited = step(audit.args(["audit", "size"]).arg(&image), repository, out)?;
    compare(&image, out)?;
    Ok(audited.success())
}

fn step(command: &mut Command, repository: &Path, out: &mut impl Write) -> io::Result<ExitStatus> {
    writeln!(out, "\n$ {}", shown(command))?;
    command.current_dir(repository).status()
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs the system, prints its page, and asks it to stop.
fn serve(frazil: &Path, repository: &Path, out: &mut impl Write) -> io::Result<bool> {
    // One that is free now; nobody else is likely to take it before we do.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut command = Command::new(frazil);
    command.args(["run", "--publish", &format!("{port}:{PORT}"), SYSTEM]).current_dir(repository);
    writeln!(out, "\n$ {} &", shown(&command))?;
    let mut system = command.spawn()?;
    let page = page(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &mut system);
    let start = Instant::now();
    // The standard library sends no other signal than the one that nobody can handle.
    Command::new("kill").args(["-TERM", &system.id().to_string()]).status()?;
    let status = system.wait()?;
    let took = start.elapsed().as_millis();
    writeln!(out, "\n$ curl http://127.0.0.1:{port}/\n{}", page?)?;
    writeln!(out, "stopped in {took} ms: {status}")?;
    Ok(status.success())
}

/// The page, as soon as there is one.
fn page(address: SocketAddr, system: &mut Child) -> io::Result<String> {
    let start = Instant::now();
    loop {
        match fetch(address) {
            Err(error) if start.elapsed() > START_DEADLINE => return Err(error),
            Ok(page) if page.starts_with("HTTP/1.1 200") => return Ok(page),
            Ok(_) | Err(_) => {}
        }
        if let Some(status) = system.try_wait()? {
            return Err(io::Error::other(format!("it has ended: {status}")));
        }
        thread::sleep(PAUSE);
    }
}

fn fetch(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(START_DEADLINE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}

/// The image beside those of others.
fn compare(image: &Path, out: &mut impl Write) -> io::Result<()> {
    let blobs = std::fs::read_dir(image.join("blobs/sha256"))?;
    let sizes = blobs.map(|blob| Ok(blob?.metadata()?.len())).collect::<io::Result<Vec<u64>>>()?;
    let ours: u64 = sizes.iter().sum();
    writeln!(out, "\n{:<20} {:>12} {:>6}", "compressed image", "bytes", "ratio")?;
    for (name, bytes) in [("examples/nginx", ours)].iter().chain(PUBLISHED) {
        writeln!(out, "{name:<20} {bytes:>12} {:>6.2}", *bytes as f64 / ours as f64)?;
    }
    Ok(())
}
