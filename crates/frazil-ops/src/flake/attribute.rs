//! Attributes of flakes: `REFERENCE#ATTRIBUTE^OUTPUTS`.

use frazil_eval::flake::LockedFlake;
use frazil_eval::host::Host;
use frazil_eval::{Error, ErrorKind, Evaluator, Value};

use super::{FlakePlan, TopFlake, find, lock_and_write};
use crate::eval::{Failure, explained, with_evaluator};

/// Which outputs of a derivation are meant: what follows `^`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OutputSelection {
    /// Those that the package itself wants installed.
    #[default]
    Default,
    All,
    Named(Vec<String>),
}

impl OutputSelection {
    /// Splits `a#b^out,dev`. What does not look like a list of outputs belongs to the text before.
    pub fn split(text: &str) -> (&str, Self) {
        let Some((before, after)) = text.rsplit_once('^') else { return (text, Self::Default) };
        if after == "*" {
            return (before, Self::All);
        }
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-._?=".contains(&byte))
        };
        if !after.split(',').all(is_name) {
            return (text, Self::Default);
        }
        let mut names: Vec<_> = after.split(',').map(str::to_owned).collect();
        names.sort();
        names.dedup();
        (before, Self::Named(names))
    }
}

/// What is looked for, which decides where it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeKind {
    /// A package, or anything by its full name.
    Package,
    /// An app to run, or else a package.
    App,
    /// Only the full name.
    Exact,
}

/// An attribute of a flake.
pub struct Found<'a> {
    pub value: Value<'a>,
    /// Its name from the outputs on.
    pub path: String,
    pub outputs: OutputSelection,
    pub flake: LockedFlake,
}

/// Finds, locks and evaluates what `text` names, and hands it to `work`.
pub fn resolve_installable<R>(
    plan: &FlakePlan,
    text: &str,
    kind: AttributeKind,
    host: &mut dyn Host,
    work: impl for<'a> FnOnce(&mut Evaluator<'a>, Found<'a>) -> Result<R, Error>,
) -> Result<R, Failure> {
    let top = find(text, &plan.base, host)?;
    with_evaluator(plan.memory_bytes_max, host, &plan.options, |mut ev| {
        let done = select(&mut ev, &top, plan, kind).and_then(|found| work(&mut ev, found));
        done.map_err(|error| explained(&ev, &error))
    })?
}

/// [`resolve_installable`] in an evaluation that goes on; [`find`] comes before it.
pub fn select<'a>(
    ev: &mut Evaluator<'a>,
    top: &TopFlake,
    plan: &FlakePlan,
    kind: AttributeKind,
) -> Result<Found<'a>, Error> {
    let flake = lock_and_write(ev, top, plan)?;
    let outputs = super::outputs(ev, &flake)?;
    let candidates = candidates(&top.fragment, &plan.options.system, kind);
    for path in &candidates {
        if let Some(value) = ev.find_path(outputs, path)? {
            let (path, outputs) = (path.clone(), top.outputs.clone());
            return Ok(Found { value, path, outputs, flake });
        }
    }
    let listed: Vec<_> = candidates.iter().map(|path| format!("'{path}'")).collect();
    let listed = match listed.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    };
    let flake = super::shown(&top.reference);
    let message = format!("flake '{flake}' does not provide attribute {listed}");
    let error = ev.failure(ErrorKind::MissingAttribute, message);
    let known = if let Value::Attrs(set) = outputs { ev.attributes(set) } else { Vec::new() };
    let known: Vec<_> = known.into_iter().map(|(name, _)| String::from_utf8_lossy(name)).collect();
    Err(error.with_help(if known.is_empty() {
        "the flake has no outputs at all".to_owned()
    } else {
        format!("its outputs are {}; `frazil flake show` lists what is in them", known.join(", "))
    }))
}

/// The attribute paths that a fragment may mean, the first that is there counts.
fn candidates(fragment: &str, system: &str, kind: AttributeKind) -> Vec<String> {
    if let Some(exact) = fragment.strip_prefix('.') {
        return vec![exact.to_owned()];
    }
    let prefixes: &[&str] = match kind {
        AttributeKind::Package => &["packages", "legacyPackages"],
        AttributeKind::App => &["apps", "packages", "legacyPackages"],
        AttributeKind::Exact => &[],
    };
    if fragment.is_empty() {
        return match kind {
            AttributeKind::Exact => vec![String::new()],
            AttributeKind::App => {
                ["apps", "packages"].map(|set| format!("{set}.{system}.default")).into()
            }
            AttributeKind::Package => {
                vec![format!("packages.{system}.default"), format!("defaultPackage.{system}")]
            }
        };
    }
    let shortened = prefixes.iter().map(|prefix| format!("{prefix}.{system}.{fragment}"));
    shortened.chain([fragment.to_owned()]).collect()
}
