//! A system that runs in namespaces, attached to the terminal of whoever started it.
//!
//! It has its own users ([`Users`]), processes, mounts and names, and the network of the machine or
//! one of its own, of which single ports can be reached from outside. It is for trying systems out,
//! not for keeping hostile ones in: a root inside keeps the capabilities that its namespace gives.
//!
//! Invariant: when [`run`] returns, no process of the container lives.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use super::child;
use super::error::{Ended, RunError, SandboxError};
use super::forward::{self, Connector, Forward};
use super::plan::{CStrings, DEVICES, Prepared, at, c_path, c_string};
use super::steps::{Step, TakeSeal};
use super::supervise::{self, Cancel};
use super::terminal::{self, Raw, Terminal};
use super::trace::{self, Traced};
use super::{Bind, Network};

pub use super::users::Users;

/// What a directory in memory holds at most.
const MEMORY_BYTES_MAX: u64 = 1 << 30;

/// What runs, and in what.
#[derive(Clone, Copy, Debug)]
pub struct Container<'c> {
    /// What becomes the root: a directory that is the container's own, with `dev` and `proc`.
    pub root: &'c Path,
    /// Whether the root can be written.
    pub is_writable: bool,
    /// Directories that are in memory, whatever the root has there.
    pub memory: &'c [MemoryDir],
    /// Files of the machine that are shown read-only; their places are there.
    pub binds: &'c [Bind],
    /// Who runs it.
    pub users: &'c Users,
    /// What in the root does not belong to root. Who can give files away has done so already.
    pub owned: &'c [Owned],
    /// Where it starts.
    pub directory: &'c Path,
    /// What its machine is called: 64 bytes at most.
    pub host_name: &'c [u8],
    /// The program, an absolute path, and its arguments.
    pub command: &'c [Vec<u8>],
    /// `NAME=value`.
    pub variables: &'c [Vec<u8>],
    /// Whether it sees the network of the machine.
    pub network: Network,
    /// Ports of a network of its own that can be reached from outside.
    pub forwards: &'c [Forward],
    /// Whether it gets a terminal of its own, connected with the one that we are started from.
    pub has_terminal: bool,
}

/// A directory in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryDir {
    /// Where: an absolute path that is there.
    pub path: PathBuf,
    /// Its permissions.
    pub mode: u32,
    /// Its owner, as the container has it.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// A file or directory of the root that does not belong to root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Where: an absolute path in the container.
    pub path: PathBuf,
    /// Its owner, as the container has it.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permissions; links have none.
    pub mode: Option<u32>,
}

/// Runs a container until it ends. `stop` asks it to end, with a signal; it is killed when `kill`
/// is raised, or `grace` after it was asked.
pub fn run(
    container: &Container<'_>,
    signal: i32,
    grace: Duration,
    stop: &Cancel,
    kill: &Cancel,
) -> Result<Ended, RunError> {
    let terminal =
        if container.has_terminal { Some(Terminal::open(container.users.owner())?) } else { None };
    let prepared = prepare(container, terminal.as_ref(), None)?;
    let stdio = terminal.as_ref().map(Terminal::stdio).transpose()?;
    let maps = container.users.maps();
    let mut child = child::start_attached(&prepared, container.network, &maps, stdio)?;
    let terminal = terminal.map(Terminal::into_ours);
    let connector = match container.forwards {
        [] => None,
        _ => Some(Connector::start(child.process())?),
    };
    let raw = terminal.is_some().then(Raw::enter).transpose()?;
    let signal = Signal::from_named_raw(signal).unwrap_or(Signal::TERM);
    let (over, number) = (Cancel::new()?, child.number);
    let ended = std::thread::scope(|scope| {
        if let Some(connector) = &connector {
            scope.spawn(|| forward::run(container.forwards, connector, &over));
        }
        if let Some(terminal) = &terminal {
            scope.spawn(|| terminal::relay(terminal, number, stop, kill, &over));
        }
        let ended = supervise::wait_attached(&mut child, signal, grace, stop, kill);
        // Those of its processes that are left die with it, and their connections with them.
        child.kill();
        over.cancel();
        ended
    });
    drop(raw);
    ended
}

