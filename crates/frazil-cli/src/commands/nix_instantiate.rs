//! `frazil nix-instantiate`: the arguments, environment and exit status of Nix's program, so that
//! scripts and test suites written for it run unchanged. Also runs when the binary has that name.

mod arguments;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use frazil_ops::eval::{EvalPlan, Input, Output};
use frazil_ops::host::DiskHost;
use frazil_ops::store::{Access, Store, StorePlace};

use crate::command_error::CommandError;
use crate::commands::eval;
use crate::environment::Environment;
use crate::evaluation;
use crate::realising::{RealiseArguments, with_real_host};
use crate::screen::{self, Screen};
use crate::settings::Settings;
use crate::store_access::StoreArguments;

use arguments::{Action, Parsed};

pub(super) const NAME: &str = "nix-instantiate";
/// The status of every failure, as in Nix.
const FAILED: u8 = 1;
/// What is compatible with this program says that it is that version of Nix.
const VERSION: &str = "nix-instantiate (Nix) 2.26.3\n";
const USAGE: &str = "\
Usage: frazil nix-instantiate [--eval | --parse | --find-file] [OPTION]... [FILE]...

Behaves like the program of that name of Nix 2.26, see its manual:
  --eval --strict --json --xml --raw --no-location --parse --find-file
  --expr, -E        the FILEs are expressions
  --attr, -A PATH   select an attribute
  --arg NAME EXPR   --argstr NAME TEXT   --arg-from-file NAME FILE   --arg-from-stdin NAME
  --store DIR   --add-root LINK
  --include, -I NAME=PATH   --option NAME VALUE   --show-trace   --read-write-mode
Without --eval the store paths of the derivations are printed.
";

/// Evaluate like Nix's `nix-instantiate`
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(super) struct NixInstantiateArguments {
    /// The arguments of nix-instantiate
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    pub(super) arguments: Vec<OsString>,
}

pub(super) fn run(arguments: &[OsString], environment: &Environment, mut screen: Screen) -> u8 {
    let settings = match Settings::of(environment) {
        Ok(settings) => settings,
        Err(error) => {
            error.show(screen);
            return FAILED;
        }
    };
    let parsed = match arguments::parse(arguments, settings) {
        Ok(parsed) => parsed,
        Err(error) => {
            error.show(screen);
            screen::say("Try 'nix-instantiate --help' for more information.\n");
            return FAILED;
        }
    };
    screen.look.whole_trace = parsed.settings.flag("show-trace").unwrap_or(false);
    match act(&parsed, environment, screen) {
        Ok(()) => 0,
        Err(error) => {
            error.show(screen);
            FAILED
        }
    }
}

fn act(parsed: &Parsed, environment: &Environment, screen: Screen) -> Result<(), CommandError> {
    match parsed.action {
        Action::Help => return screen::print(USAGE.as_bytes()),
        Action::Version => return screen::print(VERSION.as_bytes()),
        Action::FindFile | Action::Evaluate | Action::Parse | Action::Instantiate => {}
    }
    let options = evaluation::options(&parsed.settings, environment, &parsed.includes)?;
    let is_reading = parsed.action != Action::Instantiate && !parsed.read_write;
    let may_write = !is_reading && !parsed.read_only;
    let Some(place) = store_place(parsed, environment)?.filter(|_| may_write) else {
        let mut host = evaluation::host(environment, screen)?;
        return with_host(parsed, options, environment, &mut host).map(drop);
    };
    let store = frazil_ops::store::open(&place, Access::Write)?;
    let (realise, settings) = (RealiseArguments::default(), &parsed.settings);
    let printed = with_real_host(&store, &realise, settings, environment, screen, |host| {
        with_host(parsed, options, environment, host)
    })??;
    match &parsed.add_root {
        Some(link) => add_roots(&store, &printed, &environment.absolute(Path::new(link))),
        None => Ok(()),
    }
}

