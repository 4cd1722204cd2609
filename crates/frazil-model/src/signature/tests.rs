use super::*;

const SECRET: &str =
    "k-1:PVA3p5UusEtgffBWNkgFnAdFyw4yCdyoXjHPIDr0lFRYanJXI2nrCLlXVuy/ElhSyV7gLGhVo2ESV3YPgIdE6A==";
const PUBLIC: &str = "k-1:WGpyVyNp6wi5V1bsvxJYUsle4CxoVaNhEld2D4CHROg=";
/// Made by Nix over the fingerprint below.
const SIGNATURE: &str =
    "k-1:W39t1KUhzT0l2GpCGyhCZ5GsllqqCcA/i2BWAz05TE3PtRpvt0oR/u44ZAWzBm8VaQygKsg51ZusuXnOeQNwCQ==";
const MESSAGE: &[u8] = b"1;/nix/store/a0azcv7jsr7hg15342xlql85pbkvmrp9-x;\
sha256:0w2bg7md767l0y7vw2xwqsn76nqxsk8kl5mdrh0kwng1rbnnx9mn;880;";

#[test]
fn signs_as_nix_does() {
    let secret: SecretKey = SECRET.parse().unwrap();
    let public: PublicKey = PUBLIC.parse().unwrap();
    let signature = secret.sign(MESSAGE);
    assert_eq!(signature.to_string(), SIGNATURE);
    assert_eq!(SIGNATURE.parse(), Ok(signature.clone()));
    assert_eq!(secret.public(), public);
    assert_eq!(public.to_string(), PUBLIC);
    assert_eq!(secret.to_secret_text(), SECRET);
    assert_eq!(format!("{secret:?}"), "k-1:(secret)");
    assert!(public.verify(MESSAGE, &signature));
}

#[test]
fn refuses_what_was_not_signed() {
    let secret: SecretKey = SECRET.parse().unwrap();
    let signature = secret.sign(MESSAGE);
    let public = secret.public();
    assert!(!public.verify(b"other", &signature));
    let renamed = SecretKey::from_seed("k-2".parse().unwrap(), secret.key.as_bytes());
    assert!(!renamed.public().verify(MESSAGE, &signature));
    let other = SecretKey::from_seed("k-1".parse().unwrap(), &[7; 32]);
    assert!(!other.public().verify(MESSAGE, &signature));
}

#[test]
fn texts_that_are_no_keys() {
    let secret = |text: &str| text.parse::<SecretKey>().unwrap_err().to_string();
    let public = |text: &str| text.parse::<PublicKey>().unwrap_err().to_string();
    assert_eq!(secret("k-1"), "key is corrupt");
    assert_eq!(secret(":AAAA"), "key is corrupt");
    assert_eq!(secret("k-1:"), "key is corrupt");
    assert_eq!(secret("k 1:AAAA"), "key name has white space or a control character");
    assert_eq!(secret("k-1:!"), "invalid base 64 in the key or signature named 'k-1'");
    assert_eq!(secret("k-1:AAAA"), "secret key is not valid");
    // The second half is not the public key of the first.
    assert_eq!(secret(&SECRET.replace("PVA3", "PVA4")), "secret key is not valid");
    assert_eq!(public("k-1:AAAA"), "public key is not valid");
    assert_eq!("k-1:AAAA".parse::<Signature>().unwrap_err().to_string(), "signature is not valid");
}
