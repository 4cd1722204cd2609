//! `frazil run`: a linked system, started in namespaces of its own.
//!
//! The root is a copy, since modes and owners are those of the system and not those of the store.

mod root;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use frazil_build::sandbox::container::{self, Container, MemoryDir};
use frazil_build::sandbox::{Bind, RunError, SandboxError};
use frazil_store::fs::IoError;
use frazil_tree::{LeafKind, Node, Source, Tree, TreePath};

pub use frazil_build::sandbox::container::Users;
pub use frazil_build::sandbox::{Cancel, Ended, Forward, Network};

use crate::image::System;

/// What every program may write to, whoever it is.
const TEMPORARY: [&str; 2] = ["tmp", "run"];
/// How the machine finds others, which a container on its network has to know.
const NETWORK_FILES: [&str; 2] = [RESOLVER, "etc/hosts"];
const RESOLVER: &str = "etc/resolv.conf";
/// What the init is told.
const PLAN: &str = "etc/init.plan";
/// A user that is nobody in particular stands for one that the system does not know.
const NOBODY: u32 = 65_534;

/// How to run a system.
#[derive(Debug)]
pub struct RunPlan {
    /// Who its users are on the machine.
    pub users: Users,
    /// The program and its arguments, instead of what the system starts with.
    pub command: Vec<String>,
    /// Whether the root can be written.
    pub is_writable: bool,
    /// An empty directory, which the caller removes afterwards.
    pub scratch: PathBuf,
    /// The terminal that variables tell of.
    pub terminal: Option<String>,
    /// How long the system may take to end.
    pub grace: Duration,
    /// Whether it sees the network of the machine.
    pub network: Network,
    /// Ports of a network of its own that can be reached from outside.
    pub forwards: Vec<Forward>,
    /// Whether it gets a terminal of its own, connected with the one that we are started from.
    pub has_terminal: bool,
}

/// Why a system does not run.
#[derive(Debug, thiserror::Error)]
pub enum SystemRunError {
    /// The root could not be made.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A user that the system does not have.
    #[error("the system has no user or group `{name}`")]
    User {
        /// The name.
        name: String,
    },
    /// A program that the system does not have.
    #[error("the system has no program `{name}`")]
    Program {
        /// Its name.
        name: String,
    },
    /// What should run does not.
    #[error("the system cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// The container could not be made, or watched.
    #[error(transparent)]
    Run(RunError),
    /// There are no users for it.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

impl SystemRunError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::Sandbox(source) | Self::Run(RunError::Sandbox(source)) => source.help(),
            Self::Program { .. } | Self::Start { .. } if self.is_missing() => {
                Some("the linker keeps what services reach: see `link.bins`")
            }
            Self::User { .. } | Self::Program { .. } | Self::Start { .. } | Self::Run(_) => None,
        }
    }

    /// Whether the program that should run is not there.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Program { .. } => true,
            Self::Start { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            Self::Io(_) | Self::User { .. } | Self::Run(_) | Self::Sandbox(_) => false,
        }
    }
}

impl From<RunError> for SystemRunError {
    fn from(error: RunError) -> Self {
        if let RunError::Sandbox(SandboxError::Start { program, source }) = error {
            Self::Start { program, source }
        } else {
            Self::Run(error)
        }
    }
}

/// Runs a system until it ends. `stop` asks it to end as its image says, `kill` ends it.
pub fn run(
    system: &System,
    plan: &RunPlan,
    stop: &Cancel,
    kill: &Cancel,
) -> Result<Ended, SystemRunError> {
    in_container(system, plan, |container, signal| {
        container::run(container, signal, plan.grace, stop, kill)
    })
}

/// Who the users of a system are on the machine, as far as there are any for them.
pub fn users(system: &System) -> Result<Users, SystemRunError> {
    let config = system.presentation.run_config();
    let (uid, gid) = user(&system.tree, config.user.as_deref().unwrap_or("0"))?;
    Ok(Users::new(uid, gid)?)
}

