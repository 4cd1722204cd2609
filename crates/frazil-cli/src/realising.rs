//! What every command that may build or fetch takes, and how failures of builds are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use frazil_ops::build::Setting;
use frazil_ops::builtins::{self, Tools};
use frazil_ops::host::DiskHost;
use frazil_ops::network::{Network, NetworkPlan};
use frazil_ops::realise::{
    Bind, Cancel, Limits, Mode, OnFailure, RealiseError, RealiseOptions, Report, Slots,
};
use frazil_ops::store::{Access, Store};

use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::command_error::{BUILD_FAILED, CommandError};
use crate::environment::Environment;
use crate::evaluation;
use crate::network;
use crate::progress::Progress;
use crate::screen::{Screen, say};
use crate::settings::Settings;
use crate::store_access::StoreArguments;

/// Plans are cheap and wait for caches.
const PLANS: usize = 8;
const SUBSTITUTIONS: usize = 16;
/// The lines of a log that are shown when a build fails.
const LAST_LINES: usize = 25;

/// How to build and fetch.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RealiseArguments {
    /// Build so many derivations at once; `auto` is one for each processor [default: auto]
    #[arg(short = 'j', long, value_name = "JOBS")]
    max_jobs: Option<String>,

    /// Tell builders to keep so many processors busy; 0 means all [default: 0]
    #[arg(long, value_name = "CORES")]
    cores: Option<u32>,

    /// Stop a builder after so many seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,

    /// Stop a builder that says nothing for so many seconds
    #[arg(long, value_name = "SECONDS")]
    max_silent_time: Option<u64>,

    /// Stop a builder that says more than this
    #[arg(long, value_name = "SIZE", value_parser = evaluation::bytes)]
    max_build_log_size: Option<u64>,

    /// Stop a builder whose files take more than this on the disk
    #[arg(long, value_name = "SIZE", value_parser = evaluation::bytes)]
    max_build_size: Option<u64>,

    /// Go on with what can still be built when something fails
    #[arg(short = 'k', long)]
    keep_going: bool,

    /// Keep the directories of failed builds
    #[arg(short = 'K', long)]
    keep_failed: bool,

    /// Fetch from these binary caches [default: `substituters` in the settings]
    #[arg(long, value_name = "URLS")]
    substituters: Option<String>,

    /// Believe what these keys have signed [default: `trusted-public-keys` in the settings]
    #[arg(long, value_name = "KEYS")]
    trusted_public_keys: Option<String>,

    /// Show what builders say
    #[arg(short = 'L', long)]
    pub(crate) print_build_logs: bool,
}

/// Each job has a thread.
const JOBS_MAX: usize = 1024;

/// Everything that building needs to know, with what it borrows.
pub(crate) struct Realising {
    slots: Slots,
    on_failure: OnFailure,
    keep_failed: bool,
    cores: u32,
    limits: Limits,
    binds: Vec<Bind>,
    systems: BTreeSet<Vec<u8>>,
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
    tools: Tools,
    pub(crate) cancel: Cancel,
}

