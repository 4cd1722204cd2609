use expect_test::expect;

use super::*;

#[test]
fn accounts_of_packages() {
    let mut wanted = Wanted::default();
    let text = "# comment\n\
        u redis - \"Redis, the server\" /var/lib/redis\n\
        u! www 33:web - - /bin/sh\n\
        u one 7:8\n\
        g render 105\n\
        m redis render\n\
        r - 500-900\n\
        u bad /etc/passwd\n\
        u away - - %h\n\
        q what\n\
        u 9lives\n";
    wanted.read("usr/lib/sysusers.d/x.conf", text);
    wanted.read("usr/lib/sysusers.d/y.conf", "u redis 5 other /\n");
    let users = wanted.users.iter().map(|(name, it)| {
        format!("{name} {:?} {} {} {} {}\n", it.uid, it.group, it.description, it.home, it.shell)
    });
    let groups = wanted
        .groups
        .iter()
        .map(|(name, it)| format!("group {name} {:?} {}\n", it.gid, it.members.join(",")));
    let problems = wanted.problems.iter().map(|it| format!("{it}\n"));
    let shown: String = users.chain(groups).chain(problems).collect();
    expect![[r#"
        one Some(7) one  / /usr/sbin/nologin
        redis None redis Redis, the server /var/lib/redis /usr/sbin/nologin
        www Some(33) web  / /bin/sh
        group one Some(8) 
        group redis None 
        group render Some(105) redis
        group web None 
        /usr/lib/sysusers.d/x.conf, line 8: `/etc/passwd` is no number; it may be taken from a file, which is not done
        /usr/lib/sysusers.d/x.conf, line 9: the home directory depends on the machine
        /usr/lib/sysusers.d/x.conf, line 10: there is no kind `q` of accounts
        /usr/lib/sysusers.d/x.conf, line 11: it names no account that could exist
    "#]].assert_eq(&shown);
}
