//! Which frames of a trace are worth showing.
//!
//! A trace of the module system has hundreds of frames in library code. What helps is what the
//! user wrote, and what a library said on purpose with `builtins.addErrorContext`.

use frazil_eval::diagnostic::{Diagnostic, Frame, Place};

/// Frames in the user's own files that are shown next to the error, and next to the start.
const INNER_FRAMES: usize = 3;
const OUTER_FRAMES: usize = 2;
/// Frames that a library asked to show.
const PINNED_FRAMES: usize = 8;
/// The most functions that call each other in turn for which a round is shown once.
const ROUND_FRAMES_MAX: usize = 16;

/// What one entry of a shown trace is.
pub(super) enum Step<'d> {
    Frame(&'d Frame),
    /// The last `frames` occurred this many more times in a row.
    Repeated {
        frames: usize,
        times: usize,
    },
}

/// The frames to show, innermost first, and how many were left out.
pub(super) fn select(diagnostic: &Diagnostic, whole: bool) -> (Vec<Step<'_>>, usize) {
    let inside_out: Vec<&Frame> = diagnostic.trace.iter().rev().collect();
    if whole {
        return (without_repetitions(&inside_out), 0);
    }
    let own: Vec<usize> = indices(&inside_out, |frame| !frame.pinned && is_own(frame, diagnostic));
    let pinned: Vec<usize> = indices(&inside_out, |frame| frame.pinned);
    let outer = own.len().saturating_sub(OUTER_FRAMES).max(INNER_FRAMES);
    let own = own.iter().take(INNER_FRAMES).chain(own.iter().skip(outer));
    let mut chosen: Vec<usize> = own.chain(pinned.iter().take(PINNED_FRAMES)).copied().collect();
    chosen.sort_unstable();
    chosen.dedup();
    let hidden = inside_out.len() - chosen.len();
    let shown = chosen
        .into_iter()
        .filter_map(|index| inside_out.get(index))
        .map(|frame| Step::Frame(frame));
    (shown.collect(), hidden)
}

/// The frames that satisfy `wanted`, each text and place once.
fn indices(frames: &[&Frame], wanted: impl Fn(&Frame) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        let is_new = |kept: &[usize]| {
            !kept.iter().filter_map(|index| frames.get(*index)).any(|other| same(frame, other))
        };
        if wanted(frame) && is_new(&kept) {
            kept.push(index);
        }
    }
    kept
}

/// Whether the user wrote the code of this frame, and the excerpt of the error does not show it.
fn is_own(frame: &Frame, diagnostic: &Diagnostic) -> bool {
    let Some(place) = &frame.place else { return false };
    let name = &place.source.name;
    let is_library = name.starts_with("/nix/store/")
        || name.starts_with("<nix/")
        || name.starts_with("«nix-internal»");
    let is_shown = diagnostic.place.as_ref().is_some_and(|shown| same_place(shown, place));
    !is_library && !is_shown
}

/// All frames, but of a run of equal rounds, as recursion leaves them, only the first.
fn without_repetitions<'d>(frames: &[&'d Frame]) -> Vec<Step<'d>> {
    let mut steps = Vec::new();
    let mut rest = frames;
    while let Some((first, others)) = rest.split_first() {
        let Some((frames, times)) = round(rest) else {
            steps.push(Step::Frame(first));
            rest = others;
            continue;
        };
        let (shown, _) = rest.split_at(frames);
        steps.extend(shown.iter().map(|frame| Step::Frame(frame)));
        steps.push(Step::Repeated { frames, times });
        rest = rest.get(frames * (times + 1)..).unwrap_or_default();
    }
    steps
}

/// The shortest round that `frames` start with twice: its length, and how often it comes again.
fn round(frames: &[&Frame]) -> Option<(usize, usize)> {
    (1..=ROUND_FRAMES_MAX).find_map(|length| {
        let (first, behind) = frames.split_at_checked(length)?;
        let is_again =
            |round: &&[&Frame]| first.iter().zip(*round).all(|(one, other)| same(one, other));
        let times = behind.chunks_exact(length).take_while(is_again).count();
        (times > 0).then_some((length, times))
    })
}

fn same(one: &Frame, other: &Frame) -> bool {
    let places = match (&one.place, &other.place) {
        (Some(one), Some(other)) => same_place(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    places && one.message == other.message
}

fn same_place(one: &Place, other: &Place) -> bool {
    one.start == other.start && one.end == other.end && one.source.name == other.source.name
}
