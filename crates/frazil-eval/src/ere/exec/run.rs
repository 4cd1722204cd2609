//! Runs: the greedy repetition of a single set, walked without a frame per byte.

use super::{Frame, Machine, NOWHERE};
use crate::ere::program::{Fork, Inst};

/// A run whose ends from `low` on all fail; none while `low > end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct FailedRun {
    low: u32,
    end: u32,
}

impl FailedRun {
    pub(super) const NONE: FailedRun = FailedRun { low: 1, end: 0 };
}

/// Bytes of a run that cost as much as a step.
const RUN_BYTES_PER_STEP: usize = 16;

impl Machine<'_> {
    /// Runs over as much of the text as the set allows; where to go on.
    pub(super) fn run(&mut self, inst: u32, set: u32, fork: u32, at: usize) -> Option<usize> {
        let set = self.program.sets.get(set as usize)?;
        let is_fresh = self.is_fresh(at);
        let failed = self.scratch.failed_runs.get(fork as usize).copied();
        let failed = failed.filter(|run| is_fresh && run.low <= run.end && at <= run.end as usize);
        if failed.is_some_and(|run| run.low as usize <= at) || self.is_known(fork, at) {
            return None;
        }
        let limit = failed.map_or(self.text.len(), |run| run.low as usize);
        let bytes = self.text.get(at..limit)?;
        let length = bytes.iter().position(|byte| !set.contains(*byte)).unwrap_or(bytes.len());
        self.scratch.steps += (length / RUN_BYTES_PER_STEP) as u64;
        let joins = failed.filter(|run| at + length == run.low as usize);
        let end = joins.map_or(at + length, |run| run.end as usize);

        let left = length + usize::from(joins.is_none());
        let end = if is_fresh { end as u32 } else { NOWHERE };
        self.shorten_run(inst, at as u32, left as u32, end).map(|(_, stop)| stop)
    }

    /// Ends a run at the last place of `low..low + left` from which its exit can go on.
    pub(super) fn shorten_run(
        &mut self,
        inst: u32,
        low: u32,
        left: u32,
        end: u32,
    ) -> Option<(u32, usize)> {
        let Some(Inst::Run { exit, fork, .. }) = self.program.insts.get(inst as usize) else {
            return None;
        };
        let ways = self.program.forks.get(*fork as usize)?;
        let is_whole = ways.is_disjoint && (self.is_full || !ways.second.accepts_empty);
        let Some(stop) = self.last_stop(ways, low as usize, left as usize, is_whole) else {
            if end != NOWHERE
                && let Some(run) = self.scratch.failed_runs.get_mut(*fork as usize)
            {
                *run = FailedRun { low, end };
            }
            return None;
        };
        let left = if is_whole { 0 } else { stop as u32 - low };
        // With nothing else to try there will be no second visit, and nothing worth a note.
        if left != 0 || !self.is_full || !self.scratch.frames.is_empty() {
            self.scratch.frames.push(Frame::Run { inst, low, left, end });
        }
        Some((*exit, stop))
    }

    fn last_stop(&self, ways: &Fork, low: usize, left: usize, is_whole: bool) -> Option<usize> {
        let last = low + left.checked_sub(1)?;
        if self.can_go(&ways.second, last) {
            return Some(last);
        }
        if is_whole {
            return None;
        }
        let inside = self.text.get(low..last)?;
        let at = inside.iter().rposition(|byte| ways.second.bytes.contains(*byte))?;
        Some(low + at)
    }
}
