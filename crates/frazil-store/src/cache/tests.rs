#![expect(clippy::disallowed_methods, reason = "tests make their own files")]

mod hostile;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use expect_test::{Expect, expect};
use frazil_model::nar::NarNode;
use frazil_model::signature::SecretKey;
use frazil_model::{Hash, HashAlgorithm};

use super::*;
use crate::fetch::FetchOptions;
use crate::fetch::test_server::{Reply, Request, TestServer, client, ok, reply};
use crate::fixture::{directory, fail_after, file, open, tree};
use crate::fs::Disk;
use crate::path_info::PathInfo;
use crate::store::Store;
use crate::{StoreOptions, VerifyDepth};

const TOP: &str = "11111111111111111111111111111111-top";
const LIB: &str = "22222222222222222222222222222222-lib";

fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(name.parse().unwrap(), &[7; 32])
}

fn path(text: &str) -> StorePath {
    text.parse().unwrap()
}

/// Makes a path valid whose address does not follow from its contents.
fn import(store: &Store, name: &str, node: &NarNode, references: &[&str]) -> PathInfo {
    let mut info = PathInfo::new(path(name), node.digest().unwrap());
    info.references = references.iter().map(|name| path(name)).collect();
    store.import_nar(info, &mut &*node.to_nar().unwrap()).unwrap()
}

/// A path that refers to another one and to itself.
fn fill(store: &Store) {
    import(store, LIB, &tree(), &[]);
    import(store, TOP, &directory([("see", file(format!("{LIB} {TOP}")))]), &[LIB, TOP]);
}

fn push_options(dir: &Path, method: CompressionMethod) -> PushOptions {
    let encoder = EncoderOptions { method, level: None };
    PushOptions { encoder, keys: vec![key("test-1")], ..PushOptions::new(dir.into()) }
}

fn targets() -> BTreeSet<StorePath> {
    [path(TOP)].into()
}

/// The files of a cache.
type Files = BTreeMap<String, Vec<u8>>;

fn files(method: CompressionMethod) -> Files {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    fill(&store);
    let cache = dir.path().join("cache");
    let options = push_options(dir.path(), method);
    let client = Client::new(FetchOptions::default()).unwrap();
    let url = Url::of_file(&cache).unwrap();
    push(&store, &targets(), &client, &url, &options, &|_| {}).unwrap();
    let mut files = Files::new();
    for below in ["", "nar"] {
        for entry in std::fs::read_dir(cache.join(below)).unwrap() {
            let file = entry.unwrap().path();
            let name = Path::new("/").join(file.strip_prefix(&cache).unwrap());
            if file.is_file() {
                files.insert(name.to_str().unwrap().into(), std::fs::read(&file).unwrap());
            }
        }
    }
    files
}

fn answer(files: &Files, request: &Request) -> Reply {
    match files.get(&request.target) {
        Some(_) if request.method == "HEAD" => reply(200, &[], b""),
        Some(bytes) => ok(bytes),
        None => reply(404, &[], b""),
    }
}

fn narinfo(files: &Files, name: &str) -> NarInfo {
    let text = &files[&format!("/{}.narinfo", path(name).digest())];
    NarInfo::parse(&StoreDir::default(), text).unwrap()
}

/// Puts a narinfo back, signed by `signer`.
fn put(files: &mut Files, mut info: NarInfo, signer: Option<&SecretKey>) {
    let dir = StoreDir::default();
    info.signatures.clear();
    if let Some(signer) = signer {
        info.sign(&dir, signer);
    }
    let name = format!("/{}.narinfo", info.path.digest());
    files.insert(name, info.display(&dir).to_string().into_bytes());
}

/// Changes what the narinfo of a path says, and signs it.
fn change(files: &mut Files, name: &str, change: impl FnOnce(&mut NarInfo)) {
    let mut info = narinfo(files, name);
    change(&mut info);
    put(files, info, Some(&key("test-1")));
}

/// Puts other bytes in the place of a NAR, and makes all hashes right; the key signs it.
fn replace_nar(files: &mut Files, name: &str, nar: &[u8]) {
    let info = narinfo(files, name);
    let compressed = zstd::encode_all(nar, 1).unwrap();
    files.insert(format!("/{}", info.url), compressed.clone());
    change(files, name, |info| {
        info.file_hash = Some(Hash::of(HashAlgorithm::Sha256, &compressed));
        info.file_size = Some(compressed.len() as u64);
        info.nar = frazil_model::nar::NarDigest {
            hash: frazil_model::Sha256::of(nar),
            size: nar.len() as u64,
        };
    });
}

fn options() -> CacheOptions {
    CacheOptions { trusted_keys: vec![key("test-1").public()], ..CacheOptions::default() }
}

