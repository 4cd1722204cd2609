//! "Did you mean": the known name closest to one that is not known.

/// Names further away than this are no suggestion.
const DISTANCE_MAX: usize = 3;
/// Longer names are not compared: nobody mistypes them by chance.
const NAME_BYTES_MAX: usize = 64;

/// The candidate with the smallest edit distance; of equals the first in byte order.
pub fn closest<'n>(name: &[u8], candidates: impl Iterator<Item = &'n [u8]>) -> Option<&'n [u8]> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let bound = DISTANCE_MAX.min(name.len().div_ceil(2));
    candidates
        .filter(|candidate| {
            candidate.len() <= NAME_BYTES_MAX && candidate.len().abs_diff(name.len()) <= bound
        })
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap neighbours) between two names.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut before_previous = vec![0; right.len() + 1];
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut last_of_left = None;
    for (row, l) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut last_of_right = None;
        for (column, r) in right.iter().enumerate() {
            let at =
                |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&previous, column) + usize::from(l != r))
                .min(at(&previous, column + 1) + 1)
                .min(at(&current, column) + 1);
            if column > 0 && last_of_left == Some(r) && last_of_right == Some(l) {
                best = best.min(at(&before_previous, column - 1) + 1);
            }
            current.push(best);
            last_of_right = Some(r);
        }
        before_previous = std::mem::replace(&mut previous, current);
        last_of_left = Some(l);
    }
    previous.last().copied().unwrap_or(0)
}
