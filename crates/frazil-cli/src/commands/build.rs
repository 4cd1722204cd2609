//! `frazil build`

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use clap::Args;
use frazil_model::OutputName;
use frazil_ops::build::{OutputChoice, Setting, Target, Wanted, link};
use frazil_ops::eval::{EvalPlan, Input, Output};
use frazil_ops::host::DiskHost;
use frazil_ops::realise::{Mode, Report};
use frazil_ops::store::{Access, Store};
use serde_json::{Value, json};

use crate::command_error::CommandError;
use crate::commands::eval::{EvaluationArguments, file_input};
use crate::commands::flake_arguments::LockArguments;
use crate::environment::Environment;
use crate::evaluation;
use crate::progress::{Progress, size};
use crate::realising::{RealiseArguments, Realising, show_failures};
use crate::screen::{self, Screen, say};
use crate::settings::Settings;
use crate::store_access::{StoreArguments, store_path};

/// Build derivations, or fetch them from caches
///
/// Without anything to build, the derivations of `./default.nix` are built. What was built is kept
/// as long as the link `result` is there.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
pub(super) struct BuildArguments {
    /// What a flake has under a name, as in `.#nginx`; or store paths: a derivation with its outputs
    /// as in `x.drv^out,dev` and `x.drv^*`, or what a cache has
    #[arg(value_name = "INSTALLABLE")]
    installables: Vec<String>,

    /// Build the derivations in the value of this expression
    #[arg(short = 'E', long = "expr", value_name = "EXPR", allow_hyphen_values = true)]
    expression: Option<OsString>,

    /// Build the derivations in the value of this file, directory or `<name>` of the search path
    #[arg(short, long, value_name = "FILE", conflicts_with = "expression")]
    file: Option<PathBuf>,

    /// Select this attribute of the value (can be repeated)
    #[arg(short = 'A', long = "attr", value_name = "PATH")]
    attributes: Vec<String>,

    /// Name the links to what was built like this
    #[arg(short, long, value_name = "LINK", default_value = "result", conflicts_with = "no_link")]
    out_link: PathBuf,

    /// Make no links
    #[arg(long)]
    no_link: bool,

    /// Show what would be built and fetched, and do nothing
    #[arg(long)]
    dry_run: bool,

    /// Print what was built as JSON
    #[arg(long)]
    json: bool,

    /// Print the paths of what was built
    #[arg(long)]
    print_out_paths: bool,

    /// Build what was built before again, and compare
    #[arg(long, alias = "rebuild", conflicts_with = "dry_run")]
    check: bool,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    realise: RealiseArguments,

    #[command(flatten)]
    evaluation: EvaluationArguments,
}

pub(super) fn run(
    arguments: &BuildArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let settings = arguments.evaluation.settings(environment)?;
    let place = arguments.store.place(environment, &settings)?;
    let store = frazil_ops::store::open(&place, Access::Write)?;
    let realising = Realising::new(&arguments.realise, &settings, environment)?;
    let shows_logs = arguments.realise.print_build_logs;
    let progress = Progress::new(store.store_dir().clone(), screen, shows_logs);
    let tell = |event| progress.tell(event);
    let mode = match (arguments.dry_run, arguments.check) {
        (true, _) => Mode::Plan,
        (false, true) => Mode::Check,
        (false, false) => Mode::Make,
    };
    let done = realising.with_options(mode, |options| {
        let (store, cancel) = (&store, &realising.cancel);
        let setting = Setting { store, options, cancel, tell: &tell };
        let context = evaluation::host_context(environment)?;
        let host =
            DiskHost::over(context, setting.real_store(), move |message| screen.tell(&message));
        let mut host = evaluation::equip(host, environment)?;
        let targets = targets(arguments, store, &settings, environment)?;
        let wanted = setting.find(&targets, &mut host)?;
        let report = setting.build(&wanted);
        Ok::<_, CommandError>((wanted, report))
    });
    progress.finish();
    let (wanted, report) = done?;
    if arguments.dry_run {
        show_plan(&report, &store);
        return show_failures(report, screen);
    }
    show_failures(report, screen)?;
    if !arguments.no_link {
        link(&store, &wanted, &environment.absolute(&arguments.out_link))?;
    }
    print_outputs(arguments, &store, &wanted)
}

