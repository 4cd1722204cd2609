use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::{Backend, Made};
use crate::plan::{compile, read};
use crate::table::Table;

#[track_caller]
fn check(backend: &str, table: &str, expected: Expect) {
    let plan = compile(&Table::from_json(table.as_bytes()).unwrap()).unwrap();
    let mut shown = String::new();
    for entry in Backend::named(backend).unwrap().files(read(&plan).unwrap(), "/usr/sbin/init") {
        match entry.made {
            Made::Program => writeln!(shown, "{} -> program", entry.path).unwrap(),
            Made::Text(text) if text.is_empty() => {
                writeln!(shown, "{} is empty", entry.path).unwrap();
            }
            Made::Text(text) => writeln!(shown, "{}: {}", entry.path, text.trim_end()).unwrap(),
        }
    }
    expected.assert_eq(&shown);
}

const TWO: &str = r#"{"services":{
    "db":{"exec":["/db"],"ready":{"notify":true},"stop":{"signal":"QUIT","timeout":2.5},"disabled":true},
    "app":{"exec":["/app"],"requires":["db"],"log":"inherit","restart":"on-failure"}}}"#;

#[test]
fn directories_of_runit() {
    check(
        "runit",
        TWO,
        expect![[r#"
        etc/sv/db/run -> program
        etc/sv/db/finish -> program
        etc/sv/db/control/t -> program
        etc/sv/db/log/run -> program
        etc/sv/db/down is empty
        etc/sv/app/run -> program
        etc/sv/app/finish -> program
        etc/sv/app/control/t -> program
    "#]],
    );
}

#[test]
fn directories_of_s6() {
    check(
        "s6",
        TWO,
        expect![[r#"
        etc/s6/sv/db/run -> program
        etc/s6/sv/db/finish -> program
        etc/s6/sv/db/notification-fd: 3
        etc/s6/sv/db/timeout-finish: 0
        etc/s6/sv/db/down-signal: QUIT
        etc/s6/sv/db/timeout-kill: 2500
        etc/s6/sv/db/log/run -> program
        etc/s6/sv/db/down is empty
        etc/s6/sv/app/run -> program
        etc/s6/sv/app/finish -> program
        etc/s6/sv/app/notification-fd: 3
        etc/s6/sv/app/timeout-finish: 0
        etc/s6/sv/app/down-signal: TERM
        etc/s6/sv/app/timeout-kill: 8000
        etc/s6/sv/.s6-svscan/finish -> program
        etc/s6/sv/.s6-svscan/crash -> program
        etc/s6/sv/.s6-svscan/SIGTERM -> program
        etc/s6/sv/.s6-svscan/SIGINT -> program
        etc/s6/sv/.s6-svscan/SIGHUP -> program
        etc/s6/sv/.s6-svscan/SIGQUIT -> program
        etc/s6/sv/.s6-svscan/SIGUSR1 -> program
        etc/s6/sv/.s6-svscan/SIGUSR2 -> program
        etc/s6/sv/.s6-svscan/SIGPWR -> program
        etc/s6/sv/.s6-svscan/SIGWINCH -> program
    "#]],
    );
}

#[test]
fn sources_of_s6_rc() {
    check(
        "s6-rc",
        TWO,
        expect![[r#"
        etc/s6-rc/source/db/type: longrun
        etc/s6-rc/source/db/run -> program
        etc/s6-rc/source/db/finish -> program
        etc/s6-rc/source/db/notification-fd: 3
        etc/s6-rc/source/db/timeout-finish: 0
        etc/s6-rc/source/db/down-signal: QUIT
        etc/s6-rc/source/db/timeout-kill: 2500
        etc/s6-rc/source/db/data/ordered is empty
        etc/s6-rc/source/db/timeout-up: 60000
        etc/s6-rc/source/db/producer-for: db-log
        etc/s6-rc/source/db-log/type: longrun
        etc/s6-rc/source/db-log/run -> program
        etc/s6-rc/source/db-log/consumer-for: db
        etc/s6-rc/source/db-log/data/log-of: db
        etc/s6-rc/source/app/type: longrun
        etc/s6-rc/source/app/run -> program
        etc/s6-rc/source/app/finish -> program
        etc/s6-rc/source/app/notification-fd: 3
        etc/s6-rc/source/app/timeout-finish: 0
        etc/s6-rc/source/app/down-signal: TERM
        etc/s6-rc/source/app/timeout-kill: 8000
        etc/s6-rc/source/app/data/ordered is empty
        etc/s6-rc/source/app/timeout-up: 60000
        etc/s6-rc/source/app/dependencies.d/db is empty
        etc/s6-rc/source/default/type: bundle
        etc/s6-rc/source/default/contents.d/app is empty
    "#]],
    );
}

#[test]
fn descriptions_of_dinit() {
    check(
        "dinit",
        TWO,
        expect![[r#"
        etc/dinit.d/db-log: type = process
        command = /usr/sbin/init logd --one /etc/init.plan db
        consumer-of = db
        etc/dinit.d/db: type = process
        command = /usr/sbin/init launch --ready 3 /etc/init.plan db
        ready-notification = pipefd:3
        smooth-recovery = yes
        restart-delay = 0.200
        restart-limit-interval = 0.000
        restart-limit-count = 0
        term-signal = QUIT
        restart = yes
        start-timeout = 60.000
        stop-timeout = 2.500
        log-type = pipe
        etc/dinit.d/app: type = process
        command = /usr/sbin/init launch /etc/init.plan app
        depends-ms: db
        smooth-recovery = no
        restart-delay = 0.200
        restart-limit-interval = 0.000
        restart-limit-count = 0
        term-signal = TERM
        restart = on-failure
        start-timeout = 60.000
        stop-timeout = 8.000
        log-type = file
        logfile = /proc/1/fd/1
        etc/dinit.d/boot: type = internal
        waits-for: app
    "#]],
    );
}

#[test]
fn other_inits_read_no_files() {
    for name in ["frazil", "tini", "catatonit", "dumb-init", "x"] {
        assert_eq!(Backend::named(name), None);
    }
}
