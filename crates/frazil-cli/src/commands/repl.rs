//! `frazil repl`
//!
//! Reads lines with history and completion, and shows what the session answers. What a line means
//! is decided in `frazil-ops`; here are keys, files and words.

mod line;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use clap::Args;
use frazil_ops::eval::Failure;
use frazil_ops::repl::{Repl, ReplPlan};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use crate::command_error::CommandError;
use crate::commands::eval::EvaluationArguments;
use crate::environment::Environment;
use crate::realising::with_user_host;
use crate::screen::{self, Screen};

use line::{Assistant, Line};

const PROMPT: &str = "frazil> ";
const HISTORY_FILE: &str = "repl-history";
const HISTORY_LINES: usize = 10_000;
const HELP: &str = "\
  EXPR            evaluate and print
  NAME = EXPR     keep a value
  :a EXPR         keep the attributes of a set
  :l FILE         keep the attributes of a file
  :lf FLAKE       keep what a flake has
  :r              load all files again
  :p EXPR         print with everything inside
  :t EXPR         print the type
  :doc EXPR       show the documentation of a builtin
  :b EXPR         build a derivation
  :?              this list
  :q              leave
";

/// Evaluate line by line
///
/// Lines are completed with the tab key; `:?` lists what else can be typed.
#[derive(Debug, Args)]
pub(super) struct ReplArguments {
    /// Load the attributes of these at the start: files, `<name>` of the search path, or flakes, as
    /// `.` or `github:OWNER/REPO`
    #[arg(value_name = "FILE_OR_FLAKE")]
    files: Vec<String>,

    #[command(flatten)]
    evaluation: EvaluationArguments,
}

pub(super) fn run(
    arguments: &ReplArguments,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let plan = ReplPlan {
        options: arguments.evaluation.options(environment)?,
        memory_bytes_max: arguments.evaluation.memory_bytes_max(),
        base: environment.directory.clone(),
        arguments: arguments.evaluation.arguments()?,
    };
    with_user_host(environment, screen, |host| {
        frazil_ops::repl::open(&plan, host, |repl| {
            for file in &arguments.files {
                let is_flake = is_flake(&environment.directory, file);
                added(if is_flake { repl.load_flake(file)? } else { repl.load(file)? });
            }
            converse(repl, environment, screen)
        })?
    })?
}

/// Whether a flake is meant: a directory with one, or something that is not on the disk.
fn is_flake(directory: &Path, text: &str) -> bool {
    let path = directory.join(text);
    let is_lookup = text.starts_with('<');
    if path.exists() { path.join("flake.nix").exists() } else { !is_lookup && !is_file_name(text) }
}

/// Whether a file is meant, though there is none.
fn is_file_name(text: &str) -> bool {
    text.starts_with(['.', '/']) || Path::new(text).extension().is_some_and(|end| end == "nix")
}

/// Reads and answers lines until the user leaves.
fn converse(
    repl: &mut Repl<'_>,
    environment: &Environment,
    screen: Screen,
) -> Result<(), CommandError> {
    let failed = |error: ReadlineError| CommandError::Io {
        action: "read from",
        path: "the terminal".into(),
        source: std::io::Error::other(error),
    };
    let repl = RefCell::new(repl);
    let config =
        Config::builder().completion_type(CompletionType::List).max_history_size(HISTORY_LINES);
    let config = config.map_err(failed)?.auto_add_history(true).build();
    let mut editor =
        Editor::<Assistant<'_, '_, '_>, FileHistory>::with_config(config).map_err(failed)?;
    editor.set_helper(Some(Assistant::new(&repl)));
    let mut history = history_file(environment);
    if let Some(history) = &history
        && history.exists()
        && let Err(error) = editor.load_history(history)
    {
        screen.warn(&format!("cannot read {}: {error}", history.display()));
    }
    loop {
        let text = match editor.readline(PROMPT) {
            Ok(text) => text,
            // The key that interrupts leaves the line, not the session.
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        // Before it is evaluated: what is interrupted then ends the process.
        if let Some(file) = &history
            && let Err(error) = keep_history(&mut editor, file)
        {
            screen.warn(&format!("cannot write {}: {error}", file.display()));
            history = None;
        }
        match answer(&mut repl.borrow_mut(), Line::of(&text), screen) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(CommandError::Evaluation(Failure(diagnostics))) => screen.show(&diagnostics),
            Err(error) => return Err(error),
        }
    }
}

fn history_file(environment: &Environment) -> Option<PathBuf> {
    Some(environment.state_directory()?.join(HISTORY_FILE))
}

/// Adds the newest lines to the file.
fn keep_history(
    editor: &mut Editor<Assistant<'_, '_, '_>, FileHistory>,
    file: &Path,
) -> Result<(), ReadlineError> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    editor.append_history(file)
}

fn added(count: usize) {
    let variables = if count == 1 { "variable" } else { "variables" };
    screen::say(&format!("Added {count} {variables}.\n"));
}

/// Does what a line asks for; `false` if it asks to leave.
fn answer(repl: &mut Repl<'_>, line: Line<'_>, screen: Screen) -> Result<bool, CommandError> {
    let mut printed = Vec::new();
    match line {
        Line::Empty => {}
        Line::Quit => return Ok(false),
        Line::Help => screen::say(HELP),
        Line::Evaluate(text) => repl.line(text, &mut printed)?,
        Line::Print(text) => repl.print(text, true, &mut printed)?,
        Line::Type(text) => printed.extend(format!("{}\n", repl.type_of(text)?).into_bytes()),
        Line::Add(text) => added(repl.add(text)?),
        Line::Load(file) => added(repl.load(file)?),
        Line::LoadFlake(reference) => added(repl.load_flake(reference)?),
        Line::Reload => added(repl.reload()?),
        Line::Documentation(text) => match repl.documentation(text)? {
            Some(known) => {
                let head = format!("builtins.{} {}\n\n", known.name, known.parameters.join(" "));
                printed.extend((head + &known.text + "\n").into_bytes());
            }
            None => screen.complain("this value has no documentation", None),
        },
        Line::Build(text) => {
            printed.extend(repl.build(text)?);
            printed.push(b'\n');
        }
        Line::Bare(command) => {
            screen.complain(
                &format!("'{command}' lacks its argument"),
                Some("`:?` lists the commands"),
            );
        }
        Line::Unknown(command) => {
            screen
                .complain(&format!("unknown command '{command}'"), Some("`:?` lists the commands"));
        }
    }
    screen::print(&printed)?;
    Ok(true)
}
