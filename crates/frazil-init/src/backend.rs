//! The files that another supervisor reads: service directories of runit and s6, sources of s6-rc,
//! descriptions of dinit.
//!
//! All of them are names, edges and numbers. What a service *is* stays in the plan, which the
//! launcher reads in the end, whoever started it; see `applets/guest.rs`. What a supervisor cannot
//! do is refused where systems are declared (`nix/modules/init/backends.nix`), not here.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::names::signal_name;
use crate::plan::{Field, Kind, LogKind, Plan, ProbeKind, Restart, Service, flag};

/// Where the plan is, for command lines in the files.
const PLAN: &str = "/etc/init.plan";

/// A supervisor that reads files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// runsvdir, below our own PID 1.
    Runit,
    /// s6-svscan as PID 1.
    S6,
    /// Sources for s6-rc-compile.
    S6Rc,
    /// dinit.
    Dinit,
}

/// A file or a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where, relative to the root.
    pub path: String,
    /// What it is.
    pub made: Made,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// A file with this text.
    Text(String),
    /// A symbolic link to our program.
    Program,
}

impl Backend {
    /// The backend that `init.type` names; none for those that read no files.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "runit" => Self::Runit,
            "s6" => Self::S6,
            "s6-rc" => Self::S6Rc,
            "dinit" => Self::Dinit,
            _ => return None,
        })
    }

    /// All files for the services of a plan; `program` is where the image has [`crate::PROGRAM`].
    pub fn files(self, plan: Plan<'_>, program: &str) -> Vec<Entry> {
        let mut files = Files { program, entries: Vec::new() };
        for service in plan.services() {
            match self {
                Self::Runit => files.runit(service),
                Self::S6 => files.s6(service),
                Self::S6Rc => files.s6_rc(plan, service),
                Self::Dinit => files.dinit(plan, service),
            }
        }
        match self {
            Self::Runit => {}
            Self::S6 => files.s6_scan(),
            Self::S6Rc => files.s6_rc_bundle(plan),
            Self::Dinit => files.dinit_boot(plan),
        }
        files.entries
    }
}

struct Files<'f> {
    program: &'f str,
    entries: Vec<Entry>,
}

