//! `run` and `launch`: the start of a service that another supervisor asked for.

use super::record::{Lock, Phase, Record};
use super::{STATES, command, directory, here, load, watch};
use crate::applets::launch::execute_inherited;
use crate::applets::{inherited, logger, status, supervise};
use crate::names;
use crate::plan::{LogKind, Plan, ProbeKind, Service, flag};
use crate::sys::event::{self, Poll};
use crate::sys::{Arguments, Errno, Fd, Result, file, process, signal, socket};
use crate::text::tell;

/// The descriptor on which s6 is told of readiness: what `notification-fd` says.
const S6_NOTIFICATION: Fd = Fd(3);
/// Milliseconds between attempts to reach a supervisor that has not begun yet.
const RETRY: u64 = 20;

/// The `run` of a service directory, or of the `log` in one.
pub(in crate::applets) fn run(arguments: &Arguments) -> u8 {
    let mut buffer = [0; 512];
    let (name, above) = directory(&mut buffer);
    let mut producer = [0; names::NAME_MAX];
    let producer = content(c"data/log-of", &mut producer);
    let is_log = name == b"log" || !producer.is_empty();
    let name = if name == b"log" { above } else { name };
    let (fd, plan, index) = match here(if producer.is_empty() { name } else { producer }) {
        Ok(found) => found,
        Err(code) => return code,
    };
    if is_log {
        return logger::run_one(plan, index);
    }
    let service = plan.service(index);
    signal::reset_all();
    signal::unblock_all();
    if let Err(error) = wait_for_turn(plan, service) {
        let (name, reason) = (service.name().to_bytes(), crate::errno::name(error));
        tell(&[b"init: ", name, b": cannot wait for its turn: ", reason]);
        return status::AGAIN;
    }
    let outward = if file::exists(c"notification-fd") { S6_NOTIFICATION } else { Fd::NONE };
    let leader = super::host::leader();
    become_service(fd, service, arguments, Start { outward, leader, is_watched: true })
}

/// What a small file says.
fn content<'b>(path: &core::ffi::CStr, buffer: &'b mut [u8]) -> &'b [u8] {
    let Ok(mut fd) = file::open(path, file::Open::READ, 0) else { return &[] };
    let count = file::read_all(fd, buffer).unwrap_or(0);
    fd.close();
    buffer.get(..count).unwrap_or_default()
}

/// `logd --one PLAN NAME`: the log of one service, from standard input.
pub(in crate::applets) fn log(arguments: &Arguments) -> u8 {
    let (Some(path), Some(name)) = (arguments.get(3), arguments.get(4)) else {
        return status::USAGE;
    };
    match load(path) {
        Ok((_, plan)) => match plan.find(name.to_bytes()) {
            Some(index) => logger::run_one(plan, index),
            None => status::USAGE,
        },
        Err(code) => code,
    }
}

/// `launch [--ready FD] PLAN NAME`, by anybody.
pub(in crate::applets) fn launch(arguments: &Arguments) -> u8 {
    let (outward, first) = match (arguments.get(2), arguments.get(3)) {
        (Some(word), Some(number)) if word == c"--ready" => {
            (names::decimal(number.to_bytes()).map_or(Fd::NONE, |number| Fd(number as i32)), 4)
        }
        _ => (Fd::NONE, 2),
    };
    let (Some(path), Some(name)) = (arguments.get(first), arguments.get(first + 1)) else {
        tell(&[b"usage: init launch [--ready FD] PLAN NAME"]);
        return status::USAGE;
    };
    let (fd, plan) = match load(path) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let Some(index) = plan.find(name.to_bytes()) else {
        tell(&[b"init: no such service: ", name.to_bytes()]);
        return status::USAGE;
    };
    let service = plan.service(index);
    let is_told = service.ready().kind() != ProbeKind::None;
    let is_watched = outward.is_some() || is_told || service.is_probed();
    let leader = process::parent();
    become_service(fd, service, arguments, Start { outward, leader, is_watched })
}

/// How a supervisor wants a service started.
struct Start {
    /// Takes a newline when the service is ready.
    outward: Fd,
    /// Whom to ask for the end of all.
    leader: i32,
    is_watched: bool,
}

/// Makes what PID 1 gives to its launcher otherwise, and goes on as that.
fn become_service(plan: Fd, service: Service<'static>, arguments: &Arguments, how: Start) -> u8 {
    match connect(plan, service, arguments, &how) {
        Ok(()) => execute_inherited(service, arguments),
        Err(error) => {
            let (name, reason) = (service.name().to_bytes(), crate::errno::name(error));
            tell(&[b"init: ", name, b": cannot prepare its start: ", reason]);
            status::AGAIN
        }
    }
}

