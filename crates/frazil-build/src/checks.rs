//! What a derivation says about its outputs: how large they may be, and what they may refer to.
//!
//! Pure: whoever has scanned the outputs says what they refer to. Without structured attributes
//! one set of checks holds for all outputs; with them `outputChecks` has a set for each.
//! Invariant: outputs are judged by what they are, not by what they were before.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use frazil_model::{Derivation, OutputName, StoreDir, StorePath};
use serde_json::{Map, Value};

use crate::attributes::{AttributeError, Attributes, strings};

/// What is known about an output that was made, or about a path it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The size of its NAR in bytes.
    pub nar_size: u64,
    /// What it refers to, itself perhaps among it.
    pub references: BTreeSet<StorePath>,
}

/// Why the outputs of a derivation are not accepted.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// An attribute has the wrong type.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    /// Neither a store path nor an output.
    #[error("derivation contains an illegal reference specifier `{specifier}`")]
    Specifier {
        /// The text.
        specifier: String,
    },
    /// It refers to what it must not.
    #[error("output `{output}` is not allowed to refer to the following paths: {}", shown(paths))]
    Forbidden {
        /// The output.
        output: StorePath,
        /// What it refers to.
        paths: BTreeSet<StorePath>,
    },
    /// It is too large.
    #[error("path `{output}` is too large at {bytes} bytes; limit is {limit} bytes")]
    Large {
        /// The output.
        output: StorePath,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// It is too large with all it refers to.
    #[error("closure of path `{output}` is too large at {bytes} bytes; limit is {limit} bytes")]
    LargeClosure {
        /// The output.
        output: StorePath,
        /// The size of its closure.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The closure of an output holds a path that nobody described.
    #[error("nothing is known about `{path}`, which an output refers to")]
    Unknown {
        /// The path.
        path: StorePath,
    },
}

/// Accepts the outputs of `derivation` or says why not.
///
/// `contents` describes the outputs and all they can reach.
pub fn check(
    dir: &StoreDir,
    derivation: &Derivation,
    outputs: &BTreeMap<OutputName, StorePath>,
    contents: &BTreeMap<StorePath, Contents>,
) -> Result<(), CheckError> {
    let attributes = Attributes::of(derivation)?;
    let judge = Judge { dir, outputs, contents };
    for (name, path) in outputs {
        let checks = match attributes.structured() {
            None => Checks::of_environment(&attributes)?,
            Some(object) => match checks_of(object, name)? {
                Some(object) => Checks::of_object(object)?,
                None => continue,
            },
        };
        judge.apply(path, &checks)?;
    }
    Ok(())
}

/// The entry of `outputChecks` for this output.
fn checks_of<'a>(
    attributes: &'a Map<String, Value>,
    output: &OutputName,
) -> Result<Option<&'a Map<String, Value>>, AttributeError> {
    let wrong = || AttributeError::Type { name: "outputChecks".into(), wanted: "a set of sets" };
    let Some(all) = attributes.get("outputChecks") else { return Ok(None) };
    let one = all.as_object().ok_or_else(wrong)?.get(output.as_str());
    one.map(|one| one.as_object().ok_or_else(wrong)).transpose()
}

/// The checks of one output; `None` allows everything.
#[derive(Default)]
struct Checks {
    /// Whether an output may be in its own closure, whatever else is said.
    ignore_self: bool,
    size_max: Option<u64>,
    closure_size_max: Option<u64>,
    allowed_references: Option<Vec<Vec<u8>>>,
    allowed_requisites: Option<Vec<Vec<u8>>>,
    disallowed_references: Option<Vec<Vec<u8>>>,
    disallowed_requisites: Option<Vec<Vec<u8>>>,
}

impl Checks {
    fn of_environment(attributes: &Attributes<'_>) -> Result<Self, AttributeError> {
        Ok(Self {
            ignore_self: true,
            allowed_references: attributes.list("allowedReferences")?,
            allowed_requisites: attributes.list("allowedRequisites")?,
            disallowed_references: attributes.list("disallowedReferences")?,
            disallowed_requisites: attributes.list("disallowedRequisites")?,
            ..Self::default()
        })
    }

