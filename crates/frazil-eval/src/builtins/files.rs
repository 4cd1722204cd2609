//! Looking at the disk: file contents, directories, types, symbolic links.
//!
//! Every access goes through [`access`] first, which knows what this evaluation may read, and then
//! to the host. Paths here are normal (see [`crate::path`]); a symbolic link is followed only when
//! it is resolved on purpose, as `..` behind a link must not be taken as text.

mod access;
mod links;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use frazil_model::StorePath;

use super::{Builtin, one};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::Str;
use crate::host::{FileKind, HostError};
use crate::path;
use crate::source::Pos;
use crate::symbol::FastHash;
use crate::value::{Lazy, Value};

pub(crate) use links::Follow;

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "pathExists",
        &["path"],
        Some(0),
        path_exists,
        "Whether there is something at *path*. A string that ends in `/` or `/.` asks for a directory.",
    ),
    Builtin::new(
        "readDir",
        &["path"],
        Some(0),
        read_dir,
        "The entries of a directory, each with its type as `readFileType` has it.",
    ),
    Builtin::new(
        "readFile",
        &["path"],
        Some(0),
        read_file,
        "The contents of a file as a string. A file with a null byte is refused.",
    ),
    Builtin::new(
        "readFileType",
        &["p"],
        Some(0),
        read_file_type,
        "`\"regular\"`, `\"directory\"`, `\"symlink\"` or `\"unknown\"`; a symbolic link is not followed.",
    ),
];

/// What was learnt about the disk: it does not change during an evaluation.
#[derive(Default)]
pub(crate) struct Cache {
    /// Directories that were met while links were resolved.
    directories: HashSet<Vec<u8>, FastHash>,
    /// Store paths that this evaluation made or fetched: it may read them, however restricted.
    readable: HashSet<StorePath, FastHash>,
}

fn read_file<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let file = ev.realise_path(one(args), Follow::All)?;
    let contents = ev.file_contents(&file)?;
    if contents.contains(&0) {
        let file = path::shown(&file);
        let message =
            format!("the contents of the file '{file}' cannot be represented as a Nix string");
        return Err(ev.error(ErrorKind::Other, message).help("the file contains a null byte"));
    }
    if contents.len() >= u32::MAX as usize || !ev.cursor.has_room(contents.len()) {
        return Err(ev.out_of_memory());
    }
    Ok(Value::String(ev.cursor.string(&contents)))
}

fn read_file_type<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let file = ev.realise_path(one(args), Follow::Nothing)?;
    let kind = ev.existing_kind(&file)?;
    Ok(Value::String(Str::of(kind.word().as_bytes())))
}

fn read_dir<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let directory = ev.realise_path(one(args), Follow::All)?;
    let entries = ev.directory_entries(&directory)?;
    let mut writer = ev.cursor.attrs_writer(entries.len());
    for (name, kind) in entries {
        let name = ev.symbols.intern(&name, &mut ev.cursor);
        writer.push(name, Pos::NOWHERE, Value::String(Str::of(kind.word().as_bytes())).into());
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn path_exists<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let value = ev.force(one(args))?;
    let must_be_directory = if let Value::String(text) = value {
        text.bytes().ends_with(b"/") || text.bytes().ends_with(b"/.")
    } else {
        false
    };
    let follow = if must_be_directory { Follow::All } else { Follow::Ancestors };
    let kind = ev.realise_path(value.into(), follow).and_then(|file| ev.file_kind(&file));
    match kind {
        Ok(Some(kind)) => Ok(Value::Bool(!must_be_directory || kind == FileKind::Directory)),
        Ok(None) => Ok(Value::Bool(false)),
        // What must not be seen is not there.
        Err(error) if error.kind() == ErrorKind::Restricted => Ok(Value::Bool(false)),
        Err(error) => Err(error),
    }
}

impl<'a> Evaluator<'a> {
    /// The path that an argument names, once what its context names is built, with links resolved.
    pub(crate) fn realise_path(&mut self, lazy: Lazy<'a>, follow: Follow) -> Result<Vec<u8>> {
        let text = self.coerce_path(lazy)?;
        if text.context().is_none() {
            return self.resolve_links(text.bytes(), follow);
        }
        let rewrites = self.realise_context(text.context())?;
        self.resolve_links(&rewrites.apply(text.bytes()), follow)
    }

    /// What stands at `file`; a final symbolic link is not followed.
    pub(crate) fn file_kind(&mut self, file: &[u8]) -> Result<Option<FileKind>> {
        self.check_readable(path::of(file))?;
        self.host.kind(path::of(file)).map_err(|error| self.host_error(error))
    }

    /// [`Self::file_kind`], but it must exist.
    pub(crate) fn existing_kind(&mut self, file: &[u8]) -> Result<FileKind> {
        if let Some(kind) = self.file_kind(file)? {
            return Ok(kind);
        }
        let message = format!("path '{}' does not exist", path::shown(file));
        Err(self.error(ErrorKind::Host, message))
    }

    /// The contents of a file whose links are resolved.
    pub(crate) fn file_contents(&mut self, file: &[u8]) -> Result<Vec<u8>> {
        self.check_readable(path::of(file))?;
        match self.host.read(path::of(file)) {
            Ok(contents) => Ok(contents),
            Err(error) => Err(self.unreadable_file(file, error)),
        }
    }

    #[cold]
    fn unreadable_file(&mut self, file: &[u8], error: HostError) -> Error {
        let shown = path::shown(file);
        let message = match self.host.kind(path::of(file)) {
            Ok(None) => format!("opening file '{shown}': No such file or directory"),
            Ok(Some(FileKind::Directory)) => format!("reading from file '{shown}': Is a directory"),
            Ok(Some(FileKind::Regular | FileKind::Symlink | FileKind::Unknown)) | Err(_) => {
                return self.host_error(error);
            }
        };
        self.error(ErrorKind::Host, message)
    }

    /// The entries of a directory, without those that must not be seen.
    fn directory_entries(&mut self, directory: &[u8]) -> Result<Vec<(Vec<u8>, FileKind)>> {
        self.check_readable(path::of(directory))?;
        let mut entries = match self.host.list(path::of(directory)) {
            Ok(entries) => entries,
            Err(error) => return Err(self.unreadable_directory(directory, error)),
        };
        if self.is_confined() {
            entries.retain(|(name, _)| self.is_readable(&path::child(directory, name)));
        }
        Ok(entries)
    }

    #[cold]
    fn unreadable_directory(&mut self, directory: &[u8], error: HostError) -> Error {
        let shown = path::shown(directory);
        let message = match self.host.kind(path::of(directory)) {
            Ok(None) => format!("reading directory {shown}: No such file or directory"),
            Ok(Some(FileKind::Regular | FileKind::Unknown)) => {
                format!("reading directory {shown}: Not a directory")
            }
            Ok(Some(FileKind::Directory | FileKind::Symlink)) | Err(_) => {
                return self.host_error(error);
            }
        };
        self.error(ErrorKind::Host, message)
    }

    #[cold]
    pub(crate) fn host_error(&self, error: HostError) -> Error {
        let message = if let HostError::NotFound(path) = &error {
            format!("path '{}' does not exist", path.display())
        } else {
            error.to_string()
        };
        let help = if let HostError::Unsupported { help, .. } = error { Some(help) } else { None };
        let error = self.error(ErrorKind::Host, message);
        help.into_iter().fold(error, Error::help)
    }
}
