//! Writing the steps that set a machine up.

use std::net::Ipv4Addr;

use super::writer::{Place, Writer};
use super::{CompileError, Problem};
use crate::plan::STEP_BYTES;
use crate::plan::record::StepKind;
use crate::table::{Step, Text};

/// Options of a mount that are flags of the system call.
const MOUNT_FLAGS: &[(&str, u32)] = &[
    ("ro", 1),
    ("nosuid", 2),
    ("nodev", 4),
    ("noexec", 8),
    ("sync", 16),
    ("remount", 32),
    ("noatime", 1 << 10),
    ("bind", 1 << 12),
    ("rbind", 1 << 12 | 1 << 14),
    ("relatime", 1 << 21),
    ("rw", 0),
    ("defaults", 0),
];

pub(super) fn write(writer: &mut Writer, steps: &[Step]) -> Result<Place, CompileError> {
    let mut words = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let failed = |problem| CompileError::Step { index, problem };
        words.extend(step_words(writer, step).map_err(failed)?);
    }
    let failed = |problem| CompileError::Step { index: 0, problem };
    writer.words(&words, STEP_BYTES / 4).map_err(failed)
}

fn step_words(writer: &mut Writer, step: &Step) -> Result<Vec<u32>, Problem> {
    let (mut number, mut host) = (0, 0);
    let mut options_text = String::new();
    let mut command: Vec<Text> = Vec::new();
    let path;
    let (kind, texts) = match step {
        Step::Mount { source, target, kind, options } => {
            (number, options_text) = mount_options(options);
            (StepKind::Mount, [source.as_str(), target, kind])
        }
        Step::Module { path, parameters } => (StepKind::Module, [path.as_str(), parameters, ""]),
        Step::Sysctl { key, value } => {
            // In a key, a slash stands for a dot that is part of a name.
            let file: String = key
                .chars()
                .map(|c| {
                    if c == '.' {
                        '/'
                    } else if c == '/' {
                        '.'
                    } else {
                        c
                    }
                })
                .collect();
            path = format!("/proc/sys/{file}");
            (StepKind::Setting, [path.as_str(), value, ""])
        }
        Step::Hostname(name) => (StepKind::HostName, [name.as_str(), "", ""]),
        Step::LinkUp(link) => (StepKind::LinkUp, [link.as_str(), "", ""]),
        Step::Address { link, address } => {
            (host, number) = prefixed(address)?;
            (StepKind::Address, [link.as_str(), "", ""])
        }
        Step::DefaultRoute { link, gateway } => {
            host = u32::from(*gateway);
            (StepKind::Route, [link.as_str(), "", ""])
        }
        Step::Run(words) => {
            command.clone_from(words);
            (StepKind::Run, ["", "", ""])
        }
        Step::Fsck(words) => {
            command.clone_from(words);
            (StepKind::Check, ["", "", ""])
        }
        Step::Swap(path) => (StepKind::Swap, [path.as_str(), "", ""]),
        Step::RandomSeed(path) => (StepKind::Seed, [path.as_str(), "", ""]),
    };
    let mut words = vec![kind as u32, number, host];
    for text in texts.into_iter().chain([options_text.as_str()]) {
        let (offset, count) = writer.string(text)?;
        words.extend([offset, count]);
    }
    let (offset, count) = writer.command(&command)?;
    words.extend([offset, count]);
    Ok(words)
}

/// Splits options into flags and what is passed to the file system.
fn mount_options(options: &[String]) -> (u32, String) {
    let mut flags = 0;
    let mut rest = Vec::new();
    for option in options {
        match MOUNT_FLAGS.iter().find(|(name, _)| name == option) {
            Some((_, flag)) => flags |= flag,
            None => rest.push(option.as_str()),
        }
    }
    (flags, rest.join(","))
}

fn prefixed(text: &str) -> Result<(u32, u32), Problem> {
    let problem = || Problem::Address(text.to_owned());
    let (host, length) = text.split_once('/').ok_or_else(problem)?;
    let length: u32 = length.parse().ok().filter(|length| *length <= 32).ok_or_else(problem)?;
    let host: Ipv4Addr = host.parse().map_err(|_| problem())?;
    Ok((host.into(), length))
}
