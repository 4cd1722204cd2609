//! What a builder is given: its program and arguments, its variables, the files in its directory.
//!
//! A pure function of the derivation and of what is known about its inputs, as Nix 2.26 computes
//! it. Nothing is written here; the sandbox does that, from inside.
//!
//! Invariant: no placeholder of the derivation's own outputs is left anywhere.

mod references;
mod structured;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use frazil_model::content_address::ContentAddress;
use frazil_model::derivation::{DerivationKind, KindError, Placeholder};
use frazil_model::{Derivation, OutputName, Sha256, StoreDir, StorePath, base32};

use crate::attributes::{AttributeError, Attributes, words};

/// Where the builder works: `NIX_BUILD_TOP`.
pub const BUILD_DIR: &str = "/build";

/// What a builder is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildEnvironment {
    /// The program, or `builtin:NAME`.
    pub builder: Vec<u8>,
    /// Its arguments, without its own name.
    pub args: Vec<Vec<u8>>,
    /// Its variables.
    pub variables: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The files in [`BUILD_DIR`], by name.
    pub files: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// What is known about a store path among the inputs.
#[derive(Clone, Debug)]
pub struct PathFacts {
    /// The hash of its NAR.
    pub nar_hash: Sha256,
    /// The size of its NAR in bytes.
    pub nar_size: u64,
    /// What it refers to, itself perhaps among it.
    pub references: BTreeSet<StorePath>,
    /// What its contents hash to, if its path follows from that.
    pub content_address: Option<ContentAddress>,
    /// If it is a derivation: the paths of its outputs.
    pub outputs: BTreeSet<StorePath>,
}

/// What an environment depends on besides the derivation.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The store.
    pub dir: &'a StoreDir,
    /// Where each output is to be made; a valid output may be made anew somewhere else.
    pub outputs: &'a BTreeMap<OutputName, StorePath>,
    /// The input closure, and the closures of the outputs of all derivations in it.
    pub facts: &'a BTreeMap<StorePath, PathFacts>,
    /// The input closure alone.
    pub inputs: &'a BTreeSet<StorePath>,
    /// How many processors a builder may keep busy; 0 means all.
    pub cores: u32,
    /// What a fixed-output derivation may ask for with `impureEnvVars`.
    pub impure_variables: &'a BTreeMap<Vec<u8>, Vec<u8>>,
}

/// A derivation does not say what its builder is to be given.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// An attribute has the wrong type.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    /// The outputs do not fit together.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// It was not said where an output is to be made.
    #[error("no path is known for the output `{output}`")]
    NoOutputPath {
        /// The output.
        output: OutputName,
    },
    /// `exportReferencesGraph` is a list of pairs.
    #[error("odd number of tokens in `exportReferencesGraph`")]
    OddGraphs,
    /// Not a name for a file of `exportReferencesGraph`.
    #[error("invalid file name `{name}` in `exportReferencesGraph`")]
    GraphName {
        /// The name, as text.
        name: String,
    },
    /// Not a store path in `exportReferencesGraph`.
    #[error("`exportReferencesGraph` contains a non-store path `{path}`")]
    GraphPath {
        /// The text.
        path: String,
    },
    /// Not an input of the derivation.
    #[error("cannot export references of path `{path}` because it is not in the input closure")]
    GraphNotInput {
        /// The path.
        path: StorePath,
    },
    /// Whoever calls did not say enough about the inputs.
    #[error("nothing is known about the input `{path}`")]
    NoFacts {
        /// The path.
        path: StorePath,
    },
}

