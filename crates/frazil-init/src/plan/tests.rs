use expect_test::{Expect, expect};

use super::{Kind, PlanError, Restart, compile, crc::crc32c, read};
use crate::plan::Field;
use crate::table::Table;

/// A table in which every field of every kind is used.
const EVERYTHING: &str = r#"{
    "mode": "vm", "stop_deadline": 12.5, "stop_signal": "RTMIN+3", "control": "/run/c", "log": "prefix",
    "setup": [
        {"mount": {"source": "tmpfs", "target": "/data", "type": "tmpfs", "options": ["nosuid", "size=1m"]}},
        {"module": {"path": "/lib/m.ko.xz"}}, {"sysctl": {"key": "net.ipv4.ip_forward", "value": "1"}},
        {"hostname": "h"}, {"link-up": "lo"}, {"address": {"link": "eth0", "address": "192.0.2.1/24"}},
        {"default-route": {"link": "eth0", "gateway": "192.0.2.254"}}, {"run": ["/bin/true"]},
        {"fsck": ["/sbin/fsck", "-p"]}, {"swap": "/dev/sdb"}, {"random-seed": "/var/seed"}],
    "services": {
        "db": {"exec": ["/db", ["--name=", {"env": "N", "default": "d"}, {"file": "/s"}]],
            "ready": {"tcp": "127.0.0.1:5432"}, "uid": 5, "groups": [7, 8], "caps": {"ambient": ["chown"]},
            "limits": {"nofile": 10, "core": {"soft": 0, "hard": "unlimited"}}, "signals": {"USR1": "HUP"},
            "dirs": [{"path": "/d"}], "files": [{"path": "/f", "content": "c"}], "log": {"file": {"path": "/l"}},
            "before_start": [["/a", "1"], ["/b"]], "after_stop": ["/c"], "stop": {"exec": ["/e"]}},
        "web": {"exec": ["/web"], "requires": ["db"], "wants": ["job"], "env": {"A": "b"},
            "env_files": ["?/e"], "health": {"http": {"port": 80}, "retries": 2, "action": "stop-all"}},
        "job": {"type": "task", "exec": ["/job"], "after": ["db"], "success_codes": [3]}
    }
}"#;

fn plan_of(table: &str) -> Vec<u8> {
    compile(&Table::from_json(table.as_bytes()).unwrap()).unwrap()
}

#[test]
fn keeps_what_was_declared() {
    let bytes = plan_of(EVERYTHING);
    let plan = read(&bytes).unwrap();
    let names: Vec<&str> =
        plan.services().map(|service| service.name().to_str().unwrap()).collect();
    assert_eq!(names, ["db", "job", "web"]);
    let (db, job, web) = (plan.service(0), plan.service(1), plan.service(2));
    assert_eq!(plan.stop_deadline(), 12_500);
    let ends: Vec<u32> = (0..=64).filter(|signal| plan.ends_on(*signal)).collect();
    assert_eq!(ends, [2, 15, 30, 37]);
    assert_eq!(web.requires().collect::<Vec<_>>(), [0]);
    assert_eq!(web.wants().collect::<Vec<_>>(), [1]);
    assert_eq!(db.dependents().collect::<Vec<_>>(), [1, 2]);
    assert_eq!((job.kind(), job.restart()), (Kind::Task, Restart::Never));
    assert_eq!(db.texts(Field::Command).len(), 2);
    let parts: Vec<&[u8]> =
        db.texts(Field::Command).nth(1).unwrap().parts().map(|part| part.text.to_bytes()).collect();
    assert_eq!(parts, [&b"--name="[..], b"N", b"/s"]);
    assert_eq!(db.limits().collect::<Vec<_>>(), [(4, 0, u64::MAX), (7, 10, 10)]);
    assert_eq!(db.signals().collect::<Vec<_>>(), [(10, 1)]);
    assert_eq!(db.ready().host(), [127, 0, 0, 1]);
    assert_eq!((web.health().number(), web.health().retries()), (80, 2));
    assert_eq!(
        db.commands(Field::BeforeStart).map(|command| command.len()).collect::<Vec<_>>(),
        [2, 1]
    );
    assert_eq!(plan.steps().len(), 11);
    assert_eq!(plan.steps().next().unwrap().text(3), c"size=1m");
    assert_eq!(plan.steps().nth(5).unwrap().host(), [192, 0, 2, 1]);
}

