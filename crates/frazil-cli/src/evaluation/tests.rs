//! Search paths and sizes as users write them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{bytes, is_url, options, split_search_path};
use crate::environment::Environment;
use crate::settings::Settings;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let bytes =
        |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let variables: BTreeMap<_, _> = variables.iter().map(bytes).collect();
    Environment { variables, directory: PathBuf::from("/here"), now: 0 }
}

#[test]
fn search_paths() {
    let check = |path, expected: &[&str]| assert_eq!(split_search_path(path), expected, "{path}");
    check("", &[]);
    check("a:b=c", &["a", "b=c"]);
    check(":a::b:", &["a", "b"]);
    check("n=https://x.org/y.tar.gz:z", &["n=https://x.org/y.tar.gz", "z"]);
    check("channel:stable:z", &["channel:stable", "z"]);
    check("z:flake:n", &["z", "flake:n"]);
    assert!(!is_url("a:b"));
    assert!(!is_url("https:b"));
}

#[test]
fn includes_come_before_the_environment() {
    let environment = environment(&[("NIX_PATH", "b=sub/../b:/c:n=https://x.org/y")]);
    let options = options(&Settings::default(), &environment, &["./a".to_owned()]).expect("right");
    let shown: Vec<_> = options
        .search_path
        .iter()
        .map(|entry| format!("{}={}", entry.prefix, entry.path))
        .collect();
    assert_eq!(shown, ["=/here/a", "b=/here/b", "=/c", "n=https://x.org/y"]);
}

#[test]
fn settings_become_options() {
    let mut settings = Settings::default();
    settings.set("experimental-features", "flakes");
    settings.set("extra-experimental-features", "pipe-operators");
    settings.set("pure-eval", "true");
    settings.set("max-call-depth", "5");
    settings.set("system", "s");
    let environment =
        environment(&[("NIX_STORE_DIR", "/s"), ("HOME", "/h"), ("NIX_ABORT_ON_WARN", "1")]);
    let options = options(&settings, &environment, &[]).expect("right");
    assert!(options.pure && options.pipe_operators && options.abort_on_warn && !options.restricted);
    assert_eq!((options.call_depth_max, options.system.as_str()), (5, "s"));
    assert_eq!(
        (options.store_dir.to_string().as_str(), options.home),
        ("/s", Some(PathBuf::from("/h")))
    );
}

#[test]
fn sizes() {
    assert_eq!(bytes("12"), Ok(12));
    assert_eq!(bytes("2K"), Ok(2048));
    assert_eq!(bytes("1GiB"), Ok(1 << 30));
    assert_eq!(bytes("5T"), Err("there is no unit `T`: use K, M or G".to_owned()));
    assert_eq!(bytes("G"), Err("a size is a number and K, M or G".to_owned()));
    assert_eq!(bytes("99999999999999G"), Err("no machine has so much memory".to_owned()));
}
