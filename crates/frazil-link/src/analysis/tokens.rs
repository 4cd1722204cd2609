//! Finding paths, names of libraries and words in bytes that may be anything.
//!
//! All searches are linear: they jump from one `/` or `.so` to the next (`memchr`) and look around.

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::Strings;

/// No path that packages ship is longer.
const PATH_BYTES_MAX: usize = 200;
const SONAME_BYTES_MAX: usize = 100;
/// Where packages put things; other absolute paths in programs lead to nothing that can be linked.
const TOPS: [&[u8]; 9] =
    [b"bin", b"etc", b"lib", b"lib64", b"opt", b"sbin", b"srv", b"usr", b"var"];
const STORE: &[u8] = b"/nix/store/";
const STORE_HASH_CHARS: usize = 32;

/// What paths are made of, besides slashes.
const fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'+' | b'@' | b'%' | b':' | b'.' | b'*' | b'~' | b'-')
}

/// A byte in front of a slash that makes it the middle of something.
const fn goes_on(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'%' | b'}' | b')' | b'/' | b'-')
}

/// Absolute paths that stand alone or between other things.
pub(super) fn paths(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut done = 0;
    memchr_iter(b'/', text).filter_map(move |at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        if at < done || before.is_some_and(|byte| goes_on(*byte)) {
            return None;
        }
        let rest = text.get(at..)?;
        let len = path_len(rest);
        done = at + len;
        (4..PATH_BYTES_MAX).contains(&len).then(|| rest.get(..len)).flatten()
    })
}

/// How far a path goes: names separated by one slash, and perhaps one at the end.
fn path_len(text: &[u8]) -> usize {
    let mut previous = 0;
    text.iter()
        .position(|byte| {
            let ends = if *byte == b'/' { previous == b'/' } else { !is_path_byte(*byte) };
            previous = *byte;
            ends
        })
        .unwrap_or(text.len())
}

/// Whether the path begins like one of a package.
pub(super) fn is_shipped(path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(b"/") else { return false };
    rest.split(|byte| *byte == b'/')
        .find(|name| !name.is_empty())
        .is_some_and(|top| TOPS.contains(&top) && rest.len() > top.len() + 1)
}

/// The absolute path that a whole string is, up to the first byte that ends a word.
pub(super) fn whole_path(string: &[u8]) -> Option<&[u8]> {
    if !string.starts_with(b"/") {
        return None;
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\x0b\"'`;|&<>()".contains(byte);
    let len = string.iter().position(ends).unwrap_or(string.len());
    (4..PATH_BYTES_MAX).contains(&len).then(|| string.get(..len)).flatten()
}

/// Calls `found` for each string that ends with a zero byte (or the data) and holds a slash.
pub(super) fn strings_with_slash<'d>(data: &'d [u8], mut found: impl FnMut(&'d [u8])) {
    let mut done = 0;
    while let Some(slash) = data.get(done..).and_then(|rest| memchr(b'/', rest)) {
        let slash = done + slash;
        let start = data
            .get(done..slash)
            .and_then(|before| memrchr(0, before))
            .map_or(done, |zero| done + zero + 1);
        let end = data
            .get(slash..)
            .and_then(|rest| memchr(0, rest))
            .map_or(data.len(), |zero| slash + zero);
        if let Some(string) = data.get(start..end) {
            found(string);
        }
        done = end;
    }
}

/// Where a path could begin in bytes that hold strings without an end: each `/usr/`, `/etc/`, ...
pub(super) fn blob_paths(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr_iter(b'/', data).filter_map(|at| {
        let rest = data.get(at..)?;
        let begins = |top: &&[u8]| {
            rest.get(1..)
                .and_then(|rest| rest.strip_prefix(*top))
                .is_some_and(|rest| matches!(rest, [b'/', next, ..] if is_path_byte(*next)))
        };
        if !TOPS.iter().any(begins) {
            return None;
        }
        let len = path_len(rest.get(..PATH_BYTES_MAX).unwrap_or(rest));
        rest.get(..len)
    })
}

/// Names like `libz.so.1` that stand alone; `%` may stand for what is filled in.
pub(super) fn sonames(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_name =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'%' | b'.' | b'-');
    memmem::find_iter(data, b".so").filter_map(move |at| {
        let front = data.get(at.saturating_sub(SONAME_BYTES_MAX)..at)?;
        let len = front.iter().rev().take_while(|byte| is_name(**byte)).count();
        let (before, name) = front.split_at_checked(front.len() - len)?;
        let (first, last) = (*name.first()?, before.last().copied());
        if len == SONAME_BYTES_MAX || matches!(first, b'.' | b'-') || last == Some(b'/') {
            return None;
        }
        let mut end = at + 3;
        loop {
            let rest = data.get(end..)?;
            let digits = rest
                .get(1..)
                .unwrap_or_default()
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'%' | b's'))
                .count();
            if rest.first() != Some(&b'.') || digits == 0 || end > at + SONAME_BYTES_MAX {
                break;
            }
            end += 1 + digits;
        }
        let next = data.get(end).copied().unwrap_or(0);
        let is_alone = !next.is_ascii_alphanumeric() && next != b'_';
        is_alone.then(|| data.get(at - len..end)).flatten()
    })
}

/// Places in a Nix store, without `/nix/store/`, sorted.
pub(super) fn references(data: &[u8]) -> Strings {
    Strings::set(reference_texts(data))
}

/// As [`references`], in the order in which they stand there.
pub(super) fn reference_texts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    memmem::find_iter(data, STORE).filter_map(move |at| {
        let rest = data.get(at + STORE.len()..)?;
        let hash = rest.get(..STORE_HASH_CHARS)?;
        let is_hash = hash.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        if !is_hash || rest.get(STORE_HASH_CHARS) != Some(&b'-') {
            return None;
        }
        let rest = rest.get(..1024).unwrap_or(rest);
        let len = rest
            .iter()
            .position(|byte| !is_path_byte(*byte) && !matches!(byte, b'/' | b'?' | b'='))
            .unwrap_or(rest.len());
        rest.get(..len)
    })
}

/// Words of a shell script that may be commands: not variables, options, or parts of paths.
pub(super) fn shell_words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_word = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'_' | b'.' | b'+' | b'-')
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = line.get(at..)?;
            let first = *rest.first()?;
            let before = at.checked_sub(1).and_then(|before| line.get(before)).copied();
            let starts = first.is_ascii_lowercase() || matches!(first, b'_' | b'[');
            let front = line.get(..at).unwrap_or_default();
            let is_inside = before
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_.$/-".contains(&byte))
                || front.ends_with(b"${");
            let behind_variable = front.strip_suffix(b"/").is_some_and(ends_with_variable);
            if !starts || (is_inside && !behind_variable) {
                at += 1;
                continue;
            }
            let len = 1 + rest.iter().skip(1).take_while(|byte| is_word(**byte)).count();
            at += len;
            let next = rest.get(len).copied().unwrap_or(b' ');
            if !next.is_ascii_alphanumeric() && !matches!(next, b'_' | b'/' | b'=') {
                return rest.get(..len);
            }
        }
    })
}

/// Whether it ends like `$dir`, `${dir}` or `"$dir"`: `$dir/cmd` runs a command, while `/usr/bin/cmd`
/// is found as a path.
fn ends_with_variable(text: &[u8]) -> bool {
    if text.ends_with(b"}") || text.ends_with(b"\"") {
        return true;
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let len = text.iter().rev().take_while(|byte| is_name(byte)).count();
    len > 0 && text.get(..text.len() - len).is_some_and(|front| front.ends_with(b"$"))
}
