//! The entry for fuzzing.

use super::{Captures, Ere};

/// Compiles and runs what the data says: pattern and text, separated by a newline.
///
/// Holds for any data: no panic, and no unbounded work. Every group lies within the whole match, a
/// full match spans the text, successive matches do not overlap, and a full match means that the
/// first of them starts at the beginning.
///
/// # Panics
///
/// When one of these does not hold.
pub fn fuzz(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (pattern, text) = data.split_at(cut);
    let text = text.strip_prefix(b"\n").unwrap_or(text);
    let Ok(ere) = Ere::new(pattern) else { return };

    let mut captures = Captures::default();
    let full = ere.full_match(text, &mut captures);
    if full == Ok(true) {
        assert_eq!(captures.get(0), Some(0..text.len()));
        check_groups(&ere, &captures);
    }
    let mut matches = ere.matches(text);
    let mut last_end = 0;
    let mut is_first = true;
    while let Ok(Some(captures)) = matches.next() {
        let whole = captures.get(0).expect("a match has a group 0");
        assert!(last_end <= whole.start && whole.end <= text.len());
        assert!(full != Ok(true) || !is_first || whole.start == 0);
        check_groups(&ere, captures);
        last_end = whole.end;
        is_first = false;
    }
}

fn check_groups(ere: &Ere, captures: &Captures) {
    let whole = captures.get(0).expect("a match has a group 0");
    for group in (1..=ere.groups()).filter_map(|group| captures.get(group)) {
        assert!(whole.start <= group.start && group.start <= group.end && group.end <= whole.end);
    }
}
