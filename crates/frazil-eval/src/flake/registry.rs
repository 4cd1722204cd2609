//! Registries: what the names of flakes stand for.
//!
//! The format is version 2 of Nix's `registry.json`.

use std::collections::BTreeMap;

use crate::input::{Attributes, FlakeRef, Input, InputError, from_json, to_json};
use crate::json::{DocumentError, Json};

const VERSION: i64 = 2;
/// A name may stand for a name, so often.
const STEPS_MAX: usize = 100;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryEntry {
    pub from: Input,
    pub to: FlakeRef,
    /// Only this very reference is meant, not those that add a branch or a commit to it.
    pub exact: bool,
}

/// Names of flakes. The first entry that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    pub entries: Vec<RegistryEntry>,
}

/// Why a registry is not understood.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RegistryError {
    #[error("{0}")]
    Syntax(#[from] DocumentError),
    #[error("it has unsupported version {0}")]
    Version(i64),
    #[error("'{0}' is missing, or not what it should be")]
    Shape(&'static str),
    #[error("{0}")]
    Input(#[from] InputError),
}

/// Why a name stands for nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LookupError {
    #[error("cannot find flake '{0}' in the flake registries")]
    Unknown(String),
    #[error("cycle detected in flake registry for '{0}'")]
    Cycle(String),
    #[error("{0}")]
    Input(#[from] InputError),
}

impl Registry {
    pub fn parse(text: &[u8]) -> Result<Self, RegistryError> {
        let json = Json::parse(text)?;
        match json.get("version") {
            Some(Json::Int(VERSION)) => {}
            Some(Json::Int(version)) => return Err(RegistryError::Version(*version)),
            _ => return Err(RegistryError::Shape("version")),
        }
        let Some(Json::List(flakes)) = json.get("flakes") else {
            return Err(RegistryError::Shape("flakes"));
        };
        let entry = |entry: &Json| {
            let part = |name| entry.get(name).ok_or(RegistryError::Shape(name));
            Ok(RegistryEntry {
                from: Input::from_attributes(from_json(part("from")?)?)?,
                to: FlakeRef::from_attributes(from_json(part("to")?)?)?,
                exact: entry.get("exact") == Some(&Json::Bool(true)),
            })
        };
        Ok(Self { entries: flakes.iter().map(entry).collect::<Result<_, RegistryError>>()? })
    }

    /// The text of the file.
    pub fn print(&self) -> String {
        let object = |attributes: &Attributes| to_json(attributes);
        let entry = |entry: &RegistryEntry| {
            let mut members = BTreeMap::from([
                ("from".to_owned(), object(entry.from.attributes())),
                ("to".to_owned(), object(&entry.to.to_attributes())),
            ]);
            if entry.exact {
                members.insert("exact".to_owned(), Json::Bool(true));
            }
            Json::Object(members)
        };
        let flakes = Json::List(self.entries.iter().map(entry).collect());
        let members = [("flakes".to_owned(), flakes), ("version".to_owned(), Json::Int(VERSION))];
        Json::Object(members.into()).pretty()
    }

    /// What a reference stands for, which may be itself.
    pub fn resolve(&self, reference: &FlakeRef) -> Result<FlakeRef, LookupError> {
        let mut input = reference.input.clone();
        let mut dir = None;
        for _ in 0..STEPS_MAX {
            let Some(entry) = self.entries.iter().find(|entry| entry.is_for(&input)) else {
                if !input.is_direct() {
                    return Err(LookupError::Unknown(input.to_url()?.to_string()));
                }
                let dir = dir.unwrap_or_else(|| reference.dir.clone());
                return Ok(FlakeRef { input, dir });
            };
            dir = Some(entry.to.dir.clone()).filter(|dir| !dir.is_empty());
            input = if entry.exact {
                entry.to.input.clone()
            } else {
                let added = |name| {
                    let is_new = !entry.from.attributes().contains_key(name);
                    input.text(name).ok().flatten().filter(|_| is_new)
                };
                entry.to.input.with_ref_and_rev(added("ref"), added("rev"))?
            };
        }
        Err(LookupError::Cycle(input.to_url()?.to_string()))
    }
}

impl RegistryEntry {
    fn is_for(&self, input: &Input) -> bool {
        if self.from == *input {
            return true;
        }
        let mut general = input.attributes().clone();
        general.remove("ref");
        general.remove("rev");
        !self.exact && *self.from.attributes() == general
    }
}