/// What the command line names. References to flakes are resolved here, to an expression.
fn targets(
    arguments: &BuildArguments,
    store: &Store,
    settings: &Settings,
    environment: &Environment,
) -> Result<Vec<Target>, CommandError> {
    let mut targets = Vec::new();
    for installable in &arguments.installables {
        if let Some(target) = store_target(installable, store, environment)? {
            targets.push(target);
            continue;
        }
        let options = arguments.evaluation.flake_options(environment)?;
        let memory = arguments.evaluation.memory_bytes_max();
        let plan = arguments.lock.plan(options, memory, environment)?;
        targets.push(Target::Flake(Box::new(plan), installable.clone()));
    }
    let input = match (&arguments.expression, &arguments.file) {
        (Some(text), _) => Some(Input::Text(text.clone().into_vec())),
        (None, Some(file)) => Some(file_input(file, environment)),
        (None, None) if targets.is_empty() => {
            Some(file_input(&PathBuf::from("./default.nix"), environment))
        }
        (None, None) => None,
    };
    if let Some(input) = input {
        let plan = EvalPlan {
            options: arguments.evaluation.options_from(settings, environment)?,
            memory_bytes_max: arguments.evaluation.memory_bytes_max(),
            inputs: vec![input],
            base: environment.directory.clone(),
            selections: arguments.attributes.clone(),
            arguments: arguments.evaluation.arguments()?,
            apply: None,
            output: Output::Derivations,
            strict: false,
        };
        targets.push(Target::Expression(Box::new(plan)));
    }
    Ok(targets)
}

/// `PATH`, `DERIVATION^OUTPUT,OUTPUT` or `DERIVATION^*`; `None` if it is no path of the store.
fn store_target(
    installable: &str,
    store: &Store,
    environment: &Environment,
) -> Result<Option<Target>, CommandError> {
    let (path, outputs) = installable.split_once('^').unwrap_or((installable, "*"));
    let path = match store_path(store, path, environment) {
        Ok(path) => path,
        Err(_) if !path.starts_with(store.store_dir().as_str()) => return Ok(None),
        Err(error) => return Err(error),
    };
    if outputs == "*" {
        return Ok(Some(Target::Path(path, OutputChoice::All)));
    }
    let names: Result<BTreeSet<OutputName>, _> = outputs.split(',').map(str::parse).collect();
    let names =
        names.map_err(|error| CommandError::usage(format!("in '{installable}': {error}")))?;
    Ok(Some(Target::Path(path, OutputChoice::Named(names))))
}

fn show_plan(report: &Report, store: &Store) {
    let mut text: Vec<String> = Vec::new();
    if !report.built.is_empty() {
        let count = report.built.len();
        let what = if count == 1 { "this derivation" } else { "these derivations" };
        text.push(format!("{what} will be built ({count}):\n"));
        for path in &report.built {
            text.push(format!("  {}\n", store.store_dir().display(path)));
        }
    }
    if !report.fetched.is_empty() {
        let count = report.fetched.len();
        let bytes = size(report.fetched.values().sum());
        let what = if count == 1 { "this path" } else { "these paths" };
        text.push(format!("{what} will be fetched ({count}, {bytes} unpacked):\n"));
        for path in report.fetched.keys() {
            text.push(format!("  {}\n", store.store_dir().display(path)));
        }
    }
    say(&text.concat());
}

fn print_outputs(
    arguments: &BuildArguments,
    store: &Store,
    wanted: &[Wanted],
) -> Result<(), CommandError> {
    let mut printed = Vec::new();
    if arguments.json {
        let shown: Vec<Value> = wanted.iter().map(|wanted| shown(store, wanted)).collect();
        printed.extend(Value::from(shown).to_string().into_bytes());
        printed.push(b'\n');
    }
    if arguments.print_out_paths {
        for path in wanted.iter().flat_map(|wanted| wanted.outputs.values()) {
            printed.extend(store.store_dir().join(path).into_bytes());
            printed.push(b'\n');
        }
    }
    screen::print(&printed)
}

fn shown(store: &Store, wanted: &Wanted) -> Value {
    let full = |path| store.store_dir().join(path);
    match &wanted.derivation {
        None => wanted.outputs.values().next().map(full).into(),
        Some(derivation) => {
            let outputs = wanted.outputs.iter();
            let outputs: serde_json::Map<_, _> =
                outputs.map(|(name, path)| (name.to_string(), full(path).into())).collect();
            json!({ "drvPath": full(derivation), "outputs": outputs })
        }
    }
}
