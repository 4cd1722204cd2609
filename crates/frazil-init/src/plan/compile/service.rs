//! Writing the record of one service.

use super::Problem;
use super::writer::{Place, Writer};
use crate::names;
use crate::plan::record::{
    Field, HeaderField, Kind, LogKind, NodeKind, OnUnhealthy, ProbeKind, Restart, flag,
};
use crate::plan::{LIMIT_WORDS, LIST_MAX, NODE_BYTES, UNCHANGED};
use crate::table::{
    Amount, Capabilities, HealthAction, InputChoice, LimitValue, Log, ModeChoice, Node, PassEnv,
    Readiness, RestartPolicy, Seconds, Service, ServiceType, Text,
};

/// What is wrong, and with which field.
type Failed = (&'static str, Problem);

/// Attaches the name of a field to what is wrong with it.
trait In<T> {
    fn within(self, field: &'static str) -> Result<T, Failed>;
}

impl<T> In<T> for Result<T, Problem> {
    fn within(self, field: &'static str) -> Result<T, Failed> {
        self.map_err(|problem| (field, problem))
    }
}

/// The record being written.
struct Record<'a> {
    writer: &'a mut Writer,
    base: usize,
}

impl Record<'_> {
    fn set(&mut self, field: Field, value: u32) {
        self.writer.set(self.base + field as usize, value);
    }

    fn set_wide(&mut self, field: Field, value: u64) {
        self.writer.set_list(self.base + field as usize, (value as u32, (value >> 32) as u32));
        self.writer.describe(&value.to_le_bytes());
    }

    fn set_list(&mut self, field: Field, place: Place) {
        // The count tells lists apart whose elements, one after the other, are the same.
        self.writer.describe(&[field as u8]);
        self.writer.describe(&place.1.to_le_bytes());
        self.writer.set_list(self.base + field as usize, place);
    }

    fn string(&mut self, field: Field, text: &str, name: &'static str) -> Result<(), Failed> {
        let place = self.writer.string(text).within(name)?;
        self.set_list(field, place);
        Ok(())
    }

    fn command(&mut self, field: Field, text: &[Text], name: &'static str) -> Result<(), Failed> {
        let place = self.writer.command(text).within(name)?;
        self.set_list(field, place);
        Ok(())
    }
}

pub(super) fn write(
    writer: &mut Writer,
    index: usize,
    name: &str,
    service: &Service,
    log: &Log,
    mode: ModeChoice,
) -> Result<(), Failed> {
    let mut record = Record { writer, base: HeaderField::WORDS + index * Field::WORDS };
    if service.exec.is_empty() {
        return Err(("exec", Problem::Empty));
    }
    record.string(Field::NameOffset, name, "name")?;
    record.set(Field::Kind, kind(service.kind) as u32);
    record.set(Field::Flags, flags(service, mode));
    record.command(Field::Command, &service.exec, "exec")?;
    record.command(Field::AfterStop, &service.after_stop, "after_stop")?;
    record.command(Field::StopCommand, &service.stop.exec, "stop.exec")?;
    let mut words = Vec::new();
    for command in &service.before_start {
        let (offset, count) = record.writer.command(command).within("before_start")?;
        words.extend([offset, count]);
    }
    let place = record.writer.words(&words, 2).within("before_start")?;
    record.set_list(Field::BeforeStart, place);
    write_environment(&mut record, service)?;
    write_identity(&mut record, service)?;
    write_lifecycle(&mut record, service)?;
    write_nodes(&mut record, service)?;
    let ready = service.ready.as_ref().map_or(Ok(0), |check| {
        probe(record.writer, check, Seconds::from_millis(100), 0).within("ready")
    })?;
    record.set(Field::Ready, ready);
    write_health(&mut record, service)?;
    write_log(&mut record, service.log.as_ref().unwrap_or(log))
}

fn kind(kind: ServiceType) -> Kind {
    match kind {
        ServiceType::Process => Kind::Process,
        ServiceType::Oneshot => Kind::Oneshot,
        ServiceType::Task => Kind::Task,
    }
}

