use expect_test::{Expect, expect};

use super::*;
use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::hash::{Hash, HashAlgorithm, Sha256};

const DIGEST: &str = "00bgd045z0d4icpbc2yyz4gx48ak44la";

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match text.parse::<StorePath>() {
        Ok(path) => format!("digest {} name {}", path.digest(), path.name()),
        Err(err) => format!("{err} | {}", err.help().unwrap_or("-")),
    };
    expected.assert_eq(&shown);
}

#[test]
fn paths() {
    check(
        "00bgd045z0d4icpbc2yyz4gx48ak44la-hello-2.12",
        expect!["digest 00bgd045z0d4icpbc2yyz4gx48ak44la name hello-2.12"],
    );
    check(
        "hello",
        expect![
            "'hello' is too short to be a valid store path | a store path is 32 characters of digest, `-` and a name"
        ],
    );
    check(
        "00bgd045z0d4icpbc2yyz4gx48ak44la",
        expect![
            "'00bgd045z0d4icpbc2yyz4gx48ak44la' is too short to be a valid store path | a store path is 32 characters of digest, `-` and a name"
        ],
    );
    check(
        "00bgd045z0d4icpbc2yyz4gx48ak44le-a",
        expect![
            "store path '00bgd045z0d4icpbc2yyz4gx48ak44le-a' contains illegal base-32 character 'e' | the digest uses the digits and the lower-case letters except e, o, t and u"
        ],
    );
    check(
        "00bgd045z0d4icpbc2yyz4gx48ak44laxa",
        expect![
            "path '00bgd045z0d4icpbc2yyz4gx48ak44laxa' is not a valid store path: no '-' between digest and name | a store path is 32 characters of digest, `-` and a name"
        ],
    );
    check(
        "00bgd045z0d4icpbc2yyz4gx48ak44la-",
        expect![
            "path '00bgd045z0d4icpbc2yyz4gx48ak44la-' is not a valid store path: name must not be empty | -"
        ],
    );
    check(
        "00bgd045z0d4icpbc2yyz4gx48ak44la-a/b",
        expect![
            "path '00bgd045z0d4icpbc2yyz4gx48ak44la-a/b' is not a valid store path: name 'a/b' contains illegal character '/' | a name may hold the letters A-Z and a-z, digits, and + - . _ ? ="
        ],
    );
}