#[test]
fn compiles_to_the_same_bytes() {
    assert_eq!(plan_of(EVERYTHING), plan_of(EVERYTHING));
}

#[test]
fn fingerprints_tell_declarations_apart() {
    let fingerprint = |table: &str, name: &str| {
        let bytes = plan_of(table);
        let plan = read(&bytes).unwrap();
        plan.service(plan.find(name.as_bytes()).unwrap()).fingerprint()
    };
    let before = fingerprint(EVERYTHING, "db");
    for (from, to) in [
        (r#""/d"}"#, r#""/d","mode":"700"}"#),
        ("\"uid\": 5", "\"uid\": 6"),
        ("[7, 8]", "[7, 9]"),
        ("5432", "5433"),
        ("\"/a\", \"1\"", "\"/a\", \"2\""),
        ("\"chown\"", "\"fowner\""),
        ("\"HUP\"", "\"QUIT\""),
        ("\"nofile\": 10", "\"nofile\": 11"),
        ("\"/l\"", "\"/m\""),
        ("\"/e\"]}", "\"/e2\"]}"),
        ("\"default\": \"d\"", "\"default\": \"e\""),
    ] {
        let changed = EVERYTHING.replacen(from, to, 1);
        assert_ne!(changed, EVERYTHING, "{from}");
        assert_ne!(fingerprint(&changed, "db"), before, "{from} -> {to}");
    }
    // Another service is not its business, nor is who depends on it.
    for (from, to) in [
        ("\"/web\"", "\"/web2\""),
        ("\"requires\": [\"db\"], ", ""),
        ("\"job\": {", "\"a\": {\"exec\": [\"/a\"]}, \"job\": {"),
    ] {
        let changed = EVERYTHING.replacen(from, to, 1);
        assert_ne!(changed, EVERYTHING, "{from}");
        assert_eq!(fingerprint(&changed, "db"), before, "{from} -> {to}");
    }
}

#[test]
fn a_damaged_plan_is_refused() {
    let good = plan_of(EVERYTHING);
    for at in 0..good.len() {
        for change in [1, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= change;
            assert!(read(&bad).is_err(), "byte {at} ^ {change}");
        }
    }
    for len in 0..good.len() {
        assert!(read(&good[..len]).is_err(), "cut to {len}");
    }
    assert_eq!(read(b"").err(), Some(PlanError::NotAPlan));
}

/// Looks at everything in a plan, as the applets do.
fn visit(plan: super::Plan<'_>) -> usize {
    let mut seen =
        plan.control().count_bytes() + plan.steps().map(|step| step.command().len()).sum::<usize>();
    for service in plan.services().take(64) {
        seen += service.name().count_bytes();
        seen += service.requires().chain(service.wants()).chain(service.after()).sum::<usize>();
        for text in service.texts(Field::Command).take(64) {
            seen += text.parts().take(64).map(|part| part.text.count_bytes()).sum::<usize>();
        }
        for (name, value) in service.environment().take(64) {
            seen += name.count_bytes() + value.parts().take(64).count();
        }
        for node in service.nodes().take(64) {
            seen += node.path().count_bytes() + node.content().parts().take(64).count();
        }
        seen += service.limits().take(64).count() + service.signals().take(64).count();
        seen += service.ready().path().count_bytes() + service.health().command().len().min(64);
    }
    seen
}

/// Damage that the checksum does not find, because it was made anew, is refused by the checks, or
/// harmless: nothing panics, nothing is out of bounds.
#[test]
fn a_forged_plan_is_refused_or_harmless() {
    let good = plan_of(EVERYTHING);
    let mut random = 0x1234_5678_9abc_def0_u64;
    let mut refused = 0;
    for _ in 0..15_000 {
        let mut bad = good.clone();
        for _ in 0..=random % 3 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let at = (random >> 33) as usize % bad.len();
            bad[at] = [0, 1, 0x7f, 0xff, (random >> 20) as u8][(random >> 11) as usize % 5];
        }
        let sum = crc32c(&bad[12..]);
        bad[8..12].copy_from_slice(&sum.to_le_bytes());
        match read(&bad) {
            Err(_) => refused += 1,
            Ok(plan) => drop(std::hint::black_box(visit(plan))),
        }
        // Unchecked, too: the launcher relies on PID 1's check.
        std::hint::black_box(visit(super::Plan::trust(&bad)));
    }
    assert!(refused > 5_000, "only {refused} were refused");
}

