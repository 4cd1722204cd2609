//! A world for the machine: processes that do as the test says, a clock that it moves, and the rules
//! that no order of events may break.

use std::collections::BTreeMap;

use super::super::{Action, Command, EndingKind, Machine, Role, Slot, State};
use crate::plan::{Kind, ProbeKind, compile, read};
use crate::sys::Errno;
use crate::sys::process::Exit;
use crate::table::Table;

/// A generator of numbers that only its seed decides.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Main,
    Helper,
    Hook,
}

struct Process {
    service: usize,
    part: Part,
    /// It was asked to end.
    is_asked: bool,
    is_killed: bool,
}

pub(super) struct World {
    machine: Machine<'static>,
    now: u64,
    processes: BTreeMap<i32, Process>,
    next_pid: i32,
    pub(super) log: Vec<String>,
    /// Nothing can be started.
    pub(super) refuse: bool,
    pub(super) seed: u64,
    /// When the end was asked for.
    ending_since: Option<u64>,
    end: Option<u8>,
}

/// A random table: any graph, any kinds, short times.
pub(super) fn table(random: &mut Random) -> String {
    let count = 1 + random.below(8);
    let mut services = Vec::new();
    for index in 0..count {
        let mut fields = vec![r#""exec":["/x"]"#.to_owned()];
        for key in ["requires", "wants", "after"] {
            let others: Vec<String> = (0..index)
                .filter(|_| random.chance(20))
                .map(|other| format!("\"s{other}\""))
                .collect();
            fields.push(format!("\"{key}\":[{}]", others.join(",")));
        }
        let kind = ["process", "process", "process", "oneshot", "task"][random.below(5) as usize];
        fields.push(format!("\"type\":\"{kind}\""));
        for (percent, field) in [
            (20, r#""bind":true"#),
            (30, r#""ready":{"fd":3}"#),
            (15, r#""after_stop":["/y"]"#),
            (10, r#""critical":true"#),
            (15, r#""health":{"file":"/h"}"#),
            (10, r#""disabled":true"#),
            (20, r#""burst":{"count":3,"within":10}"#),
            (30, r#""start_timeout":2"#),
        ] {
            if random.chance(percent) {
                fields.push(field.to_owned());
            }
        }
        let restart = ["always", "on-failure", "never"][random.below(3) as usize];
        fields.push(format!("\"restart\":\"{restart}\""));
        let ask = if random.chance(15) { r#","exec":["/z"]"# } else { "" };
        fields.push(format!("\"stop\":{{\"timeout\":{}{ask}}}", random.below(4)));
        services.push(format!("\"s{index}\":{{{}}}", fields.join(",")));
    }
    format!(r#"{{"stop_deadline":5,"services":{{{}}}}}"#, services.join(","))
}

impl World {
    pub(super) fn new(table: &str) -> Self {
        let bytes = compile(&Table::from_json(table.as_bytes()).unwrap()).unwrap();
        let bytes: &'static [u8] = bytes.leak();
        let plan = read(bytes).unwrap();
        let slots = vec![Slot::EMPTY; plan.count()].leak();
        Self {
            machine: Machine::new(plan, slots, 1),
            now: 1,
            processes: BTreeMap::new(),
            next_pid: 100,
            log: Vec::new(),
            refuse: false,
            seed: 0,
            ending_since: None,
            end: None,
        }
    }

    fn name(&self, index: usize) -> String {
        self.machine.plan.service(index).name().to_str().unwrap().to_owned()
    }

    fn index(&self, name: &str) -> usize {
        self.machine.plan.find(name.as_bytes()).unwrap()
    }

    pub(super) fn state(&self, name: &str) -> State {
        self.machine.slots[self.index(name)].state
    }

    fn say(&mut self, what: &str, index: usize) {
        let name = self.name(index);
        self.log.push(format!("{what} {name}"));
    }

    fn born(&mut self, service: usize, part: Part) -> i32 {
        self.next_pid += 1;
        let process = Process { service, part, is_asked: false, is_killed: false };
        self.processes.insert(self.next_pid, process);
        self.next_pid
    }

    /// Does all that the machine asks for.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.end.is_some() {
                return;
            }
            let Some(action) = self.machine.next(self.now) else { return self.obey() };
            self.perform(action);
        }
        panic!("seed {}: the machine does not come to rest\n{}", self.seed, self.tail());
    }

    fn tail(&self) -> String {
        let from = self.log.len().saturating_sub(40);
        self.log[from..].join("\n")
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Start(index) => self.start(index),
            Action::Watch(index) => {
                let pid = self.born(index, Part::Helper);
                self.machine.helper_started(index, Some(pid), self.now);
            }
            Action::Ask(index) | Action::Clean(index) => {
                let pid = (!self.refuse).then(|| self.born(index, Part::Hook));
                self.machine.hook_started(index, pid);
            }
            Action::Signal(pid, number) => {
                assert!(pid > 0, "seed {}: a signal to {pid}", self.seed);
                let process = self.processes.get_mut(&pid).expect("it lives");
                process.is_asked = true;
                let index = process.service;
                let name = self.name(index);
                self.log.push(format!("signal {name} {number}"));
            }
            Action::Kill(pid) => {
                assert!(pid > 0, "seed {}: a blow to {pid}", self.seed);
                self.processes.get_mut(&pid).expect("it lives").is_killed = true;
            }
            Action::Report(index, report) => {
                let name = self.name(index);
                self.log.push(format!("report {name} {report:?}"));
            }
            Action::Sweep => self.log.push("sweep".to_owned()),
            Action::KillAll => self.log.push("kill all".to_owned()),
            Action::Drain => self.log.push("drain".to_owned()),
            Action::End(ending) => {
                self.log.push(format!("end {}", ending.code));
                self.end = Some(ending.code);
            }
        }
    }

    fn start(&mut self, index: usize) {
        let seed = self.seed;
        let lives = |process: &Process| process.service == index && process.part == Part::Main;
        assert!(!self.processes.values().any(lives), "seed {seed}: two of {}", self.name(index));
        assert!(self.ending_since.is_none(), "seed {seed}: a start while ending");
        let service = self.machine.plan.service(index);
        for needed in service.requires() {
            let state = self.machine.slots[needed].state;
            let is_good = matches!(state, State::Up | State::Done);
            assert!(is_good, "seed {seed}: {} before {}", self.name(index), self.name(needed));
        }
        if self.refuse {
            self.say("cannot start", index);
            self.machine.cannot_start(index, Errno::AGAIN, self.now);
        } else {
            self.say("start", index);
            let pid = self.born(index, Part::Main);
            self.machine.started(index, pid, self.now);
        }
    }

    /// What holds whenever the machine is at rest.
    fn obey(&self) {
        for (index, slot) in self.machine.slots.iter().enumerate() {
            let lives = |process: &&Process| process.service == index && process.part == Part::Main;
            let count = self.processes.values().filter(lives).count();
            let runs = matches!(slot.state, State::Starting | State::Up | State::Stopping);
            let (seed, name, state) = (self.seed, self.name(index), slot.state);
            assert_eq!(
                count,
                usize::from(runs),
                "seed {seed}: {name} is {state:?}\n{}",
                self.tail()
            );
            let waits_for_nothing = state == State::Waiting
                && self.ending_since.is_none()
                && self
                    .machine
                    .plan
                    .service(index)
                    .requires()
                    .chain(self.machine.plan.service(index).wants())
                    .chain(self.machine.plan.service(index).after())
                    .all(|other| {
                        matches!(self.machine.slots[other].state, State::Up | State::Done)
                    });
            assert!(!waits_for_nothing, "seed {seed}: {name} waits for nothing\n{}", self.tail());
            let is_stuck = !slot.wanted
                && matches!(state, State::Starting | State::Up | State::Waiting | State::Backoff);
            assert!(
                !is_stuck || self.ending_since.is_some(),
                "seed {seed}: {name} is {state:?}, and not wanted"
            );
        }
        let due = self.machine.due();
        assert!(
            due.is_none_or(|due| due > self.now),
            "seed {}: {due:?} at {}\n{}",
            self.seed,
            self.now,
            self.tail()
        );
    }

    pub(super) fn executed(&mut self, name: &str) {
        self.machine.executed(self.index(name), self.now);
        self.settle();
    }

    pub(super) fn not_executed(&mut self, name: &str, error: Errno) {
        self.machine.not_executed(self.index(name), error);
        self.settle();
    }

    pub(super) fn exit(&mut self, name: &str, exit: Exit) {
        let pid = self.machine.slots[self.index(name)].pid;
        self.die(pid, exit);
    }

    fn die(&mut self, pid: i32, exit: Exit) {
        let process = self.processes.remove(&pid).expect("it lives");
        let role = self.machine.exited(pid, exit, self.now);
        let expected = match process.part {
            Part::Main => Role::Main(process.service),
            Part::Helper | Part::Hook => Role::Helper(process.service),
        };
        // The end of the phase of services forgets nothing, either.
        assert_eq!(role, expected, "seed {}", self.seed);
        self.settle();
    }

    pub(super) fn command(&mut self, command: Command, name: &str) {
        self.machine.command(command, self.index(name), self.now);
        self.settle();
    }

    pub(super) fn terminate(&mut self) {
        self.machine.end(EndingKind::PowerOff, self.now);
        self.ending_since = self.ending_since.or(Some(self.now));
        self.settle();
    }

    pub(super) fn childless(&mut self) {
        self.machine.no_children(false, self.now);
        self.settle();
    }

    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        // Nobody sleeps beyond the time that is asked for.
        while let Some(due) = self.machine.due().filter(|due| *due < end && self.end.is_none()) {
            self.now = self.now.max(due);
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    pub(super) fn pass_until_due(&mut self) {
        if let Some(due) = self.machine.due() {
            self.now = self.now.max(due);
        }
        self.settle();
    }

    /// Something happens.
    pub(super) fn event(&mut self, random: &mut Random) {
        let index = random.below(self.machine.slots.len() as u64) as usize;
        let slot = self.machine.slots[index];
        let pids: Vec<i32> = self.processes.keys().copied().collect();
        match random.below(12) {
            0 => self.pass(random.below(3000)),
            1 => self.pass_until_due(),
            2 | 3 if !pids.is_empty() => {
                let pid = pids[random.below(pids.len() as u64) as usize];
                let exit =
                    [Exit::Code(0), Exit::Code(1), Exit::Signal(9)][random.below(3) as usize];
                self.die(pid, exit);
            }
            4 | 5 if slot.pid != 0 => self.machine.executed(index, self.now),
            6 if slot.pid != 0 => {
                let kind = self.machine.plan.service(index).ready().kind();
                if kind == ProbeKind::Fd {
                    self.machine.ready(index, self.now);
                }
            }
            7 if slot.pid != 0 => self.machine.health(index, random.chance(50), self.now),
            8 if slot.pid != 0 && slot.state == State::Starting => {
                let error = [Errno::AGAIN, Errno::NOENT][random.below(2) as usize];
                self.machine.not_executed(index, error);
            }
            9 => {
                let commands = [Command::Start, Command::Stop, Command::Restart];
                self.machine.command(commands[random.below(3) as usize], index, self.now);
            }
            10 => self.refuse = random.chance(30),
            11 if random.chance(5) => self.terminate(),
            _ => {}
        }
        self.note_ending();
        self.settle();
        self.note_ending();
    }

    /// A critical service may have begun the end.
    fn note_ending(&mut self) {
        if self.machine.is_ending() {
            self.ending_since = self.ending_since.or(Some(self.now));
        }
    }

    /// When nothing goes wrong any more, everything that is wanted comes up, unless it has failed
    /// for good or waits for something that has.
    pub(super) fn heal(&mut self, random: &mut Random) {
        self.refuse = false;
        let count = self.machine.slots.len();
        for _ in 0..400 {
            if self.ending_since.is_some() {
                return;
            }
            for index in 0..count {
                let slot = self.machine.slots[index];
                let kind = self.machine.plan.service(index).kind();
                if slot.state == State::Starting && kind == Kind::Process {
                    self.machine.executed(index, self.now);
                    self.machine.ready(index, self.now);
                } else if slot.state == State::Starting {
                    self.die(slot.pid, Exit::Code(0));
                }
                self.note_ending();
                self.settle();
            }
            self.bury_the_asked(random);
            // Who starts is ready before time passes.
            if self.machine.slots.iter().all(|slot| slot.state != State::Starting) {
                self.pass_until_due();
            }
            self.note_ending();
        }
        for index in 0..count {
            let slot = self.machine.slots[index];
            let is_well = match slot.state {
                State::Up | State::Done | State::Failed => true,
                State::Down => !slot.wanted,
                State::Waiting => self.is_blocked(index),
                State::Starting | State::Backoff | State::Stopping | State::Cleaning => false,
            };
            let name = self.name(index);
            assert!(is_well, "seed {}: {name} is {:?}\n{}", self.seed, slot.state, self.tail());
        }
    }

    fn is_blocked(&self, index: usize) -> bool {
        let service = self.machine.plan.service(index);
        let is_missing = |other: usize| {
            matches!(self.machine.slots[other].state, State::Failed | State::Down)
                || self.machine.slots[other].state == State::Waiting && self.is_blocked(other)
        };
        service.requires().any(is_missing)
            || service.wants().chain(service.after()).any(|other| {
                self.machine.slots[other].state == State::Waiting && self.is_blocked(other)
            })
    }

    /// Processes that were asked or killed end; hooks and helpers of their own accord.
    fn bury_the_asked(&mut self, random: &mut Random) {
        let is_leaving =
            |process: &Process| process.is_asked || process.is_killed || process.part == Part::Hook;
        let pids: Vec<i32> =
            self.processes.iter().filter(|(_, p)| is_leaving(p)).map(|(pid, _)| *pid).collect();
        for pid in pids {
            let exit = if random.chance(50) { Exit::Signal(15) } else { Exit::Code(0) };
            self.die(pid, exit);
            self.note_ending();
        }
    }

    /// The end comes within its deadline, whoever does not listen.
    pub(super) fn finish(&mut self, random: &mut Random) {
        self.terminate();
        let begin = self.ending_since.unwrap();
        let is_deaf = random.chance(50);
        while self.end.is_none() {
            let pids: Vec<i32> = self
                .processes
                .iter()
                .filter(|(_, process)| process.is_killed || process.is_asked && !is_deaf)
                .map(|(pid, _)| *pid)
                .collect();
            for pid in pids {
                if self.end.is_none() {
                    self.die(pid, Exit::Signal(9));
                }
            }
            if self.processes.values().all(|process| process.part == Part::Helper)
                && self.end.is_none()
            {
                self.machine.no_children(random.chance(50), self.now);
                self.settle();
            }
            if self.end.is_none() {
                let due = self.machine.due().unwrap_or_else(|| {
                    panic!("seed {}: nothing to wait for\n{}", self.seed, self.tail())
                });
                self.pass(due.saturating_sub(self.now).max(1));
            }
            // The deadline, the last patience with the killed, strays, and the logger.
            let limit = begin + 5000 + 500 + 500 + 500 + 1000 + 50;
            assert!(
                self.now <= limit,
                "seed {}: still here at {}\n{}",
                self.seed,
                self.now - begin,
                self.tail()
            );
        }
    }
}