#[track_caller]
fn check_name(text: &str, expected: Expect) {
    let shown = match text.parse::<StoreName>() {
        Ok(name) => format!("name {name}"),
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn names() {
    check_name("a", expect!["name a"]);
    check_name("+-._?=aA0", expect!["name +-._?=aA0"]);
    check_name(".a", expect!["name .a"]);
    check_name("...", expect!["name ..."]);
    check_name("..a-b", expect!["name ..a-b"]);
    check_name("", expect!["name must not be empty"]);
    check_name(".", expect!["name '.' is not valid"]);
    check_name("..", expect!["name '..' is not valid"]);
    check_name(
        ".-a",
        expect!["name '.-a' is not valid: first dash-separated component must not be '.'"],
    );
    check_name(
        "..-a",
        expect!["name '..-a' is not valid: first dash-separated component must not be '..'"],
    );
    check_name("a b", expect!["name 'a b' contains illegal character ' '"]);
    check_name("a'", expect!["name 'a'' contains illegal character '''"]);
    check_name("a\n", expect!["name 'a\n' contains illegal character '\\n'"]);
    check_name("é", expect!["name 'é' contains illegal character '\\xc3'"]);
    assert!("n".repeat(211).parse::<StoreName>().is_ok());
    let err = "n".repeat(212).parse::<StoreName>().unwrap_err();
    assert!(err.to_string().ends_with("must be no longer than 211 characters"), "{err}");
}

#[track_caller]
fn check_full(text: &str, expected: Expect) {
    let shown = match StoreDir::default().split(text.as_bytes()) {
        Ok((path, rest)) => format!("{} + {}", path.name(), rest.escape_ascii()),
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn full_paths() {
    check_full("/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-a", expect!["a + "]);
    check_full("/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-a/b/c", expect!["a + /b/c"]);
    check_full("/nix/store", expect!["path '/nix/store' is not in the Nix store"]);
    check_full("/nix/storeX/a", expect!["path '/nix/storeX/a' is not in the Nix store"]);
    check_full("/nix/store/a", expect!["'a' is too short to be a valid store path"]);
    check_full("/nix/store//x", expect!["'' is too short to be a valid store path"]);
    let dir = StoreDir::default();
    let full = format!("/nix/store/{DIGEST}-a");
    let path = dir.parse(full.as_bytes()).unwrap();
    assert_eq!(dir.join(&path), full);
    assert_eq!(dir.display(&path).to_string(), full);
    let err = dir.parse(format!("{full}/b").as_bytes()).unwrap_err();
    assert_eq!(err.to_string(), format!("path '{full}/b' is inside a store path, not one itself"));
}

#[test]
fn store_directories() {
    for good in ["/nix/store", "/s", "/a/b/c/d"] {
        assert_eq!(good.parse::<StoreDir>().unwrap().as_str(), good);
    }
    for bad in ["", "/", "nix/store", "/nix/store/", "/nix//store", "/nix/../store", "/./s"] {
        let err = bad.parse::<StoreDir>().unwrap_err();
        assert_eq!(
            err.to_string(),
            format!("store directory '{bad}' is not a canonical absolute path")
        );
    }
}

#[track_caller]
fn check_fixed(method: ContentAddressMethod, algorithm: HashAlgorithm, expected: &str) {
    let content = ContentAddress { method, hash: Hash::of(algorithm, b"") };
    let path = StoreDir::default().fixed_path(&"a".parse().unwrap(), &content).unwrap();
    assert_eq!(path.as_str(), expected);
}

#[test]
fn fixed_outputs_as_in_nix() {
    check_fixed(
        ContentAddressMethod::Flat,
        HashAlgorithm::Md5,
        "c0i753lgas6l3m3d9c1m4zk1ngr3w062-a",
    );
    check_fixed(
        ContentAddressMethod::Nar,
        HashAlgorithm::Md5,
        "kqygk1zq0v3772ml01fwf915f0az3l9r-a",
    );
    check_fixed(
        ContentAddressMethod::Flat,
        HashAlgorithm::Sha1,
        "4rnjjjcr1isxvs51fksmmvrgjzf2p50k-a",
    );
    check_fixed(
        ContentAddressMethod::Nar,
        HashAlgorithm::Sha1,
        "2lpjzhgcg02p6hclrs814ly9kqn71yf6-a",
    );
    check_fixed(
        ContentAddressMethod::Flat,
        HashAlgorithm::Sha256,
        "fv16lcs3lf0l78jdd486kp1p9rp2nniz-a",
    );
    check_fixed(
        ContentAddressMethod::Nar,
        HashAlgorithm::Sha256,
        "vvg4vb767vrnsqhb7ih58v4a5gq4iyy4-a",
    );
    check_fixed(
        ContentAddressMethod::Flat,
        HashAlgorithm::Sha512,
        "xig6f8wzppay51xkwi5v81xq95094f5n-a",
    );
    check_fixed(
        ContentAddressMethod::Nar,
        HashAlgorithm::Sha512,
        "lav2g18qki6gih70b2jhpqljbj502g25-a",
    );
    check_fixed(
        ContentAddressMethod::Git,
        HashAlgorithm::Sha1,
        "z98wvh64n44l8k3awycbw0y5bsg1lkl3-a",
    );
    check_fixed(
        ContentAddressMethod::Text,
        HashAlgorithm::Sha256,
        "rjpa7kdyl9a1irk0c5q47h80g8sam5p8-a",
    );
}

#[test]
fn texts_with_references_as_in_nix() {
    let dir = StoreDir::default();
    let text = |name: &str, text: &str, references: &[StorePath]| {
        dir.text_path(&name.parse().unwrap(), Sha256::of(text.as_bytes()), references)
    };
    let (u, t) = (text("u", "x", &[]), text("t", "x", &[]));
    let both = format!("see {} {}", dir.join(&u), dir.join(&t));
    // The order of the references and doubles do not matter.
    for references in [[u.clone(), t.clone(), u.clone()], [t.clone(), t, u]] {
        assert_eq!(text("t", &both, &references).as_str(), "v4xjhf9sc1x20s0lm83x9qnk6gqindvn-t");
    }
}

#[test]
fn not_every_content_has_a_path() {
    let dir = StoreDir::default();
    let name: StoreName = "a".parse().unwrap();
    let other = text_path_of(&dir);
    let check = |method, algorithm, references: &References<'_>, message: &str| {
        let content = ContentAddress { method, hash: Hash::of(algorithm, b"") };
        let err = dir.content_path(&name, &content, references).unwrap_err();
        assert_eq!(err.to_string(), message);
    };
    let none = References::default();
    let itself = References { itself: true, ..References::default() };
    let others = References { others: vec![&other], itself: false };
    let refer = "fixed output derivation 'a' is not allowed to refer to other store paths";

    check(ContentAddressMethod::Flat, HashAlgorithm::Sha256, &others, refer);
    check(ContentAddressMethod::Nar, HashAlgorithm::Sha1, &itself, refer);
    check(
        ContentAddressMethod::Text,
        HashAlgorithm::Sha256,
        &itself,
        "self-reference not allowed with text hashing",
    );
    check(
        ContentAddressMethod::Text,
        HashAlgorithm::Sha1,
        &none,
        "text hashing must use SHA-256 hash",
    );
    check(
        ContentAddressMethod::Git,
        HashAlgorithm::Sha256,
        &none,
        "Git file ingestion must use SHA-1 hash",
    );
}

fn text_path_of(dir: &StoreDir) -> StorePath {
    dir.text_path(&"t".parse().unwrap(), Sha256::of(b""), [])
}

#[test]
fn derivation_names() {
    let name = |name: &str| {
        let path: StorePath = format!("{DIGEST}-{name}").parse().unwrap();
        path.derivation_name().map_or_else(|err| err.to_string(), |name| name.to_string())
    };
    assert_eq!(name("a.drv"), "a");
    assert_eq!(name("a.drv.drv"), "a.drv");
    assert_eq!(name("a"), format!("store path '{DIGEST}-a' is not a valid derivation path"));
    assert_eq!(
        name(".drv"),
        format!("path '{DIGEST}-.drv' is not a valid store path: name must not be empty")
    );
}
