//! Why a command ends without having done its work, and with which status.

use std::path::PathBuf;

use frazil_eval::ErrorKind;
use frazil_ops::build::BuildError;
use frazil_ops::debian;
use frazil_ops::eval::Failure;
use frazil_ops::image;
use frazil_ops::realise::RealiseError;
use frazil_ops::run::SystemRunError;
use frazil_ops::store;

use crate::screen::Screen;

const CHECK_FAILED: u8 = 1;
pub(crate) const BUILD_FAILED: u8 = 4;
const STORE_FAILED: u8 = 5;
/// What shells end with if there is a program that cannot be started, and if there is none.
const NOT_STARTED: u8 = 126;
const NOT_FOUND: u8 = 127;

/// What stopped a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The arguments make no sense together.
    #[error("{message}")]
    Usage { message: String, help: Option<String> },
    /// The language said no; the diagnostics say why.
    #[error("the evaluation failed")]
    Evaluation(Failure),
    /// An operation failed; the message says why, with all causes.
    #[error("{message}")]
    Failed { message: String, help: Option<&'static str>, status: u8 },
    /// What was run ended like this, which it has said itself.
    #[error("it ended with status {status}")]
    Ended { status: u8 },
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

    /// A check that the user asked for did not pass.
    pub(crate) fn check_failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), help: None, status: CHECK_FAILED }
    }

    /// The exit status: 1 a check, 2 usage, 3 evaluation, 4 build, 5 store or input/output.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::Evaluation(failure) if failure.kind() == ErrorKind::Host => 5,
            Self::Evaluation(_) => 3,
            Self::Failed { status, .. } | Self::Ended { status } => *status,
            Self::Io { .. } => 5,
        }
    }

    pub(crate) fn show(&self, screen: Screen) {
        match self {
            Self::Evaluation(Failure(diagnostics)) => screen.show(diagnostics),
            Self::Usage { help, .. } => screen.complain(&self.to_string(), help.as_deref()),
            Self::Failed { help, .. } => screen.complain(&self.to_string(), *help),
            Self::Io { .. } => screen.complain(&self.to_string(), None),
            Self::Ended { .. } => {}
        }
    }
}

/// Errors that have a text for the user, and the status with which they end the program.
macro_rules! failures {
    ($($error:ty => $status:expr),* $(,)?) => {$(
        impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                let message = frazil_ops::causes(&error);
                Self::Failed { message, help: error.help(), status: $status }
            }
        }
    )*};
}

failures! {
    debian::SuiteError => STORE_FAILED,
    debian::ResolveError => CHECK_FAILED,
    debian::PackageIndexError => STORE_FAILED,
    debian::ExportError => STORE_FAILED,
    store::OpenError => STORE_FAILED,
    store::ReadError => STORE_FAILED,
    store::StoreError => STORE_FAILED,
    store::DatabaseError => STORE_FAILED,
    store::IoError => STORE_FAILED,
    store::AddError => STORE_FAILED,
    store::CollectError => STORE_FAILED,
    store::ExportError => STORE_FAILED,
    store::ImportError => STORE_FAILED,
    frazil_ops::cache::Error => STORE_FAILED,
    frazil_ops::cache::CacheError => STORE_FAILED,
    frazil_ops::cache::KeyError => STORE_FAILED,
    frazil_ops::cache::LookupError => STORE_FAILED,
    frazil_ops::cache::serve::ServeError => STORE_FAILED,
    RealiseError => BUILD_FAILED,
    image::SystemError => BUILD_FAILED,
    image::readers::OpenImageError => STORE_FAILED,
    image::registry::RegistryError => STORE_FAILED,
    frazil_ops::control::ControlError => STORE_FAILED,
    frazil_ops::system::ledger::LedgerError => STORE_FAILED,
    frazil_ops::check::CheckError => BUILD_FAILED,
}

impl From<image::ImageError> for CommandError {
    fn from(error: image::ImageError) -> Self {
        let (message, help) = (frazil_ops::causes(&error), error.help());
        let status = match error {
            image::ImageError::Compression(_) => {
                return Self::Usage { message, help: help.map(str::to_owned) };
            }
            image::ImageError::System(_) => BUILD_FAILED,
            image::ImageError::Encode(_)
            | image::ImageError::Io(_)
            | image::ImageError::Damaged { .. }
            | image::ImageError::InTheWay { .. } => STORE_FAILED,
        };
        Self::Failed { message, help, status }
    }
}

impl From<SystemRunError> for CommandError {
    fn from(error: SystemRunError) -> Self {
        let (message, help) = (frazil_ops::causes(&error), error.help());
        let status = match error {
            error if error.is_missing() => NOT_FOUND,
            SystemRunError::Start { .. } => NOT_STARTED,
            SystemRunError::Io(_)
            | SystemRunError::User { .. }
            | SystemRunError::Program { .. }
            | SystemRunError::Run(_)
            | SystemRunError::Sandbox(_) => BUILD_FAILED,
        };
        Self::Failed { message, help, status }
    }
}

impl From<frazil_ops::option::OptionError> for CommandError {
    fn from(error: frazil_ops::option::OptionError) -> Self {
        match error {
            frazil_ops::option::OptionError::Evaluation(failure) => Self::Evaluation(failure),
            error @ frazil_ops::option::OptionError::Shape(_) => {
                let message = frazil_ops::causes(&error);
                Self::Usage { message, help: error.help().map(str::to_owned) }
            }
        }
    }
}

impl From<BuildError> for CommandError {
    fn from(error: BuildError) -> Self {
        let help = error.help();
        let status = match &error {
            BuildError::Evaluation(failure) => return Self::Evaluation(failure.clone()),
            BuildError::Realise(_) | BuildError::NotRealised { .. } => BUILD_FAILED,
            BuildError::Read(_)
            | BuildError::Path(_)
            | BuildError::Name(_)
            | BuildError::Io(_)
            | BuildError::LinkInTheWay { .. } => STORE_FAILED,
        };
        Self::Failed { message: frazil_ops::causes(&error), help, status }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::{CommandError, SystemRunError};

    #[test]
    fn programs_that_do_not_run_are_what_they_are_for_shells() {
        let start = |kind: ErrorKind| SystemRunError::Start {
            program: "/bin/x".to_owned(),
            source: Error::from(kind),
        };
        let statuses = [
            SystemRunError::Program { name: "x".to_owned() },
            start(ErrorKind::NotFound),
            start(ErrorKind::PermissionDenied),
            SystemRunError::User { name: "x".to_owned() },
        ]
        .map(|error| CommandError::from(error).status());
        assert_eq!(statuses, [127, 127, 126, 4]);
    }
}
