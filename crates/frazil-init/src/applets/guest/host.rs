//! `under`: the first process of a system whose services another supervisor runs.
//!
//! It makes what the supervisor needs below /run, which an image cannot have. s6-svscan is a good
//! PID 1, so we become it, and it calls us for signals and for its end. runsvdir is none (it leaves
//! without stopping anything, and reaps late), so it is our child.

use core::ffi::CStr;

use super::record::Record;
use super::stop::{self, Stop};
use super::{Path, SCAN, STATES, load};
use crate::applets::{PLAN_PATH, status};
use crate::errno;
use crate::plan::Plan;
use crate::sys::event::{self, Poll};
use crate::sys::process::{self, Child};
use crate::sys::spawn::{Group, Program, Spawn, spawn};
use crate::sys::{Arguments, Errno, Fd, Result, Word, file, signal};
use crate::text::tell;

/// Where images have the service directories of each supervisor.
const TEMPLATES: &[(&[u8], &CStr)] = &[(b"runit", c"/etc/sv"), (b"s6", c"/etc/s6/sv")];
/// What a service directory may hold.
const FILES: &[&[u8]] = &[
    b"run",
    b"finish",
    b"down",
    b"notification-fd",
    b"down-signal",
    b"timeout-kill",
    b"timeout-finish",
    b"control/t",
    b"log/run",
];
/// What the scan directory of s6 holds besides services.
const SCAN_FILES: &[&[u8]] = &[
    b"finish",
    b"crash",
    b"SIGTERM",
    b"SIGINT",
    b"SIGHUP",
    b"SIGQUIT",
    b"SIGUSR1",
    b"SIGUSR2",
    b"SIGPWR",
    b"SIGWINCH",
];
/// Milliseconds until a supervisor that has ended is started again.
const PAUSE: u64 = 1000;
/// Milliseconds that supervisors and loggers have for their own end.
const LAST: u64 = 1000;

/// `under runit|s6 PROGRAM`.
pub(in crate::applets) fn under(arguments: &Arguments) -> u8 {
    let (kind, program) = (arguments.get(2).unwrap_or_default(), arguments.get(3));
    let template = TEMPLATES.iter().find(|(name, _)| *name == kind.to_bytes());
    let (Some((_, template)), Some(program)) = (template, program) else {
        tell(&[b"usage: init under runit|s6 PROGRAM"]);
        return status::USAGE;
    };
    let (_, plan) = match load(PLAN_PATH) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let is_first = process::id() == 1;
    if !is_first {
        // Older kernels cannot; then orphans go to whoever is PID 1.
        let _adopts = process::adopt_orphans();
    }
    if let Err(error) = make_all(plan, template) {
        let reason = errno::name(error);
        tell(&[b"init: ", kind.to_bytes(), b" needs a /run that can be written: ", reason]);
        return status::CANNOT_EXECUTE;
    }
    let argv = [Word::from(program), Word::from(SCAN), Word::END];
    let result = if kind == c"s6" {
        signal::unblock_all();
        Err(process::execute(program, &argv, arguments.environment()))
    } else {
        Host { plan, program, argv: &argv, is_first }.work(arguments)
    };
    result.unwrap_or_else(|error| {
        tell(&[b"init: cannot execute ", program.to_bytes(), b": ", errno::name(error)]);
        status::CANNOT_EXECUTE
    })
}

/// Makes the records' directory, and copies the service directories.
fn make_all(plan: Plan<'static>, template: &CStr) -> Result<()> {
    for path in [c"/run", STATES, SCAN] {
        make(path)?;
    }
    for service in plan.services() {
        // Those of an earlier life of the container.
        let record = Path::new(&[STATES.to_bytes(), b"/", service.name().to_bytes()]);
        let _removed = file::remove(record.text()?);
        copy(template, service.name().to_bytes(), FILES)?;
    }
    let code = Path::new(&[STATES.to_bytes(), b"/.code"]);
    let _removed = file::remove(code.text()?);
    let ending = Path::new(&[STATES.to_bytes(), b"/.ending"]);
    let _removed = file::remove(ending.text()?);
    copy(template, b".s6-svscan", SCAN_FILES)?;
    let leader = Path::new(&[STATES.to_bytes(), b"/.leader"]);
    put(leader.text()?, &process::id().to_le_bytes())?;
    // runsvdir does not look at a directory that was changed within the last second.
    file::set_old(SCAN)
}

