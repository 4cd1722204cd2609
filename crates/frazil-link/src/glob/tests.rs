use super::*;

#[track_caller]
fn check(pattern: &str, yes: &[&str], no: &[&str]) {
    for text in yes {
        assert!(is_match(pattern.as_bytes(), text.as_bytes()), "{pattern} should match {text}");
    }
    for text in no {
        assert!(
            !is_match(pattern.as_bytes(), text.as_bytes()),
            "{pattern} should not match {text}"
        );
    }
}

#[test]
fn patterns() {
    check("a", &["a"], &["", "b", "aa"]);
    check("a*c", &["ac", "abc", "abcc"], &["a/c", "ab", "acd"]);
    check("usr/**", &["usr/", "usr/a/b"], &["usr", "usx/a"]);
    check("**/*.h", &["a/b.h", "a/b/c.h", "/.h"], &["b.h", "a/b.hh"]);
    check("**/x/**/y", &["a/x/b/y", "a/b/x/x/y/y"], &["x/y", "a/x/y"]);
    check("lib/*/a?", &["lib/x/ab"], &["lib/x/y/ab", "lib/x/a/"]);
    check("python3.[0-9]*", &["python3.13"], &["python3.x"]);
    check("[a-c_]", &["b", "_"], &["d", "-"]);
    check("[", &["["], &["]"]);
    check("*a*b*", &["xaxbx", "ab"], &["ba"]);
    check("**a/*b", &["x/ya/zb"], &["x/ya/z/b"]);
}

#[test]
fn many_stars_take_no_time() {
    let pattern = b"*a".repeat(200);
    let text = vec![b'a'; 5000];
    assert!(is_match(&pattern, &text));
    assert!(!is_match(&[pattern, vec![b'b']].concat(), &text));
}
