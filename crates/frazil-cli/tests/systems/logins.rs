//! Whoever lets people in: over the network with a key, and at a terminal.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tempfile::TempDir;

use crate::container::Container;
use crate::example::{Example, complete};

/// A key made for one test: its private half, and the line that lets it in.
struct Key {
    _folder: TempDir,
    private: PathBuf,
    public: String,
}

impl Key {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("key");
        let mut keygen = Command::new("ssh-keygen");
        complete(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&private));
        let public = std::fs::read_to_string(folder.path().join("key.pub")).unwrap();
        Self { _folder: folder, private, public: public.trim().to_owned() }
    }

    /// Runs a command on the other side.
    fn ssh(&self, user: &str, command: &str) -> Result<String, String> {
        let options = [
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "LogLevel=ERROR",
        ];
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-i"]).arg(&self.private);
        ssh.args(options.iter().flat_map(|option| ["-o", option]));
        ssh.arg(format!("{user}@127.0.0.1")).arg(command).stdin(Stdio::null());
        let output = ssh.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

/// Whoever has the key gets in, and nobody else does.
fn lets_in(system: &Container, user: &str, key: &Key) {
    let command = "echo $((6 * 7)) $HOME";
    let said = system.wait_for(|| key.ssh(user, command));
    let home = if user == "root" { "/root" } else { "/home/guest" };
    assert_eq!(said, format!("42 {home}\n"));
    let refused = Key::new().ssh(user, command).unwrap_err();
    assert!(refused.contains("Permission denied"), "{refused}");
}

#[test]
fn openssh() {
    let key = Key::new();
    let keys = format!("{{ services.openssh.authorizedKeys.guest = [ \"{}\" ]; }}", key.public);
    Example::of("openssh").at_both_levels().with(keys).used(|system| {
        lets_in(system, "guest", &key);
    });
}

#[test]
fn dropbear() {
    let key = Key::new();
    let keys = format!("{{ services.dropbear.authorizedKeys.root = [ \"{}\" ]; }}", key.public);
    Example::of("dropbear").at_both_levels().with(keys).used(|system| {
        lets_in(system, "root", &key);
    });
}

/// A serial line, whose other end is here.
struct Line {
    terminal: OwnedFd,
    /// What the system finds the line at.
    path: String,
}

impl Line {
    fn new() -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        fcntl_setfl(&terminal, OFlags::NONBLOCK).unwrap();
        let path = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        Self { terminal, path }
    }

    /// Waits for a text, and types an answer.
    fn answer(&self, system: &Container, text: &str, answer: &str) {
        let mut line = File::from(self.terminal.try_clone().unwrap());
        let mut screen = String::new();
        let mut bytes = [0; 512];
        system.wait_for(|| {
            let length = line.read(&mut bytes).unwrap_or(0);
            screen.push_str(&String::from_utf8_lossy(&bytes[..length]));
            let is_there = screen.contains(text);
            is_there.then_some(()).ok_or_else(|| format!("no {text:?} in {screen:?}"))
        });
        rustix::io::write(&self.terminal, answer.as_bytes()).unwrap();
    }
}

#[test]
fn getty() {
    let line = Line::new();
    let path = line.path.clone();
    Example::of("getty").in_container(|with| with.binds.push((path, "/dev/ttyS0"))).used(
        |system| {
            line.answer(system, "# ", "echo $((6 * 7)) $HOME $TERM\n");
            line.answer(system, "42 /root vt220", "");
        },
    );
}

/// As `openssl passwd -6` prints it.
const HASH: &str = "$6$frazil$upJSDF4AgB7oh4UMq2rJfZi.0H.iNwAvQ/XhHn8cmP9KtfdeUpRPjTPw97sACzebkXRvoNEz2ssV0T.AXt2RC/\n";
const PASSWORD: &str = "ice needles";

/// The hash of the password is in a file of the machine, and not in the image.
#[test]
fn getty_with_a_password() {
    let line = Line::new();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("root");
    let with = |path: String| {
        let module = "{ lib, ... }: {
            services.getty.ttyS0.options = lib.mkForce { };
            users.users.root.hashedPasswordFile = \"/run/secrets/root\";
        }";
        Example::of("getty").with(module).in_container(|with| {
            with.binds.push((path, "/dev/ttyS0"));
            with.binds.push((secret.display().to_string(), "/run/secrets/root"));
        })
    };
    fs::write(&secret, "no hash: at all\n").unwrap();
    with(line.path.clone()).refuses(
        126,
        "init: the password of root: /run/secrets/root: it holds no hash of a password",
    );
    fs::write(&secret, HASH).unwrap();
    with(line.path.clone()).used(|system| {
        line.answer(system, "login: ", "root\n");
        line.answer(system, "Password: ", "another\n");
        line.answer(system, "login: ", "root\n");
        line.answer(system, "Password: ", &format!("{PASSWORD}\n"));
        line.answer(system, "# ", "echo $((6 * 7)) $HOME\n");
        line.answer(system, "42 /root", "");
    });
}
