//! `builtin:link` as users meet it: systems of made-up packages, from the expression to the manifest
//! and the ledger. No file of these packages can run; what is looked at is what is kept, and why.

mod universe;

use std::fs;
use std::process::Output;

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::frazil;

const SYSTEMS: &str = include_str!("linking/systems.nix");

/// In lines about what every system has, about the init, and about a store path whose name depends on
/// the library.
const COMMON: &[&str] = &[" generated ", " offered ", "package generated", "init", "-app-1.0 "];

/// A folder with the expression, the archive and a store.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("systems.nix"), SYSTEMS).expect("written");
        universe::write(folder.path());
        Self(folder)
    }

    /// Links a system.
    fn link(&self, name: &str) -> Output {
        let folder = self.0.path();
        let mut command = frazil(folder);
        command.args(["build", "--file", "systems.nix", "-A", name, "-o", name, "--cores", "1"]);
        command.args(["--store"]).arg(folder.join("store"));
        command.env("XDG_CACHE_HOME", folder.join("cache"));
        command.env("FRAZIL_MIRROR", format!("file://{}/archive", folder.display()));
        command.output().expect("started")
    }

    /// A file of a linked system, with what depends on this program left out.
    fn file(&self, system: &str, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(system).join(name)).expect("a linked system")
    }

    fn ledger(&self, system: &str) -> String {
        let output = frazil(self.0.path()).args(["audit", "ledger", system]).output();
        let output = output.expect("started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// The paths of a linked system, but for those that every system has.
    fn paths(&self, system: &str) -> Vec<String> {
        let ledger = self.ledger(system);
        let kept = ledger.lines().filter_map(|line| line.strip_prefix("keep "));
        let paths = kept.filter_map(|line| line.split(' ').next()).map(plain);
        paths.filter(|path| !path.starts_with("/nix/store")).collect()
    }

    /// What a system has that the plain one does not, and the other way round.
    #[track_caller]
    fn check_difference(&self, system: &str, expected: Expect) {
        let output = self.link(system);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let [plain, other] = ["plain", system].map(|system| self.paths(system));
        let lost = plain.iter().filter(|path| !other.contains(path)).map(|path| format!("-{path}"));
        let won = other.iter().filter(|path| !plain.contains(path)).map(|path| format!("+{path}"));
        expected.assert_eq(&lost.chain(won).collect::<Vec<_>>().join("\n"));
    }

    /// The message of a link that fails.
    #[track_caller]
    fn check_failure(&self, system: &str, expected: Expect) {
        let output = self.link(system);
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = said.lines().skip_while(|line| !line.contains("will not work"));
        let said: Vec<&str> = said.skip(1).take_while(|line| !line.is_empty()).collect();
        expected.assert_eq(&said.join("\n"));
    }
}

/// Without hashes of store paths, which depend on the whole library.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/nix/store/") {
        plain = plain + before + "/nix/store/";
        rest = after.get(33..).unwrap_or_default();
    }
    plain + rest
}

#[test]
fn what_is_kept_has_evidence_and_what_is_dropped_a_reason() {
    let place = Place::new();
    let output = place.link("plain");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let ledger = place.ledger("plain");
    let is_common = |line: &str| COMMON.iter().any(|it| line.contains(it));
    let ledger: Vec<String> = ledger.lines().filter(|line| !is_common(line)).map(plain).collect();
    expect![""].assert_eq(&ledger.join("\n"));
    let manifest = String::from_utf8(place.file("plain", "manifest")).expect("text");
    let ours = |line: &&str| !line.contains(" nix/") && (line.contains("app") || !is_common(line));
    let manifest: Vec<&str> = manifest.lines().filter(ours).map(without_binaries).collect();
    expect![""].assert_eq(&manifest.join("\n"));
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("warning")).collect();
    expect!["warning: made-up: /usr/lib/tmpfiles.d/app.conf, line 3: `/run/app.pid` is not removed when the system starts"].assert_eq(&warnings.join("\n"));
}

/// A line of a manifest, but for contents that are no text.
fn without_binaries(line: &str) -> &str {
    match line.split_once(" = ") {
        Some((front, contents)) if contents.contains("\\x") => front,
        _ => line,
    }
}

