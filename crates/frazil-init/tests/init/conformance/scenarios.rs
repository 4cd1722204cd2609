//! What is declared, and what must be seen then.

use std::time::{Duration, Instant};

use super::{Cell, Run};

/// A row of the table.
pub(crate) struct Scenario {
    /// What holds.
    pub(crate) what: &'static str,
    /// The inits that cannot.
    refused: &'static [&'static str],
    pub(crate) table: &'static str,
    pub(crate) check: fn(&mut Run),
}

impl Scenario {
    pub(crate) fn cell(&self, init: &str) -> Cell {
        if self.refused.contains(&init) { Cell::Refused } else { Cell::Holds }
    }
}

/// Those that run one process.
const ONE: &[&str] = &["dumb-init", "tini", "catatonit"];
const ALL_BUT_OURS: &[&str] = &["runit", "s6", "dumb-init", "tini", "catatonit"];
/// Those that have nobody to ask by a command.
const NO_COMMAND: &[&str] = &["s6", "dumb-init", "tini", "catatonit"];
const ONLY_TERM: &[&str] = &["tini", "catatonit"];

fn stops(run: &mut Run) {
    assert_eq!(run.system.stop(), run.good_end(), "{}: {:?}", run.init, run.system.seen);
}

fn position(run: &Run, wanted: &str) -> usize {
    let found = run.system.seen.iter().position(|line| line.contains(wanted));
    found.unwrap_or_else(|| panic!("{}: no `{wanted}` in {:?}", run.init, run.system.seen))
}

/// Waits for a line that may have come before.
fn await_line(run: &mut Run, wanted: &str) {
    if count(run, wanted) == 0 {
        run.system.expect(wanted);
    }
}

