//! What is in store paths: listed, printed, and as archives.

use std::io::{BufReader, BufWriter, Write as _};
use std::path::PathBuf;

use clap::Args;
use frazil_ops::store::{self, Access, Entry, EntryKind};

use super::show;
use crate::command_error::CommandError;
use crate::environment::Environment;
use crate::screen;
use crate::store_access::{StoreArguments, store_paths};

/// Bytes that are read or written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// List what is in a store path
#[derive(Debug, Args)]
pub(in crate::commands) struct LsArguments {
    /// A store path, or something in it
    #[arg(value_name = "PATH")]
    path: String,

    /// List what is in directories, too
    #[arg(short = 'R', long)]
    recursive: bool,

    /// Show kinds, sizes and the targets of links
    #[arg(short, long)]
    long: bool,

    /// Print JSON, in the shape of `nix store ls --json`
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn ls(arguments: &LsArguments, environment: &Environment) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Read)?;
    let place = store::locate(&store, &arguments.path, &environment.directory)?;
    let entry = store::list(&place, arguments.recursive)?;
    if arguments.json {
        return screen::print(&show::line(&show::entry(&entry)));
    }
    let mut text = Vec::new();
    // Entries that are to be listed, the next one last.
    let mut next = vec![(b".".to_vec(), &entry)];
    while let Some((name, entry)) = next.pop() {
        let is_top = name == b".";
        if !(is_top && entry.kind == EntryKind::Directory) {
            ls_line(&name, entry, arguments.long, &mut text);
        }
        for (below, entry) in entry.entries.iter().rev() {
            let path = if is_top { below.clone() } else { [&name[..], b"/", below].concat() };
            next.push((path, entry));
        }
    }
    screen::print(&text)
}

fn ls_line(name: &[u8], entry: &Entry, is_long: bool, text: &mut Vec<u8>) {
    let (mode, size, target) = match &entry.kind {
        EntryKind::Directory => ("dr-xr-xr-x", 0, None),
        EntryKind::File { executable: true, size } => ("-r-xr-xr-x", *size, None),
        EntryKind::File { executable: false, size } => ("-r--r--r--", *size, None),
        EntryKind::Symlink { target } => ("lrwxrwxrwx", 0, Some(target)),
    };
    if is_long {
        text.extend(format!("{mode} {size:>12} ").into_bytes());
    }
    text.extend_from_slice(name);
    if let (true, Some(target)) = (is_long, target) {
        text.extend_from_slice(b" -> ");
        text.extend_from_slice(target);
    }
    text.push(b'\n');
}

/// Print a file of the store, or the archive of a path
#[derive(Debug, Args)]
pub(in crate::commands) struct CatArguments {
    /// A store path, or something in it
    #[arg(value_name = "PATH")]
    path: String,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn cat(arguments: &CatArguments, environment: &Environment) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Read)?;
    let place = store::locate(&store, &arguments.path, &environment.directory)?;
    let failed = |source| CommandError::Io { action: "read", path: place.clone(), source };
    let found = place.symlink_metadata().map_err(failed)?;
    if !found.is_file() {
        let found = if found.is_dir() { "a directory" } else { "a link" };
        let path = arguments.path.clone();
        return Err(store::ReadError::Kind { path, found, wanted: "a file" }.into());
    }
    let mut file = std::fs::File::open(&place).map_err(failed)?;
    to_stdout(|out| std::io::copy(&mut file, out).map(drop))
}

pub(super) fn dump(
    arguments: &CatArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Read)?;
    let place = store::locate(&store, &arguments.path, &environment.directory)?;
    stream_to_stdout(|out| store::dump(&place, out))
}

/// Unpack an archive from standard input
#[derive(Debug, Args)]
pub(in crate::commands) struct RestoreArguments {
    /// What to make; nothing may be there
    #[arg(value_name = "FILE")]
    path: PathBuf,
}

pub(super) fn restore(
    arguments: &RestoreArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let mut input = stdin();
    Ok(store::restore(&mut input, &environment.absolute(&arguments.path))?)
}

/// Write paths as a stream that `import` and `nix-store --import` read
#[derive(Debug, Args)]
pub(in crate::commands) struct ExportArguments {
    /// The paths
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// Write the closures of the paths
    #[arg(short, long)]
    recursive: bool,

    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn export(
    arguments: &ExportArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open_to_read(environment)?;
    let mut paths = store_paths(&store, &arguments.paths, environment)?;
    if arguments.recursive {
        paths = store.closure(&paths)?;
    }
    stream_to_stdout(|out| store.export(&paths, out))
}

/// Add the paths of a stream from standard input, which is trusted
#[derive(Debug, Args)]
pub(in crate::commands) struct ImportArguments {
    #[command(flatten)]
    store: StoreArguments,
}

pub(super) fn import(
    arguments: &ImportArguments,
    environment: &Environment,
) -> Result<(), CommandError> {
    let store = arguments.store.open(environment, Access::Write)?;
    let paths = store.import(&mut stdin())?;
    screen::print(&show::lines(store.store_dir(), &paths))
}

fn stdin() -> BufReader<std::io::StdinLock<'static>> {
    BufReader::with_capacity(BUFFER_BYTES, std::io::stdin().lock())
}

/// Writes what may be long; a reader who has seen enough is no error.
fn stream_to_stdout<E: Into<CommandError>>(
    write: impl FnOnce(&mut dyn std::io::Write) -> Result<(), E>,
) -> Result<(), CommandError> {
    let mut pipe = Pipe { out: std::io::stdout().lock(), is_closed: false };
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, &mut pipe);
    let written = write(&mut out).map_err(Into::into);
    let written = written.and_then(|()| to_stdout(|_| out.flush()));
    drop(out);
    if pipe.is_closed { Ok(()) } else { written }
}

/// Standard output, and whether nobody reads it any more.
struct Pipe {
    out: std::io::StdoutLock<'static>,
    is_closed: bool,
}

impl std::io::Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes);
        self.is_closed |=
            written.as_ref().is_err_and(|err| err.kind() == std::io::ErrorKind::BrokenPipe);
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

fn to_stdout(
    write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), CommandError> {
    let failed =
        |source| CommandError::Io { action: "write to", path: "standard output".into(), source };
    match write(&mut std::io::stdout().lock()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(failed(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
