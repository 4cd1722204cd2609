//! One line of a session: which command it is, whether it is complete, and how it could go on.

use std::cell::RefCell;
use std::path::Path;

use frazil_ops::repl::Repl;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'l> {
    Empty,
    Evaluate(&'l str),
    Print(&'l str),
    Type(&'l str),
    Documentation(&'l str),
    Build(&'l str),
    Add(&'l str),
    Load(&'l str),
    LoadFlake(&'l str),
    Reload,
    Help,
    Quit,
    /// A command that lacks what it is about.
    Bare(&'l str),
    /// Starts like a command and is none.
    Unknown(&'l str),
}

impl<'l> Line<'l> {
    pub(super) fn of(text: &'l str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Empty;
        }
        if !text.starts_with(':') {
            return Self::Evaluate(text);
        }
        let (command, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let line = match command {
            ":p" | ":print" => Self::Print(rest),
            ":t" => Self::Type(rest),
            ":doc" => Self::Documentation(rest),
            ":b" => Self::Build(rest),
            ":a" | ":add" => Self::Add(rest),
            ":l" | ":load" => Self::Load(rest),
            ":lf" | ":load-flake" => Self::LoadFlake(rest),
            ":r" | ":reload" => Self::Reload,
            ":?" | ":help" => Self::Help,
            ":q" | ":quit" => Self::Quit,
            _ => Self::Unknown(command),
        };
        let needs_more =
            line.expression().is_some() || matches!(line, Self::Load(_) | Self::LoadFlake(_));
        if rest.is_empty() && needs_more { Self::Bare(command) } else { line }
    }

    /// The expression in the line.
    fn expression(self) -> Option<&'l str> {
        match self {
            Self::Evaluate(text)
            | Self::Print(text)
            | Self::Type(text)
            | Self::Documentation(text)
            | Self::Build(text)
            | Self::Add(text) => Some(text),
            Self::Empty
            | Self::Load(_)
            | Self::LoadFlake(_)
            | Self::Reload
            | Self::Help
            | Self::Quit
            | Self::Bare(_)
            | Self::Unknown(_) => None,
        }
    }
}

/// Helps with typing, by asking the session.
pub(super) struct Assistant<'s, 'r, 'a> {
    repl: &'s RefCell<&'r mut Repl<'a>>,
}

impl<'s, 'r, 'a> Assistant<'s, 'r, 'a> {
    pub(super) fn new(repl: &'s RefCell<&'r mut Repl<'a>>) -> Self {
        Self { repl }
    }
}

impl Completer for Assistant<'_, '_, '_> {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = line.get(..position).unwrap_or(line);
        let word_start = before.rfind(|char: char| char.is_whitespace() || "([{".contains(char));
        let word_start = word_start.map_or(0, |at| at + 1);
        let word = before.get(word_start..).unwrap_or_default();
        let is_file =
            matches!(Line::of(before), Line::Load(_)) || word.starts_with(['/', '.', '~']);
        let (start, found) = if is_file {
            files(word, word_start)
        } else {
            self.repl.borrow_mut().completions(before)
        };
        let pairs = found.into_iter().map(|name| Pair { display: name.clone(), replacement: name });
        Ok((start, pairs.collect()))
    }
}

/// Files whose path starts with `word`.
fn files(word: &str, start: usize) -> (usize, Vec<String>) {
    let (folder, part) = word
        .rsplit_once('/')
        .map_or((".", word), |(folder, part)| (if folder.is_empty() { "/" } else { folder }, part));
    let mut names = Vec::new();
    // A folder that cannot be read has nothing to offer.
    for entry in Path::new(folder).read_dir().into_iter().flatten().flatten() {
        let Ok(mut name) = entry.file_name().into_string() else { continue };
        if name.starts_with(part) && (!name.starts_with('.') || part.starts_with('.')) {
            if entry.path().is_dir() {
                name.push('/');
            }
            names.push(name);
        }
    }
    names.sort();
    (start + word.len() - part.len(), names)
}

impl Validator for Assistant<'_, '_, '_> {
    /// Asks for another line while the expression ends too early.
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let expression = Line::of(context.input()).expression();
        let is_open = expression.is_some_and(|text| self.repl.borrow_mut().ends_early(text));
        Ok(if is_open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Highlighter for Assistant<'_, '_, '_> {}

impl Hinter for Assistant<'_, '_, '_> {
    type Hint = String;
}

impl Helper for Assistant<'_, '_, '_> {}
