//! Packages of modules for programs that import by name.

use expect_test::expect;

use super::*;

#[test]
fn modules_of_languages_are_kept_whole_with_those_they_need() {
    let text = "unit python3-x named depends=python3-y,libz
           file usr/lib/python3/dist-packages/x/a.py
           elf usr/lib/python3/dist-packages/x/b.so needed=libb.so
           elf usr/lib/x/tool
         unit python3-y depends=libz
           file usr/lib/python3/dist-packages/y.py
           file usr/share/y
         unit libz
           file usr/share/z
         unit libb
           elf usr/lib/libb.so
         unit libdbi-perl named depends=libjson-perl
           file usr/lib/x86_64-linux-gnu/perl5/5.40/DBI.pm
           elf usr/lib/x86_64-linux-gnu/perl5/5.40/auto/DBI/DBI.so
         unit libjson-perl
           file usr/share/perl5/JSON.pm
         unit git named
           elf usr/bin/git
           file usr/share/perl5/Git.pm
         unit node-express named
           file usr/share/nodejs/express/index.js
         unit ruby-rack named
           file usr/share/rubygems-integration/all/specifications/rack.gemspec
           elf usr/lib/x86_64-linux-gnu/ruby/vendor_ruby/rack.so";
    check(
        text,
        &[],
        expect![[r#"
        /usr/lib/libb.so <- needed of /usr/lib/python3/dist-packages/x/b.so
        /usr/lib/python3/dist-packages/x/a.py <- package data of package python3-x
        /usr/lib/python3/dist-packages/x/b.so <- standard library of /usr/lib/python3/dist-packages/x/a.py
        /usr/lib/python3/dist-packages/y.py <- standard library of /usr/lib/python3/dist-packages/x/a.py
        /usr/lib/x86_64-linux-gnu/perl5/5.40/DBI.pm <- package data of package libdbi-perl
        /usr/lib/x86_64-linux-gnu/perl5/5.40/auto/DBI/DBI.so <- standard library of /usr/lib/x86_64-linux-gnu/perl5/5.40/DBI.pm
        /usr/lib/x86_64-linux-gnu/ruby/vendor_ruby/rack.so <- standard library of /usr/share/rubygems-integration/all/specifications/rack.gemspec
        /usr/share/nodejs/express/index.js <- standard library of package node-express
        /usr/share/perl5/JSON.pm <- standard library of /usr/lib/x86_64-linux-gnu/perl5/5.40/DBI.pm
        /usr/share/rubygems-integration/all/specifications/rack.gemspec <- package data of package ruby-rack
    "#]],
    );
}

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
