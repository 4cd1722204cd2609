//! `frazil cache serve`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use frazil_ops::cache::CompressionMethod;
use frazil_ops::cache::serve::{ServeOptions, Served, Server, Writable};
use frazil_ops::store::Access;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::push::CompressionArguments;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::network::{self, TrustArguments};
use crate::screen::{self, Screen, say};
use crate::settings::Settings;
use crate::store_access::StoreArguments;

/// Lower than that of caches far away.
const PRIORITY: u32 = 30;
/// The most bytes of files that were written and are in no path yet.
const FILES_BYTES_MAX: u64 = 64 << 30;

/// Serve a store as a binary cache over HTTP
///
/// Nix and frazil can fetch from it, and write to it if they may. Ends on SIGINT and SIGTERM, when
/// what is being answered is answered. Prints its address.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Listen here; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Write the port into this file when it listens
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,

    /// Sign what is served with the secret key in this file (can be repeated)
    #[arg(long = "key-file", value_name = "FILE")]
    keys: Vec<PathBuf>,

    /// What the cache says about its priority; lower is asked first
    #[arg(long, value_name = "NUMBER", default_value_t = PRIORITY)]
    priority: u32,

    /// Let everybody who reaches the address write what a trusted key has signed
    #[arg(long)]
    writable: bool,

    #[command(flatten)]
    trust: TrustArguments,

    #[command(flatten)]
    compression: CompressionArguments,

    #[command(flatten)]
    store: StoreArguments,

    /// Say what is asked for
    #[arg(short, long)]
    verbose: bool,
}

pub(super) fn run(
    arguments: &ServeArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let settings = Settings::of_frazil(environment)?;
    let store = if arguments.writable {
        arguments.store.open(environment, Access::Write)?
    } else {
        arguments.store.open_to_read(environment)?
    };
    let writable = if arguments.writable {
        Some(Writable {
            trusted_keys: arguments.trust.keys(&settings)?,
            require_signatures: arguments.trust.require_signatures(&settings)?,
            files_bytes_max: FILES_BYTES_MAX,
        })
    } else {
        None
    };
    let options = ServeOptions {
        keys: network::secret_keys(&arguments.keys, environment)?,
        // On the way to a neighbour, compressing takes longer than sending.
        encoder: arguments.compression.options(CompressionMethod::None)?,
        priority: arguments.priority,
        writable,
    };
    let server = Server::bind(store, arguments.listen, options)?;
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(|source| CommandError::Io {
        action: "wait for",
        path: "signals".into(),
        source,
    })?;
    let stopper = server.stopper();
    // Ends with the process: a signal may never come.
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            stopper.stop();
        }
    });
    let address = server.address();
    screen::print(format!("http://{address}\n").as_bytes())?;
    if let Some(file) = &arguments.port_file {
        write_port(&environment.absolute(file), address.port())?;
    }
    let on_served = |served: Served<'_>| {
        if arguments.verbose {
            let Served { method, target, status, .. } = served;
            say(&format!("{status} {method} {target}\n"));
        }
        if let Some(reason) = served.reason {
            screen.warn(&format!("{} {}: {reason}", served.method, served.target));
        }
    };
    server.run(&on_served);
    Ok(())
}

/// Whoever waits for the file finds the whole number in it.
fn write_port(file: &std::path::Path, port: u16) -> Result<(), CommandError> {
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(".new");
    let write = || {
        std::fs::write(&temporary, format!("{port}\n"))?;
        std::fs::rename(&temporary, file)
    };
    write().map_err(|source| CommandError::Io { action: "write", path: file.into(), source })
}
