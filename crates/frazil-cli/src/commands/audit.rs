//! `frazil audit`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use frazil_ops::image::audit::{
    Difference, Total, Weight, is_list, package_differences, packages, path_differences, total,
};
use frazil_ops::image::readers::{self, Limits, ReadOptions};
use frazil_ops::image::registry::read as read_remote;
use frazil_ops::system::ledger;
use frazil_tree::Tree;
use serde_json::json;

use crate::command_error::CommandError;
use crate::commands::linked::open_beside;
use crate::commands::registry;
use crate::environment::Environment;
use crate::progress::size;
use crate::screen;

/// Look into images and systems, whoever made them
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    Size(SizeArguments),
    Diff(DiffArguments),
    Ledger(LedgerArguments),
}

/// Show what takes the space, by package
#[derive(Debug, Args)]
pub(super) struct SizeArguments {
    /// An image layout, an archive of one, what `docker save` wrote, a linked system, or an image in
    /// a registry (HOST/REPOSITORY:TAG)
    #[arg(value_name = "IMAGE")]
    image: String,

    #[command(flatten)]
    reading: Reading,
}

/// Show what is different between two images
#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// The first one
    #[arg(value_name = "OLD")]
    old: String,

    /// The second one
    #[arg(value_name = "NEW")]
    new: String,

    /// Leave digests and versions aside: only what was added, removed, or has another size counts
    #[arg(long, alias = "normalize")]
    normalise: bool,

    /// Compare file by file
    #[arg(long)]
    paths: bool,

    #[command(flatten)]
    reading: Reading,
}

/// Print every decision of a link: what is kept and why, what is dropped, what soft evidence costs
#[derive(Debug, Args)]
pub(super) struct LedgerArguments {
    /// A linked system
    #[arg(value_name = "SYSTEM")]
    system: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Reading {
    /// Take the image for this machine [default: the only one, or that for amd64]
    #[arg(long, value_name = "ARCHITECTURE")]
    architecture: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &AuditCommand, environment: &Environment) -> Result<(), CommandError> {
    match command {
        AuditCommand::Size(arguments) => show_sizes(arguments, environment),
        AuditCommand::Diff(arguments) => show_differences(arguments, environment),
        AuditCommand::Ledger(arguments) => show_ledger(arguments, environment),
    }
}

fn show_ledger(arguments: &LedgerArguments, environment: &Environment) -> Result<(), CommandError> {
    let directory = environment.absolute(&arguments.system);
    let text = if arguments.json { ledger::json(&directory)? } else { ledger::text(&directory)? };
    screen::print(text.as_bytes())
}

fn read(named: &str, reading: &Reading, environment: &Environment) -> Result<Tree, CommandError> {
    let architecture = reading.architecture.as_deref();
    let options =
        ReadOptions { limits: Limits::default(), architecture, tag: None, keeps: &is_list };
    if let Some(reference) = registry::reference_unless_file(named, environment) {
        let (client, logins) = (registry::client(environment)?, registry::logins(environment));
        return Ok(read_remote(&reference, &client, &logins, &options)?.tree);
    }
    let path = environment.absolute(named.as_ref());
    if path.join("manifest").is_file() && path.join("units.json").is_file() {
        return Ok(open_beside(&path)?.tree);
    }
    Ok(readers::read(&path, &options)?.into_tree())
}

fn show_sizes(arguments: &SizeArguments, environment: &Environment) -> Result<(), CommandError> {
    let tree = read(&arguments.image, &arguments.reading, environment)?;
    let packages = packages(&tree);
    if arguments.reading.json {
        let document = json!({ "total": total(&tree), "packages": packages });
        return screen::print(format!("{document}\n").as_bytes());
    }
    let mut sorted: Vec<_> = packages.iter().collect();
    sorted.sort_by_key(|(_, weight)| std::cmp::Reverse(weight.bytes));
    let mut lines: Vec<String> = Vec::new();
    for (name, weight) in &sorted {
        let (bytes, files, versions) = (size(weight.bytes), weight.files, versions(weight));
        lines.push(format!("{bytes:>11}  {files:>6} files  {name}{versions}\n"));
    }
    let total = total(&tree);
    let (bytes, files) = (size(total.bytes), total.files);
    lines.push(format!("{bytes:>11}  {files:>6} files  in {}\n", counts(total)));
    screen::print(lines.concat().as_bytes())
}

fn show_differences(
    arguments: &DiffArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let old = read(&arguments.old, &arguments.reading, environment)?;
    let new = read(&arguments.new, &arguments.reading, environment)?;
    let compare = if arguments.paths { path_differences } else { package_differences };
    let differences = compare(&old, &new, arguments.normalise);
    let [old, new] = [&old, &new].map(total);
    if arguments.reading.json {
        let totals = json!({ "before": old, "after": new });
        let document = json!({ "totals": totals, "differences": differences });
        return screen::print(format!("{document}\n").as_bytes());
    }
    let mut lines = vec![format!("{:>14}  {:>11}  {:>11}\n", "change", "before", "after")];
    lines.extend(differences.iter().map(|difference| row(difference, arguments.paths)));
    lines.push(format!("{}\n", summary(&differences)));
    let growth = new.bytes as i64 - old.bytes as i64;
    let share = growth as f64 * 100.0 / old.bytes.max(1) as f64;
    let (before, after, growth) = (size(old.bytes), size(new.bytes), signed(growth));
    let (from, to) = (counts(old), counts(new));
    lines.push(format!("{before} -> {after} ({growth}, {share:+.1} %)\n{from} -> {to}\n"));
    screen::print(lines.concat().as_bytes())
}

fn row(difference: &Difference, is_path: bool) -> String {
    let Difference { name, before, after } = difference;
    let change = match (before, after) {
        // Of files these are digests.
        _ if is_path => String::new(),
        (Some(before), Some(after)) if before.versions != after.versions => {
            format!("{} ->{}", versions(before), versions(after))
        }
        (Some(_), Some(_)) | (None, None) => String::new(),
        (None, Some(only)) | (Some(only), None) => versions(only),
    };
    let bytes = |weight: &Option<Weight>| {
        weight.as_ref().map_or_else(|| "-".to_owned(), |weight| size(weight.bytes))
    };
    let (mark, growth) = (mark(difference), signed(difference.growth()));
    format!("{mark} {growth:>12}  {:>11}  {:>11}  {name}{change}\n", bytes(before), bytes(after))
}

fn mark(difference: &Difference) -> char {
    match (&difference.before, &difference.after) {
        (None, _) => '+',
        (Some(_), None) => '-',
        (Some(_), Some(_)) => '~',
    }
}

/// `2 added (+1.00 KiB), 1 removed (-3.00 KiB), 0 changed (+0 B)`
fn summary(differences: &[Difference]) -> String {
    let parts = [('+', "added"), ('-', "removed"), ('~', "changed")].map(|(kind, word)| {
        let growths = differences.iter().filter(|one| mark(one) == kind).map(Difference::growth);
        format!("{} {word} ({})", growths.clone().count(), signed(growths.sum()))
    });
    parts.join(", ")
}

fn versions(weight: &Weight) -> String {
    weight.versions.iter().flat_map(|version| [" ", version]).collect()
}

/// `12 packages`, and the store paths where there are some.
fn counts(total: Total) -> String {
    let counted = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let packages = counted(total.packages, "package");
    match total.store_paths {
        0 => packages,
        paths => format!("{packages}, {}", counted(paths, "store path")),
    }
}

fn signed(bytes: i64) -> String {
    let sign = if bytes < 0 { '-' } else { '+' };
    format!("{sign}{}", size(bytes.unsigned_abs()))
}
