//! `initctl`: asks PID 1, and shows what it answers.

mod client;
mod show;

use core::ffi::CStr;

use crate::applets::{PLAN_PATH, status, supervise};
use crate::control::{Answer, Request, Verb};
use crate::names;
use crate::plan::{self, Field};
use crate::sys::event;
use crate::sys::{Arguments, Errno, Fd, file};
use crate::text::tell;
use client::Client;

const USAGE: &[u8] = b"usage: initctl [--socket PATH] VERB\n\
    \n\
    \x20 status [--json] [NAME]         what services do\n\
    \x20 start | stop | restart NAME    and wait until that is done\n\
    \x20 signal SIGNAL NAME             send a signal to a service\n\
    \x20 wait ready | stopped NAME      wait for a service\n\
    \x20 wait boot                      wait until everything is up\n\
    \x20 healthy                        whether everything is up and healthy\n\
    \x20 logs [--follow] NAME           the log file of a service\n\
    \x20 reload                         take over the plan as it is now\n\
    \x20 poweroff | reboot | halt | exit CODE\n\
    \n\
    options: --root DIRECTORY, --timeout SECONDS, --no-wait; exit status: 0 done, 1 no or failed, 2 usage";

/// Milliseconds that the control socket may take to appear.
const SOCKET_PATIENCE: u64 = 5000;

/// What was asked for.
struct Options<'a> {
    socket: Option<&'a CStr>,
    timeout: Option<u64>,
    is_json: bool,
    waits: bool,
    follows: bool,
    words: [Option<&'a CStr>; 3],
}

pub(super) fn run(arguments: &Arguments, first: usize) -> u8 {
    let Some(options) = parse(arguments, first) else {
        tell(&[USAGE]);
        return status::USAGE;
    };
    let word = |index: usize| options.words.get(index).copied().flatten().map(CStr::to_bytes);
    let name = word(1).unwrap_or_default();
    let number = |digits: Option<&[u8]>| digits.and_then(names::decimal);
    let verb = word(0).unwrap_or_default();
    if verb == b"logs" && !name.is_empty() {
        return logs(name, options.follows);
    }
    let request = match (verb, name) {
        (b"status" | b"list", _) => return show::status(&options, name),
        (b"start", [_, ..]) => (Verb::Start, 0, name),
        (b"stop", [_, ..]) => (Verb::Stop, 0, name),
        (b"restart", [_, ..]) => (Verb::Restart, 0, name),
        (b"signal", [_, ..]) => match (names::signal(name), word(2)) {
            (Some(number), Some(service)) => (Verb::Signal, number, service),
            _ => return usage(),
        },
        (b"wait", b"ready") => (Verb::WaitReady, 0, word(2).unwrap_or_default()),
        (b"wait", b"stopped") => (Verb::WaitStopped, 0, word(2).unwrap_or_default()),
        (b"wait", b"boot") => (Verb::WaitBoot, 0, &b""[..]),
        (b"healthy", b"") => (Verb::Healthy, 0, name),
        (b"reload", b"") => (Verb::Reload, 0, name),
        (b"poweroff", b"") => (Verb::PowerOff, 0, name),
        (b"reboot", b"") => (Verb::Reboot, 0, name),
        (b"halt", b"") => (Verb::Halt, 0, name),
        (b"exit", _) => match number(word(1)).filter(|code| *code < 256) {
            Some(code) => (Verb::Exit, code, &b""[..]),
            None => return usage(),
        },
        _ => return usage(),
    };
    let (verb, number, name) = request;
    ask(&options, Request { verb, number, name })
}

fn usage() -> u8 {
    tell(&[USAGE]);
    status::USAGE
}

