use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match parse(text) {
        Ok(tree) => dump(&tree),
        Err(err) => format!("{err}\n"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn every_kind() {
    let text = "\
fifo 600 0:33 u run/pipe user.note=x\\x20y user\\x3d=
char 666 0:5 u dev/tty 5:0
block 660 0:6 u dev/sda 8:0
link 0:0 u bin usr/bin
file 755 0:0 dash usr/bin/dash 9 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 bin/dash
file 644 0:0 u etc/hosts = \"a\\tb\\n\\\"\\\\ \\xff\" k=v
hard usr/bin/sh usr/bin/dash
dir 1777 0:0 u .
";
    check(
        text,
        expect![[r#"
        dir 1777 0:0 u .
        link 0:0 u bin usr/bin
        dir 755 0:0 - dev
        block 660 0:6 u dev/sda 8:0
        char 666 0:5 u dev/tty 5:0
        dir 755 0:0 - etc
        file 644 0:0 u etc/hosts = "a\tb\n\"\\ \xff" k=v
        dir 755 0:0 - run
        fifo 600 0:33 u run/pipe user.note=x\x20y user\x3d=
        dir 755 0:0 - usr
        dir 755 0:0 - usr/bin
        file 755 0:0 dash usr/bin/dash 9 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 bin/dash
        hard usr/bin/sh usr/bin/dash
    "#]],
    );
}

#[test]
fn errors_name_the_line() {
    check(
        "dir 755 0:0 - a\nsocket",
        expect![[r#"
        line 2: `socket` is not a kind of entry
    "#]],
    );
    check(
        "",
        expect![[r#"
        dir 755 0:0 - .
    "#]],
    );
    check(
        "file 644",
        expect![[r#"
        line 1: no owner and group
    "#]],
    );
    check(
        "file 99 0:0 u a",
        expect![[r#"
        line 1: `99` is not mode
    "#]],
    );
    check(
        "file 17777 0:0 u a",
        expect![[r#"
        line 1: `17777` is not mode
    "#]],
    );
    check(
        "link 0:0 u ../a b",
        expect![[r#"
        line 1: `..` cannot be the name of a file, in `../a`
    "#]],
    );
    check(
        "hard a b",
        expect![[r#"
        line 1: `/b` is not a leaf above
    "#]],
    );
    check(
        "file 644 0:0 u a = \"x",
        expect![[r#"
        line 1: no quote
    "#]],
    );
    check(
        "file 644 0:0 u a 1 zz a",
        expect![[r#"
        line 1: `zz` is not sha256 in base 16
    "#]],
    );
    check(
        "fifo 644 0:0 u a\\q",
        expect![[r#"
        line 1: `a\q` is not an escaped byte
    "#]],
    );
    check(
        "file 644 0:0 u a = \"1\"\nfile 644 0:0 v a = \"2\"",
        expect![[r#"
        line 2: `/a` is in `u` and in `v`, with different contents
    "#]],
    );
}

/// A generator of numbers (xorshift), the same on each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn changed_texts_keep_the_promise_of_fuzz() {
    let seeds = [
        "fifo 600 0:33 u run/pipe user.note=x\\x20y\nchar 666 0:5 u dev/tty 5:0\n",
        "file 755 0:0 d usr/b/dash 9 - bin/dash\nhard usr/b/sh usr/b/dash\nlink 0:0 u bin usr/bin\n",
        "file 644 0:0 u etc/h = \"a\\tb\\n\\\"\\\\ \\xff\" k=v\ndir 1777 0:0 u .\n",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..5_000 {
        let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len() as u64) as usize;
            let alphabet = b" \n\\x=\"/.0u:-";
            match random.below(3) {
                0 => bytes[at] = alphabet[random.below(alphabet.len() as u64) as usize],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, alphabet[random.below(alphabet.len() as u64) as usize]),
            }
        }
        fuzz(&bytes);
    }
}
