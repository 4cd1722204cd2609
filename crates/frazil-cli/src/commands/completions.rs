//! `frazil completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Arguments;
use crate::command_error::CommandError;
use crate::screen;

/// Print the completions of a shell
///
/// For bash: `frazil completions bash > ~/.local/share/bash-completion/completions/frazil`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell to complete in
    shell: Shell,
}

pub(super) fn run(arguments: &CompletionsArguments) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "frazil", &mut script);
    screen::print(&script)
}
