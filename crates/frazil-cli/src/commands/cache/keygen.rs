//! `frazil cache keygen`

use std::path::PathBuf;

use clap::Args;
use frazil_ops::cache::{Disk, generate_key_files};

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen;

/// Make a pair of keys that sign, and check, what is in a cache
///
/// The files have the form of Nix's. Nothing is overwritten. Prints the public key, which belongs
/// into `trusted-public-keys` of those who are to believe the cache.
#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The name of the key, such as `cache.example.org-1`
    name: String,

    /// The file for the secret key, which only its owner may read
    #[arg(value_name = "SECRET-FILE")]
    secret: PathBuf,

    /// The file for the public key
    #[arg(value_name = "PUBLIC-FILE")]
    public: PathBuf,
}

pub(super) fn run(
    arguments: &KeygenArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let name =
        arguments.name.parse().map_err(|error: frazil_model::signature::SignatureError| {
            CommandError::usage(format!("'{}' is no name for a key: {error}", arguments.name))
        })?;
    let secret = environment.absolute(&arguments.secret);
    let public = environment.absolute(&arguments.public);
    let key = generate_key_files(&Disk::default(), name, &secret, &public)?;
    screen::print(format!("{key}\n").as_bytes())
}
