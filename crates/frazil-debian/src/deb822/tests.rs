use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::{FIELDS_MAX, Stanzas, fuzz};
use frazil_testkit::random::Random;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let mut shown = String::new();
    for stanza in Stanzas::new(text.as_bytes()) {
        match stanza {
            Ok(stanza) => {
                write!(shown, "{}:", stanza.line()).unwrap();
                for field in stanza.fields() {
                    write!(shown, " {field:?};").unwrap();
                }
            }
            Err(error) => write!(shown, "{error} | {}", error.help().unwrap_or("-")).unwrap(),
        }
        shown.push('\n');
    }
    expected.assert_eq(shown.trim_end());
}

#[test]
fn stanzas() {
    check("", expect![[""]]);
    check("\n \n\n", expect![[""]]);
    check("A: b", expect!["1: A: b;"]);
    check(
        "A: b\nC:d\n\n\nE: f \n",
        expect![[r#"
            1: A: b; C: d;
            5: E: f;"#]],
    );
    check("A:\n b\n .\n\tc\n", expect!["1: A: \\n b\\n .\\n\\tc;"]);
    check(
        "A: b\n  \nC: d\n",
        expect![[r#"
        1: A: b;
        3: C: d;"#]],
    );
    check("# top\nA: b\n# inside\n c\n# behind\nD: e\n", expect!["2: A: b\\n# inside\\n c; D: e;"]);
    check("A: b\n#x\n#y\n", expect!["1: A: b;"]);
}

#[test]
fn refused() {
    check(
        "A: b\r\n",
        expect![
            "line 1: the line ends with a carriage return | convert the line ends of the file to Unix's"
        ],
    );
    check(
        "A: b\n c\r\n",
        expect![
            "line 2: the line ends with a carriage return | convert the line ends of the file to Unix's"
        ],
    );
    check("A\n", expect!["line 1: no `:` behind the name of a field | -"]);
    check(
        "A: b\n\n c\n",
        expect![[r#"
        1: A: b;
        line 3: an indented line that continues no field | begin the line with the name of a field"#]],
    );
    check(
        "A: b\nC: d\na: e\n",
        expect![
            "line 3: the field `a` is in the stanza already | separate stanzas by an empty line"
        ],
    );
    check("A b: c\n", expect!["line 1: `A b` is not the name of a field | -"]);
    check(": c\n", expect!["line 1: `` is not the name of a field | -"]);
    check("-A: c\n", expect!["line 1: `-A` is not the name of a field | -"]);
    check("\u{e4}: c\n", expect!["line 1: `\\xc3\\xa4` is not the name of a field | -"]);
    let many: Vec<String> = (0..=FIELDS_MAX).map(|number| format!("F{number}: x\n")).collect();
    check(&many.concat(), expect!["line 1025: more than 1024 fields in one stanza | -"]);
}

#[test]
fn values() {
    let text = b"A: one two\n# no\n three\n .\n  four\n";
    let stanza = Stanzas::new(text).next().unwrap().unwrap();
    let field = stanza.field("a").unwrap();
    assert_eq!(&*field.value(), b"one two\n three\n .\n  four");
    let lines: Vec<&[u8]> = field.lines().collect();
    assert_eq!(lines, [b"one two".as_slice(), b"three", b"", b"four"]);
    assert_eq!(field.words().count(), 4);
    assert_eq!(stanza.get("B"), None);
}

#[test]
fn any_bytes() {
    let mut random = Random::seeded();
    for _ in 0..50_000 {
        fuzz(&random.bytes_of(b"AB: \n\t#.\r", 32));
        fuzz(&random.bytes(64));
    }
}
