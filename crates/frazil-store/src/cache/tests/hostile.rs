//! Caches that lie, each in one way.

use std::io::Write as _;

use expect_test::expect;
use frazil_model::{Hash, HashAlgorithm};

use super::*;

#[test]
fn takes_what_is_right() {
    check(|_| {}, expect!["has top has lib"]);
    for method in [CompressionMethod::None, CompressionMethod::Xz, CompressionMethod::Gzip] {
        let files = files(method);
        let server = TestServer::start(move |request| answer(&files, request));
        assert_eq!(pulled(&[server.url("")], options()), "has top has lib", "{method:?}");
    }
    check(
        |files| {
            let info = narinfo(files, TOP);
            let url = format!("/{}", info.url);
            let nar = zstd::decode_all(&*files[&url]).unwrap();
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
            encoder.write_all(&nar).unwrap();
            files.insert(url, encoder.finish().unwrap());
            change(files, TOP, |info| {
                info.compression = frazil_model::narinfo::Compression::Bzip2;
                (info.file_hash, info.file_size) = (None, None);
            });
        },
        expect!["has top has lib"],
    );
}

#[test]
fn believes_only_what_is_signed() {
    let resign = |signer: Option<SecretKey>| {
        move |files: &mut Files| {
            let info = narinfo(files, TOP);
            put(files, info, signer.as_ref());
        }
    };
    check(
        resign(None),
        expect![[r#"
        binary cache: 'URL' has '11111111111111111111111111111111-top' without a signature by a trusted key | if you trust the cache, add its key to the trusted keys
    "#]],
    );
    check(
        resign(Some(key("other-1"))),
        expect![[r#"
        binary cache: 'URL' has '11111111111111111111111111111111-top' without a signature by a trusted key (it has signatures by other-1) | if you trust the cache, add its key to the trusted keys
    "#]],
    );
    let forged = SecretKey::from_seed("test-1".parse().unwrap(), &[8; 32]);
    check(
        resign(Some(forged)),
        expect![[r#"
        binary cache: 'URL' has '11111111111111111111111111111111-top' without a signature by a trusted key (it has signatures by test-1) | if you trust the cache, add its key to the trusted keys
    "#]],
    );
    // Signed for other references.
    check(
        |files| {
            let mut info = narinfo(files, TOP);
            info.references.remove(&path(LIB));
            let text = info.display(&StoreDir::default()).to_string();
            files.insert(format!("/{}.narinfo", info.path.digest()), text.into());
        },
        expect![[r#"
            binary cache: 'URL' has '11111111111111111111111111111111-top' without a signature by a trusted key (it has signatures by test-1) | if you trust the cache, add its key to the trusted keys
        "#]],
    );
    // Says that the path follows from the contents, which it does not.
    check(
        |files| {
            let mut info = narinfo(files, LIB);
            info.content_address = Some(
                "fixed:r:sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s"
                    .parse()
                    .unwrap(),
            );
            put(files, info, None);
        },
        expect![[r#"
            binary cache: 'URL' has '22222222222222222222222222222222-lib' without a signature by a trusted key | if you trust the cache, add its key to the trusted keys
        "#]],
    );
}

#[test]
fn refuses_narinfos_that_lie() {
    check(
        |files| {
            let info = narinfo(files, LIB);
            let text = info.display(&StoreDir::default()).to_string();
            files.insert(format!("/{}.narinfo", path(TOP).digest()), text.into());
        },
        expect![[r#"
            binary cache: 'URL/11111111111111111111111111111111.narinfo' is about '22222222222222222222222222222222-lib', not '11111111111111111111111111111111-top' | -
        "#]],
    );
    check(
        |files| change(files, TOP, |info| info.url = "../x.nar".into()),
        expect![[r#"
        binary cache: 'URL' names a file that it cannot have: '../x.nar' leads out of where it is named | -
    "#]],
    );
    check(
        |files| change(files, TOP, |info| info.url = "http://b.example/x".into()),
        expect![[r#"
            binary cache: 'URL' names a file that it cannot have: 'http://b.example/x' leads out of where it is named | -
        "#]],
    );
    check(
        |files| {
            let name = format!("/{}.narinfo", path(TOP).digest());
            files.insert(name, vec![b'x'; NARINFO_BYTES_MAX as usize + 1]);
        },
        expect![[r#"
            cannot fetch 'URL/11111111111111111111111111111111.narinfo': it has more than 4194304 bytes | -
        "#]],
    );
    check(
        |files| {
            files.insert(format!("/{}.narinfo", path(TOP).digest()), b"<html>".into());
        },
        expect![[r#"
            binary cache: 'URL/11111111111111111111111111111111.narinfo' is not usable: NAR info is corrupt: expecting '\n' at line 1 | -
        "#]],
    );
    check(
        |files| {
            let brotli = frazil_model::narinfo::Compression::Brotli;
            change(files, TOP, |info| info.compression = brotli);
        },
        expect![[r#"
            binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is compressed with 'br', which is not supported | -
            has lib"#]],
    );
    check(
        |files| {
            files.remove(&format!("/{}.narinfo", path(LIB).digest()));
        },
        expect![[r#"
            path '22222222222222222222222222222222-lib' is in none of the binary caches, and not in the store | name a cache that has it, or build it
        "#]],
    );
    check(
        |files| change(files, LIB, |info| info.references = [path(TOP)].into()),
        expect![[r#"
            binary cache: 'URL' has '11111111111111111111111111111111-top', which refers to itself through others | -
        "#]],
    );
}

#[test]
fn refuses_files_that_are_not_what_was_announced() {
    let wrong = || Some(Hash::of(HashAlgorithm::Sha256, b"other"));
    check(
        |files| change(files, TOP, |info| info.file_hash = wrong()),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': hash mismatch of the file: specified sha256-2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz/o=, got sha256-QC7FQpDVJlK9pEHKGBxWK3xGvZnpwMfUCgo7cfAoQbM= | the file is damaged: have it written to the cache anew
        has lib"#]],
    );
    check(
        |files| change(files, TOP, |info| info.nar.hash = frazil_model::Sha256::of(b"other")),
        expect![[r#"
            binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': hash mismatch importing path '11111111111111111111111111111111-top': specified sha256-2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz/o=, got sha256-kSx0rNavoDVB+LWkfg+4I/eHDzXibEjvElK0p5yMuRQ= | what was fetched is damaged or was changed; fetch it again
            has lib"#]],
    );
    check(
        |files| change(files, TOP, |info| info.nar.size -= 8),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': the NAR does not end after the 352 bytes that were announced | the file is damaged: have it written to the cache anew
        has lib"#]],
    );
    check(
        |files| change(files, TOP, |info| info.nar.size += 8),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': size mismatch importing path '11111111111111111111111111111111-top': specified 368, got 360 | what was fetched is damaged or was changed; fetch it again
        has lib"#]],
    );
    check(
        |files| change(files, TOP, |info| info.file_size = info.file_size.map(|size| size + 1)),
        expect![[r#"
            binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': the file has 136 bytes instead of 137 | the file is damaged: have it written to the cache anew
            has lib"#]],
    );
    check(
        |files| change(files, TOP, |info| info.file_size = info.file_size.map(|size| size - 1)),
        expect![[r#"
            cannot fetch 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst': it has more than 135 bytes | -
            has lib"#]],
    );
    // Another frame behind the NAR.
    check(
        |files| {
            let url = format!("/{}", narinfo(files, TOP).url);
            let more = zstd::encode_all(&b"more"[..], 1).unwrap();
            files.get_mut(&url).unwrap().extend(more);
            change(files, TOP, |info| (info.file_hash, info.file_size) = (None, None));
        },
        expect![[r#"
            binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': the NAR does not end after the 360 bytes that were announced | the file is damaged: have it written to the cache anew
            has lib"#]],
    );
    check(
        |files| {
            let url = format!("/{}", narinfo(files, TOP).url);
            files.get_mut(&url).unwrap()[20] ^= 1;
        },
        expect![[r#"
            binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': Data corruption detected | the file is damaged: have it written to the cache anew
            has lib"#]],
    );
    check(
        |files| {
            let url = format!("/{}", narinfo(files, TOP).url);
            files.remove(&url);
        },
        expect![[r#"
            cannot fetch 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst': HTTP error 404 (not found) | check the address
            has lib"#]],
    );
}

/// A NAR of a directory with these names, in this order.
fn nar_of(names: &[&str]) -> Vec<u8> {
    let mut nar = Vec::new();
    let mut string = |text: &str| {
        nar.extend((text.len() as u64).to_le_bytes());
        nar.extend(text.as_bytes());
        nar.resize(nar.len().next_multiple_of(8), 0);
    };
    ["nix-archive-1", "(", "type", "directory"].into_iter().for_each(&mut string);
    for name in names {
        ["entry", "(", "name", name, "node", "(", "type", "symlink", "target", "x", ")", ")"]
            .into_iter()
            .for_each(&mut string);
    }
    string(")");
    nar
}

#[test]
fn refuses_nars_that_are_traps() {
    let nar =
        |names: &'static [&str]| move |files: &mut Files| replace_nar(files, TOP, &nar_of(names));
    check(nar(&["a", "b"]), expect!["has top has lib"]);
    check(
        nar(&["../x"]),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': bad archive: NAR contains invalid file name '../x' | -
        has lib"#]],
    );
    check(
        nar(&[".."]),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': bad archive: NAR contains invalid file name '..' | -
        has lib"#]],
    );
    check(
        nar(&["a/b"]),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': bad archive: NAR contains invalid file name 'a/b' | -
        has lib"#]],
    );
    check(
        nar(&["a", "a"]),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': bad archive: NAR directory is not sorted at 'a' | -
        has lib"#]],
    );
    check(
        nar(&["b", "a"]),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': bad archive: NAR directory is not sorted at 'a' | -
        has lib"#]],
    );
    check(
        |files| replace_nar(files, TOP, &nar_of(&["a"])[..100]),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': bad archive: unexpected end | -
        has lib"#]],
    );
    check(
        |files| replace_nar(files, TOP, b"not a nar at all"),
        expect![[r#"
        binary cache: 'URL/nar/1cs153q72fqa1bacgh79k6ylcz1baqf1ijj1ljym49nmj11cabj0.nar.zst' is no good for '11111111111111111111111111111111-top': bad archive: input doesn't look like a Nix archive | -
        has lib"#]],
    );
}

#[test]
fn refuses_caches_that_are_none() {
    let info = |text: &'static str| {
        move |files: &mut Files| {
            files.insert("/nix-cache-info".into(), text.into());
        }
    };
    check(
        info("StoreDir: /gnu/store\n"),
        expect![[r#"
        not used: binary cache: 'URL' is for stores in '/gnu/store', not '/nix/store'
        path '11111111111111111111111111111111-top' is in none of the binary caches, and not in the store | name a cache that has it, or build it
    "#]],
    );
    check(
        info("Priority: high\n"),
        expect![[r#"
        not used: binary cache: 'URL' nix-cache-info is corrupt: invalid Priority 'high'
        path '11111111111111111111111111111111-top' is in none of the binary caches, and not in the store | name a cache that has it, or build it
    "#]],
    );
    check(
        Files::clear,
        expect![[r#"
        not used: binary cache: 'URL' does not appear to be a binary cache: it has no nix-cache-info
        path '11111111111111111111111111111111-top' is in none of the binary caches, and not in the store | name a cache that has it, or build it
    "#]],
    );
    let server = TestServer::start(|_| reply(200, &[("Content-Type", "text/html")], b"<html>"));
    expect![[r#"
        not used: binary cache: 'URL/nix-cache-info' is an HTML page
        path '11111111111111111111111111111111-top' is in none of the binary caches, and not in the store | name a cache that has it, or build it
    "#]].assert_eq(&pulled(&[server.url("")], options()));
}

#[test]
fn no_cache_is_blamed_for_a_full_disk() {
    let files = files(CompressionMethod::Zstd);
    let [first, second] = [(); 2].map(|()| {
        let files = files.clone();
        TestServer::start(move |request| answer(&files, request))
    });
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), Disk::default()));
    let store = open(dir.path(), fail_after(13));
    let urls = [first.url(""), second.url("")];
    let (caches, problems) =
        Caches::open(&client(&Arc::default()), &urls, store.store_dir(), options());
    assert!(problems.is_empty());
    let err = caches.pull(&store, &[path(TOP)].into(), &|_| {}).unwrap_err();
    expect!["cannot add '22222222222222222222222222222222-lib' to the store"]
        .assert_eq(&err.to_string());
    expect!["Some(\"free some space; collecting garbage may do\")"]
        .assert_eq(&format!("{:?}", err.help()));
    let mut root: &dyn std::error::Error = &err;
    while let Some(source) = root.source() {
        root = source;
    }
    let root = root.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(root.kind(), std::io::ErrorKind::StorageFull);
    assert!(!second.log().contains(".nar.zst"), "asked in vain: {}", second.log());
}
