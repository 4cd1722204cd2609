//! Scripts and files of configuration.

use std::collections::BTreeSet;

use super::{Script, Strings, Text, tokens};

/// What configuration is called outside `etc`.
const EXTENSIONS: [&[u8]; 9] =
    [b".cfg", b".cnf", b".conf", b".control", b".ini", b".master", b".sample", b".toml", b".yaml"];
const SHELLS: [&[u8]; 6] = [b"ash", b"bash", b"busybox", b"dash", b"ksh", b"sh"];
/// What stands before the path of a file or directory that has to be there, as `mysqld` reads it.
const INCLUDE: &[u8] = b"!include";
/// The longest first line that Linux reads.
const SHEBANG_BYTES_MAX: usize = 256;

pub(super) fn is_configuration(path: &[u8]) -> bool {
    path.starts_with(b"etc/") || EXTENSIONS.iter().any(|extension| path.ends_with(extension))
}

pub(super) fn script(bytes: &[u8]) -> Script {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = first.get(2..SHEBANG_BYTES_MAX.min(first.len())).unwrap_or_default();
    let interpreter: Vec<&[u8]> =
        first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let is_shell = program(&interpreter).is_some_and(|name| SHELLS.contains(&name));
    let mut paths = BTreeSet::new();
    let mut words = BTreeSet::new();
    for line in lines(bytes, &[b"#"]) {
        paths.extend(tokens::paths(line));
        if is_shell {
            words.extend(tokens::shell_words(line));
        }
    }
    Script {
        interpreter: Strings::of(interpreter),
        paths: Strings::of(paths),
        words: Strings::of(words),
    }
}

/// The name of the program that runs a script, if the words of its first line are these.
pub(crate) fn program<'w>(interpreter: &[&'w [u8]]) -> Option<&'w [u8]> {
    let name = |path: &'w [u8]| path.rsplit(|byte| *byte == b'/').next();
    let (first, rest) = interpreter.split_first()?;
    if name(first) != Some(b"env") {
        return name(first);
    }
    rest.iter()
        .find(|word| !word.starts_with(b"-") && !word.contains(&b'='))
        .and_then(|word| name(word))
}

pub(super) fn configuration(bytes: &[u8]) -> Text {
    let mut paths = BTreeSet::new();
    let mut includes = BTreeSet::new();
    let mut sonames = BTreeSet::new();
    for line in lines(bytes, &[b"#", b";", b"//"]) {
        paths.extend(tokens::paths(line));
        if line.trim_ascii_start().starts_with(INCLUDE) {
            includes.extend(tokens::paths(line));
        }
        sonames.extend(tokens::sonames(line));
    }
    let [paths, includes, sonames] = [paths, includes, sonames].map(Strings::of);
    Text { paths, includes, sonames }
}

/// The lines that are not comments.
fn lines<'b>(
    bytes: &'b [u8],
    comments: &'static [&'static [u8]],
) -> impl Iterator<Item = &'b [u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| {
        let line = line.trim_ascii_start();
        !comments.iter().any(|comment| line.starts_with(comment))
    })
}
