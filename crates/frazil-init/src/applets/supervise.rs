//! PID 1: one thread that waits for signals, notes and requests, and does what the machine says.
//!
//! It never waits for anything but epoll, never reads text, and asks for no memory once the
//! services are known. What it starts is always this program again, as another applet.

mod children;
pub(super) mod logs;
mod machinery;
mod reload;
mod requests;
mod say;

use core::ffi::CStr;

use crate::applets::{inherited, status};
use crate::machine::{Action, EndingKind, Machine, Slot, State};
use crate::plan::{self, Mode, Plan};
use crate::sys::event::{self, Event, Interest};
use crate::sys::process::{self, LIMIT_FILES, Limit};
use crate::sys::socket::{self, Address};
use crate::sys::{Arguments, Errno, Fd, Word, fault, file, memory, signal};
use crate::text::tell;
use children::Wires;
use logs::Logs;
pub(crate) use machinery::give_up;
use requests::Control;

/// What a machine runs whose plan cannot be: usually a login.
const RESCUE_PATH: &CStr = c"/etc/init.plan.rescue";
/// How many events and how many dead children are handled before anything else gets its turn.
const EVENTS_MAX: usize = 64;
const DEAD_MAX: usize = 256;

/// What an event is about: the upper half of its number; the lower half is the service or client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Signals,
    Launcher,
    Notes,
    Listener,
    Client,
}

impl Source {
    fn token(self, index: usize) -> u64 {
        (self as u64) << 32 | index as u64
    }

    fn of(token: u64) -> (Option<Self>, usize) {
        let all = [Self::Signals, Self::Launcher, Self::Notes, Self::Listener, Self::Client];
        (all.get((token >> 32) as usize).copied(), token as u32 as usize)
    }
}

/// PID 1.
struct Supervisor {
    machine: Machine<'static>,
    wires: &'static mut [Wires],
    logs: Logs,
    control: Control,
    reload: reload::Reload,
    /// Standard input of those who read nothing.
    null: Fd,
    /// This program.
    program: Fd,
    /// The plan, sealed.
    plan: Fd,
    plan_path: &'static CStr,
    epoll: Fd,
    signals: Fd,
    environment: &'static [Word<'static>],
    notify: Option<&'static CStr>,
    /// The limit of open files as we found it.
    files: Option<Limit>,
    is_first: bool,
    is_machine: bool,
    /// The applet that sets up the machine, as long as it works.
    setup: i32,
    kernel_log: Fd,
    is_booted: bool,
    lost_messages: u32,
}

/// Runs the services of a plan until the end.
pub(super) fn run(arguments: &Arguments, path: &'static CStr) -> u8 {
    signal::block_all();
    signal::reset_all();
    let is_first = process::id() == 1;
    let has_proc = file::read_link(c"/proc/self/exe", &mut [0; 1]).is_ok();
    let may_be_machine = is_first && !has_proc;
    machinery::set_machine(may_be_machine);
    if may_be_machine {
        machinery::mount_basics();
    }
    // What the container engine left open is nobody's business. Kernels before 5.11 cannot.
    let _hidden = file::close_all_on_exec(3);
    reserve_descriptors();
    // Without it, a fault would be as silent as in any other program.
    let _told = fault::handle_all();
    // A machine is there to be repaired; a container is there to be replaced.
    let rescue = may_be_machine.then_some(RESCUE_PATH);
    let found = [Some(path), rescue].into_iter().flatten().find_map(load_checked);
    let Some((fd, plan, path)) = found else { return give_up(status::PLAN) };
    let is_machine = match plan.mode() {
        Mode::Auto => may_be_machine,
        Mode::Container => false,
        Mode::Machine => is_first,
    };
    machinery::set_machine(is_machine);
    match Supervisor::new(arguments, plan, fd, path, is_machine) {
        Ok(mut supervisor) => supervisor.work(),
        Err(error) => {
            tell(&[b"init: cannot begin: ", crate::errno::name(error)]);
            give_up(status::AGAIN)
        }
    }
}

/// A plan that can be run, and where it was; what is wrong with any other is told.
fn load_checked(path: &'static CStr) -> Option<(Fd, Plan<'static>, &'static CStr)> {
    let (fd, bytes) = match load(path) {
        Ok(loaded) => loaded,
        Err(error) => {
            let reason = crate::errno::name(error);
            tell(&[b"init: cannot read the plan ", path.to_bytes(), b": ", reason]);
            return None;
        }
    };
    match plan::read(bytes) {
        Ok(plan) => Some((fd, plan, path)),
        Err(error) => {
            tell(&[b"init: ", path.to_bytes(), b": ", error.message().as_bytes()]);
            None
        }
    }
}

