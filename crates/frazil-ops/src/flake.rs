//! Flakes as a user meets them: named on a command line, locked on the first use, looked into.
//!
//! ```text
//! text --find--> TopFlake --lock, write flake.lock--> LockedFlake --call--> value --select--> attribute
//! ```
//!
//! The meaning of flakes is `frazil_eval::flake`; here is what touches the disk, and one function
//! per command. Nothing is written but `flake.lock`, the registry of the user, and the files of a
//! template, each only when asked for.

mod attribute;
mod check;
mod find;
mod init;
mod metadata;
mod registry;
mod show;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;

use frazil_eval::flake::lock_file::LockFile;
use frazil_eval::flake::{LockOptions, LockedFlake, diff, parse_path};
use frazil_eval::host::{Host, Message};
use frazil_eval::input::FlakeRef;
use frazil_eval::{Diagnostic, Error, ErrorKind, Evaluator, Options, Value};

use crate::eval::{Failure, explained, with_evaluator};

pub use attribute::{AttributeKind, Found, OutputSelection, resolve_installable, select};
pub use check::check;
pub use find::{FindError, TopFlake, find};
pub use init::{InitError, init};
pub use metadata::Metadata;
pub use registry::{add_to_registry, read_registry, remove_from_registry};
pub use show::{ShowOptions, Shown, show};

/// What a command that takes a flake has to know.
#[derive(Clone, Debug)]
pub struct FlakePlan {
    /// Its registry says what names stand for.
    pub options: Options,
    pub memory_bytes_max: Option<u64>,
    /// Where relative paths start.
    pub base: PathBuf,
    pub lock: LockPlan,
}

/// How the inputs are locked, in the words of the command line.
#[derive(Clone, Debug, Default)]
pub struct LockPlan {
    /// Inputs by path (`nixng/nixpkgs`), and what to take in their place.
    pub overrides: Vec<(String, String)>,
    /// Inputs to lock anew, by path.
    pub updates: Vec<String>,
    /// Lock all inputs anew.
    pub recreate: bool,
    pub writing: Writing,
    /// Start from this lock file in place of the flake's.
    pub reference_lock_file: Option<PathBuf>,
    /// Write here in place of the flake's lock file.
    pub output_lock_file: Option<PathBuf>,
}

/// What happens with locks that changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writing {
    #[default]
    Allowed,
    /// They are used and not written.
    Skipped,
    /// They are an error.
    Refused,
}

/// Finds, locks and reads the flake that `text` names, and hands it to `work`.
pub fn with_flake<R>(
    plan: &FlakePlan,
    text: &str,
    host: &mut dyn Host,
    work: impl for<'a> FnOnce(&mut Evaluator<'a>, &TopFlake, &LockedFlake) -> Result<R, Error>,
) -> Result<R, Failure> {
    let top = find(text, &plan.base, host)?;
    with_evaluator(plan.memory_bytes_max, host, &plan.options, |mut evaluator| {
        let done = lock_and_write(&mut evaluator, &top, plan)
            .and_then(|locked| work(&mut evaluator, &top, &locked));
        done.map_err(|error| explained(&evaluator, &error))
    })?
}

/// Locks the inputs of a flake and does nothing more.
pub fn lock(plan: &FlakePlan, text: &str, host: &mut dyn Host) -> Result<(), Failure> {
    with_flake(plan, text, host, |_, _, _| Ok(()))
}

/// What is known about a flake without evaluating its outputs.
pub fn metadata(plan: &FlakePlan, text: &str, host: &mut dyn Host) -> Result<Metadata, Failure> {
    let store_dir = plan.options.store_dir.clone();
    with_flake(plan, text, host, |_, _, locked| Ok(Metadata::of(locked, &store_dir)))
}

