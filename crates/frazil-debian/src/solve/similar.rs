//! Names that look like one that is not there.

use crate::index::{Index, IndexError};

/// How many names are suggested.
const SUGGESTIONS_MAX: usize = 3;

/// Names of packages that differ from `wanted` in few characters, or begin with it.
pub fn similar_names(index: &Index<'_>, wanted: &str) -> Result<Vec<String>, IndexError> {
    // One error in a short name, three in a long one.
    let distance_max = (wanted.len() / 3).clamp(1, 3);
    let mut found: Vec<(usize, usize, &str)> = Vec::new();
    for id in index.ids() {
        let name = index.name(id)?;
        let distance = distance(wanted.as_bytes(), name.as_bytes(), distance_max).or_else(|| {
            (wanted.len() >= 3 && name.starts_with(wanted)).then_some(distance_max + 1)
        });
        if let Some(distance) = distance {
            found.push((distance, name.len(), name));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().take(SUGGESTIONS_MAX).map(|(_, _, name)| name.to_owned()).collect())
}

/// How many characters must be added, removed, changed or swapped with the next, if that are at
/// most `max`.
fn distance(left: &[u8], right: &[u8], max: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > max {
        return None;
    }
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.iter().enumerate() {
        let two_above = std::mem::replace(&mut above, row);
        row = vec![line + 1];
        for (column, to) in right.iter().enumerate() {
            let cell =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let mut best = cell(&above, column) + usize::from(from != to);
            best = best.min(cell(&above, column + 1) + 1).min(cell(&row, column) + 1);
            let is_swap = line > 0
                && column > 0
                && left.get(line - 1) == Some(to)
                && right.get(column - 1) == Some(from);
            if is_swap {
                best = best.min(cell(&two_above, column - 1) + 1);
            }
            row.push(best);
        }
        if row.iter().all(|distance| *distance > max) {
            return None;
        }
    }
    row.last().copied().filter(|distance| *distance <= max)
}
