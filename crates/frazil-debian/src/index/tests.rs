use expect_test::{Expect, expect};

use super::{Index, IndexBuilder, IndexError, Origin, fuzz};
use frazil_testkit::random::Random;

fn stanza(name: &str, version: &str, rest: &str) -> String {
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: amd64\nFilename: pool/{name}.deb\n\
         Size: 7\nSHA256: {:064x}\n{rest}\n",
        version.len()
    )
}

fn origin(suite: &str) -> Origin<'_> {
    Origin { uri: "http://a.example/debian", suite, component: "main", snapshot: "" }
}

fn build(lists: &[(&str, String)]) -> Result<Vec<u8>, String> {
    let mut builder = IndexBuilder::new("amd64");
    for (suite, text) in lists {
        builder.add(origin(suite), text.as_bytes()).map_err(|error| error.to_string())?;
    }
    builder.finish().map_err(|error| error.to_string())
}

fn sample() -> Vec<u8> {
    let main = [
        stanza("b", "1.0", "Provides: x, y (= 2)\nDepends: a (>= 1)\nEssential: yes\n"),
        stanza(
            "a",
            "2",
            "Provides: x\nMulti-Arch: foreign\nSource: src (1.9)\nDescription: an a\n",
        ),
        stanza("old", "10", "Priority: required\n"),
    ];
    let security = [stanza("a", "2.1", ""), stanza("old", "9", "")];
    build(&[("s", main.concat()), ("s-security", security.concat())]).unwrap()
}

#[test]
fn newest_of_each() {
    let bytes = sample();
    let index = Index::open(&bytes).unwrap();
    index.verify().unwrap();
    let packages: Vec<String> = index
        .packages()
        .map(|package| {
            let package = package.unwrap();
            format!("{} {} {}", package.name, package.version, package.origin.suite)
        })
        .collect();
    assert_eq!(packages, ["a 2.1 s-security", "b 1.0 s", "old 10 s"]);
    assert_eq!(index.architecture(), Ok("amd64"));
    assert_eq!(index.origins().unwrap(), [origin("s"), origin("s-security")]);
    assert_eq!(index.len(), 3);
    assert_eq!(bytes, sample());
}

