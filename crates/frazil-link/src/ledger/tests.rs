use expect_test::expect;

use super::*;
use crate::codec::Damaged;

fn path(text: &str) -> TreePath {
    TreePath::parse(text.as_bytes()).unwrap()
}

fn entry(at: &str, kind: KeptKind) -> Subject {
    let mode = Mode::of(0o755);
    let (inner, was_set_id) = (path(at), at.ends_with("su"));
    Subject::Entry(Kept { path: path(at), unit: 1, inner, kind, mode, was_set_id, uid: 0, gid: 8 })
}

fn file(at: &str, bytes: u64) -> Subject {
    entry(at, KeptKind::File(bytes, Sha256::of(at.as_bytes())))
}

/// Roots to a and b; a to a capability, that to c; a and b to d; c to a link and that to e.
fn ledger() -> Ledger {
    let unit = |name: &str, fate| UnitRecord {
        name: Origin::parse(name).unwrap(),
        package: name.split('_').next().unwrap().into(),
        fate,
        bytes: 5,
    };
    let edge = |from, to, evidence| Edge { from, to, evidence };
    Ledger {
        units: vec![unit("x_1", Fate::NeverOpened), unit("y_2", Fate::Kept)],
        subjects: vec![
            Subject::Roots,
            Subject::Capability("shell".into()),
            file("a", 1),
            file("b/su", 20),
            file("c", 300),
            file("d", 4000),
            entry("e", KeptKind::Symlink(b"f\xff"[..].into())),
            file("f", 50_000),
            entry("g", KeptKind::HardLink(path("f"))),
            entry("h", KeptKind::Directory),
        ],
        edges: vec![
            edge(0, 2, Evidence::Root),
            edge(0, 3, Evidence::Root),
            edge(1, 4, Evidence::Capability),
            edge(2, 1, Evidence::Symbol),
            edge(2, 5, Evidence::Path),
            edge(3, 5, Evidence::Path),
            edge(4, 6, Evidence::Path),
            edge(6, 7, Evidence::Symlink),
            edge(6, 8, Evidence::Directory),
            edge(8, 9, Evidence::Parent),
        ],
        dropped: vec![
            Dropped { path: path("usr/x"), unit: 1, bytes: 7, reason: "not reached".into() },
            Dropped { path: path("usr/y"), unit: 1, bytes: 8, reason: "documentation".into() },
        ],
        hints: vec![Hint { target: path("usr/z"), from: path("a"), mention: "command".into() }],
    }
}

#[test]
fn questions() {
    let ledger = ledger();
    let why = |at: &str| -> String {
        let chain = ledger.why(&path(at));
        chain
            .iter()
            .flat_map(|it| {
                [it.evidence.name().into(), " ".into(), ledger.title(it.to), "; ".into()]
            })
            .collect()
    };
    assert_eq!(
        why("f"),
        "root /a; imported symbol capability shell; capability /c; path /e; symlink /f; "
            .replace("imported symbol", "symbol")
    );
    assert_eq!(why("d"), "root /a; path /d; ");
    assert_eq!(why("nowhere"), "");
    let retained: Vec<String> = ledger
        .retained()
        .iter()
        .map(|it| format!("{} {} {}", ledger.title(it.subject), it.bytes, it.files))
        .collect();
    expect![[r#"
        [
            "capability shell 50300 5",
            "/c 50300 5",
            "/e 50000 4",
            "/d 4000 1",
            "/g 0 2",
        ]
    "#]]
    .assert_debug_eq(&retained);
    assert_eq!(ledger.bytes(), 54_321);
}

#[test]
fn text_and_what_is_made() {
    let mut ledger = ledger();
    let origin = |name: &str| Origin::parse(name).unwrap();
    let mut tree = frazil_tree::Tree::default();
    let root = |mode| frazil_tree::Metadata::of_root(Mode::of(mode));
    let mut put = |at: &str, kind, mode| {
        let leaf = frazil_tree::Leaf { metadata: root(mode), origin: origin("y_2"), kind };
        tree.insert(path(at), leaf).unwrap()
    };
    put("a", frazil_tree::LeafKind::File(frazil_tree::File::inline(b"1")), 0o700);
    let made =
        put("etc/made", frazil_tree::LeafKind::File(frazil_tree::File::inline(b"12")), 0o600);
    tree.link(path("etc/same"), made).unwrap();
    tree.insert_directory(path("tmp"), root(0o1777), origin("new")).unwrap();
    ledger.add_made(&tree);
    assert_eq!(Ledger::decode(&ledger.encode()).as_ref(), Ok(&ledger));
    expect![[r#"
        unit x_1 5 never opened
        unit y_2 5 kept
        unit new 0 kept
        keep /a 1 700 0:0 <- root of roots
        keep /b/su 20 755 0:8, set-id taken <- root of roots
        keep /c 300 755 0:8 <- capability of capability shell
        keep /d 4000 755 0:8 <- path of /a
        keep /e -> f\xff <- path of /c
        keep /etc/made 2 600 0:0 <- made of roots
        keep /etc/same = /etc/made 600 0:0 <- made of roots
        keep /f 50000 755 0:8 <- symlink of /e
        keep /g = /f 755 0:8 <- directory of /e
        keep /h directory 755 0:8 <- parent of /g
        keep /tmp directory 1777 0:0 <- made of roots
        drop /usr/x 7 <- not reached
        drop /usr/y 8 <- documentation
        hint /usr/z <- command of /a
        cost capability shell 50300 in 5 files
        cost /c 50300 in 5 files
        cost /e 50000 in 4 files
        cost /d 4000 in 1 files
        cost /g 0 in 2 files
    "#]]
    .assert_eq(&ledger.to_text());
}

#[test]
fn bytes_and_json() {
    let ledger = ledger();
    assert_eq!(Ledger::decode(&ledger.encode()).as_ref(), Ok(&ledger));
    let json = ledger.to_json();
    let subjects = &json["subjects"];
    expect![[
        r#"{"gid":8,"kind":"symlink","mode":"755","path":"/e","target":"f�","uid":0,"unit":1}"#
    ]]
    .assert_eq(&subjects[6].to_string());
    expect![[r#"{"bytes":20,"gid":8,"kind":"file","mode":"755","path":"/b/su","setIdTaken":true,"uid":0,"unit":1}"#]]
        .assert_eq(&subjects[3].to_string());
    expect![[r#"{"evidence":"symbol","from":2,"to":1}"#]].assert_eq(&json["edges"][3].to_string());
    expect![[r#"{"bytes":5,"fate":"never opened","name":"x_1","package":"x"}"#]]
        .assert_eq(&json["units"][0].to_string());
    expect![[r#"{"bytes":8,"path":"/usr/y","reason":"documentation","unit":1}"#]]
        .assert_eq(&json["dropped"][1].to_string());
}

#[test]
fn changed_bytes_keep_the_promise_of_fuzz() {
    let good = ledger().encode();
    for at in 0..good.len() {
        assert_eq!(Ledger::decode(&good[..at]), Err(Damaged));
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            fuzz(&bytes);
        }
    }
}
