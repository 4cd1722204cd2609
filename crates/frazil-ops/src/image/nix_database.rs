//! The database of the Nix store that is in an image, so that the Nix in it knows what is there.
//!
//! Invariant: it lists the store paths of the tree, and no others, with the digests that they have
//! there: of a path that the linker has cut, what is left of it. So `nix-store --verify
//! --check-contents` has nothing to object to.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;

use frazil_image::Contents as _;
use frazil_model::nar::{EncodeError, Encoder, Event, FileName, NarHasher};
use frazil_model::store_path::StoreDirError;
use frazil_model::{StoreDir, StorePath};
use frazil_store::{DatabaseError, PathInfo, ReferenceScanner, SCHEMA_VERSION, snapshot};
use frazil_tree::tree::Conflict;
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Node, Origin, Source, Tree, TreePath};

use super::presentation::ENTRY_TIME;
use super::units::Units;
use crate::system::link::GENERATED;

/// Where Nix keeps its state, beside the directory of the store.
const STATE: &str = "var/nix";
const BUFFER_BYTES: usize = 64 << 10;

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum NixDatabaseError {
    /// Something in the store is no file, directory or link, or has an impossible name.
    #[error("`{path}` cannot be in a Nix store")]
    Entry {
        /// Where.
        path: TreePath,
        /// Why.
        source: EncodeError,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: TreePath,
        /// Why.
        source: io::Error,
    },
    /// The database could not be made.
    #[error("cannot make the database of the Nix store")]
    Database(#[from] DatabaseError),
    /// The store is nowhere.
    #[error(transparent)]
    StoreDir(#[from] StoreDirError),
    /// Something else has its place.
    #[error(transparent)]
    Conflict(#[from] Conflict),
}

/// Adds the database to the tree, and roots that keep what is there from being collected.
pub(super) fn add(tree: &mut Tree, units: &Units, store_dir: &str) -> Result<(), NixDatabaseError> {
    let store_dir: &StoreDir = &store_dir.parse()?;
    let store = PathBuf::from(store_dir.as_str());
    let Some(store_place) = tree_path(&store) else { return Ok(()) };
    let paths = store_paths(tree, &store_place);
    let mut infos = Vec::new();
    for path in &paths {
        infos.push(info(tree, units, &store_place, path, &paths)?);
    }
    let state = store.parent().unwrap_or(&store).join(STATE);
    let needed: BTreeSet<&StorePath> = infos
        .iter()
        .flat_map(|info| info.references.iter().filter(|other| **other != info.path))
        .collect();
    for path in paths.iter().filter(|path| !needed.contains(path)) {
        let place = state.join("gcroots/image").join(path.as_str());
        let target = store_dir.join(path).into_bytes();
        put(tree, &place, LeafKind::Symlink(target.into()))?;
    }
    let database = snapshot(store_dir, infos, ENTRY_TIME.0.cast_signed())?;
    let version = SCHEMA_VERSION.to_string();
    for (name, bytes) in [("db/db.sqlite", database.as_slice()), ("db/schema", version.as_bytes())]
    {
        put(tree, &state.join(name), LeafKind::File(File::inline(bytes)))?;
    }
    Ok(())
}

fn tree_path(path: &std::path::Path) -> Option<TreePath> {
    let text = path.as_os_str().as_encoded_bytes();
    TreePath::parse(text.strip_prefix(b"/").unwrap_or(text)).ok()
}

fn put(tree: &mut Tree, place: &std::path::Path, kind: LeafKind) -> Result<(), Conflict> {
    let mode = if matches!(kind, LeafKind::Symlink(_)) { Mode::SYMLINK } else { Mode::of(0o644) };
    if let (Some(path), Ok(origin)) = (tree_path(place), Origin::parse(GENERATED)) {
        tree.insert(path, Leaf { metadata: Metadata::of_root(mode), origin, kind })?;
    }
    Ok(())
}

/// The store paths that a tree has.
fn store_paths(tree: &Tree, store: &TreePath) -> BTreeSet<StorePath> {
    let depth = store.names().count();
    let names =
        tree.walk_from(store).filter_map(|(path, _)| path.names().nth(depth).map(<[u8]>::to_vec));
    names.filter_map(|name| StorePath::parse(&name).ok()).collect()
}

/// What Nix would record about a store path, with those of `known` that it mentions.
fn info(
    tree: &Tree,
    units: &Units,
    store: &TreePath,
    path: &StorePath,
    known: &BTreeSet<StorePath>,
) -> Result<PathInfo, NixDatabaseError> {
    let mut seen = Seen {
        hasher: NarHasher::default(),
        scanner: ReferenceScanner::new(known.iter().cloned()),
    };
    let place = TreePath::parse(&[store.as_bytes(), b"/", path.as_str().as_bytes()].concat());
    let place = place.unwrap_or_else(|_| store.clone());
    let mut buffered = BufWriter::with_capacity(BUFFER_BYTES, &mut seen);
    archive(tree, units, &place, &mut buffered)?;
    let flushed = buffered.into_inner().map(drop).map_err(io::IntoInnerError::into_error);
    flushed.map_err(|source| NixDatabaseError::Read { path: place, source })?;
    let mut info = PathInfo::new(path.clone(), seen.hasher.finish());
    info.references = seen.scanner.finish();
    Ok(info)
}

/// Takes the bytes of an archive (NAR).
struct Seen {
    hasher: NarHasher,
    scanner: ReferenceScanner,
}

impl Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.scanner.update(bytes);
        self.hasher.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what stands at a place of a tree as an archive (NAR).
fn archive(
    tree: &Tree,
    units: &Units,
    top: &TreePath,
    out: &mut dyn Write,
) -> Result<(), NixDatabaseError> {
    let mut encoder = Encoder::new(out).map_err(entry_error(top))?;
    // The directories that are not at their end, from the outside in.
    let mut open: Vec<&TreePath> = Vec::new();
    for (path, node) in tree.walk_from(top) {
        let failed = entry_error(path);
        while open.pop_if(|directory| !path.is_within(directory)).is_some() {
            encoder.put(Event::EndDirectory).map_err(&failed)?;
        }
        if path != top
            && let Ok(name) = FileName::new(path.file_name())
        {
            encoder.put(Event::Entry { name: &name }).map_err(&failed)?;
        }
        match node {
            Node::Directory(_) => {
                encoder.put(Event::Directory).map_err(&failed)?;
                open.push(path);
            }
            Node::Leaf(_, leaf) => archive_leaf(path, leaf, units, &mut encoder)?,
        }
    }
    for directory in open {
        encoder.put(Event::EndDirectory).map_err(entry_error(directory))?;
    }
    encoder.finish().map_err(entry_error(top))
}

fn entry_error(path: &TreePath) -> impl Fn(EncodeError) -> NixDatabaseError + '_ {
    |source| NixDatabaseError::Entry { path: path.clone(), source }
}

fn archive_leaf(
    path: &TreePath,
    leaf: &Leaf,
    units: &Units,
    encoder: &mut Encoder<'_>,
) -> Result<(), NixDatabaseError> {
    let failed = entry_error(path);
    let unread = |source| NixDatabaseError::Read { path: path.clone(), source };
    let file = match &leaf.kind {
        LeafKind::Symlink(target) => {
            return encoder.put(Event::Symlink { target }).map_err(&failed);
        }
        LeafKind::Device { .. } | LeafKind::Fifo => {
            return Err(unread(io::ErrorKind::Unsupported.into()));
        }
        LeafKind::File(file) => file,
    };
    let executable = leaf.metadata.mode.bits() & 0o100 != 0;
    encoder.put(Event::File { executable, size: file.size() }).map_err(&failed)?;
    let mut contents: Box<dyn Read + '_> = match file.source() {
        Source::Inline(bytes) => Box::new(&bytes[..]),
        Source::Unit(place) => units.open(&leaf.origin, place).map_err(unread)?,
    };
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = contents.read(&mut buffer).map_err(unread)?;
        match buffer.get(..read) {
            None | Some([]) => return Ok(()),
            Some(bytes) => encoder.put(Event::Contents { bytes }).map_err(&failed)?,
        }
    }
}
