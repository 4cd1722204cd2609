//! The command line of `nix-instantiate`, which follows rules of its own: flags may stand
//! anywhere, some take two values, and every setting is a flag, too.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use frazil_ops::eval::{Argument, Output};

use crate::command_error::CommandError;
use crate::commands::eval::stdin;
use crate::settings::Settings;

/// Settings that are on or off: `--NAME` and `--no-NAME`.
const SWITCHES: &[&str] = &[
    "abort-on-warn",
    "accept-flake-config",
    "allow-import-from-derivation",
    "allow-dirty",
    "debugger-on-trace",
    "debugger-on-warn",
    "eval-cache",
    "ignore-try",
    "impure-env",
    "pure-eval",
    "restrict-eval",
    "show-trace",
    "trace-function-calls",
    "trace-verbose",
    "use-registries",
    "use-sqlite-wal",
    "warn-dirty",
];
/// Settings that take a value: `--NAME VALUE`, and so does everything that starts with `lint-`.
const VALUED: &[&str] = &[
    "allowed-uris",
    "cores",
    "eval-system",
    "experimental-features",
    "extra-allowed-uris",
    "extra-experimental-features",
    "extra-nix-path",
    "extra-platforms",
    "extra-substituters",
    "max-call-depth",
    "max-jobs",
    "max-silent-time",
    "nix-path",
    "sandbox",
    "substituters",
    "system",
    "timeout",
];
/// Flags that concern building, talking or other commands.
const IGNORED: &[&str] = &[
    "debug",
    "fallback",
    "indirect",
    "keep-failed",
    "keep-going",
    "no-build-output",
    "no-gc-warning",
    "offline",
    "print-build-logs",
    "quiet",
    "refresh",
    "repair",
    "verbose",
];
/// Flags with a value that mean nothing here.
const IGNORED_VALUED: &[&str] = &["eval-store", "log-format"];

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Action {
    #[default]
    Instantiate,
    Evaluate,
    Parse,
    FindFile,
    Help,
    Version,
}

/// A command line, taken apart.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
pub(super) struct Parsed {
    pub(super) action: Action,
    pub(super) output: Output,
    pub(super) strict: bool,
    pub(super) are_expressions: bool,
    pub(super) read_stdin: bool,
    pub(super) read_write: bool,
    pub(super) read_only: bool,
    pub(super) attributes: Vec<String>,
    pub(super) arguments: Vec<(String, Argument)>,
    pub(super) includes: Vec<String>,
    pub(super) settings: Settings,
    pub(super) files: Vec<OsString>,
    /// Where the store is, in the words of Nix.
    pub(super) store: Option<String>,
    /// The link that is to keep what is instantiated.
    pub(super) add_root: Option<OsString>,
    /// Whether XML tells where things were written.
    locations: bool,
}

/// Takes `arguments` apart; `settings` are those of files and environment.
pub(super) fn parse(arguments: &[OsString], settings: Settings) -> Result<Parsed, CommandError> {
    let mut parsed = Parsed {
        action: Action::default(),
        output: Output::Value,
        strict: false,
        are_expressions: false,
        read_stdin: false,
        read_write: false,
        read_only: false,
        attributes: Vec::new(),
        arguments: Vec::new(),
        includes: Vec::new(),
        settings,
        files: Vec::new(),
        store: None,
        add_root: None,
        locations: true,
    };
    let mut rest = Rest { words: arguments };
    let mut flags_end = false;
    while let Some(word) = rest.next() {
        match word.to_str() {
            Some("--") if !flags_end => flags_end = true,
            Some("-") if !flags_end => parsed.read_stdin = true,
            Some(flag) if !flags_end && flag.starts_with("--") => parsed.long(flag, &mut rest)?,
            Some(flag) if !flags_end && flag.starts_with('-') => parsed.short(flag, &mut rest)?,
            _ => parsed.files.push(word.clone()),
        }
    }
    if let Output::Xml { locations } = &mut parsed.output {
        *locations = parsed.locations;
    }
    Ok(parsed)
}

/// The words that were not taken yet.
struct Rest<'w> {
    words: &'w [OsString],
}

impl<'w> Rest<'w> {
    fn next(&mut self) -> Option<&'w OsString> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// The values of `flag`.
    fn values<const COUNT: usize>(
        &mut self,
        flag: &str,
    ) -> Result<[&'w OsStr; COUNT], CommandError> {
        let mut values = [OsStr::new(""); COUNT];
        for (given, value) in values.iter_mut().enumerate() {
            let Some(word) = self.next() else {
                let message = format!(
                    "flag '{flag}' requires {COUNT} argument(s), but only {given} were given"
                );
                return Err(CommandError::usage(message));
            };
            *value = word;
        }
        Ok(values)
    }

    fn text(&mut self, flag: &str) -> Result<String, CommandError> {
        let [value] = self.values(flag)?;
        Ok(value.to_string_lossy().into_owned())
    }
}

