//! `frazil eval`

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use clap::Args;
use frazil_ops::eval::{Argument, EvalPlan, Input, Output};
use frazil_ops::host::DiskHost;
use frazil_ops::store::Access;

use super::flake_arguments::LockArguments;
use crate::command_error::CommandError;
use crate::commands::flake_arguments::user_registry;
use crate::environment::Environment;
use crate::evaluation;
use crate::realising::{RealiseArguments, with_real_host, with_user_host};
use crate::screen::{self, Screen};
use crate::settings::Settings;
use crate::store_access::StoreArguments;

/// Evaluate an expression and print its value
///
/// The value goes to standard output; traces, warnings and errors go to standard error.
/// Without an expression and without --file, `./default.nix` is evaluated.
#[derive(Debug, Args)]
pub(super) struct EvalArguments {
    /// The expression; `-` reads it from standard input, and `FLAKE#ATTR` is an attribute of a flake
    #[arg(value_name = "EXPR", conflicts_with_all = ["expression", "file"])]
    positional: Option<OsString>,

    /// Evaluate this expression
    #[arg(
        short = 'E',
        long = "expr",
        value_name = "EXPR",
        conflicts_with = "file",
        allow_hyphen_values = true
    )]
    expression: Option<OsString>,

    /// Evaluate this file, directory or `<name>` of the search path
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Select this attribute of the value (can be repeated)
    #[arg(short = 'A', long = "attr", value_name = "PATH")]
    attributes: Vec<String>,

    /// Call this function with the value, and print what it returns
    #[arg(long, value_name = "FUNCTION")]
    apply: Option<OsString>,

    #[command(flatten)]
    form: FormArguments,

    /// Evaluate everything inside the value, too
    #[arg(long)]
    strict: bool,

    /// Write what the evaluation adds to the store below this directory, and build there what it
    /// imports; without it nothing is written
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    evaluation: EvaluationArguments,
}

/// How the value is printed.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct FormArguments {
    /// Print the value as JSON; implies --strict
    #[arg(long)]
    json: bool,

    /// Print a string as it is, without quotes and without a newline
    #[arg(long)]
    raw: bool,

    /// Print the value as XML
    #[arg(long)]
    xml: bool,
}

/// What every command that evaluates takes.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
pub(super) struct EvaluationArguments {
    /// Call functions with this argument, an expression (can be repeated)
    #[arg(long = "arg", num_args = 2, value_names = ["NAME", "EXPR"], allow_hyphen_values = true)]
    arguments: Vec<OsString>,

    /// Call functions with this argument, a string (can be repeated)
    #[arg(long = "argstr", num_args = 2, value_names = ["NAME", "TEXT"], allow_hyphen_values = true)]
    string_arguments: Vec<OsString>,

    /// Look up `<NAME>` here first (can be repeated)
    #[arg(short = 'I', long = "include", value_name = "NAME=PATH")]
    include: Vec<String>,

    /// Allow nothing that could differ on another machine: no environment, no time, no search path
    #[arg(long, alias = "pure-eval", overrides_with = "impure")]
    pure: bool,

    /// Allow reading the environment and all files [default]
    #[arg(long)]
    impure: bool,

    /// Read only files of the search path
    #[arg(long)]
    restrict_eval: bool,

    /// Show every frame of a trace
    #[arg(long)]
    show_trace: bool,

    /// End with an error when values take more memory, such as 2G; counted in steps of 64M
    #[arg(long, value_name = "SIZE", value_parser = evaluation::bytes)]
    memory_limit: Option<u64>,

    /// End with an error when more calls are nested [default: 10000]
    #[arg(long, value_name = "CALLS")]
    max_call_depth: Option<u64>,

    /// End with an error after so many calls and comparisons
    #[arg(long, value_name = "STEPS")]
    max_steps: Option<u64>,

    /// Turn on parts of the language that are not stable, such as pipe-operators (can be repeated)
    #[arg(long, value_name = "NAMES")]
    extra_experimental_features: Vec<String>,

    /// Set one of Nix's settings (can be repeated)
    #[arg(long = "option", num_args = 2, value_names = ["NAME", "VALUE"])]
    settings: Vec<String>,
}

impl EvaluationArguments {
    pub(super) fn options(
        &self,
        environment: &Environment,
    ) -> Result<frazil_eval::Options, CommandError> {
        self.options_from(&self.amend(Settings::default()), environment)
    }

    /// Our own settings, and what the arguments say instead.
    pub(super) fn settings(&self, environment: &Environment) -> Result<Settings, CommandError> {
        Ok(self.amend(Settings::of_frazil(environment)?))
    }

    fn amend(&self, mut settings: Settings) -> Settings {
        for setting in self.settings.chunks_exact(2) {
            if let [name, value] = setting {
                settings.set(name, value);
            }
        }
        for features in &self.extra_experimental_features {
            settings.set("extra-experimental-features", features);
        }
        if let Some(depth) = self.max_call_depth {
            settings.set("max-call-depth", &depth.to_string());
        }
        for (name, is_on) in [("pure-eval", self.pure), ("restrict-eval", self.restrict_eval)] {
            if is_on {
                settings.set(name, "true");
            }
        }
        settings
    }

    pub(super) fn options_from(
        &self,
        settings: &Settings,
        environment: &Environment,
    ) -> Result<frazil_eval::Options, CommandError> {
        let mut options = evaluation::options(settings, environment, &self.include)?;
        // Only the front that is compatible with Nix takes flakes for an experiment.
        options.features.push("flakes".to_owned());
        let steps_max = self.max_steps.unwrap_or(options.steps_max);
        let registry = user_registry(environment)?;
        Ok(frazil_eval::Options { steps_max, registry, ..options })
    }

