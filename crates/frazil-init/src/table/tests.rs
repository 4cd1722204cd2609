use expect_test::{Expect, expect};

use super::Table;

#[track_caller]
fn check(table: &str, expected: Expect) {
    let shown = match Table::from_json(table.as_bytes()) {
        Ok(table) => format!("{} services", table.services.len()),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn reads_tables() {
    check(r#"{"services":{}}"#, expect!["0 services"]);
    check(r#"{"services":{"a":{"exec":["/a"]}}}"#, expect!["1 services"]);
}

#[test]
fn names_the_service_that_is_not_valid() {
    check(
        "[",
        expect!["the table of services is not valid: EOF while parsing a list at line 1 column 1"],
    );
    check("{}", expect!["the table of services is not valid: missing field `services`"]);
    check(
        r#"{"services":{"a":{"exec":["/a"],"restrat":"never"}}}"#,
        expect![
            "the service `a` is not valid: unknown field `restrat`, expected one of `type`, `exec`, `env`, `env_files`, `pass_env`, `cwd`, `uid`, `gid`, `groups`, `umask`, `limits`, `nice`, `oom_score_adj`, `caps`, `no_new_privs`, `stdin`, `tty`, `unless`, `before_start`, `after_stop`, `dirs`, `files`, `links`, `requires`, `wants`, `after`, `bind`, `ready`, `start_timeout`, `restart`, `success_codes`, `backoff`, `burst`, `critical`, `stop`, `signals`, `health`, `log`, `disabled`"
        ],
    );
    check(
        r#"{"services":{"a":{}}}"#,
        expect!["the service `a` is not valid: missing field `exec`"],
    );
    check(
        r#"{"services":{"a":{"exec":["/a"],"start_timeout":-1}}}"#,
        expect!["the service `a` is not valid: a time must be from 0 to 2000000 seconds"],
    );
}

/// No bytes make the reader panic.
#[test]
fn any_bytes_are_a_table_or_an_error() {
    let good = br#"{"services":{"a":{"exec":["/a",["x",{"env":"N"}]],"ready":{"tcp":"1.2.3.4:5"},"limits":{"core":1}}}}"#;
    for at in 0..good.len() {
        for byte in [b'"', b'{', b'9', 0, 0xff] {
            let mut bad = good.to_vec();
            bad[at] = byte;
            if let Ok(table) = Table::from_json(&bad) {
                // What can be read can be compiled, or is refused with a reason.
                if let Err(error) = crate::plan::compile(&table) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
}
