//! Links in which packages bring what no file of another names.

use expect_test::expect;

use super::*;

#[test]
fn modules_bring_those_that_their_packages_need() {
    let dist = "usr/lib/python3/dist-packages";
    check(
        &format!(
            "unit certbot named depends=python3-certbot
               script usr/bin/certbot line=/usr/bin/python3
             unit python3-certbot named depends=python3-acme,python3
               file {dist}/certbot/main.py
             unit python3-acme depends=python3-josepy
               file {dist}/acme/client.py
             unit python3-josepy
               file {dist}/josepy/jwk.py
             unit python3-other depends=python3-josepy
               file {dist}/other/unused.py
             unit python3-minimal
               elf usr/bin/python3"
        ),
        &["/usr/bin/certbot"],
        expect![[r#"
            /usr/bin/certbot <- root of roots
            /usr/bin/python3 <- shebang of /usr/bin/certbot
            /usr/lib/python3/dist-packages/acme/client.py <- standard library of /usr/lib/python3/dist-packages/certbot/main.py
            /usr/lib/python3/dist-packages/certbot/main.py <- package data of package python3-certbot
            /usr/lib/python3/dist-packages/josepy/jwk.py <- standard library of /usr/lib/python3/dist-packages/acme/client.py
        "#]],
    );
}

/// What nobody names, but comes with its package, must at least be read as a whole.
#[test]
fn data_brings_what_it_includes() {
    check(
        "unit a named depends=b
           file usr/bin/a
           text etc/a/a.cnf include=/etc/b/ path=/etc/other
         unit b
           dir etc/b
           file etc/b/b.cnf
           file etc/other",
        &["/usr/bin/a"],
        expect![[r#"
            /etc/a/a.cnf <- package data of package a
            /etc/b <- configured path of /etc/a/a.cnf
            /etc/b/b.cnf <- directory of /etc/b
            /usr/bin/a <- root of roots
        "#]],
    );
}