impl BuildEnvironment {
    /// What the builder of `derivation` is given.
    ///
    /// Placeholders of the outputs of *other* derivations must have been replaced before.
    pub fn new(
        derivation: &Derivation,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, EnvironmentError> {
        let kind = derivation.kind()?;
        let attributes = Attributes::of(derivation)?;
        let rewrites = own_placeholders(derivation, surroundings)?;
        let mut files = BTreeMap::new();
        let mut variables = base_variables(surroundings);

        if attributes.structured().is_none() {
            add_attributes(derivation, &rewrites, &mut variables, &mut files);
            references::add_graphs(derivation, surroundings, &mut files)?;
        }
        set(&mut variables, "NIX_BUILD_TOP", BUILD_DIR);
        for name in ["TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"] {
            set(&mut variables, name, BUILD_DIR);
        }
        if kind == DerivationKind::Fixed {
            set(&mut variables, "NIX_OUTPUT_CHECKED", "1");
        }
        if may_use_network(kind) {
            for name in attributes.list("impureEnvVars")?.unwrap_or_default() {
                let value = surroundings.impure_variables.get(&name).cloned().unwrap_or_default();
                variables.insert(name, value);
            }
        }
        set(&mut variables, "NIX_LOG_FD", "2");
        set(&mut variables, "TERM", "xterm-256color");
        if let Some(object) = attributes.structured() {
            structured::add_files(derivation, object, surroundings, &rewrites, &mut files)?;
            set(&mut variables, "NIX_ATTRS_SH_FILE", "/build/.attrs.sh");
            set(&mut variables, "NIX_ATTRS_JSON_FILE", "/build/.attrs.json");
        }

        Ok(Self {
            builder: derivation.builder.clone(),
            args: derivation.args.iter().map(|arg| rewrites.apply(arg)).collect(),
            variables: variables
                .into_iter()
                .map(|(name, value)| (rewrites.apply(&name), rewrites.apply(&value)))
                .collect(),
            files,
        })
    }
}

/// Whether a derivation of this kind is built with the network of the machine.
pub fn may_use_network(kind: DerivationKind) -> bool {
    match kind {
        DerivationKind::Fixed | DerivationKind::Impure => true,
        DerivationKind::InputAddressed | DerivationKind::Deferred | DerivationKind::FloatingCa => {
            false
        }
    }
}

/// Texts and what to put in their places.
struct Rewrites(Vec<(Vec<u8>, Vec<u8>)>);

impl Rewrites {
    fn apply(&self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for (from, to) in &self.0 {
            text = replace(&text, from, to);
        }
        text
    }
}

fn own_placeholders(
    derivation: &Derivation,
    surroundings: Surroundings<'_>,
) -> Result<Rewrites, EnvironmentError> {
    let rewrite = |output: &OutputName| {
        let path = surroundings
            .outputs
            .get(output)
            .ok_or_else(|| EnvironmentError::NoOutputPath { output: output.clone() })?;
        let placeholder = Placeholder::own(output.as_str().as_bytes()).to_string();
        Ok((placeholder.into_bytes(), surroundings.dir.join(path).into_bytes()))
    };
    derivation.outputs.keys().map(rewrite).collect::<Result<_, _>>().map(Rewrites)
}

/// What a derivation may override.
fn base_variables(surroundings: Surroundings<'_>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut variables = BTreeMap::new();
    set(&mut variables, "PATH", "/path-not-set");
    set(&mut variables, "HOME", "/homeless-shelter");
    set(&mut variables, "NIX_STORE", surroundings.dir.as_str());
    set(&mut variables, "NIX_BUILD_CORES", &surroundings.cores.to_string());
    variables
}

/// The attributes as variables, or as files if `passAsFile` says so.
fn add_attributes(
    derivation: &Derivation,
    rewrites: &Rewrites,
    variables: &mut BTreeMap<Vec<u8>, Vec<u8>>,
    files: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) {
    let as_file = derivation.env.get(b"passAsFile".as_slice()).map(|text| words(text));
    let as_file: BTreeSet<_> = as_file.into_iter().flatten().collect();
    for (name, value) in &derivation.env {
        if !as_file.contains(name) {
            variables.insert(name.clone(), value.clone());
            continue;
        }
        let file = format!(".attr-{}", base32::encode(&Sha256::of(name).0));
        let variable = [name.as_slice(), b"Path"].concat();
        variables.insert(variable, format!("{BUILD_DIR}/{file}").into_bytes());
        files.insert(file.into_bytes(), rewrites.apply(value));
    }
}

fn set(variables: &mut BTreeMap<Vec<u8>, Vec<u8>>, name: &str, value: &str) {
    variables.insert(name.as_bytes().to_vec(), value.as_bytes().to_vec());
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        match rest.strip_prefix(from) {
            Some(behind) if !from.is_empty() => {
                replaced.extend_from_slice(to);
                rest = behind;
            }
            Some(_) | None => {
                replaced.push(first);
                rest = tail;
            }
        }
    }
    replaced
}
