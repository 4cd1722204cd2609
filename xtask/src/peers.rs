//! The real programs that tests compare us with, and how a Debian machine gets them.
//!
//! A test whose peer is missing is skipped, and says so. So what is not installed here costs
//! coverage and never a failure; continuous integration has them all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::kernel::{self, Kernel};

/// A program and the Debian package that brings it.
struct Peer {
    program: &'static str,
    package: &'static str,
}

const PEERS: &[Peer] = &[
    Peer { program: "nix-store", package: "nix-bin" },
    Peer { program: "busybox", package: "busybox-static" },
    Peer { program: "gpg", package: "gnupg" },
    Peer { program: "runc", package: "runc" },
    Peer { program: "ssh", package: "openssh-client" },
    Peer { program: "xz", package: "xz-utils" },
    // Inits, and what they are run in.
    Peer { program: "runsvdir", package: "runit" },
    Peer { program: "s6-svscan", package: "s6" },
    Peer { program: "dumb-init", package: "dumb-init" },
    Peer { program: "tini", package: "tini" },
    Peer { program: "catatonit", package: "catatonit" },
    Peer { program: "runc", package: "runc" },
    Peer { program: "umoci", package: "umoci" },
    Peer { program: "strace", package: "strace" },
    Peer { program: "qemu-system-x86_64", package: "qemu-system-x86" },
    Peer { program: "mkfs.ext4", package: "e2fsprogs" },
];

/// Where the tests of the store look for real Nix.
const NIX_VARIABLE: &str = "FRAZIL_ORACLE_NIX";
/// Where the tests of the init look for a kernel, and modules in an order to load them in.
const KERNEL_VARIABLE: &str = "FRAZIL_INIT_KERNEL";
const MODULES_VARIABLE: &str = "FRAZIL_INIT_MODULES";

/// Installs the peers that are missing, where that is possible: as root, with apt.
pub(crate) fn install(err: &mut impl Write) -> io::Result<()> {
    let missing: Vec<&Peer> = PEERS.iter().filter(|peer| find(peer.program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|peer| peer.package).collect();
    writeln!(err, "installing {}", packages.join(" "))?;
    if let Err(why) = apt_get(&packages) {
        let programs: Vec<&str> = missing.iter().map(|peer| peer.program).collect();
        writeln!(err, "{why}; tests that need {} are skipped", programs.join(", "))?;
    }
    Ok(())
}

/// Runs all tests, with what was found of the peers.
pub(crate) fn test(repository: &Path, err: &mut impl Write) -> io::Result<ExitStatus> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--workspace", "--locked"]).current_dir(repository);
    let nix = find("nix-store");
    if let Some(folder) = nix.as_deref().and_then(Path::parent)
        && std::env::var_os(NIX_VARIABLE).is_none()
    {
        cargo.env(NIX_VARIABLE, folder);
    }
    // Slow, but not too slow for once.
    for (variable, value) in [("FRAZIL_INIT_INJECT", "1"), ("FRAZIL_INIT_KILLS", "1000")] {
        if std::env::var_os(variable).is_none() {
            cargo.env(variable, value);
        }
    }
    if find("qemu-system-x86_64").is_some() && std::env::var_os(KERNEL_VARIABLE).is_none() {
        match kernel::fetch(&repository.join("target/peers/kernel")) {
            Ok(Kernel { image, modules }) => {
                cargo.env(KERNEL_VARIABLE, image);
                cargo.env(MODULES_VARIABLE, std::env::join_paths(modules).unwrap_or_default());
            }
            Err(why) => writeln!(err, "{why}; tests that boot a kernel are skipped")?,
        }
    }
    cargo.status()
}

/// Where a program stands that can be called by its name.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn apt_get(packages: &[&str]) -> Result<(), String> {
    // The lists of a fresh machine may be empty or out of date.
    run_apt_get(&["update"])?;
    let install = ["install", "--yes", "--no-install-recommends"];
    run_apt_get(&[&install[..], packages].concat())
}

fn run_apt_get(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    command.arg("--quiet=2").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`apt-get {}`: {status}", arguments.join(" "))),
        Err(error) => Err(format!("cannot run apt-get: {error}")),
    }
}