/// The store that the arguments name, or else the environment; `None` if neither names one on the
/// disk: a store that nobody named is never touched.
fn store_place(
    parsed: &Parsed,
    environment: &Environment,
) -> Result<Option<StorePlace>, CommandError> {
    if let Some(root) = store_root(parsed, environment)? {
        let store = StoreArguments { store: Some(root) };
        return store.place(environment, &parsed.settings).map(Some);
    }
    let named = |name: &str| environment.text(name).filter(|text| !text.is_empty());
    let is_dummy = named("NIX_REMOTE").is_some_and(|remote| remote.starts_with("dummy:"));
    if parsed.store.is_some() || is_dummy || named("NIX_STORE_DIR").is_none() {
        return Ok(None);
    }
    let store_dir = evaluation::store_dir(environment)?;
    // As `/nix/var/nix` stands beside `/nix/store`.
    let beside = || Path::new(store_dir.as_str()).with_file_name("var/nix");
    let state = named("NIX_STATE_DIR").map_or_else(beside, PathBuf::from);
    Ok(Some(StorePlace { root: "/".into(), state: Some(state), store_dir }))
}

/// The directory below which the store lies that the arguments name in the words of Nix; `None` if
/// they name none on the disk.
fn store_root(parsed: &Parsed, environment: &Environment) -> Result<Option<PathBuf>, CommandError> {
    let Some(named) = &parsed.store else { return Ok(None) };
    if named.starts_with("dummy:") || named == "auto" {
        return Ok(None);
    }
    let root = match named.split_once("root=") {
        Some((kind, root)) if kind.starts_with("local?") => root.split('&').next().unwrap_or(root),
        _ if named == "local" => "/",
        _ if named.contains('/') && !named.contains("://") => named,
        _ => {
            return Err(CommandError::usage(format!("don't know how to open Nix store '{named}'")));
        }
    };
    Ok(Some(environment.absolute(Path::new(root))))
}

/// Makes links to the derivations that were printed: `LINK`, `LINK-2` and so on.
fn add_roots(store: &Store, printed: &[u8], link: &Path) -> Result<(), CommandError> {
    for (index, line) in printed.split(|byte| *byte == b'\n').enumerate() {
        let path = line.split(|byte| *byte == b'!').next().unwrap_or_default();
        let Ok(path) = store.store_dir().parse(path) else { continue };
        let mut name = link.as_os_str().to_owned();
        if index > 0 {
            name.push(format!("-{}", index + 1));
        }
        store.add_root(Path::new(&name), &path)?;
    }
    Ok(())
}

fn with_host(
    parsed: &Parsed,
    options: frazil_eval::Options,
    environment: &Environment,
    host: &mut DiskHost<'_>,
) -> Result<Vec<u8>, CommandError> {
    let mut printed = Vec::new();
    let done = if parsed.action == Action::FindFile {
        let names: Vec<String> =
            parsed.files.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        frazil_ops::eval::find_files(&options, &names, host, &mut printed)
    } else {
        let plan = plan(parsed, options, environment)?;
        frazil_ops::eval::eval(&plan, host, &mut printed)
    };
    screen::print(&printed)?;
    done?;
    Ok(printed)
}

fn plan(
    parsed: &Parsed,
    options: frazil_eval::Options,
    environment: &Environment,
) -> Result<EvalPlan, CommandError> {
    let output = match parsed.action {
        Action::Parse => Output::Tree,
        Action::Instantiate => Output::Derivations,
        Action::Evaluate | Action::FindFile | Action::Help | Action::Version => parsed.output,
    };
    Ok(EvalPlan {
        options,
        memory_bytes_max: None,
        inputs: inputs(parsed, environment)?,
        base: environment.directory.clone(),
        selections: parsed.attributes.clone(),
        arguments: parsed.arguments.clone(),
        apply: None,
        output,
        strict: parsed.strict,
    })
}

fn inputs(parsed: &Parsed, environment: &Environment) -> Result<Vec<Input>, CommandError> {
    let mut inputs = Vec::new();
    if parsed.read_stdin {
        inputs.push(Input::Stdin(eval::stdin()?));
    } else if parsed.files.is_empty() && !parsed.are_expressions {
        inputs.push(Input::File(environment.absolute(Path::new("./default.nix"))));
    }
    for file in &parsed.files {
        inputs.push(if parsed.are_expressions {
            Input::Text(file.as_encoded_bytes().to_vec())
        } else {
            eval::file_input(Path::new(file), environment)
        });
    }
    Ok(inputs)
}
