//! Following symbolic links.

use std::os::unix::ffi::OsStrExt;

use crate::builtins::realise::native;
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::host::FileKind;
use crate::path;

/// Links beyond this number are taken for a circle.
const LINKS_MAX: usize = 1024;

impl Evaluator<'_> {
    /// `path` without symbolic links. What does not exist stays as it is.
    pub(crate) fn canonical(&mut self, path: &[u8]) -> Result<Vec<u8>> {
        let mut left: Vec<Vec<u8>> = components(path);
        let mut done: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(name) = left.pop() {
            if name == b".." {
                let parent = done.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                done.truncate(parent);
                continue;
            }
            let parent = done.len();
            done.push(b'/');
            done.extend_from_slice(&name);
            let here = native(&done).to_owned();
            let kind = self.host.kind(&here).map_err(|error| self.host_error(error))?;
            if kind != Some(FileKind::Symlink) {
                continue;
            }
            links += 1;
            if links > LINKS_MAX {
                let message = format!("infinite symlink recursion in path '{}'", native(path).display());
                return Err(self.error(ErrorKind::Host, message));
            }
            let target = self.host.read_link(&here).map_err(|error| self.host_error(error))?;
            let target = target.as_os_str().as_bytes();
            done.truncate(parent);
            let whole = if target.starts_with(b"/") {
                target.to_vec()
            } else {
                [done.as_slice(), b"/", target].concat()
            };
            done.clear();
            left.extend(components(&whole));
        }
        if done.is_empty() {
            done.push(b'/');
        }
        Ok(done)
    }

    /// `path` without symbolic links, except that it may be one itself.
    pub(crate) fn canonical_ancestors(&mut self, path: &[u8]) -> Result<Vec<u8>> {
        if path == b"/" {
            return Ok(path.to_vec());
        }
        let mut full = self.canonical(path::dir_name(path))?;
        if full != b"/" {
            full.push(b'/');
        }
        full.extend_from_slice(path::base_name(path));
        Ok(full)
    }
}

/// The components of `path` that mean something, last first.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    parts.rev().map(<[u8]>::to_vec).collect()
}
