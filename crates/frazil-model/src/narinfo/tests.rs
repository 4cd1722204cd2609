use expect_test::{Expect, expect};

use super::*;

/// Made by Nix for a text that refers to another path.
const BY_NIX: &str = "\
StorePath: /nix/store/akwhzqvnfvdb071y6m5agaam9di5jlv5-y
URL: nar/0camvh6lz605yxz109vwjdvawdk6ip0wxn7famls4fbdnlh7y52p.nar
Compression: none
FileHash: sha256:0camvh6lz605yxz109vwjdvawdk6ip0wxn7famls4fbdnlh7y52p
FileSize: 168
NarHash: sha256:0camvh6lz605yxz109vwjdvawdk6ip0wxn7famls4fbdnlh7y52p
NarSize: 168
References: a0azcv7jsr7hg15342xlql85pbkvmrp9-x
Sig: k-1:2FRK9JkMUyqRMyMvFViRtc0q3pZdN/QAfPQlGtldohhzxGbuS6/ZVh4FmZ91ft3ahq2SFxnByjBhOI8g7PFjAw==
CA: text:sha256:0d0r1qg7hsan2ch57kvxlw7ncwxl8f8wpvlccw4wxlsgzv27p2z6
";
const KEY: &str = "k-1:WGpyVyNp6wi5V1bsvxJYUsle4CxoVaNhEld2D4CHROg=";
const SECRET: &str =
    "k-1:PVA3p5UusEtgffBWNkgFnAdFyw4yCdyoXjHPIDr0lFRYanJXI2nrCLlXVuy/ElhSyV7gLGhVo2ESV3YPgIdE6A==";

fn by_nix() -> NarInfo {
    NarInfo::parse(&StoreDir::default(), BY_NIX.as_bytes()).unwrap()
}

#[test]
fn prints_as_nix_does() {
    assert_eq!(by_nix().display(&StoreDir::default()).to_string(), BY_NIX);
}

#[test]
fn checks_and_makes_the_signature_of_nix() {
    let dir = StoreDir::default();
    let mut info = by_nix();
    let key: PublicKey = KEY.parse().unwrap();
    assert_eq!(info.signer(&dir, [&key]), Some(&key));
    let signatures = std::mem::take(&mut info.signatures);
    assert_eq!(info.signer(&dir, [&key]), None);
    info.sign(&dir, &SECRET.parse().unwrap());
    assert_eq!(info.signatures, signatures);
    // What is signed: the references, but not the place of the file.
    info.url = "elsewhere".into();
    assert_eq!(info.signer(&dir, [&key]), Some(&key));
    info.references.clear();
    assert_eq!(info.signer(&dir, [&key]), None);
}

/// Changes the text of Nix and shows the result.
#[track_caller]
fn check(from: &str, to: &str, expected: Expect) {
    assert!(BY_NIX.contains(from));
    let text = BY_NIX.replacen(from, to, 1);
    let shown = match NarInfo::parse(&StoreDir::default(), text.as_bytes()) {
        Ok(info) => {
            let before = by_nix().display(&StoreDir::default()).to_string();
            let after = info.display(&StoreDir::default()).to_string();
            after.lines().filter(|line| !before.lines().any(|other| other == *line)).collect()
        }
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn variants() {
    check("Compression: none\n", "", expect!["Compression: bzip2"]);
    check("Compression: none\n", "Compression: lz4\n", expect!["Compression: lz4"]);
    check("CA: ", "Deriver: unknown-deriver\nCA: ", expect![""]);
    check("CA: ", "New: field\nCA: ", expect![""]);
    check("URL: ", "URL:", expect![""]);
    check("Sig: ", "Sig: of another kind\nSig: ", expect![""]);
}

#[test]
fn corrupt() {
    check("URL: ", "URL ", expect!["NAR info is corrupt: expecting ':' at line 2"]);
    check("2z6\n", "2z6", expect!["NAR info is corrupt: expecting '\\n' at line 10"]);
    check(
        "NarSize: 168",
        "NarSize: +168",
        expect!["NAR info is corrupt: invalid NarSize at line 7"],
    );
    check("NarSize: 168", "NarSize: 0", expect!["NAR info is corrupt: NarSize missing or zero"]);
    check("NarSize: 168\n", "", expect!["NAR info is corrupt: NarSize missing or zero"]);
    check("NarHash", "NoHash", expect!["NAR info is corrupt: NarHash missing"]);
    check("StorePath", "Path", expect!["NAR info is corrupt: StorePath missing"]);
    check(
        "/nix/store",
        "/nix",
        expect![
            "NAR info is corrupt: path '/nix/akwhzqvnfvdb071y6m5agaam9di5jlv5-y' is not in the Nix store at line 1"
        ],
    );
    check(
        "NarHash: sha256:0",
        "NarHash: sha1:0",
        expect![
            "NAR info is corrupt: bad hash: hash '0camvh6lz605yxz109vwjdvawdk6ip0wxn7famls4fbdnlh7y52p' has wrong length for hash algorithm 'sha1' at line 6"
        ],
    );
    check(
        "References: ",
        "References: ../x ",
        expect!["NAR info is corrupt: '../x' is too short to be a valid store path at line 8"],
    );
    check(
        "FileSize: 168",
        "References: ",
        expect!["NAR info is corrupt: extra References at line 8"],
    );
    check(
        "CA: text",
        "CA: word",
        expect![
            "NAR info is corrupt: content address prefix 'word' is unrecognized, expect 'text' or 'fixed' at line 10"
        ],
    );
}

#[test]
fn corpus_of_the_fuzzer() {
    fuzz(BY_NIX.as_bytes());
    for end in 0..BY_NIX.len() {
        fuzz(&BY_NIX.as_bytes()[..end]);
    }
    for at in 0..BY_NIX.len() {
        for byte in [0, b'\n', b':', b' ', b'0', 0xff] {
            let mut text = BY_NIX.as_bytes().to_vec();
            text[at] = byte;
            fuzz(&text);
        }
    }
}
