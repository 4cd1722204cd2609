//! From arguments to a linked system: built first if it is named as something to build.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use frazil_model::StorePath;
use frazil_ops::build::{OutputChoice, Setting, Target};
use frazil_ops::eval::{EvalPlan, Input, Output};
use frazil_ops::host::DiskHost;
use frazil_ops::image::{Located, System, SystemError};
use frazil_ops::realise::Mode;
use frazil_ops::store::{Access, Store};

use crate::command_error::CommandError;
use crate::commands::eval::{EvaluationArguments, file_input};
use crate::commands::flake_arguments::LockArguments;
use crate::environment::Environment;
use crate::evaluation;
use crate::progress::Progress;
use crate::realising::{RealiseArguments, Realising, show_failures};
use crate::screen::Screen;
use crate::store_access::{StoreArguments, store_path};

/// What is selected of a file or expression that is a whole system.
const TOPLEVEL: &str = "config.system.build.toplevel";

/// Which system a command is about.
#[derive(Debug, Args)]
pub(super) struct SystemArguments {
    /// A system of a flake, as in `.#web`, or the directory of a flake with the output `default`; or
    /// a linked system: a store path, a link to one such as `result`, or its directory
    #[arg(value_name = "SYSTEM")]
    system: Option<String>,

    /// Build the system in the value of this expression
    #[arg(short = 'E', long = "expr", value_name = "EXPR", allow_hyphen_values = true)]
    expression: Option<OsString>,

    /// Build the system in the value of this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "expression")]
    file: Option<PathBuf>,

    /// Select this attribute of the value [default: config.system.build.toplevel]
    #[arg(short = 'A', long = "attr", value_name = "PATH")]
    attribute: Option<String>,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    pub(super) store: StoreArguments,

    #[command(flatten)]
    realise: RealiseArguments,

    #[command(flatten)]
    evaluation: EvaluationArguments,
}

impl SystemArguments {
    /// Opens the system, after building it if that is needed.
    pub(super) fn open(
        &self,
        environment: &Environment,
        screen: Screen,
    ) -> Result<System, CommandError> {
        self.open_named(self.system.as_deref(), environment, screen)
    }

    /// As [`open`](Self::open), but the system that is named so.
    pub(super) fn open_named(
        &self,
        named: Option<&str>,
        environment: &Environment,
        screen: Screen,
    ) -> Result<System, CommandError> {
        if let Some(named) = named {
            let directory = environment.absolute(Path::new(named));
            let is_outside = !directory.is_symlink() && directory.join("manifest").is_file();
            if is_outside {
                let store = self.store.open_to_read(environment).ok();
                return Ok(open(&directory, store.as_ref())?);
            }
        }
        let settings = self.evaluation.settings(environment)?;
        let place = self.store.place(environment, &settings)?;
        let store = frazil_ops::store::open(&place, Access::Write)?;
        let realising = Realising::new(&self.realise, &settings, environment)?;
        let shows_logs = self.realise.print_build_logs;
        let progress = Progress::new(store.store_dir().clone(), screen, shows_logs);
        let tell = |event| progress.tell(event);
        let done = realising.with_options(Mode::Make, |options| {
            let (store, cancel) = (&store, &realising.cancel);
            let setting = Setting { store, options, cancel, tell: &tell };
            let context = evaluation::host_context(environment)?;
            let host =
                DiskHost::over(context, setting.real_store(), move |message| screen.tell(&message));
            let mut host = evaluation::equip(host, environment)?;
            let target = self.target(named, store, environment)?;
            let wanted = setting.find(&[target], &mut host)?;
            let report = setting.build(&wanted);
            Ok::<_, CommandError>((wanted, report))
        });
        progress.finish();
        let (wanted, report) = done?;
        show_failures(report, screen)?;
        let path = wanted.iter().flat_map(|wanted| wanted.outputs.values()).next();
        let path = path.ok_or_else(|| CommandError::usage("that is no system"))?;
        Ok(open(&store.layout().path(path), Some(&store))?)
    }

