//! The alternatives that a maintainer script would register: `update-alternatives --install`.
//!
//! Only what stands in the script as it is counts; a link, path or priority that a variable gives is
//! left out.

use std::path::{Component, Path, PathBuf};

/// One way to provide a common name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alternative {
    /// The common place, as `/usr/bin/awk`.
    pub(crate) link: PathBuf,
    /// What it would lead to.
    pub(crate) path: PathBuf,
    pub(crate) priority: i64,
}

/// Adds what `script` registers.
pub(crate) fn read(script: &str, found: &mut Vec<Alternative>) {
    let joined = script.replace("\\\n", " ");
    for line in joined.lines() {
        let mut words = line.split_ascii_whitespace();
        if !words.any(|word| word.ends_with("update-alternatives")) {
            continue;
        }
        let words: Vec<&str> = words.map(|word| word.trim_end_matches([';', '|'])).collect();
        let mut priority = None;
        let mut rest = words.as_slice();
        while let Some((word, behind)) = rest.split_first() {
            match (*word, behind) {
                ("--install", [link, _, path, number, ..]) => {
                    priority = unquoted(number).parse().ok();
                    add(found, link, path, priority);
                }
                ("--slave", [link, _, path, ..]) => add(found, link, path, priority),
                _ => {}
            }
            rest = behind;
        }
    }
}

fn add(found: &mut Vec<Alternative>, link: &str, path: &str, priority: Option<i64>) {
    let place = |word: &str| {
        let path = Path::new(unquoted(word));
        let is_plain = path.components().all(|component| component != Component::ParentDir)
            && !word.contains('$');
        (path.is_absolute() && is_plain).then(|| path.to_owned())
    };
    if let (Some(link), Some(path), Some(priority)) = (place(link), place(path), priority) {
        found.push(Alternative { link, path, priority });
    }
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}
