//! From arguments and settings to registries: references, who we are there, and the way to them.

use std::path::PathBuf;

use frazil_ops::image::registry::{Logins, Reference, ReferenceError, RegistryError};
use frazil_ops::network::Client;

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::network;
use crate::settings::Settings;

/// The name of an image in a registry, as an argument.
pub(super) fn reference(text: &str) -> Result<Reference, CommandError> {
    text.parse().map_err(|error: ReferenceError| {
        let help = Some(error.help().to_owned());
        CommandError::Usage { message: error.to_string(), help }
    })
}

/// The reference that an argument is if it names no file: something with a host in front.
pub(super) fn reference_unless_file(text: &str, environment: &Environment) -> Option<Reference> {
    let is_there = environment.absolute(text.as_ref()).symlink_metadata().is_ok();
    let is_path = is_there || text.starts_with(['.', '/']);
    if is_path { None } else { text.parse().ok() }
}

/// The way to registries.
pub(super) fn client(environment: &Environment) -> Result<Client, CommandError> {
    let settings = Settings::of_frazil(environment)?;
    let fetch = network::fetch_options(environment, &settings)?;
    Ok(Client::new(fetch).map_err(RegistryError::Client)?)
}

/// Where the tools that log in to registries keep names and passwords.
pub(super) fn logins(environment: &Environment) -> Logins {
    let directory =
        |name: &str| environment.text(name).filter(|path| path.starts_with('/')).map(PathBuf::from);
    let docker = directory("DOCKER_CONFIG")
        .or_else(|| Some(environment.home()?.join(".docker")))
        .map(|directory| directory.join("config.json"));
    let containers = directory("XDG_RUNTIME_DIR").map(|place| place.join("containers/auth.json"));
    let files = [directory("REGISTRY_AUTH_FILE"), containers, docker];
    Logins { files: files.into_iter().flatten().collect() }
}
