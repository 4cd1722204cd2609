//! `frazil cache push`

use std::path::PathBuf;

use clap::Args;
use frazil_ops::cache::{self, CompressionMethod, EncoderOptions, PushOptions, PushPlan};
use serde_json::json;

use super::json_paths;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::network;
use crate::progress::Progress;
use crate::screen::Screen;
use crate::settings::Settings;
use crate::store_access::{StoreArguments, store_paths};

/// Write store paths, and all that they refer to, into a binary cache
///
/// What the cache has already is left alone. Prints the paths that were written.
#[derive(Debug, Args)]
pub(crate) struct PushArguments {
    /// The store paths
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// The cache: a URL that takes PUT, or a directory
    #[arg(long = "to", value_name = "CACHE")]
    cache: String,

    /// Sign with the secret key in this file (can be repeated)
    #[arg(long = "key-file", value_name = "FILE")]
    keys: Vec<PathBuf>,

    #[command(flatten)]
    compression: CompressionArguments,

    #[command(flatten)]
    store: StoreArguments,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// How files are compressed.
#[derive(Debug, Args)]
pub(crate) struct CompressionArguments {
    /// Compress with `zstd`, `xz`, `gzip` or `none` [default: zstd]
    #[arg(long, value_name = "METHOD")]
    compression: Option<CompressionMethod>,

    /// Compress so hard: up to 19 for zstd, 9 for the others
    #[arg(long, value_name = "LEVEL")]
    compression_level: Option<u32>,
}

impl CompressionArguments {
    pub(super) fn options(
        &self,
        default: CompressionMethod,
    ) -> Result<EncoderOptions, CommandError> {
        let options = EncoderOptions {
            method: self.compression.unwrap_or(default),
            level: self.compression_level,
        };
        let level_max = options.method.level_max();
        if options.level.is_some_and(|level| level > level_max) {
            let message = format!("the highest level of this compression is {level_max}");
            return Err(CommandError::usage(message));
        }
        Ok(options)
    }
}

pub(super) fn run(
    arguments: &PushArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let settings = Settings::of_frazil(environment)?;
    let store = arguments.store.open_to_read(environment)?;
    let mut options = PushOptions::new(environment.temporary_directory());
    options.encoder = arguments.compression.options(CompressionMethod::default())?;
    options.keys = network::secret_keys(&arguments.keys, environment)?;
    let plan = PushPlan {
        fetch: network::fetch_options(environment, &settings)?,
        cache: network::cache_url(&arguments.cache, environment)?,
        options,
        paths: store_paths(&store, &arguments.paths, environment)?,
    };
    let progress = Progress::new(store.store_dir().clone(), screen, false);
    let pushed = cache::push(&store, &plan, &|event| progress.tell_transfer(event))?;
    drop(progress);
    let dir = store.store_dir();
    let value = json!({
        "paths": json_paths(dir, &pushed.written),
        "present": json_paths(dir, &pushed.present),
        "narSize": pushed.nar_bytes,
    });
    super::print_report(&value, arguments.json)
}
