//! Needs that are seen by imported symbols, or that somebody asks for.

use expect_test::expect;

use super::*;
use crate::capability::Extent;

#[test]
fn capabilities_follow_imported_symbols() {
    let text = "unit a
           elf usr/bin/a symbol=setlocale,system
         unit libc-bin essential
           file usr/lib/locale/C.utf8/LC_CTYPE
         unit dash essential
           elf usr/bin/dash
           link usr/bin/sh -> dash";
    check(
        text,
        &["/usr/bin/a"],
        expect![[r#"
        /usr/bin/a <- root of roots
        /usr/bin/dash <- symlink of /usr/bin/sh
        /usr/bin/sh <- capability of capability shell
        /usr/lib/locale/C.utf8/LC_CTYPE <- capability of capability locale
    "#]],
    );
    let mut policy = Policy::default();
    policy.capabilities.insert("shell".into(), Extent::Nothing);
    check_with(
        &policy,
        text,
        &["/usr/bin/a"],
        expect![[r#"
        /usr/bin/a <- root of roots
        /usr/lib/locale/C.utf8/LC_CTYPE <- capability of capability locale
    "#]],
    );
}

#[test]
fn what_is_not_wanted_is_left_out_whatever_names_it() {
    let text = "unit made generated
           text etc/services content=own
         unit a
           elf usr/bin/a path=/etc/ssl/certs/ca-certificates.crt
         unit netbase data
           file etc/services
         unit bundle offered
           file etc/ssl/certs/ca-certificates.crt";
    let mut policy = Policy::default();
    for name in ["authorities", "services"] {
        policy.capabilities.insert(name.into(), Extent::Nothing);
    }
    check_with(
        &policy,
        text,
        &["/usr/bin/a"],
        expect![[r#"
            /etc/services <- root of package made
            /usr/bin/a <- root of roots
        "#]],
    );
}

#[test]
fn capabilities_are_kept_for_whoever_asks() {
    let text = "unit a
           elf usr/bin/a
         unit netbase data
           file etc/services
         unit tzdata data
           file usr/share/zoneinfo/UTC
           file usr/share/zoneinfo/Europe/Berlin";
    let mut policy = Policy::default();
    for name in ["services", "zones", "protocols"] {
        policy.capabilities.insert(name.into(), Extent::Full);
    }
    check_with(
        &policy,
        text,
        &["/usr/bin/a"],
        expect![[r#"
            /etc/services <- capability of capability services
            /usr/bin/a <- root of roots
            /usr/share/zoneinfo/Europe/Berlin <- capability of capability zones
            /usr/share/zoneinfo/UTC <- capability of capability zones
            error nothing in the packages is what `capabilities` asks for: `protocols`
        "#]],
    );
}

#[test]
fn interpreters_bring_their_libraries_and_zones() {
    check(
        "unit python3.13-minimal
           elf usr/bin/python3.13 program symbol=localtime
         unit libpython3.13-stdlib
           file usr/lib/python3.13/os.py
           script usr/lib/python3.13/x.py line=/usr/bin/other
           file usr/share/other
           file usr/bin/other
         unit tzdata data
           file usr/share/zoneinfo/UTC
           file usr/share/zoneinfo/Europe/Berlin
         unit c
           elf usr/bin/c symbol=localtime",
        &["/usr/bin/python3.13"],
        expect![[r#"
            /usr/bin/python3.13 <- root of roots
            /usr/lib/python3.13/os.py <- standard library of library of python
            /usr/lib/python3.13/x.py <- standard library of library of python
            /usr/share/zoneinfo/Europe/Berlin <- capability of capability zones
            /usr/share/zoneinfo/UTC <- capability of capability zones
        "#]],
    );
    check(
        "unit c
           elf usr/bin/c symbol=localtime
         unit tzdata data
           file usr/share/zoneinfo/UTC
           file usr/share/zoneinfo/Europe/Berlin",
        &["/usr/bin/c"],
        expect![[r#"
            /usr/bin/c <- root of roots
            /usr/share/zoneinfo/UTC <- capability of capability zones
        "#]],
    );
}