/// The number of lines that are this, or have it after the name of a service.
fn count(run: &Run, wanted: &str) -> usize {
    run.system.seen.iter().filter(|line| *line == wanted).count()
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        what: "a service runs with its arguments; TERM ends the system in order",
        refused: &[],
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","echo \"up $1\"; exec sleep 1000","sh","a b"],"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("up a b");
            stops(run);
        },
    },
    Scenario {
        what: "`env`, `env_files`, texts from files and variables, `cwd`, `umask`, `limits`, `nice`",
        refused: &[],
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","echo $A $B $C $(pwd) $(umask) $(ulimit -n) $(nice); exec sleep 1000"],
            "env":{"A":"one","C":["<",{"file":"/proc/sys/kernel/ostype"},{"env":"FROM_OUTSIDE"},">"]},
            "env_files":["?/run/none","/etc/variables"],"cwd":"/run","umask":"027","limits":{"nofile":50},"nice":5,"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("one two <Linuxoutside> /run 0027 50 5");
            stops(run);
        },
    },
    Scenario {
        what: "`before_start`, `dirs`, `files`, `links`",
        refused: &[],
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","cat /run/x/link; ls -ld /run/x | cut -c1-10; exec sleep 1000"],
            "dirs":[{"path":"/run/x","mode":"0750"}],"files":[{"path":"/run/x/file","content":"made\n"}],
            "links":[{"path":"/run/x/link","content":"/run/x/file"}],
            "before_start":[["/bin/echo","before"]],"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("before");
            run.system.expect("made");
            run.system.expect("drwxr-x---");
            stops(run);
        },
    },
    Scenario {
        what: "`caps`, `no_new_privs`",
        refused: &[],
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","grep -E 'CapBnd|NoNewPrivs' /proc/self/status; exec sleep 1000"],
            "caps":{"bounding":["chown"]},"no_new_privs":true,"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("CapBnd:\t0000000000000001");
            run.system.expect("NoNewPrivs:\t1");
            stops(run);
        },
    },
    Scenario {
        what: "`critical`: its exit code is that of the system",
        refused: &[],
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","exit 42"],"critical":true,"log":"inherit"}}}"#,
        check: |run| assert_eq!(run.system.wait(), 42, "{}", run.init),
    },
    Scenario {
        what: "`critical`, ended by a signal: 128 and its number",
        refused: &[],
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","kill -KILL $$"],"critical":true,"log":"inherit"}}}"#,
        check: |run| assert_eq!(run.system.wait(), 137, "{}", run.init),
    },
    Scenario {
        what: "a `critical` program that is missing: 127",
        refused: &[],
        table: r#"{"services":{"s":{"exec":["/bin/none"],"critical":true,"log":"inherit"}}}"#,
        check: |run| assert_eq!(run.system.wait(), 127, "{}", run.init),
    },
    Scenario {
        what: "orphans of services are reaped",
        refused: &[],
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","(sh -c 'exit 0' & ); (sh -c 'exit 0' & ); echo made; exec sleep 1000"],"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("made");
            let end = Instant::now() + crate::system::PATIENCE;
            while crate::system::zombies(run.system.pid) > 0 {
                assert!(Instant::now() < end, "{}", run.init);
            }
            stops(run);
        },
    },
    Scenario {
        what: "`stop.signal`",
        refused: ONLY_TERM,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","trap 'echo quits; exit 0' QUIT; echo up; while :; do sleep 0.02; done"],
            "stop":{"signal":"QUIT"},"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("up");
            if run.init == "dumb-init" {
                // Its option for that, which the module adds, is `--rewrite 15:3`.
                run.system.signal("QUIT");
            } else {
                run.system.signal("TERM");
            }
            assert_eq!(run.system.wait(), 0, "{}", run.init);
            position(run, "quits");
        },
    },
    Scenario {
        what: "`stop_signal`, that of the image, ends the system",
        refused: &[],
        table: r#"{"stop_signal":"QUIT","services":{"s":{"exec":["/bin/sh","-c","trap 'echo quits; exit 0' QUIT; echo up; while :; do sleep 0.02; done"],
            "stop":{"signal":"QUIT"},"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("up");
            run.system.signal("QUIT");
            assert_eq!(run.system.wait(), 0, "{}", run.init);
            position(run, "quits");
        },
    },
    Scenario {
        what: "several services, each line with its name before it",
        refused: ONE,
        table: r#"{"services":{"a":{"exec":["/bin/sh","-c","echo one; exec sleep 1000"]},"b":{"exec":["/bin/sh","-c","echo two >&2; exec sleep 1000"]}},"log":"prefix"}"#,
        check: |run| {
            await_line(run, "a | one");
            await_line(run, "b | two");
            stops(run);
        },
    },
    Scenario {
        what: "`log`: `json`, `file` with rotation, `null`",
        refused: ONE,
        table: r#"{"services":{
            "f":{"type":"oneshot","exec":["/bin/sh","-c","for i in 1 2 3 4; do seq 1 1000; sleep 0.1; done; echo all"],"log":{"file":{"path":"@DIR@/log","size":4096,"keep":2}}},
            "n":{"exec":["/bin/sh","-c","echo nothing; exec sleep 1000"],"log":"null"},
            "j":{"exec":["/bin/sh","-c","echo done; exec sleep 1000"],"log":"json","requires":["f"]}}}"#,
        check: |run| {
            let line = run.system.expect("\"msg\":\"done\"");
            assert!(line.contains("\"svc\":\"j\""), "{line}");
            let read =
                |name: &str| std::fs::read_to_string(run.system.path(name)).unwrap_or_default();
            let end = Instant::now() + crate::system::PATIENCE;
            while !read("log").contains("all") || read("log.1").is_empty() {
                assert!(Instant::now() < end, "{}: {}", run.init, read("log"));
            }
            stops(run);
            assert_eq!(count(run, "nothing"), 0);
        },
    },
    Scenario {
        what: "`restart` `always`: what ends comes back",
        refused: ONE,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","echo run; exit 0"],"log":"inherit"},"x":{"exec":["/bin/sleep","1000"]}}}"#,
        check: |run| {
            for _ in 0..3 {
                run.system.expect("run");
            }
            stops(run);
        },
    },
    Scenario {
        what: "`restart` `on-failure`: what ends well stays down",
        refused: ONE,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","echo run; test -e /run/second && exit 0; touch /run/second; exit 3"],"restart":"on-failure","log":"inherit"},
            "late":{"exec":["/bin/sh","-c","sleep 4; echo late; exec sleep 1000"],"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("late");
            assert_eq!(count(run, "run"), 2, "{}: {:?}", run.init, run.system.seen);
            stops(run);
        },
    },
    Scenario {
        what: "`backoff` and `burst`: too many restarts, and it stays down",
        refused: ONE,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","echo run; exit 3"],"backoff":{"min":1,"max":1},"burst":{"count":2,"within":60},"critical":true,"restart":"always","log":"inherit"},
            "x":{"exec":["/bin/sleep","1000"]}}}"#,
        check: |run| {
            assert_eq!(run.system.wait(), 3, "{}", run.init);
            assert_eq!(count(run, "run"), 3, "{}: {:?}", run.init, run.system.seen);
        },
    },
    Scenario {
        what: "`requires`, `ready.fd`: who needs another starts when that is ready",
        refused: ONE,
        table: r#"{"services":{"db":{"exec":["/bin/sh","-c","sleep 0.3; echo ready; echo >&4; exec sleep 1000"],"ready":{"fd":4}},
            "app":{"exec":["/bin/sh","-c","echo started; exec sleep 1000"],"requires":["db"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("started");
            assert!(position(run, "ready") < position(run, "started"), "{:?}", run.system.seen);
            stops(run);
        },
    },
    Scenario {
        what: "`ready.notify`, as systemd's services tell",
        refused: ONE,
        table: r#"{"services":{"db":{"exec":["@STUB@","notify"],"ready":{"notify":true}},
            "app":{"exec":["/bin/sh","-c","echo started; exec sleep 1000"],"requires":["db"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("started");
            assert!(position(run, "notified") < position(run, "started"), "{:?}", run.system.seen);
            stops(run);
        },
    },
    Scenario {
        what: "`ready.file`, `ready.exec` and other probes",
        refused: ONE,
        table: r#"{"services":{"a":{"exec":["/bin/sh","-c","sleep 0.3; echo >/run/there; echo there; exec sleep 1000"],"ready":{"file":"/run/there"}},
            "b":{"exec":["/bin/sleep","1000"],"ready":{"exec":["/bin/test","-e","/run/there"]},"requires":["a"]},
            "c":{"exec":["/bin/sh","-c","echo started; exec sleep 1000"],"requires":["b"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("started");
            assert!(position(run, "there") < position(run, "started"), "{:?}", run.system.seen);
            stops(run);
        },
    },
    Scenario {
        what: "`start_timeout`: who is not ready in time is stopped, and tried again",
        refused: ONE,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","echo try; exec sleep 1000"],"ready":{"fd":3},"start_timeout":0.3}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("try");
            run.system.expect("not ready in time");
            run.system.expect("try");
            stops(run);
        },
    },
    Scenario {
        what: "`oneshot`: done before others start",
        refused: ONE,
        table: r#"{"services":{"set":{"type":"oneshot","exec":["/bin/sh","-c","sleep 0.3; echo set"]},
            "app":{"exec":["/bin/sh","-c","echo started; exec sleep 1000"],"requires":["set"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("started");
            assert!(position(run, "set") < position(run, "started"), "{:?}", run.system.seen);
            stops(run);
        },
    },
    Scenario {
        what: "a `oneshot` that fails: `requires` waits, `wants` goes on",
        refused: ONE,
        table: r#"{"services":{"set":{"type":"oneshot","exec":["/bin/false"]},
            "never":{"exec":["/bin/echo","never"],"requires":["set"]},
            "app":{"exec":["/bin/sh","-c","echo started; sleep 0.5; echo later; exec sleep 1000"],"wants":["set"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("started");
            run.system.expect("later");
            stops(run);
            assert_eq!(count(run, "never"), 0, "{:?}", run.system.seen);
        },
    },
    Scenario {
        what: "`disabled`, but needed",
        refused: ONE,
        table: r#"{"services":{"idle":{"exec":["/bin/echo","idle"],"disabled":true},
            "lib":{"exec":["/bin/sh","-c","echo needed; exec sleep 1000"],"disabled":true},
            "app":{"exec":["/bin/sh","-c","echo started; exec sleep 1000"],"requires":["lib"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("started");
            stops(run);
            position(run, "needed");
            assert_eq!(count(run, "idle"), 0, "{:?}", run.system.seen);
        },
    },
    Scenario {
        what: "who depends on others stops before them",
        refused: ONE,
        table: r#"{"services":{
            "a":{"exec":["/bin/sh","-c","trap 'echo a stops; exit 0' TERM; echo a up; while :; do sleep 0.02; done"]},
            "b":{"exec":["/bin/sh","-c","trap 'sleep 0.2; echo b stops; exit 0' TERM; echo b up; while :; do sleep 0.02; done"],"requires":["a"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("b up");
            await_line(run, "a up");
            stops(run);
            assert!(position(run, "b stops") < position(run, "a stops"), "{:?}", run.system.seen);
        },
    },
    Scenario {
        what: "`stop.timeout`: who ignores the signal is killed, and the others end well",
        refused: ONE,
        table: r#"{"services":{"deaf":{"exec":["/bin/sh","-c","trap '' TERM; echo up; while :; do sleep 0.1; done"],"stop":{"timeout":0.3}},
            "x":{"exec":["/bin/sleep","1000"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("up");
            let begin = Instant::now();
            stops(run);
            assert!(begin.elapsed() >= Duration::from_millis(280), "{:?}", begin.elapsed());
        },
    },
    Scenario {
        what: "the deadline of the whole end, and a second TERM that does not wait for it",
        refused: ONE,
        table: r#"{"stop_deadline":20,"services":{"deaf":{"exec":["/bin/sh","-c","trap '' TERM; echo up; while :; do sleep 0.1; done"],"stop":{"timeout":1000}},
            "x":{"exec":["/bin/sh","-c","trap 'echo asked; exit 0' TERM; echo trapped; while :; do sleep 0.02; done"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("up");
            await_line(run, "trapped");
            run.system.signal("TERM");
            run.system.expect("asked");
            stops(run);
        },
    },
    Scenario {
        what: "`stop.exec`: a command asks it",
        refused: NO_COMMAND,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","trap 'echo asked; exit 0' USR1; echo up; while :; do sleep 0.02; done"],
            "stop":{"exec":["/bin/sh","-c","kill -USR1 $MAINPID"]}}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("up");
            assert_eq!(run.system.stop(), 0);
            position(run, "asked");
        },
    },
    Scenario {
        what: "`stop.group`: what a service leaves behind is killed with it",
        refused: ONE,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","test -e /run/once && exec sleep 1000; echo >/run/once; (trap '' TERM; sleep 1; echo left) & sleep 0.2"]},
            "late":{"exec":["/bin/sh","-c","sleep 2; echo late; exec sleep 1000"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("late");
            assert_eq!(count(run, "left"), 0, "{:?}", run.system.seen);
            stops(run);
        },
    },
    Scenario {
        what: "`after_stop`",
        refused: ONE,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","echo up; exec sleep 1000"],"after_stop":["/bin/echo","cleaned"]},
            "x":{"exec":["/bin/sleep","1000"]}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("up");
            stops(run);
            position(run, "cleaned");
        },
    },
    Scenario {
        what: "`signals`: what the system is sent is passed on",
        refused: ONLY_TERM,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","trap 'echo got it' HUP; echo up; while :; do sleep 0.02; done"],"signals":{"USR1":"HUP"},"log":"inherit"}}}"#,
        check: |run| {
            run.system.expect("up");
            // dumb-init has `--rewrite 10:1` for it, which the module adds.
            run.system.signal(if run.init == "dumb-init" { "HUP" } else { "USR1" });
            run.system.expect("got it");
            run.system.stop();
        },
    },
    Scenario {
        what: "`health`, `action` `restart`",
        refused: ONE,
        table: r#"{"services":{"s":{"exec":["/bin/sh","-c","rm -f /run/well; echo run; exec sleep 1000"],
            "health":{"file":"/run/well","interval":0.2,"retries":2,"action":"restart"}}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("run");
            run.system.expect("not healthy");
            run.system.expect("run");
            stops(run);
        },
    },
    Scenario {
        what: "`health`, `action` `stop-all`",
        refused: ONE,
        table: r#"{"services":{"s":{"exec":["/bin/sleep","1000"],
            "health":{"exec":["/bin/false"],"interval":0.1,"retries":2,"action":"stop-all"}}},"log":"inherit"}"#,
        check: |run| assert_eq!(run.system.wait(), 1, "{}", run.init),
    },
    Scenario {
        what: "`bind`: stops when what it requires does, and comes back with it",
        refused: ALL_BUT_OURS,
        table: r#"{"services":{"a":{"exec":["/bin/sh","-c","test -e /run/once && exec sleep 1000; while ! test -e /run/app; do sleep 0.02; done; echo >/run/once"],"restart":"always"},
            "b":{"exec":["/bin/sh","-c","echo app; echo >/run/app; exec sleep 1000"],"requires":["a"],"bind":true}},"log":"inherit"}"#,
        check: |run| {
            run.system.expect("app");
            run.system.expect("app");
            stops(run);
        },
    },
];