impl Parsed {
    fn short(&mut self, flag: &str, rest: &mut Rest<'_>) -> Result<(), CommandError> {
        let (letter, joined) = flag.split_at(flag.len().min(2));
        let long = match letter {
            "-E" => "--expr",
            "-A" => "--attr",
            "-I" => "--include",
            "-j" => "--max-jobs",
            "-v" => "--verbose",
            "-K" => "--keep-failed",
            "-k" => "--keep-going",
            "-Q" => "--no-build-output",
            "-L" => "--print-build-logs",
            _ => return Err(unrecognised(flag)),
        };
        if joined.is_empty() {
            return self.long(long, rest);
        }
        if matches!(letter, "-A" | "-I" | "-j") {
            let value = [OsString::from(joined)];
            return self.long(long, &mut Rest { words: &value });
        }
        // Several flags in one word, as in `-vK`.
        self.long(long, rest)?;
        self.short(&format!("-{joined}"), rest)
    }

    fn long(&mut self, flag: &str, rest: &mut Rest<'_>) -> Result<(), CommandError> {
        match flag {
            "--help" => self.action = Action::Help,
            "--version" => self.action = Action::Version,
            "--eval" | "--eval-only" => self.set_action(Action::Evaluate),
            "--parse" | "--parse-only" => self.set_action(Action::Parse),
            "--find-file" => self.set_action(Action::FindFile),
            "--expr" => self.are_expressions = true,
            "--strict" => self.strict = true,
            "--raw" => self.output = Output::Raw,
            "--json" => self.output = Output::Json,
            "--xml" => self.output = Output::Xml { locations: true },
            "--no-location" => self.locations = false,
            "--read-write-mode" => self.read_write = true,
            "--readonly-mode" | "--dry-run" => self.read_only = true,
            "--impure" => self.settings.set("pure-eval", "false"),
            "--attr" => self.attributes.push(rest.text(flag)?),
            "--store" => self.store = Some(rest.text(flag)?),
            "--add-root" => {
                let [link] = rest.values(flag)?;
                self.add_root = Some(link.to_owned());
            }
            "--include" => self.includes.push(rest.text(flag)?),
            "--option" => {
                let [name, value] = rest.values(flag)?;
                self.settings.set(&name.to_string_lossy(), &value.to_string_lossy());
            }
            "--override-flake" => {
                let [_, _] = rest.values(flag)?;
            }
            "--arg" | "--argstr" | "--arg-from-file" | "--arg-from-stdin" => {
                self.argument(flag, rest)?;
            }
            _ => self.setting(flag, rest)?,
        }
        Ok(())
    }

    /// The last of `--eval` and `--parse` does not win: parsing is the narrower wish.
    fn set_action(&mut self, action: Action) {
        let rank = |action| match action {
            Action::Instantiate => 0,
            Action::Evaluate => 1,
            Action::Parse => 2,
            Action::FindFile => 3,
            Action::Help | Action::Version => 4,
        };
        if rank(action) > rank(self.action) {
            self.action = action;
        }
    }

    /// A later argument of the same name replaces an earlier one.
    fn argument(&mut self, flag: &str, rest: &mut Rest<'_>) -> Result<(), CommandError> {
        let (name, argument) = if flag == "--arg-from-stdin" {
            (rest.text(flag)?, Argument::String(stdin()?))
        } else {
            let [name, value] = rest.values(flag)?;
            let argument =
                match flag {
                    "--arg" => Argument::Expression(value.as_bytes().to_vec()),
                    "--argstr" => Argument::String(value.to_owned().into_vec()),
                    _ => Argument::String(std::fs::read(value).map_err(|source| {
                        CommandError::Io { action: "read", path: value.into(), source }
                    })?),
                };
            (name.to_string_lossy().into_owned(), argument)
        };
        self.arguments.retain(|(known, _)| *known != name);
        self.arguments.push((name, argument));
        Ok(())
    }

    fn setting(&mut self, flag: &str, rest: &mut Rest<'_>) -> Result<(), CommandError> {
        let name = flag.trim_start_matches('-');
        if SWITCHES.contains(&name) {
            self.settings.set(name, "true");
        } else if let Some(name) = name.strip_prefix("no-").filter(|name| SWITCHES.contains(name)) {
            self.settings.set(name, "false");
        } else if VALUED.contains(&name) || name.starts_with("lint-") {
            self.settings.set(name, &rest.text(flag)?);
        } else if IGNORED_VALUED.contains(&name) {
            rest.text(flag)?;
        } else if !IGNORED.contains(&name) {
            return Err(unrecognised(flag));
        }
        Ok(())
    }
}

fn unrecognised(flag: &str) -> CommandError {
    CommandError::usage(format!("unrecognised flag '{flag}'"))
}
