//! Resolving symbolic links, one component at a time.

use std::os::unix::ffi::OsStrExt;

use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::host::FileKind;
use crate::path;

/// So many links may be followed to resolve one path.
const LINKS_MAX: usize = 1024;

/// Which symbolic links are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    Nothing,
    /// Those on the way; the last component may remain a link.
    Ancestors,
    All,
}

impl Evaluator<'_> {
    /// `file` without symbolic links. What does not exist is no error.
    pub(crate) fn resolve_links(&mut self, file: &[u8], follow: Follow) -> Result<Vec<u8>> {
        if follow == Follow::Nothing {
            return Ok(file.to_vec());
        }
        let mut resolved: Vec<u8> = Vec::with_capacity(file.len());
        // What is still to be walked, next component last.
        let mut rest: Vec<Vec<u8>> = components(file).collect();
        let mut links = 0;
        while let Some(component) = rest.pop() {
            if component == b".." {
                resolved.truncate(resolved.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
                continue;
            }
            let parent = resolved.len();
            resolved.push(b'/');
            resolved.extend_from_slice(&component);
            if rest.is_empty() && follow == Follow::Ancestors || !self.is_link(&resolved)? {
                continue;
            }
            links += 1;
            if links > LINKS_MAX {
                return Err(self.endless_links(file));
            }
            let target = self.link_target(&resolved)?;
            resolved.truncate(if target.starts_with(b"/") { 0 } else { parent });
            rest.extend(components(&target));
        }
        if resolved.is_empty() {
            resolved.push(b'/');
        }
        Ok(resolved)
    }

    fn is_link(&mut self, file: &[u8]) -> Result<bool> {
        if !self.is_confined() && self.caches.files.directories.contains(file) {
            return Ok(false);
        }
        let kind = self.file_kind(file)?;
        if kind == Some(FileKind::Directory) {
            self.caches.files.directories.insert(file.to_vec());
        }
        Ok(kind == Some(FileKind::Symlink))
    }

    fn link_target(&mut self, file: &[u8]) -> Result<Vec<u8>> {
        self.check_readable(path::of(file))?;
        let target = self.host.read_link(path::of(file)).map_err(|error| self.host_error(error))?;
        Ok(target.as_os_str().as_bytes().to_vec())
    }

    /// The file that `import` reads for `file`: links are followed so that relative paths in the
    /// file start where it really lies; of a directory it is `default.nix`.
    pub(crate) fn source_file(&mut self, file: &[u8]) -> Result<Vec<u8>> {
        let mut file = file.to_vec();
        for _ in 0..LINKS_MAX {
            let parent = path::dir_name(&file).to_vec();
            let parent_resolved = self.resolve_links(&parent, Follow::All)?;
            let resolved = path::child(&parent_resolved, path::base_name(&file));
            let kind = self.existing_kind(&resolved)?;
            if kind != FileKind::Symlink {
                let is_directory = kind == FileKind::Directory;
                return Ok(if is_directory { path::child(&file, b"default.nix") } else { file });
            }
            let target = self.link_target(&resolved)?;
            file = path::normalise(&path::join(&parent, &target));
        }
        let shown = path::shown(&file);
        let message =
            format!("too many symbolic links encountered while traversing the path '{shown}'");
        Err(self.error(ErrorKind::Host, message))
    }

    #[cold]
    fn endless_links(&self, file: &[u8]) -> Error {
        let shown = path::shown(file);
        self.error(ErrorKind::Host, format!("infinite symlink recursion in path '{shown}'"))
    }
}

/// The components of a path that say something, last first.
fn components(file: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let parts = file.rsplit(|byte| *byte == b'/');
    parts.filter(|part| !part.is_empty() && *part != b".").map(<[u8]>::to_vec)
}
