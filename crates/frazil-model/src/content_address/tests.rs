use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match text.parse::<ContentAddress>() {
        Ok(content) => {
            assert_eq!(content.to_string().parse(), Ok(content));
            format!("{content} {:?}", content.method)
        }
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn addresses() {
    check(
        "fixed:md5:3jgzhjhz9zjvbb0kyj7jc500ch",
        expect!["fixed:md5:3jgzhjhz9zjvbb0kyj7jc500ch Flat"],
    );
    check(
        "fixed:r:md5:900150983cd24fb0d6963f7d28e17f72",
        expect!["fixed:r:md5:3jgzhjhz9zjvbb0kyj7jc500ch Nar"],
    );
    check(
        "fixed:git:sha1:kpcd173cq987hw957sx6m0868wv3x6d9",
        expect!["fixed:git:sha1:kpcd173cq987hw957sx6m0868wv3x6d9 Git"],
    );
    check(
        "text:md5:3jgzhjhz9zjvbb0kyj7jc500ch",
        expect!["text:md5:3jgzhjhz9zjvbb0kyj7jc500ch Text"],
    );
    check("x", expect!["not a content address because it is not in the form '<prefix>:<rest>': x"]);
    check(
        "r:md5:x",
        expect!["content address prefix 'r' is unrecognized, expect 'text' or 'fixed'"],
    );
    check(
        "fixed:r:md5",
        expect!["content address hash must be in form '<algo>:<hash>', but found: fixed:r:md5"],
    );
    check(
        "fixed:text:md5:x",
        expect!["unknown hash algorithm 'text', expect 'md5', 'sha1', 'sha256', or 'sha512'"],
    );
    check(
        "text:r:md5:x",
        expect!["unknown hash algorithm 'r', expect 'md5', 'sha1', 'sha256', or 'sha512'"],
    );
    check("text:md5:x", expect!["hash 'x' has wrong length for hash algorithm 'md5'"]);
}

#[test]
fn modes() {
    let mode = |text| ContentAddressMethod::parse_mode(text).map_err(|err| err.to_string());
    assert_eq!(mode("recursive"), Ok(ContentAddressMethod::Nar));
    assert_eq!(mode("nar"), Ok(ContentAddressMethod::Nar));
    assert_eq!(mode("flat"), Ok(ContentAddressMethod::Flat));
    assert_eq!(mode("git"), Ok(ContentAddressMethod::Git));
    assert_eq!(mode("text"), Ok(ContentAddressMethod::Text));
    assert_eq!(
        mode("r"),
        Err("unknown file ingestion method 'r', expect 'flat', 'nar', or 'git'".into())
    );
}
