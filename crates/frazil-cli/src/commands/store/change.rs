//! Changing the store: adding, realising, repairing, and removing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use frazil_model::{ContentAddressMethod, HashAlgorithm, StoreName};
use frazil_ops::build::{OutputChoice, Setting, Target, link};
use frazil_ops::realise::{Goal, Mode};
use frazil_ops::store::{
    Access, AddOptions, CollectOptions, Source, Store, VerifyDepth, VerifyReport,
};
use serde_json::json;

use super::show;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::evaluation;
use crate::progress::{Progress, size};
use crate::realising::{self, Realising, show_failures};
use crate::screen::{self, Screen, say};
use crate::settings::Settings;
use crate::store_access::{StoreArguments, store_paths};

/// Add files and directories, and print their paths
#[derive(Debug, Args)]
pub(in crate::commands) struct AddArguments {
    /// The files and directories
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The name in the store [default: that of the file]
    #[arg(short, long, value_name = "NAME")]
    name: Option<String>,

    /// Hash the contents of a file alone, as fixed-output derivations do
    #[arg(long)]
    flat: bool,

    /// The hash: md5, sha1, sha256 or sha512
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256")]
    hash_algo: String,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn add(arguments: &AddArguments, environment: &Environment) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Write)?;
    let wrong = |error: &dyn std::error::Error| CommandError::usage(error.to_string());
    let algorithm: HashAlgorithm = arguments
        .hash_algo
        .parse()
        .map_err(|error: frazil_model::hash::UnknownName| wrong(&error))?;
    let method =
        if arguments.flat { ContentAddressMethod::Flat } else { ContentAddressMethod::Nar };
    let options = AddOptions { method, algorithm, references: BTreeSet::new() };
    for file in &arguments.files {
        let file = environment.absolute(file);
        let name = match &arguments.name {
            Some(name) => name.as_bytes(),
            None => file.file_name().unwrap_or_default().as_encoded_bytes(),
        };
        let name = StoreName::parse(name).map_err(|error| wrong(&error))?;
        let info = store.add(&name, Source::Disk(&file), &options)?;
        screen::print(&show::lines(store.store_dir(), [&info.path]))?;
    }
    Ok(())
}

/// Build or fetch paths, and print their outputs
#[derive(Debug, Args)]
pub(in crate::commands) struct RealisePathsArguments {
    /// Derivations, or paths that a cache has
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// Make links to the outputs that keep them
    #[arg(long, value_name = "LINK")]
    add_root: Option<PathBuf>,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    realise: realising::RealiseArguments,
}

pub(super) fn realise(
    arguments: &RealisePathsArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let settings = Settings::of_frazil(environment)?;
    let store = arguments.store.open(environment, Access::Write)?;
    let paths = store_paths(&store, &arguments.paths, environment)?;
    let targets: Vec<Target> =
        paths.into_iter().map(|path| Target::Path(path, OutputChoice::All)).collect();
    let realising = Realising::new(&arguments.realise, &settings, environment)?;
    let progress =
        Progress::new(store.store_dir().clone(), screen, arguments.realise.print_build_logs);
    let tell = |event| progress.tell(event);
    let done = realising.with_options(Mode::Make, |options| {
        let setting = Setting { store: &store, options, cancel: &realising.cancel, tell: &tell };
        let mut host = evaluation::host(environment, screen)?;
        let wanted = setting.find(&targets, &mut host)?;
        let report = setting.build(&wanted);
        Ok::<_, CommandError>((wanted, report))
    });
    progress.finish();
    let (wanted, report) = done?;
    show_failures(report, screen)?;
    if let Some(name) = &arguments.add_root {
        link(&store, &wanted, &environment.absolute(name))?;
    }
    let outputs = wanted.iter().flat_map(|wanted| wanted.outputs.values());
    screen::print(&show::lines(store.store_dir(), outputs))
}

/// Check that the store is what its database says
#[derive(Debug, Args)]
pub(in crate::commands) struct VerifyArguments {
    /// Read and hash everything
    #[arg(long)]
    check_contents: bool,

    /// Fetch or build what is damaged again
    #[arg(long)]
    repair: bool,

    /// Print what is wrong as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    realise: realising::RealiseArguments,
}

