//! A system under test: a table, compiled, run by our PID 1, and watched through its output.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use frazil_init::plan::compile;
use frazil_init::table::Table;

/// How long anything may take before a test has failed. Generous: machines are shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running PID 1.
pub(crate) struct System {
    child: Child,
    /// PID 1, as this process sees it.
    pub(crate) pid: i32,
    lines: Receiver<String>,
    /// All lines so far.
    pub(crate) seen: Vec<String>,
    dir: tempfile::TempDir,
}

/// The program under test, written once.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PROGRAM.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = dir.path().join("init");
        std::fs::write(&path, frazil_init::PROGRAM).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        (dir, path)
    });
    path
}

/// A helper program of the tests, built beside them.
pub(crate) fn stub() -> String {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().unwrap().parent().unwrap();
    target.join("examples/stub").display().to_string()
}

pub(crate) fn is_root() -> bool {
    // A file of root's that nobody else can write to.
    std::fs::OpenOptions::new().write(true).open("/proc/sys/kernel/ostype").is_ok()
        || std::fs::metadata("/proc/self").is_ok_and(|meta| {
            use std::os::unix::fs::MetadataExt as _;
            meta.uid() == 0
        })
}

/// Whether namespaces can be had; says so if not.
pub(crate) fn can_run() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    let can = *CAN.get_or_init(|| {
        let command = ["-Urpf", "--mount-proc", "/bin/true"];
        Command::new("unshare").args(command).status().is_ok_and(|status| status.success())
    });
    if !can {
        println!("skipped: no user and pid namespaces here");
    }
    can
}

/// Compiles the services of a table into the directory of a system.
pub(crate) fn write_plan(dir: &Path, table: &str) -> PathBuf {
    // Keys that a table gives itself come later, and so must differ.
    let sock = dir.join("sock");
    let text = if table.contains("\"control\"") {
        table.to_owned()
    } else {
        table.replacen('{', &format!("{{\"control\":\"{}\",", sock.display()), 1)
    };
    let table = Table::from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let plan = dir.join("plan");
    std::fs::write(&plan, compile(&table).unwrap()).unwrap();
    plan
}

impl System {
    /// Starts a system as PID 1 of a new namespace.
    pub(crate) fn start(table: &str) -> Self {
        Self::start_with(table, &["unshare", "-Urpf", "--mount-proc", "--kill-child"])
    }

    /// Starts a system as an ordinary process that adopts orphans.
    pub(crate) fn start_as_child(table: &str) -> Self {
        Self::start_with(table, &[])
    }

    pub(crate) fn start_with(table: &str, wrapper: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        {
            std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let table = table.replace("@DIR@", dir.path().to_str().unwrap()).replace("@STUB@", &stub());
        let plan = write_plan(dir.path(), &table);
        Self::spawn(dir, wrapper, &[program().as_os_str(), plan.as_os_str()])
    }

    /// Starts `init` with these arguments.
    pub(crate) fn start_init(wrapper: &[&str], arguments: &[&str]) -> Self {
        let mut all = vec![program().as_os_str()];
        all.extend(arguments.iter().map(std::ffi::OsStr::new));
        Self::spawn(tempfile::tempdir().unwrap(), wrapper, &all)
    }

    pub(crate) fn spawn(
        dir: tempfile::TempDir,
        wrapper: &[&str],
        command: &[&std::ffi::OsStr],
    ) -> Self {
        let mut all: Vec<&std::ffi::OsStr> = wrapper.iter().map(std::ffi::OsStr::new).collect();
        all.extend_from_slice(command);
        let (reader, writer) = std::io::pipe().unwrap();
        let mut child = Command::new(all[0])
            .args(&all[1..])
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .env("FROM_OUTSIDE", "outside")
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(reader).split(b'\n') {
                let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let pid = if wrapper.first() == Some(&"unshare") {
            first_child(&mut child)
        } else {
            child.id() as i32
        };
        Self { child, pid, lines, seen: Vec::new(), dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Waits for a line that contains this; fails the test if the output ends before.
    #[track_caller]
    pub(crate) fn expect(&mut self, wanted: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with `{wanted}` in:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// Sends a signal to PID 1, which must be beyond its very first steps: before it listens, the
    /// kernel drops what it is sent.
    pub(crate) fn signal(&self, signal: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.listens() && Instant::now() < end {
            std::thread::yield_now();
        }
        kill(signal, self.pid);
    }

    /// Whether PID 1 blocks or catches TERM, or is gone.
    fn listens(&self) -> bool {
        let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", self.pid)) else {
            return true;
        };
        let has_term = |line: &str| {
            let mask = line.split_whitespace().nth(1).unwrap_or_default();
            u64::from_str_radix(mask, 16).is_ok_and(|mask| mask & 1 << 14 != 0)
        };
        let masks = ["SigBlk:", "SigCgt:"];
        status.lines().any(|line| masks.iter().any(|mask| line.starts_with(mask)) && has_term(line))
    }

    /// Waits for the end; the exit status as a shell shows it.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("it does not end:\n{}", self.seen.join("\n"));
                }
            }
        }
        let status = self.child.wait().unwrap();
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
    }

    /// Asks PID 1 something; the exit status and the output.
    pub(crate) fn ctl(&self, words: &[&str]) -> (i32, String) {
        let socket = self.path("sock");
        let end = Instant::now() + PATIENCE;
        while !socket.exists() && Path::new(&format!("/proc/{}", self.child.id())).exists() {
            assert!(Instant::now() < end, "no control socket:\n{}", self.seen.join("\n"));
            std::thread::yield_now();
        }
        let output = Command::new(program())
            .args(["ctl", "--socket", socket.to_str().unwrap(), "--timeout", "30"])
            .args(words)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    /// Asks, and expects success.
    #[track_caller]
    pub(crate) fn must(&self, words: &[&str]) -> String {
        let (code, text) = self.ctl(words);
        assert_eq!(code, 0, "initctl {words:?}: {text}\n{}", self.seen.join("\n"));
        text
    }

    /// What `initctl status --json NAME` says of one key.
    #[track_caller]
    pub(crate) fn status(&self, name: &str, key: &str) -> String {
        let text = self.must(&["status", "--json", name]);
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        all[0][key].to_string().trim_matches('"').to_owned()
    }

    /// Compiles another table into the place of the plan.
    pub(crate) fn replace_plan(&self, table: &str) {
        write_plan(self.dir.path(), &table.replace("@DIR@", self.dir.path().to_str().unwrap()));
    }

    /// Stops it with TERM; the exit status.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> i32 {
        self.signal("TERM");
        self.wait()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // A test that failed leaves it running.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            kill("KILL", self.pid);
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

pub(crate) fn kill(signal: &str, pid: i32) {
    let command = ["-s", signal, "--", &pid.to_string()];
    // It may just have ended, which is no failure of the test.
    drop(Command::new("/bin/kill").args(command).stderr(Stdio::null()).status());
}

/// The only child of a process, as soon as there is one.
fn first_child(parent: &mut Child) -> i32 {
    let path = format!("/proc/{0}/task/{0}/children", parent.id());
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let children = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(pid) = children.split_whitespace().next() {
            return pid.parse().unwrap();
        }
        if parent.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::yield_now();
    }
    0
}

/// Children of a process that have ended and were not reaped.
pub(crate) fn zombies(parent: i32) -> usize {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let is_zombie = |pid: &&str| {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
    };
    children.unwrap_or_default().split_whitespace().filter(is_zombie).count()
}
