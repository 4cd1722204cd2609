//! The commands, one module each, and the way from arguments to a command.

mod cache;
mod completions;
mod eval;
mod nix_instantiate;
mod repl;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::environment::Environment;
use crate::screen::{self, Screen};

/// The exit status for arguments that make no sense.
const USAGE_STATUS: u8 = 2;

/// A light Nix-style Linux distribution, and the compiler for it
#[derive(Debug, Parser)]
#[command(name = "frazil", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Eval(eval::EvalArguments),
    Repl(repl::ReplArguments),
    NixInstantiate(nix_instantiate::NixInstantiateArguments),
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    Completions(completions::CompletionsArguments),
}

/// Runs the command that the arguments name; returns the exit status.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let environment = match Environment::of_process() {
        Ok(environment) => environment,
        Err(error) => {
            let empty = Environment { variables: BTreeMap::new(), directory: "/".into(), now: 0 };
            error.show(Screen::new(&empty));
            return error.status();
        }
    };
    let screen = with_whole_trace(Screen::new(&environment), &arguments);
    let program = arguments.first().map(Path::new).and_then(Path::file_name);
    if program.is_some_and(|name| name == nix_instantiate::NAME) {
        return nix_instantiate::run(arguments.get(1..).unwrap_or_default(), &environment, screen);
    }
    let command = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => arguments.command,
        Err(error) => return show_usage(&error, screen),
    };
    let done = match command {
        Command::Eval(arguments) => eval::run(&arguments, &environment, screen),
        Command::Repl(arguments) => repl::run(&arguments, &environment, screen),
        Command::NixInstantiate(arguments) => {
            return nix_instantiate::run(&arguments.arguments, &environment, screen);
        }
        Command::Cache(command) => cache::run(&command, &environment, screen),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            error.show(screen);
            error.status()
        }
    }
}

/// `--show-trace` decides how errors are shown, which happens outside of the commands, too.
fn with_whole_trace(mut screen: Screen, arguments: &[OsString]) -> Screen {
    screen.look.whole_trace |= arguments.iter().any(|argument| argument == "--show-trace");
    screen
}

/// Shows what clap has to say: help and version are data, the rest are words.
fn show_usage(error: &clap::Error, screen: Screen) -> u8 {
    let text = error.render();
    let text = if screen.look.colour { text.ansi().to_string() } else { text.to_string() };
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return screen::print(text.as_bytes()).map_or_else(|error| error.status(), |()| 0);
    }
    screen::say(&text);
    USAGE_STATUS
}