fn flags(service: &Service, mode: ModeChoice) -> u32 {
    let pass_all = match service.pass_env {
        None => mode != ModeChoice::Vm,
        Some(PassEnv::All(all)) => all,
        Some(PassEnv::Names(_)) => false,
    };
    let has_user = service.uid.is_some_and(|uid| uid != 0);
    [
        (service.disabled, flag::DISABLED),
        (service.critical, flag::CRITICAL),
        (service.bind, flag::BIND),
        (service.stop.group, flag::GROUP),
        (service.no_new_privs.unwrap_or(has_user), flag::NO_NEW_PRIVILEGES),
        (pass_all, flag::PASS_ALL),
        (service.caps.is_some(), flag::CAPABILITIES),
        (service.groups.is_some() || service.uid.is_some(), flag::GROUPS),
        (service.nice.is_some(), flag::NICE),
        (service.oom_score_adj.is_some(), flag::OOM_SCORE),
        (service.stdin == InputChoice::Inherit, flag::STDIN),
    ]
    .into_iter()
    .filter_map(|(holds, flag)| holds.then_some(flag))
    .fold(0, |flags, flag| flags | flag)
}

fn write_environment(record: &mut Record<'_>, service: &Service) -> Result<(), Failed> {
    let mut words = Vec::new();
    for (name, value) in &service.env {
        if name.is_empty() || name.contains('=') {
            return Err(("env", Problem::Unknown(name.clone())));
        }
        let (offset, count) = record.writer.string(name).within("env")?;
        let (value_offset, value_count) = record.writer.text(value).within("env")?;
        words.extend([offset, count, value_offset, value_count]);
    }
    let place = record.writer.words(&words, 4).within("env")?;
    record.set_list(Field::Environment, place);
    let place = record.writer.strings(&service.env_files).within("env_files")?;
    record.set_list(Field::EnvironmentFiles, place);
    let names = match &service.pass_env {
        Some(PassEnv::Names(names)) => names.as_slice(),
        Some(PassEnv::All(_)) | None => &[],
    };
    let place = record.writer.strings(names).within("pass_env")?;
    record.set_list(Field::PassEnvironment, place);
    record.string(Field::Cwd, &service.cwd, "cwd")?;
    record.string(Field::Terminal, &service.tty, "tty")?;
    record.string(Field::Unless, &service.unless, "unless")
}

fn octal(text: &str) -> Result<u32, Problem> {
    let value = u32::from_str_radix(text, 8).ok().filter(|value| *value <= 0o7777);
    value.ok_or_else(|| Problem::Octal(text.to_owned()))
}

fn write_identity(record: &mut Record<'_>, service: &Service) -> Result<(), Failed> {
    record.set(Field::Uid, service.uid.unwrap_or(UNCHANGED));
    record.set(Field::Gid, service.gid.or(service.uid).unwrap_or(UNCHANGED));
    record.set(Field::Umask, octal(&service.umask).within("umask")?);
    record.set(Field::Nice, i32::from(service.nice.unwrap_or(0)).cast_unsigned());
    record.set(Field::OomScore, i32::from(service.oom_score_adj.unwrap_or(0)).cast_unsigned());
    let groups = service.groups.as_deref().unwrap_or_default();
    for group in groups {
        record.writer.describe(&group.to_le_bytes());
    }
    let place = record.writer.words(groups, 1).within("groups")?;
    record.set_list(Field::Groups, place);
    let mut words = Vec::new();
    for (name, value) in &service.limits {
        let number = names::RESOURCES.iter().position(|resource| resource == name);
        let number = number.ok_or_else(|| ("limits", Problem::Unknown(name.clone())))?;
        let (soft, hard) = match value {
            LimitValue::Both(amount) => (limit(amount), limit(amount)),
            LimitValue::Each { soft, hard } => (limit(soft), limit(hard)),
        };
        let entry =
            [number as u32, soft as u32, (soft >> 32) as u32, hard as u32, (hard >> 32) as u32];
        for word in &entry {
            record.writer.describe(&word.to_le_bytes());
        }
        words.extend(entry);
    }
    let place = record.writer.words(&words, LIMIT_WORDS).within("limits")?;
    record.set_list(Field::Limits, place);
    let caps = service.caps.clone().unwrap_or_default();
    let Capabilities { bounding, ambient } = caps;
    let bounding = bounding.map_or(Ok(u64::MAX), |names| capabilities(&names)).within("caps")?;
    record.set_wide(Field::Bounding, bounding);
    record.set_wide(Field::Ambient, capabilities(&ambient).within("caps")?);
    Ok(())
}

