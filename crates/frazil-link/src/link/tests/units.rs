//! Links of several units: levels, conflicts, closures of Nix, opening as needed, retained sizes.

use expect_test::expect;

use super::*;

#[test]
fn levels_keep_more() {
    let text = "unit a
           elf usr/bin/a path=/usr/share/locale
           elf usr/bin/other needed=libb.so
           file usr/share/doc/a/x
           dir var/lib/a mode=700
         unit b
           elf usr/lib/libb.so
           file usr/share/b
         unit c
           dir usr/share/locale
           file usr/share/c";
    let at = |level| Policy { level, ..Policy::default() };
    check_with(
        &at(Level::Packages),
        text,
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            /usr/bin/other <- whole package of package a
            /usr/lib/libb.so <- needed of /usr/bin/other
            /usr/share/b <- whole package of package b
            /usr/share/locale <- path of /usr/bin/a
            /var/lib/a <- whole package of package a
        "#]],
    );
    check_with(
        &at(Level::Declared),
        text,
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            /usr/bin/other <- whole package of package a
            /usr/lib/libb.so <- whole package of package b
            /usr/share/b <- whole package of package b
            /usr/share/c <- whole package of package c
            /usr/share/locale <- whole package of package c
            /var/lib/a <- whole package of package a
        "#]],
    );
    let one =
        text.replace("unit b", "unit b level=files").replace("unit a", "unit a level=packages");
    check_with(
        &at(Level::Files),
        &one,
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            /usr/bin/other <- whole package of package a
            /usr/lib/libb.so <- needed of /usr/bin/other
            /usr/share/locale <- path of /usr/bin/a
            /var/lib/a <- whole package of package a
        "#]],
    );
}

