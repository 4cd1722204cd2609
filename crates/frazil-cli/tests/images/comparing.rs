//! What `frazil audit diff` says of two images that others made of the same things.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use super::world::{has, program, run};

/// A root with files of so many bytes, as an archive.
fn archive(directory: &Path, name: &str, files: &[(&str, usize)]) -> PathBuf {
    let root = directory.join(name);
    for (path, bytes) in files {
        let place = root.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, vec![b'x'; *bytes]).unwrap();
    }
    let archive = directory.join(format!("{name}.tar"));
    run(program("tar").arg("-C").arg(&root).arg("-cf").arg(&archive).arg("."));
    archive
}

#[test]
fn packages_are_compared_by_name() {
    if !has(&["tar"]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let official = archive(
        directory.path(),
        "official",
        &[
            ("nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-glibc-2.40/lib/libc.so", 40_960),
            ("nix/store/8r8f8x1ld5b7ybzll13wz9pzd4scx0qv-nix-2.32.2/bin/nix", 30_720),
            ("nix/store/1b9p07z77phvv2hf6gm9f28syp39f1ag-perl-5.40.0/bin/perl", 20_480),
            ("etc/passwd", 100),
        ],
    );
    let light = archive(
        directory.path(),
        "light",
        &[
            ("nix/store/1gxz5nfzfnhyxjdyzi04r86sh61y4i00-glibc-2.40/lib/libc.so", 40_960),
            ("nix/store/2bq7s2lnvmzhdwqs5vcnd5hm0nbwh5m6-nix-2.32.4/bin/nix", 20_480),
            ("nix/store/3a5wrz2wp7wnqhkz1lkmg2mbvl0d3lif-busybox-1.37.0/bin/sh", 1_024),
            ("etc/passwd", 100),
        ],
    );
    let check = |options: &[&str], expected: Expect| {
        let mut command = program(env!("CARGO_BIN_EXE_frazil"));
        command.args(["audit", "diff"]).args(options).args([&official, &light]);
        expected.assert_eq(&run(&mut command));
    };
    check(
        &["--normalise"],
        expect![[r"
                    change       before        after
            -   -20.00 KiB    20.00 KiB            -  perl 5.40.0
            ~   -10.00 KiB    30.00 KiB    20.00 KiB  nix 2.32.2 -> 2.32.4
            +    +1.00 KiB            -     1.00 KiB  busybox 1.37.0
            1 added (+1.00 KiB), 1 removed (-20.00 KiB), 1 changed (-10.00 KiB)
            90.10 KiB -> 61.10 KiB (-29.00 KiB, -32.2 %)
            3 packages, 3 store paths -> 3 packages, 3 store paths
        "]],
    );
    check(
        &["--normalise", "--paths"],
        expect![[r"
                    change       before        after
            -   -20.00 KiB    20.00 KiB            -  /nix/store/perl/bin/perl
            ~   -10.00 KiB    30.00 KiB    20.00 KiB  /nix/store/nix/bin/nix
            +    +1.00 KiB            -     1.00 KiB  /nix/store/busybox/bin/sh
            1 added (+1.00 KiB), 1 removed (-20.00 KiB), 1 changed (-10.00 KiB)
            90.10 KiB -> 61.10 KiB (-29.00 KiB, -32.2 %)
            3 packages, 3 store paths -> 3 packages, 3 store paths
        "]],
    );
}

/// Names come from anybody, and the terminal is the user's.
#[test]
fn names_do_not_reach_the_terminal_as_they_are() {
    if !has(&["tar"]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let name = "nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-a\x1b[31m\nb-1.0\x07/x";
    let [empty, hostile] = [("empty", 1), ("hostile", 2)]
        .map(|(image, bytes)| archive(directory.path(), image, &[(name, bytes)]));
    let check = |arguments: &[&str], images: &[&PathBuf], expected: &str| {
        let mut command = program(env!("CARGO_BIN_EXE_frazil"));
        let said = run(command.arg("audit").args(arguments).args(images));
        assert!(said.contains(expected), "{said}");
        assert!(said.chars().all(|char| char == '\n' || !char.is_control()), "{said:?}");
    };
    check(&["size"], &[&hostile], "  a\\x1b[31m\\nb 1.0\\x07\n");
    check(&["diff"], &[&empty, &hostile], "  a\\x1b[31m\\nb\n");
    check(&["diff", "--paths"], &[&empty, &hostile], "a\\x1b[31m\\nb-1.0\\x07/x\n");
    check(&["size"], &[&hostile], "in 1 package, 1 store path\n");
}
