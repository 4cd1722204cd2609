use std::fmt::Write as _;
use std::num::NonZeroUsize;

use expect_test::{Expect, expect};
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Node, Origin, Tree, TreePath};

use super::{Weight, plan};

/// A tree of files, each given as `UNIT PATH KIBIBYTES`; units that end in `!` are volatile, and
/// digits at the end of a name say how many depend on the unit.
#[track_caller]
fn check(files: &str, layers_max: usize, expected: Expect) {
    let mut tree = Tree::default();
    for line in files.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let [unit, path, size] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let bytes = vec![b'x'; size.parse::<usize>().unwrap() << 10];
        let leaf = Leaf {
            metadata: Metadata::of_root(Mode::of(0o644)),
            origin: Origin::parse(unit).unwrap(),
            kind: LeafKind::File(File::inline(&bytes)),
        };
        tree.insert(TreePath::parse(path.as_bytes()).unwrap(), leaf).unwrap();
    }
    let weigh = |unit: &Origin| {
        let name = unit.as_str();
        let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        Weight { is_volatile: name.ends_with('!'), dependents: digits.parse().unwrap_or(0) }
    };
    let mut shown = String::new();
    for layer in plan(&tree, NonZeroUsize::new(layers_max).unwrap(), weigh) {
        let entries = layer.entries.iter().map(|(path, node)| match node {
            Node::Directory(_) => format!("{path}/"),
            Node::Leaf(..) => path.to_string(),
        });
        let entries = entries.collect::<Vec<_>>().join(" ");
        writeln!(shown, "{:?} {}K: {entries}", layer.units, layer.bytes >> 10).unwrap();
    }
    expected.assert_eq(&shown);
}

#[test]
fn units_have_layers_of_their_own_and_what_changes_comes_last() {
    let files = "
        nginx usr/sbin/nginx 1000
        libc9 usr/lib/libc.so 2000
        zlib2 usr/lib/libz.so 100
        netbase etc/services 10
        media etc/mime.types 60
        conf! etc/nginx.conf 1
    ";
    check(
        files,
        100,
        expect![[r#"
            [libc9] 2000K: /usr/ /usr/lib/ /usr/lib/libc.so
            [zlib2] 100K: /usr/ /usr/lib/ /usr/lib/libz.so
            [nginx] 1000K: /usr/ /usr/sbin/ /usr/sbin/nginx
            [media, netbase] 70K: /etc/ /etc/mime.types /etc/services
            [conf!] 1K: /etc/ /etc/nginx.conf
        "#]],
    );
    check(
        files,
        3,
        expect![[r#"
            [libc9] 2000K: /usr/ /usr/lib/ /usr/lib/libc.so
            [media, netbase, nginx, zlib2] 1170K: /etc/ /etc/mime.types /etc/services /usr/ /usr/lib/ /usr/lib/libz.so /usr/sbin/ /usr/sbin/nginx
            [conf!] 1K: /etc/ /etc/nginx.conf
        "#]],
    );
    check(
        files,
        2,
        expect![[r#"
            [libc9, media, netbase, nginx, zlib2] 3170K: /etc/ /etc/mime.types /etc/services /usr/ /usr/lib/ /usr/lib/libc.so /usr/lib/libz.so /usr/sbin/ /usr/sbin/nginx
            [conf!] 1K: /etc/ /etc/nginx.conf
        "#]],
    );
    check(
        files,
        1,
        expect![[r#"
            [conf!, libc9, media, netbase, nginx, zlib2] 3171K: /etc/ /etc/mime.types /etc/nginx.conf /etc/services /usr/ /usr/lib/ /usr/lib/libc.so /usr/lib/libz.so /usr/sbin/ /usr/sbin/nginx
        "#]],
    );
}

#[test]
fn what_changes_stays_together_until_it_is_large() {
    let files = "
        nginx usr/sbin/nginx 1000
        netbase etc/services 10
        conf! etc/nginx.conf 1
        plan! etc/init.plan 500
        site! srv/films 2000
    ";
    check(
        files,
        100,
        expect![[r#"
            [nginx] 1000K: /usr/ /usr/sbin/ /usr/sbin/nginx
            [site!] 2000K: /srv/ /srv/films
            [netbase] 10K: /etc/ /etc/services
            [conf!, plan!] 501K: /etc/ /etc/init.plan /etc/nginx.conf
        "#]],
    );
    check(
        files,
        2,
        expect![[r#"
            [netbase, nginx] 1010K: /etc/ /etc/services /usr/ /usr/sbin/ /usr/sbin/nginx
            [conf!, plan!, site!] 2501K: /etc/ /etc/init.plan /etc/nginx.conf /srv/ /srv/films
        "#]],
    );
}

#[test]
fn an_empty_tree_has_no_layers() {
    check("", 100, expect![""]);
}

#[test]
fn hard_links_count_once_and_stay_together() {
    let mut tree = Tree::default();
    let path = |text: &str| TreePath::parse(text.as_bytes()).unwrap();
    let leaf = Leaf {
        metadata: Metadata::of_root(Mode::of(0o644)),
        origin: Origin::parse("git").unwrap(),
        kind: LeafKind::File(File::inline(&[7; 1000])),
    };
    let id = tree.insert(path("bin/git"), leaf).unwrap();
    tree.link(path("lib/git-core/git"), id).unwrap();
    let layers = plan(&tree, NonZeroUsize::MIN, |_| Weight::default());
    assert_eq!(layers.len(), 1);
    assert_eq!(layers[0].bytes, 1000);
    assert_eq!(layers[0].entries.len(), 5);
}
