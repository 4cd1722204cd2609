use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match text.parse::<ContextElement>() {
        Ok(element) => {
            assert_eq!(element.to_string(), text);
            match element {
                ContextElement::Path(path) => format!("path {}", path.name()),
                ContextElement::Output { derivation, output } => {
                    format!("output {output} of {}", derivation.name())
                }
                ContextElement::DrvDeep(path) => format!("all of {}", path.name()),
            }
        }
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn elements() {
    check("00bgd045z0d4icpbc2yyz4gx48ak44la-a", expect!["path a"]);
    check("!out!00bgd045z0d4icpbc2yyz4gx48ak44la-a.drv", expect!["output out of a.drv"]);
    check("=00bgd045z0d4icpbc2yyz4gx48ak44la-a.drv", expect!["all of a.drv"]);
    check("", expect!["string context element should never be an empty string"]);
    check(
        "!out",
        expect!["string context element '!out' beginning with '!' should have a second '!'"],
    );
    check(
        "a!b",
        expect!["string context element 'a!b' not beginning with '!' should not have a '!'"],
    );
    check(
        "!a!b!c",
        expect!["string context element '!a!b!c' names an output of a dynamic derivation"],
    );
    check("!!00bgd045z0d4icpbc2yyz4gx48ak44la-a.drv", expect!["name must not be empty"]);
    check("=x", expect!["'x' is too short to be a valid store path"]);
}
