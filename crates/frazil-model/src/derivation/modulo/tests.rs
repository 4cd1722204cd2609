use std::collections::BTreeMap;

use super::*;
use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::derivation::WantedOutputs;
use crate::hash::{Hash, HashAlgorithm};

/// What Nix would keep in a store: the derivations completed so far.
#[derive(Default)]
struct Known {
    dir: StoreDir,
    hashes: BTreeMap<StorePath, DerivationHash>,
}

/// A derivation with the variables that the language's `derivation` always sets.
fn derivation(name: &str, system: &str, outputs: &[&str], env: &[(&str, &str)]) -> Derivation {
    let always = [("name", name), ("system", system), ("builder", "/b")];
    let pairs = always.iter().chain(env);
    Derivation {
        name: name.parse().unwrap(),
        outputs: outputs
            .iter()
            .map(|output| (output.parse().unwrap(), DerivationOutput::Deferred))
            .collect(),
        input_derivations: BTreeMap::new(),
        input_sources: BTreeSet::new(),
        system: system.into(),
        builder: b"/b".to_vec(),
        args: Vec::new(),
        env: pairs.map(|(key, value)| ((*key).into(), (*value).into())).collect(),
    }
}

fn empty_sha256(method: ContentAddressMethod) -> ContentAddress {
    ContentAddress { method, hash: Hash::of(HashAlgorithm::Sha256, b"") }
}

impl Known {
    /// Completes `derivation` and shows its path and those of its outputs.
    fn add(&mut self, mut derivation: Derivation) -> (StorePath, Derivation) {
        let mut aterm = Vec::new();
        let hashes = &self.hashes;
        let done = derivation
            .instantiate::<InstantiateError>(&self.dir, &mut aterm, &mut |path| Ok(hashes[path]))
            .unwrap();
        let read = Derivation::parse(&self.dir, &derivation.name, &aterm).unwrap();
        assert_eq!(read, derivation);
        self.hashes.insert(done.path.clone(), done.hash);
        (done.path, derivation)
    }

    fn fixed(
        &mut self,
        mut derivation: Derivation,
        content: ContentAddress,
    ) -> (StorePath, Derivation) {
        let out = OutputName::out();
        let output = DerivationOutput::fixed(&self.dir, &derivation.name, &out, content).unwrap();
        derivation.env.insert(b"out".to_vec(), self.dir.join(output.path().unwrap()).into());
        derivation.outputs = BTreeMap::from([(out, output)]);
        self.add(derivation)
    }

    #[track_caller]
    fn check(&mut self, derivation: Derivation, expected: &[&str]) -> (StorePath, Derivation) {
        let (path, derivation) = self.add(derivation);
        let mut shown = vec![path.to_string()];
        shown.extend(
            derivation
                .outputs
                .values()
                .map(|output| output.path().map_or_else(String::new, ToString::to_string)),
        );
        assert_eq!(shown, expected);
        (path, derivation)
    }
}

fn wants(derivation: &mut Derivation, path: &StorePath, output: &str) {
    let wanted = derivation.input_derivations.entry(path.clone()).or_default();
    wanted.outputs.insert(output.parse().unwrap());
}

fn out_path(known: &Known, derivation: &Derivation, output: &str) -> String {
    known.dir.join(derivation.outputs[&output.parse().unwrap()].path().unwrap())
}
