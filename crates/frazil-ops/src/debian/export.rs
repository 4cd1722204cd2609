//! Recording answers, so that expressions can be evaluated where nobody answers.

use frazil_debian::index::{Index, IndexError};
use serde_json::{Map, Value, json};

use super::answers::{complete, facts};

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("what a system with {seeds} consists of")]
    Solve { seeds: String, source: Box<dyn std::error::Error + Send + Sync> },
}

impl ExportError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Index(error) => error.help(),
            Self::Solve { .. } => None,
        }
    }
}

/// A record for `index.nix`'s `ofRecord`: facts of the named packages and of what they need, and
/// the solution for each list of seeds. Names that the suite does not have are recorded as such.
pub fn export(
    index: &Index<'_>,
    release: &Value,
    names: &[&str],
    seeds: &[Vec<&str>],
) -> Result<Value, ExportError> {
    let mut packages = Map::new();
    let every =
        if names.is_empty() && seeds.is_empty() { index.ids().collect() } else { Vec::new() };
    for id in every {
        let package = index.get(id)?;
        packages.insert(package.name.to_owned(), facts(&package));
    }
    let mut solutions = Map::new();
    for name in names {
        let package = index.package(name)?;
        packages.insert((*name).to_owned(), package.map_or(Value::Null, |found| facts(&found)));
    }
    for seeds in seeds {
        let mut solution = complete(index, seeds)
            .map_err(|error| ExportError::Solve { seeds: seeds.join(" "), source: error.into() })?;
        solution.sort_unstable();
        for name in &solution {
            if let Some(package) = index.package(name)? {
                packages.insert((*name).to_owned(), facts(&package));
            }
        }
        solutions.insert(seeds.join(" "), Value::from(solution));
    }
    let known: Vec<&String> =
        packages.iter().filter(|(_, facts)| !facts.is_null()).map(|(name, _)| name).collect();
    Ok(json!({
        "release": release,
        "names": known,
        "packages": packages,
        "solutions": solutions,
    }))
}
