//! `frazil option`, and that the reference in `docs/options` is what it writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use super::{check, frazil, show};

fn pages(directory: &Path) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let entry = entry.expect("listed");
        let name = entry.file_name().into_string().expect("UTF-8");
        pages.insert(name, fs::read_to_string(entry.path()).expect("read"));
    }
    pages
}

/// `BLESS=1` writes the reference anew.
#[test]
fn reference() {
    let documented = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/options");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = folder.path().join("made");
    let output =
        frazil(folder.path()).args(["option", "reference", "made"]).output().expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = pages(&made);
    assert!(made.contains_key("services.nginx.md"), "{:?}", made.keys());
    if std::env::var_os("BLESS").is_some() {
        if documented.is_dir() {
            fs::remove_dir_all(&documented).expect("removed");
        }
        fs::create_dir(&documented).expect("created");
        for (name, page) in &made {
            fs::write(documented.join(name), page).expect("written");
        }
        return;
    }
    let documented = pages(&documented);
    let names = |pages: &BTreeMap<String, String>| pages.keys().cloned().collect::<Vec<_>>();
    let help = "`BLESS=1 cargo test -p frazil-cli --test cli reference` writes docs/options anew";
    assert_eq!(names(&made), names(&documented), "{help}");
    for (name, page) in made {
        assert!(documented.get(&name) == Some(&page), "docs/options/{name} is stale: {help}");
    }
}

#[test]
fn options_of_every_system_are_found() {
    check(
        &["option", "search", "nginx", "envsubst"],
        expect![[r#"
            services.nginx.envsubst - Whether to enable replacing `${NAME}` in the configuration by variables when it starts.
            --- stderr
            --- 0
        "#]],
    );
    check(
        &["option", "search", "no-such-word"],
        expect![[r#"
            --- stderr
            error: no option was found
            --- 1
        "#]],
    );
    check(
        &["option", "show", "services.getty.tty1.port"],
        expect![[r#"
            services.getty.<name>.port
              The terminal.

              type      string
              default   "the attribute's name"
              example   "ttyS0"
              declared  frazil/modules/services/getty.nix
            --- stderr
            --- 0
        "#]],
    );
    check(
        &["option", "show", "--json", "iana.enable"],
        expect![[r#"
        {"declarations":["frazil/modules/iana.nix"],"default":"false","description":"Whether to enable the lists of ports and protocols even where no program asks for them.","example":"true","name":"iana.enable","readOnly":false,"type":"boolean"}
        --- stderr
        --- 0
    "#]],
    );
    check(
        &["option", "show", "services.ngnix.enable"],
        expect![[r#"
            --- stderr
            error: there is no option `services.ngnix.enable`; there is `services.nginx.enable`
            --- 1
        "#]],
    );
}

const SYSTEM: &str = r#"
let
  lib = import "${builtins.frazil.source}/lib";
  inherit (lib) mkOption types;
in
{
  web = lib.evalModules {
    modules = [
      {
        _file = "declaring.nix";
        options.port = mkOption { type = types.port; default = 80; description = "Where."; };
        options.hosts = mkOption {
          type = types.attrsOf (types.submodule { options.root = mkOption { type = types.str; }; });
          default = { };
        };
        options.broken = mkOption { type = types.int; };
      }
      { _file = "setting.nix"; port = lib.mkForce 8080; hosts.a.root = "/a"; }
      { _file = "also.nix"; port = 81; }
    ];
  };
  other = 1;
}
"#;

#[test]
fn values_in_a_system_have_authors() {
    let shows = |name: &str, attribute: &str, expected: Expect| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("system.nix"), SYSTEM).expect("written");
        let arguments = ["option", "show", name, "-f", "system.nix", "-A", attribute];
        let output = frazil(folder.path()).args(arguments).output().expect("started");
        expected.assert_eq(&show(&output, folder.path()));
    };
    shows(
        "port",
        "web",
        expect![[r#"
        port
          Where.

          type      16 bit unsigned integer; between 0 and 65535 (both inclusive)
          default   80
          declared  declaring.nix
          value     8080
          set       setting.nix: 8080
        --- stderr
        --- 0
    "#]],
    );
    shows(
        "hosts.a.root",
        "web",
        expect![[r#"
        hosts.<name>.root

          type      string
          declared  declaring.nix
          value     "/a"
          set       setting.nix: "/a"
        --- stderr
        --- 0
    "#]],
    );
    shows(
        "hosts.b.root",
        "web",
        expect![[r#"
        hosts.<name>.root

          type      string
          declared  declaring.nix
        --- stderr
        --- 0
    "#]],
    );
    shows(
        "broken",
        "web",
        expect![[r#"
        broken

          type      signed integer
          declared  declaring.nix
          value     an error
        --- stderr
        --- 0
    "#]],
    );
}

#[test]
fn what_is_no_system_has_no_options() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("system.nix"), SYSTEM).expect("written");
    let arguments = ["option", "search", "port", "-f", "system.nix", "-A", "other"];
    let output = frazil(folder.path()).args(arguments).output().expect("started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = said.lines().next().unwrap_or_default();
    assert_eq!(first, "error: this is no system: it has no `options`");
    assert_eq!(output.status.code(), Some(3));
}