    fn target(
        &self,
        named: Option<&str>,
        store: &Store,
        environment: &Environment,
    ) -> Result<Target, CommandError> {
        let input = match (named, &self.expression, &self.file) {
            (None, Some(text), _) => Input::Text(text.clone().into_vec()),
            (None, None, Some(file)) => file_input(file, environment),
            (Some(named), _, _) => {
                if let Some(text) = self.in_flake(named, environment) {
                    let options = self.evaluation.flake_options(environment)?;
                    let memory = self.evaluation.memory_bytes_max();
                    let plan = self.lock.plan(options, memory, environment)?;
                    return Ok(Target::Flake(Box::new(plan), text));
                }
                let path = store_path(store, named, environment);
                let path = path.map_err(|_| no_system(named, environment))?;
                return Ok(Target::Path(path, OutputChoice::All));
            }
            (None, None, None) => {
                return Err(CommandError::Usage {
                    message: "no system is named".to_owned(),
                    help: Some(
                        "name what `frazil build` made, such as `./result`, or a --file".to_owned(),
                    ),
                });
            }
        };
        let settings = self.evaluation.settings(environment)?;
        Ok(Target::Expression(Box::new(EvalPlan {
            options: self.evaluation.options_from(&settings, environment)?,
            memory_bytes_max: self.evaluation.memory_bytes_max(),
            inputs: vec![input],
            base: environment.directory.clone(),
            selections: vec![self.attribute.clone().unwrap_or_else(|| TOPLEVEL.to_owned())],
            arguments: self.evaluation.arguments()?,
            apply: None,
            output: Output::Derivations,
            strict: false,
        })))
    }
}

impl SystemArguments {
    /// The derivation of a system that a flake has; `None` if no flake is named.
    fn in_flake(&self, named: &str, environment: &Environment) -> Option<String> {
        let (flake, system) = if let Some((flake, system)) = named.split_once('#') {
            (flake.to_owned(), system)
        } else {
            let directory = environment.absolute(Path::new(named));
            let has_flake = directory.join("flake.nix").is_file();
            (has_flake.then(|| directory.display().to_string())?, "")
        };
        let system = if system.is_empty() { "default" } else { system };
        // Whoever names the derivation itself means that.
        if system.ends_with(TOPLEVEL) {
            return Some(format!("{flake}#{system}"));
        }
        let attribute = self.attribute.as_deref().unwrap_or(TOPLEVEL);
        Some(format!("{flake}#{system}.{attribute}"))
    }
}

/// Why what is named is no system, for it is no store path.
fn no_system(named: &str, environment: &Environment) -> CommandError {
    let place = environment.absolute(Path::new(named));
    let (message, help) = match place.canonicalize() {
        Err(_) => (
            format!("there is no `{named}`"),
            "a system is `.#NAME` of a flake, or what `frazil build` made of one",
        ),
        Ok(file) if file.is_file() => (
            format!("the file `{named}` is no linked system"),
            "with --file the system in its value is built",
        ),
        Ok(directory) if directory.join("oci-layout").is_file() => (
            format!("`{named}` is an image, not the system that it is made of"),
            "name the system, as in `.#NAME`",
        ),
        Ok(directory) if directory.join("manifest").is_file() => (
            format!("`{named}` is the system `{}` of another store", directory.display()),
            "name that store with --store",
        ),
        Ok(_) => (
            format!("`{named}` is neither a flake nor a linked system"),
            "a system is `.#NAME` of a flake, or what `frazil build` made of one",
        ),
    };
    CommandError::Usage { message, help: Some(help.to_owned()) }
}

/// Opens a linked system that is named by its directory alone.
pub(super) fn open_beside(directory: &Path) -> Result<System, SystemError> {
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    open(&directory, None)
}

/// Opens a linked system. Its units lie beside it, as everything in a store does, or in the store
/// of the user, or, for one that no store made, where they are said to be.
fn open(directory: &Path, store: Option<&Store>) -> Result<System, SystemError> {
    let locate = |path: &str| {
        let name = Path::new(path).file_name()?;
        let is_store_path = StorePath::parse(name.as_encoded_bytes()).is_ok();
        let beside = directory.parent().filter(|_| is_store_path).map(|parent| parent.join(name));
        let in_store = store.and_then(|store| {
            let (path, _) = store.store_dir().split(path.as_bytes()).ok()?;
            let mut located = Located::at(store.layout().path(&path));
            if let Some(info) = store.path_info(&path).ok().flatten() {
                (located.digest, located.references) = (Some(info.nar.hash), info.references);
            }
            Some(located)
        });
        let places = [in_store, beside.map(Located::at), Some(Located::at(path.into()))];
        places.into_iter().flatten().find(|located| located.place.symlink_metadata().is_ok())
    };
    let path =
        directory.file_name().and_then(|name| StorePath::parse(name.as_encoded_bytes()).ok());
    let kept = store.zip(path).map(|(store, path)| store.hold([&path]));
    let kept = kept.transpose().map_err(SystemError::Io)?;
    let mut system = System::open(directory, &locate)?;
    system.kept = kept;
    Ok(system)
}
