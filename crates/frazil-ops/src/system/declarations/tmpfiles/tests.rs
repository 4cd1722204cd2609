use std::collections::{BTreeMap, BTreeSet};

use expect_test::{Expect, expect};
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Origin, Tree, TreePath};

use super::*;
use crate::system::accounts::Accounts;
use crate::system::specification::{Group, User};

fn path(text: &str) -> TreePath {
    TreePath::parse(text.as_bytes()).unwrap()
}

/// Applies a file to a small system; shows what lies there then, and problems.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let user = User { uid: Some(70), group: "db".into(), ..User::default() };
    let users = BTreeMap::from([("db".to_owned(), user)]);
    let groups = BTreeMap::from([("db".to_owned(), Group { gid: Some(71), ..Group::default() })]);
    let accounts = Accounts::number(&users, &groups).unwrap();
    let origin = Origin::parse("unit").unwrap();
    let mut tree = Tree::default();
    let metadata = Metadata::of_root(Mode::of(0o644));
    for at in ["etc/own", "usr/share/factory/etc/c/x", "usr/share/y"] {
        let kind = LeafKind::File(File::inline(b"1"));
        let leaf = Leaf { metadata: metadata.clone(), origin: origin.clone(), kind };
        tree.insert(path(at), leaf).unwrap();
    }
    let declared = BTreeSet::from([path("etc/own")]);
    let (rules, mut problems) = read("usr/lib/tmpfiles.d/x.conf", text);
    let made = Origin::parse("made").unwrap();
    problems.extend(apply(&rules, &mut tree, &accounts, &declared, &made));
    let dump = frazil_tree::dump::dump(&tree);
    let lines = dump.lines().filter(|line| line.contains(" made ") || line.contains("70:"));
    let mut shown: Vec<String> = lines.map(str::to_owned).collect();
    shown.extend(problems.iter().map(ToString::to_string));
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn what_is_made() {
    check(
        "# nothing\n\
         d /run/db 2775 db db 10d -\n\
         D! /var/lib/new - - - -\n\
         d \"/srv/a b\" 0700\n\
         f /etc/f 0600 db - - some text\\n\n\
         f+ /usr/share/y - - - - other\n\
         f /etc/own - - - - other\n\
         L /etc/l - - - - ../x\n\
         C /etc/c - - - -\n\
         C /etc/c2 - - - - /usr/share/y\n\
         p+ /run/p 0600 - - -\n\
         d %S/%%x\n",
        expect![[r#"
            dir 755 0:0 made etc/c
            file 644 0:0 made etc/c2 = "other"
            file 600 70:0 made etc/f = "some text\n"
            link 0:0 made etc/l ../x
            dir 2775 70:71 made run/db
            fifo 600 0:0 made run/p
            dir 700 0:0 made srv/a\x20b
            file 644 0:0 made usr/share/y = "other"
            dir 755 0:0 made var/lib/%x
            dir 755 0:0 made var/lib/new"#]],
    );
}

#[test]
fn what_is_adjusted() {
    check(
        "z /usr/share/y 0640 db db\n\
         Z /usr/share/factory 0750 db -\n\
         z /etc/own 0600 db db\n\
         z /nowhere/* 0600 db db\n",
        expect![[r#"
            dir 750 70:0 - usr/share/factory
            dir 750 70:0 - usr/share/factory/etc
            dir 750 70:0 - usr/share/factory/etc/c
            file 640 70:0 unit usr/share/factory/etc/c/x = "1"
            file 640 70:71 unit usr/share/y = "1""#]],
    );
}

#[test]
fn what_is_not_done_is_said() {
    check(
        "\n\
         r /var/lock/x\n\
         x /tmp/keep\n\
         w /sys/x - - - - 1\n\
         a+ /var/log - - - - g:adm:r\n\
         c /dev/x 0600 - - - 1:2\n\
         d /home/%u\n\
         d relative\n\
         C /etc/d - - - - /gone\n\
         d /run/other - nobody-knows\n\
         f^ /etc/secret - - - - x\n\
         d /var/*/x\n\
         ?\n",
        expect![[r#"
            /usr/lib/tmpfiles.d/x.conf, line 2: `/var/lock/x` is not removed when the system starts
            /usr/lib/tmpfiles.d/x.conf, line 4: `/sys/x` is not written to when the system starts
            /usr/lib/tmpfiles.d/x.conf, line 5: `/var/log` gets no attributes or access lists
            /usr/lib/tmpfiles.d/x.conf, line 6: the device `/dev/x` is not made
            /usr/lib/tmpfiles.d/x.conf, line 7: the path depends on the machine
            /usr/lib/tmpfiles.d/x.conf, line 8: the path depends on the machine
            /usr/lib/tmpfiles.d/x.conf, line 11: `f^` wants something encoded or secret
            /usr/lib/tmpfiles.d/x.conf, line 12: `/var/*/x` is a pattern, which nothing can be made of
            /usr/lib/tmpfiles.d/x.conf, line 13: it names no path
            /usr/lib/tmpfiles.d/x.conf, line 9: `/gone` is not in the system, so `/etc/d` is no copy of it
            /usr/lib/tmpfiles.d/x.conf, line 10: `/run/other` belongs to the user `nobody-knows`, who does not exist"#]],
    );
}
