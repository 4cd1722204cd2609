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
    boot_with(kernel, archive, &[])
}

/// The same with more arguments of the emulator.
#[track_caller]
fn boot_with(kernel: &std::ffi::OsStr, archive: &[u8], more: &[&str]) -> String {
    for _ in 0..3 {
        let (status, console) = attempt(kernel, archive, more);
        // On a machine under load, an emulated kernel sometimes breaks before there is a PID 1.
        if console.contains("Kernel panic") && !console.contains("init:") {
            continue;
        }
        assert!(status.success(), "{status}:\n{console}");
        return console;
    }
    panic!("the emulator does not get beyond the kernel");
}

fn attempt(
    kernel: &std::ffi::OsStr,
    archive: &[u8],
    more: &[&str],
) -> (std::process::ExitStatus, String) {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("initramfs");
    std::fs::write(&image, archive).unwrap();
    let output = Command::new("timeout")
        .args([
            "240",
            "qemu-system-x86_64",
            "-accel",
            "tcg",
            "-m",
            "256",
            "-nographic",
            "-no-reboot",
        ])
        .args([
            "-nic",
            "user,model=virtio-net-pci",
            "-append",
            "console=ttyS0 quiet oops=panic panic=-1",
        ])
        // Exchanges of 16 bytes, which the kernel makes when it allocates, are emulated wrongly.
        .args(["-cpu", "qemu64,-cx16"])
        .args(more)
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(&image)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let console = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status, console)
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
    archive.extend_from_slice(&trailer());
    archive
}

/// The end of an archive.
fn trailer() -> Vec<u8> {
    let mut end = Vec::new();
    add(&mut end, "TRAILER!!!", 0, b"");
    end
}

/// A disk with what a table in its middle says: swap space, as mkswap(8) makes it.
fn swap_space() -> Vec<u8> {
    let (page, pages) = (4096, 256);
    let mut disk = vec![0; page * pages];
    disk[page - 10..page].copy_from_slice(b"SWAPSPACE2");
    disk[1024..1028].copy_from_slice(&1_u32.to_le_bytes());
    disk[1028..1032].copy_from_slice(&(pages as u32 - 1).to_le_bytes());
    disk
}

/// What the random seed is before it is used.
const OLD_SEED: [u8; 256] = [7; 256];

/// A file system with nothing but a seed; none where there is no mkfs.
fn file_system(path: &Path) -> Option<()> {
    let content = tempfile::tempdir().unwrap();
    std::fs::write(content.path().join("seed"), OLD_SEED).unwrap();
    std::fs::write(path, vec![0; 16 << 20]).unwrap();
    let mut mkfs = Command::new("mkfs.ext4");
    let made = mkfs.args(["-q", "-F", "-d"]).arg(content.path()).arg(path).output();
    made.ok().filter(|output| output.status.success()).map(drop)
}

