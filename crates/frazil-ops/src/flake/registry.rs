//! The user's registry: a file that says what the names of flakes stand for.

use std::path::Path;

use frazil_eval::flake::registry::{Registry, RegistryEntry};
use frazil_eval::input::FlakeRef;

use super::{failure, find, write};
use crate::eval::Failure;

/// The registry in a file; empty if there is none.
pub fn read_registry(file: &Path) -> Result<Registry, Failure> {
    let text = write::read_if_there(file).map_err(|error| failure(error.to_string(), None))?;
    let Some(text) = text else { return Ok(Registry::default()) };
    Registry::parse(&text).map_err(|error| {
        let message = format!("cannot read the flake registry '{}': {error}", file.display());
        failure(message, Some("correct the file, or remove it".to_owned()))
    })
}

/// Makes `from` stand for `to`, in place of what it stood for.
pub fn add_to_registry(file: &Path, from: &str, to: &str, base: &Path) -> Result<(), Failure> {
    let refused = |error: frazil_eval::input::InputError| failure(error.0, None);
    let entry = RegistryEntry {
        from: FlakeRef::parse(from).map_err(refused)?.input,
        to: find::reference(to, base).map_err(refused)?,
        exact: false,
    };
    let mut registry = read_registry(file)?;
    registry.entries.retain(|other| other.from != entry.from);
    registry.entries.push(entry);
    save(file, &registry)
}

/// Removes what `from` stands for; returns whether there was anything.
pub fn remove_from_registry(file: &Path, from: &str) -> Result<bool, Failure> {
    let from = FlakeRef::parse(from).map_err(|error| failure(error.0, None))?.input;
    let mut registry = read_registry(file)?;
    let before = registry.entries.len();
    registry.entries.retain(|entry| entry.from != from);
    if registry.entries.len() == before {
        return Ok(false);
    }
    save(file, &registry)?;
    Ok(true)
}

fn save(file: &Path, registry: &Registry) -> Result<(), Failure> {
    write::make_parent(file)
        .and_then(|()| write::write(file, registry.print().as_bytes()))
        .map_err(|error| failure(error.to_string(), None))
}
