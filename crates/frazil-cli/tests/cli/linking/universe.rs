//! The packages that the tests link, and the archive that they are in.

use std::fs;
use std::path::Path;

use frazil_model::{Hash, HashFormat, Sha256};
use frazil_testkit::deb::Deb;
use frazil_testkit::elf::Elf;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
const LOADER_NAME: &str = "ld-linux-x86-64.so.2";
const LIB: &str = "usr/lib/x86_64-linux-gnu";

fn packages() -> Vec<Deb> {
    [programs(), libraries(), system()].concat()
}

fn programs() -> Vec<Deb> {
    let app = Elf {
        interpreter: LOADER,
        needed: &["libone.so.1", "libc.so.6"],
        symbols: &["dlopen", "setlocale", "system"],
        strings: &["/etc/app.conf", "/usr/share/app/data", "see /usr/bin/perl"],
        ..Elf::default()
    };
    let app = Deb::new("app", "1.0-1")
        .field("Depends", "libone1 (>= 1), libc6, unused")
        .program("usr/bin/app", app.bytes())
        .program("usr/bin/app-tool", "#!/bin/sh\nexec awk '{ print }' /usr/share/app/tool\n")
        .file_with("usr/bin/app-helper", 0o4755, Elf { interpreter: LOADER, ..Elf::default() }.bytes())
        .file("etc/app.conf", "load /usr/lib/app/plugin.so\nhelper /usr/bin/app-helper\n")
        .file("usr/lib/app/plugin.so", Elf { needed: &["libtwo.so.2"], ..Elf::default() }.bytes())
        .file("usr/share/app/data", "data")
        .file("usr/share/app/tool", "tool")
        .file("usr/share/app/extra/one", "one")
        .file("usr/share/doc/app/copyright", "free")
        .file("usr/share/doc/app/manual", "long")
        .file("usr/share/locale/de/LC_MESSAGES/app.mo", "Hallo")
        .file("usr/lib/sysusers.d/app.conf", "u app-daemon - \"The app\" /var/lib/app\n")
        .file(
            "usr/lib/tmpfiles.d/app.conf",
            "d /var/lib/app 0750 app-daemon app-daemon\nL /etc/app.link - - - - app.conf\nr /run/app.pid\n",
        );
    let broken = Elf { interpreter: LOADER, needed: &["libgone.so.9"], ..Elf::default() };
    let broken =
        Deb::new("broken", "1").field("Depends", "libc6").program("usr/bin/broken", broken.bytes());
    let rival = Deb::new("rival", "2")
        .file("usr/share/rival/x", "x")
        .file("usr/share/app/data", "other data");
    vec![app, broken, rival]
}

fn libraries() -> Vec<Deb> {
    let library = |soname, needed| Elf { soname, needed, ..Elf::default() }.bytes();
    let libone = Deb::new("libone1", "1.2-1")
        .field("Depends", "libc6, libtwo2")
        .field("Source", "one")
        .file(&format!("{LIB}/libone.so.1.2"), library("libone.so.1", &["libc.so.6"]))
        .link(&format!("{LIB}/libone.so.1"), "libone.so.1.2")
        .file(&format!("{LIB}/libone-extra.so"), library("libone-extra.so", &["libc.so.6"]))
        .file("usr/share/doc/libone1/copyright", "free");
    let libtwo = Deb::new("libtwo2", "2")
        .field("Depends", "libc6")
        .file(&format!("{LIB}/libtwo.so.2"), library("libtwo.so.2", &["libc.so.6"]));
    let unused = Deb::new("unused", "3").program("usr/bin/unused", "#!/usr/bin/perl\n");
    let libc = Deb::new("libc6", "2.41-1")
        .file(&format!("{LIB}/libc.so.6"), library("libc.so.6", &[LOADER_NAME]))
        .program(&format!("{LIB}/{LOADER_NAME}"), library(LOADER_NAME, &[]))
        .link(&format!("lib64/{LOADER_NAME}"), &format!("/{LIB}/{LOADER_NAME}"));
    vec![libone, libtwo, unused, libc]
}

fn system() -> Vec<Deb> {
    let program = || Elf { interpreter: LOADER, ..Elf::default() }.bytes();
    let awk = |name: &str, priority: &str| {
        let script = format!(
            "#!/bin/sh\nupdate-alternatives --install /usr/bin/awk awk /usr/bin/{name} {priority}\n"
        );
        Deb::new(name, "5")
            .field("Provides", "awk")
            .script("postinst", &script)
            .program(&format!("usr/bin/{name}"), program())
    };
    let base = Deb::new("base-files", "13")
        .field("Essential", "yes")
        .field("Pre-Depends", "awk")
        .file("usr/lib/os-release", "ID=made-up\n")
        .link("etc/os-release", "../usr/lib/os-release")
        .directory("tmp", 0o1777);
    let dash = Deb::new("dash", "0.5")
        .field("Essential", "yes")
        .program("usr/bin/dash", program())
        .link("usr/bin/sh", "dash");
    let locale = Deb::new("libc-bin", "2.41-1")
        .field("Essential", "yes")
        .file("usr/lib/locale/C.utf8/LC_CTYPE", "utf8")
        .program("usr/bin/ldd", "#!/bin/sh\n");
    let gawk = awk("gawk", "10").field("Essential", "yes");
    let authorities = Deb::new("ca-certificates", "2025")
        .file("usr/share/ca-certificates/mozilla/Bad_=Gold=_Root.crt", "bad")
        .file("usr/share/ca-certificates/mozilla/Good_Root.crt", "good");
    vec![base, dash, locale, authorities, awk("mawk", "5"), gawk]
}

/// Writes `suite`, a locked suite, and `archive`, a mirror with its packages.
pub(super) fn write(folder: &Path) {
    let pool = folder.join("archive/pool");
    let lists = folder.join("suite/Packages");
    fs::create_dir_all(&pool).expect("made");
    fs::create_dir_all(&lists).expect("made");
    let mut list = String::new();
    for package in packages() {
        let (name, bytes) = (package.file_name(), package.bytes());
        let hash = Hash::from(Sha256::of(&bytes)).format(HashFormat::Base16);
        let (description, size) = (package.description(), bytes.len());
        list.push_str(&description);
        for (field, value) in
            [("Filename", format!("pool/{name}")), ("Size", size.to_string()), ("SHA256", hash)]
        {
            list.extend([field, ": ", &value, "\n"]);
        }
        list.push('\n');
        fs::write(pool.join(name), bytes).expect("written");
    }
    fs::write(lists.join("list"), list).expect("written");
    let release = r#"{ "suite": "test", "architecture": "amd64", "versions": "exact", "lists": [
        { "archive": "debian", "suite": "test", "component": "main",
          "date": 1767312000, "file": "list" } ] }"#;
    fs::write(folder.join("suite/release.json"), release).expect("written");
    let default = r#"{ frazil, source }:
let
  lib = import "${frazil}/lib";
  index = (import "${frazil}/pkgs/index.nix").ofSource ./.;
in
import "${frazil}/pkgs" {
  inherit lib index source;
  config = { };
  overlays = [ ];
  system = "x86_64-linux";
}
"#;
    fs::write(folder.join("suite/default.nix"), default).expect("written");
}
