//! Searching the packages of a suite.

use frazil_debian::index::{Index, IndexError};

/// A package that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    pub version: String,
    pub summary: String,
}

/// The packages of which name or summary has all words, whatever the case of their letters: names
/// first, the shortest first.
pub fn search(index: &Index<'_>, words: &[String]) -> Result<Vec<Found>, IndexError> {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let mut found = Vec::new();
    for package in index.packages() {
        let package = package?;
        let (name, summary) = (package.name, package.summary());
        let lower = summary.to_lowercase();
        let in_name = words.iter().all(|word| name.contains(word));
        if in_name || words.iter().all(|word| name.contains(word) || lower.contains(word)) {
            let version = package.version.as_str().to_owned();
            let (name, summary) = (name.to_owned(), summary.to_owned());
            found.push((!in_name, name.len(), Found { name, version, summary }));
        }
    }
    found.sort_by(|one, other| (one.0, one.1, &one.2.name).cmp(&(other.0, other.1, &other.2.name)));
    Ok(found.into_iter().map(|(_, _, found)| found).collect())
}
