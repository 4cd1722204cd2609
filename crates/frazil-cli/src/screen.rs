//! Standard output and standard error: data goes to the one, words go to the other.

use std::io::{ErrorKind, IsTerminal, Write};

use frazil_eval::Diagnostic;
use frazil_eval::host::Message;

use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::render::{self, Look, Style, clean, paint};

/// The width of excerpts when the terminal does not say.
const COLUMNS_DEFAULT: usize = 100;

/// How to print. A small value that is handed around instead of global state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) look: Look,
}

impl Screen {
    /// What fits the terminal of this process; colour only on one, and unless `NO_COLOR` is set.
    pub(crate) fn new(environment: &Environment) -> Self {
        let wants_colour = environment.text("NO_COLOR").is_none_or(str::is_empty)
            && environment.text("TERM").is_none_or(|term| term != "dumb");
        let columns = environment.text("COLUMNS").and_then(|columns| columns.parse().ok());
        let colour = wants_colour && std::io::stderr().is_terminal();
        Self {
            look: Look { colour, whole_trace: false, columns: columns.unwrap_or(COLUMNS_DEFAULT) },
        }
    }

    /// Passes on what an evaluation says while it goes on.
    pub(crate) fn tell(self, message: &Message) {
        match message {
            Message::Trace(text) => {
                say(&format!("trace: {}\n", clean(text, self.look.colour)));
            }
            Message::ProgramWarning(text) => self.caution("evaluation warning:", text),
            Message::Warning(text) => self.warn(text),
        }
    }

    pub(crate) fn warn(self, text: &str) {
        self.caution("warning:", text);
    }

    fn caution(self, word: &str, text: &str) {
        let indent = " ".repeat(word.len() + 1);
        let word = paint(word, Style::Warning, self.look.colour);
        let text = clean(text, self.look.colour);
        say(&format!("{word} {}\n", text.replace('\n', &format!("\n{indent}"))));
    }

    pub(crate) fn show(self, diagnostics: &[Diagnostic]) {
        say(&render::render(diagnostics, self.look));
    }

    /// An error that is no diagnostic of the language.
    pub(crate) fn complain(self, message: &str, help: Option<&str>) {
        let mut text = paint("error:", Style::Error, self.look.colour);
        text.push(' ');
        text.push_str(&clean(message, self.look.colour));
        text.push('\n');
        if let Some(help) = help {
            let word = paint("help:", Style::Help, self.look.colour);
            text.extend(["\n", &word, " ", help, "\n"]);
        }
        say(&text);
    }
}

/// Writes data to standard output. A reader that has gone away has seen enough.
pub(crate) fn print(data: &[u8]) -> Result<(), CommandError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(data).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::Io {
            action: "write to",
            path: "standard output".into(),
            source: error,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes words to standard error.
pub(crate) fn say(words: &str) {
    let mut stderr = std::io::stderr().lock();
    // Who closed stderr does not want to hear it.
    drop(stderr.write_all(words.as_bytes()));
}