/// As [`run`], but tells which paths its programs look up, and when they look for nothing for a
/// while. It reads no input, and what it writes goes to our standard error.
pub fn run_traced(
    container: &Container<'_>,
    (signal, grace): (i32, Duration),
    (stop, kill): (&Cancel, &Cancel),
    idle: Option<Duration>,
    on_traced: &mut (dyn FnMut(Traced) + Send),
) -> Result<Ended, RunError> {
    let (socket, handover) = trace::prepare()?;
    let prepared = prepare(container, None, Some(handover))?;
    let maps = container.users.maps();
    std::thread::scope(|scope| {
        // Beside us from the start: becoming the program is the first thing to be asked about.
        let watched = scope.spawn(move || trace::watch(socket, idle, on_traced));
        let started = child::start_aside(&prepared, container.network, &maps);
        // The child's end is its alone from now on, so that nobody waits for one that has died.
        drop(prepared);
        let signal = Signal::from_named_raw(signal).unwrap_or(Signal::TERM);
        let ended = supervise::wait_attached(&mut started?, signal, grace, stop, kill);
        let watched = watched.join().unwrap_or(Err(SandboxError::Died));
        let ended = ended?;
        watched?;
        Ok(ended)
    })
}

/// Removes all that is in the root of a container that has ended, as its root: who is not root of
/// the machine can remove neither what belongs to others nor what is in directories without
/// permission to write. The rest is for whoever made the root.
pub fn empty(root: &Path, users: &Users) -> Result<(), SandboxError> {
    if users.outside(0).is_some() {
        return Ok(());
    }
    let (uid, gid) = users.inside(0, 0);
    let steps = vec![
        Step::Enter { path: c_path(root)? },
        Step::Become { uid, gid, drop_groups: users.only().is_none() },
        Step::Empty,
        Step::End,
    ];
    let (args, variables) = (CStrings::new(Vec::new()), CStrings::new(Vec::new()));
    let prepared = Prepared { steps, slots: 0, program: CString::default(), args, variables };
    child::start_aside(&prepared, Network::Host, &users.maps()).map(drop)
}

fn prepare(
    container: &Container<'_>,
    terminal: Option<&Terminal>,
    last: Option<Step>,
) -> Result<Prepared, SandboxError> {
    for name in ["dev", "proc"] {
        let path = container.root.join(name);
        let found = at("find", &path, std::fs::symlink_metadata(&path))?;
        if !found.is_dir() {
            let source = std::io::ErrorKind::NotADirectory.into();
            return Err(SandboxError::File { action: "mount on", path, source });
        }
    }
    let users = container.users;
    // What is mounted belongs to root, or to the only user that there is.
    let first = users.inside(0, 0);
    let drop_groups = users.only().is_none();
    let mut steps = vec![Step::PrivateMounts];
    let devices = DEVICES.iter().map(|name| Bind {
        source: Path::new("/dev").join(name),
        target: Path::new("/dev").join(name),
    });
    let console =
        terminal.map(|own| Bind { source: own.path.clone(), target: "/dev/console".into() });
    let shown: Vec<(Bind, TakeSeal)> = devices
        .chain(console)
        .map(|bind| (bind, TakeSeal::Devices))
        .chain(container.binds.iter().map(|bind| (bind.clone(), TakeSeal::ReadOnly)))
        .collect();
    for (slot, (bind, seal)) in shown.iter().enumerate() {
        steps.push(Step::Take { slot, source: c_path(&bind.source)?, seal: *seal });
    }
    let root = c_path(container.root)?;
    steps.extend([
        Step::Bind { source: root.clone(), target: root.clone() },
        Step::Enter { path: root },
        Step::Become { uid: first.0, gid: first.1, drop_groups },
        Step::DieWithParent,
        // While the one of the machine can still be seen, which the kernel insists on.
        Step::Proc { target: c"proc".into() },
        Step::EnterRoot,
    ]);
    if users.give_inside() {
        steps.extend(container.owned.iter().map(own).collect::<Result<Vec<_>, _>>()?);
    }
    fill_dev(&mut steps, users)?;
    for (slot, (bind, seal)) in shown.iter().enumerate() {
        let target = c_path(&bind.target)?;
        if *seal == TakeSeal::Devices {
            steps.push(Step::File { path: target.clone(), contents: Vec::new(), mode: 0o644 });
        }
        steps.push(Step::Put { slot, target });
    }
    if terminal.is_some() && users.give_inside() {
        let path = "/dev/console".into();
        steps.push(own(&Owned { path, uid: users.uid, gid: users.gid, mode: Some(0o620) })?);
    }
    for directory in container.memory {
        steps.push(memory(directory, users)?);
    }
    if !container.is_writable {
        steps.push(Step::Seal { path: c"/".into() });
    }
    if container.network == Network::Private {
        steps.push(Step::Loopback);
    }
    let name = container.host_name.to_vec();
    steps.extend([Step::HostName { name }, Step::Enter { path: c_path(container.directory)? }]);
    if users.uid != 0 {
        steps.push(Step::BecomePowerless { uid: users.uid, gid: users.gid, drop_groups });
    }
    steps.push(Step::DieWithParent);
    steps.extend(last);
    steps.push(Step::CleanState);
    finish(container, steps, shown.len())
}