impl Realising {
    pub(crate) fn new(
        arguments: &RealiseArguments,
        settings: &Settings,
        environment: &Environment,
    ) -> Result<Self, CommandError> {
        let builds = jobs(arguments.max_jobs.as_deref().or(settings.text("max-jobs")))?;
        let number = |given: Option<u64>, name| -> Result<Option<u64>, CommandError> {
            let number = match given {
                None => settings.number(name)?,
                given => given,
            };
            Ok(number.filter(|number| *number > 0))
        };
        let seconds =
            |given, name| Ok::<_, CommandError>(number(given, name)?.map(Duration::from_secs));
        let limits = Limits {
            time: seconds(arguments.timeout, "timeout")?,
            silence: seconds(arguments.max_silent_time, "max-silent-time")?,
            log_bytes_max: number(arguments.max_build_log_size, "max-build-log-size")?,
            processes_max: number(None, "max-build-processes")?,
            disk_bytes_max: number(arguments.max_build_size, "max-build-size")?,
            ..Limits::default()
        };
        let cores = number(arguments.cores.map(u64::from), "cores")?.unwrap_or(0);
        let keeps_going = arguments.keep_going || settings.flag("keep-going")?;
        let cancel = Cancel::new().map_err(|error| CommandError::Failed {
            message: frazil_ops::causes(&error),
            help: error.help(),
            status: BUILD_FAILED,
        })?;
        cancel_on_signals(&cancel)?;
        let mut network = network_plan(arguments, settings, environment)?;
        let stop = cancel.clone();
        network.fetch.is_stopped = Arc::new(move || stop.is_cancelled());
        Ok(Self {
            slots: Slots { plans: PLANS, substitutions: SUBSTITUTIONS, builds },
            on_failure: if keeps_going { OnFailure::KeepGoing } else { OnFailure::Stop },
            keep_failed: arguments.keep_failed || settings.flag("keep-failed")?,
            cores: u32::try_from(cores).unwrap_or(0),
            limits,
            binds: settings.words("sandbox-paths").iter().map(|word| bind(word)).collect(),
            systems: evaluation::systems(settings),
            variables: environment.variables.clone(),
            tools: Tools {
                network: Network::new(network),
                archives: evaluation::debian::archives(environment)?,
                cache: environment.cache_directory(),
            },
            cancel,
        })
    }

    /// Gives the options to `work`; they borrow from here and from there.
    pub(crate) fn with_options<R>(
        &self,
        mode: Mode,
        work: impl FnOnce(&RealiseOptions<'_>) -> R,
    ) -> R {
        work(&RealiseOptions {
            mode,
            slots: self.slots,
            on_failure: self.on_failure,
            keep_failed: self.keep_failed,
            cores: self.cores,
            limits: self.limits,
            binds: self.binds.clone(),
            systems: self.systems.clone(),
            impure_variables: self.variables.clone(),
            builtins: builtins::TABLE,
            tools: &self.tools,
        })
    }
}

/// Evaluates over a real store: what is added goes there, and what is imported is built there.
pub(crate) fn with_real_host<R>(
    store: &Store,
    arguments: &RealiseArguments,
    settings: &Settings,
    environment: &Environment,
    screen: Screen,
    work: impl FnOnce(&mut DiskHost<'_>) -> R,
) -> Result<R, CommandError> {
    let realising = Realising::new(arguments, settings, environment)?;
    let progress = Progress::new(store.store_dir().clone(), screen, arguments.print_build_logs);
    let tell = |event| progress.tell(event);
    let context = evaluation::host_context(environment)?;
    let done = realising.with_options(Mode::Make, |options| {
        let setting = Setting { store, options, cancel: &realising.cancel, tell: &tell };
        let host =
            DiskHost::over(context, setting.real_store(), move |message| screen.tell(&message));
        Ok(work(&mut evaluation::equip(host, environment)?))
    });
    progress.finish();
    done
}

/// Evaluates over the user's store, so that what is fetched stays; in memory, if there is no place
/// for one.
pub(crate) fn with_user_host<R>(
    environment: &Environment,
    screen: Screen,
    work: impl FnOnce(&mut DiskHost<'_>) -> R,
) -> Result<R, CommandError> {
    let settings = Settings::of_frazil(environment)?;
    let place = StoreArguments::default().place(environment, &settings);
    let is_named = environment.text("FRAZIL_STORE").is_some() || settings.text("store").is_some();
    // Users without a home, as services have them, get no directories made for them.
    let has_home = environment.home().is_some_and(|home| home.is_dir());
    let Some(place) = place.ok().filter(|_| is_named || has_home) else {
        return Ok(work(&mut evaluation::host(environment, screen)?));
    };
    let store = frazil_ops::store::open(&place, Access::Write)?;
    let arguments = RealiseArguments::default();
    with_real_host(&store, &arguments, &settings, environment, screen, work)
}

fn network_plan(
    arguments: &RealiseArguments,
    settings: &Settings,
    environment: &Environment,
) -> Result<NetworkPlan, CommandError> {
    let words = |given: &Option<String>, name| match given {
        Some(text) => text.split_whitespace().map(str::to_owned).collect(),
        None => settings.words(name),
    };
    let caches = words(&arguments.substituters, "substituters");
    let keys = words(&arguments.trusted_public_keys, "trusted-public-keys");
    let keys = network::public_keys(&keys)?;
    let require_signatures = network::require_signatures(settings)?;
    network::plan(&caches, keys, require_signatures, settings, environment)
}

/// Whether signals are the business of somebody else from now on.
static ARE_SIGNALS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Says that what was to be built is, and that somebody else listens for signals.
pub(crate) fn take_signals() {
    ARE_SIGNALS_TAKEN.store(true, Ordering::Relaxed);
}

/// On Ctrl-C, builders are killed and what they left is removed; the second Ctrl-C waits for
/// nothing. Where nothing is being built, a signal ends the process as always.
fn cancel_on_signals(cancel: &Cancel) -> Result<(), CommandError> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|source| {
        CommandError::Io { action: "wait for", path: "signals".into(), source }
    })?;
    let cancel = cancel.clone();
    // Ends with the process: a signal may never come.
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if ARE_SIGNALS_TAKEN.load(Ordering::Relaxed) {
                continue;
            }
            if cancel.is_cancelled() || !cancel.has_listeners() {
                // It returns only if the signal cannot be raised, and then the next one will.
                drop(signal_hook::low_level::emulate_default_handler(signal));
            }
            cancel.cancel();
        }
    });
    Ok(())
}

