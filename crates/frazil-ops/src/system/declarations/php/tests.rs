use expect_test::expect;

use super::*;

#[test]
fn extensions_are_loaded_by_the_interpreters_that_are_there() {
    let origin = Origin::parse("unit").unwrap();
    let mut tree = Tree::default();
    for at in ["usr/bin/php8.4", "usr/sbin/php-fpm8.3", "usr/lib/php/20240924/ctype.so"] {
        let kind = LeafKind::File(File::inline(b""));
        let metadata = Metadata::of_root(Mode::of(0o644));
        let path = TreePath::parse(at.as_bytes()).unwrap();
        tree.insert(path, Leaf { metadata, origin: origin.clone(), kind }).unwrap();
    }
    let made = Origin::parse("made").unwrap();
    for (file, text) in [
        ("usr/share/php8.4-common/common/ctype.ini", "; priority=15\nextension=ctype.so\n"),
        ("usr/share/php8.4-common/common/gone.ini", "extension=gone.so\n"),
        ("usr/share/php8.4-opcache/opcache/odd.ini", "; priority=../x\nzend_extension = ctype\n"),
        ("usr/share/php8.4-common/common/nothing.ini", "; extension=ctype.so\n"),
    ] {
        enable(file, text, &mut tree, &made);
    }
    let dump = frazil_tree::dump::dump(&tree);
    let lines: Vec<&str> = dump.lines().filter(|line| line.contains(" made ")).collect();
    expect![[r#"
        file 644 0:0 made etc/php/8.4/cli/conf.d/15-ctype.ini = "; priority=15\nextension=ctype.so\n"
        file 644 0:0 made etc/php/8.4/cli/conf.d/20-odd.ini = "; priority=../x\nzend_extension = ctype\n""#]]
    .assert_eq(&lines.join("\n"));
    let directories =
        ["php8.4-common", "php-common", "phpmyadmin", "libphp8.4-embed"].map(directory);
    assert_eq!(directories, [Some("usr/share/php8.4-common/common".to_owned()), None, None, None]);
}
