//! Realising: making store paths valid, by fetching them from caches or by building them.
//!
//! The schedule asks for one task after the other; here is what each of them does. A path is fetched
//! if a cache has it and built otherwise; what is below a path that a cache has is never looked at.
//!
//! Invariant: a path that is reported as achieved is valid, and stays so while the store is open.

mod build;
mod demand;
mod error;
mod inputs;
mod log;
mod outputs;
mod plan;
mod substitute;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::thread;

use frazil_build::schedule::{self, Schedule, Task};
use frazil_model::{Derivation, StorePath};
use frazil_store::Store;

pub use error::{BuildProblem, RealiseError};
pub use frazil_build::sandbox::{Bind, Cancel, Limits};
pub use frazil_build::schedule::{Counts, End, Goal, OnFailure, Slots};
pub use outputs::Difference;

use crate::builtins::{Builtin, Tools};

/// What is done about a goal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is fetched or built.
    #[default]
    Make,
    /// It is found out what would be fetched and built.
    Plan,
    /// What was built before is built again and compared.
    Check,
    /// What is valid, but damaged, is fetched or built again.
    Repair,
}

/// How to realise.
#[derive(Clone)]
pub struct RealiseOptions<'a> {
    pub mode: Mode,
    pub slots: Slots,
    pub on_failure: OnFailure,
    /// Whether the directory of a failed build stays.
    pub keep_failed: bool,
    /// How many processors a builder may keep busy; 0 means all.
    pub cores: u32,
    pub limits: Limits,
    /// What builders see besides their inputs.
    pub binds: Vec<Bind>,
    /// The platforms that can be built for.
    pub systems: BTreeSet<Vec<u8>>,
    /// What fixed-output derivations may ask for with `impureEnvVars`.
    pub impure_variables: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The builders that are functions.
    pub builtins: &'a [Builtin],
    /// What they need; its network has the caches that paths are fetched from.
    pub tools: &'a Tools,
}

/// What happens, for those who show it. Paths are derivations where it is about building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// How many goals are in which state.
    Counts(Counts),
    BuildStarted(StorePath),
    /// A line of its log, with its newline if it has one.
    Log(StorePath, Vec<u8>),
    BuildEnded {
        derivation: StorePath,
        succeeded: bool,
    },
    /// With the bytes that will come, if that is known.
    FetchStarted(StorePath, Option<u64>),
    /// So many bytes have come since the last time.
    FetchedBytes(StorePath, u64),
    FetchEnded {
        path: StorePath,
        succeeded: bool,
    },
    /// Something went wrong with a cache; there may be others.
    Problem(String),
}

/// Takes events, from several threads.
pub type Tell<'a> = dyn Fn(Event) + Sync + 'a;

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// The derivations that were built, or would be.
    pub built: BTreeSet<StorePath>,
    /// The paths that were fetched, or would be, with the sizes of their NARs.
    pub fetched: BTreeMap<StorePath, u64>,
    /// Why goals failed, in the order in which they did.
    pub failures: Vec<(Goal, RealiseError)>,
    /// Wanted goals that were not achieved, with how they ended.
    pub missed: BTreeMap<Goal, End>,
    /// Directories of failed builds that were kept.
    pub kept: BTreeMap<StorePath, PathBuf>,
}

/// Makes the goals in `wanted` come true, as far as possible. What has all it needs is begun in
/// this order.
pub fn realise(
    store: &Store,
    wanted: &[Goal],
    options: &RealiseOptions<'_>,
    cancel: &Cancel,
    tell: &Tell<'_>,
) -> Report {
    let executor = Executor {
        store,
        options,
        wanted,
        cancel,
        tell,
        makers: Mutex::default(),
        refused: Mutex::default(),
        report: Mutex::default(),
        cleared: Once::new(),
    };
    let mut schedule = Schedule::new(options.slots, options.on_failure);
    for goal in wanted {
        schedule.want(goal.clone());
    }
    let (sender, events) = mpsc::channel();
    thread::scope(|scope| {
        // Without it nobody is told how far things are; they go on all the same.
        let _untold = thread::Builder::new().spawn_scoped(scope, || {
            for event in events {
                if let schedule::Event::Counts(counts) = event {
                    tell(Event::Counts(counts));
                }
            }
        });
        schedule::run(&mut schedule, &|task| executor.execute(task), &sender, cancel);
        drop(sender);
    });
    let mut report = executor.report.into_inner().unwrap_or_else(PoisonError::into_inner);
    for goal in wanted {
        match schedule.end_of(goal) {
            Some(End::Done) => {}
            Some(end) => drop(report.missed.insert(goal.clone(), end.clone())),
            None => drop(report.missed.insert(goal.clone(), End::Stopped)),
        }
    }
    report
}

/// What all tasks share.
struct Executor<'a> {
    store: &'a Store,
    options: &'a RealiseOptions<'a>,
    wanted: &'a [Goal],
    cancel: &'a Cancel,
    tell: &'a Tell<'a>,
    /// The derivations that make paths, as far as they were seen.
    makers: Mutex<BTreeMap<StorePath, StorePath>>,
    /// What no cache has given, and so is not asked for again.
    refused: Mutex<BTreeSet<StorePath>>,
    report: Mutex<Report>,
    /// The first build removes what builds that were killed have left.
    cleared: Once,
}

impl Executor<'_> {
    fn execute(&self, task: &Task) -> schedule::Outcome {
        use frazil_build::schedule::Work;
        let outcome = match (&task.goal, task.work) {
            (Goal::Path(path), Work::Plan) => self.plan_path(path),
            (Goal::Path(path), Work::Substitute | Work::Build) => self.substitute(path),
            (Goal::Derivation(path), Work::Plan) => self.plan_derivation(path),
            (Goal::Derivation(path), Work::Substitute | Work::Build) => self.build(path),
        };
        outcome.unwrap_or_else(|error| {
            self.report().failures.push((task.goal.clone(), error));
            schedule::Outcome::Failed
        })
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        locked(&self.report)
    }

    fn derivation(&self, path: &StorePath) -> Result<Derivation, RealiseError> {
        Ok(crate::store::derivation(self.store, path)?)
    }
}

/// What a mutex holds; every change to it is whole, also if a thread panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
