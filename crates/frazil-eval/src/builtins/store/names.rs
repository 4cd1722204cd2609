//! Names of things that are added to the store, and what is said of those that cannot be names.

use frazil_model::store_path::StoreNameError;
use frazil_model::{Sha256, StoreDir, StorePath};

use crate::path;

/// The name of the copy of a path: its last component.
pub(super) fn of_copy(path: &[u8]) -> String {
    match path::base_name(path) {
        b"" => "source".to_owned(),
        name => String::from_utf8_lossy(name).into_owned(),
    }
}

/// The message for a text that cannot get the name it should; `references` may be in any order.
pub(crate) fn refused_text<'r>(
    dir: &StoreDir,
    name: &[u8],
    digest: Sha256,
    references: impl IntoIterator<Item = &'r StorePath>,
    error: &StoreNameError,
) -> String {
    let mut references: Vec<_> = references.into_iter().collect();
    references.sort_unstable();
    references.dedup();
    let mut kind = "text".to_owned();
    for reference in references {
        kind.push(':');
        kind.push_str(&dir.join(reference));
    }
    dir.refused_path(&kind, digest, name, error.clone()).to_string()
}
