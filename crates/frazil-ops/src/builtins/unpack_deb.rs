//! `builtin:unpack-deb`: a Debian package as a unit.
//!
//! A unit has the package's files in `data/`, what it says of itself in `control/`, and in `manifest`
//! what a store path cannot hold: owners, modes, devices, pipes, and which files are one. Nothing of
//! the package runs, and its files are compared with its own `md5sums`.
//!
//! A line of the manifest is a kind (`file`, `dir`, `link`, `hard`, `char`, `block`, `fifo`), then
//! mode and owner, then the path and what the kind needs; entries that root owns with mode 644, 755
//! or, for links, 777 are left out, but for those that are not in `data/` at all. Bytes other than
//! printable ASCII, and blanks and backslashes, are written as `\x20`.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use frazil_build::builtin::{BuiltinError, BuiltinTask};
use frazil_debian::deb::{Control, DebError, DebReader, Entry, EntryKind, Limits, Owner};

use super::{AttributeProblem, Tools, follow, out, required};

const BUFFER_BYTES: usize = 256 << 10;
/// What is written at once.
const COPY_BYTES: usize = 128 << 10;
/// The modes that a store path can tell apart, for files and for directories.
const PLAIN_FILES: [u32; 2] = [0o644, 0o755];
const PLAIN_DIRECTORY: u32 = 0o755;
const DIRECTORY_MODE: u32 = 0o755;
/// As everything in a store has them, so that nobody has to change them.
const FILE_MODE: u32 = 0o444;
const PROGRAM_MODE: u32 = 0o555;

/// Why a package was not unpacked. The package is named, since many are unpacked at once.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    #[error("cannot unpack {}", package.display())]
    Package { package: PathBuf, source: DebError },
    #[error("cannot unpack {}: cannot {action} {}", package.display(), path.display())]
    Io { package: PathBuf, action: &'static str, path: PathBuf, source: io::Error },
}

/// What happens while entries are written; which package it is about is added outside.
enum Failure {
    Deb(DebError),
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl From<DebError> for Failure {
    fn from(error: DebError) -> Self {
        Self::Deb(error)
    }
}

pub(super) fn build(
    task: &BuiltinTask<'_>,
    _tools: &Tools,
    _log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let package = Path::new(required(task.derivation, "deb")?);
    let place = follow(task, package)
        .ok_or(AttributeProblem::Wrong { name: "deb", wanted: "a file among the inputs" })?;
    let mut asked = || task.cancel.is_cancelled();
    Ok(unpack(&place, package, out(task)?, &mut asked)?)
}

/// Unpacks the package at `place`, which is called `package` in messages, to `unit`.
pub(super) fn unpack(
    place: &Path,
    package: &Path,
    unit: &Path,
    cancelled: &mut dyn FnMut() -> bool,
) -> Result<(), UnpackError> {
    write_unit(place, unit, cancelled).map_err(|failure| {
        let package = package.to_owned();
        match failure {
            Failure::Deb(source) => UnpackError::Package { package, source },
            Failure::Io { action, path, source } => {
                UnpackError::Io { package, action, path, source }
            }
        }
    })
}

fn write_unit(
    place: &Path,
    unit: &Path,
    cancelled: &mut dyn FnMut() -> bool,
) -> Result<(), Failure> {
    let data = unit.join("data");
    make_directory(unit)?;
    make_directory(&data)?;
    let file = File::open(place).map_err(failed("open", place))?;
    let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
    let reader = DebReader::open(&mut input, Limits::default())?;
    let mut manifest = String::new();
    let buffer = vec![0; COPY_BYTES];
    let mut writer = Writer { directories: BTreeSet::from([data.clone()]), data, buffer };
    let (control, _) = reader.visit::<Failure>(&mut |entry| {
        if cancelled() {
            let source = io::ErrorKind::Interrupted.into();
            return Err(Failure::Io { action: "go on with", path: unit.to_owned(), source });
        }
        note(&mut manifest, &entry);
        writer.write(entry)
    })?;
    write_control(&unit.join("control"), &control)?;
    let path = unit.join("manifest");
    fs::write(&path, manifest).map_err(failed("write", &path))
}

/// Writes the files of one package.
struct Writer {
    /// The directory of all of them.
    data: PathBuf,
    /// Those that were made.
    directories: BTreeSet<PathBuf>,
    buffer: Vec<u8>,
}

impl Writer {
    fn write(&mut self, entry: Entry<'_>) -> Result<(), Failure> {
        let path = inside(&self.data, entry.path.as_bytes());
        if let Some(parent) = path.parent().filter(|_| !entry.path.is_root()) {
            self.make_directories(parent)?;
        }
        match entry.kind {
            EntryKind::Directory => self.make_directories(&path),
            // Only the manifest can hold these.
            EntryKind::CharacterDevice(..) | EntryKind::BlockDevice(..) | EntryKind::Fifo => Ok(()),
            EntryKind::Symlink(target) => {
                let target = std::ffi::OsStr::from_bytes(target);
                symlink(target, &path).map_err(failed("make the link", &path))
            }
            EntryKind::HardLink(target) => {
                let target = inside(&self.data, target.as_bytes());
                fs::hard_link(target, &path).map_err(failed("link", &path))
            }
            EntryKind::File => {
                let mode = if entry.mode & 0o100 == 0 { FILE_MODE } else { PROGRAM_MODE };
                let written = write_file(&path, mode, entry.contents, &mut self.buffer);
                written.map_err(failed("write", &path))
            }
        }
    }

