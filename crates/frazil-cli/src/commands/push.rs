//! `frazil push`

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use frazil_ops::image::registry::{
    PushOptions, Pushed, Reference, RegistryError, SigningKey, push,
};
use frazil_ops::image::{Image, System};
use serde_json::json;

use crate::command_error::CommandError;
use crate::commands::image::{Layering, PushProgress};
use crate::commands::linked::SystemArguments;
use crate::commands::registry;
use crate::environment::Environment;
use crate::progress::size;
use crate::screen::{self, Screen, say};

/// Push the image of a system to a registry
///
/// Only layers that the registry lacks are sent, and the tag changes when all are there. Names and
/// passwords are those of `docker login` and `skopeo login`.
#[derive(Debug, Args)]
pub(super) struct PushArguments {
    /// Under this name: HOST/REPOSITORY:TAG, the tag if it is another than the system's; `http://` in
    /// front for a registry without TLS
    #[arg(long, value_name = "REFERENCE")]
    to: String,

    /// Push an index with the image of this system, for another machine, too (can be repeated)
    #[arg(long, value_name = "SYSTEM")]
    with: Vec<String>,

    /// Take layers from this repository of the same registry (can be repeated)
    #[arg(long, value_name = "REPOSITORY")]
    mount_from: Vec<String>,

    /// Sign the image with this key, as cosign does
    #[arg(long, value_name = "FILE")]
    sign: Option<PathBuf>,

    /// Attach lists of the packages in the image, in two formats, as referrers
    #[arg(long)]
    sbom: bool,

    /// Print what was pushed as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    layers: Layering,

    #[command(flatten)]
    system: SystemArguments,
}

pub(super) fn run(
    arguments: &PushArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let reference = registry::reference(&arguments.to)?;
    if reference.has_digest() {
        return Err(CommandError::usage(
            "an image is pushed to a tag; what a digest names never changes",
        ));
    }
    let key = arguments.sign.as_ref().map(|file| SigningKey::read(&environment.absolute(file)));
    let options = PushOptions {
        logins: registry::logins(environment),
        sources: arguments.mount_from.clone(),
        key: key.transpose().map_err(RegistryError::Key)?,
        with_inventory: arguments.sbom,
        ..PushOptions::default()
    };
    let mut systems = vec![arguments.system.open(environment, screen)?];
    for other in &arguments.with {
        systems.push(arguments.system.open_named(Some(other), environment, screen)?);
    }
    let has_tag = arguments.to.rsplit('/').next().is_some_and(|name| name.contains(':'));
    let tag = systems.first().map(|system| &system.presentation.tag).filter(|_| !has_tag);
    let reference = match tag {
        Some(tag) => registry::reference(&format!("{}:{tag}", arguments.to))?,
        None => reference,
    };
    let mut machines = BTreeSet::new();
    for system in &systems {
        let machine = system.presentation.platform().architecture;
        if let Some(twice) = machines.replace(machine) {
            return Err(CommandError::Usage {
                message: format!(
                    "there are two images for {twice}, and an index has one for each machine"
                ),
                help: Some("push the other under a name of its own".to_owned()),
            });
        }
    }
    let client = registry::client(environment)?;
    let pushed =
        arguments.layers.with_images(&systems, environment, |images: &[Image<'_>]| {
            let progress = PushProgress::new();
            let pushed = push(images, &reference, &client, &options, &|event| progress.push(event));
            progress.finish();
            Ok(pushed?)
        })?;
    show(arguments, &reference, &pushed, &systems)
}

fn show(
    arguments: &PushArguments,
    reference: &Reference,
    pushed: &Pushed,
    systems: &[System],
) -> Result<(), CommandError> {
    if arguments.json {
        return screen::print(format!("{}\n", json!(pushed)).as_bytes());
    }
    let images = if systems.len() == 1 { "" } else { ", an index" };
    let what = if pushed.was_there {
        "there already".to_owned()
    } else {
        let taken = pushed.mounted_bytes + pushed.present_bytes;
        format!("{} sent, {} there", size(pushed.sent_bytes), size(taken))
    };
    say(&format!("{reference}@{}{images}: {what}\n", pushed.digest));
    Ok(())
}
