//! What builders do: each probe is a function that runs inside of a sandbox.

use std::fmt::Debug;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use rustix::mount::MountFlags;
use rustix::process::{Pid, Signal};
use rustix::thread::UnshareFlags;

const OUT: &str = "/nix/store/00000000000000000000000000000000-out";
const INPUT: &str = "/nix/store/11111111111111111111111111111111-dir";

/// The entry of the builder. An ordinary test run has nothing to do here.
#[test]
fn entry() {
    let Ok(probe) = std::env::var("PROBE") else { return };
    if !std::path::Path::new("/probe").exists() {
        return;
    }
    // What the test runner wrote before must not stand on the first line.
    print!("\n");
    PROBES.iter().find(|(name, _)| *name == probe).unwrap().1();
}

const PROBES: &[(&str, fn())] = &[
    ("surroundings", surroundings),
    ("write", write),
    ("output", output),
    ("connect", connect),
    ("kill", kill),
    ("mount", mount),
    ("nested", nested),
    ("modes", modes),
    ("fork", fork),
    ("bomb", bomb),
    ("flood", flood),
    ("daemon", daemon),
    ("sleep", sleep),
    ("fill", fill),
    ("hoard", hoard),
    ("swell", swell),
    ("fail", || leave(3)),
    ("abort", || std::process::abort()),
    ("deaf", deaf),
    ("inputs", inputs),
];

fn say(what: impl Debug) {
    println!("> {what:?}");
}

#[expect(clippy::exit, reason = "a builder chooses its status")]
fn leave(status: i32) {
    std::process::exit(status)
}

fn names(dir: &str) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Whether something succeeded, or the name of its error.
fn outcome<T>(result: std::io::Result<T>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn surroundings() {
    for dir in ["/dev", "/dev/pts", "/etc", "/nix/store", "/build", "/tmp"] {
        say((dir, names(dir)));
    }
    let processes = names("/proc").iter().filter(|name| name.parse::<u32>().is_ok()).count();
    say(("processes", processes, std::process::id()));
    let uid = rustix::process::getuid().as_raw();
    let gid = rustix::process::getgid().as_raw();
    say(("user", uid, gid, fs::metadata("/build").unwrap().uid()));
    say(fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim());
    say(fs::read_to_string("/etc/passwd").unwrap());
    say(fs::read_to_string("/etc/group").unwrap());
    say(fs::read_to_string("/etc/hosts").unwrap());
    say((std::env::current_dir().unwrap(), fs::read_to_string("given").unwrap()));
    // Of this thread: the first one may be starting others, for which libc blocks signals.
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    for field in [
        "CapInh",
        "CapPrm",
        "CapEff",
        "CapBnd",
        "CapAmb",
        "NoNewPrivs",
        "Seccomp",
        "Umask",
        "SigBlk",
    ] {
        say(status.lines().find(|line| line.starts_with(&format!("{field}:"))).unwrap());
    }
    // The directory that is being read is open as well.
    say(("open", names("/proc/self/fd")));
    say(("terminal", rustix::termios::isatty(std::io::stdout())));
    say(std::env::var("GREETING").unwrap());
}

fn write() {
    for path in [
        "/x",
        "/etc/x",
        "/etc/passwd",
        "/dev/x",
        "/probe",
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        &format!("{INPUT}/x"),
        &format!("{INPUT}/file"),
        "/nix/store/22222222222222222222222222222222-file",
        "/build/x",
        "/tmp/x",
        "/dev/shm/x",
        "/nix/store/x",
        "/dev/null",
    ] {
        let opened = fs::OpenOptions::new().write(true).create(true).truncate(true).open(path);
        say((path, outcome(opened)));
    }
    say(outcome(fs::remove_dir_all(INPUT)));
    say(outcome(fs::rename(INPUT, "/nix/store/moved")));
    say(outcome(fs::set_permissions("/dev/null", fs::Permissions::from_mode(0o600))));
}

fn output() {
    fs::create_dir(OUT).unwrap();
    fs::write(format!("{OUT}/file"), "made").unwrap();
    fs::write("left", "behind").unwrap();
}

fn connect() {
    let address = std::env::var("ADDRESS").unwrap();
    say(outcome(TcpStream::connect(address)));
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    say(outcome(TcpStream::connect(own.local_addr().unwrap())));
}

fn kill() {
    let victim: i32 = std::env::var("VICTIM").unwrap().parse().unwrap();
    let victim = Pid::from_raw(victim).unwrap();
    say(outcome(rustix::process::kill_process(victim, Signal::KILL).map_err(Into::into)));
    say(outcome(fs::read_to_string(format!("/proc/{}/environ", victim.as_raw_nonzero()))));
}

fn mount() {
    let mounted = rustix::mount::mount(c"none", c"/tmp", c"tmpfs", MountFlags::empty(), None);
    say(outcome(mounted.map_err(Into::into)));
    let input = std::path::Path::new(INPUT);
    let remounted = rustix::mount::mount_remount(input, MountFlags::BIND, c"");
    say(outcome(remounted.map_err(Into::into)));
    let unmounted = rustix::mount::unmount(input, rustix::mount::UnmountFlags::DETACH);
    say(outcome(unmounted.map_err(Into::into)));
    say(outcome(fs::write(format!("{INPUT}/x"), "")));
    say(outcome(rustix::process::chroot("/build").map_err(Into::into)));
}

/// In namespaces of its own a builder has all capabilities, and still cannot do more.
fn nested() {
    let mut command = again("fail");
    let inside = || {
        // SAFETY: after the `fork` this process has one thread, and shares no files.
        let unshared =
            unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) };
        say(outcome(unshared.map_err(Into::into)));
        mount();
        Ok(())
    };
    // SAFETY: nothing else runs in this program that could hold a lock.
    unsafe { command.pre_exec(inside) };
    // In its new root there is no program to run.
    say(command.status().is_err());
}

