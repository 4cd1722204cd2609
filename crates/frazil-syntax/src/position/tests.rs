use super::LineIndex;

#[track_caller]
fn check(source: &str, offset: u32, expected: (u32, u32)) {
    assert_eq!(LineIndex::new(source.as_bytes()).line_column(offset), expected);
}

#[test]
fn all_kinds_of_line_ends() {
    check("", 0, (1, 1));
    check("abc", 2, (1, 3));
    check("a\nb", 1, (1, 2));
    check("a\nb", 2, (2, 1));
    check("a\r\nb", 2, (1, 3));
    check("a\r\nb", 3, (2, 1));
    check("a\rb", 2, (2, 1));
    check("a\n\rb", 3, (3, 1));
    check("a\n", 2, (2, 1));
}
