//! Where the bytes of files come from.

use std::io::{self, Read};

use frazil_tree::{File, Origin, Source, TreePath};

/// The units that the files of a tree are in.
pub trait Contents {
    /// The file at `path` in `unit`, from its beginning.
    fn open(&self, unit: &Origin, path: &TreePath) -> io::Result<Box<dyn Read + '_>>;
}

/// Why a tree could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A file of a unit could not be read.
    #[error("cannot read `{path}` of `{unit}`")]
    Read {
        /// The unit.
        unit: Origin,
        /// The place in the tree.
        path: TreePath,
        /// Why.
        source: io::Error,
    },
    /// A file has another size than the tree says.
    #[error("`{path}` of `{unit}` has {found} bytes and should have {expected}")]
    Size {
        /// The unit.
        unit: Origin,
        /// The place in the tree.
        path: TreePath,
        /// What the tree says.
        expected: u64,
        /// How many there are; of a longer file, one more than there should be.
        found: u64,
    },
    /// The files of a layer are others than when its digest was taken.
    #[error("files have changed since their layer was made")]
    Changed,
    /// The result could not be written.
    #[error("cannot write the image")]
    Write(#[source] io::Error),
}

impl EncodeError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::Size { .. } | Self::Changed => {
                "the store may be damaged: `frazil store verify --check-contents` looks for that"
            }
            Self::Write(_) => "there may be no space left, or no permission to write there",
        }
    }
}

/// Copies the bytes of a file that stands at `path` in a tree. There are as many as the tree says.
pub(crate) fn copy(
    file: &File,
    unit: &Origin,
    path: &TreePath,
    contents: &dyn Contents,
    out: &mut dyn io::Write,
) -> Result<(), EncodeError> {
    let place = match file.source() {
        Source::Inline(bytes) => return out.write_all(bytes).map_err(EncodeError::Write),
        Source::Unit(place) => place,
    };
    let failed = |source| EncodeError::Read { unit: unit.clone(), path: path.clone(), source };
    let mut reader = contents.open(unit, place).map_err(failed)?.take(file.size() + 1);
    let mut buffer = vec![0; 64 << 10];
    let mut found = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        };
        found += read as u64;
        if found <= file.size() {
            out.write_all(buffer.get(..read).unwrap_or_default()).map_err(EncodeError::Write)?;
        }
    }
    if found == file.size() {
        return Ok(());
    }
    let expected = file.size();
    Err(EncodeError::Size { unit: unit.clone(), path: path.clone(), expected, found })
}