fn finish(
    container: &Container<'_>,
    steps: Vec<Step>,
    slots: usize,
) -> Result<Prepared, SandboxError> {
    let strings = |what, list: &[Vec<u8>]| -> Result<Vec<CString>, SandboxError> {
        list.iter().map(|text| c_string(what, text)).collect()
    };
    let program = container.command.first().map(Vec::as_slice).unwrap_or_default();
    Ok(Prepared {
        steps,
        slots,
        program: c_string("the program", program)?,
        args: CStrings::new(strings("an argument", container.command)?),
        variables: CStrings::new(strings("a variable", container.variables)?),
    })
}

/// What every program expects there.
fn fill_dev(steps: &mut Vec<Step>, users: &Users) -> Result<(), SandboxError> {
    let of_root = |path: &str, mode| MemoryDir { path: path.into(), mode, uid: 0, gid: 0 };
    steps.push(memory(&of_root("/dev", 0o755), users)?);
    for path in [c"/dev/shm", c"/dev/pts"] {
        steps.push(Step::Directory { path: path.into(), mode: 0o755 });
    }
    steps.push(memory(&of_root("/dev/shm", 0o1777), users)?);
    steps.push(Step::Terminals { target: c"/dev/pts".into() });
    for (path, target) in [
        (c"/dev/ptmx", c"pts/ptmx"),
        (c"/dev/fd", c"/proc/self/fd"),
        (c"/dev/stdin", c"/proc/self/fd/0"),
        (c"/dev/stdout", c"/proc/self/fd/1"),
        (c"/dev/stderr", c"/proc/self/fd/2"),
    ] {
        steps.push(Step::Link { path: path.into(), target: target.into() });
    }
    Ok(())
}

fn memory(directory: &MemoryDir, users: &Users) -> Result<Step, SandboxError> {
    let (uid, gid) = users.inside(directory.uid, directory.gid);
    let options = format!("mode={:o},uid={uid},gid={gid},size={MEMORY_BYTES_MAX}", directory.mode);
    let target = c_string("a path", directory.path.as_os_str().as_bytes())?;
    Ok(Step::Memory { target, options: c_string("a mount option", options.as_bytes())? })
}

fn own(owned: &Owned) -> Result<Step, SandboxError> {
    let Owned { ref path, uid, gid, mode } = *owned;
    Ok(Step::Own { path: c_path(path)?, uid, gid, mode })
}
