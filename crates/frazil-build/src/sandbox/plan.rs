//! From the description of a sandbox to the steps that make it.
//!
//! The parent also makes here what only it can make: the places in the store at which inputs are
//! mounted. Paths without a leading slash are below the new root. Invariant: the steps need no
//! thought; whatever has to be decided is decided here.

use std::collections::BTreeSet;
use std::ffi::{CString, c_char};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Component, Path, PathBuf};

use super::error::SandboxError;
use super::identity::{GID_INSIDE, Identity, UID_INSIDE};
use super::steps::{Step, TakeSeal};
use super::{Bind, BuildDir, Limits, Network, Sandbox, seccomp};
use crate::environment::BUILD_DIR;

/// What becomes the directory of the store, in the scratch directory.
pub(super) const STORE: &str = "store";
/// What becomes `/build`, in the scratch directory.
pub(super) const BUILD: &str = "build";
/// Where the new root is mounted, in the scratch directory.
const ROOT: &str = "root";
/// What the root holds itself are a few small files.
const ROOT_BYTES_MAX: u64 = 4 << 20;
/// What a machine is called that has no name.
pub(super) const LOCALHOST: &[u8] = b"localhost";
/// The devices of the machine that a builder may use.
pub(super) const DEVICES: &[&str] = &["full", "null", "random", "tty", "urandom", "zero"];
/// What a builder with the network of the machine needs to find others.
const NETWORK_FILES: &[&str] = &["/etc/hosts", "/etc/resolv.conf", "/etc/services"];

/// All that the child needs.
#[derive(Debug)]
pub(super) struct Prepared {
    /// What it does, in this order.
    pub(super) steps: Vec<Step>,
    /// How many trees are taken on the way.
    pub(super) slots: usize,
    /// The program that it then becomes.
    pub(super) program: CString,
    /// The program's arguments.
    pub(super) args: CStrings,
    /// The program's variables.
    pub(super) variables: CStrings,
}

