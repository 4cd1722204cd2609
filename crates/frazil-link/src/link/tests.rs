mod capabilities;
mod closures;
mod modules;
mod rules;
mod units;

use expect_test::{Expect, expect};

use super::*;
use crate::fixture;
use crate::ledger::{Fate, Subject};
use crate::policy::Cut;
use crate::unit::Level;

const LIBC: &str = "
    unit libc6
      elf usr/lib/x86_64-linux-gnu/libc.so.6 soname=libc.so.6 needed=ld-linux.so.2 path=/etc/noise
      elf usr/lib/x86_64-linux-gnu/ld-linux.so.2 soname=ld-linux.so.2
      file etc/noise
";

fn run(text: &str, roots: &[&str], policy: &Policy) -> Link {
    let (units, analyses) = fixture::universe(text);
    let roots: Vec<Root> = roots
        .iter()
        .map(|path| Root {
            path: path.trim_end_matches('?').as_bytes().into(),
            named_by: "the test".into(),
            is_required: !path.ends_with('?'),
        })
        .collect();
    link(&units, &roots, policy, &mut |asked| {
        let index = |unit: &&Unit| units.iter().position(|other| other == *unit).unwrap();
        Ok(asked.iter().map(|unit| analyses[index(unit)].clone()).collect())
    })
    .unwrap()
}

/// Each kept path with the last step of its chain, then hints and errors.
fn shown(link: &Link) -> String {
    let ledger = &link.ledger;
    let mut lines = Vec::new();
    for kept in ledger.kept() {
        let chain = ledger.why(&kept.path);
        let last = chain.last().unwrap();
        let set_id = if kept.was_set_id { " (set-id taken)" } else { "" };
        let (why, from) = (last.evidence, ledger.title(last.from));
        lines.push(format!("{} <- {why} of {from}{set_id}\n", kept.path));
    }
    lines.extend(
        ledger
            .hints
            .iter()
            .map(|it| format!("hint {}: {} of {}\n", it.target, it.mention, it.from)),
    );
    lines.extend(link.errors.iter().map(|error| format!("error {error}\n")));
    assert_eq!(Ledger::decode(&ledger.encode()).as_ref(), Ok(ledger));
    lines.concat()
}

#[track_caller]
fn check_with(policy: &Policy, text: &str, roots: &[&str], expected: Expect) {
    expected.assert_eq(&shown(&run(text, roots, policy)));
}

#[track_caller]
fn check(text: &str, roots: &[&str], expected: Expect) {
    check_with(&Policy::default(), &[LIBC, text].concat(), roots, expected);
}

#[test]
fn libraries_are_found_as_the_loader_finds_them() {
    check(
        "unit a
           elf usr/bin/a interpreter=/lib/x86_64-linux-gnu/ld-linux.so.2 needed=libc.so.6,libx.so.1,libp.so runpath=/usr/lib/i386-linux-gnu,$ORIGIN/../lib/a
           elf usr/lib/a/libp.so
           link usr/lib/x86_64-linux-gnu/libx.so.1 -> libx.so.1.2
           elf usr/lib/x86_64-linux-gnu/libx.so.1.2
           elf usr/lib/x86_64-linux-gnu/libunused.so
           elf usr/lib/i386-linux-gnu/libp.so machine=3",
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            /usr/lib/a/libp.so <- needed of /usr/bin/a
            /usr/lib/x86_64-linux-gnu/ld-linux.so.2 <- interpreter of /usr/bin/a
            /usr/lib/x86_64-linux-gnu/libc.so.6 <- needed of /usr/bin/a
            /usr/lib/x86_64-linux-gnu/libx.so.1 <- needed of /usr/bin/a
            /usr/lib/x86_64-linux-gnu/libx.so.1.2 <- symlink of /usr/lib/x86_64-linux-gnu/libx.so.1
        "#]],
    );
}

