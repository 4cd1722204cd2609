//! `frazil option`: the options of a system, or of the modules that every system has.
//!
//! The distribution's `options.nix` turns them into plain data; here they are found by what a user
//! types.

pub mod reference;
#[cfg(test)]
mod tests;

use frazil_eval::Host;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::eval::{EvalPlan, Failure, Input, Output, eval, eval_installable};
use crate::flake::FlakePlan;

/// The functions that describe options, wherever the distribution lies.
const FUNCTIONS: &str = "(import \"${builtins.frazil.source}/options.nix\")";
/// How many names are proposed for one that is not known.
const PROPOSALS_MAX: usize = 8;

/// An option as its documentation shows it. All values are Nix expressions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// The name; `<name>` and `*` in it stand for any.
    pub name: String,
    /// What it takes.
    pub r#type: String,
    /// What it is for, in Markdown.
    pub description: Option<String>,
    /// Its value if nobody sets it; without one it has to be set, or has no use.
    pub default: Option<String>,
    /// A value that it may have.
    pub example: Option<String>,
    /// Whether it only tells.
    #[serde(rename = "readOnly")]
    pub is_read_only: bool,
    /// The files that declare it.
    pub declarations: Vec<String>,
}

/// What an option is set to in a system. Values are `None` where they are errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    /// The value.
    pub value: Option<String>,
    /// Who says so; definitions of lower priority are not among them.
    pub definitions: Vec<Definition>,
}

/// What one file sets an option to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The file.
    pub file: String,
    /// The value.
    pub value: Option<String>,
}

/// Whose options are wanted.
#[derive(Clone, Debug)]
pub struct OptionPlan {
    /// How the system is evaluated; its inputs are replaced where there is no system.
    pub eval: EvalPlan,
    /// The system.
    pub system: SystemChoice,
}

/// A system, or none.
#[derive(Clone, Debug)]
pub enum SystemChoice {
    /// The modules that every system has.
    None,
    /// In the inputs of the plan.
    Input,
    /// An attribute of a flake.
    Flake(Box<FlakePlan>, String),
}

/// Why options cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum OptionError {
    /// The system has an error.
    #[error("the options cannot be evaluated")]
    Evaluation(Failure),
    /// It has options, but not as modules declare them.
    #[error("this is no system: its options are not as modules declare them")]
    Shape(#[from] serde_json::Error),
}

impl From<Failure> for OptionError {
    fn from(failure: Failure) -> Self {
        Self::Evaluation(failure)
    }
}

impl OptionError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Evaluation(_) => None,
            Self::Shape(_) => Some("a system is what `makeSystem` returns"),
        }
    }
}

/// All options that are for users, in the order of their names.
pub fn list(plan: &OptionPlan, host: &mut dyn Host) -> Result<Vec<Described>, OptionError> {
    asked(plan, format!("{FUNCTIONS}.list"), host)
}

/// What an option is set to; `None` if the system has no such option.
pub fn value(
    plan: &OptionPlan,
    path: &[String],
    host: &mut dyn Host,
) -> Result<Option<Set>, OptionError> {
    let mut names = Vec::new();
    for name in path {
        frazil_eval::print::quote(name.as_bytes(), &mut names);
        names.push(b' ');
    }
    let names = String::from_utf8_lossy(&names).into_owned();
    asked(plan, format!("system: {FUNCTIONS}.value system [ {names}]"), host)
}

fn asked<T: DeserializeOwned>(
    plan: &OptionPlan,
    function: String,
    host: &mut dyn Host,
) -> Result<T, OptionError> {
    let mut eval_plan = EvalPlan {
        apply: Some(function.into_bytes()),
        output: Output::Json,
        strict: true,
        ..plan.eval.clone()
    };
    let mut printed = Vec::new();
    match &plan.system {
        SystemChoice::None => {
            eval_plan.inputs = vec![Input::Text(format!("{FUNCTIONS}.defaults").into_bytes())];
            eval_plan.selections.clear();
            eval(&eval_plan, host, &mut printed)?;
        }
        SystemChoice::Input => eval(&eval_plan, host, &mut printed)?,
        SystemChoice::Flake(flake, text) => {
            eval_plan.options = flake.options.clone();
            eval_installable(&eval_plan, flake, text, host, &mut printed)?;
        }
    }
    Ok(serde_json::from_slice(&printed)?)
}

/// The options in whose name or description all words occur, whatever their case. Several may stand
/// in one text.
pub fn search<'o>(options: &'o [Described], words: &[String]) -> Vec<&'o Described> {
    let words: Vec<String> =
        words.iter().flat_map(|words| words.split_whitespace()).map(str::to_lowercase).collect();
    let fits = |option: &&Described| {
        let description = option.description.as_deref().unwrap_or_default();
        let text = format!("{}\n{description}", option.name).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    options.iter().filter(fits).collect()
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'o> {
    /// An option, and its path as it was typed.
    One(&'o Described, Vec<String>),
    /// All that is below a name, or has the words of it in its name.
    Several(Vec<&'o Described>),
    /// Nothing; names that are alike.
    Nothing(Vec<String>),
}

/// Finds an option by its name, by one with names in place of `<name>`, or by a part of its name.
pub fn find<'o>(options: &'o [Described], wanted: &str) -> Found<'o> {
    let path = frazil_eval::attribute_path(wanted).unwrap_or_else(|| vec![wanted.to_owned()]);
    let mut below = Vec::new();
    for option in options {
        let names = frazil_eval::attribute_path(&option.name).unwrap_or_default();
        let is_any = |name: &str| name == "*" || name.starts_with('<') && name.ends_with('>');
        let fits = names.iter().zip(&path).all(|(name, wanted)| name == wanted || is_any(name));
        if fits && names.len() == path.len() {
            return Found::One(option, path);
        }
        if fits && names.len() > path.len() {
            below.push(option);
        }
    }
    if below.is_empty() {
        below = options.iter().filter(|option| option.name.contains(wanted)).collect();
    }
    match below.as_slice() {
        [] => Found::Nothing(alike(options, wanted)),
        [only] => Found::One(only, frazil_eval::attribute_path(&only.name).unwrap_or_default()),
        _ => Found::Several(below),
    }
}

/// The name that differs little, or else those with the same last part.
fn alike(options: &[Described], wanted: &str) -> Vec<String> {
    let names = options.iter().map(|option| option.name.as_bytes());
    if let Some(name) = frazil_eval::similar::closest(wanted.as_bytes(), names) {
        return vec![String::from_utf8_lossy(name).into_owned()];
    }
    let last = wanted.rsplit('.').next();
    let with_last = options.iter().filter(|option| option.name.rsplit('.').next() == last);
    with_last.map(|option| option.name.clone()).take(PROPOSALS_MAX).collect()
}
