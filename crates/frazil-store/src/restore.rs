//! Writing a tree to the disk from the events of a NAR, as it has to be in a store.
//!
//! Files get mode 0444 or 0555 and one fixed time. The top directory stays writable, since it is
//! still to be moved; [`seal`] closes it.
//!
//! Invariant: nothing outside the given path is touched: every file is new, and no symlink is
//! followed, since a name is either a symlink or a directory.

use std::ffi::OsStr;
use std::fs::File;
use std::io::BufRead;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use frazil_model::nar::{Decoder, Encoder, Event};

use crate::fs::{Disk, IoError, metadata};
use crate::stage::Produce;
use crate::tree::{TreeError, dump};

/// The time of the last change of everything in a store.
pub(crate) const MTIME: i64 = 1;

const READ_ONLY: u32 = 0o444;
const READ_ONLY_EXECUTABLE: u32 = 0o555;
const WRITABLE: u32 = 0o644;
const WRITABLE_EXECUTABLE: u32 = 0o755;
/// While entries are still to come.
const OPEN_DIRECTORY: u32 = 0o755;

/// What may be done to a tree once it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Modes {
    /// As in a store: nothing, and the time is always the same.
    Store,
    Writable,
}

/// Writes one tree.
pub(crate) struct Restorer {
    modes: Modes,
    disk: Disk,
    /// Where the node is that is being written.
    path: PathBuf,
    /// How many directories are open.
    depth: usize,
    file: Option<OpenFile>,
}

struct OpenFile {
    file: File,
    mode: u32,
    left: u64,
}

impl Restorer {
    /// Begins to write a tree at `path`, where nothing may be.
    pub(crate) fn new(disk: Disk, path: PathBuf) -> Self {
        Self { modes: Modes::Store, disk, path, depth: 0, file: None }
    }

    /// Writes what the next event says. The events must have passed an encoder.
    pub(crate) fn put(&mut self, event: Event<'_>) -> Result<(), IoError> {
        match event {
            Event::Directory => {
                self.disk.create_dir(&self.path)?;
                self.depth += 1;
                Ok(())
            }
            Event::Entry { name } => {
                self.path.push(OsStr::from_bytes(name.as_bytes()));
                Ok(())
            }
            Event::EndDirectory => {
                self.depth -= 1;
                if self.modes == Modes::Writable {
                    self.end_node();
                    return Ok(());
                }
                if self.depth == 0 {
                    // The mask of the process may have taken bits that `seal` does not look at.
                    return self.disk.set_mode(&self.path, OPEN_DIRECTORY);
                }
                self.disk.set_mode(&self.path, READ_ONLY_EXECUTABLE)?;
                self.disk.set_mtime(&self.path, MTIME)?;
                self.end_node();
                Ok(())
            }
            Event::File { executable, size } => {
                let mode = match (self.modes, executable) {
                    (Modes::Store, false) => READ_ONLY,
                    (Modes::Store, true) => READ_ONLY_EXECUTABLE,
                    (Modes::Writable, false) => WRITABLE,
                    (Modes::Writable, true) => WRITABLE_EXECUTABLE,
                };
                let file = self.disk.create_file(&self.path, mode)?;
                self.file = Some(OpenFile { file, mode, left: size });
                if size == 0 { self.end_file() } else { Ok(()) }
            }
            Event::Contents { bytes } => {
                let Some(open) = &mut self.file else { return Ok(()) };
                self.disk.write(&open.file, &self.path, bytes)?;
                open.left -= bytes.len() as u64;
                if open.left == 0 { self.end_file() } else { Ok(()) }
            }
            Event::Symlink { target } => {
                self.disk.symlink(OsStr::from_bytes(target), &self.path)?;
                if self.modes == Modes::Store {
                    self.disk.set_mtime(&self.path, MTIME)?;
                }
                self.end_node();
                Ok(())
            }
        }
    }

    fn end_file(&mut self) -> Result<(), IoError> {
        if let Some(OpenFile { file, mode, .. }) = self.file.take() {
            self.disk.set_file_mode(&file, &self.path, mode)?;
            if self.modes == Modes::Store {
                self.disk.set_file_mtime(&file, &self.path, MTIME)?;
            }
        }
        self.end_node();
        Ok(())
    }

    fn end_node(&mut self) {
        if self.depth > 0 {
            self.path.pop();
        }
    }
}

/// Makes `place`, where nothing may be, the tree that a NAR holds. It may be anywhere, and its owner
/// can change it.
pub fn read_nar(nar: &mut dyn BufRead, place: &Path) -> Result<(), TreeError> {
    let mut decoder = Decoder::new(nar);
    restore(place, Modes::Writable, &mut |put| {
        while let Some(event) = decoder.next_event()? {
            put(event)?;
        }
        Ok(())
    })
}

/// Makes `to`, where nothing may be, a copy of the tree at `from`. It is not sealed.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<(), TreeError> {
    restore(to, Modes::Store, &mut |put| dump(from, put))
}

fn restore(place: &Path, modes: Modes, produce: &mut Produce<'_>) -> Result<(), TreeError> {
    let mut sink = std::io::sink();
    let mut encoder = Encoder::new(&mut sink)?;
    let mut restorer = Restorer::new(Disk::default(), place.into());
    restorer.modes = modes;
    produce(&mut |event| {
        encoder.put(event)?;
        Ok(restorer.put(event)?)
    })?;
    Ok(encoder.finish()?)
}

/// Closes the top directory of a tree that is where it belongs.
pub(crate) fn seal(disk: &Disk, path: &Path) -> Result<(), IoError> {
    if metadata(path)?.is_some_and(|found| found.is_dir()) {
        disk.set_mode(path, READ_ONLY_EXECUTABLE)?;
        disk.set_mtime(path, MTIME)?;
    }
    Ok(())
}