/// The services, sorted by name, that run as users whom a container with these users does not have.
pub fn without_user(system: &System, users: &Users) -> Vec<String> {
    let plan = contents(&system.tree, PLAN).and_then(|plan| frazil_init::plan::read(plan).ok());
    let (Some(plan), Some(only)) = (plan, users.only()) else { return Vec::new() };
    let services = plan.services().filter(|service| service.uid().is_some_and(|uid| uid != only));
    services.map(|service| service.name().to_string_lossy().into_owned()).collect()
}

/// Makes the container of a system, and hands it over with the signal that ends it.
pub(crate) fn in_container(
    system: &System,
    plan: &RunPlan,
    run: impl FnOnce(&Container<'_>, i32) -> Result<Ended, RunError>,
) -> Result<Ended, SystemRunError> {
    let config = system.presentation.run_config();
    let users = &plan.users;
    let root = plan.scratch.join("root");
    root::copy(system, users, &root)?;
    let memory = memory(system, users.user());
    let binds = network_files(&root, users, plan)?;
    for path in memory.iter().map(|directory| directory.path.as_path()) {
        root::make_directory(&root.join(path.strip_prefix("/").unwrap_or(path)))?;
    }
    for name in ["dev", "proc"] {
        root::make_directory(&root.join(name))?;
    }
    let command =
        if plan.command.is_empty() { system.presentation.command() } else { plan.command.clone() };
    let command = with_whole_path(&system.tree, command, &config.env)?;
    let mut variables: Vec<Vec<u8>> = config.env.iter().map(|text| text.clone().into()).collect();
    variables.extend(plan.terminal.iter().map(|term| format!("TERM={term}").into_bytes()));
    let container = Container {
        root: &root,
        is_writable: plan.is_writable,
        memory: &memory,
        binds: &binds,
        users,
        owned: &root::owned(&system.tree),
        host_name: host_name(&system.tree),
        directory: Path::new(config.working_dir.as_deref().unwrap_or("/")),
        command: &command,
        variables: &variables,
        network: plan.network,
        forwards: &plan.forwards,
        has_terminal: plan.has_terminal,
    };
    let signal = signal(config.stop_signal.as_deref().unwrap_or("SIGTERM"));
    let ended = run(&container, signal);
    container::empty(&root, users)?;
    Ok(ended?)
}

/// Directories that can be written in a read-only root: those for what is gone afterwards, and
/// those that hold state.
fn memory(system: &System, (uid, gid): (u32, u32)) -> Vec<MemoryDir> {
    let temporary = TEMPORARY.iter().map(|name| MemoryDir {
        path: Path::new("/").join(name),
        mode: 0o1777,
        uid: 0,
        gid: 0,
    });
    let volumes = system.presentation.volumes.iter().map(|volume| {
        let path = TreePath::parse(volume.trim_matches('/').as_bytes()).ok();
        let declared = path.as_ref().and_then(|path| system.tree.get(path));
        let (mode, uid, gid) = match declared {
            Some(Node::Directory(directory)) => {
                let metadata = &directory.metadata;
                (u32::from(metadata.mode.bits()), metadata.uid, metadata.gid)
            }
            Some(Node::Leaf(..)) | None => (0o755, uid, gid),
        };
        MemoryDir { path: Path::new("/").join(volume.trim_matches('/')), mode, uid, gid }
    });
    temporary.chain(volumes).collect()
}

/// Shows the machine's files about the network, where the system has them as plain files or not.
fn network_files(root: &Path, users: &Users, plan: &RunPlan) -> Result<Vec<Bind>, SystemRunError> {
    let mut binds = Vec::new();
    // In a network of its own there is nobody to be asked for names.
    let is_shared = plan.network == Network::Host;
    for name in NETWORK_FILES.into_iter().filter(|name| is_shared || *name != RESOLVER) {
        let (source, target) = (Path::new("/").join(name), root.join(name));
        let Ok(text) = std::fs::read(&source) else { continue };
        if target.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            continue;
        }
        // A copy: the machine's own may be replaced while the system runs.
        let copy = plan.scratch.join(source.file_name().unwrap_or_default());
        root::write_file(&copy, &text, 0o644, users)?;
        if !target.exists() {
            root::make_directory(&root.join("etc"))?;
            root::write_file(&target, b"", 0o644, users)?;
        }
        binds.push(Bind { source: copy, target: source });
    }
    Ok(binds)
}

