//! Answers to what expressions ask about a locked suite: `builtins.frazil.query`.

use frazil_debian::index::{Index, Package};
use frazil_debian::relation;
use frazil_debian::solve::{SolveError, SolveOptions, solve};
use frazil_model::{Hash, HashFormat};
use serde_json::{Value, json};

use super::index::IndexError;

/// The kinds of questions, each about a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// What the suite says of a package.
    Package,
    /// The names of all packages.
    Names,
    /// The packages that some packages need.
    Solve,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("the question has no '{0}'")]
    Missing(&'static str),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Damaged(#[from] frazil_debian::index::IndexError),
    #[error("{name} is not the name of a package: {problem}")]
    Name { name: String, problem: String },
    #[error(transparent)]
    Solve(#[from] SolveError),
}

impl AnswerError {
    /// What the user can do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Solve(error) => error.help(),
            Self::Damaged(error) | Self::Index(IndexError::Index(error)) => error.help(),
            Self::Missing(_) | Self::Index(_) | Self::Name { .. } => None,
        }
    }
}

impl Question {
    pub(crate) fn of_kind(kind: &str) -> Option<Self> {
        match kind {
            "debian-package" => Some(Self::Package),
            "debian-names" => Some(Self::Names),
            "debian-solve" => Some(Self::Solve),
            _ => None,
        }
    }

    /// The answer of an index to a question with these details.
    pub(crate) fn answer(self, index: &Index<'_>, details: &Value) -> Result<Value, AnswerError> {
        match self {
            Self::Package => {
                let name = details.get("name").and_then(Value::as_str);
                let package = index.package(name.ok_or(AnswerError::Missing("name"))?)?;
                Ok(package.map_or(Value::Null, |package| facts(&package)))
            }
            Self::Names => {
                let names = index.ids().map(|id| Ok(Value::from(index.name(id)?)));
                Ok(Value::Array(names.collect::<Result<_, AnswerError>>()?))
            }
            Self::Solve => {
                let seeds = details.get("seeds").and_then(Value::as_array);
                let seeds: Option<Vec<&str>> =
                    seeds.ok_or(AnswerError::Missing("seeds"))?.iter().map(Value::as_str).collect();
                let seeds = seeds.ok_or(AnswerError::Missing("seeds"))?;
                let mut names = complete(index, &seeds)?;
                names.sort_unstable();
                Ok(Value::from(names))
            }
        }
    }
}

/// The names of the packages in a complete system with `seeds`: what they need, and what is
/// essential.
pub(crate) fn complete<'a>(
    index: &Index<'a>,
    seeds: &[&'a str],
) -> Result<Vec<&'a str>, AnswerError> {
    let mut roots = Vec::new();
    for name in seeds {
        let parsed = relation::parse(name).map_err(|error| AnswerError::Name {
            name: (*name).to_owned(),
            problem: error.to_string(),
        })?;
        roots.extend(parsed);
    }
    let options = SolveOptions { essential: true, ..SolveOptions::default() };
    let solution = solve(index, &roots, &options)?;
    Ok(solution.packages().iter().map(|chosen| chosen.package.name).collect())
}

/// What is told of a package. Relations but for `depends` are the resolver's business.
pub(crate) fn facts(package: &Package<'_>) -> Value {
    let present = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    json!({
        "package": package.name,
        "version": package.version.as_str(),
        "architecture": package.architecture,
        "archive": package.origin.uri,
        "suite": package.origin.suite,
        "component": package.origin.component,
        "snapshot": package.origin.snapshot,
        "path": package.filename,
        "size": package.size,
        "sha256": Hash::from(package.sha256).format(HashFormat::Base16),
        "source": package.source_name(),
        "section": package.section,
        "essential": package.essential,
        "description": package.summary(),
        "homepage": present(package.homepage),
        "depends": present(package.depends),
    })
}