#[test]
fn conflicts_name_both_units_and_the_path() {
    check(
        "unit made generated
           text etc/a.conf
         unit a
           file usr/share/x
           file usr/share/same
           file usr/share/unused
           text etc/a.conf content=other
           dir etc
         unit b
           file usr/share/x content=other
           file usr/share/same
           file usr/share/unused content=other
           dir etc mode=700",
        &["/usr/share/x", "/usr/share/same", "/etc/a.conf"],
        expect![[r#"
            /etc/a.conf <- root of roots
            /usr/share/same <- root of roots
            /usr/share/x <- root of roots
            error `/usr/share/x` is in `a` and in `b`, with different contents or modes
        "#]],
    );
}

#[test]
fn what_is_made_takes_the_place_of_data_and_not_of_programs() {
    check(
        "unit made generated
           text usr/share/page content=own
           text usr/bin/a content=own
         unit a
           text usr/share/page
           elf usr/bin/a",
        &[],
        expect![[r#"
            /usr/bin/a <- root of package made
            /usr/share/page <- root of package made
            error `/usr/bin/a` is in `made` and in `a`, with different contents or modes
        "#]],
    );
}

#[test]
fn a_library_that_is_left_out_is_missed() {
    let policy = Policy { without: vec![b"/usr/lib/*/libc.so*"[..].into()], ..Policy::default() };
    let text = "unit a
           elf usr/bin/a needed=libc.so.6";
    check_with(
        &policy,
        &[LIBC, text].concat(),
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            error `/usr/bin/a` needs the library `libc.so.6`, which `without` leaves out
        "#]],
    );
}

#[test]
fn data_that_was_taken_first_does_not_stand_for_all() {
    let text = "unit a named level=packages source=a
           file usr/share/a/data
           elf usr/lib/a/plugin.so";
    check(
        text,
        &[],
        expect![[r#"
        /usr/lib/a/plugin.so <- whole package of package a
        /usr/share/a/data <- package data of package a
    "#]],
    );
}

#[test]
fn one_unit_may_bring_all_that_it_declares() {
    let text = "unit a level=declared depends=b
           elf usr/bin/a
           file usr/share/a
         unit b depends=c
           file usr/share/b
         unit c
           file usr/share/c
         unit d
           file usr/share/d";
    check(
        text,
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            /usr/share/a <- whole package of package a
            /usr/share/b <- whole package of package b
            /usr/share/c <- whole package of package c
        "#]],
    );
}

#[test]
fn common_names_lead_to_the_preferred_program() {
    let text = "unit a
           script usr/bin/a line=/bin/sh word=awk,vi,own
         unit sh
           elf usr/bin/sh
         unit mawk
           elf usr/bin/mawk
           alternative usr/bin/awk -> /usr/bin/mawk 5
           alternative usr/share/man/man1/awk.1.gz -> /usr/share/man/man1/mawk.1.gz 5
         unit gawk
           elf usr/bin/gawk
           alternative usr/bin/awk -> /usr/bin/gawk 10
           alternative bin/own -> /usr/bin/gawk 10
           file usr/bin/own
         unit vi
           alternative usr/bin/vi -> /usr/bin/gone 10";
    check(
        text,
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            /usr/bin/awk <- command of /usr/bin/a
            /usr/bin/gawk <- symlink of /usr/bin/awk
            /usr/bin/own <- command of /usr/bin/a
            /usr/bin/sh <- shebang of /usr/bin/a
        "#]],
    );
    let chosen = |path: &str| Policy {
        alternatives: [(b"awk"[..].into(), path.as_bytes().into())].into(),
        ..Policy::default()
    };
    check_with(
        &chosen("usr/bin/mawk"),
        text,
        &["/usr/bin/awk"],
        expect![[r#"
            /usr/bin/awk <- root of roots
            /usr/bin/mawk <- symlink of /usr/bin/awk
        "#]],
    );
    check_with(
        &chosen("usr/bin/none"),
        text,
        &["/usr/bin/awk"],
        expect![[r#"
            /usr/bin/awk <- root of roots
            /usr/bin/gawk <- symlink of /usr/bin/awk
            error nothing in the packages is what `alternatives` asks for: `awk = /usr/bin/none`
        "#]],
    );
}

#[test]
fn hard_links_are_one_file() {
    let link = run(
        "unit a
           hard usr/bin/perl5 -> usr/bin/perl
           file usr/bin/perl
           dir srv/secret mode=700
           file srv/secret/x",
        &["/usr/bin/perl5", "/srv/secret/x"],
        &Policy::default(),
    );
    let (tree, conflicts) = tree(&link.ledger, &Origin::parse("base").unwrap());
    assert_eq!(conflicts, []);
    let text = frazil_tree::dump::dump(&tree).replace(&"0".repeat(64), "-");
    let lines: Vec<&str> =
        text.lines().filter(|it| it.contains("perl") || it.contains("secret")).collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(lines.last(), Some(&"hard usr/bin/perl5 usr/bin/perl"));
    assert!(text.contains("dir 700 0:0 a srv/secret\n"), "{text}");
}

#[test]
fn units_are_opened_as_needed() {
    let text = "unit a named depends=libb
           elf usr/bin/a needed=libb.so symbol=system
         unit libb depends=libc,never
           elf usr/lib/libb.so
         unit libc
           file usr/lib/c
         unit never
           file usr/share/never
         unit further depends=a
           file usr/share/further
         unit dash essential
           elf usr/bin/dash
           link usr/bin/sh -> dash
         unit coreutils declared essential
           file usr/bin/cat";
    let policy = Policy { reach: Reach::AsNeeded, ..Policy::default() };
    check_with(
        &policy,
        text,
        &["/usr/bin/a"],
        expect![[r#"
        /usr/bin/a <- root of roots
        /usr/bin/dash <- symlink of /usr/bin/sh
        /usr/bin/sh <- capability of capability shell
        /usr/lib/libb.so <- needed of /usr/bin/a
    "#]],
    );
    let link = run(text, &["/usr/bin/a"], &policy);
    let fates: Vec<String> =
        link.ledger.units.iter().map(|unit| format!("{} {:?}", unit.package, unit.fate)).collect();
    assert_eq!(
        fates.join(", "),
        "a Kept, libb Kept, libc Dropped, never Dropped, further NeverOpened, dash Kept, coreutils NeverOpened"
    );
    // What a shell script may run is in none of the dependencies.
    let script = text
        .replace("symbol=system", "path=/usr/share/x")
        .replace("unit libb", "script usr/share/x line=/bin/sh word=cat\n unit libb");
    let link = run(&script, &["/usr/bin/a"], &policy);
    assert_eq!(link.ledger.units.last().map(|unit| unit.fate), Some(Fate::Kept));
}

#[test]
fn packages_of_libraries_are_named_after_them() {
    let check = |soname: &str, expected: &str| {
        assert!(library_packages(soname.as_bytes()).contains(&expected.to_owned()), "{soname}");
    };
    check("libz.so.1", "libz1");
    check("liblz4.so.1", "liblz4-1");
    check("libdb_x.so.5", "libdb-x5t64");
    assert!(library_packages(b"plugin.so").is_empty());
}

#[test]
fn retained_sizes_are_what_vanishes() {
    let link = run(
        "unit a
           elf usr/bin/a path=/usr/lib/a/jit.so,/usr/lib/a/use.so
           elf usr/lib/a/jit.so needed=libbig.so,libshared.so
           elf usr/lib/a/use.so needed=libshared.so
           elf usr/lib/libbig.so size=1000
           elf usr/lib/libshared.so size=500",
        &["/usr/bin/a"],
        &Policy::default(),
    );
    let ledger = &link.ledger;
    let shown: Vec<String> = ledger
        .retained()
        .iter()
        .map(|it| format!("{} {} {}", ledger.title(it.subject), it.bytes, it.files))
        .collect();
    assert_eq!(shown, ["/usr/lib/a/jit.so 1010 2", "/usr/lib/a/use.so 10 1"]);
}

#[test]
fn the_order_of_units_does_not_matter() {
    let text = "unit a
           elf usr/bin/a path=/usr/lib/a needed=libb.so
           dir usr/lib/a
           file usr/lib/a/x
         unit b
           elf usr/lib/libb.so symbol=system";
    let (first, second) = text.split_once("unit b").unwrap();
    let swapped = format!("unit b{second}\n{first}");
    let policy = Policy::default();
    let show = |text: &str| shown(&run(text, &["/usr/bin/a"], &policy));
    assert_eq!(show(text), show(&swapped));
    assert!(matches!(run(text, &[], &policy).ledger.subjects[..], [Subject::Roots]));
}

#[test]
fn what_was_looked_for_and_dropped_is_found() {
    let text = "unit a
           elf usr/bin/a path=/etc/gone path=/usr/lib/open path=/usr/share/loop
           file usr/lib/a/x
           link usr/lib/b -> a
           link usr/lib/open -> a/x
           link usr/share/loop -> loop
           file usr/share/a/one
           file usr/share/a/two
           file usr/share/man/man1/a.1
           file usr/share/man/man1/b.1
           file usr/lib/jit.so
         unit b
           file usr/share/b";
    let policy = Policy { without: vec![b"usr/lib/jit.so"[..].into()], ..Policy::default() };
    let link = run(text, &["/usr/bin/a"], &policy);
    let (mut tree, _) = crate::link::tree(&link.ledger, &Origin::parse("made").unwrap());
    tree.remove(&TreePath::parse(b"usr/lib/a/x").unwrap());
    let check = |path: &str| {
        let missed = missed(&tree, &link.ledger, [path.as_bytes()]);
        let shown = missed.iter().map(|it| {
            let (unit, reason, pattern) = (&it.unit, &it.reason, it.pattern());
            format!("{pattern} of {unit}, {reason}, {}", it.bytes)
        });
        shown.collect::<Vec<_>>().join("; ")
    };
    assert_eq!(check("/usr/share/b"), "/usr/share/b of b, not reached, 10");
    assert_eq!(check("//usr/./bin/../share//b"), "/usr/share/b of b, not reached, 10");
    assert_eq!(check("/usr/lib/b/x"), "/usr/lib/b of a, not reached, 0", "the link first");
    assert_eq!(check("/usr/share/a"), "/usr/share/a/** of a, not reached, 20");
    assert_eq!(check("/usr/share/a/two"), "/usr/share/a/two of a, not reached, 10");
    assert_eq!(check("/usr/share/a/three"), "", "no unit has it");
    assert_eq!(check("/usr/share/man/man1/a.1"), "/usr/share/man/man1/a.1 of a, documentation, 10");
    assert_eq!(check("/usr/share/man"), "", "what is trimmed everywhere is no directory to keep");
    assert_eq!(check("/usr/lib/jit.so"), "", "as the policy says");
    assert_eq!(check("/usr/bin/a"), "", "it is there");
    assert_eq!(check("/usr/bin/a/x"), "", "a file is no directory");
    assert_eq!(check("/usr/share/loop"), "", "a link to itself");
    assert_eq!(check("/proc/x"), "");
    let both = [b"/usr/share/b".as_slice(), b"/usr/share/../share/b"];
    let missed = missed(&tree, &link.ledger, both);
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0].looked_for, b"/usr/share/b");
}

#[test]
fn wishes_that_nothing_fulfils_are_errors() {
    let policy = Policy {
        keep: vec![b"/usr/share/none/**"[..].into()],
        programs: vec![b"none"[..].into()],
        ..Policy::default()
    };
    check_with(
        &policy,
        "unit a\n file usr/bin/a",
        &["/usr/bin/a"],
        expect![[r#"
            /usr/bin/a <- root of roots
            error nothing in the packages is what `bins` asks for: `none`
            error nothing in the packages is what `keep` asks for: `usr/share/none/**`
        "#]],
    );
}
