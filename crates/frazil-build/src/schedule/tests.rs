use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use expect_test::{Expect, expect};

use super::run::run_with;
use super::{End, Event, Goal, OnFailure, Outcome, Schedule, Slots, Task, Work, run};
use crate::sandbox::Cancel;

const SLOTS: Slots = Slots { plans: 1, substitutions: 2, builds: 1 };

/// `a` is a path, `A` is a derivation.
fn goal(letter: char) -> Goal {
    let path = format!("{}-{letter}", "0".repeat(32)).parse().unwrap();
    if letter.is_ascii_uppercase() { Goal::Derivation(path) } else { Goal::Path(path) }
}

fn letter(goal: &Goal) -> &str {
    let (Goal::Path(path) | Goal::Derivation(path)) = goal;
    path.name()
}

/// A world in a text: `a=bc` says that `a` needs `b` and `c` and is then substituted, or built if
/// it is a derivation. `a!` fails at its work, `a?` at its plan; `a>B` is built by `B` after the
/// substitution fails; what is not mentioned is there.
struct World(BTreeMap<char, String>);

impl World {
    fn parse(text: &str) -> Self {
        Self(text.split(' ').map(|rule| (rule.chars().next().unwrap(), rule[1..].into())).collect())
    }

    fn answer(&self, task: &Task) -> Outcome {
        let name = letter(&task.goal).chars().next().unwrap();
        let Some(rule) = self.0.get(&name) else { return Outcome::Done };
        let needs = rule.chars().filter(char::is_ascii_alphabetic).map(goal).collect::<Vec<_>>();
        let is_build = name.is_ascii_uppercase();
        match (task.work, rule.chars().next().unwrap()) {
            (Work::Plan, '?') | (Work::Substitute | Work::Build, '!') => Outcome::Failed,
            (Work::Plan, '>') => Outcome::Then { needs: Vec::new(), work: Work::Substitute },
            (Work::Substitute, '>') => Outcome::With(needs),
            (Work::Plan, _) if is_build => Outcome::Then { needs, work: Work::Build },
            (Work::Plan, _) => Outcome::Then { needs, work: Work::Substitute },
            (Work::Substitute | Work::Build, _) => Outcome::Done,
        }
    }
}

fn shown(end: &End) -> String {
    match end {
        End::Done => "done".to_owned(),
        End::Failed => "failed".to_owned(),
        End::Blocked(goal) => format!("blocked by {}", letter(goal)),
        End::Cycle(goals) => format!("cycle {}", goals.iter().map(letter).collect::<String>()),
        End::Stopped => "stopped".to_owned(),
    }
}

/// Runs without threads: all that can start does, then the one that started first finishes.
#[track_caller]
fn check(world: &str, wanted: &str, on_failure: OnFailure, expected: Expect) {
    let world = World::parse(world);
    let mut schedule = Schedule::new(SLOTS, on_failure);
    wanted.chars().for_each(|letter| schedule.want(goal(letter)));
    let mut running = std::collections::VecDeque::new();
    let mut lines = Vec::new();
    loop {
        while let Some(task) = schedule.start() {
            lines.push(format!("{:?} {}", task.work, letter(&task.goal)));
            running.push_back(task);
        }
        while let Some((goal, end)) = schedule.take_ended() {
            lines.push(format!("{} {}", letter(&goal), shown(&end)));
        }
        let Some(task) = running.pop_front() else { break };
        schedule.finish(&task.goal, world.answer(&task));
    }
    let counts = schedule.counts();
    assert_eq!((counts.waiting, counts.running), (0, 0));
    lines.push(format!("{}/{}", counts.done, counts.done + counts.failed));
    expected.assert_eq(&lines.join("; "));
}

#[test]
fn order() {
    let keep = OnFailure::KeepGoing;
    check("a=", "", keep, expect!["0/0"]);
    check(
        "a=bc b= c=",
        "a",
        keep,
        expect![
            "Plan a; Plan b; Substitute b; Plan c; b done; Substitute c; Substitute a; c done; a done; 3/3"
        ],
    );
    check(
        "A=bC C=b b=",
        "A",
        keep,
        expect![
            "Plan A; Plan b; Substitute b; Plan C; b done; Build C; Build A; C done; A done; 3/3"
        ],
    );
    check(
        "a>B B=c c=",
        "a",
        keep,
        expect![
            "Plan a; Substitute a; Plan B; Plan c; Substitute c; Build B; c done; B done; a done; 3/3"
        ],
    );
}

