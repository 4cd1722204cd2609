//! Directories, files and links that packages want (tmpfiles.d(5)).
//!
//! They are made in the tree of the system. Ages mean nothing, since nothing here is ever cleaned;
//! what is to be removed when a machine starts is a problem, since nobody removes it.

mod apply;
#[cfg(test)]
mod tests;

use super::{Problem, expanded, given, lines};

pub use apply::apply;

/// What a line wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The file with the line.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What is to be done.
    pub action: Action,
    /// An absolute path.
    pub path: String,
    /// Permissions; unset, what is usual.
    pub mode: Option<u32>,
    /// The name or number of the owner.
    pub user: Option<String>,
    /// The name or number of the group.
    pub group: Option<String>,
}

/// The kinds of lines that are carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A directory is made.
    Directory,
    /// What is there gets permissions and an owner, perhaps with all below it.
    Adjust {
        /// Whether what is below it does, too.
        is_recursive: bool,
    },
    /// A file is made.
    File {
        /// Its contents.
        text: String,
        /// Whether it is made anew if it is there.
        is_anew: bool,
    },
    /// A link is made.
    Link {
        /// Where it leads.
        target: String,
        /// Whether it is made anew if something is there.
        is_anew: bool,
    },
    /// A copy of a file or directory of the system is made.
    Copy {
        /// An absolute path.
        source: String,
    },
    /// A named pipe is made.
    Pipe,
}

/// The rules of a file, and lines that are none.
pub fn read(file: &str, text: &str) -> (Vec<Rule>, Vec<Problem>) {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for (line, fields) in lines(text) {
        match rule(&fields) {
            Ok(Some((action, path))) => {
                let mode = given(&fields, 2).map(|mode| mode.trim_start_matches(['~', ':']));
                rules.push(Rule {
                    file: file.to_owned(),
                    line,
                    action,
                    path,
                    mode: mode.and_then(|mode| u32::from_str_radix(mode, 8).ok()),
                    user: given(&fields, 3).map(|user| user.trim_start_matches(':').to_owned()),
                    group: given(&fields, 4).map(|group| group.trim_start_matches(':').to_owned()),
                });
            }
            Ok(None) => {}
            Err(what) => problems.push(Problem { file: file.to_owned(), line, what }),
        }
    }
    (rules, problems)
}

/// What a line wants and where; `None` if there is nothing to do in a system that is made anew.
fn rule(fields: &[String]) -> Result<Option<(Action, String)>, String> {
    let kind = given(fields, 0).unwrap_or_default();
    let letter = kind.chars().next().unwrap_or_default();
    let marks = kind.get(letter.len_utf8()..).unwrap_or_default();
    if marks.contains(['~', '^']) {
        return Err(format!("`{kind}` wants something encoded or secret"));
    }
    let is_anew = marks.contains('+');
    let path = expanded(given(fields, 1).ok_or("it names no path")?);
    let path =
        path.filter(|path| path.starts_with('/')).ok_or("the path depends on the machine")?;
    // All that follows the fifth field, which words have been made of.
    let argument = fields.get(6..).unwrap_or_default().join(" ");
    let argument = Some(argument).filter(|argument| !matches!(&**argument, "-" | ""));
    let argument =
        argument.map(|text| expanded(&text).ok_or("the argument depends on the machine"));
    let argument = argument.transpose()?;
    let factory = || format!("/usr/share/factory{path}");
    let action = match letter {
        'd' | 'D' | 'v' | 'q' | 'Q' => Action::Directory,
        'e' | 'z' | 'm' => Action::Adjust { is_recursive: false },
        'Z' => Action::Adjust { is_recursive: true },
        'f' | 'F' => {
            let is_anew = is_anew || letter == 'F';
            Action::File { text: argument.unwrap_or_default(), is_anew }
        }
        'L' => Action::Link { target: argument.unwrap_or_else(factory), is_anew },
        'C' => Action::Copy { source: argument.unwrap_or_else(factory) },
        'p' => Action::Pipe,
        // Exceptions from cleaning, which is not done.
        'x' | 'X' => return Ok(None),
        'r' | 'R' => return Err(format!("`{path}` is not removed when the system starts")),
        'w' => return Err(format!("`{path}` is not written to when the system starts")),
        'a' | 'A' | 'h' | 'H' | 't' | 'T' => {
            return Err(format!("`{path}` gets no attributes or access lists"));
        }
        'b' | 'c' => return Err(format!("the device `{path}` is not made")),
        _ => return Err(format!("there is no kind `{kind}` of files")),
    };
    let has_pattern = path.contains(['*', '?', '[']);
    if has_pattern && !matches!(action, Action::Adjust { .. }) {
        return Err(format!("`{path}` is a pattern, which nothing can be made of"));
    }
    Ok(Some((action, path)))
}