    /// The options for flakes, which are pure unless the user says otherwise.
    pub(super) fn flake_options(
        &self,
        environment: &Environment,
    ) -> Result<frazil_eval::Options, CommandError> {
        let options = self.options(environment)?;
        Ok(frazil_eval::Options { pure: !self.impure, ..options })
    }

    pub(super) fn memory_bytes_max(&self) -> Option<u64> {
        self.memory_limit
    }

    pub(super) fn arguments(&self) -> Result<Vec<(String, Argument)>, CommandError> {
        let expressions = pairs(&self.arguments, Argument::Expression)?;
        Ok(expressions
            .into_iter()
            .chain(pairs(&self.string_arguments, Argument::String)?)
            .collect())
    }
}

/// Takes `NAME VALUE NAME VALUE ...` apart.
fn pairs(
    words: &[OsString],
    argument: fn(Vec<u8>) -> Argument,
) -> Result<Vec<(String, Argument)>, CommandError> {
    let mut pairs = Vec::new();
    for pair in words.chunks_exact(2) {
        let [name, value] = pair else { continue };
        let name = name
            .to_str()
            .ok_or_else(|| CommandError::usage("the name of an argument is not text"))?;
        pairs.push((name.to_owned(), argument(value.clone().into_vec())));
    }
    Ok(pairs)
}

pub(super) fn run(
    arguments: &EvalArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let mut plan = plan(arguments, environment)?;
    let flake = match installable(arguments) {
        None => None,
        Some(text) => {
            let options = arguments.evaluation.flake_options(environment)?;
            let memory = arguments.evaluation.memory_bytes_max();
            let flake = arguments.lock.plan(options, memory, environment)?;
            plan.options = flake.options.clone();
            Some((flake, text))
        }
    };
    let mut printed = Vec::new();
    let mut eval = |host: &mut DiskHost<'_>| match &flake {
        Some((flake, text)) => {
            frazil_ops::eval::eval_installable(&plan, flake, text, host, &mut printed)
        }
        None => frazil_ops::eval::eval(&plan, host, &mut printed),
    };
    let done = match &arguments.store {
        // What a flake needs is fetched once, not for every evaluation.
        None if flake.is_some() => with_user_host(environment, screen, eval)?,
        None => eval(&mut evaluation::host(environment, screen)?),
        Some(root) => {
            let settings = arguments.evaluation.settings(environment)?;
            let store = StoreArguments { store: Some(root.clone()) };
            let place = store.place(environment, &settings)?;
            let store = frazil_ops::store::open(&place, Access::Write)?;
            let realise = RealiseArguments::default();
            with_real_host(&store, &realise, &settings, environment, screen, eval)?
        }
    };
    screen::print(&printed)?;
    Ok(done?)
}

/// The attribute of a flake that is named in place of an expression: `.#x`. An expression on one
/// line has no use for a comment that nothing separates from it.
fn installable(arguments: &EvalArguments) -> Option<&str> {
    let text = arguments.positional.as_ref()?.to_str()?;
    let is_reference = text.contains('#') && !text.contains(char::is_whitespace);
    is_reference.then_some(text)
}

fn plan(arguments: &EvalArguments, environment: &Environment) -> Result<EvalPlan, CommandError> {
    let form = &arguments.form;
    let output = match (form.json, form.raw, form.xml) {
        (true, _, _) => Output::Json,
        (_, true, _) => Output::Raw,
        (_, _, true) => Output::Xml { locations: true },
        (false, false, false) => Output::Value,
    };
    Ok(EvalPlan {
        options: arguments.evaluation.options(environment)?,
        memory_bytes_max: arguments.evaluation.memory_bytes_max(),
        inputs: vec![input(arguments, environment)?],
        base: environment.directory.clone(),
        selections: arguments.attributes.clone(),
        arguments: arguments.evaluation.arguments()?,
        apply: arguments.apply.clone().map(OsStringExt::into_vec),
        output,
        strict: arguments.strict || form.json,
    })
}

fn input(arguments: &EvalArguments, environment: &Environment) -> Result<Input, CommandError> {
    if let Some(expression) = &arguments.expression {
        return Ok(Input::Text(expression.clone().into_vec()));
    }
    match &arguments.positional {
        Some(dash) if dash == "-" => Ok(Input::Stdin(stdin()?)),
        Some(expression) => Ok(Input::Text(expression.clone().into_vec())),
        None => {
            let file = arguments.file.clone().unwrap_or_else(|| PathBuf::from("./default.nix"));
            Ok(file_input(&file, environment))
        }
    }
}

/// A file as a user names it: a path, or `<name>` in the search path.
pub(super) fn file_input(file: &std::path::Path, environment: &Environment) -> Input {
    let name = file.to_str().and_then(|name| name.strip_prefix('<')?.strip_suffix('>'));
    match name {
        Some(name) => Input::Lookup(name.to_owned()),
        None => Input::File(environment.absolute(file)),
    }
}

/// Everything that standard input holds.
pub(super) fn stdin() -> Result<Vec<u8>, CommandError> {
    let mut text = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut text);
    read.map_err(|source| CommandError::Io {
        action: "read",
        path: "standard input".into(),
        source,
    })?;
    Ok(text)
}
