//! What systems want otherwise.

use expect_test::expect;

use super::{check_with, run};
use crate::policy::Policy;
use crate::unit::Level;

#[test]
fn what_is_trimmed_can_be_kept() {
    let text = "unit a
           elf usr/bin/a
           file usr/share/man/man1/a.1.gz
           file usr/share/man/de/man1/a.1.gz
           file usr/share/locale/de/LC_MESSAGES/a.mo
           file usr/include/a.h
           unit b
           file usr/share/doc/b/README";
    let policy = Policy {
        untrimmed: ["documentation".into(), "development".into()].into(),
        ..Policy::default()
    };
    check_with(
        &policy,
        text,
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            /usr/include/a.h <- keep of package a
            /usr/share/man/de/man1/a.1.gz <- keep of package a
            /usr/share/man/man1/a.1.gz <- keep of package a
        "#]],
    );
    // There translations, which nothing reaches, come with the package, but for the policy.
    let packages = Policy { level: Level::Packages, ..policy };
    let link = run(text, &["/usr/bin/a"], &packages);
    let dropped: Vec<String> = link.ledger.dropped.iter().map(|it| it.path.to_string()).collect();
    assert_eq!(dropped, ["/usr/share/doc/b/README", "/usr/share/locale/de/LC_MESSAGES/a.mo"]);
}

#[test]
fn policies_keep_and_drop() {
    let text = "unit a
           elf usr/bin/a path=/usr/lib/a
           dir usr/lib/a
           elf usr/lib/a/jit.so needed=libbig.so
           elf usr/lib/a/use.so
           elf usr/lib/libbig.so size=1000
           file usr/share/locale/de/LC_MESSAGES/a.mo
           file usr/share/locale/fr/LC_MESSAGES/a.mo
           file usr/share/extra/x
           elf usr/bin/tool mode=4755
           elf usr/bin/su mode=4755";
    let policy = Policy {
        keep: vec![b"/usr/share/extra/**"[..].into()],
        without: vec![b"**/jit*"[..].into()],
        programs: vec![b"tool"[..].into(), b"su"[..].into()],
        locales: vec!["de".into()],
        set_id: vec![b"/usr/bin/su"[..].into()],
        ..Policy::default()
    };
    check_with(
        &policy,
        text,
        &["/usr/bin/a"],
        expect![[r#"
        /usr/bin/a <- root of roots
        /usr/bin/su <- keep of roots
        /usr/bin/tool <- keep of roots (set-id taken)
        /usr/lib/a <- path of /usr/bin/a
        /usr/lib/a/use.so <- directory of /usr/lib/a
        /usr/share/extra/x <- keep of roots
        /usr/share/locale/de/LC_MESSAGES/a.mo <- translation of package a
    "#]],
    );
    let link = run(text, &["/usr/bin/a"], &policy);
    let dropped: Vec<String> =
        link.ledger.dropped.iter().map(|it| format!("{} {}", it.path, it.reason)).collect();
    assert_eq!(
        dropped,
        [
            "/usr/lib/a/jit.so excluded by the policy",
            "/usr/lib/libbig.so not reached",
            "/usr/share/locale/fr/LC_MESSAGES/a.mo translations",
        ]
    );
}
