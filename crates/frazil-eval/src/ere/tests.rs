use super::*;

/// Pattern, text and Nix's answer, a line each.
const CASES: &str = include_str!("tests/cases.txt");

fn quote(text: &[u8]) -> String {
    format!("\"{}\"", text.escape_ascii())
}

/// Reads one string as [`quote`] writes it, and what follows.
fn unquote(line: &str) -> (Vec<u8>, &str) {
    let mut text = Vec::new();
    let mut rest = line.strip_prefix('"').expect("a string");
    loop {
        let (first, tail) = rest.split_at(1);
        rest = tail;
        match first {
            "\"" => return (text, rest),
            "\\" => {
                let (kind, tail) = rest.split_at(1);
                rest = tail;
                text.push(match kind {
                    "n" => b'\n',
                    "t" => b'\t',
                    "x" => {
                        let (code, tail) = rest.split_at(2);
                        rest = tail;
                        u8::from_str_radix(code, 16).expect("two hexadecimal digits")
                    }
                    other => other.as_bytes()[0],
                });
            }
            other => text.extend_from_slice(other.as_bytes()),
        }
    }
}

fn show_groups(ere: &Ere, text: &[u8], captures: &Captures) -> String {
    let show = |group| captures.get(group).map_or("null".to_owned(), |at| quote(&text[at]));
    format!("[{}]", (1..=ere.groups()).map(show).collect::<Vec<_>>().join(" "))
}

fn show_split(ere: &Ere, text: &[u8]) -> Result<String, TooComplex> {
    let mut parts = Vec::new();
    let mut matches = ere.matches(text);
    let mut end = 0;
    while let Some(captures) = matches.next()? {
        let whole = captures.get(0).expect("a match has a group 0");
        parts.push(quote(&text[end..whole.start]));
        parts.push(show_groups(ere, text, captures));
        end = whole.end;
    }
    parts.push(quote(&text[end..]));
    Ok(format!("[{}]", parts.join(" ")))
}

fn answer(pattern: &[u8], text: &[u8]) -> String {
    let ere = match Ere::new(pattern) {
        Ok(ere) => ere,
        Err(EreError::Invalid) => return "invalid".to_owned(),
        Err(EreError::TooLarge) => return "too large".to_owned(),
    };
    let mut captures = Captures::default();
    match (ere.full_match(text, &mut captures), show_split(&ere, text)) {
        (Ok(true), Ok(split)) => format!("{} | {split}", show_groups(&ere, text, &captures)),
        (Ok(false), Ok(split)) => format!("null | {split}"),
        (Err(TooComplex), _) | (_, Err(TooComplex)) => "too complex".to_owned(),
    }
}

#[test]
fn answers_as_nix_does() {
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let (pattern, rest) = unquote(line);
        let (text, expected) = unquote(rest.trim_start());
        let shown = answer(&pattern, &text);
        assert_eq!(expected, format!(": {shown}"), "{}", line.escape_debug());
    }
}

#[test]
fn escapes_only_what_is_special() {
    let accepted: Vec<u8> =
        (0..=u8::MAX).filter(|byte| Ere::new(&[b'\\', *byte]).is_ok()).collect();
    assert_eq!(quote(&accepted), r#""$()*+.?[\\^{|""#);
}

#[test]
fn any_byte_but_nul() {
    let ere = Ere::new(b".").expect("a pattern");
    let is_match = |byte: &u8| ere.full_match(&[*byte], &mut Captures::default()) == Ok(true);
    assert_eq!((0..=u8::MAX).filter(is_match).count(), 255);
    assert!(!is_match(&0));
}

#[track_caller]
fn check_long(pattern: &str, unit: &str, times: usize, matches: usize) {
    let text = unit.repeat(times);
    let ere = Ere::new(pattern.as_bytes()).expect("a pattern");
    let mut found = ere.matches(text.as_bytes());
    let mut count = 0;
    while found.next().expect("a bounded search").is_some() {
        count += 1;
    }
    assert_eq!(count, matches, "{pattern}");
}

#[test]
fn backtracking_is_bounded() {
    check_long("(x+x+)+y", "x", 2_000, 0);
    check_long("(a|aa)+b", "a", 2_000, 0);
    check_long("(a|b)*c", "ab", 10_000, 0);
    check_long("a*b", "a", 20_000, 0);
    check_long("a*b|a", "a", 5_000, 5_000);
    check_long("(.*)(.*)(.*)(.*)(.*)x", "a", 500, 0);
    check_long("((a*)*(b*)*)*c", "ab", 200, 0);
    check_long("(a|b|ab)*", "ab", 5_000, 2);
}

#[test]
fn nesting_is_free() {
    let pattern = ["(".repeat(20_000), "a".to_owned(), ")*".repeat(20_000)].concat();
    assert!(Ere::new(pattern.as_bytes()).is_ok());
    assert_eq!(
        Ere::new("|".repeat(40_000).as_bytes()).map(|ere| ere.groups()),
        Err(EreError::TooLarge)
    );
    assert!(Ere::new("|a".repeat(20_000).as_bytes()).is_ok());
}

#[test]
fn hopeless_patterns_are_given_up() {
    let ere = Ere::new(b"()+{0,2}{1,3}{1,3}c*").expect("a pattern");
    let mut matches = ere.matches(b"a-bcccccc");
    assert!(matches.next().is_ok_and(|first| first.is_some()));
    assert_eq!(matches.next().err(), Some(TooComplex));
}

#[test]
fn corpus_holds() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/ere");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        fuzz(&std::fs::read(entry.expect("an entry").path()).expect("a file"));
        count += 1;
    }
    assert!(count > 20);
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let (pattern, rest) = unquote(line);
        fuzz(&[&pattern, b"\n".as_slice(), &unquote(rest.trim_start()).0].concat());
    }
}