/// `auto`, or a number.
fn jobs(text: Option<&str>) -> Result<usize, CommandError> {
    match text {
        None | Some("auto") => {
            Ok(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
        }
        Some(text) => match text.parse() {
            Ok(jobs @ 1..=JOBS_MAX) => Ok(jobs),
            Ok(_) | Err(_) => Err(CommandError::usage(format!(
                "'{text}' is not a number of jobs: 'auto', or from 1 to {JOBS_MAX}"
            ))),
        },
    }
}

/// `/in/the/sandbox=/on/the/machine`, or the same path for both.
fn bind(word: &str) -> Bind {
    // What may be missing is marked in Nix; here nothing may be.
    let word = word.trim_end_matches('?');
    let (target, source) = word.split_once('=').unwrap_or((word, word));
    Bind { source: PathBuf::from(source), target: PathBuf::from(target) }
}

/// Shows why goals failed; returns the error that ends the command.
pub(crate) fn show_failures(report: Report, screen: Screen) -> Result<(), CommandError> {
    let count = report.missed.len();
    let mut failures = report.failures.into_iter();
    let Some((_, first)) = failures.next() else {
        return match count {
            0 => Ok(()),
            _ => Err(failed(format!("{count} of what was wanted was not made"), None)),
        };
    };
    show_details(&first, screen);
    for (_, error) in failures {
        say(&format!("also: {}\n", frazil_ops::causes(&error)));
        show_details(&error, screen);
    }
    // The last line that is shown is the reason.
    Err(failed(frazil_ops::causes(&first), first.help()))
}

fn failed(message: String, help: Option<&'static str>) -> CommandError {
    CommandError::Failed { message, help, status: BUILD_FAILED }
}

fn show_details(error: &RealiseError, screen: Screen) {
    let RealiseError::Build { derivation, last_lines, kept, .. } = error else { return };
    if !last_lines.is_empty() {
        let skipped = last_lines.len().saturating_sub(LAST_LINES);
        let lines = last_lines.iter().skip(skipped);
        let mut text = vec![format!("last {} lines of its log:\n", lines.len())];
        for line in lines {
            let line = String::from_utf8_lossy(line);
            let line =
                crate::render::clean(line.trim_end_matches(['\n', '\r']), screen.look.colour);
            text.push(format!("  > {line}\n"));
        }
        text.push(format!("for the whole log: frazil log {derivation}\n"));
        say(&text.concat());
    }
    if let Some(kept) = kept {
        say(&format!("note: keeping the directory of the build in {}\n", kept.display()));
    }
}
