//! The threads that do what a schedule says.
//!
//! One thread owns the schedule; workers get tasks and send outcomes. Invariant: when [`run`]
//! returns, no worker runs and every goal has ended.

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
    let (tasks, queue) = mpsc::channel::<Task>();
    let (done, outcomes) = mpsc::channel::<(Goal, Outcome)>();
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        for _ in 0..workers {
            let done = done.clone();
            let queue = &queue;
            scope.spawn(move || work(queue, &done, execute));
        }
        // Each worker has its own; so the end of all of them is seen.
        drop(done);
        drive(schedule, tasks, &outcomes, events, cancel);
    });
}

/// Hands out tasks and takes outcomes. Dropping `tasks` in the end sends the workers home.
fn drive(
    schedule: &mut Schedule,
    tasks: Sender<Task>,
    outcomes: &Receiver<(Goal, Outcome)>,
    events: &Sender<Event>,
    cancel: &Cancel,
) {
    let tell = |event| drop(events.send(event));
    loop {
        if cancel.is_cancelled() {
            schedule.stop();
        }
        while let Some(task) = schedule.start() {
            tell(Event::Started(task.clone()));
            if tasks.send(task.clone()).is_err() {
                schedule.finish(&task.goal, Outcome::Failed);
            }
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