    fn of_object(object: &Map<String, Value>) -> Result<Self, AttributeError> {
        let list = |name: &str| object.get(name).map(|value| strings(name, value)).transpose();
        let size = |name: &str| {
            let wrong = || AttributeError::Type { name: name.into(), wanted: "a size in bytes" };
            object.get(name).map(|value| value.as_u64().ok_or_else(wrong)).transpose()
        };
        Ok(Self {
            ignore_self: false,
            size_max: size("maxSize")?,
            closure_size_max: size("maxClosureSize")?,
            allowed_references: list("allowedReferences")?,
            allowed_requisites: list("allowedRequisites")?,
            disallowed_references: list("disallowedReferences")?,
            disallowed_requisites: list("disallowedRequisites")?,
        })
    }
}

struct Judge<'a> {
    dir: &'a StoreDir,
    outputs: &'a BTreeMap<OutputName, StorePath>,
    contents: &'a BTreeMap<StorePath, Contents>,
}

impl<'a> Judge<'a> {
    fn apply(&self, output: &'a StorePath, checks: &Checks) -> Result<(), CheckError> {
        let own = self.contents(output)?;
        if let Some(limit) = checks.size_max.filter(|limit| own.nar_size > *limit) {
            return Err(CheckError::Large { output: output.clone(), bytes: own.nar_size, limit });
        }
        if let Some(limit) = checks.closure_size_max {
            let mut bytes = 0_u64;
            for path in self.closure(output)? {
                bytes = bytes.saturating_add(self.contents(path)?.nar_size);
            }
            if bytes > limit {
                return Err(CheckError::LargeClosure { output: output.clone(), bytes, limit });
            }
        }
        let references: BTreeSet<&StorePath> = own.references.iter().collect();
        let allows = |listed: bool| listed;
        let forbids = |listed: bool| !listed;
        self.refers(output, checks.allowed_references.as_ref(), &references, allows)?;
        self.refers(output, checks.disallowed_references.as_ref(), &references, forbids)?;
        if checks.allowed_requisites.is_some() || checks.disallowed_requisites.is_some() {
            let mut requisites = self.closure(output)?;
            if checks.ignore_self {
                requisites.remove(output);
            }
            self.refers(output, checks.allowed_requisites.as_ref(), &requisites, allows)?;
            self.refers(output, checks.disallowed_requisites.as_ref(), &requisites, forbids)?;
        }
        Ok(())
    }

    /// Judges what is `used` by whether it is listed; no list allows everything.
    fn refers(
        &self,
        output: &StorePath,
        list: Option<&Vec<Vec<u8>>>,
        used: &BTreeSet<&StorePath>,
        is_good: impl Fn(bool) -> bool,
    ) -> Result<(), CheckError> {
        let Some(list) = list else { return Ok(()) };
        let listed: BTreeSet<StorePath> =
            list.iter().map(|text| self.specified(text)).collect::<Result<_, _>>()?;
        let bad = used.iter().filter(|path| !is_good(listed.contains(**path)));
        let paths: BTreeSet<StorePath> = bad.map(|path| (*path).clone()).collect();
        if paths.is_empty() {
            return Ok(());
        }
        Err(CheckError::Forbidden { output: output.clone(), paths })
    }

    /// A store path, or the path of the output of this name.
    fn specified(&self, text: &[u8]) -> Result<StorePath, CheckError> {
        if let Ok(path) = self.dir.parse(text) {
            return Ok(path);
        }
        let named = self.outputs.iter().find(|(name, _)| name.as_str().as_bytes() == text);
        named.map(|(_, path)| path.clone()).ok_or_else(|| CheckError::Specifier {
            specifier: String::from_utf8_lossy(text).into_owned(),
        })
    }

    fn closure(&self, output: &'a StorePath) -> Result<BTreeSet<&'a StorePath>, CheckError> {
        let mut seen = BTreeSet::new();
        let mut next = vec![output];
        while let Some(path) = next.pop() {
            if seen.insert(path) {
                next.extend(&self.contents(path)?.references);
            }
        }
        Ok(seen)
    }

    fn contents(&self, path: &StorePath) -> Result<&'a Contents, CheckError> {
        self.contents.get(path).ok_or_else(|| CheckError::Unknown { path: path.clone() })
    }
}

fn shown(paths: &BTreeSet<StorePath>) -> String {
    paths.iter().map(StorePath::as_str).collect::<Vec<_>>().join(", ")
}
