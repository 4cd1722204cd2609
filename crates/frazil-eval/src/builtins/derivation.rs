//! `derivationStrict`.

use super::Builtin;

pub(super) const TABLE: &[Builtin] = &[];

#[derive(Default)]
pub(crate) struct Cache;
