//! (being written)

use super::Builtin;
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;

pub(super) const TABLE: &[Builtin] = &[];

impl Evaluator<'_> {
    /// Where the tree in the tarball at `url` lies once it is fetched.
    pub(crate) fn unpacked_tarball(&mut self, url: &str) -> Result<Vec<u8>> {
        Err(self.error(ErrorKind::Host, format!("cannot download '{url}'")))
    }
}
