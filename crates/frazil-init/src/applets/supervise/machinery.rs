//! PID 1 of a machine: the first mounts, the set-up, and the end that turns the power off.

use core::sync::atomic::{AtomicBool, Ordering};

use super::Supervisor;
use crate::applets::inherited;
use crate::machine::{Ending, EndingKind};
use crate::sys::event::{self, Poll};
use crate::sys::process::{self, Child, Exit};
use crate::sys::system::{self, Power};
use crate::sys::{Fd, file, signal};
use crate::text::tell;

/// Milliseconds that unmounting may take.
const UNMOUNT_PATIENCE: u64 = 15_000;
/// Milliseconds that a message about a failure stays on the screen of a machine that restarts.
const FAILURE_PAUSE: u64 = 5_000;

/// Flags: no setuid, no devices, no programs.
const SAFE: u32 = 2 | 4 | 8;

/// Mounts what every later step relies on. Whatever is there already stays.
pub(super) fn mount_basics() {
    for (source, target, kind, flags, options) in [
        (c"proc", c"/proc", c"proc", SAFE, c""),
        (c"sysfs", c"/sys", c"sysfs", SAFE, c""),
        (c"devtmpfs", c"/dev", c"devtmpfs", 2, c"mode=755"),
        (c"devpts", c"/dev/pts", c"devpts", 2 | 8, c"gid=5,mode=620,ptmxmode=666"),
        (c"tmpfs", c"/dev/shm", c"tmpfs", 2 | 4, c"mode=1777"),
        (c"tmpfs", c"/run", c"tmpfs", 2 | 4, c"mode=755"),
        (c"tmpfs", c"/tmp", c"tmpfs", 2 | 4, c"mode=1777"),
        (c"cgroup2", c"/sys/fs/cgroup", c"cgroup2", SAFE, c""),
    ] {
        // The kernel, an initrd, or the image may have done any of it before.
        let _there = file::make_directory(target, 0o755);
        let _mounted = system::mount(source, target, kind, flags, options);
    }
    // The kernel opened no console if /dev was empty.
    if file::flags(Fd::STDIN).is_err()
        && let Ok(console) = file::open(c"/dev/console", file::Open::TERMINAL, 0)
    {
        for fd in [Fd::STDIN, Fd::STDOUT, Fd::STDERR] {
            let _opened = file::duplicate(console, fd);
        }
        if console.0 > 2 {
            file::close(console);
        }
    }
    let _signal = system::power(Power::KeysSignal);
}

/// Whether this process is PID 1 of a machine: a panic, too, must know.
static IS_MACHINE: AtomicBool = AtomicBool::new(false);

pub(super) fn set_machine(is_machine: bool) {
    IS_MACHINE.store(is_machine, Ordering::Relaxed);
}

/// Ends when nothing else can be done: a container exits; a machine restarts.
pub(crate) fn give_up(code: u8) -> u8 {
    if IS_MACHINE.load(Ordering::Relaxed) {
        tell(&[b"init: this machine cannot go on; it restarts in 5 s"]);
        event::sleep(FAILURE_PAUSE);
        system::sync();
        // Should even that fail, the kernel does it when we exit.
        let _restarted = system::power(Power::Reboot);
    }
    code
}

/// The end: unmounts and turns the power off, or is the exit code.
pub(super) fn end(is_machine: bool, ending: Ending, supervisor: &Supervisor) -> u8 {
    if !is_machine {
        return ending.code;
    }
    let moves = [(supervisor.plan, inherited::PLAN)];
    if let Ok(pid) = supervisor.spawn_applet(&[c"init", c"setup", c"down"], &moves, &[]) {
        wait_a_while(supervisor, pid);
    }
    let power = match ending.kind {
        EndingKind::PowerOff => Power::Off,
        EndingKind::Reboot => Power::Reboot,
        EndingKind::Halt => Power::Halt,
    };
    // What the kernel refuses, its panic does.
    let _done = system::power(power);
    ending.code
}

fn wait_a_while(supervisor: &Supervisor, pid: i32) {
    let deadline = event::now().saturating_add(UNMOUNT_PATIENCE);
    loop {
        while let Child::Dead(dead, _) = process::next_dead() {
            process::reap(dead);
            if dead == pid {
                return;
            }
        }
        let left = deadline.saturating_sub(event::now());
        if left == 0 || event::poll(&mut [Poll::readable(supervisor.signals)], Some(left)).is_err()
        {
            return;
        }
        while signal::next(supervisor.signals).is_some() {}
    }
}

impl Supervisor {
    /// Starts the set-up of the machine; services wait for its end.
    pub(super) fn begin_setup(&mut self) {
        if self.machine.plan.steps().len() == 0 {
            return;
        }
        let moves = [(self.plan, inherited::PLAN)];
        match self.spawn_applet(&[c"init", c"setup", c"up"], &moves, &[]) {
            Ok(pid) => self.setup = pid,
            Err(error) => {
                self.say(&[b"the set-up cannot be started: ", crate::errno::name(error)]);
            }
        }
    }

    pub(super) fn setup_ended(&mut self, exit: Exit) {
        self.setup = 0;
        if exit != Exit::Code(0) {
            self.say(&[b"the set-up of the machine is not complete; going on"]);
        }
    }
}
