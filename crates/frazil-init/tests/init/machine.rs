//! A whole machine: a kernel in an emulator, our program as its /init, to "services up" and power
//! off.
//!
//! `FRAZIL_INIT_KERNEL` names a kernel; `FRAZIL_INIT_MODULES`, if given, files of modules to load, with
//! colons between, among them a driver for a network card of the kind `virtio-net-pci`.

use std::path::Path;
use std::process::{Command, Stdio};

use frazil_init::plan::compile;
use frazil_init::table::Table;

/// Appends a file to an archive of the kind that kernels unpack ("newc").
fn add(archive: &mut Vec<u8>, name: &str, mode: u32, content: &[u8]) {
    let fields = [1, mode, 0, 0, 1, 0, content.len() as u32, 0, 0, 0, 0, name.len() as u32 + 1, 0];
    archive.extend_from_slice(b"070701");
    for field in fields {
        archive.extend_from_slice(format!("{field:08x}").as_bytes());
    }
    archive.extend_from_slice(name.as_bytes());
    archive.push(0);
    archive.resize(archive.len().next_multiple_of(4), 0);
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(4), 0);
}

/// Boots a kernel with this archive; what the console showed.
#[track_caller]
fn boot(kernel: &std::ffi::OsStr, archive: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("initramfs");
    std::fs::write(&image, archive).unwrap();
    let output = Command::new("timeout")
        .args([
            "120",
            "qemu-system-x86_64",
            "-accel",
            "tcg",
            "-m",
            "256",
            "-nographic",
            "-no-reboot",
        ])
        .args(["-nic", "user,model=virtio-net-pci", "-append", "console=ttyS0 quiet"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(&image)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let console = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{:?}:\n{console}", output.status);
    console
}

/// The kernel to boot, if one was named.
fn kernel() -> Option<std::ffi::OsString> {
    let kernel = std::env::var_os("FRAZIL_INIT_KERNEL");
    if kernel.is_none() {
        println!("skipped: FRAZIL_INIT_KERNEL names no kernel");
    }
    kernel
}

#[test]
fn a_machine_without_a_valid_plan_restarts() {
    let Some(kernel) = kernel() else { return };
    let mut archive = Vec::new();
    add(&mut archive, "init", 0o100_755, frazil_init::PROGRAM);
    add(&mut archive, "dev", 0o040_755, b"");
    add(&mut archive, "TRAILER!!!", 0, b"");
    let console = boot(&kernel, &archive);
    for line in [
        "cannot read the plan /etc/init.plan: not found",
        "it restarts in 5 s",
        "reboot: Restarting system",
    ] {
        assert!(console.contains(line), "no `{line}` in:\n{console}");
    }
    assert!(!console.contains("panic"), "{console}");
}

fn initramfs(table: &str, modules: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for directory in ["etc", "modules", "dev"] {
        add(&mut archive, directory, 0o040_755, b"");
    }
    add(&mut archive, "init", 0o100_755, frazil_init::PROGRAM);
    let plan = compile(&Table::from_json(table.as_bytes()).unwrap()).unwrap();
    add(&mut archive, "etc/init.plan", 0o100_644, &plan);
    for (name, content) in modules {
        add(&mut archive, &format!("modules/{name}"), 0o100_644, content);
    }
    add(&mut archive, "TRAILER!!!", 0, b"");
    archive
}

#[test]
fn boots_serves_and_turns_the_power_off() {
    let Some(kernel) = kernel() else { return };
    let modules: Vec<(String, Vec<u8>)> = std::env::var("FRAZIL_INIT_MODULES")
        .unwrap_or_default()
        .split(':')
        .filter(|path| !path.is_empty())
        .map(|path| {
            let name = Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    let step = |(name, _): &(String, _)| format!(r#"{{"module":{{"path":"/modules/{name}"}}}},"#);
    let steps = modules.iter().map(step).collect::<Vec<_>>().concat();
    let network = if modules.is_empty() {
        ""
    } else {
        r#""dhcp":{"exec":["/init","dhcp","eth0","/run/resolv.conf"],"ready":{"fd":3}},"#
    };
    let table = format!(
        r#"{{"setup":[{steps}{{"hostname":"frazil"}},{{"link-up":"lo"}},
            {{"address":{{"link":"lo","address":"192.0.2.7/32"}}}},
            {{"sysctl":{{"key":"kernel.printk","value":"7 4 1 7"}}}},{{"random-seed":"/run/seed"}},
            {{"mount":{{"source":"tmpfs","target":"/data","type":"tmpfs","options":["nosuid","size=1m"]}}}}],
        "services":{{{network}
            "late":{{"exec":["/init","--","/init","dhcp","none"],"disabled":true}},
            "show":{{"type":"oneshot","exec":["/init","ctl","status"],"wants":[{}]}},
            "end":{{"type":"oneshot","exec":["/init","ctl","poweroff"],"requires":["show"]}}}}}}"#,
        if modules.is_empty() { "" } else { "\"dhcp\"" }
    );
    let console = boot(&kernel, &initramfs(&table, &modules));
    let mut wanted = vec!["show | NAME", "reboot: Power down"];
    if !modules.is_empty() {
        wanted.push("show | dhcp                 up");
    }
    for line in wanted {
        assert!(console.contains(line), "no `{line}` in:\n{console}");
    }
    for fault in ["cannot", "Attempted to kill init", "not complete"] {
        assert!(!console.contains(fault), "`{fault}` in:\n{console}");
    }
}
