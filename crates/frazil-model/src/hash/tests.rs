use super::*;

/// Every form of the digest of `input`, as Nix prints it, and back from each form.
#[track_caller]
fn check(algorithm: HashAlgorithm, input: &[u8], forms: [&str; 3]) {
    let hash = Hash::of(algorithm, input);
    let [base16, nix32, base64] = forms;
    let sri = format!("{algorithm}-{base64}");
    assert_eq!(hash.format(HashFormat::Base16), base16);
    assert_eq!(hash.format(HashFormat::Nix32), nix32);
    assert_eq!(hash.format(HashFormat::Base64), base64);
    assert_eq!(hash.format(HashFormat::Sri), sri);
    let mut hasher = Hasher::new(algorithm);
    let (front, back) = input.split_at(input.len() / 2);
    hasher.update(front);
    hasher.update(back);
    assert_eq!(hasher.finish(), hash);
    for text in [base16, &base16.to_uppercase(), nix32, base64] {
        assert_eq!(Hash::parse_any(text.as_bytes(), Some(algorithm)), Ok(hash), "{text}");
        assert_eq!(format!("{algorithm}:{text}").parse(), Ok(hash), "{text}");
    }
    for text in [&sri, sri.trim_end_matches('=')] {
        assert_eq!(Hash::parse_any(text.as_bytes(), None), Ok(hash), "{text}");
        assert_eq!(Hash::parse_sri(text.as_bytes()), Ok(hash), "{text}");
    }
}

#[test]
fn every_form_of_every_algorithm() {
    check(
        HashAlgorithm::Md5,
        b"abc",
        [
            "900150983cd24fb0d6963f7d28e17f72",
            "3jgzhjhz9zjvbb0kyj7jc500ch",
            "kAFQmDzST7DWlj99KOF/cg==",
        ],
    );
    check(
        HashAlgorithm::Sha1,
        b"abc",
        [
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "kpcd173cq987hw957sx6m0868wv3x6d9",
            "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        ],
    );
    check(
        HashAlgorithm::Sha256,
        b"abc",
        [
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        ],
    );
    check(
        HashAlgorithm::Sha512,
        b"abc",
        [
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "2gs8k559z4rlahfx0y688s49m2vvszylcikrfinm30ly9rak69236nkam5ydvly1ai7xac99vxfc4ii84hawjbk876blyk1jfhkbbyx",
            "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
        ],
    );
}

#[track_caller]
fn check_error(text: &str, algorithm: Option<HashAlgorithm>, message: &str) {
    let err = Hash::parse_any(text.as_bytes(), algorithm).unwrap_err();
    assert_eq!(err.to_string(), message);
}

#[test]
fn errors_are_worded_as_in_nix() {
    let sha256 = Some(HashAlgorithm::Sha256);
    check_error("x", sha256, "hash 'x' has wrong length for hash algorithm 'sha256'");
    check_error("", sha256, "hash '' has wrong length for hash algorithm 'sha256'");
    check_error("sha256:x", None, "hash 'x' has wrong length for hash algorithm 'sha256'");
    check_error(
        "x",
        None,
        "hash 'x' does not include a type, nor is the type otherwise known from context",
    );
    check_error("sha1:x", sha256, "hash 'sha1:x' should have type 'sha256'");
    check_error(
        "sha3:x",
        sha256,
        "unknown hash algorithm 'sha3', expect 'md5', 'sha1', 'sha256', or 'sha512'",
    );
    check_error("sha256-x", None, "invalid SRI hash 'x'");
    check_error("sha256-AAAA", sha256, "invalid SRI hash 'AAAA'");
    let text = "g".repeat(64);
    check_error(&text, sha256, &format!("invalid base-16 hash '{text}'"));
    let text = "e".repeat(52);
    check_error(&text, sha256, &format!("invalid base-32 hash '{text}'"));
    let text = "z".repeat(52);
    check_error(&text, sha256, &format!("invalid base-32 hash '{text}'"));
    let text = "!".repeat(44);
    check_error(&text, sha256, &format!("invalid base-64 hash '{text}'"));
}

#[test]
fn the_empty_text_is_zeros_where_nix_takes_it() {
    let hash = Hash::parse_any_or_empty(b"", Some(HashAlgorithm::Sha256));
    assert_eq!(
        hash.map(|hash| hash.format(HashFormat::Sri)),
        Ok("sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into())
    );
    let err = Hash::parse_any_or_empty(b"", None).unwrap_err();
    assert_eq!(err.to_string(), "empty hash requires explicit hash algorithm");
}

#[test]
fn formats_have_names() {
    assert_eq!("nix32".parse(), Ok(HashFormat::Nix32));
    assert_eq!("base32".parse(), Ok(HashFormat::Nix32));
    assert_eq!("sri".parse(), Ok(HashFormat::Sri));
    let err = "hex".parse::<HashFormat>().unwrap_err();
    assert_eq!(
        err.to_string(),
        "unknown hash format 'hex', expect 'base16', 'base32', 'base64', or 'sri'"
    );
}
