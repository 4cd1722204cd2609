//! Directories, files and links that must be there before a service starts.

use core::ffi::CStr;

use super::values::Arena;
use super::{During, Step};
use crate::plan::{Node, NodeKind, Service, UNCHANGED};
use crate::sys::{Errno, Result, c_string, file};
use crate::text::Buffer;

/// EROFS.
const READ_ONLY: Errno = Errno(30);

pub(super) fn make_all(arena: &mut Arena, service: Service<'static>) -> Step<()> {
    for node in service.nodes() {
        let path = node.path();
        make_parents(path).during("make the directories above", path)?;
        match node.kind() {
            NodeKind::Directory => make_directory(node).during("make the directory", path)?,
            NodeKind::File => {
                let content = arena.complete(node.content())?;
                write_file(node, content.to_bytes()).during("write the file", path)?;
            }
            NodeKind::Link => {
                let target = arena.complete(node.content())?;
                make_link(node, target).during("make the link", path)?;
            }
        }
    }
    Ok(())
}

/// Makes a directory and those above it, if they are absent.
pub(crate) fn make_directories(path: &CStr) -> Result<()> {
    make_parents(path)?;
    match file::make_directory(path, 0o755) {
        Err(Errno::EXIST | READ_ONLY) => Ok(()),
        result => result,
    }
}

fn make_parents(path: &CStr) -> Result<()> {
    let bytes = path.to_bytes();
    let ends = bytes.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/');
    for (end, _) in ends {
        let mut parent = Buffer::<4096>::new();
        parent.put(bytes.get(..end).unwrap_or_default()).put(b"\0");
        let parent = c_string(parent.bytes()).ok_or(Errno::INVAL)?;
        match file::make_directory(parent, 0o755) {
            // On a read-only root what is there is enough; what is not shows at the end of the path.
            Ok(()) | Err(Errno::EXIST | READ_ONLY | Errno(13)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn own(node: Node<'_>) -> Result<()> {
    if node.uid() == UNCHANGED && node.gid() == UNCHANGED {
        return Ok(());
    }
    file::change_owner(node.path(), node.uid(), node.gid())
}

fn make_directory(node: Node<'_>) -> Result<()> {
    match file::make_directory(node.path(), node.mode()) {
        Ok(()) => {}
        // It may belong to the service's user: then its mode is that user's business.
        Err(Errno::EXIST) => {
            return match own(node).and_then(|()| file::change_mode(node.path(), node.mode())) {
                Err(Errno::PERM | READ_ONLY) => Ok(()),
                result => result,
            };
        }
        Err(error) => return Err(error),
    }
    own(node)?;
    // The mode that `mkdir` was given went through the umask.
    file::change_mode(node.path(), node.mode())
}

/// Writes a new file and moves it into place, so that nobody ever sees half of it.
fn write_file(node: Node<'_>, content: &[u8]) -> Result<()> {
    let mut name = Buffer::<4096>::new();
    name.put(node.path().to_bytes()).put(b".init-new\0");
    let path = c_string(name.bytes()).ok_or(Errno::INVAL)?;
    let mut fd = file::open(path, file::Open::REPLACE, 0o600)?;
    let written = file::write_all(fd, content);
    fd.close();
    let owned = if node.uid() == UNCHANGED && node.gid() == UNCHANGED {
        Ok(())
    } else {
        file::change_owner(path, node.uid(), node.gid())
    };
    written
        .and(owned)
        .and_then(|()| file::change_mode(path, node.mode()))
        .and_then(|()| file::rename(path, node.path()))
}

fn make_link(node: Node<'_>, target: &CStr) -> Result<()> {
    match file::link_symbolically(target, node.path()) {
        Err(Errno::EXIST) => {
            let mut buffer = [0; 4096];
            if file::read_link(node.path(), &mut buffer) == Ok(target.to_bytes()) {
                return Ok(());
            }
            file::remove(node.path())?;
            file::link_symbolically(target, node.path())
        }
        result => result,
    }?;
    own(node)
}
