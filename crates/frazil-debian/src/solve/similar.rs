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

/// How many characters must be added, removed or changed, if that are at most `max`.
fn distance(left: &[u8], right: &[u8], max: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > max {
        return None;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, from) in left.iter().enumerate() {
        let mut diagonal = at;
        let mut before = at + 1;
        let mut least = before;
        let mut next = vec![before];
        for (to, above) in right.iter().zip(row.iter().skip(1)) {
            let changed = diagonal + usize::from(from != to);
            before = changed.min(above + 1).min(before + 1);
            diagonal = *above;
            least = least.min(before);
            next.push(before);
        }
        if least > max {
            return None;
        }
        row = next;
    }
    row.last().copied().filter(|distance| *distance <= max)
}
