//! Leaving out what `.gitattributes` files mark as `export-ignore`.
//!
//! Only the files of the tree itself count: neither `info/attributes` nor anything of the user's
//! configuration, so that a commit means the same tree everywhere.

use std::path::PathBuf;

use frazil_eval::host::HostError;
use gix_attributes::search::{MetadataCollection, Outcome};
use gix_attributes::{Search, StateRef};
use gix_object::bstr::{BStr, BString, ByteSlice};

use super::super::super::path_of;
use super::super::super::tree::{Entries, Node};

pub(super) const ATTRIBUTES_FILE: &[u8] = b".gitattributes";
const EXPORT_IGNORE: &str = "export-ignore";

/// Takes out of `entries` what the attributes say that `attributes_of` finds for a directory,
/// which is named by its path from the root, empty for the root.
pub(super) fn leave_out(
    entries: &mut Entries,
    attributes_of: &AttributesOf<'_>,
) -> Result<(), HostError> {
    let mut rules = Rules::default();
    rules.apply(entries, &mut BString::default(), attributes_of)
}

/// The text of the `.gitattributes` file of a directory with these entries.
pub(super) type AttributesOf<'f> =
    dyn Fn(&BStr, &Entries) -> Result<Option<Vec<u8>>, HostError> + 'f;

#[derive(Default)]
struct Rules {
    search: Search,
    known: MetadataCollection,
    outcome: Outcome,
    /// Whether any file speaks of it, maybe as a macro; most repositories never do.
    is_mentioned: bool,
}

impl Rules {
    fn apply(
        &mut self,
        entries: &mut Entries,
        path: &mut BString,
        attributes_of: &AttributesOf<'_>,
    ) -> Result<(), HostError> {
        let text = attributes_of(path.as_bstr(), entries)?;
        if let Some(text) = &text {
            self.push(path.as_bstr(), text)?;
        }
        let length = path.len();
        let mut ignored = Vec::new();
        for (name, node) in entries.iter_mut() {
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name.as_bytes());
            if self.ignores(path.as_bstr(), matches!(node, Node::Directory(_))) {
                ignored.push(name.clone());
            } else if let Node::Directory(below) = node {
                self.apply(below, path, attributes_of)?;
            }
            path.truncate(length);
        }
        for name in ignored {
            entries.remove(&name);
        }
        if text.is_some() {
            self.search.pop_pattern_list();
        }
        Ok(())
    }

    fn push(&mut self, directory: &BStr, text: &[u8]) -> Result<(), HostError> {
        self.is_mentioned |= text.contains_str(EXPORT_IGNORE);
        let is_root = directory.is_empty();
        // The base of the patterns is the directory of their source below the root.
        let source: PathBuf = path_of(directory).join(path_of(ATTRIBUTES_FILE));
        let root = path_of(b"");
        self.search
            .add_patterns_buffer(text, source, Some(root), &mut self.known, is_root)
            .map_err(|error| HostError::Store(format!("in '.gitattributes': {error}")))?;
        self.outcome.initialize_with_selection(&self.known, [EXPORT_IGNORE]);
        Ok(())
    }

    fn ignores(&mut self, path: &BStr, is_directory: bool) -> bool {
        if !self.is_mentioned {
            return false;
        }
        self.outcome.reset();
        let case = gix_attributes::glob::pattern::Case::Sensitive;
        self.search.pattern_matching_relative_path(
            path,
            case,
            Some(is_directory),
            &mut self.outcome,
        );
        // Git ignores `export-ignore=value`.
        let first = self.outcome.iter_selected().next();
        first.is_some_and(|found| found.assignment.state == StateRef::Set)
    }
}
