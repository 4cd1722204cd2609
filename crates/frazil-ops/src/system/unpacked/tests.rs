use expect_test::{Expect, expect};

use super::Manifest;

#[track_caller]
fn check(line: &str, expected: Expect) {
    let mut manifest = Manifest::default();
    let shown = match manifest.add(line) {
        Some(()) => {
            let metadata = manifest.metadata.iter().map(|(path, metadata)| {
                format!("{path} {:o} {}:{}", metadata.mode.bits(), metadata.uid, metadata.gid)
            });
            let links = manifest.hard_links.iter().map(|(path, to)| format!("{path} = {to}"));
            metadata.chain(links).collect::<Vec<_>>().join("\n")
        }
        None => "no line of a manifest".to_owned(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn lines_of_manifests() {
    check("file 4755 root:root usr/bin/su", expect!["/usr/bin/su 4755 0:0"]);
    check("file 2755 root:shadow usr/sbin/unix_chkpwd", expect!["/usr/sbin/unix_chkpwd 2755 0:42"]);
    check("dir 1777 1000:games tmp", expect!["/tmp 1777 1000:60"]);
    check("dir 700 root:root .", expect!["/ 700 0:0"]);
    check(r"file 600 root:root a\x20b\x5cc", expect![r"/a b\\c 600 0:0"]);
    check("hard 644 root:root b a", expect!["/b = /a"]);
    for wrong in ["", "file", "file x root:root a", "file 644 root a", "file 644 root:root ../a"] {
        check(wrong, expect!["no line of a manifest"]);
    }
}
