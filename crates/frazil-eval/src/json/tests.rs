use super::*;
use expect_test::{Expect, expect};

const PREFIX: &str = "[json.exception.parse_error.101] parse error at ";

/// The events of a document in one line, and the error that ends them.
fn events(text: &[u8]) -> String {
    let mut reader = Reader::new(text);
    let mut shown = Vec::new();
    loop {
        shown.push(match reader.next() {
            Ok(None) => return shown.join(" "),
            Ok(Some(Event::String(text))) => format!("\"{}\"", text.escape_ascii()),
            Ok(Some(Event::Key(text))) => format!("\"{}\":", text.escape_ascii()),
            Ok(Some(event)) => format!("{event:?}"),
            Err(error) => {
                shown.push(error.to_string().replace(PREFIX, "error at "));
                return shown.join(" ");
            }
        });
    }
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&events(text.as_bytes()));
}

#[test]
fn reads() {
    check("null", expect!["Null"]);
    check(
        "[-0, 1.0, 1e2, -0.0, 1E5, 0.1e-3]",
        expect![
            "ListStart Int(0) Float(1.0) Float(100.0) Float(-0.0) Float(100000.0) Float(0.0001) ListEnd"
        ],
    );
    check(
        "{\"a\":{},\"b\":[],\"a\":[{\"\":1}]}",
        expect![[
            r#"ObjectStart "a": ObjectStart ObjectEnd "b": ListStart ListEnd "a": ListStart ObjectStart "": Int(1) ObjectEnd ListEnd ObjectEnd"#
        ]],
    );
    check("\u{feff}1", expect!["Int(1)"]);
    check(" [\n true ,\tfalse ]\r\n", expect!["ListStart Bool(true) Bool(false) ListEnd"]);
    check("9223372036854775807", expect!["Int(9223372036854775807)"]);
    check("-9223372036854775808", expect!["Int(-9223372036854775808)"]);
    check("-9223372036854775809", expect!["Float(-9.223372036854776e18)"]);
    check("18446744073709551616", expect!["Float(1.8446744073709552e19)"]);
    check("1e-400", expect!["Float(0.0)"]);
    check(
        "\"\\ud83d\\ude00\\u00e9\\b\\f\\n\\r\\t\\/\\\\\\\"\"",
        expect![[r#""\xf0\x9f\x98\x80\xc3\xa9\x08\x0c\n\r\t/\\\"""#]],
    );
    check("\"é😀 plain\"", expect![[r#""\xc3\xa9\xf0\x9f\x98\x80 plain""#]]);
}

/// Texts and what Nix says about them, without [`PREFIX`].
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("", "line 1, column 1: attempting to parse an empty input; check that your input string or stream contains the expected JSON"),
    (" ", "line 1, column 2: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal"),
    ("\n", "line 2, column 1: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal"),
    ("x", "line 1, column 1: syntax error while parsing value - invalid literal; last read: 'x'"),
    ("[1, x]", "line 1, column 5: syntax error while parsing value - invalid literal; last read: '1, x'"),
    ("[1,]", "line 1, column 4: syntax error while parsing value - unexpected ']'; expected '[', '{', or a literal"),
    ("{\"a\":1,}", "line 1, column 8: syntax error while parsing object key - unexpected '}'; expected string literal"),
    ("{a:1}", "line 1, column 2: syntax error while parsing object key - invalid literal; last read: '{a'; expected string literal"),
    ("{\"a\" 1}", "line 1, column 6: syntax error while parsing object separator - unexpected number literal; expected ':'"),
    ("{\"a\":}", "line 1, column 6: syntax error while parsing value - unexpected '}'; expected '[', '{', or a literal"),
    ("[1 2]", "line 1, column 4: syntax error while parsing array - unexpected number literal; expected ']'"),
    ("{\"a\":1 \"b\"}", "line 1, column 10: syntax error while parsing object - unexpected string literal; expected '}'"),
    ("1 2", "line 1, column 3: syntax error while parsing value - unexpected number literal; expected end of input"),
    ("tru", "line 1, column 4: syntax error while parsing value - invalid literal; last read: 'tru'"),
    ("\"abc", "line 1, column 5: syntax error while parsing value - invalid string: missing closing quote; last read: '\"abc'"),
    ("\"a\tb\"", "line 1, column 3: syntax error while parsing value - invalid string: control character U+0009 (HT) must be escaped to \\u0009 or \\t; last read: '\"a<U+0009>'"),
    ("\"\\q\"", "line 1, column 3: syntax error while parsing value - invalid string: forbidden character after backslash; last read: '\"\\q'"),
    ("\"\\u12\"", "line 1, column 6: syntax error while parsing value - invalid string: '\\u' must be followed by 4 hex digits; last read: '\"\\u12\"'"),
    ("\"\\ud800\"", "line 1, column 8: syntax error while parsing value - invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF; last read: '\"\\ud800\"'"),
    ("\"\\udc00\"", "line 1, column 7: syntax error while parsing value - invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF; last read: '\"\\udc00'"),
    ("-", "line 1, column 2: syntax error while parsing value - invalid number; expected digit after '-'; last read: '-'"),
    ("1.", "line 1, column 3: syntax error while parsing value - invalid number; expected digit after '.'; last read: '1.'"),
    ("1e", "line 1, column 3: syntax error while parsing value - invalid number; expected '+', '-', or digit after exponent; last read: '1e'"),
    ("1e+", "line 1, column 4: syntax error while parsing value - invalid number; expected digit after exponent sign; last read: '1e+'"),
    ("01", "line 1, column 2: syntax error while parsing value - unexpected number literal; expected end of input"),
    ("[", "line 1, column 2: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal"),
    ("]", "line 1, column 1: syntax error while parsing value - unexpected ']'; expected '[', '{', or a literal"),
    ("-x", "line 1, column 2: syntax error while parsing value - invalid number; expected digit after '-'; last read: '-x'"),
    ("1e999", "[json.exception.out_of_range.406] number overflow parsing '1e999'"),
    ("18446744073709551615", "unsigned json number 18446744073709551615 outside of Nix integer range"),
    ("\"\\u0000\"", "input string '␀' cannot be represented as Nix string because it contains null bytes"),
    ("{\"\\u0000\":1}", "input string '␀' cannot be represented as Nix string because it contains null bytes"),
    ("\n\n [1,\n  }", "line 4, column 3: syntax error while parsing value - unexpected '}'; expected '[', '{', or a literal"),
    ("[1,2", "line 1, column 5: syntax error while parsing array - unexpected end of input; expected ']'"),
    ("{\"a\":1", "line 1, column 7: syntax error while parsing object - unexpected end of input; expected '}'"),
    ("nul", "line 1, column 4: syntax error while parsing value - invalid literal; last read: 'nul'"),
    ("[nulx]", "line 1, column 5: syntax error while parsing value - invalid literal; last read: '[nulx'"),
    ("\"é\\n", "line 1, column 6: syntax error while parsing value - invalid string: missing closing quote; last read: '\"é\\n'"),
    ("\"\\ud83d\\u0041\"", "line 1, column 13: syntax error while parsing value - invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF; last read: '\"\\ud83d\\u0041'"),
    ("\"\\ud83dx\"", "line 1, column 8: syntax error while parsing value - invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF; last read: '\"\\ud83dx'"),
    ("[\u{1}]", "line 1, column 2: syntax error while parsing value - invalid literal; last read: '[<U+0001>'"),
    ("1\u{7f}", "line 1, column 2: syntax error while parsing value - invalid literal; last read: '1\u{7f}'; expected end of input"),
];

#[test]
fn refuses_in_the_same_words() {
    for (text, expected) in REFUSED {
        let mut reader = Reader::new(text.as_bytes());
        let error = loop {
            match reader.next() {
                Ok(event) => assert!(event.is_some(), "{text} was accepted"),
                Err(error) => break error.to_string(),
            }
        };
        assert_eq!(error.strip_prefix(PREFIX).unwrap_or(&error), *expected, "{text}");
    }
}

#[test]
fn says_which_exception() {
    let error = Reader::new(b"x").next().expect_err("not a document").to_string();
    assert!(error.starts_with(PREFIX), "{error}");
}

#[track_caller]
fn check_bytes(text: &[u8], expected: Expect) {
    expected.assert_eq(&events(text));
}

#[test]
fn refuses_what_is_not_utf8() {
    check_bytes(
        b"\"\xff\"",
        expect![[
            r#"error at line 1, column 2: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; last read: '"�'"#
        ]],
    );
    check_bytes(
        b"\"ab\xe2\x82\"",
        expect![[
            r#"error at line 1, column 6: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; last read: '"ab�"'"#
        ]],
    );
    check_bytes(
        b"\"\xed\xa0\x80\"",
        expect![[
            r#"error at line 1, column 3: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; last read: '"��'"#
        ]],
    );
    check_bytes(
        b"\"\xf4\x90\x80\x80\"",
        expect![[
            r#"error at line 1, column 3: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; last read: '"��'"#
        ]],
    );
    check_bytes(
        b"\"\xc0\xaf\"",
        expect![[
            r#"error at line 1, column 2: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; last read: '"�'"#
        ]],
    );
    check_bytes(
        b"\"\\n\xc3",
        expect![[
            r#"error at line 1, column 5: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; last read: '"\n�'"#
        ]],
    );
    check_bytes(
        b"\xef\xbb1",
        expect![
            "error at line 1, column 3: syntax error while parsing value - invalid BOM; must be 0xEF 0xBB 0xBF if given; last read: '�1'"
        ],
    );
}

#[test]
fn nests_without_limit() {
    let depth = 1_000_000;
    let text = ["[".repeat(depth), "]".repeat(depth)].concat();
    let mut reader = Reader::new(text.as_bytes());
    let mut count = 0;
    while reader.next().expect("a document").is_some() {
        count += 1;
    }
    assert_eq!(count, 2 * depth);
}

#[track_caller]
fn check_write(text: &[u8], expected: Expect) {
    let mut out = Vec::new();
    let shown = match write_string(text, &mut out) {
        Ok(()) => String::from_utf8(out).expect("the output is UTF-8"),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn writes_strings() {
    check_write(b"", expect![[r#""""#]]);
    check_write("plain é 😀 /'\u{7f}".as_bytes(), expect![[r#""plain é 😀 /'""#]]);
    check_write(b"\"\\\x08\x0c\n\r\t\x01\x1f", expect![[r#""\"\\\b\f\n\r\t\u0001\u001f""#]]);
    check_write(
        b"\xff",
        expect!["[json.exception.type_error.316] invalid UTF-8 byte at index 0: 0xFF"],
    );
    check_write(
        b"ab\xe2\x82",
        expect!["[json.exception.type_error.316] incomplete UTF-8 string; last byte: 0x82"],
    );
    check_write(
        b"ab\xe2\x28",
        expect!["[json.exception.type_error.316] invalid UTF-8 byte at index 3: 0x28"],
    );
    check_write(
        b"a\xe2\"",
        expect!["[json.exception.type_error.316] invalid UTF-8 byte at index 2: 0x22"],
    );
    check_write(
        b"\"\"\"\xf4\x90\x80\x80",
        expect!["[json.exception.type_error.316] invalid UTF-8 byte at index 4: 0x90"],
    );
}

#[test]
fn finds_the_end_at_any_offset() {
    for special in [b'"', b'\\', 0x00, 0x1f] {
        for at in 0..40 {
            let mut text = vec![b'x'; 40];
            text[at] = special;
            assert_eq!(string::plain_length(&text), (at, true), "{special} at {at}");
            text[39] = special;
            text[at] = 0x80;
            assert_eq!(string::plain_length(&text).0, if at == 39 { 40 } else { 39 });
        }
    }
}

#[test]
fn corpus_holds() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/json");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        fuzz(&std::fs::read(entry.expect("an entry").path()).expect("a file"));
        count += 1;
    }
    assert!(count > 15);
}
