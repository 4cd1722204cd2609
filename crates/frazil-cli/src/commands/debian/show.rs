//! `frazil debian show`, `solve` and `why`

use std::fmt::Write as _;

use clap::Args;
use frazil_ops::debian::{self, Chain, Resolved};
use serde_json::{Value, json};

use super::SuiteArguments;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen::{self, Screen};

/// Show what the archive says of packages
#[derive(Debug, Args)]
pub(in crate::commands) struct ShowArguments {
    /// The packages
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,

    /// Print it as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    suite: SuiteArguments,
}

/// What to resolve, and how.
#[derive(Debug, Args)]
pub(in crate::commands) struct SolveArguments {
    /// Packages that must be there; `A | B` in one word stands for one of both
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,

    /// Follow recommendations, too
    #[arg(long)]
    recommends: bool,

    /// Add the packages that every Debian system has
    #[arg(long)]
    essential: bool,

    /// Packages that must not be there
    #[arg(long, value_name = "PACKAGE")]
    without: Vec<String>,

    /// Print it as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    suite: SuiteArguments,
}

/// Show why a package is needed
#[derive(Debug, Args)]
pub(in crate::commands) struct WhyArguments {
    /// The package that it is about
    needed: String,

    /// Packages that are asked for
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,

    /// Print it as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    suite: SuiteArguments,
}

pub(super) fn show(
    arguments: &ShowArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let facts = arguments.suite.with_suite(environment, screen, |suite, _| {
        let index = suite.index.view()?;
        let facts = arguments.packages.iter().map(|name| debian::show(&index, name));
        Ok(facts.collect::<Result<Vec<Value>, _>>()?)
    })?;
    let text = if arguments.json {
        format!("{}\n", Value::from(facts))
    } else {
        facts.iter().map(fields).collect::<Vec<_>>().join("\n")
    };
    screen::print(text.as_bytes())
}

/// The members of an object, a line each.
fn fields(facts: &Value) -> String {
    let mut text = String::new();
    for (name, value) in facts.as_object().into_iter().flatten() {
        if value.is_null() {
            continue;
        }
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        put(&mut text, format_args!("{name}: {shown}\n"));
    }
    text
}

pub(super) fn solve(
    arguments: &SolveArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let options = debian::ResolveOptions {
        recommends: arguments.recommends,
        essential: arguments.essential,
        without: arguments.without.clone(),
    };
    let resolved = arguments.suite.with_suite(environment, screen, |suite, _| {
        Ok(debian::resolve(&suite.index.view()?, &arguments.packages, &options)?)
    })?;
    let mut text = String::new();
    if arguments.json {
        let list: Vec<Value> = resolved.iter().map(shown).collect();
        put(&mut text, format_args!("{}\n", Value::from(list)));
    } else {
        for package in &resolved {
            let Resolved { name, version, reason, .. } = package;
            put(&mut text, format_args!("{name} {version} ({reason})\n"));
        }
        let fetched: u64 = resolved.iter().map(|package| package.size_bytes).sum();
        let installed: u64 = resolved.iter().map(|package| package.installed_kib).sum();
        screen::say(&format!(
            "{} packages, {:.1} MB to fetch, {:.1} MB installed by Debian's estimate\n",
            resolved.len(),
            fetched as f64 / 1e6,
            installed as f64 * 1024.0 / 1e6,
        ));
    }
    screen::print(text.as_bytes())
}

fn shown(package: &Resolved) -> Value {
    json!({
        "name": package.name,
        "version": package.version,
        "reason": package.reason,
        "size": package.size_bytes,
        "installedKiB": package.installed_kib,
    })
}

pub(super) fn why(
    arguments: &WhyArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let options = debian::ResolveOptions::default();
    let chain = arguments.suite.with_suite(environment, screen, |suite, _| {
        let index = suite.index.view()?;
        Ok(debian::why(&index, &arguments.packages, &options, &arguments.needed)?)
    })?;
    if chain.is_empty() {
        let message =
            format!("{} does not need {}", arguments.packages.join(", "), arguments.needed);
        return Err(CommandError::check_failed(message));
    }
    let mut text = String::new();
    if arguments.json {
        let list: Vec<Value> = chain
            .iter()
            .map(|Chain { name, reason }| json!({ "name": name, "reason": reason }))
            .collect();
        put(&mut text, format_args!("{}\n", Value::from(list)));
    } else {
        for (depth, Chain { name, reason }) in chain.iter().enumerate() {
            put(&mut text, format_args!("{:indent$}{name} ({reason})\n", "", indent = depth * 2));
        }
    }
    screen::print(text.as_bytes())
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    let written = text.write_fmt(line);
    debug_assert!(written.is_ok(), "a string takes everything");
}