fn parse(arguments: &Arguments, first: usize) -> Option<Options<'_>> {
    let mut options = Options {
        socket: None,
        timeout: None,
        is_json: false,
        waits: true,
        follows: false,
        words: [None; 3],
    };
    let mut index = first;
    let mut words = options.words.iter_mut();
    while let Some(argument) = arguments.get(index) {
        index += 1;
        match argument.to_bytes() {
            b"--json" => options.is_json = true,
            b"--no-wait" => options.waits = false,
            b"--follow" | b"-f" => options.follows = true,
            b"--socket" => {
                options.socket = Some(arguments.get(index)?);
                index += 1;
            }
            b"--root" => {
                file::enter_root(arguments.get(index)?).ok()?;
                index += 1;
            }
            b"--timeout" => {
                let seconds =
                    arguments.get(index).and_then(|text| names::decimal(text.to_bytes()))?;
                options.timeout = Some(u64::from(seconds) * 1000);
                index += 1;
            }
            [b'-', ..] => return None,
            _ => *words.next()? = Some(argument),
        }
    }
    Some(options)
}

/// Asks, and waits for what is asked to have happened.
fn ask(options: &Options<'_>, request: Request<'_>) -> u8 {
    let deadline = options.timeout.map(|time| event::now().saturating_add(time));
    let waits = matches!(request.verb, Verb::WaitReady | Verb::WaitStopped | Verb::WaitBoot);
    let Some(mut client) = connect(options.socket, waits, deadline) else {
        tell(&[b"initctl: PID 1 cannot be reached"]);
        return 1;
    };
    let answer = client.ask(request, deadline);
    let follow_up = if matches!(request.verb, Verb::Start | Verb::Restart) {
        Some(Verb::WaitReady)
    } else {
        (request.verb == Verb::Stop).then_some(Verb::WaitStopped)
    };
    let answer = match (answer, follow_up.filter(|_| options.waits)) {
        (Some(Answer::Done), Some(verb)) => client.ask(Request { verb, ..request }, deadline),
        (answer, _) => answer,
    };
    let complaint: &[u8] = match answer {
        Some(Answer::Done) => return 0,
        Some(Answer::Unknown) => b"there is no such service",
        Some(Answer::Ending) => b"the system is ending",
        Some(Answer::No) if request.verb == Verb::Healthy => return 1,
        Some(Answer::No) => b"that cannot be done",
        Some(Answer::Vain) => b"it has failed, or is not wanted",
        None => b"no answer in time",
    };
    tell(&[
        b"initctl: ",
        request.name,
        if request.name.is_empty() { b"" } else { b": " },
        complaint,
    ]);
    1
}

/// Connects to PID 1. Who asks to wait may have come before its socket.
fn connect(socket: Option<&CStr>, waits: bool, deadline: Option<u64>) -> Option<Client> {
    let end = deadline.unwrap_or_else(|| event::now().saturating_add(SOCKET_PATIENCE));
    loop {
        let client = Client::connect(socket);
        if client.is_some() || !waits || event::now() >= end {
            return client;
        }
        event::sleep(10);
    }
}

/// Shows the log file of a service; who logs elsewhere is read elsewhere.
fn logs(name: &[u8], follows: bool) -> u8 {
    let plan = supervise::load(PLAN_PATH).ok().and_then(|(_, bytes)| plan::read(bytes).ok());
    let service = plan.and_then(|plan| Some(plan.service(plan.find(name)?)));
    let path = service.map(|service| service.text(Field::LogPath)).filter(|path| !path.is_empty());
    let Some(path) = path else {
        tell(&[b"initctl: ", name, b" has no log file; see the output of the container"]);
        return 1;
    };
    let Ok(fd) = file::open(path, file::Open::READ, 0) else {
        tell(&[b"initctl: cannot open ", path.to_bytes()]);
        return 1;
    };
    let mut buffer = [0_u8; 4096];
    loop {
        match file::read(fd, &mut buffer) {
            Ok(0) if follows => event::sleep(200),
            Ok(0) => return 0,
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default();
                if file::write_all(Fd::STDOUT, bytes).is_err() {
                    return 1;
                }
            }
            Err(Errno::INTR) => {}
            Err(_) => return 1,
        }
    }
}
