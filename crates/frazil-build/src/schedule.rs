//! The order of work: which goal is next, what waits for what, and what a failure takes with it.
//!
//! A goal is first *planned*: whoever executes says what it needs and what is to be done for it
//! then. So the graph is found on the way, and nothing below a substituted path is ever looked at.
//! Nothing here builds, waits or knows the time; [`run`] drives it with threads.
//!
//! Invariant: the order depends on the goals wanted and the answers given alone, and a goal is
//! worked on only when all that it needs is done.

mod run;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use frazil_model::StorePath;

pub use run::{Event, run};

/// Something to be achieved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// This path is valid in the store.
    Path(StorePath),
    /// The outputs of this derivation are valid in the store.
    Derivation(StorePath),
}

/// How a goal is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Find out what it needs. Cheap.
    Plan,
    /// Fetch it from a binary cache.
    Substitute,
    /// Run its builder.
    Build,
}

/// A goal to be worked on now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The goal.
    pub goal: Goal,
    /// What to do for it.
    pub work: Work,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The goal is achieved.
    Done,
    /// The goal is achieved once all these are. After a substitution that failed this is how a
    /// build takes its place.
    With(Vec<Goal>),
    /// More must be done: `work`, once all of `needs` is achieved.
    Then {
        /// What must be achieved first.
        needs: Vec<Goal>,
        /// What is done then.
        work: Work,
    },
    /// The goal cannot be achieved. Why is known to those who tried.
    Failed,
}

/// How a goal ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Achieved.
    Done,
    /// Tried without success.
    Failed,
    /// Not tried because this goal, which it needs, ended otherwise.
    Blocked(Goal),
    /// Not tried because it needs itself; the goals on the way round.
    Cycle(Vec<Goal>),
    /// Not tried because everything was stopped.
    Stopped,
}

/// What a failure means for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Nothing new is begun.
    Stop,
    /// All that can still be achieved is.
    KeepGoing,
}

/// How much is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// Plans.
    pub plans: usize,
    /// Substitutions.
    pub substitutions: usize,
    /// Builds.
    pub builds: usize,
}

/// How many goals are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Neither ended nor worked on.
    pub waiting: usize,
    /// Worked on.
    pub running: usize,
    /// Achieved.
    pub done: usize,
    /// Ended otherwise.
    pub failed: usize,
}

/// The state of all goals.
#[derive(Debug)]
pub struct Schedule {
    slots: Slots,
    on_failure: OnFailure,
    is_stopped: bool,
    states: BTreeMap<Goal, State>,
    /// Who waits for a goal. Goals that have ended are not in it.
    waiters: BTreeMap<Goal, BTreeSet<Goal>>,
    ready: BTreeMap<Work, VecDeque<Goal>>,
    running: BTreeMap<Work, usize>,
    counts: Counts,
    /// Goals that have ended and were not yet told of.
    ended: VecDeque<Goal>,
}

#[derive(Debug)]
enum State {
    Ready,
    Running(Work),
    /// Until `left` is empty.
    Waiting {
        left: BTreeSet<Goal>,
        /// Nothing if the goal is achieved then.
        work: Option<Work>,
    },
    Ended(End),
}

impl Schedule {
    /// Nothing wanted yet.
    pub fn new(slots: Slots, on_failure: OnFailure) -> Self {
        Self {
            slots,
            on_failure,
            is_stopped: false,
            states: BTreeMap::new(),
            waiters: BTreeMap::new(),
            ready: BTreeMap::new(),
            running: BTreeMap::new(),
            counts: Counts::default(),
            ended: VecDeque::new(),
        }
    }

    /// Adds a goal, unless it is known.
    pub fn want(&mut self, goal: Goal) {
        if self.states.contains_key(&goal) {
            return;
        }
        self.states.insert(goal.clone(), State::Ready);
        self.counts.waiting += 1;
        if self.is_stopped {
            self.end(goal, End::Stopped);
        } else {
            self.ready.entry(Work::Plan).or_default().push_back(goal);
        }
    }

    /// The next task that has a free slot. It runs until [`finish`](Self::finish) is told of it.
    ///
    /// `None` means: wait for one that runs; or, if none does, that all goals have ended.
    pub fn start(&mut self) -> Option<Task> {
        // What makes others ready comes last, so that slots are not filled with plans only.
        let order = [
            (Work::Build, self.slots.builds),
            (Work::Substitute, self.slots.substitutions),
            (Work::Plan, self.slots.plans),
        ];
        for (work, slots) in order {
            let running = self.running.entry(work).or_default();
            if *running >= slots {
                continue;
            }
            if let Some(goal) = self.ready.get_mut(&work).and_then(VecDeque::pop_front) {
                *running += 1;
                self.counts.waiting -= 1;
                self.counts.running += 1;
                self.states.insert(goal.clone(), State::Running(work));
                return Some(Task { goal, work });
            }
        }
        if self.counts.running == 0 && self.counts.waiting > 0 {
            self.break_cycle();
            return self.start();
        }
        None
    }