/// Strings in the form `exec` takes. Invariant: the pointers are to the strings, then null.
#[derive(Debug)]
pub(super) struct CStrings {
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl CStrings {
    pub(super) fn new(strings: Vec<CString>) -> Self {
        // The heap blocks of the strings stay where they are when the vector moves.
        let ends = std::iter::once(std::ptr::null());
        let pointers = strings.iter().map(|string| string.as_ptr()).chain(ends).collect();
        Self { _strings: strings, pointers }
    }

    pub(super) fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

/// Makes the directories in the scratch directory, and the plan.
pub(super) fn prepare(sandbox: &Sandbox<'_>, identity: Identity) -> Result<Prepared, SandboxError> {
    make_places(sandbox, identity)?;
    let mut plan = Plan { steps: Vec::new(), inside: Vec::new(), slots: 0, made: BTreeSet::new() };
    plan.mount_store(sandbox)?;
    plan.mount_rest(sandbox)?;
    plan.make_files(sandbox)?;

    let root = c_path(&sandbox.scratch.join(ROOT))?;
    plan.steps.extend([
        memory(root.clone(), 0o755, ROOT_BYTES_MAX)?,
        Step::Enter { path: root },
        Step::Become { uid: UID_INSIDE, gid: GID_INSIDE, drop_groups: identity.is_foreign },
        Step::DieWithParent,
    ]);
    plan.steps.append(&mut plan.inside);
    plan.finish(sandbox)?;

    let environment = sandbox.environment;
    let mut args = vec![c_string("the builder", &environment.builder)?];
    for arg in &environment.args {
        args.push(c_string("an argument of the builder", arg)?);
    }
    let variables = environment.variables.iter().map(|(name, value)| {
        c_string("a variable of the builder", &[name, b"=".as_slice(), value].concat())
    });
    Ok(Prepared {
        steps: plan.steps,
        slots: plan.slots,
        program: c_string("the builder", &environment.builder)?,
        args: CStrings::new(args),
        variables: CStrings::new(variables.collect::<Result<_, _>>()?),
    })
}

/// What the parent makes: files it owns, at which the child can mount.
fn make_places(sandbox: &Sandbox<'_>, identity: Identity) -> Result<(), SandboxError> {
    let scratch = sandbox.scratch;
    at("restrict", scratch, fs::set_permissions(scratch, fs::Permissions::from_mode(0o700)))?;
    for (name, mode, is_given) in [(STORE, 0o755, true), (BUILD, 0o700, true), (ROOT, 0o755, false)]
    {
        let path = scratch.join(name);
        at("make the directory", &path, fs::DirBuilder::new().mode(mode).create(&path))?;
        if is_given && identity.is_foreign {
            at("give away", &path, chown(&path, Some(identity.uid), Some(identity.gid)))?;
        }
    }
    for (path, place) in sandbox.inputs {
        let target = scratch.join(STORE).join(path.as_str());
        let metadata = at("examine", place, fs::symlink_metadata(place))?;
        let made = if metadata.is_symlink() {
            symlink(at("read the link", place, fs::read_link(place))?, &target)
        } else if metadata.is_dir() {
            fs::create_dir(&target)
        } else {
            fs::File::create_new(&target).map(drop)
        };
        at("make a place for an input at", &target, made)?;
    }
    Ok(())
}

struct Plan {
    /// What is done while the tree of the machine is still visible.
    steps: Vec<Step>,
    /// What is done as the user of the sandbox, in the new root.
    inside: Vec<Step>,
    slots: usize,
    /// The directories that exist in the new root.
    made: BTreeSet<PathBuf>,
}

impl Plan {
    fn mount_store(&mut self, sandbox: &Sandbox<'_>) -> Result<(), SandboxError> {
        let store = sandbox.scratch.join(STORE);
        let path = c_path(&store)?;
        self.steps.push(Step::PrivateMounts);
        self.steps.push(Step::Bind { source: path.clone(), target: path.clone() });
        for (input, place) in sandbox.inputs {
            if !place.is_symlink() {
                let target = c_path(&store.join(input.as_str()))?;
                self.steps.push(Step::Bind { source: c_path(place)?, target });
            }
        }
        self.steps.push(Step::SealBelow { path });
        self.mount(&store, sandbox.store.as_str().as_ref(), TakeSeal::Unchanged)
    }

    fn mount_rest(&mut self, sandbox: &Sandbox<'_>) -> Result<(), SandboxError> {
        match sandbox.build_dir {
            BuildDir::Disk => {
                let place = sandbox.scratch.join(BUILD);
                self.mount(&place, BUILD_DIR.as_ref(), TakeSeal::Unchanged)?;
            }
            BuildDir::Memory { bytes_max } => self.mount_memory(BUILD, 0o700, bytes_max)?,
        }
        for device in DEVICES {
            let path = Path::new("/dev").join(device);
            self.mount(&path, &path, TakeSeal::Devices)?;
        }
        let bytes_max = sandbox.limits.memory_dir_bytes_max;
        self.mount_memory("tmp", 0o1777, bytes_max)?;
        self.mount_memory("dev/shm", 0o1777, bytes_max)?;
        self.directory(Path::new("proc"))?;
        self.inside.push(Step::Proc { target: c"proc".into() });
        self.directory(Path::new("dev/pts"))?;
        self.inside.push(Step::Terminals { target: c"dev/pts".into() });
        for Bind { source, target } in sandbox.binds {
            let source = at("find", source, fs::canonicalize(source))?;
            self.mount(&source, target, TakeSeal::ReadOnly)?;
        }
        Ok(())
    }

    fn make_files(&mut self, sandbox: &Sandbox<'_>) -> Result<(), SandboxError> {
        for (path, target) in [
            (c"dev/ptmx", c"pts/ptmx"),
            (c"dev/fd", c"/proc/self/fd"),
            (c"dev/stdin", c"/proc/self/fd/0"),
            (c"dev/stdout", c"/proc/self/fd/1"),
            (c"dev/stderr", c"/proc/self/fd/2"),
        ] {
            self.inside.push(Step::Link { path: path.into(), target: target.into() });
        }
        self.directory(Path::new("etc"))?;
        let passwd = format!(
            "root:x:0:0:Nix build user:{BUILD_DIR}:/noshell\n\
             nixbld:x:{UID_INSIDE}:{GID_INSIDE}:Nix build user:{BUILD_DIR}:/noshell\n\
             nobody:x:65534:65534:Nobody:/:/noshell\n"
        );
        self.file(c"etc/passwd".into(), passwd.as_bytes());
        let group = format!("root:x:0:\nnixbld:!:{GID_INSIDE}:\nnogroup:x:65534:\n");
        self.file(c"etc/group".into(), group.as_bytes());
        match sandbox.network {
            Network::Private => {
                self.file(c"etc/hosts".into(), b"127.0.0.1 localhost\n::1 localhost\n");
            }
            Network::Host => {
                self.file(c"etc/nsswitch.conf".into(), b"hosts: files dns\nservices: files\n");
                for path in NETWORK_FILES.iter().map(Path::new).filter(|path| path.exists()) {
                    let source = at("find", path, fs::canonicalize(path))?;
                    self.mount(&source, path, TakeSeal::ReadOnly)?;
                }
            }
        }
        Ok(())
    }

    /// The steps from the finished tree to the program.
    fn finish(&mut self, sandbox: &Sandbox<'_>) -> Result<(), SandboxError> {
        self.steps.push(Step::EnterRoot);
        self.steps.push(Step::Seal { path: c"/".into() });
        if sandbox.network == Network::Private {
            self.steps.push(Step::Loopback);
        }
        let Limits { processes_max, disk_bytes_max, .. } = sandbox.limits;
        self.steps.extend([
            Step::HostName { name: LOCALHOST.to_vec() },
            Step::Personality { linux32: is_linux32(sandbox.system) },
            Step::ResourceLimits { processes_max, file_bytes_max: disk_bytes_max },
            Step::DropCapabilities,
            Step::Enter { path: c_path(Path::new(BUILD_DIR))? },
        ]);
        for (name, contents) in &sandbox.environment.files {
            let path = c_string("the name of a file", name)?;
            self.steps.push(Step::File { path, contents: contents.clone(), mode: 0o644 });
        }
        self.steps.push(Step::Filter { program: seccomp::program() });
        self.steps.push(Step::CleanState);
        Ok(())
    }

    /// Shows the file or directory `source` of the machine at the absolute path `target`.
    fn mount(&mut self, source: &Path, target: &Path, seal: TakeSeal) -> Result<(), SandboxError> {
        let target = below_root(target)?;
        if at("examine", source, fs::metadata(source))?.is_dir() {
            self.directory(&target)?;
        } else {
            self.directory(target.parent().unwrap_or(Path::new("")))?;
            self.file(c_path(&target)?, b"");
        }
        self.steps.push(Step::Take { slot: self.slots, source: c_path(source)?, seal });
        self.inside.push(Step::Put { slot: self.slots, target: c_path(&target)? });
        self.slots += 1;
        Ok(())
    }

    fn mount_memory(&mut self, path: &str, mode: u32, bytes_max: u64) -> Result<(), SandboxError> {
        self.directory(Path::new(path))?;
        self.inside.push(memory(c_path(Path::new(path))?, mode, bytes_max)?);
        Ok(())
    }

    /// Makes the directory and those above it, unless they are there.
    fn directory(&mut self, path: &Path) -> Result<(), SandboxError> {
        let mut above = PathBuf::new();
        for part in path {
            above.push(part);
            if self.made.insert(above.clone()) {
                self.inside.push(Step::Directory { path: c_path(&above)?, mode: 0o755 });
            }
        }
        Ok(())
    }

    fn file(&mut self, path: CString, contents: &[u8]) {
        self.inside.push(Step::File { path, contents: contents.to_vec(), mode: 0o444 });
    }
}

/// A directory in memory that belongs to the user of the sandbox.
fn memory(target: CString, mode: u32, bytes_max: u64) -> Result<Step, SandboxError> {
    let options = format!("mode={mode:o},uid={UID_INSIDE},gid={GID_INSIDE},size={bytes_max}");
    Ok(Step::Memory { target, options: c_string("a mount option", options.as_bytes())? })
}

/// The absolute path `target` as a path below the new root.
fn below_root(target: &Path) -> Result<PathBuf, SandboxError> {
    let refused = || SandboxError::BindTarget { target: target.into() };
    let mut parts = target.components();
    if parts.next() != Some(Component::RootDir) {
        return Err(refused());
    }
    let rest = parts.as_path();
    let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    if is_plain && !rest.as_os_str().is_empty() { Ok(rest.into()) } else { Err(refused()) }
}

fn is_linux32(system: &[u8]) -> bool {
    let always = [&b"armv7l-linux"[..], b"armv6l-linux", b"armv5tel-linux"];
    always.contains(&system) || (system == b"i686-linux" && cfg!(target_arch = "x86_64"))
}

pub(super) fn c_path(path: &Path) -> Result<CString, SandboxError> {
    c_string("a path", path.as_os_str().as_bytes())
}

pub(super) fn c_string(what: &'static str, bytes: &[u8]) -> Result<CString, SandboxError> {
    CString::new(bytes).map_err(|_| SandboxError::Nul { what })
}

pub(super) fn at<T>(
    action: &'static str,
    path: &Path,
    result: std::io::Result<T>,
) -> Result<T, SandboxError> {
    result.map_err(|source| SandboxError::File { action, path: path.into(), source })
}
