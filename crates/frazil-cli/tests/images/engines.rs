//! Containers in `runc` and `podman`, without the limits that need a privilege of the machine, and with a
//! network that nobody else is on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::world::{World, program, run};

/// For what takes a moment on a machine that has nothing else to do.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks at something that is about to change.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer.
#[track_caller]
pub(super) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "waited in vain for {what}");
        thread::sleep(PAUSE);
    }
}

/// The page that a container serves, once it does.
#[track_caller]
pub(super) fn page(process: u32, port: u16) -> String {
    let network = format!("--net=/proc/{process}/ns/net");
    let url = format!("http://127.0.0.1:{port}/");
    wait_for("a page", || {
        let mut command = program("nsenter");
        command.arg(&network).args(["busybox", "wget", "-q", "-O", "-", &url]);
        let output = command.output().expect("started");
        output.status.success().then(|| String::from_utf8(output.stdout).expect("text"))
    })
}

/// The value of a line of `/proc/PROCESS/status`.
pub(super) fn status(process: u32, key: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.expect("a line of that name").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `umoci` makes of an image: a root, and how to run it.
pub(super) struct Bundle {
    directory: TempDir,
}

impl Bundle {
    pub(super) fn unpack(world: &World, layout: &Path) -> Self {
        let directory = world.scratch();
        let image = format!("{}:latest", layout.display());
        let bundle = directory.path().join("bundle");
        run(program("umoci").args(["unpack", "--image", &image]).arg(&bundle));
        let bundle = Self { directory };
        bundle.change(|config| {
            config["process"]["terminal"] = json!(false);
            config["process"].as_object_mut().expect("a set").remove("rlimits");
        });
        bundle
    }

    /// Makes the root one that nobody can write to.
    pub(super) fn read_only(self) -> Self {
        self.change(|config| config["root"]["readonly"] = json!(true));
        self
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("bundle")
    }

    /// Changes how the container is run.
    pub(super) fn change(&self, change: impl FnOnce(&mut Value)) {
        let file = self.path().join("config.json");
        let mut config = serde_json::from_slice(&fs::read(&file).expect("read")).expect("JSON");
        change(&mut config);
        fs::write(&file, config.to_string()).expect("written");
    }

    fn runc(&self) -> Command {
        let mut command = program("runc");
        command.arg("--root").arg(self.directory.path().join("state"));
        command
    }

    /// Runs this command in place of what the image starts; what it prints.
    pub(super) fn output(&self, command: &[&str]) -> String {
        self.change(|config| {
            let arguments = config["process"]["args"].as_array().expect("a list");
            // The init runs a command, too; what follows it is what the image adds itself.
            let init = arguments.iter().take_while(|word| **word != "--").cloned();
            let command = command.iter().map(|word| json!(word));
            let arguments: Vec<Value> = init.chain([json!("--")]).chain(command).collect();
            config["process"]["args"] = json!(arguments);
        });
        run(self.runc().arg("run").arg("--bundle").arg(self.path()).arg("command"))
    }

    pub(super) fn start(&self) -> Runc<'_> {
        let log = fs::File::create(self.directory.path().join("log")).expect("made");
        let mut command = Command::new("runc");
        command.arg("--root").arg(self.directory.path().join("state")).stdin(Stdio::null());
        command.arg("run").arg("--bundle").arg(self.path()).arg("service");
        command.stdout(log.try_clone().expect("a file")).stderr(log);
        Runc { bundle: self, child: command.spawn().expect("started") }
    }
}

/// A container that runs in `runc`, which ends as it does.
pub(super) struct Runc<'b> {
    bundle: &'b Bundle,
    child: Child,
}

impl Runc<'_> {
    /// PID 1 of the container.
    pub(super) fn process(&self) -> u32 {
        wait_for("a container", || {
            let output = self.bundle.runc().args(["state", "service"]).output().expect("started");
            let state: Value = serde_json::from_slice(&output.stdout).ok()?;
            (state["status"] == "running").then(|| state["pid"].as_u64())??.try_into().ok()
        })
    }

    /// Asks it to stop; its exit status, and how long it took.
    pub(super) fn stop(mut self) -> (Option<i32>, Duration) {
        run(self.bundle.runc().args(["kill", "service", "TERM"]));
        let start = Instant::now();
        let status = wait_for("the end", || self.child.try_wait().expect("a child"));
        (status.code(), start.elapsed())
    }
}

impl Drop for Runc<'_> {
    fn drop(&mut self) {
        // After a test that failed; there is nothing left otherwise.
        drop(self.bundle.runc().args(["delete", "--force", "service"]).output());
        drop(self.child.wait());
    }
}

/// `podman` with images, containers and settings of its own.
pub(super) struct Podman {
    directory: PathBuf,
}

impl Podman {
    pub(super) fn of(world: &World) -> &'static Self {
        static PODMAN: OnceLock<Podman> = OnceLock::new();
        PODMAN.get_or_init(|| {
            let podman = Self { directory: world.directory().join("podman") };
            fs::create_dir_all(&podman.directory).expect("made");
            podman.configure("overlay");
            // A container that tests run in may itself be an overlay, which cannot be one's layer.
            if !podman.command().arg("info").output().expect("started").status.success() {
                podman.configure("vfs");
            }
            podman
        })
    }

    fn configure(&self, driver: &str) {
        let at = |name: &str| self.directory.join(name).display().to_string();
        let engine = format!(
            "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n\
             [engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\n\
             lock_type = \"file\"\ntmp_dir = {:?}\n",
            at("tmp")
        );
        let storage = format!(
            "[storage]\ndriver = {driver:?}\ngraphroot = {:?}\nrunroot = {:?}\n",
            at("root"),
            at("run")
        );
        fs::write(at("containers.conf"), engine).expect("written");
        fs::write(at("storage.conf"), storage).expect("written");
    }

    pub(super) fn command(&self) -> Command {
        let mut command = program("podman");
        command.env("CONTAINERS_CONF", self.directory.join("containers.conf"));
        command.env("CONTAINERS_STORAGE_CONF", self.directory.join("storage.conf"));
        command
    }

    /// Starts an image; the container's name.
    pub(super) fn start(&self, image: &str) -> String {
        let mut command = self.command();
        command.args(["run", "--detach", "--network=none", "--read-only", image]);
        run(&mut command).trim().to_owned()
    }

    /// PID 1 of a container.
    pub(super) fn process(&self, container: &str) -> u32 {
        let mut command = self.command();
        let pid = run(command.args(["inspect", "--format", "{{.State.Pid}}", container]));
        pid.trim().parse().expect("a number")
    }

    /// Asks it to stop; its exit status, and how long it took.
    pub(super) fn stop(&self, container: &str) -> (Option<i32>, Duration) {
        let start = Instant::now();
        run(self.command().args(["stop", "--time=60", container]));
        let took = start.elapsed();
        let code = run(self.command().args(["wait", container])).trim().parse().ok();
        run(self.command().args(["rm", container]));
        (code, took)
    }

    /// Runs a command in a new container of an image; what it prints.
    pub(super) fn output(&self, image: &str, words: &[&str]) -> String {
        let mut command = self.command();
        command.args(["run", "--rm", "--network=none", image]).args(words);
        run(&mut command)
    }
}
