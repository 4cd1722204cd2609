//! `finish` and `control/t`: the end of a service, asked for or not.

use core::ffi::CStr;

use super::record::{Phase, Record};
use super::start::is_transient;
use super::{Path, STATES, command, directory, here, host};
use crate::applets::{inherited, launch, status};
use crate::machine::{is_success, pause};
use crate::names;
use crate::plan::{Field, Kind, Plan, Restart, Service, flag};
use crate::sys::event::{self, Poll};
use crate::sys::process::{self, Exit};
use crate::sys::spawn::{Group, Program, Spawn, spawn};
use crate::sys::{Arguments, Fd, Result, Word, file, signal};
use crate::text::{Buffer, tell};

/// The status of a `finish` after which s6 leaves the service down.
const STAYS_DOWN: u8 = 125;
/// Milliseconds until a start that met a shortage is tried again.
const SHORTAGE: u64 = 200;

/// What follows an end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Again,
    Done,
    Failed,
    Down,
}

/// `finish CODE SIGNAL ...`, in the service directory. Both supervisors give a code that none can
/// have to one that a signal ended: -1, or 256.
pub(in crate::applets) fn finish(arguments: &Arguments) -> u8 {
    let mut buffer = [0; 512];
    let (name, _) = directory(&mut buffer);
    let (fd, plan, index) = match here(name) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let number = |index| arguments.get(index).and_then(|word| names::decimal(word.to_bytes()));
    let exit = match number(1) {
        Some(code @ 0..=255) => Exit::Code(code as u8),
        // The wait status of runit has a bit for "core dumped".
        _ => Exit::Signal(number(2).unwrap_or(0) as u8 & 0x7f),
    };
    match conclude(fd, plan.service(index), exit, arguments) {
        Ok(Verdict::Again) => 0,
        Ok(_) => STAYS_DOWN,
        Err(error) => {
            tell(&[b"init: ", name, b": cannot judge its end: ", crate::errno::name(error)]);
            0
        }
    }
}

fn conclude(
    plan: Fd,
    service: Service<'static>,
    exit: Exit,
    arguments: &Arguments,
) -> Result<Verdict> {
    let name = service.name();
    let record = Record::of(name)?;
    if record.phase != Phase::Waiting {
        if service.has(flag::GROUP) && record.pid > 0 {
            // Usually there is nobody left.
            let _killed = signal::send(-record.pid, signal::KILL);
        }
        if service.texts(Field::AfterStop).len() > 0 {
            hook(plan, service, c"clean", 0, arguments)?;
        }
    }
    let mut verdict = Verdict::Down;
    let is_wanted = is_wanted() && !host::is_ending();
    let now = event::now();
    Record::change(name, |record| {
        verdict = judge(service, record, exit, is_wanted, now);
        record.phase = match verdict {
            Verdict::Again => Phase::Again,
            Verdict::Done => Phase::Done,
            Verdict::Failed => Phase::Failed,
            Verdict::Down => Phase::Down,
        };
        record.pid = 0;
    })?;
    if verdict == Verdict::Failed {
        let mut line = Buffer::<64>::new();
        line.put(b" ended with ").number(exit.code().into()).put(b"; it stays down");
        tell(&[b"init: ", name.to_bytes(), line.bytes()]);
    }
    if verdict != Verdict::Again {
        // s6 also heeds the exit status.
        let _down = command(name, b"d");
    }
    let is_over = match verdict {
        Verdict::Failed => true,
        Verdict::Done => service.kind() == Kind::Process,
        Verdict::Again | Verdict::Down => false,
    };
    if service.has(flag::CRITICAL) && is_over {
        end_all(exit)?;
    }
    Ok(verdict)
}

/// What the plan says about such an end: as PID 1 judges it, see `machine/conclude.rs`.
fn judge(
    service: Service<'static>,
    record: &mut Record,
    exit: Exit,
    is_wanted: bool,
    now: u64,
) -> Verdict {
    let phase = record.phase;
    record.not_before = 0;
    if !is_wanted {
        record.short_runs = 0;
        return Verdict::Down;
    }
    if phase == Phase::Waiting || record.is_asked {
        record.short_runs = 0;
        return Verdict::Again;
    }
    if matches!(exit, Exit::Code(code) if is_transient(code, phase)) {
        record.not_before = now.saturating_add(SHORTAGE);
        return Verdict::Again;
    }
    let is_good = is_success(service, exit);
    let again = match service.restart() {
        _ if is_good && service.kind() != Kind::Process => false,
        Restart::Always => true,
        Restart::OnFailure => !is_good,
        Restart::Never => false,
    };
    if !again || !is_allowed(service, record, now) {
        return if is_good && !again { Verdict::Done } else { Verdict::Failed };
    }
    let ran = now.saturating_sub(record.started);
    let (delay, short_runs) = pause(service, ran, record.short_runs as u16, now);
    record.short_runs = short_runs.into();
    record.not_before = now.saturating_add(delay);
    Verdict::Again
}

