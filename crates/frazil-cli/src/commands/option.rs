//! `frazil option`

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use frazil_ops::eval::{EvalPlan, Input, Output};
use frazil_ops::host::DiskHost;
use frazil_ops::option::{
    Described, Found, OptionError, OptionPlan, Set, SystemChoice, find, list, reference, search,
    value,
};
use serde_json::json;

use super::eval::{EvaluationArguments, file_input};
use super::flake_arguments::LockArguments;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::evaluation;
use crate::realising::with_user_host;
use crate::screen::{self, Screen};

/// Search and show the options of systems
#[derive(Debug, Subcommand)]
pub(super) enum OptionCommand {
    Search(SearchArguments),
    Show(ShowArguments),
    Reference(ReferenceArguments),
}

/// Search options by name and description
#[derive(Debug, Args)]
pub(super) struct SearchArguments {
    /// What to look for; all words must occur
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,

    /// Print what was found as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    system: Whose,
}

/// Show an option: its type, its default, and in a system its value and who set it
#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The name, with any names in place of `<name>`, or a part of it
    #[arg(value_name = "NAME")]
    name: String,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    system: Whose,
}

/// Write the reference of all options: Markdown, a page for each part
#[derive(Debug, Args)]
pub(super) struct ReferenceArguments {
    /// The directory to write; it must not be there
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    #[command(flatten)]
    system: Whose,
}

/// Whose options these are.
#[derive(Debug, Args)]
struct Whose {
    /// Take the options of this system of a flake, such as `.#web`, and not those of every system
    #[arg(long, value_name = "FLAKE#ATTR")]
    system: Option<String>,

    /// Take the options of the system in this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "system")]
    file: Option<PathBuf>,

    /// Select this attribute of the file's value
    #[arg(short = 'A', long = "attr", value_name = "PATH", requires = "file")]
    attribute: Option<String>,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    evaluation: EvaluationArguments,
}

impl Whose {
    fn plan(&self, environment: &Environment) -> Result<OptionPlan, CommandError> {
        let settings = self.evaluation.settings(environment)?;
        let memory_bytes_max = self.evaluation.memory_bytes_max();
        let system = match (&self.system, &self.file) {
            (Some(text), _) => {
                let options = self.evaluation.flake_options(environment)?;
                let flake = self.lock.plan(options, memory_bytes_max, environment)?;
                let has_attribute = text.contains('#');
                let text = if has_attribute { text.clone() } else { format!("{text}#default") };
                SystemChoice::Flake(Box::new(flake), text)
            }
            (None, Some(_)) => SystemChoice::Input,
            (None, None) => SystemChoice::None,
        };
        let inputs: Vec<Input> =
            self.file.iter().map(|file| file_input(file, environment)).collect();
        let eval = EvalPlan {
            options: self.evaluation.options_from(&settings, environment)?,
            memory_bytes_max,
            inputs,
            base: environment.directory.clone(),
            selections: self.attribute.iter().cloned().collect(),
            arguments: self.evaluation.arguments()?,
            apply: None,
            output: Output::Json,
            strict: true,
        };
        Ok(OptionPlan { eval, system })
    }

