mod world;

use expect_test::{Expect, expect};

use super::{Command, State};
use crate::sys::Errno;
use crate::sys::process::Exit;
use world::{Random, World};

/// A small world in which each event is given by hand.
#[track_caller]
fn check(table: &str, script: impl FnOnce(&mut World), expected: Expect) {
    let mut world = World::new(table);
    world.settle();
    script(&mut world);
    expected.assert_eq(&world.log.join("\n"));
}

const PAIR: &str =
    r#"{"services":{"db":{"exec":["/db"]},"web":{"exec":["/web"],"requires":["db"]}}}"#;

#[test]
fn starts_in_order_and_stops_in_reverse() {
    check(
        PAIR,
        |world| {
            world.executed("db");
            world.executed("web");
            world.terminate();
            world.exit("web", Exit::Signal(15));
            world.exit("db", Exit::Signal(15));
            world.childless();
        },
        expect![[r#"
            start db
            start web
            signal web 15
            signal db 15
            sweep
            end 0"#]],
    );
}

#[test]
fn a_long_run_starts_again_at_once_and_short_ones_wait_longer() {
    check(
        r#"{"services":{"s":{"exec":["/s"],"backoff":{"min":1,"max":4,"reset":10}}}}"#,
        |world| {
            world.executed("s");
            world.pass(20_000);
            for _ in 0..5 {
                world.exit("s", Exit::Code(1));
                if world.state("s") == State::Backoff {
                    world.pass_until_due();
                }
                world.executed("s");
            }
        },
        expect![[r#"
            start s
            report s Again(Code(1), 0)
            start s
            report s Again(Code(1), 977)
            start s
            report s Again(Code(1), 1956)
            start s
            report s Again(Code(1), 4223)
            start s
            report s Again(Code(1), 3950)
            start s"#]],
    );
}

#[test]
fn what_is_missing_for_a_moment_is_no_failure() {
    check(
        r#"{"services":{"a":{"exec":["/a"]},"b":{"exec":["/b"],"restart":"never","critical":true}}}"#,
        |world| {
            world.refuse = true;
            world.command(Command::Restart, "a");
            world.command(Command::Restart, "b");
            world.exit("a", Exit::Signal(15));
            world.exit("b", Exit::Signal(15));
            for _ in 0..3 {
                world.pass_until_due();
            }
            world.refuse = false;
            world.pass_until_due();
        },
        expect![[r#"
            start a
            start b
            signal a 15
            signal b 15
            cannot start a
            report a CannotStart(Errno(11))
            cannot start b
            report b CannotStart(Errno(11))
            cannot start a
            cannot start b
            cannot start a
            cannot start b
            cannot start a
            cannot start b
            start a
            start b"#]],
    );
}

#[test]
fn a_launcher_that_lacks_something_is_no_failure() {
    check(
        r#"{"services":{"s":{"exec":["/s"],"restart":"never","critical":true}}}"#,
        |world| {
            world.not_executed("s", Errno::AGAIN);
            world.exit("s", Exit::Code(111));
            world.pass_until_due();
            world.not_executed("s", Errno::NOENT);
            world.exit("s", Exit::Code(127));
            world.childless();
        },
        expect![[r#"
            start s
            report s CannotStart(Errno(11))
            start s
            report s Failed(Code(127))
            sweep
            end 127"#]],
    );
}

#[test]
fn a_stop_is_not_forgotten_while_a_service_starts_again() {
    check(
        PAIR,
        |world| {
            world.command(Command::Restart, "db");
            world.command(Command::Stop, "db");
            world.exit("db", Exit::Signal(15));
            assert_eq!(world.state("db"), State::Down);
            world.command(Command::Start, "web");
        },
        expect![[r#"
            start db
            signal db 15
            start db"#]],
    );
}

/// The rules that hold in any world, whatever happens (see `World::obey`): checked over random
/// graphs, random events, and random faults, from seeds that a failure names.
#[test]
fn the_rules_hold_in_any_order_of_events() {
    let worlds: u64 =
        std::env::var("FRAZIL_INIT_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(800);
    for seed in 0..worlds {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut world = World::new(&world::table(&mut random));
        world.seed = seed;
        world.settle();
        for _ in 0..random.below(120) {
            world.event(&mut random);
        }
        world.heal(&mut random);
        world.finish(&mut random);
    }
}