/// `UID`, `NAME`, and either with a group behind a colon.
fn user(tree: &Tree, text: &str) -> Result<(u32, u32), SystemRunError> {
    let (user, group) = text.split_once(':').unwrap_or((text, ""));
    let unknown = |name: &str| SystemRunError::User { name: name.to_owned() };
    let entry = |file: &str, name: &str| -> Option<Vec<String>> {
        let text = String::from_utf8_lossy(contents(tree, file)?);
        let mut entries = text.lines().map(|line| line.split(':').map(str::to_owned).collect());
        entries.find(|fields: &Vec<String>| {
            let is_it = |at: usize| fields.get(at).is_some_and(|field| field == name);
            is_it(0) || is_it(2)
        })
    };
    let number = |fields: &Vec<String>, at: usize| fields.get(at)?.parse::<u32>().ok();
    let found = entry("etc/passwd", user);
    let uid = found.as_ref().and_then(|fields| number(fields, 2)).or_else(|| user.parse().ok());
    let uid = uid.ok_or_else(|| unknown(user))?;
    if group.is_empty() {
        let own = found.as_ref().and_then(|fields| number(fields, 3));
        return Ok((uid, own.unwrap_or(if uid == 0 { 0 } else { NOBODY })));
    }
    let gid = entry("etc/group", group).and_then(|fields| number(&fields, 2));
    let gid = gid.or_else(|| group.parse().ok()).ok_or_else(|| unknown(group))?;
    Ok((uid, gid))
}

/// The contents of a generated file.
fn contents<'t>(tree: &'t Tree, path: &str) -> Option<&'t [u8]> {
    let path = TreePath::parse(path.as_bytes()).ok()?;
    let Node::Leaf(_, leaf) = tree.get(&path)? else { return None };
    match &leaf.kind {
        LeafKind::File(file) => match file.source() {
            Source::Inline(bytes) => Some(bytes),
            Source::Unit(_) => None,
        },
        LeafKind::Symlink(_) | LeafKind::Device { .. } | LeafKind::Fifo => None,
    }
}

/// What the machine of a system is called.
fn host_name(tree: &Tree) -> &[u8] {
    let name = contents(tree, "etc/hostname").unwrap_or_default().trim_ascii();
    // The kernel takes no longer ones.
    if (1..=64).contains(&name.len()) { name } else { b"localhost" }
}

/// The command with its program as a path, looked up as a shell would.
fn with_whole_path(
    tree: &Tree,
    command: Vec<String>,
    variables: &[String],
) -> Result<Vec<Vec<u8>>, SystemRunError> {
    let name = command.first().cloned().unwrap_or_default();
    let program = if name.contains('/') {
        name
    } else {
        let path = variables.iter().find_map(|variable| variable.strip_prefix("PATH="));
        let places = path.unwrap_or_default().split(':').map(|place| format!("{place}/{name}"));
        let is_there = |place: &String| {
            let path = TreePath::parse(place.trim_start_matches('/').as_bytes());
            path.is_ok_and(|path| tree.get(&path).is_some())
        };
        places.into_iter().find(is_there).ok_or(SystemRunError::Program { name })?
    };
    let arguments = command.into_iter().skip(1).map(String::into_bytes);
    Ok([program.into_bytes()].into_iter().chain(arguments).collect())
}

/// The number of a signal; that of SIGTERM for one that nobody knows.
fn signal(name: &str) -> i32 {
    let number = frazil_init::names::signal(name.as_bytes());
    number.and_then(|number| number.try_into().ok()).unwrap_or(15)
}
