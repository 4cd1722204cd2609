//! A running system, asked from outside: who it is, and how to ask it.
//!
//! The question is asked by the program that every image has for asking, of which this binary holds
//! a copy, so that both understand the same words. It enters the root of the system first where it
//! may, since paths in there are those of somebody else.

#[cfg(test)]
mod tests;

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::MemfdFlags;
use serde_json::Value;

/// Where engines keep what they know of a container `ID`, and under which key its process is.
const STATES: &[(&str, &str)] = &[
    ("runc/ID/state.json", "init_process_pid"),
    ("crun/ID/status", "pid"),
    ("youki/ID/state.json", "pid"),
    ("docker/runtime-runc/moby/ID/state.json", "init_process_pid"),
];
/// Where a plan says that its socket is, unless it says otherwise.
const PLAN: &str = "etc/init.plan";

/// Why a system cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nothing of that name runs.
    #[error("no running system is called `{name}`")]
    NotFound {
        /// What was looked for.
        name: String,
    },
    /// Several do.
    #[error("several running systems are called `{name}`: the processes {pids}")]
    Ambiguous {
        /// What was looked for.
        name: String,
        /// Their first processes, with commas between.
        pids: String,
    },
    /// The process has no init of ours.
    #[error("process {pid} is not the init of a system of Frazil")]
    NoPlan {
        /// The process.
        pid: u32,
        /// Why its plan cannot be read.
        source: std::io::Error,
    },
    /// The client does not run.
    #[error("cannot run the client")]
    Client(#[source] std::io::Error),
}

impl ControlError {
    /// What can be done about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } => Some(
                "name it by its container, by the host name in its image, by the number of its \
                 first process, or by the path of its control socket",
            ),
            Self::Ambiguous { .. } => Some("name the number of one of these processes"),
            Self::NoPlan { .. } => Some(
                "systems with another init are asked by its own programs; those of other users, as \
                 root",
            ),
            Self::Client(_) => None,
        }
    }
}

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The socket at this path.
    Socket(PathBuf),
    /// The system with this first process.
    Process(u32),
}

/// Finds a running system: by the path of its socket, the number of its first process, the name of
/// its container, or the host name in its image. `run` is where engines keep states, usually /run.
pub fn find(name: &str, run: &[PathBuf], proc: &Path) -> Result<Target, ControlError> {
    if name.contains('/') {
        return Ok(Target::Socket(name.into()));
    }
    if let Ok(pid) = name.parse() {
        return Ok(Target::Process(pid));
    }
    let found = run.iter().find_map(|run| container(run, name));
    if let Some(pid) = found {
        return Ok(Target::Process(pid));
    }
    match named(name, proc).as_slice() {
        [pid] => Ok(Target::Process(*pid)),
        [] => Err(ControlError::NotFound { name: name.to_owned() }),
        pids => {
            let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
            Err(ControlError::Ambiguous { name: name.to_owned(), pids: pids.join(", ") })
        }
    }
}

/// The first process of a container, as its engine knows it.
fn container(run: &Path, name: &str) -> Option<u32> {
    STATES.iter().find_map(|(place, key)| {
        let text = std::fs::read(run.join(place.replace("ID", name))).ok()?;
        let state: Value = serde_json::from_slice(&text).ok()?;
        state.get(key)?.as_u64()?.try_into().ok()
    })
}

/// The first processes of namespaces whose image has this host name, in order.
fn named(name: &str, proc: &Path) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir(proc) else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_first = |pid: &u32| {
        let status = std::fs::read_to_string(proc.join(pid.to_string()).join("status"));
        status.unwrap_or_default().lines().any(|line| {
            let numbers = line.strip_prefix("NSpid:").unwrap_or_default();
            let numbers: Vec<&str> = numbers.split_whitespace().collect();
            numbers.len() > 1 && numbers.last() == Some(&"1")
        })
    };
    let is_called = |pid: &u32| {
        let root = proc.join(pid.to_string()).join("root");
        root.join(PLAN).exists()
            && std::fs::read_to_string(root.join("etc/hostname"))
                .is_ok_and(|text| text.trim() == name)
    };
    let mut found: Vec<u32> = pids.filter(is_first).filter(is_called).collect();
    found.sort_unstable();
    found
}

/// Asks a system; the exit status of the client.
pub fn ask(target: &Target, words: &[String]) -> Result<u8, ControlError> {
    let mut arguments = Vec::new();
    match target {
        Target::Socket(path) => {
            arguments.extend(["--socket".into(), path.clone().into_os_string()]);
        }
        Target::Process(pid) => {
            let root = PathBuf::from(format!("/proc/{pid}/root"));
            let no_plan = |source| ControlError::NoPlan { pid: *pid, source };
            let plan = std::fs::read(root.join(PLAN)).map_err(no_plan)?;
            let socket = socket(&plan)
                .ok_or_else(|| no_plan(std::io::Error::other("its plan is of another version")))?;
            // Only root may enter the root of others.
            if rustix::process::geteuid().is_root() {
                arguments.extend(["--root".into(), root.into_os_string()]);
                arguments.extend(["--socket".into(), socket.into()]);
            } else {
                let socket = root.join(socket.trim_start_matches('/'));
                arguments.extend(["--socket".into(), socket.into_os_string()]);
            }
        }
    }
    let client = rustix::fs::memfd_create("initctl", MemfdFlags::CLOEXEC)
        .map_err(|error| ControlError::Client(error.into()))?;
    let mut client = std::fs::File::from(client);
    client.write_all(frazil_init::PROGRAM).map_err(ControlError::Client)?;
    let path = format!("/proc/self/fd/{}", client.as_raw_fd());
    let mut command = Command::new(path);
    command.arg0("initctl").args(arguments).args(words);
    let status = command.status().map_err(ControlError::Client)?;
    Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)) as u8)
}

fn socket(plan: &[u8]) -> Option<String> {
    let plan = frazil_init::plan::read(plan).ok()?;
    plan.control().to_str().ok().map(str::to_owned)
}
