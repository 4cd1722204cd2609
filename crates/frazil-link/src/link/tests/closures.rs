//! Links with paths of a Nix store: closures, what is cut from them, adapters.

use expect_test::expect;

use super::*;

#[test]
fn references_that_nothing_needs_are_cut_when_asked() {
    let hash = |letter| format!("{}-{letter}", str::repeat(letter, 32));
    let [unit_a, unit_b, unit_c, unit_d, unit_e] = ["a", "b", "c", "d", "e"].map(hash);
    let text = format!(
        "unit {unit_a} mount=nix/store/{unit_a} level=packages
           elf bin/a reference={unit_b} debug={unit_c}
           file share/doc/a/manual reference={unit_b},{unit_d}
           file nix-support/log reference={unit_e}/x
         unit {unit_b} mount=nix/store/{unit_b} level=packages
           file b
         unit {unit_c} mount=nix/store/{unit_c} level=packages
           file c
         unit {unit_d} mount=nix/store/{unit_d} level=packages
           file d
         unit {unit_e} mount=nix/store/{unit_e} level=packages
           file e"
    );
    let check = |policy: Policy, expected: Expect| {
        let mut shown = shown(&run(&text, &[&format!("/nix/store/{unit_a}/bin/a")], &policy));
        for unit in [&unit_a, &unit_b, &unit_c, &unit_d, &unit_e] {
            shown = shown.replace(unit.as_str(), unit.rsplit('-').next().unwrap());
        }
        let lines: Vec<&str> =
            shown.lines().filter(|line| !line.starts_with("/nix/store/a")).collect();
        expected.assert_eq(&lines.join("\n"));
    };
    let cut = |cut: &[Cut]| Policy { cut: cut.iter().copied().collect(), ..Policy::default() };
    check(
        Policy::default(),
        expect![[r#"
        /nix/store/b <- reference of /nix/store/a/bin/a
        /nix/store/b/b <- directory of /nix/store/b
        /nix/store/c <- reference of /nix/store/a/bin/a
        /nix/store/c/c <- directory of /nix/store/c
        /nix/store/d <- reference of /nix/store/a/share/doc/a/manual
        /nix/store/d/d <- directory of /nix/store/d
        /nix/store/e <- reference of /nix/store/a/nix-support/log
        /nix/store/e/e <- directory of /nix/store/e"#]],
    );
    check(
        cut(&[Cut::Documentation]),
        expect![[r#"
        /nix/store/b <- reference of /nix/store/a/bin/a
        /nix/store/b/b <- directory of /nix/store/b
        /nix/store/c <- reference of /nix/store/a/bin/a
        /nix/store/c/c <- directory of /nix/store/c
        /nix/store/e <- reference of /nix/store/a/nix-support/log
        /nix/store/e/e <- directory of /nix/store/e
        hint /nix/store/d: cut: documentation of /nix/store/a/share/doc/a/manual"#]],
    );
    check(
        cut(&[Cut::Debug, Cut::Build, Cut::Documentation]),
        expect![[r#"
        /nix/store/b <- reference of /nix/store/a/bin/a
        /nix/store/b/b <- directory of /nix/store/b
        hint /nix/store/c: cut: debug information of /nix/store/a/bin/a
        hint /nix/store/d: cut: documentation of /nix/store/a/share/doc/a/manual
        hint /nix/store/e: cut: left by building of /nix/store/a/nix-support/log"#]],
    );
    let by_name = vec![b"b"[..].into(), [&b"?"[..], &b"?".repeat(31), b"-[ce]"].concat().into()];
    check(
        Policy { cut_references: by_name, ..Policy::default() },
        expect![[r#"
        /nix/store/d <- reference of /nix/store/a/share/doc/a/manual
        /nix/store/d/d <- directory of /nix/store/d
        hint /nix/store/b: cut: by its name of /nix/store/a/bin/a
        hint /nix/store/b: cut: by its name of /nix/store/a/share/doc/a/manual
        hint /nix/store/c: cut: by its name of /nix/store/a/bin/a
        hint /nix/store/e: cut: by its name of /nix/store/a/nix-support/log"#]],
    );
}

#[test]
fn nix_closures_go_by_references() {
    let hash = |letter| format!("{}-{letter}", str::repeat(letter, 32));
    let [unit_a, unit_b, unit_c, unit_d, unit_e, unit_f] = ["a", "b", "c", "d", "e", "f"].map(hash);
    let text = format!(
        "unit {unit_a} mount=nix/store/{unit_a} level=packages
           elf bin/a interpreter=/nix/store/{unit_b}/lib/ld.so needed=libb.so runpath=/nix/store/{unit_b}/lib reference={unit_b}/lib
           file share/x reference={unit_c}/etc/x
           file share/y reference={unit_d}
           file share/z reference={unit_e},{unit_f}/gone
         unit {unit_b} mount=nix/store/{unit_b} level=packages
           elf lib/libb.so
           elf lib/ld.so
         unit {unit_c} mount=nix/store/{unit_c}
           file etc/x
           file etc/y
         unit {unit_d} mount=nix/store/{unit_d} level=packages
           file share/d
         unit {unit_e} mount=nix/store/{unit_e}
           link bin -> {unit_d}/bin
           link to -> ../{unit_d}/share/d
           file lib/e
         unit {unit_f} mount=nix/store/{unit_f} level=packages
           file f
           link dangling -> /run/f
         unit deb
           file usr/bin/d"
    );
    let link = run(&text, &[&format!("/nix/store/{unit_a}/bin/a")], &Policy::default());
    let mut shown = shown(&link);
    for unit in [unit_a, unit_b, unit_c, unit_d, unit_e, unit_f] {
        shown = shown.replace(&unit, unit.rsplit('-').next().unwrap());
    }
    expect![[r#"
        /nix/store/a <- whole package of package a
        /nix/store/a/bin/a <- root of roots
        /nix/store/a/share/x <- whole package of package a
        /nix/store/a/share/y <- whole package of package a
        /nix/store/a/share/z <- whole package of package a
        /nix/store/b <- reference of /nix/store/a/bin/a
        /nix/store/b/lib/ld.so <- interpreter of /nix/store/a/bin/a
        /nix/store/b/lib/libb.so <- needed of /nix/store/a/bin/a
        /nix/store/c/etc/x <- reference of /nix/store/a/share/x
        /nix/store/d <- reference of /nix/store/a/share/y
        /nix/store/d/share/d <- directory of /nix/store/d
        /nix/store/e <- reference of /nix/store/a/share/z
        /nix/store/e/lib/e <- directory of /nix/store/e
        /nix/store/e/to <- directory of /nix/store/e
        /nix/store/f <- reference of /nix/store/a/share/z
        /nix/store/f/dangling <- whole package of package f
        /nix/store/f/f <- directory of /nix/store/f
    "#]]
    .assert_eq(&shown);
}

#[test]
fn adapters_lead_from_the_store_into_the_system() {
    let hash = "1".repeat(32);
    let text = format!(
        "unit {hash}-nginx mount=nix/store/{hash}-nginx
           link bin/nginx -> /usr/sbin/nginx
           link bin/other -> /usr/sbin/other
         unit nginx
           file usr/sbin/nginx
           file usr/sbin/other
         unit etc generated
           text etc/service path=/nix/store/{hash}-nginx/bin/nginx"
    );
    let link = run(&text, &[], &Policy::default());
    expect![[r#"
        /etc/service <- root of package etc
        /nix/store/H-nginx/bin/nginx <- configured path of /etc/service
        /usr/sbin/nginx <- symlink of /nix/store/H-nginx/bin/nginx
    "#]]
    .assert_eq(&shown(&link).replace(&hash, "H"));
}
