//! The threads that do what a schedule says.
//!
//! One thread owns the schedule; workers get tasks and send outcomes. Where no thread can be had it
//! does the work itself. Invariant: when [`run`] returns, no worker runs and every goal has ended.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::{Counts, End, Goal, Outcome, Schedule, Task};
use crate::sandbox::Cancel;

/// What happens, in order, for those who show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A task has begun.
    Started(Task),
    /// A goal has ended.
    Ended(Goal, End),
    /// How far everything is, after each change.
    Counts(Counts),
}

/// Works on all goals of `schedule` until they have ended.
///
/// `execute` is called from several threads at once; it should return soon after `cancel` is
/// raised. Events that nobody receives are lost without harm.
pub fn run(
    schedule: &mut Schedule,
    execute: &(dyn Fn(&Task) -> Outcome + Sync),
    events: &Sender<Event>,
    cancel: &Cancel,
) {
    let slots = schedule.slots;
    let workers = slots.plans + slots.substitutions + slots.builds;
    run_with(workers, schedule, execute, events, cancel);
}

/// With so many workers, or fewer if no more can be had.
pub(super) fn run_with(
    workers: usize,
    schedule: &mut Schedule,
    execute: &(dyn Fn(&Task) -> Outcome + Sync),
    events: &Sender<Event>,
    cancel: &Cancel,
) {
    let (tasks, queue) = mpsc::channel::<Task>();
    let (done, outcomes) = mpsc::channel::<(Goal, Outcome)>();
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        let start = |_: &usize| {
            let done = done.clone();
            let queue = &queue;
            let worker = move || work(queue, &done, execute);
            thread::Builder::new().spawn_scoped(scope, worker).is_ok()
        };
        let started = (0..workers).take_while(start).count();
        // Each worker has its own; so the end of all of them is seen.
        drop(done);
        let hand_out = |task: Task| {
            if started == 0 {
                return Some((task.goal.clone(), execute(&task)));
            }
            let goal = task.goal.clone();
            tasks.send(task).is_err().then_some((goal, Outcome::Failed))
        };
        drive(schedule, &hand_out, &outcomes, events, cancel);
        // This sends the workers home.
        drop(tasks);
    });
}

/// Hands out tasks and takes outcomes; those that are known at once come back from `hand_out`.
fn drive(
    schedule: &mut Schedule,
    hand_out: &dyn Fn(Task) -> Option<(Goal, Outcome)>,
    outcomes: &Receiver<(Goal, Outcome)>,
    events: &Sender<Event>,
    cancel: &Cancel,
) {
    let tell = |event| drop(events.send(event));
    loop {
        if cancel.is_cancelled() {
            schedule.stop();
        }
        if let Some(task) = schedule.start() {
            tell(Event::Started(task.clone()));
            if let Some((goal, outcome)) = hand_out(task) {
                schedule.finish(&goal, outcome);
            }
            continue;
        }
        while let Some((goal, end)) = schedule.take_ended() {
            tell(Event::Ended(goal, end));
        }
        tell(Event::Counts(schedule.counts()));
        if schedule.counts().running == 0 {
            return;
        }
        match outcomes.recv() {
            Ok((goal, outcome)) => schedule.finish(&goal, outcome),
            // All workers have panicked, and the scope passes that on.
            Err(_) => return,
        }
    }
}

fn work(
    queue: &Mutex<Receiver<Task>>,
    done: &Sender<(Goal, Outcome)>,
    execute: &(dyn Fn(&Task) -> Outcome + Sync),
) {
    loop {
        // The lock is held while waiting: whoever has it is the next to be served.
        let task = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(poisoned) => poisoned.into_inner().recv(),
        };
        let Ok(task) = task else { return };
        // If this panics, its goal must not be waited for.
        let mut answer = Answer { done, goal: task.goal.clone(), outcome: Some(Outcome::Failed) };
        answer.outcome = Some(execute(&task));
    }
}

/// Sends the outcome when it goes out of use, be it by a panic.
struct Answer<'a> {
    done: &'a Sender<(Goal, Outcome)>,
    goal: Goal,
    outcome: Option<Outcome>,
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if let Some(outcome) = self.outcome.take() {
            drop(self.done.send((self.goal.clone(), outcome)));
        }
    }
}
