//! What systems declare themselves: files and links, accounts, authorities.

use expect_test::{Expect, expect};

use super::{Place, plain};

impl Place {
    /// Why a system cannot be made at all.
    #[track_caller]
    fn check_refusal(&self, system: &str, expected: Expect) {
        let output = self.link(system);
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let (_, reason) = said.split_once("builtin:link failed: ").unwrap_or(("", &said));
        expected.assert_eq(&plain(reason.trim_end()));
    }

    /// The lines of a manifest that name one of these.
    #[track_caller]
    fn check_manifest(&self, system: &str, names: &[&str], expected: Expect) {
        let output = self.link(system);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let manifest = String::from_utf8(self.file(system, "manifest")).expect("text");
        let lines = manifest.lines().filter(|line| names.iter().any(|name| line.contains(name)));
        expected.assert_eq(&lines.map(plain).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn a_link_to_its_own_place_is_the_file_there() {
    let place = Place::new();
    assert!(place.link("plain").status.success());
    place.check_difference(
        "in-place",
        expect![[r#"
        +/usr/bin/app-tool
        +/usr/bin/awk
        +/usr/bin/gawk"#]],
    );
}

#[test]
fn declared_files_must_fit() {
    let place = Place::new();
    place.check_failure(
        "loop",
        expect![[r#"
        - `/etc/here` is a link that leads back to itself
          leave it out, or let it lead to something else"#]],
    );
    place.check_refusal("nested", expect!["`/etc/foo` is no directory, so there cannot be `/etc/foo/bar`; leave one of the two out"]);
    place.check_refusal("copied", expect!["cannot read `/nix/store/app-1.0/bin/app-tool`: it leads to `/usr/bin/app-tool`, which is only in the system; link to it"]);
    place.check_refusal("stranger", expect!["cannot read `/etc/passwd`: it is not in the store"]);
}

#[test]
fn authorities_are_those_that_a_system_wants() {
    let place = Place::new();
    place.check_manifest("trusting", &["etc/ssl", "etc/pki"], expect![[r#"
        dir 755 0:0 generated etc/pki
        dir 755 0:0 generated etc/pki/tls
        dir 755 0:0 generated etc/pki/tls/certs
        link 0:0 generated etc/pki/tls/certs/ca-bundle.crt /etc/ssl/certs/ca-certificates.crt
        dir 755 0:0 - etc/ssl
        dir 755 0:0 - etc/ssl/certs
        file 644 0:0 ca-certificates_2025 etc/ssl/certs/ca-certificates.crt = "good\n-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n""#]]);
    place.check_refusal(
        "distrusting",
        expect!["`Gone Root` cannot be an authority to leave out: there is none of that name"],
    );
    place.check_refusal(
        "not-pem",
        expect![
            "`-----BEGIN CERTIFICATE-----` cannot be certificates in PEM form, for `security.ca`"
        ],
    );
}

#[test]
fn shells_of_those_who_log_in_are_there() {
    let place = Place::new();
    place.check_manifest("people", &["etc/passwd", "mawk_5"], expect![[r#"
        file 644 0:0 generated etc/passwd = "root:x:0:0:root:/root:/bin/sh\nbob:x:22712:100::/home/bob:/nix/store/mawk-5/bin/mawk\napp-daemon:x:33345:33345:The app:/var/lib/app:/usr/sbin/nologin\nnobody-in-particular:x:36320:65534::/var/empty:/bin/absent\nnobody:x:65534:65534:nobody:/var/empty:/usr/sbin/nologin\n"
        file 755 0:0 mawk_5 usr/bin/mawk 788 01b6139a64281dc17febf907d0504f4658b2e4be076ab340b653e30f97b45dd9 usr/bin/mawk"#]]);
    place.check_failure(
        "no-shell",
        expect![[r#"
        - `/bin/zsh` is in none of the packages; users.users.bob.shell names it
          add the package that has it, or correct the path"#]],
    );
    place.check_refusal("no-member", expect!["the group `wheel` names the user `ghost`, which does not exist; declare it: `users.users.ghost = { };`"]);
}