#[test]
fn what_is_missing_is_an_error() {
    check(
        "unit a
           elf usr/bin/a interpreter=/lib/ld.so needed=libz.so.1
           elf usr/lib/p/plugin.so needed=libgone.so
           elf usr/bin/b path=/usr/lib/p
           dir usr/lib/p",
        &["/usr/bin/a", "/usr/bin/b", "/usr/bin/c", "/srv/later?"],
        expect![[r#"
            /usr/bin/a <- root of roots
            /usr/bin/b <- root of roots
            /usr/lib/p <- path of /usr/bin/b
            /usr/lib/p/plugin.so <- directory of /usr/lib/p
            hint /libgone.so: library, missing of /usr/lib/p/plugin.so
            error `/usr/bin/c` is in none of the packages; the test names it
            error `/usr/bin/a` needs the library `libz.so.1`, which is not in /usr/lib/x86_64-linux-gnu, /usr/lib, /usr/lib64, /usr/local/lib
            error `/usr/bin/a` is loaded by `/lib/ld.so`, which is in none of the packages
        "#]],
    );
}

#[test]
fn strings_lead_to_files_and_private_directories() {
    check(
        "unit a
           elf usr/bin/a path=/etc/a.conf,/usr/share/a,/usr/share,/etc/x:/etc/y,/usr/lib/a/%s.so embedded=/usr/lib/a/own,/usr/lib/other/x
           text etc/a.conf path=/usr/share/c/d library=libq.so
           dir usr/share/a
           dir usr/share
           file usr/share/a/data
           script usr/share/a/example line=/usr/bin/awk path=/usr/share/c/e
           elf usr/lib/a/m.so
           file usr/lib/a/own
           file etc/y
         unit c
           file usr/share/c/d
           file usr/share/c/e
           file usr/bin/awk
           elf usr/lib/libq.so
           file usr/lib/other/x",
        &["/usr/bin/a"],
        expect![[r#"
            /etc/a.conf <- path of /usr/bin/a
            /etc/y <- path of /usr/bin/a
            /usr/bin/a <- root of roots
            /usr/lib/a/m.so <- pattern of /usr/bin/a
            /usr/lib/a/own <- embedded path of /usr/bin/a
            /usr/lib/libq.so <- library name of /etc/a.conf
            /usr/share <- path of /usr/bin/a
            /usr/share/a <- path of /usr/bin/a
            /usr/share/a/data <- directory of /usr/share/a
            /usr/share/a/example <- directory of /usr/share/a
            /usr/share/c/d <- configured path of /etc/a.conf
            hint /usr/lib/other/x: path in a text of /usr/bin/a
        "#]],
    );
}

#[test]
fn exact_evidence_promotes_what_a_directory_brought() {
    check(
        "unit a
           elf usr/bin/a path=/usr/lib/a
           dir usr/lib/a
           script usr/lib/a/run line=/usr/bin/awk path=/etc/a
           script usr/lib/a/not line=/usr/bin/sed
           elf usr/lib/a/late.so needed=liblate.so
           elf usr/lib/liblate.so path=/usr/lib/a/run
           file etc/a
           file usr/bin/awk
           file usr/bin/sed",
        &["/usr/bin/a"],
        expect![[r#"
            /etc/a <- path in a script of /usr/lib/a/run
            /usr/bin/a <- root of roots
            /usr/bin/awk <- shebang of /usr/lib/a/run
            /usr/lib/a <- path of /usr/bin/a
            /usr/lib/a/late.so <- directory of /usr/lib/a
            /usr/lib/a/not <- directory of /usr/lib/a
            /usr/lib/a/run <- directory of /usr/lib/a
            /usr/lib/liblate.so <- needed of /usr/lib/a/late.so
        "#]],
    );
}

#[test]
fn scripts_run_commands() {
    check(
        "unit a
           script usr/bin/a line=/usr/bin/env,python3 path=/etc/a word=sed,nothing
           file etc/a
           elf usr/bin/python3 word=gzip
           file usr/bin/env
           file usr/bin/sed
           file usr/bin/gzip",
        &["/usr/bin/a"],
        expect![[r#"
            /etc/a <- path in a script of /usr/bin/a
            /usr/bin/a <- root of roots
            /usr/bin/env <- shebang of /usr/bin/a
            /usr/bin/python3 <- shebang of /usr/bin/a
            /usr/bin/sed <- command of /usr/bin/a
            hint /usr/bin/gzip: command of /usr/bin/python3
        "#]],
    );
}

#[test]
fn names_of_libraries_count_where_libraries_are_loaded() {
    let plugins = "unit a
           elf usr/bin/a needed=libload.so library=libplug.so.1,lib%s.so,libdb_%s.so
           elf usr/lib/libload.so
           elf usr/lib/libplug.so.1
           elf usr/lib/libdb_x.so
           elf usr/lib/libother.so";
    check(
        plugins,
        &["/usr/bin/a"],
        expect![[r#"
        /usr/bin/a <- root of roots
        /usr/lib/libload.so <- needed of /usr/bin/a
    "#]],
    );
    let loading = plugins.replace("usr/lib/libload.so", "usr/lib/libload.so symbol=dlopen");
    check(
        &loading,
        &["/usr/bin/a"],
        expect![[r#"
        /usr/bin/a <- root of roots
        /usr/lib/libdb_x.so <- pattern of /usr/bin/a
        /usr/lib/libload.so <- needed of /usr/bin/a
        /usr/lib/libplug.so.1 <- library name of /usr/bin/a
    "#]],
    );
}

#[test]
fn trims_yield_to_exact_evidence_unless_they_are_firm() {
    check(
        "unit a named
           elf usr/bin/a path=/etc/avahi/conf,/usr/share/doc/a/x,/usr/include/a.h,/usr/lib/a
           file etc/avahi/conf
           file etc/avahi/other
           file usr/share/doc/a/x
           file usr/share/doc/a/copyright
           file usr/include/a.h
           dir usr/lib/a
           file usr/lib/a/liba.a
           file usr/lib/a/data",
        &["/usr/bin/a"],
        expect![[r#"
            /etc/avahi/conf <- path of /usr/bin/a
            /usr/bin/a <- root of roots
            /usr/lib/a <- path of /usr/bin/a
            /usr/lib/a/data <- package data of package a
            /usr/share/doc/a/copyright <- license of /usr/bin/a
        "#]],
    );
}

#[test]
fn named_packages_bring_their_data() {
    check(
        "unit a named source=s
           elf usr/bin/a
           elf usr/bin/a-tool
           elf usr/lib/a/plugin.so
           file etc/a/conf
           link usr/share/a/link -> ../../bin/a
           link usr/share/a/dead -> ../../bin/a-tool
         unit a-data source=s
           file usr/share/a/data
         unit b
           file usr/share/b/data",
        &["/usr/bin/a"],
        expect![[r#"
            /etc/a/conf <- package data of package a
            /usr/bin/a <- root of roots
            /usr/share/a/data <- package data of package a-data
            /usr/share/a/link <- package data of package a
        "#]],
    );
}

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
fn links_that_are_made_lead_somewhere_else() {
    check(
        "unit generated generated
           link etc/a -> /etc/b
           link etc/b -> a
           link etc/c -> c
           link etc/later -> /run/later
         unit a
           link usr/bin/a -> a",
        &[],
        expect![[r#"
            /etc/a <- root of package generated
            /etc/b <- root of package generated
            /etc/c <- root of package generated
            /etc/later <- root of package generated
            error `/etc/a` is a link that leads back to itself
            error `/etc/b` is a link that leads back to itself
            error `/etc/c` is a link that leads back to itself
        "#]],
    );
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

#[test]
fn directories_of_many_packages_bring_only_those_of_the_same_source() {
    let text = "unit a source=s
           elf usr/bin/a path=/usr/lib/shared
           dir usr/lib/shared
           file usr/lib/shared/a
         unit a-data source=s
           file usr/lib/shared/a-data
         unit b
           file usr/lib/shared/b
         unit c
           file usr/lib/shared/c";
    check(
        text,
        &["/usr/bin/a"],
        expect![[r#"
        /usr/bin/a <- root of roots
        /usr/lib/shared <- path of /usr/bin/a
        /usr/lib/shared/a <- directory of /usr/lib/shared
        /usr/lib/shared/a-data <- directory of /usr/lib/shared
    "#]],
    );
    let fewer = text.replace("file usr/lib/shared/c", "file usr/share/c");
    check(
        &fewer,
        &["/usr/bin/a"],
        expect![[r#"
        /usr/bin/a <- root of roots
        /usr/lib/shared <- path of /usr/bin/a
        /usr/lib/shared/a <- directory of /usr/lib/shared
        /usr/lib/shared/a-data <- directory of /usr/lib/shared
        /usr/lib/shared/b <- directory of /usr/lib/shared
    "#]],
    );
}

#[test]
fn blobs_lead_to_the_longest_path_that_is_there() {
    check(
        "unit a
           elf usr/bin/a blob=/etc/hosts/etc/resolv.conf,/usr/share/zoneinfoGMT,/etc/ssl,/bin/toolong
           file etc/hosts
           dir etc/ssl
           file etc/ssl/x
           dir usr/share/zoneinfo
           file usr/share/zoneinfo/GMT
           file usr/bin/tool
           file usr/bin/to",
        &["/usr/bin/a"],
        expect![[r#"
            /etc/hosts <- path of /usr/bin/a
            /etc/ssl <- path of /usr/bin/a
            /etc/ssl/x <- directory of /etc/ssl
            /usr/bin/a <- root of roots
            /usr/bin/tool <- path of /usr/bin/a
        "#]],
    );
}

#[test]
fn programs_have_private_directories() {
    check(
        "unit java
           elf usr/lib/jvm/java-21/bin/java program
           elf usr/lib/jvm/java-21/bin/javac program
           file usr/lib/jvm/java-21/lib/modules
         unit other
           file usr/lib/jvm/java-21/lib/foreign
           elf usr/lib/tool/bin/t program
           file usr/lib/tool/data",
        &["/usr/lib/jvm/java-21/bin/java", "/usr/lib/tool/bin/t"],
        expect![[r#"
            /usr/lib/jvm/java-21/bin/java <- root of roots
            /usr/lib/jvm/java-21/lib/modules <- private directory of /usr/lib/jvm/java-21/bin/java
            /usr/lib/tool/bin/t <- root of roots
            /usr/lib/tool/data <- private directory of /usr/lib/tool/bin/t
        "#]],
    );
}

#[test]
fn static_programs_carry_paths_of_the_c_library() {
    let text = "unit a
           elf usr/bin/a program path=/usr/lib/x/gconv/cache,/etc/a
           file usr/lib/x/gconv/cache
           file etc/a";
    check(
        text,
        &["/usr/bin/a"],
        expect![[r#"
        /etc/a <- path of /usr/bin/a
        /usr/bin/a <- root of roots
    "#]],
    );
    let text = text.replace("program", "program needed=libc.so.6");
    check(
        &text,
        &["/usr/bin/a"],
        expect![[r#"
        /etc/a <- path of /usr/bin/a
        /usr/bin/a <- root of roots
        /usr/lib/x/gconv/cache <- path of /usr/bin/a
        /usr/lib/x86_64-linux-gnu/ld-linux.so.2 <- needed of /usr/lib/x86_64-linux-gnu/libc.so.6
        /usr/lib/x86_64-linux-gnu/libc.so.6 <- needed of /usr/bin/a
    "#]],
    );
}