#[track_caller]
fn check_error(table: &str, expected: Expect) {
    let error = compile(&Table::from_json(table.as_bytes()).unwrap()).unwrap_err();
    expected.assert_eq(&format!("{error} | {}", error.help().unwrap_or("-")));
}

#[test]
fn says_what_is_wrong() {
    let one = |fields: &str| format!(r#"{{"services":{{"s":{{"exec":["/s"]{fields}}}}}}}"#);
    check_error(
        r#"{"services":{"a":{"exec":["/a"],"requires":["b"]},"b":{"exec":["/b"],"after":["c"]},"c":{"exec":["/c"],"wants":["a"]}}}"#,
        expect![
            "these services wait for each other: a -> b -> c -> a | take one of the services out of `requires`, `wants` or `after`"
        ],
    );
    check_error(
        r#"{"services":{"a":{"exec":["/a"],"requires":["b"]}}}"#,
        expect![
            "the service `a` refers to `b`, which is not in the table | declare it, or take the reference away"
        ],
    );
    check_error(
        r#"{"services":{"a b":{"exec":["/a"]}}}"#,
        expect![
            "`a b` cannot be the name of a service | a name has up to 64 letters, digits and . _ - @"
        ],
    );
    check_error(
        r#"{"services":{"s":{"exec":["nginx"]}}}"#,
        expect![
            "`exec` of the service `s`: `nginx` is not an absolute path | PID 1 has no search path; name the program by its absolute path"
        ],
    );
    check_error(
        &one(r#","umask":"9""#),
        expect!["`umask` of the service `s`: `9` is not an octal number up to 7777 | -"],
    );
    check_error(
        &one(r#","stop":{"signal":"NOPE"}"#),
        expect!["`stop.signal` of the service `s`: `NOPE` is not known | -"],
    );
    check_error(
        &one(r#","ready":{}"#),
        expect![
            "`ready` of the service `s`: exactly one of fd, notify, tcp, unix, file, http, exec must be given | -"
        ],
    );
    check_error(
        &one(r#","ready":{"fd":2}"#),
        expect!["`ready` of the service `s`: 2 is out of range | -"],
    );
    check_error(
        &one(r#","health":{"notify":true}"#),
        expect![
            "`health` of the service `s`: `notify` tells readiness once; it cannot check health | -"
        ],
    );
    check_error(
        &one(r#","env":{"A":"b\u0000"}"#),
        expect!["`env` of the service `s`: it holds a zero byte | -"],
    );
    check_error(
        &one(r#","limits":{"nofiles":1}"#),
        expect!["`limits` of the service `s`: `nofiles` is not known | -"],
    );
    check_error(
        r#"{"stop_signal":"CHLD","services":{}}"#,
        expect!["`stop_signal`: PID 1 cannot act on the signal `CHLD` | -"],
    );
    check_error(
        r#"{"control":"/a\u0000","services":{}}"#,
        expect!["`control`: it holds a zero byte | -"],
    );
    check_error(
        r#"{"services":{"s":{"exec":[]}}}"#,
        expect!["`exec` of the service `s`: it is empty | -"],
    );
}

#[test]
fn checksum() {
    // The check value of CRC-32C's definition.
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}
