//! What packages need, and why, for those who ask on the command line.

use frazil_debian::index::{self, Index};
use frazil_debian::relation::{self, Group, display_group};
use frazil_debian::solve::{
    Chosen, Reason, Solution, SolveError, SolveOptions, similar_names, solve,
};
use serde_json::Value;

use super::answers::facts;

/// How to resolve.
#[derive(Clone, Debug, Default)]
pub struct ResolveOptions {
    pub recommends: bool,
    pub essential: bool,
    /// Packages that must not be there.
    pub without: Vec<String>,
}

/// A package of a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    pub name: String,
    pub version: String,
    /// Why it is there, in words.
    pub reason: String,
    /// Of the package file.
    pub size_bytes: u64,
    /// By the archive's estimate.
    pub installed_kib: u64,
}

/// One step from what was asked for to a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub name: String,
    pub reason: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error("there is no package `{name}`{}", suggestion(similar))]
    NoPackage { name: String, similar: Vec<String> },
    #[error("`{text}` is not a relation: {problem}")]
    Relation { text: String, problem: String },
    #[error(transparent)]
    Solve(#[from] SolveError),
    #[error(transparent)]
    Index(#[from] index::IndexError),
}

impl ResolveError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoPackage { .. } => Some("search with `frazil debian search WORD`"),
            Self::Relation { .. } => None,
            Self::Solve(error) => error.help(),
            Self::Index(error) => error.help(),
        }
    }
}

fn suggestion(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        names => format!("; did you mean `{}`?", names.join("`, `")),
    }
}

/// What the archive says of a package.
pub fn show(index: &Index<'_>, name: &str) -> Result<Value, ResolveError> {
    if let Some(package) = index.package(name)? {
        return Ok(facts(&package));
    }
    let similar = similar_names(index, name)?;
    Err(ResolveError::NoPackage { name: name.to_owned(), similar })
}

/// The packages that `wanted` need, in the order in which they were chosen.
pub fn resolve(
    index: &Index<'_>,
    wanted: &[String],
    options: &ResolveOptions,
) -> Result<Vec<Resolved>, ResolveError> {
    let solution = solution(index, wanted, options)?;
    let resolved = |chosen: &Chosen<'_>| Resolved {
        name: chosen.package.name.to_owned(),
        version: chosen.package.version.as_str().to_owned(),
        reason: reason(index, chosen),
        size_bytes: chosen.package.size,
        installed_kib: chosen.package.installed_size_kib,
    };
    Ok(solution.packages().iter().map(resolved).collect())
}

/// The way from what was asked for to `needed`; empty if nothing needs it.
pub fn why(
    index: &Index<'_>,
    wanted: &[String],
    options: &ResolveOptions,
    needed: &str,
) -> Result<Vec<Chain>, ResolveError> {
    let solution = solution(index, wanted, options)?;
    let chain = |chosen: &Chosen<'_>| Chain {
        name: chosen.package.name.to_owned(),
        reason: reason(index, chosen),
    };
    Ok(solution.why(needed).into_iter().map(chain).collect())
}

fn solution<'a>(
    index: &Index<'a>,
    wanted: &'a [String],
    options: &ResolveOptions,
) -> Result<Solution<'a>, ResolveError> {
    let mut roots: Vec<Group<'a>> = Vec::new();
    for text in wanted {
        let parsed = relation::parse(text);
        roots.extend(parsed.map_err(|error| ResolveError::Relation {
            text: text.clone(),
            problem: error.to_string(),
        })?);
    }
    let options = SolveOptions {
        recommends: options.recommends,
        essential: options.essential,
        exclude: options.without.clone(),
        ..SolveOptions::default()
    };
    Ok(solve(index, &roots, &options)?)
}

/// Why a package was chosen, in words.
fn reason(index: &Index<'_>, chosen: &Chosen<'_>) -> String {
    match &chosen.reason {
        Reason::Asked(_) => "asked for".to_owned(),
        Reason::Essential => "essential".to_owned(),
        Reason::Needed { by, need, relation } => {
            let by = index.name(*by).unwrap_or("a package");
            format!("{by} {} {}", need.verb(), display_group(relation))
        }
    }
}