    /// Takes the outcome of a goal that was started. Of others it takes none.
    pub fn finish(&mut self, goal: &Goal, outcome: Outcome) {
        let Some(State::Running(work)) = self.states.get(goal) else { return };
        if let Some(running) = self.running.get_mut(work) {
            *running -= 1;
        }
        self.counts.running -= 1;
        self.counts.waiting += 1;
        match outcome {
            Outcome::Done => self.end(goal.clone(), End::Done),
            Outcome::Failed => {
                self.end(goal.clone(), End::Failed);
                if self.on_failure == OnFailure::Stop {
                    self.stop();
                }
            }
            Outcome::With(_) | Outcome::Then { .. } if self.is_stopped => {
                self.end(goal.clone(), End::Stopped);
            }
            Outcome::With(needs) => self.wait(goal, needs, None),
            Outcome::Then { needs, work } => self.wait(goal, needs, Some(work)),
        }
    }

    /// Begins nothing new; what runs may finish.
    pub fn stop(&mut self) {
        self.is_stopped = true;
        self.ready.clear();
        let is_idle = |state: &State| matches!(state, State::Ready | State::Waiting { .. });
        let idle = self.states.iter().filter(|(_, state)| is_idle(state));
        let idle: Vec<Goal> = idle.map(|(goal, _)| goal.clone()).collect();
        for goal in idle {
            // An earlier one may have taken it along.
            if self.states.get(&goal).is_some_and(is_idle) {
                self.end(goal, End::Stopped);
            }
        }
    }

    /// How a goal ended, if it did.
    pub fn end_of(&self, goal: &Goal) -> Option<&End> {
        match self.states.get(goal) {
            Some(State::Ended(end)) => Some(end),
            Some(State::Ready | State::Running(_) | State::Waiting { .. }) | None => None,
        }
    }

    /// How many goals are in which state.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The next goal that has ended since this was asked last, in the order of their ends.
    pub fn take_ended(&mut self) -> Option<(Goal, End)> {
        let goal = self.ended.pop_front()?;
        let end = self.end_of(&goal)?.clone();
        Some((goal, end))
    }

    fn wait(&mut self, goal: &Goal, needs: Vec<Goal>, work: Option<Work>) {
        let mut left = BTreeSet::new();
        for need in needs {
            self.want(need.clone());
            match self.end_of(&need) {
                Some(End::Done) => {}
                Some(_) => return self.end(goal.clone(), End::Blocked(need)),
                None => {
                    left.insert(need);
                }
            }
        }
        if left.is_empty() {
            return self.resume(goal.clone(), work);
        }
        for need in &left {
            self.waiters.entry(need.clone()).or_default().insert(goal.clone());
        }
        self.states.insert(goal.clone(), State::Waiting { left, work });
    }

    /// Ends a goal that neither runs nor has ended, and what cannot go on without it.
    fn end(&mut self, goal: Goal, end: End) {
        // A list and not recursion: chains of goals are long.
        let mut next = VecDeque::from([(goal, end)]);
        while let Some((goal, end)) = next.pop_front() {
            if self.end_of(&goal).is_some() {
                continue;
            }
            self.counts.waiting -= 1;
            let is_done = end == End::Done;
            let is_stopped = end == End::Stopped;
            if is_done {
                self.counts.done += 1;
            } else {
                self.counts.failed += 1;
            }
            self.states.insert(goal.clone(), State::Ended(end));
            for waiter in self.waiters.remove(&goal).unwrap_or_default() {
                if is_done {
                    let is_achieved = self.release(&waiter, &goal);
                    next.extend(is_achieved.then_some((waiter, End::Done)));
                } else if matches!(self.states.get(&waiter), Some(State::Waiting { .. })) {
                    let blocked = || End::Blocked(goal.clone());
                    next.push_back((waiter, if is_stopped { End::Stopped } else { blocked() }));
                }
            }
            self.ended.push_back(goal);
        }
    }

    /// One of those that `waiter` waits for is done. Says whether with it `waiter` is achieved.
    fn release(&mut self, waiter: &Goal, done: &Goal) -> bool {
        let Some(State::Waiting { left, work }) = self.states.get_mut(waiter) else { return false };
        left.remove(done);
        match *work {
            _ if !left.is_empty() => false,
            None => true,
            work @ Some(_) => {
                self.resume(waiter.clone(), work);
                false
            }
        }
    }

    /// Goes on with a goal that waits for nothing any more.
    fn resume(&mut self, goal: Goal, work: Option<Work>) {
        let Some(work) = work else { return self.end(goal, End::Done) };
        self.states.insert(goal.clone(), State::Ready);
        self.ready.entry(work).or_default().push_back(goal);
    }

    /// Ends one of the goals that wait for each other; nothing else is left to wait for.
    fn break_cycle(&mut self) {
        let mut way: Vec<&Goal> = Vec::new();
        let mut places: BTreeMap<&Goal, usize> = BTreeMap::new();
        let waiting = |state: &State| matches!(state, State::Waiting { .. });
        let mut next = self.states.iter().find(|(_, state)| waiting(state)).map(|(goal, _)| goal);
        // Each step leads to a goal that waits, so the way comes back to itself.
        while let Some(goal) = next {
            if let Some(&place) = places.get(goal) {
                let cycle: Vec<Goal> = way.into_iter().skip(place).cloned().collect();
                let goal = goal.clone();
                return self.end(goal, End::Cycle(cycle));
            }
            places.insert(goal, way.len());
            way.push(goal);
            next = match self.states.get(goal) {
                Some(State::Waiting { left, .. }) => left.first(),
                Some(State::Ready | State::Running(_) | State::Ended(_)) | None => None,
            };
        }
        // Goals are ready, but their work has no slots at all.
        self.stop();
    }
}
