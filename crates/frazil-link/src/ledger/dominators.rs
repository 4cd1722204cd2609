//! What vanishes with a subject: the sums over the dominator tree.
//!
//! A subject dominates another if every chain from the roots to the other goes through it. The
//! algorithm is that of Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm", 2001).

use super::{Ledger, Subject};

/// Over a subject and all that it dominates.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) bytes: u64,
    pub(super) files: u64,
}

/// The sum of each subject.
pub(super) fn sums(ledger: &Ledger) -> Vec<Sum> {
    let mut sums: Vec<Sum> = ledger
        .subjects
        .iter()
        .map(|subject| Sum {
            bytes: subject.bytes(),
            files: u64::from(matches!(subject, Subject::Entry(_))),
        })
        .collect();
    let order = postorder(ledger);
    let parents = dominators(ledger, &order);
    // Children stand before their dominators, so each sum is complete when it is passed on.
    for subject in &order {
        let parent = parents.get(*subject as usize).copied().flatten();
        let own = sums.get(*subject as usize).copied().unwrap_or_default();
        if let Some(parent) = parent.filter(|parent| parent != subject)
            && let Some(sum) = sums.get_mut(parent as usize)
        {
            sum.bytes = sum.bytes.saturating_add(own.bytes);
            sum.files += own.files;
        }
    }
    sums
}

/// All subjects that the roots reach, each behind what it reaches first.
fn postorder(ledger: &Ledger) -> Vec<u32> {
    let mut order = Vec::with_capacity(ledger.subjects.len());
    if ledger.subjects.is_empty() {
        return order;
    }
    let mut seen = vec![false; ledger.subjects.len()];
    let mut way = vec![(0_u32, ledger.edges_of(0).iter())];
    if let Some(seen) = seen.first_mut() {
        *seen = true;
    }
    while let Some((subject, edges)) = way.last_mut() {
        let Some(edge) = edges.next() else {
            order.push(*subject);
            way.pop();
            continue;
        };
        if let Some(seen) = seen.get_mut(edge.to as usize).filter(|seen| !**seen) {
            *seen = true;
            way.push((edge.to, ledger.edges_of(edge.to).iter()));
        }
    }
    order
}

fn dominators(ledger: &Ledger, order: &[u32]) -> Vec<Option<u32>> {
    let count = ledger.subjects.len();
    let mut rank = vec![0_usize; count];
    for (position, subject) in order.iter().enumerate() {
        if let Some(rank) = rank.get_mut(*subject as usize) {
            *rank = position;
        }
    }
    let rank = |subject: u32| rank.get(subject as usize).copied().unwrap_or(0);
    let mut sources: Vec<Vec<u32>> = vec![Vec::new(); count];
    for edge in &ledger.edges {
        if let Some(sources) = sources.get_mut(edge.to as usize) {
            sources.push(edge.from);
        }
    }
    let mut dominators: Vec<Option<u32>> = vec![None; count];
    if let Some(root) = dominators.first_mut() {
        *root = Some(0);
    }
    let mut changed = true;
    while changed {
        changed = false;
        for subject in order.iter().rev().filter(|subject| **subject != 0) {
            let of = |subject: u32| dominators.get(subject as usize).copied().flatten();
            let mut best: Option<u32> = None;
            for source in sources.get(*subject as usize).into_iter().flatten() {
                if of(*source).is_none() {
                    continue;
                }
                let mut left = *source;
                let mut right = best.unwrap_or(left);
                while left != right {
                    if rank(left) < rank(right) {
                        left = of(left).unwrap_or(0);
                    } else {
                        right = of(right).unwrap_or(0);
                    }
                }
                best = Some(left);
            }
            if of(*subject) != best {
                changed = true;
                if let Some(slot) = dominators.get_mut(*subject as usize) {
                    *slot = best;
                }
            }
        }
    }
    dominators
}
