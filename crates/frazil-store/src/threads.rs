//! Several threads that share one piece of work.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

/// Runs `work` in so many threads, of which the caller's is one; in fewer where no more can be had.
pub(crate) fn share(threads: usize, work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 1..threads {
            if Builder::new().spawn_scoped(scope, &work).is_err() {
                break;
            }
        }
        work();
    });
}

/// Runs `work` on each item, with a thread for each processor. The results are in the order of the
/// items; of several errors, the one of the first item counts.
pub fn parallel<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    parallel_on(thread::available_parallelism().map_or(1, std::num::NonZero::get), items, work)
}

/// As [`parallel`], with so many threads at the most.
pub fn parallel_on<T: Sync, R: Send, E: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<R, E>>>> =
        items.iter().map(|_| Mutex::new(None)).collect();
    share(threads.min(items.len()), || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(slot)) = (items.get(index), results.get(index)) else { return };
            let result = work(item);
            let failed = result.is_err();
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            if failed {
                // Nobody begins with another one.
                next.store(items.len(), Ordering::Relaxed);
            }
        }
    });
    let taken =
        results.into_iter().map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    // Those that nobody began with stand behind the one that failed, or beside it.
    let mut done = Vec::with_capacity(items.len());
    for result in taken.flatten() {
        done.push(result?);
    }
    Ok(done)
}