#[test]
fn levels_and_wishes() {
    let place = Place::new();
    assert!(place.link("plain").status.success());
    place.check_difference(
        "packages",
        expect![[r#"
        +/usr
        +/usr/bin
        +/usr/bin/app-tool
        +/usr/bin/ldd
        +/usr/lib
        +/usr/lib/app
        +/usr/lib/locale
        +/usr/lib/locale/C.utf8
        +/usr/lib/sysusers.d
        +/usr/lib/tmpfiles.d
        +/usr/lib/x86_64-linux-gnu
        +/usr/lib/x86_64-linux-gnu/libone-extra.so
        +/usr/lib64
        +/usr/share
        +/usr/share/app
        +/usr/share/app/extra
        +/usr/share/doc
        +/usr/share/doc/app
        +/usr/share/doc/libone1
        +/usr/share/locale
        +/usr/share/locale/de
        +/usr/share/locale/de/LC_MESSAGES"#]],
    );
    place.check_difference(
        "declared",
        expect![[r#"
        +/usr
        +/usr/bin
        +/usr/bin/app-tool
        +/usr/bin/ldd
        +/usr/bin/unused
        +/usr/lib
        +/usr/lib/app
        +/usr/lib/locale
        +/usr/lib/locale/C.utf8
        +/usr/lib/sysusers.d
        +/usr/lib/tmpfiles.d
        +/usr/lib/x86_64-linux-gnu
        +/usr/lib/x86_64-linux-gnu/libone-extra.so
        +/usr/lib64
        +/usr/share
        +/usr/share/app
        +/usr/share/app/extra
        +/usr/share/doc
        +/usr/share/doc/app
        +/usr/share/doc/libone1
        +/usr/share/locale
        +/usr/share/locale/de
        +/usr/share/locale/de/LC_MESSAGES"#]],
    );
    place.check_difference(
        "unit",
        expect![[r#"
        +/usr/lib/x86_64-linux-gnu
        +/usr/lib/x86_64-linux-gnu/libone-extra.so
        +/usr/share/doc/libone1"#]],
    );
    place.check_difference(
        "kept",
        expect![[r#"
        +/usr/bin/app-tool
        +/usr/bin/awk
        +/usr/bin/gawk
        +/usr/share/locale/de/LC_MESSAGES/app.mo"#]],
    );
    let manifest = String::from_utf8(place.file("kept", "manifest")).expect("text");
    assert!(manifest.contains("file 4755 0:0 app_1.0-1 usr/bin/app-helper "));
    place.check_difference(
        "without",
        expect![[r#"
        -/usr/bin/dash
        -/usr/bin/sh
        -/usr/lib/app/plugin.so
        -/usr/lib/x86_64-linux-gnu/libtwo.so.2"#]],
    );
    place.check_difference(
        "alternative",
        expect![[r#"
        +/usr/bin/awk
        +/usr/bin/mawk"#]],
    );
}

#[test]
fn what_cannot_work_is_said() {
    let place = Place::new();
    place.check_failure(
        "conflict",
        expect![[r#"
        - `/usr/share/app/data` is in `app_1.0-1` and in `rival_2`, with different contents or modes
          leave one of the two packages out"#]],
    );
    place.check_failure("broken", expect![[r#"
        - `/usr/bin/broken` needs the library `libgone.so.9`, which is not in /usr/lib/x86_64-linux-gnu, /usr/lib, /usr/lib64, /usr/local/lib
          add the package that has the library, or leave the file out with `without`"#]]);
    place.check_failure(
        "wish",
        expect![[r#"
        - nothing in the packages is what `keep` asks for: `usr/share/nowhere/*`
          correct it, or leave it out"#]],
    );
}

#[test]
fn the_same_system_gives_the_same_bytes() {
    let [one, two] = [Place::new(), Place::new()];
    assert!(one.link("kept").status.success() && two.link("kept").status.success());
    for file in ["manifest", "ledger", "units.json", "services.json", "image.json"] {
        assert!(one.file("kept", file) == two.file("kept", file), "{file}");
    }
}
