//! Reading files, importing, and what may be read at all.

use std::path::Path;

use super::Builtin;
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::host::HostError;

pub(super) const TABLE: &[Builtin] = &[];

impl Evaluator<'_> {
    /// Fails when pure or restricted evaluation forbids to look at `path`.
    pub(crate) fn check_readable(&self, _path: &Path) -> Result<()> {
        Ok(())
    }

    #[cold]
    pub(crate) fn host_error(&self, error: HostError) -> Error {
        self.error(ErrorKind::Host, error.to_string())
    }
}
