//! Derivations that this evaluation has made or read, with what those that depend on them need.
//!
//! Invariant: a derivation is known only once its hash is, so all its inputs were known before it
//! (or their contents do not matter to it).

use std::collections::{BTreeSet, HashMap};

use frazil_model::derivation::modulo::OutputPaths;
use frazil_model::derivation::{DerivationHash, DerivationOutput, InstantiateError, KindError};
use frazil_model::store_path::StoreNameError;
use frazil_model::{Derivation, OutputName, Sha256, StorePath};

use crate::builtins::store::names;
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::path;
use crate::symbol::FastHash;

/// What `derivationStrict` remembers between calls.
#[derive(Default)]
pub(crate) struct Cache {
    derivations: HashMap<StorePath, Known, FastHash>,
    /// Texts that were added to the store, with what they refer to.
    texts: HashMap<StorePath, Vec<StorePath>, FastHash>,
    /// The text of the `.drv` file being made.
    aterm: Vec<u8>,
}

/// What is asked of a derivation again. There may be many thousands.
pub(crate) struct Known {
    hash: DerivationHash,
    /// Its outputs in the order of their names, with their paths where those are known.
    pub(crate) outputs: Box<[(OutputName, Option<StorePath>)]>,
    /// Its inputs: sources and derivations.
    references: Box<[StorePath]>,
}

impl Cache {
    /// Remembers what a text in the store refers to.
    pub(crate) fn note_text(&mut self, path: StorePath, references: Vec<StorePath>) {
        if !references.is_empty() {
            self.texts.insert(path, references);
        }
    }

    fn hash(&self, path: &StorePath) -> Option<DerivationHash> {
        self.derivations.get(path).map(|known| known.hash)
    }

    fn learn(&mut self, path: StorePath, hash: DerivationHash, derivation: &Derivation) {
        let outputs =
            derivation.outputs.iter().map(|(name, output)| (name.clone(), output.path().cloned()));
        let references = derivation.references().cloned().collect();
        self.derivations.insert(path, Known { hash, outputs: outputs.collect(), references });
    }
}

/// Why a hash could not be computed.
enum HashFailure {
    /// The hash of an input is not known.
    Unknown(StorePath),
    Instantiate(InstantiateError),
}

impl From<InstantiateError> for HashFailure {
    fn from(error: InstantiateError) -> Self {
        Self::Instantiate(error)
    }
}

impl From<KindError> for HashFailure {
    fn from(error: KindError) -> Self {
        Self::Instantiate(error.into())
    }
}