fn limit(amount: &Amount) -> u64 {
    match amount {
        Amount::Number(number) => *number,
        Amount::Word(_) => u64::MAX,
    }
}

fn capabilities(wanted: &[String]) -> Result<u64, Problem> {
    wanted.iter().try_fold(0, |set, name| {
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_prefix("cap_").unwrap_or(&lower);
        let number = names::CAPABILITIES.iter().position(|known| *known == plain);
        number.map(|bit| set | 1 << bit).ok_or_else(|| Problem::Unknown(name.clone()))
    })
}

pub(super) fn signal(name: &str) -> Result<u32, Problem> {
    names::signal(name.as_bytes()).ok_or_else(|| Problem::Unknown(name.to_owned()))
}

fn write_lifecycle(record: &mut Record<'_>, service: &Service) -> Result<(), Failed> {
    let is_process = service.kind == ServiceType::Process;
    let restart = service.restart.unwrap_or(if service.critical || !is_process {
        RestartPolicy::Never
    } else {
        RestartPolicy::Always
    });
    let restart = match restart {
        RestartPolicy::Always => Restart::Always,
        RestartPolicy::OnFailure => Restart::OnFailure,
        RestartPolicy::Never => Restart::Never,
    };
    record.set(Field::Restart, restart as u32);
    let patience = Seconds::from_millis(if is_process { 60_000 } else { 0 });
    record.set(Field::StartTimeout, service.start_timeout.unwrap_or(patience).millis);
    record.set(Field::BackoffMin, service.backoff.min.millis);
    record.set(Field::BackoffMax, service.backoff.max.max(service.backoff.min).millis);
    record.set(Field::BackoffReset, service.backoff.reset.millis);
    record.set(Field::BurstCount, service.burst.map_or(0, |burst| burst.count));
    record.set(Field::BurstWithin, service.burst.map_or(0, |burst| burst.within.millis));
    record.set(Field::StopSignal, signal(&service.stop.signal).within("stop.signal")?);
    record.set(Field::StopTimeout, service.stop.timeout.millis);
    let mut words = Vec::new();
    for (from, to) in &service.signals {
        words.extend([signal(from).within("signals")?, signal(to).within("signals")?]);
    }
    for word in &words {
        record.writer.describe(&word.to_le_bytes());
    }
    let place = record.writer.words(&words, 2).within("signals")?;
    record.set_list(Field::Signals, place);
    let codes: Vec<u32> = service.success_codes.iter().map(|code| u32::from(*code)).collect();
    for code in &codes {
        record.writer.describe(&code.to_le_bytes());
    }
    let place = record.writer.words(&codes, 1).within("success_codes")?;
    record.set_list(Field::SuccessCodes, place);
    Ok(())
}

fn write_nodes(record: &mut Record<'_>, service: &Service) -> Result<(), Failed> {
    let all = [
        (&service.dirs, NodeKind::Directory, "755", "dirs"),
        (&service.files, NodeKind::File, "644", "files"),
        (&service.links, NodeKind::Link, "777", "links"),
    ];
    let mut words = Vec::new();
    for (nodes, kind, mode, field) in all {
        for node in nodes {
            words.extend(node_words(record.writer, node, kind, mode).within(field)?);
        }
    }
    let place = record.writer.words(&words, NODE_BYTES / 4).within("dirs")?;
    record.set_list(Field::Nodes, place);
    Ok(())
}

fn node_words(
    writer: &mut Writer,
    node: &Node,
    kind: NodeKind,
    mode: &str,
) -> Result<[u32; NODE_BYTES / 4], Problem> {
    if !node.path.starts_with('/') {
        return Err(Problem::Relative(node.path.clone()));
    }
    if kind == NodeKind::Link && node.content.is_none() {
        return Err(Problem::Empty);
    }
    let mode = octal(node.mode.as_deref().unwrap_or(mode))?;
    let owner = [node.uid.unwrap_or(UNCHANGED), node.gid.or(node.uid).unwrap_or(UNCHANGED)];
    let (path, path_len) = writer.string(&node.path)?;
    let empty = Text::from("");
    let (content, content_len) = writer.text(node.content.as_ref().unwrap_or(&empty))?;
    let words = [kind as u32, mode, owner[0], owner[1], path, path_len, content, content_len];
    for word in &[words[0], mode, owner[0], owner[1]] {
        writer.describe(&word.to_le_bytes());
    }
    Ok(words)
}