impl Files<'_> {
    fn text(&mut self, path: String, text: impl Into<String>) {
        self.entries.push(Entry { path, made: Made::Text(text.into()) });
    }

    fn program(&mut self, path: String) {
        self.entries.push(Entry { path, made: Made::Program });
    }

    fn runit(&mut self, service: Service<'_>) {
        let name = name(service);
        for file in ["run", "finish", "control/t"] {
            self.program(format!("etc/sv/{name}/{file}"));
        }
        if is_logged(service) {
            self.program(format!("etc/sv/{name}/log/run"));
        }
        if service.has(flag::DISABLED) {
            self.text(format!("etc/sv/{name}/down"), "");
        }
    }

    fn s6(&mut self, service: Service<'_>) {
        let directory = format!("etc/s6/sv/{}", name(service));
        self.s6_directory(&directory, service);
        if is_logged(service) {
            self.program(format!("{directory}/log/run"));
        }
        if service.has(flag::DISABLED) {
            self.text(format!("{directory}/down"), "");
        }
    }

    fn s6_directory(&mut self, directory: &str, service: Service<'_>) {
        for file in ["run", "finish"] {
            self.program(format!("{directory}/{file}"));
        }
        self.text(format!("{directory}/notification-fd"), "3\n");
        // What runs after the end may take its time.
        self.text(format!("{directory}/timeout-finish"), "0\n");
        let signal = format!("{}\n", stop_signal(service));
        self.text(format!("{directory}/down-signal"), signal);
        let timeout = service.get(Field::StopTimeout);
        self.text(format!("{directory}/timeout-kill"), format!("{timeout}\n"));
    }

    fn s6_scan(&mut self) {
        for file in [
            "finish", "crash", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2",
            "SIGPWR", "SIGWINCH",
        ] {
            self.program(format!("etc/s6/sv/.s6-svscan/{file}"));
        }
    }

    fn s6_rc(&mut self, plan: Plan<'_>, service: Service<'_>) {
        let name = name(service);
        let directory = format!("etc/s6-rc/source/{name}");
        if service.kind() == Kind::Process {
            self.text(format!("{directory}/type"), "longrun\n");
            self.s6_directory(&directory, service);
            // The order is kept by s6-rc.
            self.text(format!("{directory}/data/ordered"), "");
        } else {
            self.text(format!("{directory}/type"), "oneshot\n");
            let up = format!("{} launch {PLAN} {name}\n", self.program);
            self.text(format!("{directory}/up"), up);
        }
        let timeout = service.get(Field::StartTimeout);
        if timeout > 0 {
            self.text(format!("{directory}/timeout-up"), format!("{timeout}\n"));
        }
        for other in service.requires() {
            let other = self::name(plan.service(other));
            self.text(format!("{directory}/dependencies.d/{other}"), "");
        }
        if is_logged(service) && service.kind() == Kind::Process {
            self.text(format!("{directory}/producer-for"), format!("{name}-log\n"));
            let log = format!("etc/s6-rc/source/{name}-log");
            self.text(format!("{log}/type"), "longrun\n");
            self.program(format!("{log}/run"));
            self.text(format!("{log}/consumer-for"), format!("{name}\n"));
            self.text(format!("{log}/data/log-of"), name);
        }
    }

    /// What `s6-rc change default` brings up.
    fn s6_rc_bundle(&mut self, plan: Plan<'_>) {
        self.text("etc/s6-rc/source/default/type".to_owned(), "bundle\n");
        for service in plan.services().filter(|service| !service.has(flag::DISABLED)) {
            let path = format!("etc/s6-rc/source/default/contents.d/{}", name(service));
            self.text(path, "");
        }
    }

    fn dinit(&mut self, plan: Plan<'_>, service: Service<'_>) {
        let name = name(service);
        let mut text = String::new();
        let mut say = |key: &str, value: &str| {
            // Writing to a string cannot fail.
            let _written = writeln!(text, "{key} {value}");
        };
        let is_process = service.kind() == Kind::Process;
        let is_told = is_process && service.ready().kind() != ProbeKind::None;
        say("type =", if is_process { "process" } else { "scripted" });
        let ready = if is_told { "--ready 3 " } else { "" };
        say("command =", &format!("{} launch {ready}{PLAN} {name}", self.program));
        if is_told {
            say("ready-notification =", "pipefd:3");
        }
        let edge = if service.has(flag::BIND) { "depends-on:" } else { "depends-ms:" };
        for (key, others) in [
            (edge, service.requires().collect::<Vec<_>>()),
            ("waits-for:", service.wants().collect()),
            ("after:", service.after().collect()),
        ] {
            for other in others {
                say(key, &self::name(plan.service(other)));
            }
        }
        if is_process {
            say("smooth-recovery =", yes(service.restart() == Restart::Always));
            say("restart-delay =", &seconds(service.get(Field::BackoffMin)));
            say("restart-limit-interval =", &seconds(service.get(Field::BurstWithin)));
            say("restart-limit-count =", &service.get(Field::BurstCount).to_string());
            say("term-signal =", &stop_signal(service));
        }
        say(
            "restart =",
            match service.restart() {
                Restart::Always => "yes",
                Restart::OnFailure => "on-failure",
                Restart::Never => "no",
            },
        );
        say("start-timeout =", &seconds(service.get(Field::StartTimeout)));
        say("stop-timeout =", &seconds(service.get(Field::StopTimeout)));
        if is_logged(service) {
            say("log-type =", "pipe");
            let log = format!(
                "type = process\ncommand = {} logd --one {PLAN} {name}\nconsumer-of = {name}\n",
                self.program
            );
            self.text(format!("etc/dinit.d/{name}-log"), log);
        } else if service.log() == LogKind::Inherit {
            say("log-type =", "file");
            say("logfile =", "/proc/1/fd/1");
        }
        self.text(format!("etc/dinit.d/{name}"), text);
    }

    /// What dinit starts by itself.
    fn dinit_boot(&mut self, plan: Plan<'_>) {
        let mut text = "type = internal\n".to_owned();
        for service in plan.services().filter(|service| !service.has(flag::DISABLED)) {
            text.push_str("waits-for: ");
            text.push_str(&name(service));
            text.push('\n');
            if is_logged(service) {
                text.push_str("waits-for: ");
                text.push_str(&name(service));
                text.push_str("-log\n");
            }
        }
        self.text("etc/dinit.d/boot".to_owned(), text);
    }
}

fn name(service: Service<'_>) -> String {
    service.name().to_string_lossy().into_owned()
}

fn is_logged(service: Service<'_>) -> bool {
    match service.log() {
        LogKind::Inherit | LogKind::Null => false,
        LogKind::Prefix | LogKind::Json | LogKind::File | LogKind::Syslog => true,
    }
}

fn stop_signal(service: Service<'_>) -> String {
    let number = service.get(Field::StopSignal);
    signal_name(number).map_or_else(|| number.to_string(), str::to_owned)
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

/// Milliseconds as dinit writes seconds.
fn seconds(millis: u32) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}
