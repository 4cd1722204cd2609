use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn errors_name_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("absent/file");
    let err = Disk::default().create_file(&path, 0o644).unwrap_err();
    assert_eq!(err.to_string(), format!("cannot create the file '{}'", path.display()));
    assert_eq!(err.source.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_refused_change_has_not_happened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dir");
    let disk = Disk::intercepted(Arc::new(|_, _| Err(io::ErrorKind::StorageFull.into())));
    let err = disk.create_dir(&path).unwrap_err();
    assert_eq!(err.help(), Some("free some space; collecting garbage may do"));
    assert!(metadata(&path).unwrap().is_none());
}

#[test]
fn a_file_is_replaced_wholly_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "old").unwrap();
    for left in 0.. {
        let steps = AtomicUsize::new(left);
        let disk = Disk::intercepted(Arc::new(move |_, _| {
            let next =
                steps.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            next.map(|_| ()).map_err(|_| io::ErrorKind::StorageFull.into())
        }));
        let result = disk.replace_file(&path, b"new");
        let expected: &[u8] = if result.is_ok() { b"new" } else { b"old" };
        assert_eq!(read(&path).unwrap().unwrap(), expected, "failing at step {left}");
        if result.is_ok() {
            return;
        }
    }
}

#[test]
fn removes_read_only_trees() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().join("top");
    let disk = Disk::default();
    disk.create_dirs(&top.join("a/b")).unwrap();
    let file = disk.create_file(&top.join("a/b/file"), 0o444).unwrap();
    disk.write(&file, &top, b"12345").unwrap();
    disk.symlink(OsStr::new("/nowhere"), &top.join("a/link")).unwrap();
    disk.set_mode(&top.join("a/b"), 0o555).unwrap();
    disk.set_mode(&top.join("a"), 0o555).unwrap();
    let link_bytes = "/nowhere".len() as u64;
    assert_eq!(disk.remove_tree(&top).unwrap(), 5 + link_bytes);
    assert!(metadata(&top).unwrap().is_none());
    assert_eq!(disk.remove_tree(&top).unwrap(), 0);
}

#[test]
fn removes_trees_that_are_deeper_than_a_name_can_say() {
    use rustix::fs::{Mode, OFlags, mkdirat, openat};
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().join("top");
    fs::create_dir(&top).unwrap();
    let mut below: rustix::fd::OwnedFd = File::open(&top).unwrap().into();
    let name = "d".repeat(100);
    for _ in 0..100 {
        mkdirat(&below, &name, Mode::RWXU).unwrap();
        below = openat(&below, &name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    Disk::default().remove_tree(&top).unwrap();
    assert!(metadata(&top).unwrap().is_none());
}

#[test]
fn what_a_crash_has_left_is_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    // The next names, as if a process with our number had ended.
    let last = beside(&path).to_string_lossy().into_owned();
    let (stem, count) = last.rsplit_once('-').unwrap();
    let count: u64 = count.parse().unwrap();
    for count in count + 1..count + 100 {
        fs::write(format!("{stem}-{count}"), "left").unwrap();
    }
    let disk = Disk::default();
    disk.replace_file(&path, b"new").unwrap();
    assert_eq!(read(&path).unwrap().unwrap(), b"new");
    disk.replace_symlink(OsStr::new("target"), &path).unwrap();
    assert_eq!(read_link(&path).unwrap(), Path::new("target"));
}
