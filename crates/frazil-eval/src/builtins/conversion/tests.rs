use expect_test::{Expect, expect};

use crate::Options;
use crate::heap::HeapOptions;
use crate::print::{self, XmlForm};
use crate::testing::{World, eval, eval_in, show_in};

#[track_caller]
fn check(expression: &str, expected: Expect) {
    expected.assert_eq(&eval(expression));
}

#[test]
fn reads_json() {
    check(
        r#"builtins.fromJSON ''{"b":[1,-2.5,null,true,"x\n"],"a":{}}''"#,
        expect![[r#"{ a = { }; b = [ 1 -2.5 null true "x\n" ]; }"#]],
    );
    check(r#"builtins.fromJSON ''{"b":1,"a":2,"b":3,"a":4}''"#, expect!["{ a = 4; b = 3; }"]);
    check(r#"builtins.fromJSON ''[[],[[]],{"a":[]}]''"#, expect!["[ [ ] [ [ ] ] { a = [ ]; } ]"]);
    check(
        r#"builtins.fromJSON "[1,""#,
        expect![
            "error: [json.exception.parse_error.101] parse error at line 1, column 4: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal"
        ],
    );
    check(
        "builtins.typeOf (builtins.fromJSON (builtins.concatStringsSep \"\" (builtins.genList (x: \"[\") 100000 ++ builtins.genList (x: \"]\") 100000)))",
        expect![[r#""list""#]],
    );
}

#[test]
fn writes_json() {
    check(
        "builtins.toJSON { b = [ 1 1.0 null ]; a = \"\\\"\"; c.outPath = \"o\"; d.__toString = self: \"s\"; }",
        expect![[r#""{\"a\":\"\\\"\",\"b\":[1,1.0,null],\"c\":\"o\",\"d\":\"s\"}""#]],
    );
    check("builtins.toJSON { f = x: x; }", expect!["error: cannot convert a function to JSON"]);
    check(
        "builtins.toJSON [ (builtins.add 1) ]",
        expect!["error: cannot convert the partially applied built-in function 'add' to JSON"],
    );
    check(
        "let x = [ x ]; in builtins.toJSON x",
        expect!["error: stack overflow (possible infinite recursion)"],
    );
    check(
        "builtins.hasContext (builtins.toJSON [ (builtins.toFile \"n\" \"\") ])",
        expect!["true"],
    );
}

#[test]
fn reads_toml() {
    check(
        "fromTOML \"a = 1\\nb.c = [ 1.5, 'x', true ]\\n[[t]]\\nd = {e = 0x1f}\"",
        expect![[r#"{ a = 1; b = { c = [ 1.5 "x" true ]; }; t = [ { d = { e = 31; }; } ]; }"#]],
    );
    check(
        "fromTOML \"a = [ { b = 1,\\n c = 2 } ]\"",
        expect!["error: while parsing TOML: an inline table ends on its line, without a comma"],
    );
    check(
        "fromTOML \"a = { b = 1, }\"",
        expect!["error: while parsing TOML: an inline table ends on its line, without a comma"],
    );
    check(
        "fromTOML \"a = { b = [ 1, # {\\n 2,\\n ], c = '''\\nx''' }\"",
        expect![[r#"{ a = { b = [ 1 2 ]; c = "x"; }; }"#]],
    );
    check(
        "fromTOML \"a = '\\n'\"",
        expect!["error: while parsing TOML: line 2: key with no value, expected `=`"],
    );
    check(
        "fromTOML \"a = \\\"\\\\u0000\\\"\"",
        expect![
            "error: while parsing TOML: error: input string '␀' cannot be represented as Nix string because it contains null bytes"
        ],
    );
    check(
        "fromTOML \"a = 07:32:00\"",
        expect!["error: while parsing TOML: Dates and times are not supported"],
    );
    check(
        "fromTOML \"a = ${builtins.concatStringsSep \"\" (builtins.genList (x: \"[\") 1000)}\"",
        expect![
            "error: while parsing TOML: line 1: cannot recurse further; max recursion depth met"
        ],
    );
    let options = Options { features: vec!["parse-toml-timestamps".into()], ..Options::default() };
    let shown = eval_in(&mut World::default(), options, "fromTOML \"a = 1979-05-27T07:32:00Z\"");
    expect![[r#"{ a = { _type = "timestamp"; value = "1979-05-27T07:32:00Z"; }; }"#]]
        .assert_eq(&shown);
}

#[track_caller]
fn check_xml(strict: bool, expression: &str, expected: Expect) {
    let form = XmlForm { strict, location: true };
    let shown = show_in(
        &mut World::default(),
        HeapOptions::default(),
        Options::default(),
        expression,
        |ev, program| {
            let value = ev.evaluate(program)?;
            print::xml(ev, value, form)
        },
    );
    expected.assert_eq(&shown);
}

#[test]
fn writes_xml() {
    check_xml(
        true,
        "{ a = [ 1 (x: y: x) ]; b = (x: y: x) 1; c = args@{ z, a ? 2, ... }: z; }",
        expect![[r#"
        <?xml version='1.0' encoding='utf-8'?>
        <expr>
          <attrs>
            <attr column="3" line="1" name="a">
              <list>
                <int value="1" />
                <function column="12" line="1">
                  <varpat name="x" />
                </function>
              </list>
            </attr>
            <attr column="24" line="1" name="b">
              <function column="32" line="1">
                <varpat name="y" />
              </function>
            </attr>
            <attr column="41" line="1" name="c">
              <function column="45" line="1">
                <attrspat ellipsis="1" name="args">
                  <attr name="a" />
                  <attr name="z" />
                </attrspat>
              </function>
            </attr>
          </attrs>
        </expr>
    "#]],
    );
}

#[test]
fn writes_xml_of_what_is_known() {
    check_xml(
        false,
        "{ a = map (x: x) [ 1 ]; b = \"<\"; }",
        expect![[r#"
        <?xml version='1.0' encoding='utf-8'?>
        <expr>
          <attrs>
            <attr column="3" line="1" name="a">
              <unevaluated />
            </attr>
            <attr column="25" line="1" name="b">
              <string value="&lt;" />
            </attr>
          </attrs>
        </expr>
    "#]],
    );
    check_xml(
        true,
        "let d = { type = \"derivation\"; drvPath = \"/d\"; }; in [ d d ]",
        expect![[r#"
        <?xml version='1.0' encoding='utf-8'?>
        <expr>
          <list>
            <derivation drvPath="/d">
              <attr column="32" line="1" name="drvPath">
                <string value="/d" />
              </attr>
              <attr column="11" line="1" name="type">
                <string value="derivation" />
              </attr>
            </derivation>
            <derivation drvPath="/d">
              <repeated />
            </derivation>
          </list>
        </expr>
    "#]],
    );
}
