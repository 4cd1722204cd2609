//! The units of Debian's packages, as derivations.
//!
//! `nix/pkgs/debian/units.nix` makes the same derivations in the language, for packages that an
//! expression names. A link finds out what it needs only when it runs, so it makes them here.
//!
//! Invariant: for the same package both make the same derivation.

use std::collections::{BTreeMap, BTreeSet};

use frazil_build::builtin::Demanded;
use frazil_debian::Package;
use frazil_model::derivation::{DerivationOutput, InstantiateError, WantedOutputs};
use frazil_model::store_path::{MakePathError, StoreNameError};
use frazil_model::{
    ContentAddress, ContentAddressMethod, Derivation, Hash, HashFormat, OutputName, StoreDir,
    StoreName,
};

/// Why a package is no derivation.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// Its name or version cannot be in a store path.
    #[error(transparent)]
    Name(#[from] StoreNameError),
    /// The path of its file cannot be made.
    #[error(transparent)]
    Path(#[from] MakePathError),
    /// Its derivation cannot be completed.
    #[error(transparent)]
    Instantiate(#[from] InstantiateError),
}

/// The file of a package, and its unit.
#[derive(Clone, Debug)]
pub struct UnitDerivations {
    /// Fetches the file.
    pub file: Derivation,
    /// Unpacks it.
    pub unit: Derivation,
}

impl UnitDerivations {
    /// The unit, for a builder that needs it.
    pub fn demanded(&self) -> Demanded {
        Demanded { derivation: self.unit.clone(), inputs: vec![self.file.clone()] }
    }
}

/// The derivations of a package.
pub fn derivations(dir: &StoreDir, package: &Package<'_>) -> Result<UnitDerivations, UnitError> {
    let base_name = package.filename.rsplit('/').next().unwrap_or(package.filename);
    let name = StoreName::parse(store_name(base_name).as_bytes())?;
    let hash = Hash::from(package.sha256);
    let content = ContentAddress { method: ContentAddressMethod::Flat, hash };
    let output = DerivationOutput::fixed(dir, &name, &OutputName::out(), content)?;
    let url = format!("debian:{}/{}", package.origin.uri, package.filename);
    let path = output.path().map(|path| dir.join(path)).unwrap_or_default();
    let mut file = derivation(name, "builtin:fetch-deb", output);
    for (key, value) in [
        ("url", url),
        ("size", package.size.to_string()),
        ("snapshot", package.origin.snapshot.to_owned()),
        ("outputHashMode", "flat".to_owned()),
        ("outputHashAlgo", "sha256".to_owned()),
        ("outputHash", hash.format(HashFormat::Base16)),
        ("out", path.clone()),
    ] {
        file.env.insert(key.into(), value.into());
    }

    let name =
        StoreName::parse(store_name(&format!("{}-{}", package.name, package.version)).as_bytes())?;
    let mut unit = derivation(name, "builtin:unpack-deb", DerivationOutput::Deferred);
    unit.env.insert("deb".into(), path.into());
    let mut text = Vec::new();
    let fetched = file.instantiate::<InstantiateError>(dir, &mut text, &mut |_| {
        unreachable!("what is fetched has no inputs")
    })?;
    let wanted =
        WantedOutputs { outputs: BTreeSet::from([OutputName::out()]), dynamic: BTreeMap::new() };
    unit.input_derivations.insert(fetched.path, wanted);
    unit.instantiate::<InstantiateError>(dir, &mut text, &mut |_| Ok(fetched.hash))?;
    Ok(UnitDerivations { file, unit })
}

fn derivation(name: StoreName, builder: &str, output: DerivationOutput) -> Derivation {
    let env = [("name", name.as_str()), ("system", "builtin"), ("builder", builder), ("out", "")];
    let env = env.map(|(key, value)| (key.into(), value.into()));
    Derivation {
        outputs: BTreeMap::from([(OutputName::out(), output)]),
        input_derivations: BTreeMap::new(),
        input_sources: BTreeSet::new(),
        system: "builtin".into(),
        builder: builder.into(),
        args: Vec::new(),
        env: BTreeMap::from(env),
        name,
    }
}

/// A legal store name: epochs and `~` are not legal in one.
fn store_name(text: &str) -> String {
    text.replace("%3a", ".").replace(':', ".").replace('~', "_")
}
