//! `frazil store`: looking into the store and changing it.

mod change;
mod contents;
mod query;
mod show;

use clap::Subcommand;

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen::Screen;

/// Look into the store, add to it, clean it
#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    Info(query::InfoArguments),
    Closure(query::PathsArguments),
    References(query::PathsArguments),
    Referrers(query::PathsArguments),
    Roots(query::RootsArguments),
    ShowDerivation(query::ShowDerivationArguments),
    Log(super::log::LogArguments),
    Ls(contents::LsArguments),
    Cat(contents::CatArguments),
    Dump(contents::CatArguments),
    Restore(contents::RestoreArguments),
    Add(change::AddArguments),
    Export(contents::ExportArguments),
    Import(contents::ImportArguments),
    Realise(change::RealisePathsArguments),
    Verify(change::VerifyArguments),
    Gc(change::GcArguments),
    Delete(change::DeleteArguments),
    Optimise(change::OptimiseArguments),
}

pub(super) fn run(
    command: &StoreCommand,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    match command {
        StoreCommand::Info(arguments) => query::info(arguments, environment),
        StoreCommand::Closure(arguments) => query::closure(arguments, environment),
        StoreCommand::References(arguments) => query::references(arguments, environment),
        StoreCommand::Referrers(arguments) => query::referrers(arguments, environment),
        StoreCommand::Roots(arguments) => query::roots(arguments, environment),
        StoreCommand::ShowDerivation(arguments) => query::show_derivation(arguments, environment),
        StoreCommand::Log(arguments) => super::log::run(arguments, environment),
        StoreCommand::Ls(arguments) => contents::ls(arguments, environment),
        StoreCommand::Cat(arguments) => contents::cat(arguments, environment),
        StoreCommand::Dump(arguments) => contents::dump(arguments, environment),
        StoreCommand::Restore(arguments) => contents::restore(arguments, environment),
        StoreCommand::Add(arguments) => change::add(arguments, environment),
        StoreCommand::Export(arguments) => contents::export(arguments, environment),
        StoreCommand::Import(arguments) => contents::import(arguments, environment),
        StoreCommand::Realise(arguments) => change::realise(arguments, environment, screen),
        StoreCommand::Verify(arguments) => change::verify(arguments, environment, screen),
        StoreCommand::Gc(arguments) => change::gc(arguments, environment),
        StoreCommand::Delete(arguments) => change::delete(arguments, environment),
        StoreCommand::Optimise(arguments) => change::optimise(arguments, environment),
    }
}
