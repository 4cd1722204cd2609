//! The kernel that the init is booted with: Debian's for clouds, of the suite that images are made
//! of, from the mirror that this machine's apt uses.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite, and the package that depends on its current kernel.
const SUITE: &str = "trixie";
const PACKAGE: &str = "linux-image-cloud-amd64";
/// Who vouches for the suite.
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// What the test needs of it, in the order of their dependencies.
const MODULES: &[&str] = &[
    "net/core/failover",
    "drivers/net/net_failover",
    "drivers/net/virtio_net",
    "drivers/block/virtio_blk",
];

/// A kernel and its modules.
pub(crate) struct Kernel {
    pub(crate) image: PathBuf,
    pub(crate) modules: Vec<PathBuf>,
}

/// The kernel in a folder, fetched if it is not there yet.
pub(crate) fn fetch(folder: &Path) -> Result<Kernel, String> {
    let tree = folder.join("tree");
    if let Some(kernel) = find(&tree) {
        return Ok(kernel);
    }
    let failed = |error: io::Error| format!("cannot write {}: {error}", folder.display());
    for name in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(name)).map_err(failed)?;
    }
    let mirror = mirror()?;
    let list = format!("deb [signed-by={KEYS}] {mirror} {SUITE} main\n");
    fs::write(folder.join("sources.list"), list).map_err(failed)?;
    let apt = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        for (key, value) in
            [("Etc::sourcelist", "sources.list"), ("State::lists", "lists"), ("Cache", "cache")]
        {
            command.arg("-o").arg(format!("Dir::{key}={}", folder.join(value).display()));
        }
        command.args(["-o", "Dir::Etc::sourceparts=/dev/null", "-o", "APT::Sandbox::User=root"]);
        command.args(arguments).current_dir(folder);
        said(&mut command)
    };
    apt("apt-get", &["--quiet=2", "update"])?;
    let depends = apt("apt-cache", &["depends", PACKAGE])?;
    let package = depends
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: "))
        .ok_or_else(|| format!("{PACKAGE} depends on no kernel"))?;
    apt("apt-get", &["--quiet=2", "download", package])?;
    let archive = fs::read_dir(folder)
        .map_err(failed)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or("apt-get downloaded nothing")?;
    said(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(&tree))?;
    find(&tree).ok_or_else(|| format!("{package} has no kernel, or not all modules"))
}

/// The kernel and its modules in an unpacked package.
fn find(tree: &Path) -> Option<Kernel> {
    let only = |folder: PathBuf, start: &str| {
        let entries = fs::read_dir(folder).ok()?;
        entries.filter_map(|entry| Some(entry.ok()?.path())).find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
        })
    };
    let image = only(tree.join("boot"), "vmlinuz-")?;
    let modules = only(tree.join("usr/lib/modules"), "")?.join("kernel");
    let modules: Vec<PathBuf> =
        MODULES.iter().map(|name| modules.join(format!("{name}.ko.xz"))).collect();
    modules.iter().all(|path| path.is_file()).then_some(Kernel { image, modules })
}

/// Where this machine gets Debian's packages from.
fn mirror() -> Result<String, String> {
    let arguments = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"];
    let known = said(Command::new("apt-get").args(arguments).arg("Label: Debian"))?;
    known.lines().next().map(str::to_owned).ok_or_else(|| "apt knows no mirror of Debian".into())
}

/// What a command says; its complaint if it fails.
fn said(command: &mut Command) -> Result<String, String> {
    match command.output() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => {
            Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
        }
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
