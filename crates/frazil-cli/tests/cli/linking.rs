//! `builtin:link` as users meet it: systems of made-up packages, from the expression to the manifest
//! and the ledger. No file of these packages can run; what is looked at is what is kept, and why.

mod declared;
mod imaging;
mod universe;

use std::fs;
use std::process::Output;

use expect_test::{Expect, expect};
use serde_json::Value;
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
#[expect(clippy::too_many_lines, reason = "the whole of what a link says is one picture")]
fn what_is_kept_has_evidence_and_what_is_dropped_a_reason() {
    let place = Place::new();
    let output = place.link("plain");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let ledger = place.ledger("plain");
    let is_common = |line: &str| COMMON.iter().any(|it| line.contains(it));
    let ledger: Vec<String> = ledger.lines().filter(|line| !is_common(line)).map(plain).collect();
    expect![[r#"
        unit app_1.0-1 2818 kept
        unit libone1_1.2-1 1628 kept
        unit libc6_2.41-1 1616 kept
        unit unused_3 16 dropped
        unit libtwo2_2 808 kept
        unit ca-certificates_2025 7 dropped
        unit libc-bin_2.41-1 14 kept
        unit base-files_13 11 kept
        unit dash_0.5 788 kept
        unit gawk_5 788 dropped
        keep /bin -> usr/bin <- made of roots
        keep /etc/app.conf 55 644 0:0 <- root of roots
        keep /etc/app.link -> app.conf <- made of roots
        keep /etc/group 60 644 0:0 <- made of roots
        keep /etc/ld.so.cache 435 644 0:0 <- made of roots
        keep /etc/os-release -> ../usr/lib/os-release <- root of roots
        keep /etc/passwd 151 644 0:0 <- made of roots
        keep /etc/shadow 50 600 0:0 <- made of roots
        keep /lib -> usr/lib <- made of roots
        keep /lib64 -> usr/lib64 <- made of roots
        keep /nix/store/app-1.0/bin directory 555 0:0 <- parent of /nix/store/app-1.0/bin/app
        keep /nix/store/app-1.0/bin/app -> /usr/bin/app <- root of roots
        keep /root directory 700 0:0 <- made of roots
        keep /run/lock directory 1777 0:0 <- made of roots
        keep /sbin -> usr/sbin <- made of roots
        keep /tmp directory 1777 0:0 <- made of roots
        keep /usr/bin/app 988 755 0:0 <- symlink of /nix/store/app-1.0/bin/app
        keep /usr/bin/app-helper 788 755 0:0, set-id taken <- configured path of /etc/app.conf
        keep /usr/bin/dash 788 755 0:0 <- symlink of /usr/bin/sh
        keep /usr/bin/sh -> dash <- capability of capability shell
        keep /usr/lib/app/plugin.so 784 644 0:0 <- configured path of /etc/app.conf
        keep /usr/lib/locale/C.utf8/LC_CTYPE 4 644 0:0 <- capability of capability locale
        keep /usr/lib/os-release 11 644 0:0 <- root of roots
        keep /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 792 755 0:0 <- symlink of /usr/lib64/ld-linux-x86-64.so.2
        keep /usr/lib/x86_64-linux-gnu/libc.so.6 824 644 0:0 <- needed of /usr/bin/app
        keep /usr/lib/x86_64-linux-gnu/libone.so.1 -> libone.so.1.2 <- needed of /usr/bin/app
        keep /usr/lib/x86_64-linux-gnu/libone.so.1.2 808 644 0:0 <- symlink of /usr/lib/x86_64-linux-gnu/libone.so.1
        keep /usr/lib/x86_64-linux-gnu/libtwo.so.2 808 644 0:0 <- needed of /usr/lib/app/plugin.so
        keep /usr/lib64/ld-linux-x86-64.so.2 -> /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 <- interpreter of /usr/bin/app-helper
        keep /usr/share/app/data 4 644 0:0 <- package data of package app
        keep /usr/share/app/extra/one 3 644 0:0 <- package data of package app
        keep /usr/share/app/tool 4 644 0:0 <- package data of package app
        keep /usr/share/doc/app/copyright 4 644 0:0 <- license of /usr/bin/app
        keep /usr/share/doc/libone1/copyright 4 644 0:0 <- license of /usr/lib/x86_64-linux-gnu/libone.so.1
        keep /var/empty directory 555 0:0 <- made of roots
        keep /var/lib/app directory 750 33345:33345 <- made of roots
        keep /var/tmp directory 1777 0:0 <- made of roots
        drop /etc/pam.d/common-account 130 <- not reached
        drop /etc/pam.d/common-auth 106 <- not reached
        drop /etc/pam.d/common-password 128 <- not reached
        drop /etc/pam.d/common-session 60 <- not reached
        drop /etc/pam.d/common-session-noninteractive 60 <- not reached
        drop /etc/ssl/certs/ca-certificates.crt 9 <- not reached
        drop /nix/store/app-1.0/bin/app-helper 0 <- not reached
        drop /nix/store/app-1.0/bin/app-tool 0 <- not reached
        drop /nix/store/app-1.0/nix-support/debian/package 216 <- not reached
        drop /usr/bin/app-tool 51 <- not reached
        drop /usr/bin/awk 0 <- not reached
        drop /usr/bin/gawk 788 <- not reached
        drop /usr/bin/ldd 10 <- not reached
        drop /usr/bin/unused 16 <- not reached
        drop /usr/lib/x86_64-linux-gnu/libone-extra.so 816 <- not reached
        drop /usr/share/ca-certificates/mozilla/Bad_=Gold=_Root.crt 3 <- not reached
        drop /usr/share/ca-certificates/mozilla/Good_Root.crt 4 <- not reached
        drop /usr/share/doc/app/manual 4 <- documentation
        drop /usr/share/locale/de/LC_MESSAGES/app.mo 5 <- translations
        cost /usr/lib/app/plugin.so 1592 in 2 files
        cost capability shell 788 in 2 files
        cost /usr/bin/app-helper 788 in 1 files
        cost /usr/bin/sh 788 in 2 files
        cost package app 7 in 2 files
        cost capability locale 4 in 1 files
        cost /usr/lib/locale/C.utf8/LC_CTYPE 4 in 1 files
        cost /usr/share/app/data 4 in 1 files
        cost /usr/share/app/tool 4 in 1 files
        cost /usr/share/doc/app/copyright 4 in 1 files
        cost /usr/share/doc/libone1/copyright 4 in 1 files
        cost /usr/share/app/extra/one 3 in 1 files"#]].assert_eq(&ledger.join("\n"));
    let manifest = String::from_utf8(place.file("plain", "manifest")).expect("text");
    let ours = |line: &&str| !line.contains(" nix/") && (line.contains("app") || !is_common(line));
    let manifest: Vec<&str> = manifest.lines().filter(ours).map(without_binaries).collect();
    expect![[r#"
        dir 755 0:0 - .
        file 644 0:0 app_1.0-1 etc/app.conf 55 80f6050efca11ee65a1e3cfa9f9790a804673f341c92f339be2f44eb9523aaef etc/app.conf
        link 0:0 generated etc/app.link app.conf
        file 644 0:0 generated etc/group = "root:x:0:\nusers:x:100:\napp-daemon:x:33345:\nnogroup:x:65534:\n"
        file 644 0:0 generated etc/init.plan
        link 0:0 base-files_13 etc/os-release ../usr/lib/os-release
        file 644 0:0 generated etc/passwd = "root:x:0:0:root:/root:/bin/sh\napp-daemon:x:33345:33345:The app:/var/lib/app:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/var/empty:/usr/sbin/nologin\n"
        file 600 0:0 generated etc/shadow = "root:*:::::::\napp-daemon:*:::::::\nnobody:*:::::::\n"
        dir 755 0:0 - nix
        dir 755 0:0 - usr
        dir 755 0:0 - usr/bin
        file 755 0:0 app_1.0-1 usr/bin/app 988 e372419dcc2d678bc3f0e68c3241b125a1b25fd15681f612d1554925e2a0c5e8 usr/bin/app
        file 755 0:0 app_1.0-1 usr/bin/app-helper 788 01b6139a64281dc17febf907d0504f4658b2e4be076ab340b653e30f97b45dd9 usr/bin/app-helper
        file 755 0:0 dash_0.5 usr/bin/dash 788 01b6139a64281dc17febf907d0504f4658b2e4be076ab340b653e30f97b45dd9 usr/bin/dash
        link 0:0 dash_0.5 usr/bin/sh dash
        dir 755 0:0 - usr/lib
        dir 755 0:0 - usr/lib/app
        file 644 0:0 app_1.0-1 usr/lib/app/plugin.so 784 4a4a9b0003db68a85a3f76372dcd545eaffabdc1f41233842a8591f2ac4698ab usr/lib/app/plugin.so
        dir 755 0:0 - usr/lib/locale
        dir 755 0:0 - usr/lib/locale/C.utf8
        file 644 0:0 libc-bin_2.41-1 usr/lib/locale/C.utf8/LC_CTYPE 4 941b7ecd47e5a3d6066847def67a662f539afe44c5bdf95d962f9dc785dd96f3 usr/lib/locale/C.utf8/LC_CTYPE
        file 644 0:0 base-files_13 usr/lib/os-release 11 2efc68cca1b1b6d4ae1b1e5fea9920458b8b920feb98553ae0913dff8e2936c0 usr/lib/os-release
        dir 755 0:0 - usr/lib/x86_64-linux-gnu
        file 755 0:0 libc6_2.41-1 usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 792 7ea02b0131f30c36bcd9561691ffa20020daea688c8422d91c38f0c72de73dee usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
        file 644 0:0 libc6_2.41-1 usr/lib/x86_64-linux-gnu/libc.so.6 824 d24d26de2e560caaeadd074319eb4ba5b79869dd7bde00272a88026cfb33ea1e usr/lib/x86_64-linux-gnu/libc.so.6
        link 0:0 libone1_1.2-1 usr/lib/x86_64-linux-gnu/libone.so.1 libone.so.1.2
        file 644 0:0 libone1_1.2-1 usr/lib/x86_64-linux-gnu/libone.so.1.2 808 777744cadb4ff0f08cd1744dc846571c8b552af086462ebb281fe0f951ea228b usr/lib/x86_64-linux-gnu/libone.so.1.2
        file 644 0:0 libtwo2_2 usr/lib/x86_64-linux-gnu/libtwo.so.2 808 b4431eac752cc228d0db01c23657bfc6875e54740fd092cc3ed32f2b157b22fd usr/lib/x86_64-linux-gnu/libtwo.so.2
        dir 755 0:0 - usr/lib64
        link 0:0 libc6_2.41-1 usr/lib64/ld-linux-x86-64.so.2 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
        dir 755 0:0 - usr/sbin
        dir 755 0:0 - usr/share
        dir 755 0:0 - usr/share/app
        file 644 0:0 app_1.0-1 usr/share/app/data 4 3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7 usr/share/app/data
        dir 755 0:0 - usr/share/app/extra
        file 644 0:0 app_1.0-1 usr/share/app/extra/one 3 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed usr/share/app/extra/one
        file 644 0:0 app_1.0-1 usr/share/app/tool 4 7c9bbe5ec9b3fb774e8fa0f54247e93c34ddf8e5d16fe3073420de0ae81a262d usr/share/app/tool
        dir 755 0:0 - usr/share/doc
        dir 755 0:0 - usr/share/doc/app
        file 644 0:0 app_1.0-1 usr/share/doc/app/copyright 4 ad95d5fa651ba86d8923fe1238d24a4f1988a752acfe426ac72ac7c04471bc17 usr/share/doc/app/copyright
        dir 755 0:0 - usr/share/doc/libone1
        file 644 0:0 libone1_1.2-1 usr/share/doc/libone1/copyright 4 ad95d5fa651ba86d8923fe1238d24a4f1988a752acfe426ac72ac7c04471bc17 usr/share/doc/libone1/copyright
        dir 755 0:0 - var/lib
        dir 750 33345:33345 generated var/lib/app"#]].assert_eq(&manifest.join("\n"));
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
#[expect(clippy::too_many_lines, reason = "the whole of what a link says is one picture")]
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
          leave one of the two out"#]],
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
    for (system, expected) in [
        ("foreign", "there is no init for aarch64-linux here, only one for x86_64-linux"),
        ("unknown", "`system.link.units.nowhere` is about no package that the system may use"),
    ] {
        let said = String::from_utf8(place.link(system).stderr).unwrap();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_same_system_gives_the_same_bytes() {
    let [one, two] = [Place::new(), Place::new()];
    assert!(one.link("kept").status.success() && two.link("kept").status.success());
    for file in ["manifest", "ledger", "units.json", "services.json", "image.json"] {
        assert!(one.file("kept", file) == two.file("kept", file), "{file}");
    }
}

#[test]
fn what_is_trimmed_is_chosen() {
    let place = Place::new();
    assert!(place.link("plain").status.success());
    place.check_difference(
        "trimmed",
        expect![[r#"
        -/usr/share/doc/app/copyright
        -/usr/share/doc/libone1/copyright
        +/usr/share/doc/app/manual
        +/usr/share/locale/de/LC_MESSAGES/app.mo"#]],
    );
}

/// The plan of a machine is made of what the modules say about its network and its disks.
#[test]
fn a_machine_is_set_up_by_its_init() {
    let place = Place::new();
    assert!(place.link("plain").status.success());
    place.check_difference(
        "machine",
        expect![[r#"
        +/etc/fstab
        +/etc/resolv.conf"#]],
    );
    let services: Value =
        serde_json::from_slice(&place.file("machine", "services.json")).expect("JSON");
    expect![[r#"[{"mount":{"options":[],"source":"/dev/vda","target":"/data","type":"ext4"}},{"hostname":"made-up"},{"link-up":"lo"},{"run":["/usr/sbin/init","password","root","/data/root"]}]"#]].assert_eq(&services["setup"].to_string());
}