/// Locks a flake in an evaluation that goes on; writes its lock file if that may be.
pub fn lock_and_write(
    ev: &mut Evaluator<'_>,
    top: &TopFlake,
    plan: &FlakePlan,
) -> Result<LockedFlake, Error> {
    let other = |ev: &Evaluator<'_>, message: String| ev.failure(ErrorKind::Other, message);
    let mut options = LockOptions {
        recreate: plan.lock.recreate,
        // The command line says what it wants; what the flake's own code fetches is pure.
        use_registry: true,
        allow_unlocked: true,
        ..LockOptions::default()
    };
    for (path, url) in &plan.lock.overrides {
        let path = parse_path(path).map_err(|message| other(ev, message))?;
        let reference = find::reference(url, &plan.base).map_err(|error| other(ev, error.0))?;
        options.overrides.insert(path, reference);
    }
    for path in &plan.lock.updates {
        options.updates.insert(parse_path(path).map_err(|message| other(ev, message))?);
    }
    let place = top.directory.as_ref().map(|directory| directory.join(LOCK_NAME));
    let reference = plan.lock.reference_lock_file.as_ref().or(place.as_ref());
    if let Some(file) = reference {
        let text = write::read_if_there(file).map_err(|error| other(ev, error.to_string()))?;
        if text.is_none() && plan.lock.reference_lock_file.is_some() {
            return Err(other(ev, format!("there is no lock file '{}'", file.display())));
        }
        options.reference = text;
    }
    let locked = ev.lock_flake(&top.reference, &options)?;
    if locked.new == locked.old && plan.lock.output_lock_file.is_none() {
        return Ok(locked);
    }
    write_locks(ev, top, plan, locked)
}

const LOCK_NAME: &str = frazil_eval::flake::LOCK_FILE;

fn write_locks(
    ev: &mut Evaluator<'_>,
    top: &TopFlake,
    plan: &FlakePlan,
    mut locked: LockedFlake,
) -> Result<LockedFlake, Error> {
    let shown = shown(&top.reference);
    let changes = diff::print_changes(&locked.old.changes(&locked.new));
    if plan.lock.writing == Writing::Skipped && plan.lock.output_lock_file.is_none() {
        let text = format!("not writing modified lock file of flake '{shown}':\n{changes}");
        ev.tell(Message::Warning(text));
        locked.is_dirty = true;
        return Ok(locked);
    }
    if let Some(input) = locked.new.unlocked() {
        let input = self::shown(input);
        ev.tell(Message::Warning(format!(
            "will not write lock file of flake '{shown}' because it has an unlocked input ('{input}')"
        )));
        locked.is_dirty = true;
        return Ok(locked);
    }
    if plan.lock.writing == Writing::Refused {
        return Err(ev.failure(
            ErrorKind::Other,
            format!(
                "flake '{shown}' requires lock file changes but they're not allowed due to '--no-update-lock-file':\n{changes}"
            ),
        ));
    }
    let place = top.directory.as_ref().map(|directory| directory.join(LOCK_NAME));
    let Some(file) = plan.lock.output_lock_file.clone().or(place) else {
        return Err(ev.failure(
            ErrorKind::Other,
            format!(
                "cannot write modified lock file of flake '{shown}' (use '--no-write-lock-file' to ignore)"
            ),
        ));
    };
    let existed = file.exists();
    let text = lock_text(&locked.new);
    write::write(&file, text.as_bytes())
        .map_err(|error| ev.failure(ErrorKind::Host, error.to_string()))?;
    let verb = if existed { "updating" } else { "creating" };
    let colon = if changes.is_empty() { "" } else { ":\n" };
    ev.tell(Message::Warning(format!("{verb} lock file '{}'{colon}{changes}", file.display())));
    if plan.lock.output_lock_file.is_some() {
        return Ok(locked);
    }
    // The tree has another lock file now, and so another hash.
    let flake = ev.read_top_flake(&top.reference, true)?;
    if flake.locked.input.kind() == "git" && !ev.has_file(&flake.source, LOCK_NAME)? {
        ev.tell(Message::Warning(format!(
            "'{}' is not tracked by Git, so others will not see it; run `git add {LOCK_NAME}`",
            file.display()
        )));
    }
    Ok(locked.with_flake(flake))
}

/// The text of a lock file on the disk.
fn lock_text(locks: &LockFile) -> String {
    let (mut text, _) = locks.print();
    text.push('\n');
    text
}

/// A reference for messages.
fn shown(reference: &FlakeRef) -> String {
    reference.to_url().map_or_else(|error| error.0, |url| url.to_string())
}

/// An error outside of any expression.
fn failure(message: impl Into<String>, help: Option<String>) -> Failure {
    let mut diagnostic = Diagnostic::plain(ErrorKind::Other, message.into());
    diagnostic.help.extend(help);
    Failure(vec![diagnostic])
}

/// The outputs of a locked flake.
fn outputs<'a>(ev: &mut Evaluator<'a>, locked: &LockedFlake) -> Result<Value<'a>, Error> {
    let flake = ev.call_flake(locked)?;
    ev.member(flake, "outputs")
}