/// Checks a plan and says what is wrong with it.
pub(super) fn lint(path: &CStr) -> u8 {
    let result = load(path).map(|(_, bytes)| plan::read(bytes).map(Plan::count));
    match result {
        Ok(Ok(_)) => 0,
        Ok(Err(error)) => {
            tell(&[path.to_bytes(), b": ", error.message().as_bytes()]);
            1
        }
        Err(error) => {
            tell(&[path.to_bytes(), b": ", crate::errno::name(error)]);
            1
        }
    }
}

/// Keeps the numbers free that applets get descriptors under, and the standard ones open.
pub(super) fn reserve_descriptors() {
    let null = file::open(c"/dev/null", file::Open::TERMINAL, 0)
        .or_else(|_| file::memory(c"null"))
        .unwrap_or(Fd::NONE);
    for number in 0..inherited::FIRST_FREE {
        if file::flags(Fd(number)).is_err()
            && file::duplicate(null, Fd(number)).is_ok()
            && number > 2
        {
            // A reservation is for nobody to see.
            let _hidden = file::set_close_on_exec(Fd(number));
        }
    }
    if null.0 >= inherited::FIRST_FREE {
        file::close(null);
    }
}

/// Reads a plan into memory that nobody can change any more.
pub(super) fn load(path: &CStr) -> Result<(Fd, &'static [u8]), Errno> {
    let mut source = file::open(path, file::Open::READ, 0)?;
    let size = file::seek_end(source)?;
    file::seek_to(source, 0)?;
    if size > plan::BYTES_MAX {
        return Err(Errno::TOOBIG);
    }
    let mut buffer = memory::Pages::new(size)?;
    let count = file::read_all(source, &mut buffer)?;
    source.close();
    let target = file::memory(c"init.plan")?;
    file::write_all(target, buffer.get(..count).unwrap_or_default())?;
    file::seal(target)?;
    Ok((target, memory::sealed(target)?))
}

impl Supervisor {
    fn new(
        arguments: &Arguments,
        plan: Plan<'static>,
        plan_fd: Fd,
        plan_path: &'static CStr,
        is_machine: bool,
    ) -> Result<Self, Errno> {
        let is_first = process::id() == 1;
        if !is_first {
            process::adopt_orphans()?;
        }
        let files = process::limit(LIMIT_FILES).ok();
        if let Some(limit) = files {
            // Without it there is just less room.
            let _raised = process::set_limit(LIMIT_FILES, Limit { soft: limit.hard, ..limit });
        }
        let program = file::open(c"/proc/self/exe", file::Open::PATH, 0)
            .or_else(|_| file::open(arguments.get(0).unwrap_or(c"/init"), file::Open::PATH, 0))?;
        let null =
            file::open(c"/dev/null", file::Open::TERMINAL, 0).or_else(|_| file::memory(c"null"))?;
        let (epoll, signals) = (event::epoll()?, signal::descriptor()?);
        event::watch(epoll, signals, Interest::READ, Source::Signals.token(0))?;
        let slots = memory::table(plan.count(), Slot::EMPTY)?;
        let wires = memory::table(plan.count(), Wires::EMPTY)?;
        let logs = Logs::new(plan, wires, files.map_or(1024, |limit| limit.hard));
        let control = Control::open(plan, epoll);
        let kernel_log = if is_machine {
            file::open(c"/dev/kmsg", file::Open::WRITE_NONBLOCK, 0).unwrap_or(Fd::NONE)
        } else {
            Fd::NONE
        };
        Ok(Self {
            machine: Machine::new(plan, slots, event::now()),
            wires,
            logs,
            control,
            reload: reload::Reload::NONE,
            null,
            program,
            plan: plan_fd,
            plan_path,
            epoll,
            signals,
            environment: arguments.environment(),
            notify: arguments.variable(b"NOTIFY_SOCKET"),
            files,
            is_first,
            is_machine,
            setup: 0,
            kernel_log,
            is_booted: false,
            lost_messages: 0,
        })
    }

