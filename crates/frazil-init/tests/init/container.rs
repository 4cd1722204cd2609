//! A container as engines make it: runc, a read-only root with nothing in it but our program and
//! its plan, a user who owns nothing, no capabilities.
//!
//! Skipped where there is no runc, or it is not allowed to work.

use std::path::Path;
use std::process::{Command, Output};

use frazil_init::plan::compile;
use frazil_init::table::Table;

use crate::system::is_root;

/// Runs a table in a container; nothing if that cannot be done here.
fn run(table: &str) -> Option<Output> {
    let has_runc = Command::new("runc").arg("--version").output().is_ok();
    if !has_runc || !is_root() {
        println!("skipped: no runc, or not root");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("rootfs");
    for name in ["proc", "dev", "etc", "sys"] {
        std::fs::create_dir_all(root.join(name)).unwrap();
    }
    std::fs::copy(crate::system::program(), root.join("init")).unwrap();
    let plan = compile(&Table::from_json(table.as_bytes()).unwrap()).unwrap();
    std::fs::write(root.join("etc/init.plan"), plan).unwrap();
    std::fs::write(dir.path().join("config.json"), config()).unwrap();
    let name = dir.path().file_name().unwrap().to_str().unwrap().trim_matches('.').to_owned();
    let state = dir.path().join("state");
    let output = Command::new("timeout")
        .args(["60", "runc", "--root"])
        .arg(&state)
        .arg("run")
        .arg(format!("frazil-init-{name}"))
        .current_dir(dir.path())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("runc create failed") || complaint.contains("runc run failed") {
        println!("skipped: runc does not work here: {complaint}");
        return None;
    }
    Some(output)
}

fn config() -> String {
    let mounts = [("proc", "/proc", "proc"), ("tmpfs", "/dev", "tmpfs")].map(|(source, to, kind)| {
        serde_json::json!({"source": source, "destination": to, "type": kind, "options": ["nosuid"]})
    });
    let namespaces =
        ["pid", "network", "ipc", "uts", "mount"].map(|kind| serde_json::json!({"type": kind}));
    serde_json::json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false, "user": {"uid": 65534, "gid": 65534}, "args": ["/init"],
            "env": ["FROM=engine"], "cwd": "/", "noNewPrivileges": true,
            "capabilities": {"bounding": [], "effective": [], "permitted": [], "ambient": []},
        },
        "root": {"path": "rootfs", "readonly": true},
        "hostname": "box", "mounts": mounts, "linux": {"namespaces": namespaces},
    })
    .to_string()
}

#[track_caller]
fn check(table: &str, code: i32, wanted: &[&str]) {
    let Some(output) = run(table) else { return };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for line in wanted {
        assert!(said.contains(line), "no `{line}` in:\n{said}");
    }
}

/// The only program in there is ours, so services are its applets.
#[test]
fn a_bare_container_of_nobody() {
    assert!(Path::new("/proc/self/ns/pid").exists());
    check(
        r#"{"services":{
            "show":{"type":"oneshot","exec":["/init","ctl","status"]},
            "end":{"type":"oneshot","exec":["/init","ctl","exit","42"],"requires":["show"]},
            "none":{"exec":["/no/such/file"],"restart":"never"}}}"#,
        42,
        &[
            "show | show                 starting",
            "none | init: none: cannot execute /no/such/file: not found",
        ],
    );
}

#[test]
fn the_code_of_a_critical_service_leaves_the_container() {
    check(
        r#"{"services":{"main":{"exec":["/init","ctl","nonsense"],"critical":true}}}"#,
        2,
        &["usage: initctl"],
    );
}
