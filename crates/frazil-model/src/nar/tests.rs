use std::collections::BTreeMap;
use std::io::BufReader;

use expect_test::{Expect, expect};

use super::*;
use crate::hash::{Hash, HashFormat};
use frazil_testkit::random::Random;

/// The tree below, written by Nix.
const TREE: &[u8] = include_bytes!("../../corpus/nar/tree.nar");
/// The executable file alone, written by Nix.
const EXECUTABLE: &[u8] = include_bytes!("../../corpus/nar/executable.nar");

fn file(executable: bool, contents: &[u8]) -> NarNode {
    NarNode::File { executable, contents: contents.into() }
}

fn directory<const N: usize>(entries: [(&str, NarNode); N]) -> NarNode {
    let name = |name: &str| FileName::new(name.as_bytes()).unwrap();
    let entries = entries.into_iter().map(|(entry, node)| (name(entry), node)).collect();
    NarNode::Directory { entries }
}

fn tree() -> NarNode {
    directory([
        ("empty", file(false, b"")),
        ("f", file(true, b"data")),
        ("l", NarNode::Symlink { target: b"f".into() }),
        ("sub", directory([("é", file(false, b"xxxxxxxxx"))])),
        ("void", directory([])),
    ])
}

#[test]
fn writes_and_reads_as_nix_does() {
    assert_eq!(tree().to_nar().unwrap(), TREE);
    assert_eq!(NarNode::parse(TREE).unwrap(), tree());
    assert_eq!(file(true, b"data").to_nar().unwrap(), EXECUTABLE);
    assert_eq!(NarNode::parse(EXECUTABLE).unwrap(), file(true, b"data"));
    let digest = tree().digest().unwrap();
    let hash = Hash::from(digest.hash).format(HashFormat::Sri);
    assert_eq!(
        (hash.as_str(), digest.size),
        ("sha256-yJQocQdk630PHIGOvhAV8Uuv1qtMyZ3SiaqeXcVdNcg=", TREE.len() as u64)
    );
}

#[test]
fn decoded_events_encode_to_the_same_bytes() {
    // A small buffer cuts the contents in pieces.
    for capacity in [1, 7, 64, 4096] {
        let mut input = BufReader::with_capacity(capacity, TREE);
        let mut decoder = Decoder::new(&mut input);
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out).unwrap();
        while let Some(event) = decoder.next_event().unwrap() {
            encoder.put(event).unwrap();
        }
        encoder.finish().unwrap();
        assert_eq!(out, TREE);
    }
}

#[test]
fn nothing_is_read_behind_the_end() {
    let mut input: &[u8] = &[EXECUTABLE, b"more"].concat();
    assert_eq!(NarNode::read(&mut input, 4).unwrap(), file(true, b"data"));
    assert_eq!(input, b"more");
    let err = NarNode::parse(&[EXECUTABLE, b"more"].concat()).unwrap_err();
    assert_eq!(err.to_string(), "the archive has more data behind its end");
}

#[test]
fn contents_are_limited() {
    let mut input: &[u8] = TREE;
    let err = NarNode::read(&mut input, 12).unwrap_err();
    assert_eq!(err.to_string(), "the archive's files have more than 12 bytes");
    let mut input: &[u8] = TREE;
    assert_eq!(NarNode::read(&mut input, 13).unwrap(), tree());
}

/// The strings of an archive, with lengths and padding.
fn nar(words: &[&[u8]]) -> Vec<u8> {
    let mut nar = Vec::new();
    for word in words {
        nar.extend((word.len() as u64).to_le_bytes());
        nar.extend_from_slice(word);
        nar.resize(nar.len().next_multiple_of(8), 0);
    }
    nar
}