#[test]
fn failures() {
    check(
        "A=bc b! c=",
        "Ad",
        OnFailure::KeepGoing,
        expect![
            "Plan A; Plan d; Plan b; d done; Substitute b; Plan c; b failed; A blocked by b; Substitute c; c done; 2/4"
        ],
    );
    check(
        "A=bc b! c=",
        "Ad",
        OnFailure::Stop,
        expect![
            "Plan A; Plan d; Plan b; d done; Substitute b; Plan c; b failed; A blocked by b; c stopped; 1/4"
        ],
    );
    check(
        "a=b b=c c?",
        "ab",
        OnFailure::KeepGoing,
        expect!["Plan a; Plan b; Plan c; c failed; b blocked by c; a blocked by b; 0/3"],
    );
}

#[test]
fn cycles() {
    check(
        "a=b b=c c=b",
        "a",
        OnFailure::KeepGoing,
        expect!["Plan a; Plan b; Plan c; b cycle bc; a blocked by b; c blocked by b; 0/3"],
    );
    check("a=a", "ab", OnFailure::KeepGoing, expect!["Plan a; Plan b; b done; a cycle a; 1/2"]);
}

#[test]
fn long_chains() {
    let mut schedule = Schedule::new(SLOTS, OnFailure::KeepGoing);
    let numbered =
        |number: usize| Goal::Path(format!("{}-{number:06}", "0".repeat(32)).parse().unwrap());
    schedule.want(numbered(0));
    let mut number = 0;
    while let Some(task) = schedule.start() {
        number += 1;
        let needs = vec![numbered(number)];
        let outcome = if number == 50_000 {
            Outcome::Failed
        } else {
            Outcome::Then { needs, work: Work::Build }
        };
        schedule.finish(&task.goal, outcome);
    }
    assert_eq!(schedule.counts().failed, 50_000);
}

/// Builds everything with so many threads beside that of the test.
#[track_caller]
fn check_threads(workers: usize) {
    let world = World::parse("A=bcdefg B=bc C=AB b= c= d= e= f= g=");
    let (builds, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let execute = |task: &Task| {
        if task.work == Work::Build {
            most.fetch_max(builds.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            builds.fetch_sub(1, Ordering::SeqCst);
        }
        world.answer(task)
    };
    let (events, seen) = mpsc::channel();
    let mut schedule = Schedule::new(SLOTS, OnFailure::Stop);
    schedule.want(goal('C'));
    run_with(workers, &mut schedule, &execute, &events, &Cancel::new().unwrap());
    drop(events);
    assert_eq!(schedule.end_of(&goal('C')), Some(&End::Done));
    assert_eq!(most.load(Ordering::SeqCst), 1);
    let ended = seen.iter().filter(|event| matches!(event, Event::Ended(_, End::Done))).count();
    assert_eq!(ended, 9);
}

#[test]
fn with_threads() {
    check_threads(SLOTS.plans + SLOTS.substitutions + SLOTS.builds);
    check_threads(1);
    // As where the machine has no more.
    check_threads(0);
}

#[test]
fn cancelled() {
    let cancel = Cancel::new().unwrap();
    let execute = |_: &Task| {
        cancel.cancel();
        Outcome::Then { needs: vec![goal('b')], work: Work::Build }
    };
    let mut schedule = Schedule::new(SLOTS, OnFailure::KeepGoing);
    schedule.want(goal('A'));
    schedule.want(goal('B'));
    run(&mut schedule, &execute, &mpsc::channel().0, &cancel);
    assert_eq!(schedule.end_of(&goal('A')), Some(&End::Stopped));
    assert_eq!(schedule.end_of(&goal('B')), Some(&End::Stopped));
    // Whether anybody still asks for it depends on who comes first.
    assert_ne!(schedule.end_of(&goal('b')), Some(&End::Done));
    assert_eq!(schedule.counts().running, 0);
}
