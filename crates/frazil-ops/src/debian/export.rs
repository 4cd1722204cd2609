//! Recording answers, so that expressions can be evaluated where nobody answers.

use frazil_debian::index::Index;
use serde_json::{Map, Value, json};

use super::answers::{AnswerError, complete, facts};

/// A record for `index.nix`'s `ofRecord`: facts of the named packages and of what they need, and
/// the solution for each list of seeds. Names that the suite does not have are recorded as such.
pub fn export(
    index: &Index<'_>,
    release: &Value,
    names: &[&str],
    seeds: &[Vec<&str>],
) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    let mut packages = Map::new();
    let mut solutions = Map::new();
    for name in names {
        let package = index.package(name)?;
        packages.insert((*name).to_owned(), package.map_or(Value::Null, |found| facts(&found)));
    }
    for seeds in seeds {
        let mut solution = solved(index, seeds)?;
        solution.sort();
        for name in &solution {
            if let Some(package) = index.package(name)? {
                packages.insert(name.clone(), facts(&package));
            }
        }
        solutions.insert(seeds.join(" "), Value::from(solution));
    }
    let known: Vec<&String> = packages.iter().filter(|(_, facts)| !facts.is_null()).map(|(name, _)| name).collect();
    Ok(json!({
        "release": release,
        "names": known,
        "packages": packages,
        "solutions": solutions,
    }))
}

fn solved(index: &Index<'_>, seeds: &[&str]) -> Result<Vec<String>, AnswerError> {
    // The names of the seeds live as long as the question, those of the answer as the index.
    let seeds: Vec<String> = seeds.iter().map(|seed| (*seed).to_owned()).collect();
    let seeds: Vec<&str> = seeds.iter().map(String::as_str).collect();
    Ok(complete(index, &seeds)?.into_iter().map(str::to_owned).collect())
}