pub(super) fn verify(
    arguments: &VerifyArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let access = if arguments.repair { Access::Change } else { Access::Read };
    let store = arguments.store.open(environment, access)?;
    let depth =
        if arguments.check_contents { VerifyDepth::Contents } else { VerifyDepth::Existence };
    let report = store.verify(depth)?;
    show_verified(arguments, &store, &report)?;
    if report.is_clean() {
        return Ok(());
    }
    if !arguments.repair {
        return Err(CommandError::check_failed("the store is damaged"));
    }
    repair(arguments, &store, &report, environment, screen)
}

fn show_verified(
    arguments: &VerifyArguments,
    store: &Store,
    report: &VerifyReport,
) -> Result<(), CommandError> {
    let dir = store.store_dir();
    if arguments.json {
        let value = json!({
            "paths": report.paths,
            "missing": show::list(dir, &report.missing),
            "modified": show::list(dir, report.modified.keys()),
            "unreadable": show::list(dir, report.unreadable.keys()),
            "damagedLinks": report.damaged_links.len(),
        });
        return screen::print(&show::line(&value));
    }
    let mut text: Vec<String> = Vec::new();
    for path in &report.missing {
        text.push(format!("path '{}' is missing\n", dir.display(path)));
    }
    for (path, mismatch) in &report.modified {
        text.push(format!("path '{}' was modified: {mismatch}\n", dir.display(path)));
    }
    for (path, error) in &report.unreadable {
        let error = frazil_ops::causes(error);
        text.push(format!("path '{}' cannot be read: {error}\n", dir.display(path)));
    }
    for link in &report.damaged_links {
        text.push(format!("the shared file '{}' was modified\n", link.display()));
    }
    text.push(format!("{} paths were looked at\n", report.paths));
    say(&text.concat());
    Ok(())
}

fn repair(
    arguments: &VerifyArguments,
    store: &Store,
    report: &VerifyReport,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    store.remove_damaged_links(report)?;
    let damaged = report.damaged();
    let settings = Settings::of_frazil(environment)?;
    let realising = Realising::new(&arguments.realise, &settings, environment)?;
    let progress =
        Progress::new(store.store_dir().clone(), screen, arguments.realise.print_build_logs);
    let goals: Vec<Goal> = damaged.iter().cloned().map(Goal::Path).collect();
    let report = realising.with_options(Mode::Repair, |options| {
        let tell = |event| progress.tell(event);
        frazil_ops::realise::realise(store, &goals, options, &realising.cancel, &tell)
    });
    progress.finish();
    show_failures(report, screen)
}

/// Remove what nothing keeps
#[derive(Debug, Args)]
pub(in crate::commands) struct GcArguments {
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,

    /// Stop when so much was freed, such as 5G
    #[arg(long, value_name = "SIZE", value_parser = evaluation::bytes)]
    max_freed: Option<u64>,

    /// Keep the outputs of derivations that are kept
    #[arg(long)]
    keep_outputs: bool,

    /// Print what was removed as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn gc(arguments: &GcArguments, environment: &Environment) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Change)?;
    let options = CollectOptions {
        keep_outputs: arguments.keep_outputs,
        bytes_max: arguments.max_freed.unwrap_or(u64::MAX),
        ..CollectOptions::default()
    };
    let (paths, bytes) = if arguments.dry_run {
        (store.garbage(&options)?, None)
    } else {
        let collected = store.collect_garbage(&options)?;
        (collected.paths, Some(collected.bytes))
    };
    let dir = store.store_dir();
    if arguments.json {
        let value = json!({ "paths": show::list(dir, &paths), "bytesFreed": bytes });
        return screen::print(&show::line(&value));
    }
    screen::print(&show::lines(dir, &paths))?;
    if let Some(bytes) = bytes {
        say(&format!("{} paths removed, {} freed\n", paths.len(), size(bytes)));
    }
    Ok(())
}

/// Remove paths, unless something keeps them
#[derive(Debug, Args)]
pub(in crate::commands) struct DeleteArguments {
    /// The paths
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn delete(
    arguments: &DeleteArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Change)?;
    let paths = store_paths(&store, &arguments.paths, environment)?;
    let collected = store.delete(&paths)?;
    screen::print(&show::lines(store.store_dir(), &collected.paths))?;
    say(&format!("{} freed\n", size(collected.bytes)));
    Ok(())
}

/// Let equal files share their bytes
#[derive(Debug, Args)]
pub(in crate::commands) struct OptimiseArguments {
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn optimise(
    arguments: &OptimiseArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Change)?;
    let optimised = store.optimise()?;
    say(&format!("{} files linked, {} freed\n", optimised.files, size(optimised.bytes)));
    Ok(())
}