fn write_health(record: &mut Record<'_>, service: &Service) -> Result<(), Failed> {
    let Some(health) = &service.health else { return Ok(()) };
    for (given, name) in
        [(health.check.fd.is_some(), "fd"), (health.check.notify.is_some(), "notify")]
    {
        if given {
            return Err(("health", Problem::Once(name)));
        }
    }
    let action = match health.action {
        HealthAction::Restart => OnUnhealthy::Restart,
        HealthAction::StopAll => OnUnhealthy::StopAll,
        HealthAction::None => OnUnhealthy::None,
    };
    let word = u32::from(health.retries.max(1)) | (action as u32) << 16;
    let place = probe(record.writer, &health.check, Seconds::from_millis(30_000), word);
    record.set(Field::Health, place.within("health")?);
    Ok(())
}

/// Writes a probe; where it is.
fn probe(
    writer: &mut Writer,
    check: &Readiness,
    interval: Seconds,
    action: u32,
) -> Result<u32, Problem> {
    let local = |port: u16, host: std::net::Ipv4Addr| (u32::from(port), u32::from(host));
    let mut found = Vec::new();
    if let Some(fd) = check.fd {
        found.push((ProbeKind::Fd, u32::from(fd), 0, ""));
    }
    if check.notify == Some(true) {
        found.push((ProbeKind::Notify, 0, 0, ""));
    }
    if let Some(address) = check.tcp {
        let (port, host) = local(address.port(), *address.ip());
        found.push((ProbeKind::Tcp, port, host, ""));
    }
    if let Some(path) = &check.unix {
        found.push((ProbeKind::Unix, 0, 0, path));
    }
    if let Some(path) = &check.file {
        found.push((ProbeKind::File, 0, 0, path));
    }
    if let Some(address) = &check.http {
        let (port, host) = local(address.port, address.host);
        found.push((ProbeKind::Http, port, host, &address.path));
    }
    if check.exec.is_some() {
        found.push((ProbeKind::Exec, 0, 0, ""));
    }
    let [(kind, number, host, path)] = found.as_slice() else { return Err(Problem::Choice) };
    if *kind == ProbeKind::Fd && !(3..=255).contains(number) {
        return Err(Problem::Range(i64::from(*number)));
    }
    let (path, path_len) = writer.string(path)?;
    let (command, command_len) = writer.command(check.exec.as_deref().unwrap_or_default())?;
    let interval = check.interval.unwrap_or(interval).millis.max(1);
    let timeout = check.timeout.unwrap_or(Seconds::from_millis(5000)).millis.max(1);
    let words = [
        *kind as u32,
        *number,
        *host,
        interval,
        timeout,
        action,
        path,
        path_len,
        command,
        command_len,
    ];
    words.iter().take(6).for_each(|word| writer.describe(&word.to_le_bytes()));
    if command_len as usize > LIST_MAX {
        return Err(Problem::Long);
    }
    Ok(writer.block(&words))
}

fn write_log(record: &mut Record<'_>, log: &Log) -> Result<(), Failed> {
    let (kind, path, size, keep) = match log {
        Log::Inherit => (LogKind::Inherit, "", 0, 0),
        Log::Prefix => (LogKind::Prefix, "", 0, 0),
        Log::Json => (LogKind::Json, "", 0, 0),
        Log::File { path, size, keep } => (LogKind::File, path.as_str(), *size, *keep),
        Log::Syslog => (LogKind::Syslog, "", 0, 0),
        Log::Null => (LogKind::Null, "", 0, 0),
    };
    if kind == LogKind::File && !path.starts_with('/') {
        return Err(("log", Problem::Relative(path.to_owned())));
    }
    record.set(Field::Log, kind as u32);
    record.set(Field::LogBytes, size);
    record.set(Field::LogKeep, u32::from(keep));
    record.string(Field::LogPath, path, "log")
}
