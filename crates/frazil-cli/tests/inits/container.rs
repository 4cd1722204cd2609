//! A container of runc: unpacked, started, used, ended.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::site::{frazil, lock, succeeded};

/// How long anything may take before a test has failed. Generous: machines are shared.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct Container {
    name: String,
    dir: TempDir,
    runc: Child,
}

impl Container {
    /// Builds the image of a system of the flake and starts it.
    pub(crate) fn start(init: &str) -> Self {
        lock();
        let dir = tempfile::tempdir().unwrap();
        let layout = dir.path().join("layout");
        let bundle = dir.path().join("bundle");
        succeeded(frazil().args(["image", "oci"]).arg(format!(".#{init}")).arg("-o").arg(&layout));
        let image = format!("{}:latest", layout.display());
        succeeded(Command::new("umoci").args(["unpack", "--image", &image]).arg(&bundle));
        let file = bundle.join("config.json");
        let config = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        std::fs::write(&file, adapted(config).to_string()).unwrap();
        let name = format!("frazil-{init}-{}", std::process::id());
        let output = File::create(dir.path().join("output")).unwrap();
        let runc = Command::new("runc")
            .args(["run", &name])
            .current_dir(&bundle)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self { name, dir, runc }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("bundle/rootfs")
    }

    pub(crate) fn output(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("output")).unwrap_or_default()
    }

    /// The first process, as soon as there is one.
    pub(crate) fn pid(&mut self) -> i64 {
        let end = Instant::now() + PATIENCE;
        loop {
            let output = Command::new("runc").args(["state", &self.name]).output().unwrap();
            let state: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            if state["status"] == "running" {
                return state["pid"].as_i64().unwrap();
            }
            let ended = self.runc.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "{ended:?}: {}", self.output());
            std::thread::yield_now();
        }
    }

    /// What the server answers, as soon as it does.
    pub(crate) fn page(&mut self) -> String {
        let pid = self.pid().to_string();
        let ask =
            "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3";
        let end = Instant::now() + PATIENCE;
        loop {
            let output = Command::new("nsenter")
                .args(["--target", &pid, "--net", "bash", "-c", ask])
                .output()
                .unwrap();
            let page = String::from_utf8_lossy(&output.stdout).into_owned();
            if output.status.success() && !page.is_empty() {
                return page;
            }
            let ended = self.runc.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "{ended:?}: {}", self.output());
        }
    }

    /// Sends a signal to the first process, and waits for the end.
    pub(crate) fn stop(&mut self, signal: &str) -> i32 {
        succeeded(Command::new("runc").args(["kill", &self.name, signal]));
        self.wait()
    }

    /// Waits for the end; the exit status.
    pub(crate) fn wait(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.runc.try_wait().unwrap() {
                return status.code().unwrap();
            }
            assert!(Instant::now() < end, "it does not end: {}", self.output());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // One that has ended is gone already.
        drop(Command::new("runc").args(["delete", "--force", &self.name]).output());
        drop(self.runc.kill());
        drop(self.runc.wait());
    }
}

/// No terminal, a root that cannot be written, and a /run that the user of the image can.
fn adapted(mut config: Value) -> Value {
    let user = config["process"]["user"].clone();
    config["process"]["terminal"] = json!(false);
    config["process"]["rlimits"] = json!([]);
    config["root"]["readonly"] = json!(true);
    if let Some(linux) = config["linux"].as_object_mut() {
        linux.remove("resources");
    }
    let owner = [format!("uid={}", user["uid"]), format!("gid={}", user["gid"])];
    config["mounts"].as_array_mut().unwrap().push(json!({
        "destination": "/run", "type": "tmpfs", "source": "tmpfs",
        "options": ["nosuid", "mode=755", owner[0], owner[1]],
    }));
    config
}

/// Asks a container with `frazil ctl`; the status and all that was said.
pub(crate) fn ctl(name: &str, words: &[&str]) -> (i32, String) {
    let output = frazil().args(["ctl", name]).args(words).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}