#[test]
fn one_package() {
    let bytes = build(&[(
        "s",
        stanza(
            "a",
            "1:2-3",
            "Multi-Arch: foreign\nSource: src (1.9)\nDescription: an a\n of some kind\nEssential: yes\n\
             Priority: important\nSection: net\nInstalled-Size: 12\nPre-Depends: p\nDepends: d\n\
             Recommends: r\nSuggests: s\nConflicts: c\nBreaks: b\nReplaces: e\nHomepage: http://h\n\
             Unknown: x\n",
        ),
    )])
    .unwrap();
    let package = Index::open(&bytes).unwrap().package("a").unwrap().unwrap();
    assert_eq!(package.source_name(), "src");
    assert_eq!(package.source_version(), "1.9");
    assert_eq!(package.summary(), "an a");
    assert_eq!(package.url(), "http://a.example/debian/pool/a.deb");
    expect![[r#"
        Package {
            id: PackageId(
                0,
            ),
            name: "a",
            version: DebVersion(
                "1:2-3",
            ),
            architecture: "amd64",
            multi_arch: Foreign,
            depends: "d",
            pre_depends: "p",
            recommends: "r",
            suggests: "s",
            provides: "",
            conflicts: "c",
            breaks: "b",
            replaces: "e",
            essential: true,
            priority: Important,
            section: "net",
            source: "src (1.9)",
            installed_size_kib: 12,
            filename: "pool/a.deb",
            size: 7,
            sha256: sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAU=,
            homepage: "http://h",
            description: "an a\n of some kind",
            origin: Origin {
                uri: "http://a.example/debian",
                suite: "s",
                component: "main",
                snapshot: "",
            },
        }"#]]
    .assert_eq(&format!("{package:#?}"));
}

#[test]
fn names_and_providers() {
    let bytes = sample();
    let index = Index::open(&bytes).unwrap();
    for name in ["a", "b", "old"] {
        assert_eq!(index.package(name).unwrap().unwrap().name, name);
    }
    for name in ["", "0", "aa", "c", "zzz"] {
        assert_eq!(index.find(name), Ok(None));
    }
    let providers = |name| -> Vec<String> {
        let found = index.providers(name).unwrap().into_iter();
        found
            .map(|provider| {
                let version = provider.version.map(|version| version.to_string());
                format!("{} {version:?}", index.name(provider.package).unwrap())
            })
            .collect()
    };
    // The `a` that provides `x` is not the newest.
    assert_eq!(providers("x"), ["b None"]);
    assert_eq!(providers("y"), ["b Some(\"2\")"]);
    assert_eq!(providers("a"), [""; 0]);
    assert_eq!(index.essential().unwrap().len(), 1);
}

#[track_caller]
fn check_refused(text: String, expected: Expect) {
    expected.assert_eq(&build(&[("s", text)]).unwrap_err());
}

#[test]
fn refused() {
    let with = |from: &str, to: &str| stanza("a", "1", "").replacen(from, to, 1);
    check_refused("x".into(), expect!["line 1: no `:` behind the name of a field"]);
    check_refused(
        with("Package: a\n", ""),
        expect!["line 1: the package ``: the field Package is missing"],
    );
    check_refused(
        with("Package: a", "Package: A B"),
        expect!["line 1: the package `A B`: `A B` is not the name of a package"],
    );
    check_refused(
        with("Version: 1", "Version: 1_"),
        expect!["line 1: the package `a`: `_` is not allowed in the version `1_`"],
    );
    check_refused(
        with("amd64", "arm64"),
        expect!["line 1: the package `a`: it is for `arm64`, not for `amd64`"],
    );
    check_refused(
        with("Filename", "File"),
        expect!["line 1: the package `a`: the field Filename is missing"],
    );
    check_refused(
        with("Filename: pool", "Filename: .."),
        expect!["line 1: the package `a`: `../a.deb` cannot be the field Filename of a package"],
    );
    check_refused(
        with("Size: 7", "Size: x"),
        expect!["line 1: the package `a`: `x` cannot be the field Size of a package"],
    );
    check_refused(
        with("SHA256: 0", "SHA256: "),
        expect![
            "line 1: the package `a`: `000000000000000000000000000000000000000000000000000000000000001` cannot be the field SHA256 of a package"
        ],
    );
    check_refused(
        stanza("a", "1", "Multi-Arch: maybe\n"),
        expect!["line 1: the package `a`: `maybe` cannot be the field Multi-Arch of a package"],
    );
    check_refused(
        stanza("a", "1", "Priority: high\n"),
        expect!["line 1: the package `a`: `high` cannot be the field Priority of a package"],
    );
    check_refused(
        stanza("a", "1", "Provides: b (>\n"),
        expect!["line 1: the package `a`: the field Provides: in `b (>`: expecting `)`"],
    );
    let other = stanza("a", "1", "").replace("0001", "0002");
    expect!["a 1 from s/main and from t/main are different files"]
        .assert_eq(&build(&[("s", stanza("a", "1", "")), ("t", other)]).unwrap_err());
}

#[test]
fn damaged() {
    let bytes = sample();
    let check = |bytes: &[u8], expected: Expect| {
        let found = Index::open(bytes).map(|_| ()).unwrap_err();
        expected.assert_eq(&found.to_string());
    };
    check(b"", expect!["the package index does not begin like one"]);
    check(&bytes[..100], expect!["the package index does not begin like one"]);
    check(&bytes[..bytes.len() - 1], expect!["the package index has 784 bytes instead of 785"]);
    check(&[&bytes[..], b"x"].concat(), expect!["the package index has 786 bytes instead of 785"]);
    let with = |at: usize, byte: u8| {
        let mut changed = bytes.clone();
        changed[at] = byte;
        changed
    };
    check(&with(8, 9), expect!["the package index has format 9, not 3"]);
    check(&with(20, 99), expect!["the header of the package index is damaged"]);
    let changed = with(bytes.len() / 2, b'?');
    assert_eq!(Index::open(&changed).unwrap().verify(), Err(IndexError::Contents));
}

/// A file whose contents are anything, but whose header is right: nothing panics.
#[test]
fn any_damage() {
    let bytes = sample();
    let mut random = Random::seeded();
    for at in super::layout::HEADER_BYTES..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] = [0xff, 0, changed[at] ^ 1][random.below(3) as usize];
        fuzz(&changed);
    }
    // Tables of any length and place, in a header that hashes to what it says.
    for _ in 0..2000 {
        let mut changed = bytes.clone();
        let at = 16 + random.below(32) as usize;
        changed[at] = random.below(256) as u8;
        let (summed, rest) = changed.split_at_mut(super::layout::HEADER_BYTES - 32);
        rest[..32].copy_from_slice(&frazil_model::Sha256::of(summed).0);
        fuzz(&changed);
    }
    for end in 0..bytes.len() {
        fuzz(&bytes[..end]);
    }
}