fn connect(plan: Fd, service: Service<'static>, arguments: &Arguments, how: &Start) -> Result<()> {
    let free = inherited::FIRST_FREE;
    let plan = file::duplicate_above(plan, free)?;
    let outward = if how.outward.is_some() && file::flags(how.outward).is_ok() {
        file::duplicate_above(how.outward, free)?
    } else {
        Fd::NONE
    };
    supervise::reserve_descriptors();
    // It leads one already below supervisors that make one.
    let _leads = process::new_session();
    redirect(service)?;
    let (status, status_sink) = file::pipe(true)?;
    let (notes, notes_sink) = file::pipe(true)?;
    let notify = if service.ready().kind() == ProbeKind::Notify {
        let socket = socket::socket(socket::UNIX, socket::DATAGRAM)?;
        socket::bind_anywhere(socket)?;
        socket
    } else {
        Fd::NONE
    };
    // The service may not expect that writing fails for the moment.
    file::set_flags(notes_sink, 1)?;
    if how.is_watched {
        let moves = [
            (plan, inherited::PLAN),
            (status, inherited::STATUS),
            (notes, inherited::NOTES),
            (notes_sink, Fd(free - 1)),
            (notify, inherited::NOTIFY),
        ];
        let count = if notify.is_some() { 5 } else { 4 };
        let moves = moves.get(..count).unwrap_or_default();
        watch::start(service, arguments, moves, outward, how.leader)?;
    }
    for (from, to) in [
        (plan, inherited::PLAN),
        (status_sink, inherited::STATUS),
        (notes_sink, inherited::NOTES),
        (notify, inherited::NOTIFY),
    ] {
        if from.is_some() {
            file::duplicate(from, to)?;
        }
    }
    Ok(())
}

/// Input and output as declared; the supervisor has given what leads to the log.
fn redirect(service: Service<'static>) -> Result<()> {
    let null = file::open(c"/dev/null", file::Open::TERMINAL, 0)?;
    if !service.has(flag::STDIN) {
        file::duplicate(null, Fd::STDIN)?;
    }
    match service.log() {
        LogKind::Inherit => {}
        LogKind::Null => {
            file::duplicate(null, Fd::STDOUT)?;
            file::duplicate(null, Fd::STDERR)?;
        }
        LogKind::Prefix | LogKind::Json | LogKind::File | LogKind::Syslog => {
            file::duplicate(Fd::STDOUT, Fd::STDERR)?;
        }
    }
    file::close(null);
    Ok(())
}

/// Waits for the pause after the last run, and for what the service needs; then it is starting.
fn wait_for_turn(plan: Plan<'static>, service: Service<'static>) -> Result<()> {
    let name = service.name();
    let mut not_before = 0;
    super::host::make(STATES)?;
    Record::change(name, |record| {
        record.phase = Phase::Waiting;
        record.pid = process::id();
        record.is_asked = false;
        not_before = record.not_before;
    })?;
    let pause = not_before.saturating_sub(event::now());
    if pause > 0 {
        event::sleep(pause);
    }
    let notices = file::watch_directory(STATES)?;
    // s6-rc keeps the order itself.
    while !file::exists(c"data/ordered") {
        let is_asked = ask_for(plan, service)?;
        if is_due(plan, service)? {
            break;
        }
        // Nobody may be there yet to be asked for something.
        let limit = (!is_asked).then_some(RETRY);
        event::poll(&mut [Poll::readable(notices)], limit)?;
        match file::read(notices, &mut [0; 4096]) {
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    file::close(notices);
    Record::change(name, |record| {
        record.phase = Phase::Starting;
        record.started = event::now();
    })
}

/// Asks for those that nobody has started; whether all could be asked.
fn ask_for(plan: Plan<'static>, service: Service<'static>) -> Result<bool> {
    let mut could = true;
    for index in service.requires().chain(service.wants()) {
        let other = plan.service(index);
        let phase = Record::of(other.name())?.phase;
        if other.has(flag::DISABLED) && matches!(phase, Phase::Unknown | Phase::Down) {
            could &= command(other.name(), b"u").is_ok();
        }
    }
    Ok(could)
}

/// Whether everything that is waited for has come.
fn is_due(plan: Plan<'static>, service: Service<'static>) -> Result<bool> {
    let lock = Lock::take()?;
    let phase = |index: usize| Record::read(&lock, plan.service(index).name()).phase;
    let is_settled = |phase| matches!(phase, Phase::Up | Phase::Done | Phase::Failed | Phase::Down);
    let is_idle =
        |index: usize| plan.service(index).has(flag::DISABLED) && phase(index) == Phase::Unknown;
    Ok(service.requires().all(|index| matches!(phase(index), Phase::Up | Phase::Done))
        && service.wants().all(|index| is_settled(phase(index)))
        && service.after().all(|index| is_settled(phase(index)) || is_idle(index)))
}

/// Whether a launch ended for want of something that comes back.
pub(super) fn is_transient(code: u8, phase: Phase) -> bool {
    code == status::AGAIN && phase == Phase::Starting
}
