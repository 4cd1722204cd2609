mod elf_file;

use expect_test::{Expect, expect};

use super::*;

fn shown<'s>(strings: impl IntoIterator<Item = &'s [u8]>) -> String {
    let strings: Vec<_> = strings.into_iter().map(|it| it.escape_ascii().to_string()).collect();
    strings.join(" ")
}

#[test]
fn paths() {
    let check =
        |text: &str, expected: Expect| expected.assert_eq(&shown(tokens::paths(text.as_bytes())));
    check("/etc/a /usr/b", expect!["/etc/a /usr/b"]);
    check("a=/etc/a;include '/etc/b';", expect!["/etc/a /etc/b"]);
    check("x/etc/a $dir/b ${d}/c http://h/p", expect![""]);
    check("/usr/bin:/bin/sh", expect!["/usr/bin:/bin/sh"]);
    check("/a /ab //usr/x /usr//y", expect!["/usr/"]);
    check("/usr/lib/lib%s.so.* (/etc/x/)", expect!["/usr/lib/lib%s.so.* /etc/x/"]);
}

#[test]
fn sonames() {
    let check = |text: &[u8], expected: Expect| expected.assert_eq(&shown(tokens::sonames(text)));
    check(b"libz.so.1\0libx.so\0", expect!["libz.so.1 libx.so"]);
    check(b"lib%s.so.%s libfoo.so.1.2-x a.sock /libq.so .so", expect!["lib%s.so.%s libfoo.so.1.2"]);
    check(b"pam_unix.so nullok", expect!["pam_unix.so"]);
}

#[test]
fn shell_words() {
    let check = |text: &str, expected: Expect| {
        expected.assert_eq(&shown(tokens::shell_words(text.as_bytes())));
    };
    check("if [ -x foo ]; then bar=baz exec qux; fi", expect!["if [ foo then baz exec qux fi"]);
    check(
        "$dir/cmd ${dir}/other \"$dir\"/third /usr/bin/no -opt $var x_y",
        expect!["cmd other third x_y"],
    );
    check("dir/file a/b", expect![""]);
}

#[test]
fn blob_paths() {
    let check =
        |text: &[u8], expected: Expect| expected.assert_eq(&shown(tokens::blob_paths(text)));
    check(b"x/etc/hosts/etc/resolv.conf", expect!["/etc/hosts/etc/resolv.conf /etc/resolv.conf"]);
    check(b"/usr/share/zoneinfo/bad /proc/self /etc//", expect!["/usr/share/zoneinfo/bad"]);
}

#[test]
fn strings_with_slash() {
    let mut found = Vec::new();
    tokens::strings_with_slash(b"ab\0a/b/c\0\0/x\0no\0/end", |string| found.push(string));
    assert_eq!(shown(found), "a/b/c /x /end");
}

#[test]
fn references() {
    let text = b"x/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-a-1/bin/x\"/nix/store/short/nix/store/.links";
    expect![[r#"["00bgd045z0d4icpbc2yyz4gx48ak44la-a-1/bin/x"]"#]]
        .assert_eq(&format!("{:?}", tokens::references(text)));
}

#[track_caller]
fn check_facts(path: &str, bytes: &[u8], expected: Expect) {
    expected.assert_eq(&format!("{:?}", analyse_file(path.as_bytes(), bytes).facts));
}

#[test]
fn scripts_and_configuration() {
    check_facts(
        "usr/bin/x",
        b"#!/bin/sh -e\n# /etc/comment\n. /etc/default/x\ncat /etc/x | grep \"$y\"\n",
        expect![[
            r#"Script(Script { interpreter: ["/bin/sh", "-e"], paths: ["/etc/default/x", "/etc/x"], words: ["cat", "grep"] })"#
        ]],
    );
    check_facts(
        "usr/bin/x",
        b"#!/usr/bin/env -S A=b python3 -u\nopen('/etc/x')\n",
        expect![[
            r#"Script(Script { interpreter: ["/usr/bin/env", "-S", "A=b", "python3", "-u"], paths: ["/etc/x"], words: [] })"#
        ]],
    );
    check_facts(
        "etc/x",
        b"; /etc/no\nload /usr/lib/x.so\nauth pam_unix.so\n",
        expect![[
            r#"Text(Text { paths: ["/usr/lib/x.so"], includes: [], sonames: ["pam_unix.so"] })"#
        ]],
    );
    check_facts(
        "etc/x",
        b"!includedir /etc/y/\nport=/etc/z\n",
        expect![[
            r#"Text(Text { paths: ["/etc/y/", "/etc/z"], includes: ["/etc/y/"], sonames: [] })"#
        ]],
    );
    check_facts("usr/share/x", b"/usr/lib/x", expect!["Nothing"]);
    check_facts("etc/x", b"\0/usr/lib/x", expect!["Nothing"]);
    check_facts("etc/x", b"\x7fELF/usr/lib/x", expect!["Nothing"]);
}

#[test]
fn the_program_of_a_script() {
    let program = |line: &str| {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        shown(text::program(&words))
    };
    assert_eq!(program("/bin/sh"), "sh");
    assert_eq!(program("/usr/bin/env -S A=b python3 -u"), "python3");
    assert_eq!(program("/usr/bin/env"), "");
}

/// This test's own program: an ELF that is there on every machine.
fn own_program() -> Vec<u8> {
    let path = std::env::current_exe().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the analysis itself opens nothing")]
    let bytes = std::fs::read(path).unwrap();
    bytes
}

#[test]
fn a_real_program() {
    let file = analyse_file(b"x", &own_program());
    let Facts::Elf(elf) = &file.facts else { panic!("not an ELF: {:?}", file.facts) };
    assert!(elf.is_program && elf.is_64);
    assert!(elf.needed.iter().any(|name| name == b"libc.so.6"), "{:?}", elf.needed);
    assert!(elf.interpreter.starts_with(b"/lib"), "{:?}", elf.interpreter);
    // Rust's strings have no ends, so paths are found in the middle.
    assert!(elf.paths.is_empty() && !elf.blobs.is_empty());
}

#[test]
fn hostile_bytes_keep_the_promise_of_fuzz() {
    let mut program = own_program();
    program.truncate(300_000);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    for _ in 0..60 {
        let mut bytes = program.clone();
        for _ in 0..8 {
            // The headers are at the beginning; that is where damage does most.
            let at = below(1024) as usize;
            bytes[at] = below(256) as u8;
        }
        bytes.truncate(below(bytes.len() as u64) as usize);
        fuzz(&bytes);
    }
    let entry = analyse_file(b"etc/x", b"/etc/y\n");
    let kind = AnalysedKind::File(Box::new(entry));
    let path = TreePath::parse(b"etc/x").unwrap();
    let analysis =
        Analysis::of(vec![Analysed { path, mode: Mode::of(0o644), uid: 0, gid: 0, kind }]);
    let good = analysis.encode();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << below(8);
        fuzz(&bytes);
        assert_eq!(Analysis::decode(&good[..at]), Err(crate::Damaged));
    }
}
