use super::*;

/// Both files were written by Nix.
#[track_caller]
fn check(name: &str, aterm: &[u8], json: &str) {
    let dir = StoreDir::default();
    let derivation = Derivation::parse(&dir, &name.parse().unwrap(), aterm).unwrap();
    let path = derivation.path(&dir).unwrap();
    assert_eq!(show(&dir, [(&path, &derivation)]).unwrap(), json.trim_end());
}

macro_rules! corpus {
    ($file:literal, $kind:literal) => {
        concat!("../../../corpus/derivation/", $file, $kind)
    };
}

macro_rules! check {
    ($name:literal, $file:literal) => {
        check($name, include_bytes!(corpus!($file, ".drv")), include_str!(corpus!($file, ".json")));
    };
}

#[test]
fn every_kind_as_in_nix() {
    check!("a", "input-addressed");
    check!("f", "fixed");
    check!("c", "floating");
    check!("i", "impure");
    check!("w2", "dynamic");
}

#[test]
fn bytes_that_are_not_text_are_an_error() {
    let dir = StoreDir::default();
    let aterm = b"Derive([(\"out\",\"\",\"\",\"\")],[],[],\"s\",\"\xff\",[],[])";
    let derivation = Derivation::parse(&dir, &"a".parse().unwrap(), aterm).unwrap();
    let path = derivation.path(&dir).unwrap();
    let err = show(&dir, [(&path, &derivation)]).unwrap_err();
    assert_eq!(err.to_string(), "cannot show as JSON: '\\xff' in a derivation is not UTF-8");
}
