//! From arguments, environment and settings to an open store.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use frazil_model::StorePath;
use frazil_ops::store::{Access, Store, StorePlace};

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::evaluation;
use crate::settings::Settings;

/// Which store a command works on.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct StoreArguments {
    /// Use the store below this directory [default: `store` in the settings, or `frazil` in the
    /// data directory of the user]
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

impl StoreArguments {
    pub(crate) fn place(
        &self,
        environment: &Environment,
        settings: &Settings,
    ) -> Result<StorePlace, CommandError> {
        let store_dir = evaluation::store_dir(environment)?;
        let named = self.store.clone().or_else(|| {
            let text = environment.text("FRAZIL_STORE").filter(|text| !text.is_empty());
            text.or(settings.text("store")).map(PathBuf::from)
        });
        let root = match named {
            Some(root) => environment.absolute(&root),
            None => environment.data_directory().ok_or_else(|| CommandError::Usage {
                message: "there is no place for a store: HOME is not set".to_owned(),
                help: Some("name one with --store".to_owned()),
            })?,
        };
        Ok(StorePlace { root, state: None, store_dir })
    }

    pub(crate) fn open(
        &self,
        environment: &Environment,
        access: Access,
    ) -> Result<Store, CommandError> {
        let settings = Settings::of_frazil(environment)?;
        Ok(frazil_ops::store::open(&self.place(environment, &settings)?, access)?)
    }

    /// Opens the store to read paths of it, which nobody collects meanwhile if it can be written.
    pub(crate) fn open_to_read(&self, environment: &Environment) -> Result<Store, CommandError> {
        self.open(environment, Access::Change).or_else(|_| self.open(environment, Access::Read))
    }
}

/// The store path that a word of the command line names.
pub(crate) fn store_path(
    store: &Store,
    text: &str,
    environment: &Environment,
) -> Result<StorePath, CommandError> {
    Ok(frazil_ops::store::parse_path(store, text, &environment.directory)?)
}

/// The store paths that words of the command line name.
pub(crate) fn store_paths(
    store: &Store,
    words: &[String],
    environment: &Environment,
) -> Result<BTreeSet<StorePath>, CommandError> {
    words.iter().map(|word| store_path(store, word, environment)).collect()
}