/// Pulls from caches into a new store, which must be sound afterwards; shows what is there.
fn pulled(urls: &[Url], options: CacheOptions) -> String {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let client = client(&Arc::default());
    let (caches, problems) = Caches::open(&client, urls, store.store_dir(), options);
    let mut shown: Vec<_> = problems.iter().map(|problem| format!("not used: {problem}")).collect();
    let said = std::sync::Mutex::new(Vec::new());
    let on = |event: TransferEvent<'_>| {
        if let TransferEvent::Problem(problem) = event {
            said.lock().unwrap().push(format!("problem: {problem}"));
        }
    };
    let done = caches.pull(&store, &targets(), &on);
    shown.append(&mut said.into_inner().unwrap());
    if let Err(err) = done {
        shown.push(format!("{err} | {}", err.help().unwrap_or("-")));
    }
    let report = store.verify(VerifyDepth::Contents).unwrap();
    assert!(report.is_clean(), "{report:?}");
    let valid = store.valid_paths().unwrap();
    let place = store.layout().store().to_owned();
    drop(store);
    let left: Vec<_> = std::fs::read_dir(place).unwrap().collect();
    assert_eq!(left.len(), valid.len() + 1, "something stays: {left:?}");
    shown.push(
        valid.iter().map(|path| format!("has {}", path.name())).collect::<Vec<_>>().join(" "),
    );
    let text = shown.join("\n");
    urls.iter()
        .zip(["URL", "URL2"])
        .fold(text, |text, (url, name)| text.replace(url.as_str().trim_end_matches('/'), name))
}

/// Pulls from a cache that was changed.
#[track_caller]
fn check(change: impl FnOnce(&mut Files), expected: Expect) {
    let mut files = files(CompressionMethod::Zstd);
    change(&mut files);
    let server = TestServer::start(move |request| answer(&files, request));
    expected.assert_eq(&pulled(&[server.url("")], options()));
}

#[test]
fn content_addresses_need_no_signature() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Disk::default());
    let info = store.add_text(&"text".parse().unwrap(), b"words", BTreeSet::new()).unwrap();
    let url = Url::of_file(&dir.path().join("cache")).unwrap();
    let client = Client::new(FetchOptions::default()).unwrap();
    let options =
        PushOptions { keys: Vec::new(), ..push_options(dir.path(), CompressionMethod::Zstd) };
    let paths = [info.path.clone()].into();
    push(&store, &paths, &client, &url, &options, &|_| {}).unwrap();
    let other = open(&dir.path().join("other"), Disk::default());
    let (caches, _) = Caches::open(&client, &[url], other.store_dir(), CacheOptions::default());
    caches.pull(&other, &paths, &|_| {}).unwrap();
    assert_eq!(other.valid_path_info(&info.path).unwrap().content_address, info.content_address);
}

