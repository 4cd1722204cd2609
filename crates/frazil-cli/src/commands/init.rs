//! `frazil init`

use std::path::PathBuf;

use clap::Args;
use frazil_ops::flake::InitError;

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen;

/// Begin a new flake that describes a system
#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The directory [default: .]
    directory: Option<PathBuf>,
}

pub(super) fn run(
    arguments: &InitArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let directory = arguments.directory.clone().unwrap_or_default();
    let made = frazil_ops::flake::init(&environment.absolute(&directory));
    let file = made.map_err(|error| match error {
        InitError::Exists(_) => CommandError::Usage {
            message: error.to_string(),
            help: Some("name another directory".to_owned()),
        },
        InitError::File(_) => CommandError::usage(error.to_string()),
    })?;
    screen::say(&format!("wrote '{}'\n", file.display()));
    Ok(())
}
