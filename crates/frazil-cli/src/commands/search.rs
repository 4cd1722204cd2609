//! `frazil search`, and `frazil debian search`

use std::fmt::Write as _;

use clap::Args;
use frazil_ops::debian::search;
use serde_json::json;

use super::debian::SuiteArguments;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen::{self, Screen};

/// Search the packages of a Debian suite by name and summary
#[derive(Debug, Args)]
pub(super) struct SearchArguments {
    /// What to look for; all words must occur
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,

    /// Print what was found as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    suite: SuiteArguments,
}

pub(super) fn run(
    arguments: &SearchArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let found = arguments.suite.with_suite(environment, screen, |suite, _| {
        Ok(search(&suite.index.view()?, &arguments.words)?)
    })?;
    let mut text = String::new();
    if arguments.json {
        let list: Vec<_> = found
            .iter()
            .map(|found| {
                json!({ "name": found.name, "version": found.version, "summary": found.summary })
            })
            .collect();
        text = format!("{}\n", serde_json::Value::from(list));
    } else {
        for found in &found {
            let written = writeln!(text, "{} {} - {}", found.name, found.version, found.summary);
            debug_assert!(written.is_ok(), "a string takes everything");
        }
    }
    screen::print(text.as_bytes())?;
    if found.is_empty() {
        return Err(CommandError::check_failed("no package was found"));
    }
    Ok(())
}