fn modes() {
    fs::write("file", "").unwrap();
    let change = |mode| say(outcome(fs::set_permissions("file", fs::Permissions::from_mode(mode))));
    change(0o755);
    change(0o4755);
    change(0o2755);
    let set = rustix::fs::setxattr("file", "user.a", b"b", rustix::fs::XattrFlags::empty());
    say(outcome(set.map_err(Into::into)));
    say(outcome(fs::metadata("/dev/zero").map(|metadata| metadata.rdev())));
}

fn again(probe: &str) -> Command {
    let mut command = Command::new("/probe");
    command.args(["--exact", "probe::entry", "--nocapture", "--test-threads=1"]);
    command.env("PROBE", probe);
    command
}

fn fork() {
    let status = again("fail").stdout(std::process::Stdio::null()).status().unwrap();
    say(status.code());
}

/// Starts processes until it cannot.
fn bomb() {
    let mut started = 0;
    let error = loop {
        match again("sleep").stdout(std::process::Stdio::null()).spawn() {
            Ok(_) => started += 1,
            Err(error) => break error,
        }
    };
    say((started > 2, started < 40, error.to_string()));
}

fn flood() {
    let line = [b'x'; 4096];
    loop {
        std::io::stdout().write_all(&line).unwrap();
    }
}

fn daemon() {
    let left_behind =
        again("sleep").stdout(std::process::Stdio::null()).spawn().map(|child| child.id());
    say(left_behind.unwrap() > 1);
}

fn sleep() {
    println!();
    std::thread::sleep(Duration::from_hours(1));
}

/// Writes files in deeper and deeper directories, without end.
fn hoard() {
    loop {
        fs::create_dir("d").unwrap();
        std::env::set_current_dir("d").unwrap();
        fs::write("f", vec![b'x'; 100_000]).unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Writes one file without end.
fn swell() {
    let mut file = fs::File::create("/build/f").unwrap();
    loop {
        file.write_all(&[b'x'; 1 << 12]).unwrap();
    }
}

fn fill() {
    let dirs = ["/build/x", "/tmp/x", "/dev/shm/x"];
    for path in dirs {
        let mut file = fs::File::create(path).unwrap();
        let filled = (0..1 << 12).try_for_each(|_| file.write_all(&[1; 4096]));
        say((path, outcome(filled)));
    }
}

/// Closes its output and works on.
fn deaf() {
    say("closing");
    let null = fs::File::options().write(true).open("/dev/null").unwrap();
    rustix::stdio::dup2_stdout(&null).unwrap();
    rustix::stdio::dup2_stderr(&null).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    leave(4);
}

fn inputs() {
    say(fs::read_to_string(format!("{INPUT}/file")).unwrap());
    say(fs::read_to_string("/nix/store/22222222222222222222222222222222-file").unwrap());
    say(fs::read_link("/nix/store/33333333333333333333333333333333-link").unwrap());
    say(names("/nix/store"));
}
