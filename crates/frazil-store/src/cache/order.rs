//! Work on the paths of a closure with several threads, each path after those it refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, PoisonError};

use frazil_model::StorePath;

/// Runs `work` on each of `paths`, each after the ones among them that `references` says it
/// needs; `jobs` at once. The first error stops all that has not begun.
///
/// Paths that need each other are never begun: one of them is given to `on_cycle`.
pub(super) fn in_order<E: Send>(
    references: BTreeMap<StorePath, BTreeSet<StorePath>>,
    jobs: NonZeroUsize,
    work: impl Fn(&StorePath) -> Result<(), E> + Sync,
    on_cycle: impl FnOnce(StorePath) -> E,
) -> Result<(), E> {
    let threads = jobs.get().min(references.len());
    let state = Mutex::new(State::new(references));
    let changed = Condvar::new();
    crate::threads::share(threads, || run(&state, &changed, &work));
    let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = state.error {
        return Err(error);
    }
    match state.waiting.into_keys().next() {
        Some(path) => Err(on_cycle(path)),
        None => Ok(()),
    }
}

struct State<E> {
    ready: BTreeSet<StorePath>,
    /// How many paths each still waits for.
    waiting: BTreeMap<StorePath, usize>,
    wanted_by: BTreeMap<StorePath, Vec<StorePath>>,
    running: usize,
    error: Option<E>,
}

impl<E> State<E> {
    fn new(references: BTreeMap<StorePath, BTreeSet<StorePath>>) -> Self {
        let mut wanted_by: BTreeMap<StorePath, Vec<StorePath>> = BTreeMap::new();
        let mut waiting = BTreeMap::new();
        let mut ready = BTreeSet::new();
        for (path, needed) in &references {
            let mut count = 0;
            for other in needed.iter().filter(|other| *other != path) {
                if references.contains_key(other) {
                    wanted_by.entry(other.clone()).or_default().push(path.clone());
                    count += 1;
                }
            }
            if count == 0 {
                ready.insert(path.clone());
            } else {
                waiting.insert(path.clone(), count);
            }
        }
        Self { ready, waiting, wanted_by, running: 0, error: None }
    }

    fn done(&mut self, path: &StorePath) {
        for other in self.wanted_by.remove(path).unwrap_or_default() {
            let Some(count) = self.waiting.get_mut(&other) else { continue };
            *count -= 1;
            if *count == 0 {
                self.waiting.remove(&other);
                self.ready.insert(other);
            }
        }
    }
}

fn run<E>(
    state: &Mutex<State<E>>,
    changed: &Condvar,
    work: &(impl Fn(&StorePath) -> Result<(), E> + Sync),
) {
    let mut guard = state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if guard.error.is_some() {
            return;
        }
        let Some(path) = guard.ready.pop_first() else {
            if guard.running == 0 {
                return;
            }
            guard = changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        guard.running += 1;
        drop(guard);
        let result = work(&path);
        guard = state.lock().unwrap_or_else(PoisonError::into_inner);
        guard.running -= 1;
        match result {
            Ok(()) => guard.done(&path),
            Err(error) => {
                guard.error.get_or_insert(error);
            }
        }
        changed.notify_all();
    }
}
