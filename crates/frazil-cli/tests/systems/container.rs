//! A root as a container of runc, with what engines give by default: few capabilities, and a
//! network that holds nothing but itself.

use std::fs;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};

use crate::example::{Root, complete};

/// How long anything may take before a test has failed. Generous: machines are shared.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at what is waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// What Docker and Podman leave to a container.
const CAPABILITIES: &[&str] = &[
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// What a user tells an engine.
#[derive(Default)]
pub(crate) struct Setting {
    /// Nothing can be written but what is mounted.
    pub(crate) read_only: bool,
    /// Variables for PID 1.
    pub(crate) environment: Vec<(&'static str, &'static str)>,
    /// Files that are mounted: where they are, and where they are in the container.
    pub(crate) binds: Vec<(String, &'static str)>,
    /// Capabilities besides those that engines give.
    pub(crate) capabilities: &'static [&'static str],
    /// Whether PID 1 reads what the client says, and ends when nothing more will come.
    pub(crate) is_interactive: bool,
}

/// A running system.
pub(crate) struct Container {
    name: String,
    root: Root,
    /// runc, which lives as long as PID 1 and ends as it does.
    runc: Option<Child>,
    /// PID 1, as this process sees it.
    pid: u32,
}

/// Whether containers can be had; says so if not.
pub(crate) fn can_run() -> bool {
    let has_runc = Command::new("runc").arg("--version").output().is_ok();
    let can = has_runc && rustix::process::getuid().is_root();
    if !can {
        println!("skipped: no runc, or not root");
    }
    can
}

/// Asks until there is an answer; `ask` says what is still missing.
fn wait_for<T>(mut ask: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(missing) => assert!(Instant::now() < deadline, "waited in vain: {missing}"),
        }
        thread::sleep(PAUSE);
    }
}

impl Container {
    pub(crate) fn start(name: &str, root: Root, setting: &Setting) -> Self {
        let folder = root.folder.path();
        fs::write(folder.join("config.json"), config(&root.image, setting).to_string()).unwrap();
        let name = format!("{name}-{}", folder.file_name().unwrap().to_str().unwrap());
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut runc = Command::new("runc");
        runc.arg("--root").arg(folder.join("state")).args(["run", "--pid-file", "pid"]).arg(&name);
        runc.current_dir(folder);
        runc.stdin(if setting.is_interactive { Stdio::piped() } else { Stdio::null() });
        let child = runc.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();

        let mut container = Self { name, root, runc: Some(child), pid: 0 };
        let file = container.folder().join("pid");
        container.pid = wait_for(|| {
            // The system may be at its end already.
            let ended = container.runc.as_mut().unwrap().try_wait().unwrap();
            let pid = fs::read_to_string(&file).unwrap_or_default().parse();
            assert!(pid.is_ok() || ended.is_none(), "runc: {ended:?}\n{}", container.log());
            pid.map_err(|_| "runc has no container".to_owned())
        });
        container
    }

    fn folder(&self) -> PathBuf {
        self.root.folder.path().to_owned()
    }

    fn runc(&self) -> Command {
        let mut runc = Command::new("runc");
        runc.arg("--root").arg(self.folder().join("state"));
        runc
    }

    /// What the system has said so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.folder().join("log")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Says something to PID 1, which reads it.
    pub(crate) fn say(&self, text: &str) {
        let mut input = self.runc.as_ref().unwrap().stdin.as_ref().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    }

