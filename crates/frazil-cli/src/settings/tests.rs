//! What a configuration text sets.

use std::path::Path;

use super::Settings;

fn parsed(text: &str) -> Result<Settings, String> {
    let mut settings = Settings::default();
    settings.read(text, Path::new("/absent/nix.conf"), 0).map_err(|error| error.to_string())?;
    Ok(settings)
}

#[test]
fn texts() {
    let settings = parsed("# c\n\nsystem = a-b # c\nallowed-uris = x  y\nextra-allowed-uris = z\n")
        .expect("right");
    assert_eq!(settings.text("system"), Some("a-b"));
    assert_eq!(settings.words("allowed-uris"), ["x", "y", "z"]);
    assert_eq!(settings.words("absent"), [] as [&str; 0]);
    assert_eq!(parsed("empty =").expect("right").text("empty"), Some(""));
    assert_eq!(parsed("!include absent.conf").expect("right"), Settings::default());
}

#[test]
fn kinds() {
    let settings = parsed("a = true\nb = no\nc = 12\nd = perhaps\n").expect("right");
    assert_eq!(settings.flag("a").ok(), Some(true));
    assert_eq!(settings.flag("b").ok(), Some(false));
    assert_eq!(settings.flag("absent").ok(), Some(false));
    assert_eq!(settings.number("c").ok(), Some(Some(12)));
    assert_eq!(settings.number("absent").ok(), Some(None));
    let wrong = settings.flag("d").expect_err("not a Boolean").to_string();
    assert_eq!(wrong, "Boolean setting 'd' has invalid value 'perhaps'");
    let wrong = settings.number("a").expect_err("not a number").to_string();
    assert_eq!(wrong, "setting 'a' has invalid value 'true'");
}

#[test]
fn mistakes() {
    let wrong = |text| parsed(text).expect_err("a mistake");
    assert_eq!(wrong("a b"), "syntax error in configuration line 'a b' in '/absent/nix.conf'");
    assert_eq!(wrong("a"), "syntax error in configuration line 'a' in '/absent/nix.conf'");
    assert_eq!(
        wrong("include x.conf"),
        "file '/absent/x.conf' included from '/absent/nix.conf' not found"
    );
}
