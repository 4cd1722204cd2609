//! The commands, one module each, and the way from arguments to a command.

mod audit;
mod build;
mod cache;
mod check;
mod completions;
mod ctl;
mod debian;
mod eval;
mod flake;
mod flake_arguments;
mod image;
mod init;
mod linked;
mod lock;
mod log;
mod nix_instantiate;
mod option;
mod push;
mod registry;
mod repl;
mod run;
mod search;
mod store;
mod update;

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

    #[command(flatten)]
    archives: debian::ArchiveArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArguments),
    Lock(lock::LockCommandArguments),
    Update(update::UpdateArguments),
    Flake(flake::FlakeArguments),
    Build(build::BuildArguments),
    #[command(subcommand)]
    Image(image::ImageCommand),
    Push(push::PushArguments),
    Run(run::RunArguments),
    Ctl(ctl::CtlArguments),
    Check(check::CheckArguments),
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    Eval(eval::EvalArguments),
    Repl(repl::ReplArguments),
    NixInstantiate(nix_instantiate::NixInstantiateArguments),
    Search(search::SearchArguments),
    #[command(subcommand)]
    Option(option::OptionCommand),
    #[command(subcommand)]
    Debian(debian::DebianCommand),
    Log(log::LogArguments),
    #[command(subcommand)]
    Store(store::StoreCommand),
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    Completions(completions::CompletionsArguments),
}

/// Runs the command that the arguments name; returns the exit status.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let mut environment = match Environment::of_process() {
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
        Ok(arguments) => {
            arguments.archives.put_into(&mut environment);
            arguments.command
        }
        Err(error) => return show_usage(&error, screen),
    };
    let done = match command {
        Command::Init(arguments) => init::run(&arguments, &environment),
        Command::Lock(arguments) => lock::run(&arguments, &environment, screen),
        Command::Update(arguments) => update::run(&arguments, &environment, screen),
        Command::Flake(arguments) => flake::run(&arguments, &environment, screen),
        Command::Build(arguments) => build::run(&arguments, &environment, screen),
        Command::Image(command) => image::run(&command, &environment, screen),
        Command::Push(arguments) => push::run(&arguments, &environment, screen),
        Command::Run(arguments) => run::run(&arguments, &environment, screen),
        Command::Ctl(arguments) => ctl::run(&arguments, &environment),
        Command::Check(arguments) => check::run(&arguments, &environment, screen),
        Command::Audit(command) => audit::run(&command, &environment),
        Command::Eval(arguments) => eval::run(&arguments, &environment, screen),
        Command::Repl(arguments) => repl::run(&arguments, &environment, screen),
        Command::NixInstantiate(arguments) => {
            return nix_instantiate::run(&arguments.arguments, &environment, screen);
        }
        Command::Search(arguments) => search::run(&arguments, &environment, screen),
        Command::Option(command) => option::run(&command, &environment, screen),
        Command::Debian(command) => debian::run(&command, &environment, screen),
        Command::Log(arguments) => log::run(&arguments, &environment),
        Command::Store(command) => store::run(&command, &environment, screen),
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