/// What `dumpe2fs` says of a file system that was left behind.
fn state_of(path: &Path) -> String {
    let output = Command::new("dumpe2fs").arg("-h").arg(path).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The modules that were named: name and content.
fn modules() -> Vec<(String, Vec<u8>)> {
    let paths = std::env::var_os("FRAZIL_INIT_MODULES").unwrap_or_default();
    std::env::split_paths(&paths)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

/// Network, disks, swap, a check that repairs and one that fails, a seed, a login, syslog, and the
/// end, in one boot: each takes half a minute.
#[test]
fn boots_serves_and_turns_the_power_off() {
    let Some(kernel) = kernel() else { return };
    let modules = modules();
    let dir = tempfile::tempdir().unwrap();
    let (disk, swap) = (dir.path().join("disk"), dir.path().join("swap"));
    let busybox = std::fs::read("/bin/busybox").or_else(|_| std::fs::read("/usr/bin/busybox"));
    let (Ok(busybox), Some(())) = (busybox, file_system(&disk)) else {
        println!("skipped: no static busybox, or no mkfs.ext4");
        return;
    };
    assert!(!modules.is_empty(), "FRAZIL_INIT_MODULES names no modules");
    std::fs::write(&swap, swap_space()).unwrap();
    let step = |(name, _): &(String, _)| format!(r#"{{"module":{{"path":"/modules/{name}"}}}},"#);
    let steps = modules.iter().map(step).collect::<Vec<_>>().concat();
    let table = MACHINE.replace("@MODULES@", &steps);
    let mut archive = initramfs(&table, &modules);
    archive.truncate(archive.len() - trailer().len());
    add(&mut archive, "bin", 0o040_755, b"");
    add(&mut archive, "bin/busybox", 0o100_755, &busybox);
    archive.extend_from_slice(&trailer());
    let drive = |path: &Path| format!("file={},if=virtio,format=raw", path.display());
    let drives = ["-drive", &drive(&disk), "-drive", &drive(&swap)];
    let console = boot_with(&kernel, &archive, &drives);
    for line in [
        "show | dhcp                 up",
        "show | Filename",
        "show | /dev/vdb",
        "show | 256 /data/seed",
        "show | the host is frazil, printk 7",
        "show | address 192.0.2.7",
        "show | address 10.0.2.15",
        "said to syslog",
        "login on /dev/ttyS0",
        "cannot check a file system",
        "the set-up of the machine is not complete; going on",
        "reboot: Power down",
    ] {
        assert!(console.contains(line), "no `{line}` in:\n{console}");
    }
    assert!(!console.contains("Attempted to kill init"), "{console}");
    let state = state_of(&disk);
    assert!(state.contains("Filesystem state:         clean"), "{state}\n{console}");
    assert!(!state.contains("needs_recovery"), "{state}\n{console}");
    let seed = Command::new("debugfs").args(["-R", "cat seed"]).arg(&disk).output().unwrap().stdout;
    assert!(seed.len() == OLD_SEED.len() && seed != OLD_SEED, "{seed:?}");
}

/// The services show what the set-up made; the last one asks for the end.
const MACHINE: &str = r#"{"setup":[@MODULES@{"hostname":"frazil"},{"link-up":"lo"},
    {"address":{"link":"lo","address":"192.0.2.7/32"}},
    {"sysctl":{"key":"kernel.printk","value":"7 4 1 7"}},
    {"fsck":["/bin/busybox","sh","-c","exit 1"]},{"fsck":["/bin/busybox","sh","-c","exit 4"]},
    {"mount":{"source":"/dev/vda","target":"/data","type":"ext4","options":["nosuid"]}},
    {"random-seed":"/data/seed"},{"swap":"/dev/vdb"}],
  "services":{
    "dhcp":{"exec":["/init","dhcp","eth0","/run/resolv.conf"],"ready":{"fd":3}},
    "syslogd":{"exec":["/bin/busybox","syslogd","-n","-O","-"],"ready":{"unix":"/dev/log"},"log":"prefix"},
    "speaker":{"type":"oneshot","exec":["/bin/busybox","echo","said to syslog"],"log":"syslog","requires":["syslogd"]},
    "login":{"exec":["/bin/busybox","sh","-c","echo login on $(/bin/busybox tty) >/dev/tty; exec /bin/busybox sleep 1000"],"tty":"/dev/ttyS0"},
    "late":{"exec":["/init","--","/init","dhcp","none"],"disabled":true},
    "show":{"type":"oneshot","wants":["dhcp","login","speaker"],"exec":["/bin/busybox","sh","-c",
      "b=/bin/busybox; /init ctl status; $b cat /proc/swaps; $b wc -c /data/seed; echo the host is $($b hostname), printk $($b cut -c1 /proc/sys/kernel/printk); for a in $($b ip -4 -o addr | $b awk '{print $4}' | $b cut -d/ -f1); do echo address $a; done; echo kept >/data/file"]},
    "end":{"type":"oneshot","exec":["/bin/busybox","sh","-c","/bin/busybox sleep 1; exec /init ctl poweroff"],"requires":["show"]}}}"#;

/// A boot with a plan that was damaged: the rescue plan is run, and starts the machine again.
#[test]
fn a_damaged_plan_is_replaced_by_that_for_rescue() {
    let Some(kernel) = kernel() else { return };
    let table = r#"{"services":{"end":{"type":"oneshot","exec":["/init","ctl","reboot"]}}}"#;
    let mut archive = initramfs(table, &[]);
    let plan = compile(&Table::from_json(table.as_bytes()).unwrap()).unwrap();
    archive.truncate(archive.len() - trailer().len());
    add(&mut archive, "etc/init.plan.rescue", 0o100_644, &plan);
    add(&mut archive, "etc/init.plan", 0o100_644, plan.get(..plan.len() / 2).unwrap());
    archive.extend_from_slice(&trailer());
    let console = boot(&kernel, &archive);
    assert!(console.contains("/etc/init.plan: "), "{console}");
    assert!(console.contains("reboot: Restarting system"), "{console}");
    assert!(!console.contains("Attempted to kill init"), "{console}");
}