#[track_caller]
fn check(nar: &[u8], expected: Expect) {
    let shown = match NarNode::parse(nar) {
        Ok(tree) => format!("{tree:?}"),
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[track_caller]
fn check_words(words: &str, expected: Expect) {
    let mut all: Vec<&[u8]> = vec![b"nix-archive-1"];
    all.extend(words.split_whitespace().map(|word| match word {
        "EMPTY" => b"".as_slice(),
        _ => word.as_bytes(),
    }));
    check(&nar(&all), expected);
}

#[test]
fn wrong_syntax() {
    check(b"", expect!["bad archive: unexpected end"]);
    check(&nar(&[b"nix-archive-2"]), expect!["bad archive: input doesn't look like a Nix archive"]);
    check(b"<!DOCTYPE html><html>", expect!["bad archive: input doesn't look like a Nix archive"]);
    check_words("x", expect!["bad archive: expected tag '(', got 'x'"]);
    check_words(
        "( type socket )",
        expect!["bad archive: expected tag 'regular', 'directory' or 'symlink', got 'socket'"],
    );
    check_words("( type regular )", expect!["bad archive: expected tag 'contents', got ')'"]);
    check_words(
        "( type regular executable x contents x )",
        expect!["bad archive: executable marker has non-empty value"],
    );
    check_words("( type regular contents x x", expect!["bad archive: expected tag ')', got 'x'"]);
    check_words(
        "( type regular contents x ) )",
        expect!["the archive has more data behind its end"],
    );
    check_words("( type symlink target EMPTY )", expect!["bad archive: invalid symlink target ''"]);
    check_words("( type directory x", expect!["bad archive: expected tag 'entry' or ')', got 'x'"]);
    check_words("( type directory )", expect!["Directory { entries: {} }"]);
    check_words(
        "( type directory entry ( name a node ( type directory ) ) )",
        expect!["Directory { entries: {a: Directory { entries: {} }} }"],
    );
    check_words(
        "( type directory entry ( name a node ( type directory ) )",
        expect!["bad archive: unexpected end"],
    );
}

#[test]
fn wrong_names() {
    let named = |name: &[u8]| {
        let node: [&[u8]; 6] = [b"node", b"(", b"type", b"directory", b")", b")"];
        let head: [&[u8]; 7] =
            [b"nix-archive-1", b"(", b"type", b"directory", b"entry", b"(", b"name"];
        nar(&[head.as_slice(), &[name], &node, &[b")"]].concat())
    };
    check(&named(b"..a"), expect!["Directory { entries: {..a: Directory { entries: {} }} }"]);
    check(&named(b""), expect!["bad archive: NAR contains invalid file name ''"]);
    check(&named(b"."), expect!["bad archive: NAR contains invalid file name '.'"]);
    check(&named(b".."), expect!["bad archive: NAR contains invalid file name '..'"]);
    check(&named(b"a/b"), expect!["bad archive: NAR contains invalid file name 'a/b'"]);
    check(&named(b"a\0b"), expect![[r"bad archive: NAR contains invalid file name 'a\x00b'"]]);
    check(
        &named(&[b'a'; 256]),
        expect!["bad archive: a string of 256 bytes, where at most 255 may stand"],
    );
}

#[test]
fn wrong_order() {
    let two = |first: &str, second: &str| {
        let entry = |name| format!("entry ( name {name} node ( type symlink target x ) )");
        format!("( type directory {} {} )", entry(first), entry(second))
    };
    check_words(
        &two("a", "b"),
        expect![
            "Directory { entries: {a: Symlink { target: [120] }, b: Symlink { target: [120] }} }"
        ],
    );
    check_words(&two("b", "a"), expect!["bad archive: NAR directory is not sorted at 'a'"]);
    check_words(&two("a", "a"), expect!["bad archive: NAR directory is not sorted at 'a'"]);
    // Names that differ in case only are two names.
    check_words(
        &two("A", "a"),
        expect![
            "Directory { entries: {A: Symlink { target: [120] }, a: Symlink { target: [120] }} }"
        ],
    );
}

#[test]
fn padding_must_be_zero() {
    let mut bad = EXECUTABLE.to_vec();
    let at = bad.windows(4).position(|bytes| bytes == b"data").unwrap() + 4;
    bad[at] = 1;
    check(&bad, expect!["bad archive: non-zero padding"]);
}

#[test]
fn announced_sizes_are_not_believed() {
    let head = nar(&[b"nix-archive-1", b"(", b"type", b"regular", b"contents"]);
    for size in [u64::MAX, u64::MAX / 2, 1 << 40] {
        let mut input: &[u8] = &[&*head, &size.to_le_bytes(), b"abc"].concat();
        let err = NarNode::read(&mut input, u64::MAX).unwrap_err();
        assert_eq!(err.to_string(), "bad archive: unexpected end");
    }
    let endless = [nar(&[b"nix-archive-1"]), u64::MAX.to_le_bytes().to_vec()].concat();
    check(
        &endless,
        expect!["bad archive: a string of 18446744073709551615 bytes, where at most 16 may stand"],
    );
}

/// A directory in a directory, this many of them.
fn nested(depth: usize) -> Vec<u8> {
    let mut words: Vec<&[u8]> = vec![b"nix-archive-1"];
    for _ in 1..depth {
        words.extend([
            b"(".as_slice(),
            b"type",
            b"directory",
            b"entry",
            b"(",
            b"name",
            b"d",
            b"node",
        ]);
    }
    words.extend([b"(".as_slice(), b"type", b"directory", b")"]);
    for _ in 1..depth {
        words.extend([b")".as_slice(), b")"]);
    }
    nar(&words)
}

#[test]
fn depth_is_limited() {
    fuzz(&nested(1));
    let deepest = nested(NAR_DEPTH_MAX);
    assert_eq!(NarNode::parse(&deepest).unwrap().to_nar().unwrap(), deepest);
    check(&nested(NAR_DEPTH_MAX + 1), expect!["bad archive: directories nest more than 1024 deep"]);
    let inside = NarNode::parse(&deepest).unwrap();
    let err = directory([("d", inside)]).to_nar().unwrap_err();
    assert_eq!(err.to_string(), "directories nest more than 1024 deep");
}

#[track_caller]
fn check_events(events: &[Event<'_>], expected: Expect) {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out).unwrap();
    let shown = match events.iter().try_for_each(|event| encoder.put(*event)) {
        Ok(()) => match encoder.finish() {
            Ok(()) => "complete".to_owned(),
            Err(err) => err.to_string(),
        },
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn events_must_make_a_tree() {
    let (a, b) = (FileName::new(*b"a").unwrap(), FileName::new(*b"b").unwrap());
    let (entry_a, entry_b) = (Event::Entry { name: &a }, Event::Entry { name: &b });
    let file = |size| Event::File { executable: false, size };
    let contents = Event::Contents { bytes: b"abc" };
    let link = Event::Symlink { target: b"x" };
    check_events(&[], expect!["expected a file, directory or symlink, got the end of the archive"]);
    check_events(&[file(3), contents], expect!["complete"]);
    check_events(&[file(6), contents, contents], expect!["complete"]);
    check_events(&[file(0)], expect!["complete"]);
    check_events(&[file(0), contents], expect!["expected the end of the archive, got contents"]);
    check_events(
        &[file(4), contents],
        expect!["expected contents of the file, got the end of the archive"],
    );
    check_events(
        &[file(2), contents],
        expect!["the file is longer than the 2 bytes announced for it"],
    );
    check_events(
        &[Event::Directory, link],
        expect!["expected an entry or the end of the directory, got a symlink"],
    );
    check_events(
        &[Event::Directory, entry_a, Event::EndDirectory],
        expect!["expected a file, directory or symlink, got the end of a directory"],
    );
    check_events(
        &[Event::Directory, entry_b, link, entry_a],
        expect!["entry 'a' is not in order, or is there twice"],
    );
    check_events(&[Event::Directory, entry_a, link, Event::EndDirectory], expect!["complete"]);
    check_events(
        &[Event::Directory, entry_a, link],
        expect!["expected an entry or the end of the directory, got the end of the archive"],
    );
    check_events(&[link, link], expect!["expected the end of the archive, got a symlink"]);
    check_events(
        &[Event::Symlink { target: b"a\0b" }],
        expect![[r"invalid symlink target 'a\x00b'"]],
    );
}

#[test]
fn corpus_of_the_fuzzer() {
    for text in [TREE, EXECUTABLE] {
        for end in 0..=text.len() {
            fuzz(&text[..end]);
        }
        for at in 0..text.len() {
            for byte in [0, 1, b'.', b'/', b')', 0xff] {
                let mut changed = text.to_vec();
                changed[at] = byte;
                fuzz(&changed);
            }
        }
    }
}

#[test]
fn random_trees_survive() {
    let mut random = Random::seeded();
    for _ in 0..200 {
        let tree = random_tree(&mut random, 4);
        assert_eq!(NarNode::parse(&tree.to_nar().unwrap()).unwrap(), tree);
    }
}

fn random_tree(random: &mut Random, depth: u64) -> NarNode {
    match random.below(if depth == 0 { 2 } else { 4 }) {
        0 => NarNode::File { executable: random.below(2) == 0, contents: random.bytes(40) },
        1 => {
            let mut target = random.bytes(20);
            target.retain(|byte| *byte != 0);
            target.push(b'x');
            NarNode::Symlink { target }
        }
        _ => {
            let mut entries = BTreeMap::new();
            for _ in 0..random.below(5) {
                let node = random_tree(random, depth - 1);
                if let Ok(name) = FileName::new(random.bytes(12)) {
                    entries.insert(name, node);
                }
            }
            NarNode::Directory { entries }
        }
    }
}