#[test]
fn the_next_cache_helps_out() {
    let good = files(CompressionMethod::Zstd);
    let served = good.clone();
    let second = TestServer::start(move |request| answer(&served, request));
    // One that has everything wrong, but is asked first.
    let mut bad = good.clone();
    bad.insert("/nix-cache-info".into(), b"StoreDir: /nix/store\nPriority: 10\n".into());
    let check = |bad: Files, broken: &'static str, expected: Expect| {
        let first = TestServer::start(move |request| match &*request.target {
            target if !broken.is_empty() && target.contains(broken) => reply(503, &[], b""),
            _ => answer(&bad, request),
        });
        expected.assert_eq(&pulled(&[second.url(""), first.url("")], options()));
    };
    check(
        bad.clone(),
        ".narinfo",
        expect![[r#"
        problem: cannot fetch 'URL2/11111111111111111111111111111111.narinfo': HTTP error 503 (the server is not available)
        has top has lib"#]],
    );
    check(
        bad.clone(),
        "/nar/",
        expect![[r#"
        problem: cannot fetch 'URL2/nar/08dd4zbjk69snr238va9a116y866c2xmywjfxwh49n524slpm0yk.nar.zst': HTTP error 503 (the server is not available)
        problem: cannot fetch 'URL2/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst': HTTP error 503 (the server is not available)
        has top has lib"#]],
    );
    replace_nar(&mut bad, TOP, b"not a nar at all");
    check(
        bad.clone(),
        "",
        expect![[r#"
        problem: binary cache: 'URL2/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': bad archive: input doesn't look like a Nix archive
        has top has lib"#]],
    );
    bad.retain(|name, _| !name.starts_with("/nar"));
    check(
        bad,
        "",
        expect![[r#"
        problem: cannot fetch 'URL2/nar/08dd4zbjk69snr238va9a116y866c2xmywjfxwh49n524slpm0yk.nar.zst': HTTP error 404 (not found)
        problem: cannot fetch 'URL2/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst': HTTP error 404 (not found)
        has top has lib"#]],
    );
}

#[test]
fn answers_are_kept_and_grow_old() {
    let mut files = files(CompressionMethod::Zstd);
    let lib = format!("/{}.narinfo", path(LIB).digest());
    let lib_text = files.remove(&lib).unwrap();
    let files = std::sync::Arc::new(std::sync::Mutex::new(files));
    let current = Arc::clone(&files);
    let server = TestServer::start(move |request| answer(&current.lock().unwrap(), request));
    let dir = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(1000));
    let asked = |at: i64| {
        now.store(at, Ordering::SeqCst);
        let clock = Arc::clone(&now);
        let lookups = Lookups::open(
            dir.path(),
            LookupOptions { present: 100, absent: 10, cache_info: 1000 },
            &Disk::default(),
            Arc::new(move || clock.load(Ordering::SeqCst)),
        );
        let options = CacheOptions {
            queries: NonZeroUsize::MIN,
            lookups: Some(Arc::new(lookups.unwrap())),
            ..options()
        };
        let shown = pulled(&[server.url("")], options);
        let log =
            server.log().replace(path(TOP).digest(), "TOP").replace(path(LIB).digest(), "LIB");
        format!("{shown}\n{log}")
    };
    expect![[r#"
        path '22222222222222222222222222222222-lib' is in none of the binary caches, and not in the store | name a cache that has it, or build it

        GET /nix-cache-info
        GET /TOP.narinfo
        GET /LIB.narinfo"#]].assert_eq(&asked(1000));
    files.lock().unwrap().insert(lib, lib_text);
    // Still absent, and nothing is asked.
    expect![[r#"
        path '22222222222222222222222222222222-lib' is in none of the binary caches, and not in the store | name a cache that has it, or build it

        GET /nix-cache-info
        GET /TOP.narinfo
        GET /LIB.narinfo"#]].assert_eq(&asked(1010));
    expect![[r#"
        has top has lib
        GET /nix-cache-info
        GET /TOP.narinfo
        GET /LIB.narinfo
        GET /LIB.narinfo
        GET /nar/08dd4zbjk69snr238va9a116y866c2xmywjfxwh49n524slpm0yk.nar.zst
        GET /nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst"#]]
    .assert_eq(&asked(1011));
    // Time that goes backwards makes nothing valid for ever.
    expect![[r#"
        has top has lib
        GET /nix-cache-info
        GET /TOP.narinfo
        GET /LIB.narinfo
        GET /LIB.narinfo
        GET /nar/08dd4zbjk69snr238va9a116y866c2xmywjfxwh49n524slpm0yk.nar.zst
        GET /nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst
        GET /nix-cache-info
        GET /TOP.narinfo
        GET /LIB.narinfo
        GET /nar/08dd4zbjk69snr238va9a116y866c2xmywjfxwh49n524slpm0yk.nar.zst
        GET /nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst"#]]
    .assert_eq(&asked(900));
}

#[test]
fn writing_leaves_a_cache_whole_wherever_it_fails() {
    for changes in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), Disk::default());
        fill(&store);
        let url = Url::of_file(&dir.path().join("cache")).unwrap();
        let scratch = dir.path().join("scratch");
        std::fs::create_dir(&scratch).unwrap();
        let disk = fail_after(changes);
        let run = |disk: Disk| {
            let client =
                Client::new(FetchOptions { disk: disk.clone(), ..FetchOptions::default() });
            let options = PushOptions {
                disk,
                jobs: NonZeroUsize::MIN,
                ..push_options(&scratch, CompressionMethod::Zstd)
            };
            push(&store, &targets(), &client.unwrap(), &url, &options, &|_| {}).is_ok()
        };
        let succeeded = run(disk);
        // What can be found can be had.
        let client = Client::new(FetchOptions::default()).unwrap();
        let other = open(&dir.path().join("other"), Disk::default());
        let urls = [url.clone()];
        let (caches, _) = Caches::open(&client, &urls, other.store_dir(), options());
        for name in [TOP, LIB] {
            if caches.find(&path(name), &mut Vec::new()).is_some() {
                caches.pull(&other, &[path(name)].into(), &|_| {}).unwrap();
            }
        }
        assert_eq!(other.is_valid(&path(TOP)).unwrap(), succeeded, "failing at {changes}");
        assert!(run(Disk::default()), "not mended after failing at {changes}");
        let left = std::fs::read_dir(&scratch).unwrap().count();
        // Removing it may be what failed.
        assert!(left <= 1, "failing at {changes}: {left} files stay");
        if succeeded {
            assert!(changes > 10);
            return;
        }
    }
}

#[test]
fn a_changed_path_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(dir.path())).unwrap();
    fill(&store);
    let see = store.layout().path(&path(TOP)).join("see");
    Disk::default().set_mode(&see, 0o644).unwrap();
    std::fs::write(&see, "changed").unwrap();
    let url = Url::of_file(&dir.path().join("cache")).unwrap();
    let client = Client::new(FetchOptions::default()).unwrap();
    let options = push_options(dir.path(), CompressionMethod::Zstd);
    let err = push(&store, &targets(), &client, &url, &options, &|_| {}).unwrap_err();
    expect!["binary cache: 'URL' cannot get '11111111111111111111111111111111-top', which has changed in the store"].assert_eq(&err.to_string().replace(url.as_str(), "URL"));
    assert!(!dir.path().join("cache").join(format!("{}.narinfo", path(TOP).digest())).exists());
}

#[test]
fn keys_are_written_once_and_for_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (secret, public) = (dir.path().join("secret"), dir.path().join("public"));
    let name = || "a-1".parse().unwrap();
    let key = generate_key_files(&Disk::default(), name(), &secret, &public).unwrap();
    let read: SecretKey = std::fs::read_to_string(&secret).unwrap().parse().unwrap();
    assert_eq!(read.public(), key);
    assert_eq!(std::fs::read_to_string(&public).unwrap(), key.to_string());
    assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::remove_file(&public).unwrap();
    let err = generate_key_files(&Disk::default(), name(), &secret, &public).unwrap_err();
    assert!(matches!(err, KeyError::Exists { file } if file == secret));
    let (other, no) = (dir.path().join("other"), dir.path().join("none/public"));
    assert!(generate_key_files(&Disk::default(), name(), &other, &no).is_err());
    assert!(!other.exists());
}

#[test]
fn what_a_cache_wrongly_said_of_itself_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let lookups =
        Lookups::open(dir.path(), LookupOptions::default(), &Disk::default(), Arc::new(|| 1));
    let lookups = Arc::new(lookups.unwrap());
    let texts = ["StoreDir: /gnu/store\n", "no cache info", "StoreDir: /nix/store\n", "gone"];
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server =
        TestServer::start(move |_| ok(texts[asked.fetch_add(1, Ordering::SeqCst)].as_bytes()));
    let client = client(&Arc::default());
    let url = server.url("");
    let open =
        || BinaryCache::open(&client, &url, &StoreDir::default(), Some(Arc::clone(&lookups)));
    assert!(open().is_err());
    assert!(open().is_err());
    assert!(open().is_ok());
    assert!(open().is_ok(), "what was right is kept");
    lookups.put_cache_info(&url, b"StoreDir: /gnu/store\n");
    assert!(open().is_err(), "it is asked again");
}

#[test]
fn answers_that_count_no_more_go() {
    const DAY: i64 = 24 * 60 * 60;
    let dir = tempfile::tempdir().unwrap();
    let kept = |now: i64| {
        let options = LookupOptions { present: 3 * DAY, absent: 10, cache_info: DAY };
        let lookups =
            Lookups::open(dir.path(), options, &Disk::default(), Arc::new(move || now)).unwrap();
        let url: Url = "http://cache".parse().unwrap();
        if now == 0 {
            lookups.put_cache_info(&url, b"");
            lookups.put_narinfo(&url, "absent", None);
            lookups.put_narinfo(&url, "present", Some(b""));
        }
        lookups.rows()
    };
    assert_eq!([0, DAY - 1, 2 * DAY, 4 * DAY].map(kept), [3, 3, 1, 0]);
}

#[test]
fn addresses_have_no_settings() {
    let url: Url = "http://127.0.0.1:1/?priority=10".parse().unwrap();
    let client = client(&Arc::default());
    let opened = BinaryCache::open(&client, &url, &StoreDir::default(), None).map(|_| ());
    expect!["binary cache: 'http://127.0.0.1:1/?priority=10' has a '?', but an address takes no settings here"]
        .assert_eq(&opened.unwrap_err().to_string());
}

#[test]
fn what_is_pushed_is_not_collected() {
    let dir = tempfile::tempdir().unwrap();
    let open = || open(dir.path(), Disk::default());
    fill(&open());
    let (store, other) = (open(), open());
    let collect = || other.collect_garbage(&crate::CollectOptions::default()).unwrap();
    let url = Url::of_file(&dir.path().join("cache")).unwrap();
    let (client, options) =
        (client(&Arc::default()), push_options(dir.path(), CompressionMethod::None));
    push(&store, &targets(), &client, &url, &options, &|_| drop(collect())).unwrap();
    assert!(store.is_valid(&path(LIB)).unwrap() && store.is_valid(&path(TOP)).unwrap());
    assert_eq!(collect().paths.len(), 2, "afterwards nothing keeps them");
}
