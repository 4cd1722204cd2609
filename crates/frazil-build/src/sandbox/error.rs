//! What can go wrong with a sandbox, and how a builder can end.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The sandbox could not be made, or the builder not be started in it.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel gives us no namespaces.
    #[error("cannot create the namespaces of the sandbox")]
    Namespaces {
        /// Why.
        source: io::Error,
    },
    /// We are root, and there is no other user that builders could be.
    #[error("builders would run as the root of the machine")]
    OnlyRoot,
    /// The child could not do one of its steps.
    #[error("cannot {action} in the sandbox")]
    Step {
        /// What it was to do.
        action: String,
        /// Why it could not.
        source: io::Error,
    },
    /// What should run is not a program, or is not there.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why it could not be started.
        source: io::Error,
    },
    /// The child died before it could start the builder.
    #[error("the sandbox died while it was set up")]
    Died,
    /// The parent could not do something to a file.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What it was to do.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it could not.
        source: io::Error,
    },
    /// Another system call of the parent failed.
    #[error("cannot {action}")]
    System {
        /// What it was to do.
        action: &'static str,
        /// Why it could not.
        source: io::Error,
    },
    /// A path, an argument or a variable cannot be told to the kernel.
    #[error("{what} contains a NUL byte")]
    Nul {
        /// Which.
        what: &'static str,
    },
    /// A bind mount outside of the root.
    #[error("`{}` is not an absolute path without `.` and `..`", target.display())]
    BindTarget {
        /// The target.
        target: PathBuf,
    },
}

impl SandboxError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        let refused = |source: &io::Error| {
            matches!(
                source.raw_os_error(),
                Some(libc::EPERM | libc::EACCES | libc::ENOSPC | libc::EUSERS)
            )
        };
        match self {
            Self::Namespaces { source } | Self::Step { source, .. } if refused(source) => Some(
                "sandboxes need user namespaces: see /proc/sys/user/max_user_namespaces, \
                 /proc/sys/kernel/unprivileged_userns_clone and \
                 /proc/sys/kernel/apparmor_restrict_unprivileged_userns; \
                 a container must be allowed to create them and to mount /proc",
            ),
            Self::OnlyRoot => {
                Some("run it as another user, or in a namespace that has more than one user")
            }
            Self::Namespaces { .. }
            | Self::Step { .. }
            | Self::Start { .. }
            | Self::Died
            | Self::File { .. }
            | Self::System { .. }
            | Self::Nul { .. }
            | Self::BindTarget { .. } => None,
        }
    }
}

/// How a builder ended that did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal of this number.
    Killed(i32),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "failed with exit code {status}"),
            Self::Killed(signal) => write!(f, "failed due to signal {signal}"),
        }
    }
}

/// The builder did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It was never started.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// It failed.
    #[error("the builder {ended}")]
    Failed {
        /// How.
        ended: Ended,
    },
    /// It took too long.
    #[error("the builder timed out after {limit:?}")]
    Time {
        /// The limit.
        limit: Duration,
    },
    /// It was silent for too long.
    #[error("the builder timed out after {limit:?} of silence")]
    Silence {
        /// The limit.
        limit: Duration,
    },
    /// It wrote too much.
    #[error("the builder was killed after writing more than {limit} bytes of log output")]
    Log {
        /// The limit, in bytes.
        limit: u64,
    },
    /// Its files became too large.
    #[error("the builder was stopped because its files take {limit} bytes or more")]
    Disk {
        /// The limit, in bytes.
        limit: u64,
    },
    /// Nobody wants the result any more.
    #[error("the build was cancelled")]
    Cancelled,
}
