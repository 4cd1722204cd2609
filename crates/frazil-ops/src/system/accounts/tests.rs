use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::super::specification::{Group, User};
use super::{Accounts, of_name};

/// Users as `NAME:UID:GROUP:EXTRA,...` and groups as `NAME:GID:MEMBER,...`; empty is unset.
#[track_caller]
fn check(users: &[&str], groups: &[&str], expected: Expect) {
    let fields = |text: &str| -> Vec<String> { text.split(':').map(str::to_owned).collect() };
    let list = |text: &str| -> Vec<String> {
        text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let users: BTreeMap<String, User> = users
        .iter()
        .map(|text| {
            let fields = fields(text);
            let user = User {
                uid: fields[1].parse().ok(),
                group: fields[2].clone(),
                extra_groups: list(&fields[3]),
                home: "/home".into(),
                shell: "/bin/sh".into(),
                ..User::default()
            };
            (fields[0].clone(), user)
        })
        .collect();
    let groups: BTreeMap<String, Group> = groups
        .iter()
        .map(|text| {
            let fields = fields(text);
            let group = Group { gid: fields[1].parse().ok(), members: list(&fields[2]) };
            (fields[0].clone(), group)
        })
        .collect();
    let shown = match Accounts::number(&users, &groups) {
        Ok(accounts) => {
            let files = accounts.files(&users, &groups).unwrap();
            [files.passwd, files.group, files.shadow].concat()
        }
        Err(error) => format!("{error}\n{}", error.help()),
    };
    expected.assert_eq(&shown);
}

#[test]
fn numbers_are_declared_or_debians_or_of_the_name() {
    check(
        &["root:0:root:", "www-data::www-data:", "app::app:tty", "_apt::nogroup:"],
        &["root:0:", "www-data::", "app::", "tty::root", "nogroup::"],
        expect![[r#"
            root:x:0:0::/home:/bin/sh
            www-data:x:33:33::/home:/bin/sh
            _apt:x:42:65534::/home:/bin/sh
            app:x:35836:35836::/home:/bin/sh
            root:x:0:
            tty:x:5:app,root
            www-data:x:33:
            app:x:35836:
            nogroup:x:65534:
            root:*:::::::
            www-data:*:::::::
            _apt:*:::::::
            app:*:::::::
        "#]],
    );
}

#[test]
fn no_number_is_shared() {
    check(
        &["a:7:g:", "b:7:g:"],
        &["g:1:"],
        expect![[r#"
            the users `a` and `b` both have the number 7
            give one of them another, as with `users.users.a.uid = 900;`"#]],
    );
    // Two names whose numbers happen to be the same.
    let first = (0..).map(|n| format!("u{n}"));
    let mut seen = BTreeMap::new();
    let (one, other) = first
        .map(|name| (of_name(&name), name))
        .find_map(|(number, name)| seen.insert(number, name.clone()).map(|one| (one, name)))
        .unwrap();
    check(
        &[&format!("{one}::g:"), &format!("{other}::g:")],
        &["g:1:"],
        expect![[r#"
            the users `u144` and `u200` both have the number 51046
            give one of them another, as with `users.users.u144.uid = 900;`"#]],
    );
}

#[test]
fn who_else_is_there_changes_no_number() {
    let number = |names: &[&str]| {
        let user = |name: &&str| {
            let user = User { group: "users".into(), ..User::default() };
            ((*name).to_owned(), user)
        };
        let users = names.iter().map(user).collect();
        let groups = BTreeMap::from([("users".to_owned(), Group::default())]);
        Accounts::number(&users, &groups).unwrap().uids
    };
    let all = number(&["a", "b", "c", "d"]);
    for names in [&["a"][..], &["b", "d"], &["d", "c", "a"]] {
        for (name, uid) in number(names) {
            assert_eq!(all[&name], uid, "{name} among {names:?}");
        }
    }
    let explicit = User { uid: Some(all["a"] + 1), group: "users".into(), ..User::default() };
    let users = BTreeMap::from([("a".to_owned(), explicit)]);
    let groups = BTreeMap::from([("users".to_owned(), Group::default())]);
    assert_eq!(Accounts::number(&users, &groups).unwrap().uids["a"], all["a"] + 1);
}

#[test]
fn groups_must_exist() {
    check(
        &["a::missing:"],
        &[],
        expect![[r#"
            the user `a` names the group `missing`, which does not exist
            declare it: `users.groups.missing = { };`"#]],
    );
}
