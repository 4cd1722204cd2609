use super::{around, hash_in};

const SHADOW: &[u8] = b"root:!:::::::\nalice:$y$old:1:2:::::\nal:*::::::\nlast:x";

fn replaced(user: &str, hash: &str) -> Option<String> {
    let (before, after) = around(SHADOW, user.as_bytes())?;
    Some(String::from_utf8([before, hash.as_bytes(), after].concat()).unwrap())
}

#[test]
fn one_field_of_one_line_is_replaced() {
    let check = |user, expected| assert_eq!(replaced(user, "H").as_deref(), expected, "{user}");
    check("root", Some("root:H:::::::\nalice:$y$old:1:2:::::\nal:*::::::\nlast:x"));
    check("alice", Some("root:!:::::::\nalice:H:1:2:::::\nal:*::::::\nlast:x"));
    check("al", Some("root:!:::::::\nalice:$y$old:1:2:::::\nal:H::::::\nlast:x"));
    // A line without an end is none.
    check("last", None);
    check("bob", None);
    check("", None);
}

#[test]
fn only_one_field_is_a_hash() {
    let check = |text: &str, expected: Option<&str>| {
        let found = hash_in(text.as_bytes()).ok();
        assert_eq!(found, expected.map(str::as_bytes), "{text:?}");
    };
    check("$y$j9T$abc./$DEF\n", Some("$y$j9T$abc./$DEF"));
    check("!", Some("!"));
    for wrong in ["", "\n", "a:0:0", "a\nroot::", "a b", "\u{e4}", "a\r\n", &"x".repeat(1023)] {
        check(wrong, None);
    }
}
