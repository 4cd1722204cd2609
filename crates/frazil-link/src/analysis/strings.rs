//! A sorted set of byte strings in one piece of memory.
//!
//! Analyses hold hundreds of thousands of strings, most of which nobody looks at: one allocation a
//! set, and reading a cache is copying.

use std::collections::BTreeSet;
use std::fmt;

use crate::codec::{Damaged, Reader, Writer};

/// Byte strings, in the order of insertion.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Strings(Box<[u8]>);

impl Strings {
    /// In the given order.
    pub fn of<S: AsRef<[u8]>>(strings: impl IntoIterator<Item = S>) -> Self {
        let mut writer = Writer::default();
        for string in strings {
            writer.string(string.as_ref());
        }
        Self(writer.finish().into())
    }

    /// Sorted, each once.
    pub fn set<'s>(strings: impl IntoIterator<Item = &'s [u8]>) -> Self {
        Self::of(strings.into_iter().collect::<BTreeSet<_>>())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut reader = Reader::new(&self.0);
        // The reader ends where the invariant of `decode` and `of` does: at the end.
        std::iter::from_fn(move || reader.string().ok())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        writer.string(&self.0);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Damaged> {
        let bytes = reader.string()?;
        let mut inner = Reader::new(bytes);
        while !inner.is_at_end() {
            inner.string()?;
        }
        Ok(Self(bytes.into()))
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|string| string.escape_ascii().to_string())).finish()
    }
}