fn is_allowed(service: Service<'static>, record: &mut Record, now: u64) -> bool {
    let (count, within) = (service.get(Field::BurstCount), service.get(Field::BurstWithin));
    if now.saturating_sub(record.burst_since) > u64::from(within) {
        record.burst_since = now;
        record.burst = 0;
    }
    record.burst = record.burst.saturating_add(1);
    count == 0 || record.burst <= count.into()
}

/// Whether the supervisor would start the service again: what its status file says.
fn is_wanted() -> bool {
    let mut bytes = [0; 64];
    let Ok(mut fd) = file::open(c"supervise/status", file::Open::READ, 0) else { return true };
    let count = file::read_all(fd, &mut bytes).unwrap_or(0);
    fd.close();
    match bytes.get(..count).unwrap_or_default() {
        // runit: a time of 12 bytes, the process, "paused", what is wanted, and more.
        [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, want, _, _] => *want != b'd',
        // s6: two times, numbers, and at the end flags, of which 4 is "up is wanted".
        [.., flags] => flags & 4 != 0,
        [] => true,
    }
}

/// Ends everything with the status of a critical service; the first one counts.
fn end_all(exit: Exit) -> Result<()> {
    let path = Path::new(&[STATES.to_bytes(), b"/.code"]);
    let path = path.text()?;
    if !file::exists(path) {
        host::put(path, &[exit.code()])?;
    }
    signal::send(host::leader(), signal::TERM)
}

/// `control/t`: asks the service to stop as its plan says. With 0, runit sends nothing itself.
pub(in crate::applets) fn ask(arguments: &Arguments) -> u8 {
    let mut buffer = [0; 512];
    let (name, _) = directory(&mut buffer);
    let Ok((fd, plan, index)) = here(name) else { return 1 };
    let service = plan.service(index);
    match stop(fd, plan, service, arguments) {
        Ok(true) => 0,
        Ok(false) | Err(_) => status::USAGE,
    }
}

fn stop(
    fd: Fd,
    _: Plan<'static>,
    service: Service<'static>,
    arguments: &Arguments,
) -> Result<bool> {
    let mut record = Record::of(service.name())?;
    if record.phase == Phase::Waiting || record.pid <= 0 {
        return Ok(false);
    }
    Record::change(service.name(), |current| {
        current.is_asked = true;
        record = *current;
    })?;
    let process = process::open(record.pid)?;
    let deadline = event::now().saturating_add(service.get(Field::StopTimeout).into());
    if service.texts(Field::StopCommand).len() > 0 {
        hook(fd, service, c"ask", record.pid, arguments)?;
    } else {
        signal::send(record.pid, service.get(Field::StopSignal))?;
    }
    let _continued = signal::send_group(record.pid, signal::CONT);
    loop {
        let left = deadline.saturating_sub(event::now());
        if event::poll(&mut [Poll::readable(process)], Some(left))? > 0 {
            return Ok(true);
        }
        if left == 0 {
            tell(&[b"init: ", service.name().to_bytes(), b" did not stop in time, and is killed"]);
            signal::send_group(record.pid, signal::KILL)?;
            return Ok(true);
        }
    }
}

/// Runs another command of the service, and waits for it.
fn hook(
    plan: Fd,
    service: Service<'static>,
    purpose: &CStr,
    pid: i32,
    arguments: &Arguments,
) -> Result<()> {
    let mut digits = Buffer::<16>::new();
    digits.number(u64::from(pid.cast_unsigned())).put(b"\0");
    let pid = crate::sys::c_string(digits.bytes()).unwrap_or(c"0");
    let words = [c"init", c"launch", launch::INHERITED, service.name(), purpose, pid];
    let mut argv = [Word::END; 7];
    for (place, word) in argv.iter_mut().zip(words) {
        *place = Word::from(word);
    }
    let child = spawn(&Spawn {
        program: Program::Path(c"/proc/self/exe"),
        argv: &argv,
        envp: arguments.environment(),
        moves: &[(plan, inherited::PLAN)],
        keep: &[],
        files: None,
        group: Group::Session,
    })?;
    process::wait_for(child).map(drop)
}
