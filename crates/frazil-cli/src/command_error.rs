//! Why a command ends without having done its work, and with which status.

use std::path::PathBuf;

use frazil_eval::ErrorKind;
use frazil_ops::eval::Failure;

use crate::screen::Screen;

/// What stopped a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The arguments make no sense together.
    #[error("{message}")]
    Usage { message: String, help: Option<String> },
    /// The language said no; the diagnostics say why.
    #[error("the evaluation failed")]
    Evaluation(Failure),
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        Self::Evaluation(failure)
    }
}

impl CommandError {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    /// The exit status: 2 usage, 3 evaluation, 5 store or input/output.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::Evaluation(failure) if failure.kind() == ErrorKind::Host => 5,
            Self::Evaluation(_) => 3,
            Self::Io { .. } => 5,
        }
    }

    pub(crate) fn show(&self, screen: Screen) {
        match self {
            Self::Evaluation(Failure(diagnostics)) => screen.show(diagnostics),
            Self::Usage { help, .. } => screen.complain(&self.to_string(), help.as_deref()),
            Self::Io { .. } => screen.complain(&self.to_string(), None),
        }
    }
}