    /// Where a file of the running system is for this process, what is mounted there included.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.pid))
    }

    /// Asks until there is an answer or the system has ended; `ask` says what is still missing.
    pub(crate) fn wait_for<T>(&self, mut ask: impl FnMut() -> Result<T, String>) -> T {
        wait_for(|| {
            let answer = ask();
            if let Err(missing) = &answer {
                assert!(self.is_alive(), "the system ended: {missing}");
            }
            answer
        })
    }

    pub(crate) fn wait_for_log(&self, text: &str) {
        self.wait_for(|| {
            let is_there = self.log().contains(text);
            is_there.then_some(()).ok_or_else(|| format!("no `{text}` in the log"))
        });
    }

    fn is_alive(&self) -> bool {
        fs::read_link(format!("/proc/{}/ns/net", self.pid)).is_ok()
    }

    /// The line of a user in `/etc/passwd`.
    fn account(&self, user: &str) -> Vec<String> {
        let accounts = fs::read_to_string(self.folder().join("rootfs/etc/passwd")).unwrap();
        let mut lines = accounts.lines();
        let line = lines.find(|line| line.split(':').next() == Some(user)).unwrap();
        line.split(':').map(str::to_owned).collect()
    }

    /// The number of a user.
    pub(crate) fn uid(&self, user: &str) -> u32 {
        self.account(user)[2].parse().unwrap()
    }

    /// Runs a command in the container as a user of it: what it printed, or what it complained of.
    pub(crate) fn run_as(&self, user: &str, command: &[&str]) -> Result<String, String> {
        let account = self.account(user);
        let mut runc = self.runc();
        runc.args(["exec", "--user", &format!("{}:{}", account[2], account[3]), &self.name]);
        let output = runc.args(command).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{command:?}: {}", text(&output.stderr)))
        }
    }

    /// Runs a command in the container as root.
    pub(crate) fn run(&self, command: &[&str]) -> Result<String, String> {
        self.run_as("root", command)
    }

    /// Calls `client` on a thread in the container's network. What it starts is there, too.
    pub(crate) fn in_its_network<T: Send>(&self, client: impl FnOnce() -> T + Send) -> T {
        let network = fs::File::open(format!("/proc/{}/ns/net", self.pid)).unwrap();
        thread::scope(|scope| {
            let visit = scope.spawn(|| {
                move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
                    .unwrap();
                client()
            });
            visit.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Asks the system to end, which must be well and in time.
    pub(crate) fn end(mut self) {
        if self.runc.as_mut().unwrap().stdin.take().is_none() {
            complete(self.runc().args(["kill", &self.name, "TERM"]));
        }
        drop(self.ends_with(0));
    }

    /// Waits until the system has ended, which must be with this status; what it has said.
    pub(crate) fn ends_with(mut self, code: i32) -> String {
        let mut runc = self.runc.take().unwrap();
        let status = wait_for(|| runc.try_wait().unwrap().ok_or("the end".to_owned()));
        let log = self.log();
        assert_eq!(status.code(), Some(code), "the end of {}:\n{log}", self.name);
        log
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("the log of {}:\n{}", self.name, self.log());
        }
        let Some(mut runc) = self.runc.take() else { return };
        drop(self.runc().args(["delete", "--force", &self.name]).output());
        drop(runc.wait());
    }
}

/// What runc is told: the root and what the image says, as an engine would pass it on.
fn config(image: &Value, setting: &Setting) -> Value {
    let mut ids = image["user"].as_str().unwrap_or("0:0").split(':').map(str::parse::<u32>);
    let mut id = || ids.next().unwrap().unwrap();
    let user = json!({"uid": id(), "gid": id()});
    let bounding = [CAPABILITIES, setting.capabilities].concat();
    let effective = if user["uid"] == 0 { &bounding[..] } else { &[] };
    let default = json!(["/usr/sbin/init"]);
    let entrypoint = image["entrypoint"].as_array().or(default.as_array()).unwrap();
    let args: Vec<&Value> = entrypoint.iter().chain(image["cmd"].as_array().unwrap()).collect();
    let mut environment = vec!["PATH=/usr/local/bin:/usr/sbin:/usr/bin".to_owned()];
    environment.extend(setting.environment.iter().map(|(name, value)| format!("{name}={value}")));
    let namespaces =
        ["pid", "network", "ipc", "uts", "mount", "cgroup"].map(|kind| json!({"type": kind}));
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false, "user": user, "args": args, "env": environment,
            "cwd": "/", "noNewPrivileges": false,
            "capabilities": {
                "bounding": bounding, "effective": effective, "permitted": effective,
            },
        },
        "root": {"path": "rootfs", "readonly": setting.read_only},
        "hostname": image["name"],
        "mounts": mounts(setting),
        "linux": {"namespaces": namespaces},
    })
}

fn mounts(setting: &Setting) -> Vec<Value> {
    let mount = |kind: &str, to: &str, options: &[&str]| json!({"destination": to, "type": kind, "source": kind, "options": options});
    let terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"];
    let mut mounts = vec![
        mount("proc", "/proc", &["nosuid", "noexec", "nodev"]),
        mount("tmpfs", "/dev", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        mount("devpts", "/dev/pts", &terminals),
        mount("tmpfs", "/dev/shm", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        mount("mqueue", "/dev/mqueue", &["nosuid", "noexec", "nodev"]),
        mount("sysfs", "/sys", &["nosuid", "noexec", "nodev", "ro"]),
    ];
    let binds = setting.binds.iter().map(|(source, to)| {
        json!({"destination": to, "type": "bind", "source": source, "options": ["bind"]})
    });
    mounts.extend(binds);
    mounts
}