    /// Makes a directory and those on the way to it, unless they were made.
    fn make_directories(&mut self, path: &Path) -> Result<(), Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        if self.directories.contains(path) {
            return Ok(());
        }
        let made = fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path);
        made.map_err(failed("make the directory", path))?;
        self.directories.insert(path.to_owned());
        Ok(())
    }
}

fn write_file(
    path: &Path,
    mode: u32,
    contents: &mut dyn Read,
    buffer: &mut [u8],
) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    loop {
        match contents.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => file.write_all(buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn write_control(directory: &Path, control: &Control) -> Result<(), Failure> {
    make_directory(directory)?;
    for (name, file) in control.files() {
        let path = inside(directory, name);
        fs::write(&path, &file.contents).map_err(failed("write", &path))?;
    }
    Ok(())
}

/// The package's paths are relative and without `..`; none of them leads through a link.
fn inside(top: &Path, path: &[u8]) -> PathBuf {
    top.join(std::ffi::OsStr::from_bytes(path))
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    fs::create_dir(path).map_err(failed("make the directory", path))
}

fn failed<'p>(action: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> Failure + 'p {
    move |source| Failure::Io { action, path: path.to_owned(), source }
}

/// Adds the line of an entry, if it needs one.
fn note(manifest: &mut String, entry: &Entry<'_>) {
    let plain_owner = is_root(entry.owner);
    let (kind, more) = match entry.kind {
        EntryKind::File if plain_owner && PLAIN_FILES.contains(&entry.mode) => return,
        EntryKind::Directory if plain_owner && entry.mode == PLAIN_DIRECTORY => return,
        EntryKind::Symlink(_) if plain_owner => return,
        EntryKind::File => ("file", String::new()),
        EntryKind::Directory => ("dir", String::new()),
        EntryKind::Symlink(_) => ("link", String::new()),
        EntryKind::HardLink(target) => ("hard", format!(" {}", escaped(target.as_bytes()))),
        EntryKind::CharacterDevice(major, minor) => ("char", format!(" {major}:{minor}")),
        EntryKind::BlockDevice(major, minor) => ("block", format!(" {major}:{minor}")),
        EntryKind::Fifo => ("fifo", String::new()),
    };
    let path = if entry.path.is_root() { ".".to_owned() } else { escaped(entry.path.as_bytes()) };
    let owner = entry.owner;
    let (user, group) = (name(&owner.user, owner.uid), name(&owner.group, owner.gid));
    let written = writeln!(manifest, "{kind} {:o} {user}:{group} {path}{more}", entry.mode);
    debug_assert!(written.is_ok(), "a string takes everything");
}

fn is_root(owner: &Owner) -> bool {
    let named = |name: &[u8], number: u32| name == b"root" || (name.is_empty() && number == 0);
    named(&owner.user, owner.uid) && named(&owner.group, owner.gid)
}

/// A name counts more than a number, which another machine may give to someone else.
fn name(name: &[u8], number: u32) -> String {
    if name.is_empty() { number.to_string() } else { escaped(name) }
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_graphic() && *byte != b'\\' {
            text.push(char::from(*byte));
        } else {
            let written = write!(text, "\\x{byte:02x}");
            debug_assert!(written.is_ok(), "a string takes everything");
        }
    }
    text
}
