//! `launch`: prepares and executes one service, for PID 1; for other supervisors, see `guest`.
//!
//! Everything that can block or fail in a way of its own happens here, in the process that becomes
//! the service. An error is told on standard error, which is the service's log, and as a number on
//! the status pipe; the exit status says whether another attempt can help.

mod environment;
mod identity;
mod nodes;
mod values;

use core::ffi::CStr;

use crate::applets::{guest, inherited, status};
use crate::errno;
use crate::plan::{Field, Plan, ProbeKind, Service, flag};
use crate::sys::process::{self, Limit};
use crate::sys::spawn::{Group, Program, Spawn, spawn};
use crate::sys::{Arguments, Errno, Fd, Result, Word, file, memory};
use crate::text::{Buffer, tell};
pub(crate) use environment::Environment;
pub(crate) use nodes::make_directories;
pub(crate) use values::{Arena, command};

/// What went wrong: what was being done, with what, and the kernel's reason.
pub(crate) struct Failure {
    action: &'static str,
    subject: &'static CStr,
    error: Errno,
    /// The exit status of a command, if that was what failed.
    status: u8,
}

impl Failure {
    pub(crate) fn new(action: &'static str, subject: &'static CStr, error: Errno) -> Self {
        Self { action, subject, error, status: 0 }
    }

    /// Whether it is a command that exited so.
    pub(crate) fn is_status(&self, status: u8) -> bool {
        self.status == status
    }

    /// The exit status that tells it: that of the command, if one failed.
    pub(crate) fn code(&self) -> u8 {
        match (self.status, self.error) {
            (0, Errno::NOENT) => status::NOT_FOUND,
            (0, _) => status::CANNOT_EXECUTE,
            (status, _) => status,
        }
    }

    pub(crate) fn tell(&self, name: &CStr) {
        let reason = errno::name(self.error);
        let action = self.action.as_bytes();
        let subject = self.subject.to_bytes();
        tell(&[b"init: ", name.to_bytes(), b": cannot ", action, b" ", subject, b": ", reason]);
    }
}

/// Attaches what was being done to an error.
pub(crate) trait During<T> {
    fn during(self, action: &'static str, subject: &'static CStr) -> Step<T>;
}

impl<T> During<T> for Result<T> {
    fn during(self, action: &'static str, subject: &'static CStr) -> Step<T> {
        self.map_err(|error| Failure::new(action, subject, error))
    }
}

/// What a step of a launch gives.
pub(crate) type Step<T> = core::result::Result<T, Failure>;

/// The first argument where PID 1's descriptors are there.
pub(crate) const INHERITED: &CStr = c"--inherited";

/// `launch --inherited NAME PURPOSE PID`, by PID 1; other supervisors say something else.
pub(super) fn run(arguments: &Arguments) -> u8 {
    if arguments.get(2) != Some(INHERITED) {
        return guest::launch(arguments);
    }
    let name = arguments.get(3).unwrap_or_default();
    let plan = match memory::sealed(inherited::PLAN) {
        Ok(bytes) => Plan::trust(bytes),
        Err(_) => return status::PLAN,
    };
    let Some(service) = plan.find(name.to_bytes()).map(|index| plan.service(index)) else {
        return status::PLAN;
    };
    let launch = Launch { service, arguments };
    match arguments.get(4).map(CStr::to_bytes) {
        Some(b"ask") => launch.command(Field::StopCommand, arguments.get(5)),
        Some(b"clean") => launch.command(Field::AfterStop, None),
        _ => launch.start(),
    }
}

/// Starts a service where PID 1's descriptors are there, whoever has put them there.
pub(super) fn execute_inherited(service: Service<'static>, arguments: &Arguments) -> u8 {
    Launch { service, arguments }.start()
}

struct Launch<'a> {
    service: Service<'static>,
    arguments: &'a Arguments,
}

