use std::collections::BTreeMap;
use std::io;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::super::accounts::Accounts;
use super::super::specification::{Group, Plan, User};
use super::table;

#[track_caller]
fn check(service: Value, expected: Expect) {
    let user = User { uid: Some(7), group: "web".into(), ..User::default() };
    let users = BTreeMap::from([("app".to_owned(), user)]);
    let group = |gid| Group { gid: Some(gid), members: Vec::new() };
    let groups = BTreeMap::from([("web".to_owned(), group(8)), ("tty".to_owned(), group(5))]);
    let accounts = Accounts::number(&users, &groups).unwrap();
    let services = BTreeMap::from([("app".to_owned(), service)]);
    let plan = Plan {
        init: "frazil".into(),
        programs: Vec::new(),
        shell: None,
        settings: serde_json::Map::new(),
        services,
    };
    let read = |path: &str| match path {
        "/nix/store/good" => Ok("port=${PORT:-80}".to_owned()),
        "/nix/store/own" => Ok("${WHO:-nobody} ${TOKEN} ${PORT:-80}".to_owned()),
        "/nix/store/bad" => Ok("${".to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let shown = match table(&plan, &users, &accounts, &read) {
        Ok((table, undone)) => undone
            .into_iter()
            .chain([table["services"]["app"].to_string()])
            .collect::<Vec<_>>()
            .join("\n"),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn names_become_numbers() {
    check(
        json!({ "exec": ["/a"], "user": "app", "groups": ["tty"] }),
        expect![[r#"{"exec":["/a"],"gid":8,"groups":[5],"uid":7}"#]],
    );
    check(
        json!({ "exec": ["/a"], "user": "app", "group": "tty" }),
        expect![[r#"{"exec":["/a"],"gid":5,"uid":7}"#]],
    );
    check(
        json!({ "user": "nobody" }),
        expect!["the service `app` names the user `nobody`, which does not exist"],
    );
}

#[test]
fn templates_have_the_variables_of_their_service() {
    check(
        json!({
            "exec": ["/a"],
            "env": { "WHO": "me", "TOKEN": [{ "file": "/run/token" }] },
            "paths": [{ "kind": "template", "path": "/run/a", "argument": "/nix/store/own" }],
        }),
        expect![[
            r#"{"env":{"TOKEN":[{"file":"/run/token"}],"WHO":"me"},"exec":["/a"],"files":[{"content":["me"," ",{"file":"/run/token"}," ",{"default":"80","env":"PORT"}],"path":"/run/a"}]}"#
        ]],
    );
}

#[test]
fn rules_become_directories_files_and_links() {
    check(
        json!({ "paths": [
            { "kind": "directory", "path": "/run/a", "mode": "0700", "user": "app" },
            { "kind": "link-anew", "path": "/var/www", "argument": "/srv" },
            { "kind": "remove-after", "path": "/var/www" },
            { "kind": "template", "path": "/run/a/conf", "argument": "/nix/store/good" },
        ] }),
        expect![[r#"
            `/var/www` is not removed when the service `app` has ended
            {"dirs":[{"mode":"0700","path":"/run/a","uid":7}],"files":[{"content":["port=",{"default":"80","env":"PORT"}],"path":"/run/a/conf"}],"links":[{"content":"/srv","path":"/var/www"}]}"#]],
    );
}

#[test]
fn what_cannot_be_done_is_named() {
    let template = |argument: &str| json!({ "paths": [{ "kind": "template", "path": "/x", "argument": argument }] });
    check(template("/nix/store/bad"), expect!["the template of `/x`, for the service `app`"]);
    check(
        template("/nix/store/none"),
        expect!["the template of `/x`, for the service `app`, cannot be read"],
    );
    check(
        json!({ "paths": [{ "kind": "fifo", "path": "/x" }] }),
        expect!["the service `app` wants `/x` made as a `fifo`, which the init cannot do"],
    );
}