    /// Runs with what can evaluate the plan.
    fn with_host<T>(
        &self,
        environment: &Environment,
        screen: Screen,
        work: impl FnOnce(&OptionPlan, &mut DiskHost<'_>) -> Result<T, OptionError>,
    ) -> Result<T, CommandError> {
        let plan = self.plan(environment)?;
        let done = if matches!(plan.system, SystemChoice::Flake(..)) {
            // What a flake needs is fetched once, not for every evaluation.
            with_user_host(environment, screen, |host| work(&plan, host))?
        } else {
            work(&plan, &mut evaluation::host(environment, screen)?)
        };
        Ok(done?)
    }
}

pub(super) fn run(
    command: &OptionCommand,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    match command {
        OptionCommand::Search(arguments) => run_search(arguments, environment, screen),
        OptionCommand::Show(arguments) => run_show(arguments, environment, screen),
        OptionCommand::Reference(arguments) => run_reference(arguments, environment, screen),
    }
}

fn run_search(
    arguments: &SearchArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let options = arguments.system.with_host(environment, screen, |plan, host| list(plan, host))?;
    let found = search(&options, &arguments.words);
    if arguments.json {
        screen::print(format!("{}\n", json!(found)).as_bytes())?;
    } else {
        screen::print(lines(&found).as_bytes())?;
    }
    if found.is_empty() {
        return Err(CommandError::check_failed("no option was found"));
    }
    Ok(())
}

/// Options by name, each with the first line of what it is for.
fn lines(options: &[&Described]) -> String {
    let line = |option: &&Described| {
        let description = option.description.as_deref().unwrap_or_default();
        let first = description.lines().next().unwrap_or_default();
        format!("{} - {first}\n", option.name)
    };
    options.iter().map(line).collect()
}

fn run_show(
    arguments: &ShowArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let name = &arguments.name;
    let (options, set) = arguments.system.with_host(environment, screen, |plan, host| {
        let options = list(plan, host)?;
        let set = match find(&options, name) {
            Found::One(_, path) if !matches!(plan.system, SystemChoice::None) => {
                value(plan, &path, host)?
            }
            Found::One(..) | Found::Several(_) | Found::Nothing(_) => None,
        };
        Ok((options, set))
    })?;
    let option = match find(&options, name) {
        Found::One(option, _) => option,
        Found::Several(options) if arguments.json => {
            return screen::print(format!("{}\n", json!(options)).as_bytes());
        }
        Found::Several(options) => return screen::print(lines(&options).as_bytes()),
        Found::Nothing(names) => {
            let proposals = match names.as_slice() {
                [] => String::new(),
                names => format!("; there is `{}`", names.join("`, `")),
            };
            let message = format!("there is no option `{name}`{proposals}");
            return Err(CommandError::check_failed(message));
        }
    };
    if arguments.json {
        let mut document = json!(option);
        if let (Some(set), Some(fields)) = (&set, document.as_object_mut()) {
            fields.insert("set".to_owned(), json!(set));
        }
        return screen::print(format!("{document}\n").as_bytes());
    }
    screen::print(shown(option, set.as_ref()).as_bytes())
}

/// An option for people.
fn shown(option: &Described, set: Option<&Set>) -> String {
    let mut text = format!("{}\n", option.name);
    if let Some(description) = &option.description {
        let lines = description.trim().lines().map(|line| format!("  {line}\n"));
        text.extend(lines);
    }
    text.push('\n');
    let mut field = |name: &str, value: &str| {
        let value = value.trim().replace('\n', "\n            ");
        text.extend([format!("  {name:<9} {value}\n")]);
    };
    field("type", &option.r#type);
    for (name, value) in [("default", &option.default), ("example", &option.example)] {
        if let Some(value) = value {
            field(name, value);
        }
    }
    if option.is_read_only {
        field("read-only", "yes");
    }
    for file in &option.declarations {
        field("declared", file);
    }
    if let Some(set) = set {
        field("value", set.value.as_deref().unwrap_or("an error"));
        for definition in &set.definitions {
            let value = definition.value.as_deref().unwrap_or("an error");
            field("set", &format!("{}: {value}", definition.file));
        }
    }
    text
}

fn run_reference(
    arguments: &ReferenceArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let options = arguments.system.with_host(environment, screen, |plan, host| list(plan, host))?;
    let directory = environment.absolute(&arguments.directory);
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |source| CommandError::Io { action, path, source }
    };
    fs::create_dir(&directory).map_err(failed("create", &directory))?;
    for (name, page) in reference::pages(&options) {
        let path = directory.join(name);
        fs::write(&path, page).map_err(failed("write", &path))?;
    }
    Ok(())
}