impl Launch<'_> {
    fn start(&self) -> u8 {
        if self.is_done() {
            return 0;
        }
        let mut sink = inherited::STATUS;
        if self.service.ready().number() == sink.0.cast_unsigned() {
            // The service wants to tell its readiness there.
            sink = file::duplicate_above(sink, inherited::FIRST_FREE).unwrap_or(Fd::NONE);
        }
        let Err(failure) = self.execute();
        failure.tell(self.service.name());
        let error = failure.error;
        // PID 1 sees the exit status in any case.
        let _told = file::write(sink, &error.0.to_le_bytes());
        if error.is_transient() {
            status::AGAIN
        } else if error == Errno::NOENT {
            status::NOT_FOUND
        } else {
            status::CANNOT_EXECUTE
        }
    }

    /// Whether what the service would make is there already.
    fn is_done(&self) -> bool {
        let path = self.service.text(Field::Unless);
        if path.is_empty() {
            return false;
        }
        let Ok(mut found) = file::open(path, file::Open::READ, 0) else { return false };
        found.close();
        true
    }

    fn execute(&self) -> Step<core::convert::Infallible> {
        let service = self.service;
        let mut arena = Arena::new(self.arguments).during("get memory for", c"the environment")?;
        let mut environment = Environment::new(&mut arena, service, self.arguments)?;
        nodes::make_all(&mut arena, service)?;
        for command in service.commands(Field::BeforeStart) {
            let argv = values::command(&mut arena, command)?;
            run_and_wait(argv, environment.words())?;
        }
        self.connect(&mut arena, &mut environment)?;
        let argv = values::command(&mut arena, service.texts(Field::Command))?;
        for (resource, soft, hard) in service.limits() {
            process::set_limit(resource, Limit { soft, hard }).during("set", c"a limit")?;
        }
        self.prepare()?;
        identity::assume(service)?;
        let program = argv.first().map_or(c"", |word| word.text());
        Err(process::execute(program, argv, environment.words())).during("execute", program)
    }

    /// Connects the service with what it tells its readiness by.
    fn connect(&self, arena: &mut Arena, environment: &mut Environment) -> Step<()> {
        let ready = self.service.ready();
        let has_notes = ready.kind() == ProbeKind::Fd;
        let target = Fd(ready.number() as i32);
        if has_notes {
            file::duplicate(inherited::NOTES, target).during("use", c"the readiness descriptor")?;
        }
        if ready.kind() == ProbeKind::Notify {
            let address = crate::sys::socket::own_address(inherited::NOTIFY)
                .during("find", c"the notification socket")?;
            // Abstract names begin with 0, which the variable writes as `@`.
            let name = address.name().split_first().map_or(&b""[..], |(_, name)| name);
            environment.set(arena, c"NOTIFY_SOCKET", &[b"@", name])?;
        }
        for fd in [inherited::PLAN, inherited::STATUS, inherited::NOTES, inherited::NOTIFY] {
            if !has_notes || fd != target {
                // It may not be open at all.
                let _hidden = file::set_close_on_exec(fd);
            }
        }
        Ok(())
    }

    fn prepare(&self) -> Step<()> {
        let service = self.service;
        if service.has(flag::OOM_SCORE) {
            adjust_oom_score(service.get(Field::OomScore).cast_signed())
                .during("write", c"/proc/self/oom_score_adj")?;
        }
        if service.has(flag::NICE) {
            process::set_nice(service.get(Field::Nice).cast_signed())
                .during("set", c"the niceness")?;
        }
        process::set_umask(service.get(Field::Umask));
        let terminal = service.text(Field::Terminal);
        if !terminal.is_empty() {
            let fd = file::open(terminal, file::Open::TERMINAL, 0).during("open", terminal)?;
            // Another session may hold it; then it is not controlled, but still used.
            let _taken = file::take_terminal(fd);
            for target in [Fd::STDIN, Fd::STDOUT, Fd::STDERR] {
                file::duplicate(fd, target).during("use", terminal)?;
            }
        }
        let cwd = service.text(Field::Cwd);
        file::change_directory(cwd).during("enter", cwd)
    }

    /// Becomes one of the other commands of the service.
    fn command(&self, field: Field, main: Option<&'static CStr>) -> u8 {
        let service = self.service;
        let result = (|| {
            let mut arena = Arena::new(self.arguments).during("get memory for", c"a command")?;
            let mut environment = Environment::new(&mut arena, service, self.arguments)?;
            if let Some(pid) = main {
                environment.set(&mut arena, c"MAINPID", &[pid.to_bytes()])?;
            }
            let argv = values::command(&mut arena, service.texts(field))?;
            file::change_directory(service.text(Field::Cwd))
                .during("enter", service.text(Field::Cwd))?;
            // Nothing of ours is for it; those that are not open need no hiding.
            let _hidden = file::close_all_on_exec(3);
            let program = argv.first().map_or(c"", |word| word.text());
            Err(process::execute(program, argv, environment.words())).during("execute", program)
        })();
        let Err(failure): Step<core::convert::Infallible> = result;
        failure.tell(service.name());
        status::CANNOT_EXECUTE
    }
}

/// Runs a command in our process group and waits for its end.
pub(crate) fn run_and_wait(argv: &[Word<'static>], envp: &[Word<'static>]) -> Step<()> {
    let program = argv.first().map_or(c"", |word| word.text());
    let pid = spawn(&Spawn {
        program: Program::Path(program),
        argv,
        envp,
        moves: &[],
        keep: &[],
        files: None,
        group: Group::Same,
    })
    .during("execute", program)?;
    let exit = process::wait_for(pid).during("wait for", program)?;
    match exit.code() {
        0 => Ok(()),
        status => Err(Failure { status, ..Failure::new("succeed with", program, Errno::PERM) }),
    }
}

fn adjust_oom_score(score: i32) -> Result<()> {
    let mut digits = Buffer::<16>::new();
    if score < 0 {
        digits.put(b"-");
    }
    digits.number(score.unsigned_abs().into());
    let mut fd = file::open(c"/proc/self/oom_score_adj", file::Open::WRITE, 0)?;
    let written = file::write_all(fd, digits.bytes());
    fd.close();
    written
}
