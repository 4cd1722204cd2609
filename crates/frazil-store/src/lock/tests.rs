use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn one_holder_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.lock");
    let holders = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let lock = PathLock::acquire(&Disk::default(), path.clone()).unwrap();
                    assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                    holders.fetch_sub(1, Ordering::SeqCst);
                    drop(lock);
                }
            });
        }
    });
    assert!(!path.exists());
}

#[test]
fn a_lock_that_is_held_cannot_be_had() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.lock");
    let lock = PathLock::acquire(&Disk::default(), path.clone()).unwrap();
    let other = Disk::default().open_lock_file(&path).unwrap();
    assert!(!try_exclusive(&other, &path).unwrap());
    drop(lock);
    assert!(try_exclusive(&other, &path).unwrap());
    assert!(is_stale(&other, &path).unwrap());
}