impl Evaluator<'_> {
    /// Completes a derivation, writes its `.drv` file and remembers it.
    pub(super) fn instantiate(&mut self, mut derivation: Derivation) -> Result<StorePath> {
        self.know_inputs(&derivation)?;
        let mut aterm = std::mem::take(&mut self.caches.derivations.aterm);
        let cache = &self.caches.derivations;
        let instantiated = derivation.instantiate::<HashFailure>(
            &self.options.store_dir,
            &mut aterm,
            &mut |path| cache.hash(path).ok_or_else(|| HashFailure::Unknown(path.clone())),
        );
        let result = match instantiated {
            Ok(done) if self.caches.derivations.derivations.contains_key(&done.path) => {
                Ok(done.path)
            }
            Ok(done) => self.write(&derivation, &done.path, &aterm).map(|()| {
                self.caches.derivations.learn(done.path.clone(), done.hash, &derivation);
                done.path
            }),
            Err(HashFailure::Instantiate(InstantiateError::Name(error))) => {
                Err(self.refused_output(derivation, &aterm, &error))
            }
            Err(failure) => Err(self.hash_failure(failure)),
        };
        self.caches.derivations.aterm = aterm;
        result
    }

    fn write(&mut self, derivation: &Derivation, path: &StorePath, aterm: &[u8]) -> Result<()> {
        let references: Vec<_> = derivation.references().cloned().collect();
        self.host.add_text(path, aterm, &references).map_err(|error| self.host_error(error))
    }

    #[cold]
    fn hash_failure(&self, failure: HashFailure) -> Error {
        match failure {
            HashFailure::Unknown(path) => {
                let full = self.options.store_dir.join(&path);
                self.error(ErrorKind::Other, format!("the inputs of '{full}' form a cycle"))
            }
            HashFailure::Instantiate(error) => self.other(&error),
        }
    }

    /// The error for a derivation whose `.drv` file or output cannot have the name it should.
    #[cold]
    fn refused_output(
        &self,
        mut derivation: Derivation,
        aterm: &[u8],
        error: &StoreNameError,
    ) -> Error {
        let dir = &self.options.store_dir;
        let name = derivation.name.as_str().to_owned();
        let outputs: Vec<_> = derivation.outputs.keys().cloned().collect();
        let bad_output = outputs.iter().find(|output| derivation.name.of_output(output).is_err());
        let Some(output) = bad_output else {
            let name = format!("{name}.drv");
            let references = derivation.references();
            let refused =
                names::refused_text(dir, name.as_bytes(), Sha256::of(aterm), references, error);
            return self.error(ErrorKind::Other, refused);
        };
        for known in derivation.outputs.values_mut() {
            *known = DerivationOutput::Deferred;
        }
        let hash = derivation.hash_modulo::<HashFailure>(dir, OutputPaths::Masked, &mut |path| {
            self.caches.derivations.hash(path).ok_or_else(|| HashFailure::Unknown(path.clone()))
        });
        let hash = match hash {
            Ok(hash) => hash,
            Err(failure) => return self.hash_failure(failure),
        };
        let name = format!("{name}-{output}");
        let kind = format!("output:{output}");
        self.other(&dir.refused_path(&kind, hash.digest, name.as_bytes(), error.clone()))
    }

    /// What is known of a derivation, which is read for it if it must be.
    pub(crate) fn known_derivation(&mut self, path: &StorePath) -> Result<&Known> {
        self.know(path)?;
        match self.caches.derivations.derivations.get(path) {
            Some(known) => Ok(known),
            None => Err(self.hash_failure(HashFailure::Unknown(path.clone()))),
        }
    }

    /// Makes sure that the hashes of the inputs of `derivation` are known, if it needs them.
    fn know_inputs(&mut self, derivation: &Derivation) -> Result<()> {
        for path in self.unknown_inputs(derivation) {
            self.know(&path)?;
        }
        Ok(())
    }

    fn unknown_inputs(&self, derivation: &Derivation) -> Vec<StorePath> {
        let depends_on_inputs = derivation.outputs.values().any(|output| {
            !matches!(output, DerivationOutput::Fixed { .. } | DerivationOutput::Impure { .. })
        });
        let known = &self.caches.derivations.derivations;
        let inputs = derivation.input_derivations.keys().filter(|path| !known.contains_key(path));
        if depends_on_inputs { inputs.cloned().collect() } else { Vec::new() }
    }

    /// Reads the derivation at `path`, if it is not known, and before it all its inputs.
    fn know(&mut self, path: &StorePath) -> Result<()> {
        // With a stack of our own: graphs are deeper than the machine's stack.
        let mut way = vec![(path.clone(), None)];
        let mut begun = BTreeSet::new();
        while let Some((path, read)) = way.pop() {
            if self.caches.derivations.derivations.contains_key(&path) {
                continue;
            }
            if let Some(derivation) = read {
                self.learn_read(path, derivation)?;
                continue;
            }
            if !begun.insert(path.clone()) {
                return Err(self.hash_failure(HashFailure::Unknown(path)));
            }
            let derivation = self.read_derivation(&path)?;
            let inputs = self.unknown_inputs(&derivation);
            way.push((path, Some(derivation)));
            way.extend(inputs.into_iter().map(|input| (input, None)));
        }
        Ok(())
    }

    fn learn_read(&mut self, path: StorePath, derivation: Derivation) -> Result<()> {
        let cache = &self.caches.derivations;
        let hash = derivation.hash_modulo::<HashFailure>(
            &self.options.store_dir,
            OutputPaths::Shown,
            &mut |path| cache.hash(path).ok_or_else(|| HashFailure::Unknown(path.clone())),
        );
        match hash {
            Ok(hash) => {
                self.caches.derivations.learn(path, hash, &derivation);
                Ok(())
            }
            Err(failure) => Err(self.hash_failure(failure)),
        }
    }

    /// Reads a `.drv` file.
    pub(super) fn read_derivation(&mut self, path: &StorePath) -> Result<Derivation> {
        let full = self.options.store_dir.join(path);
        let name = path.derivation_name().map_err(|error| self.other(&error))?;
        self.require_valid(path)?;
        let text =
            self.host.read(path::of(full.as_bytes())).map_err(|error| self.host_error(error))?;
        Derivation::parse(&self.options.store_dir, &name, &text).map_err(|error| {
            self.error(ErrorKind::Other, format!("error parsing derivation '{full}': {error}"))
        })
    }

    /// A `.drv` file and all that can be reached from it by references, sorted. References of
    /// paths that this evaluation did not add are known for derivations only.
    pub(super) fn closure_of_derivation(
        &mut self,
        root: &StorePath,
    ) -> Result<BTreeSet<StorePath>> {
        self.require_valid(root)?;
        let mut closure = BTreeSet::new();
        let mut next = vec![root.clone()];
        while let Some(path) = next.pop() {
            if closure.contains(&path) {
                continue;
            }
            if path.is_derivation() {
                next.extend(self.known_derivation(&path)?.references.iter().cloned());
            } else if let Some(references) = self.caches.derivations.texts.get(&path) {
                next.extend(references.iter().cloned());
            }
            closure.insert(path);
        }
        Ok(closure)
    }
}
