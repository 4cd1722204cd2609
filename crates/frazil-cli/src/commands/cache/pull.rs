//! `frazil cache pull`

use clap::Args;
use frazil_ops::cache::{self, PullPlan};
use frazil_ops::store::Access;
use serde_json::json;

use super::json_paths;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::network::{self, TrustArguments};
use crate::progress::Progress;
use crate::screen::Screen;
use crate::settings::Settings;
use crate::store_access::{StoreArguments, store_paths};

/// Fetch store paths, and all that they refer to, from binary caches
///
/// What a trusted key has signed is believed, and what follows from its own contents. Prints the
/// paths that were fetched.
#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// The store paths
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// Ask this cache, a URL or a directory, instead of `substituters` of the settings (can be
    /// repeated)
    #[arg(long = "from", value_name = "CACHE")]
    caches: Vec<String>,

    #[command(flatten)]
    trust: TrustArguments,

    #[command(flatten)]
    store: StoreArguments,

    /// Only say what would be fetched
    #[arg(long)]
    dry_run: bool,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    arguments: &PullArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let settings = Settings::of_frazil(environment)?;
    let access = if arguments.dry_run { Access::Read } else { Access::Write };
    let store = arguments.store.open(environment, access)?;
    let named = if arguments.caches.is_empty() {
        settings.words("substituters")
    } else {
        arguments.caches.clone()
    };
    if named.is_empty() {
        return Err(CommandError::Usage {
            message: "no binary cache is known".into(),
            help: Some("name one with --from, or in `substituters` of frazil.conf".into()),
        });
    }
    let trust = &arguments.trust;
    let keys = trust.keys(&settings)?;
    let plan = PullPlan {
        network: network::plan(
            &named,
            keys,
            trust.require_signatures(&settings)?,
            &settings,
            environment,
        )?,
        paths: store_paths(&store, &arguments.paths, environment)?,
    };
    let progress = Progress::new(store.store_dir().clone(), screen, false);
    let on = |event: cache::TransferEvent<'_>| progress.tell_transfer(event);
    let (caches, missing) = cache::missing(&store, &plan, &on)?;
    let dir = store.store_dir().clone();
    let value = if arguments.dry_run {
        json!({
            "paths": json_paths(&dir, missing.available.keys()),
            "unknown": json_paths(&dir, &missing.unknown),
            "downloadSize": missing.download_bytes(),
            "narSize": missing.nar_bytes(),
        })
    } else {
        let pulled = caches.pull_missing(&store, missing, &on)?;
        json!({
            "paths": json_paths(&dir, &pulled.paths),
            "downloadSize": pulled.download_bytes,
            "narSize": pulled.nar_bytes,
        })
    };
    drop(progress);
    super::print_report(&value, arguments.json)
}