/// Makes a directory unless it is there.
pub(super) fn make(path: &CStr) -> Result<()> {
    match file::make_directory(path, 0o755) {
        Err(Errno::EXIST) => Ok(()),
        result => result,
    }
}

/// Copies the files and links of a directory that are there.
fn copy(template: &CStr, name: &[u8], files: &[&[u8]]) -> Result<()> {
    for found in files {
        let source = Path::new(&[template.to_bytes(), b"/", name, b"/", found]);
        let target = Path::new(&[SCAN.to_bytes(), b"/", name, b"/", found]);
        let (source, target) = (source.text()?, target.text()?);
        let mut buffer = [0; 512];
        let link = file::read_link(source, &mut buffer);
        if link == Err(Errno::NOENT) {
            continue;
        }
        for end in [SCAN.to_bytes().len() + 1 + name.len(), target.to_bytes().len()] {
            let parent = target.to_bytes().get(..end).unwrap_or_default();
            let last = parent.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            let parent = if end == target.to_bytes().len() {
                parent.get(..last).unwrap_or_default()
            } else {
                parent
            };
            make(Path::new(&[parent]).text()?)?;
        }
        // Left there by an earlier life of this container.
        let _removed = file::remove(target);
        if let Ok(link) = link {
            file::link_symbolically(Path::new(&[link]).text()?, target)?;
        } else {
            let mut from = file::open(source, file::Open::READ, 0)?;
            let count = file::read_all(from, &mut buffer);
            from.close();
            put(target, buffer.get(..count?).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// Writes a small file.
pub(super) fn put(path: &CStr, bytes: &[u8]) -> Result<()> {
    let mut fd = file::open(path, file::Open::REPLACE, 0o644)?;
    let written = file::write_all(fd, bytes);
    fd.close();
    written
}

fn get<const N: usize>(name: &[u8]) -> Option<[u8; N]> {
    let path = Path::new(&[STATES.to_bytes(), b"/", name]);
    let mut bytes = [0; N];
    let mut fd = file::open(path.text().ok()?, file::Open::READ, 0).ok()?;
    let count = file::read_all(fd, &mut bytes);
    fd.close();
    (count == Ok(N)).then_some(bytes)
}

/// The first process of the system.
pub(super) fn leader() -> i32 {
    get(b".leader").map_or(1, i32::from_le_bytes)
}

/// Whether the end of the system has begun.
pub(super) fn is_ending() -> bool {
    get::<1>(b".ending").is_some()
}

/// The exit code that a critical service has left.
fn code() -> u8 {
    let [code] = get(b".code").unwrap_or([0]);
    code
}

fn begin_end() -> Result<()> {
    put(Path::new(&[STATES.to_bytes(), b"/.ending"]).text()?, &[1])
}

/// Passes a signal on to the services that want it.
fn pass(plan: Plan<'static>, number: u32) -> bool {
    let mut is_wanted = false;
    for service in plan.services() {
        for (_, to) in service.signals().filter(|(from, _)| *from == number) {
            is_wanted = true;
            let record = Record::of(service.name());
            if let Ok(record) = record.as_ref()
                && record.pid > 0
            {
                let _sent = signal::send(record.pid, to);
            }
        }
    }
    is_wanted
}

/// PID 1 above runsvdir.
struct Host<'a> {
    plan: Plan<'static>,
    program: &'static CStr,
    argv: &'a [Word<'a>],
    is_first: bool,
}

impl Host<'_> {
    fn work(&self, arguments: &Arguments) -> Result<u8> {
        signal::block_all();
        signal::reset_all();
        let signals = signal::descriptor()?;
        let mut child = self.start(arguments)?;
        let mut due = None;
        let mut stop = None::<Stop>;
        loop {
            while let Some(number) = signal::next(signals) {
                if number == signal::CHLD || pass(self.plan, number) {
                } else if self.plan.ends_on(number) {
                    match &mut stop {
                        Some(stop) => stop.hurry(),
                        None => stop = Some(self.begin_stop(child)?),
                    }
                }
            }
            let is_gone = reap(child);
            if is_gone && stop.is_none() {
                child = 0;
                due = Some(event::now().saturating_add(PAUSE));
            }
            if let Some(stop) = &mut stop {
                if stop.step()? || stop.is_hopeless() {
                    return Ok(self.end(signals));
                }
            } else if due.is_some_and(|due| event::now() >= due) {
                (child, due) = (self.start(arguments)?, None);
            }
            let limit = match (&stop, due) {
                (Some(_), _) => Some(stop::STEP),
                (None, due) => due.map(|due| due.saturating_sub(event::now())),
            };
            event::poll(&mut [Poll::readable(signals)], limit)?;
        }
    }

    fn start(&self, arguments: &Arguments) -> Result<i32> {
        spawn(&Spawn {
            program: Program::Path(self.program),
            argv: self.argv,
            envp: arguments.environment(),
            moves: &[],
            keep: &[],
            files: None,
            group: Group::Session,
        })
    }

    /// Lets no new service be found; those that are there go on until they are stopped.
    fn begin_stop(&self, child: i32) -> Result<Stop> {
        begin_end()?;
        if child > 0 {
            // It may just have ended.
            let _killed = signal::send(child, signal::KILL);
        }
        Stop::new(self.plan)
    }

    /// Ends the supervisors and the loggers; the exit code.
    fn end(&self, signals: Fd) -> u8 {
        for service in self.plan.services() {
            // Who is not supervised need not be told.
            let _told = super::command(service.name(), b"x");
        }
        drain(signals, self.is_first);
        code()
    }
}

/// Reaps all that have ended; whether this child is among them.
fn reap(child: i32) -> bool {
    let mut is_gone = false;
    while let Child::Dead(pid, _) = process::next_dead() {
        process::reap(pid);
        is_gone |= pid == child;
    }
    is_gone
}

/// Waits until nobody is left; whom PID 1 finds then, it kills.
fn drain(signals: Fd, is_first: bool) {
    let deadline = event::now().saturating_add(LAST);
    loop {
        match process::next_dead() {
            Child::Dead(pid, _) => {
                process::reap(pid);
                continue;
            }
            Child::NoChildren => return,
            Child::None => {}
        }
        let left = deadline.saturating_sub(event::now());
        if left == 0 {
            break;
        }
        // A failure to wait makes it look again at once.
        let _woken = event::poll(&mut [Poll::readable(signals)], Some(left));
        while signal::next(signals).is_some() {}
    }
    if is_first {
        let _killed = signal::send(-1, signal::KILL);
    }
}

/// `.s6-svscan/SIGNAL`: what s6-svscan was sent.
pub(in crate::applets) fn signal_of_scan(name: &[u8]) -> u8 {
    let Some(number) = crate::names::signal(name) else { return status::USAGE };
    let (_, plan) = match load(PLAN_PATH) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    if pass(plan, number) || !plan.ends_on(number) {
        return 0;
    }
    let is_second = is_ending();
    let stopped = begin_end().and_then(|()| Stop::new(plan)).and_then(|mut stop| {
        if is_second {
            stop.hurry();
        }
        while !stop.step()? && !stop.is_hopeless() && !is_second {
            event::sleep(stop::STEP);
        }
        Ok(())
    });
    if is_second {
        // The first one goes on, and finds everybody killed.
        return 0;
    }
    let told = Path::new(&[SCAN.to_bytes(), b"/.s6-svscan/control"])
        .text()
        .and_then(|path| file::open(path, file::Open::WRITE_NONBLOCK, 0))
        .and_then(|fd| file::write_all(fd, b"t"));
    if stopped.is_ok() && told.is_ok() { 0 } else { status::AGAIN }
}

/// `.s6-svscan/finish`: what s6-svscan becomes at its end; the exit code of the system.
pub(in crate::applets) fn end_of_scan() -> u8 {
    signal::block_all();
    if let Ok(signals) = signal::descriptor() {
        drain(signals, process::id() == 1);
    }
    code()
}
