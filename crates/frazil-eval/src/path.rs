//! Paths as Nix sees them: absolute byte strings without `.`, `..`, doubled or final slashes.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The path as the host takes it.
pub(crate) fn of(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// The path as text, for messages.
pub(crate) fn shown(path: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(path)
}

/// What is named `name` in `directory`.
pub(crate) fn child(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    [directory, b"/", name].concat()
}

/// `path`, which starts at `base` unless it is absolute. Not normalised.
pub(crate) fn join(base: &[u8], path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") { path.to_vec() } else { child(base, path) }
}

/// Resolves `.` and `..` as text, without looking at the disk. The root is its own parent.
pub(crate) fn normalise(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    let mut normal = Vec::with_capacity(path.len());
    for part in &parts {
        normal.push(b'/');
        normal.extend_from_slice(part);
    }
    if parts.is_empty() {
        normal.push(b'/');
    }
    normal
}

/// The path that a literal stands for, normalised but for a final slash, which separates it from
/// an interpolation; `None` if it starts in a home that nobody has.
pub(crate) fn literal(text: &[u8], base: &[u8], home: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut path = match text.strip_prefix(b"~") {
        Some(below_home) => normalise(&[home?, below_home].concat()),
        None => normalise(&join(base, text)),
    };
    if text.ends_with(b"/") && path.len() > 1 {
        path.push(b'/');
    }
    Some(path)
}

/// What follows the last slash; one final slash does not count.
pub(crate) fn base_name(path: &[u8]) -> &[u8] {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// Everything before the last slash (and slashes next to it), as text: `.` when there is none.
pub(crate) fn dir_name(path: &[u8]) -> &[u8] {
    let Some(slash) = path.iter().rposition(|byte| *byte == b'/') else { return b"." };
    let directory = path.get(..slash).unwrap_or(path);
    match directory.iter().rposition(|byte| *byte != b'/') {
        None => b"/",
        Some(last) => directory.get(..=last).unwrap_or(directory),
    }
}

/// Whether `path` is `directory` or lies below it. Both are normal.
pub(crate) fn is_within(path: &[u8], directory: &[u8]) -> bool {
    directory == b"/"
        || path
            .strip_prefix(directory)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