    fn work(&mut self) -> u8 {
        let mut events = [Event::EMPTY; EVENTS_MAX];
        if self.is_machine {
            self.begin_setup();
        }
        loop {
            let now = event::now();
            if let Some(code) = self.act(now) {
                return code;
            }
            let has_more = self.reap(event::now());
            if let Some(code) = self.act(event::now()) {
                return code;
            }
            self.answer_waiting();
            let due = [self.machine.due(), self.logs.due()].into_iter().flatten().min();
            let limit = due.map(|due| due.saturating_sub(event::now()));
            let limit = if has_more { Some(0) } else { limit };
            for event in event::wait(self.epoll, &mut events, limit) {
                self.handle(event.token(), event::now());
            }
        }
    }

    /// Does what the machine asks for; the exit code when it is over.
    fn act(&mut self, now: u64) -> Option<u8> {
        self.logs_due(now);
        if self.setup != 0 {
            return None;
        }
        self.advance_reload(now);
        while let Some(action) = self.machine.next(now) {
            match action {
                Action::Start(index) => self.start(index, now),
                Action::Watch(index) => self.watch(index, now),
                Action::Ask(index) => self.hook(index, c"ask"),
                Action::Clean(index) => self.hook(index, c"clean"),
                Action::Signal(pid, number) => {
                    // If it is gone, its end is about to be seen.
                    let _sent = signal::send(pid, number);
                    let _continued = signal::send_group(pid, signal::CONT);
                }
                Action::Kill(pid) => {
                    let _killed = signal::send_group(pid, signal::KILL);
                }
                Action::Report(index, report) => self.report(index, report),
                Action::Sweep => self.sweep(signal::TERM),
                Action::KillAll => self.sweep(signal::KILL),
                Action::Drain => self.drain(),
                Action::End(ending) => {
                    return Some(machinery::end(self.is_machine, ending, self));
                }
            }
        }
        self.tell_booted();
        None
    }

    fn handle(&mut self, token: u64, now: u64) {
        match Source::of(token) {
            (Some(Source::Signals), _) => self.take_signals(now),
            (Some(Source::Launcher), index) => self.read_launcher(index, now),
            (Some(Source::Notes), index) => self.read_notes(index, now),
            (Some(Source::Listener), _) => self.accept(),
            (Some(Source::Client), index) => self.read_client(index, now),
            (None, _) => {}
        }
    }

    fn take_signals(&mut self, now: u64) {
        // Pending signals are one each, so there are not more than there are numbers.
        for _ in 0..=signal::MAX {
            let Some(number) = signal::next(self.signals) else { break };
            if self.pass_signal(number) {
                continue;
            }
            match number {
                // The three keys of a machine.
                signal::INT if self.is_machine => self.machine.end(EndingKind::Reboot, now),
                _ if self.machine.plan.ends_on(number) => {
                    self.machine.end(EndingKind::PowerOff, now);
                }
                signal::HUP => {
                    // Whether it worked is told by a message.
                    let _begun = self.begin_reload();
                }
                signal::USR1 => self.say_states(),
                _ => {}
            }
            if self.setup != 0 && self.machine.is_ending() {
                let _killed = signal::send_group(self.setup, signal::KILL);
            }
        }
    }

    /// Passes a signal on to the services that want it; whether there is one.
    fn pass_signal(&mut self, number: u32) -> bool {
        let plan = self.machine.plan;
        let mut is_wanted = false;
        for (service, slot) in plan.services().zip(self.machine.slots.iter()) {
            for (_, to) in service.signals().filter(|(from, _)| *from == number) {
                is_wanted = true;
                if matches!(slot.state, State::Starting | State::Up) && slot.pid > 0 {
                    let _sent = signal::send(slot.pid, to);
                }
            }
        }
        is_wanted
    }

    /// Tells who started us that everything is up, as `sd_notify` does.
    fn tell_booted(&mut self) {
        if self.is_booted || !self.machine.is_booted() {
            return;
        }
        self.is_booted = true;
        let Some(name) = self.notify.map(CStr::to_bytes) else { return };
        let mut path = [0_u8; 108];
        for (place, byte) in path.iter_mut().zip(name) {
            *place = if *byte == b'@' && name.first() == Some(byte) { 0 } else { *byte };
        }
        let Ok(mut fd) = socket::socket(socket::UNIX, socket::DATAGRAM) else { return };
        if let Ok(address) = Address::local(path.get(..name.len()).unwrap_or_default()) {
            // Nobody may be listening.
            let _told = socket::send_to(fd, b"READY=1", &address);
        }
        fd.close();
    }
}
