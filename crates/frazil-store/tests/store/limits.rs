//! Trees that are large, deep or do not fit, and disks that are full.

use std::fs::{self, File};
use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use frazil_model::nar::{Decoder, Encoder, Event, FileName};
use frazil_store::{AddOptions, Source, Store, StoreOptions, VerifyDepth, read_nar, write_nar};

const ROOT: &str = "FRAZIL_LIMITS_ROOT";
/// Memory that reading and writing a file of any size may take.
const MEMORY_BYTES_MAX: u64 = 64 << 20;

fn open(root: &Path) -> Store {
    Store::open(StoreOptions::new(root)).unwrap()
}

#[test]
fn two_hundred_directories_deep() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().join("tree");
    let deepest = (0..200).fold(top.clone(), |path, _| path.join("d"));
    fs::create_dir_all(&deepest).unwrap();
    fs::write(deepest.join("file"), "deep").unwrap();
    let store = open(&dir.path().join("store"));
    let add = |source: Source<'_>| {
        store.add(&"tree".parse().unwrap(), source, &AddOptions::default()).unwrap()
    };
    let added = add(Source::Disk(&top));
    let mut nar = Vec::new();
    write_nar(&store.layout().path(&added.path), &mut nar).unwrap();
    read_nar(&mut &*nar, &dir.path().join("back")).unwrap();
    assert_eq!(add(Source::Disk(&dir.path().join("back"))), added);
    assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
    drop(store);
    let collected =
        open(&dir.path().join("store")).collect_garbage(&frazil_store::CollectOptions::default());
    assert_eq!(collected.unwrap().paths.len(), 1);
}

/// The most memory that this process ever had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib << 10
}

/// What a child process runs, so that its memory is its own.
#[test]
#[ignore = "the test below runs it"]
fn large_child() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let root = Path::new(&root);
    let large = root.join("large");
    File::create(&large).unwrap().set_len(2 << 30).unwrap();
    // The archive goes from one thread to the other through a pipe, as from a cache.
    let (reader, writer) = std::io::pipe().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut out = std::io::BufWriter::with_capacity(64 << 10, writer);
            write_nar(&large, &mut out).unwrap();
            out.flush().unwrap();
        });
        let mut input = BufReader::with_capacity(64 << 10, reader);
        let mut decoder = Decoder::new(&mut input);
        let mut bytes = 0_u64;
        while let Some(event) = decoder.next_event().unwrap() {
            if let Event::Contents { bytes: some } = event {
                bytes += some.len() as u64;
            }
        }
        assert_eq!(bytes, 2 << 30);
    });
    assert!(peak_memory() < MEMORY_BYTES_MAX, "{} bytes", peak_memory());
}

#[test]
fn a_large_file_takes_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "limits::large_child", "--ignored"])
        .env(ROOT, dir.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

#[test]
fn entries_that_are_there_twice_are_refused() {
    let mut nar = Vec::new();
    let mut encoder = Encoder::new(&mut nar).unwrap();
    let name = FileName::new(*b"a").unwrap();
    let mut put = |event| encoder.put(event);
    put(Event::Directory).unwrap();
    for _ in 0..2 {
        if let Err(err) = put(Event::Entry { name: &name }) {
            assert_eq!(err.to_string(), "entry 'a' is not in order, or is there twice");
            return;
        }
        put(Event::Symlink { target: b"x" }).unwrap();
    }
    panic!("both were taken");
}

/// What a child runs in a mount namespace of its own, with a store on a disk of four megabytes.
#[test]
#[ignore = "the test below runs it"]
fn full_disk_child() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let store = open(Path::new(&root));
    let small = store.add_text(&"small".parse().unwrap(), b"kept", [].into()).unwrap().path;
    let mut refused = None;
    for number in 0..64_u8 {
        let contents = vec![number; 1 << 18];
        let name = format!("large-{number}").parse().unwrap();
        if let Err(err) = store.add(&name, Source::Bytes(&contents), &AddOptions::default()) {
            refused = Some(err);
            break;
        }
    }
    let err = refused.expect("the disk is never full");
    assert_eq!(err.help(), Some("free some space; collecting garbage may do"), "{err:?}");
    assert!(store.is_valid(&small).unwrap());
    assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
    drop(store);
    let store = open(Path::new(&root));
    let collected = store.collect_garbage(&frazil_store::CollectOptions::default()).unwrap();
    assert!(!collected.paths.is_empty());
    store
        .add(&"fits".parse().unwrap(), Source::Bytes(&vec![1; 1 << 18]), &AddOptions::default())
        .unwrap();
    assert!(store.verify(VerifyDepth::Contents).unwrap().is_clean());
}

#[test]
fn a_full_disk_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=4m none \"$1\" || exit 77; \
                  exec \"$2\" --exact limits::full_disk_child --ignored";
    let child = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .env(ROOT, dir.path())
        .output();
    let Ok(child) = child else {
        println!("skipped: there is no `unshare`");
        return;
    };
    if child.status.code() == Some(77) || child.stdout.is_empty() {
        println!("skipped: no namespaces here: {}", String::from_utf8_lossy(&child.stderr));
        return;
    }
    let mut shown = String::new();
    (&*child.stdout).read_to_string(&mut shown).unwrap();
    assert!(child.status.success(), "{shown}");
    assert!(shown.contains("1 passed"), "{shown}");
}
