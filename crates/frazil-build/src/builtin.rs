//! Builders that are functions of this program: `builtin:NAME`.
//!
//! The table is handed in by whoever knows the functions; nothing here fetches or unpacks. Such a
//! function is trusted and runs without a sandbox, so it alone must keep to its outputs.
//! Invariant: the table is searched by the whole name.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use frazil_model::{Derivation, OutputName, StoreDir, StorePath};

use crate::environment::BuildEnvironment;
use crate::sandbox::Cancel;

/// What marks a builder as a function.
const PREFIX: &[u8] = b"builtin:";

/// A builder of this program; `T` is what all functions of a table need besides their task.
pub struct Builtin<T: ?Sized> {
    /// Its name, without `builtin:`.
    pub name: &'static str,
    /// What it makes, in one sentence.
    pub doc: &'static str,
    /// Makes the outputs.
    pub build: BuildFn<T>,
}

/// Makes the outputs of a derivation, or says why not.
pub type BuildFn<T> = fn(&BuiltinTask<'_>, &T, &mut dyn FnMut(&[u8])) -> Result<(), BuiltinError>;

/// Why such a function failed.
pub type BuiltinError = Box<dyn Error + Send + Sync>;

/// Has built what a builder found to need only when it ran, and says where the outputs are. The
/// output of the builder may refer to them as to its inputs.
pub type Demand<'a> = dyn Fn(&[Demanded]) -> Result<Vec<Built>, BuiltinError> + Sync + 'a;

/// A derivation that is needed, and those that it takes its inputs from. What is valid already is
/// not built, and neither are its inputs.
#[derive(Clone, Debug)]
pub struct Demanded {
    /// What is needed.
    pub derivation: Derivation,
    /// What nobody else may have written to the store, each behind its own inputs.
    pub inputs: Vec<Derivation>,
}

/// The outputs of a derivation: each path and where it physically is.
pub type Built = BTreeMap<OutputName, (StorePath, PathBuf)>;

/// What such a function is given besides the log.
#[derive(Clone, Copy)]
pub struct BuiltinTask<'a> {
    /// What is built.
    pub derivation: &'a Derivation,
    /// Variables and files, as a process would get them.
    pub environment: &'a BuildEnvironment,
    /// The store, as the environment names it.
    pub store: &'a StoreDir,
    /// The input closure: each path and where it physically is.
    pub inputs: &'a BTreeMap<StorePath, PathBuf>,
    /// Where each output is to be made; nothing is there yet.
    pub outputs: &'a BTreeMap<OutputName, PathBuf>,
    /// Asked between steps that take long.
    pub cancel: &'a Cancel,
    /// For what is needed besides the inputs.
    pub demand: &'a Demand<'a>,
    /// For what the user should know though the build succeeds.
    pub warn: &'a (dyn Fn(String) + Sync),
}

/// The function that `builder` names; `None` if it is a program or the table does not have it.
pub fn find<'t, T: ?Sized>(table: &'t [Builtin<T>], builder: &[u8]) -> Option<&'t Builtin<T>> {
    let name = builder.strip_prefix(PREFIX)?;
    table.iter().find(|builtin| builtin.name.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::{Builtin, find};

    #[test]
    fn finds_whole_names() {
        let entry = |name| Builtin::<()> { name, doc: "", build: |_, (), _| Ok(()) };
        let table = [entry("fetchurl"), entry("buildenv")];
        let found = |builder: &str| find(&table, builder.as_bytes()).map(|builtin| builtin.name);
        assert_eq!(found("builtin:buildenv"), Some("buildenv"));
        assert_eq!(found("builtin:build"), None);
        assert_eq!(found("builtin:"), None);
        assert_eq!(found("/bin/fetchurl"), None);
    }
}
