//! Asking the store: what is known of paths, and what refers to what.

use std::collections::BTreeSet;

use clap::Args;
use frazil_model::{HashFormat, StorePath};
use frazil_ops::store::{self, Access, Store};
use serde_json::{Map, Value};

use super::show;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::progress::size;
use crate::screen;
use crate::store_access::{StoreArguments, store_paths};

/// Show what is known of paths, or of the whole store
#[derive(Debug, Args)]
pub(in crate::commands) struct InfoArguments {
    /// The paths; without any the store is described
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// Show the closures of the paths, too
    #[arg(short, long)]
    recursive: bool,

    /// Show how large each closure is
    #[arg(short = 'S', long)]
    closure_size: bool,

    /// Print JSON, in the shape of `nix path-info --json`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn info(
    arguments: &InfoArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Read)?;
    if arguments.paths.is_empty() {
        return store_info(arguments, &store);
    }
    let mut paths = store_paths(&store, &arguments.paths, environment)?;
    if arguments.recursive {
        paths = store.closure(&paths)?;
    }
    let dir = store.store_dir();
    let (mut shown, mut text) = (Map::new(), Vec::<String>::new());
    for path in &paths {
        let info = store.valid_path_info(path)?;
        let closure_size =
            if arguments.closure_size { Some(closure_size(&store, path)?) } else { None };
        if arguments.json {
            shown.insert(dir.join(path), show::info(dir, &info, closure_size));
            continue;
        }
        let hash = show::hash(&info, HashFormat::Nix32);
        text.push(format!("{}\n  size        {}\n", dir.display(path), size(info.nar.size)));
        if let Some(bytes) = closure_size {
            text.push(format!("  closure     {}\n", size(bytes)));
        }
        text.push(format!("  hash        {hash}\n"));
        if let Some(deriver) = &info.deriver {
            text.push(format!("  deriver     {}\n", dir.display(deriver)));
        }
        if let Some(content) = &info.content_address {
            text.push(format!("  address     {content}\n"));
        }
        for signature in &info.signatures {
            text.push(format!("  signature   {signature}\n"));
        }
        for reference in &info.references {
            text.push(format!("  refers to   {}\n", dir.display(reference)));
        }
    }
    if arguments.json {
        return screen::print(&show::line(&shown.into()));
    }
    screen::print(text.concat().as_bytes())
}

fn closure_size(store: &Store, path: &StorePath) -> Result<u64, CommandError> {
    let infos = store::closure(store, &[path.clone()].into())?;
    Ok(infos.iter().map(|info| info.nar.size).sum())
}

fn store_info(arguments: &InfoArguments, store: &Store) -> Result<(), CommandError> {
    let (paths, bytes) = store.totals()?;
    let (root, dir) = (store.layout().store(), store.store_dir());
    if arguments.json {
        let value = serde_json::json!({
            "storeDir": dir.as_str(),
            "realDir": root.to_string_lossy(),
            "paths": paths,
            "narSize": bytes,
        });
        return screen::print(&show::line(&value));
    }
    let text = format!(
        "store    {dir}\nlies in  {}\npaths    {paths}\nsize     {} as archives\n",
        root.display(),
        size(bytes)
    );
    screen::print(text.as_bytes())
}

/// Paths to ask about
#[derive(Debug, Args)]
pub(in crate::commands) struct PathsArguments {
    /// The paths
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// Print a JSON list
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn closure(
    arguments: &PathsArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    ask(arguments, environment, |store, paths| Ok(store.closure(paths)?))
}

pub(super) fn references(
    arguments: &PathsArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    ask(arguments, environment, |store, paths| {
        let mut found = BTreeSet::new();
        for path in paths {
            found.extend(store.valid_path_info(path)?.references);
        }
        Ok(found)
    })
}

pub(super) fn referrers(
    arguments: &PathsArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    ask(arguments, environment, |store, paths| {
        let mut found = BTreeSet::new();
        for path in paths {
            // Of what is not valid nothing is known.
            store.valid_path_info(path)?;
            found.extend(store.referrers(path)?);
        }
        Ok(found)
    })
}

fn ask(
    arguments: &PathsArguments,
    environment: &Environment,
    answer: impl FnOnce(&Store, &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>, CommandError>,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Read)?;
    let paths = store_paths(&store, &arguments.paths, environment)?;
    let found = answer(&store, &paths)?;
    if arguments.json {
        return screen::print(&show::line(&show::list(store.store_dir(), &found)));
    }
    screen::print(&show::lines(store.store_dir(), &found))
}

/// Show what keeps paths from being collected
#[derive(Debug, Args)]
pub(in crate::commands) struct RootsArguments {
    /// Print JSON: for each path the links that keep it
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn roots(
    arguments: &RootsArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Read)?;
    let dir = store.store_dir();
    let (mut shown, mut text) = (Map::new(), Vec::<String>::new());
    for (path, links) in store.roots()? {
        let links: Vec<String> =
            links.iter().map(|link| link.to_string_lossy().into_owned()).collect();
        for link in &links {
            text.push(format!("{link} -> {}\n", dir.display(&path)));
        }
        shown.insert(dir.join(&path), Value::from(links));
    }
    if arguments.json {
        return screen::print(&show::line(&shown.into()));
    }
    screen::print(text.concat().as_bytes())
}

/// Show derivations as JSON, as `nix derivation show` prints them
#[derive(Debug, Args)]
pub(in crate::commands) struct ShowDerivationArguments {
    /// Derivations, or what was built from them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// Show the derivations that those need, too
    #[arg(short, long)]
    recursive: bool,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn show_derivation(
    arguments: &ShowDerivationArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Read)?;
    let paths = store_paths(&store, &arguments.paths, environment)?;
    let mut text = store::show_derivations(&store, &paths, arguments.recursive)?;
    text.push('\n');
    screen::print(text.as_bytes())
}
