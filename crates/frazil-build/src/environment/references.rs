//! `exportReferencesGraph`: what paths refer to, told to the builder.
//!
//! Without structured attributes it is a list of names and paths, and each name becomes a file in
//! the format that `nix-store --register-validity` reads. Invariant: only closures of inputs are
//! told, sorted.

use std::collections::{BTreeMap, BTreeSet};

use frazil_model::{Derivation, StorePath};

use super::{EnvironmentError, PathFacts, Surroundings};
use crate::attributes::words;

/// Adds the files that the variable asks for.
pub(super) fn add_graphs(
    derivation: &Derivation,
    surroundings: Surroundings<'_>,
    files: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) -> Result<(), EnvironmentError> {
    let Some(text) = derivation.env.get(b"exportReferencesGraph".as_slice()) else {
        return Ok(());
    };
    let words = words(text);
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(EnvironmentError::OddGraphs);
    }
    for [name, path] in pairs {
        if !is_file_name(name) {
            let name = String::from_utf8_lossy(name).into_owned();
            return Err(EnvironmentError::GraphName { name });
        }
        let root = store_path(path, surroundings)?;
        let closure = exported(&BTreeSet::from([root]), surroundings)?;
        files.insert(name.clone(), registration(&closure, surroundings)?);
    }
    Ok(())
}

/// The store path that `text` is or lies in.
pub(super) fn store_path(
    text: &[u8],
    surroundings: Surroundings<'_>,
) -> Result<StorePath, EnvironmentError> {
    let (path, _) = surroundings.dir.split(text).map_err(|_| EnvironmentError::GraphPath {
        path: String::from_utf8_lossy(text).into_owned(),
    })?;
    Ok(path)
}

/// The closures of `roots` and of the outputs of all derivations in them.
pub(super) fn exported<'a>(
    roots: &BTreeSet<StorePath>,
    surroundings: Surroundings<'a>,
) -> Result<BTreeSet<&'a StorePath>, EnvironmentError> {
    let mut next = Vec::new();
    for root in roots {
        let path = surroundings
            .inputs
            .get(root)
            .ok_or_else(|| EnvironmentError::GraphNotInput { path: root.clone() })?;
        next.push(path);
    }
    let paths = closure(next, surroundings)?;
    let mut outputs = Vec::new();
    for path in paths.iter().filter(|path| path.is_derivation()) {
        outputs.extend(&facts(path, surroundings)?.outputs);
    }
    Ok(&paths | &closure(outputs, surroundings)?)
}

/// All that can be reached from the paths in `next`, themselves included.
pub(super) fn closure<'a>(
    mut next: Vec<&'a StorePath>,
    surroundings: Surroundings<'a>,
) -> Result<BTreeSet<&'a StorePath>, EnvironmentError> {
    let mut seen = BTreeSet::new();
    while let Some(path) = next.pop() {
        if seen.insert(path) {
            next.extend(&facts(path, surroundings)?.references);
        }
    }
    Ok(seen)
}

pub(super) fn facts<'a>(
    path: &StorePath,
    surroundings: Surroundings<'a>,
) -> Result<&'a PathFacts, EnvironmentError> {
    surroundings.facts.get(path).ok_or_else(|| EnvironmentError::NoFacts { path: path.clone() })
}

fn registration(
    paths: &BTreeSet<&StorePath>,
    surroundings: Surroundings<'_>,
) -> Result<Vec<u8>, EnvironmentError> {
    let mut text = Vec::new();
    for path in paths {
        let references = &facts(path, surroundings)?.references;
        surroundings.dir.join_into(path, &mut text);
        // The empty line is where the deriver would stand.
        text.extend_from_slice(format!("\n\n{}\n", references.len()).as_bytes());
        for reference in references {
            surroundings.dir.join_into(reference, &mut text);
            text.push(b'\n');
        }
    }
    Ok(text)
}

fn is_file_name(name: &[u8]) -> bool {
    let first = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    first && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
}
