//! Whether an image is what it should be: made again it has the same bytes, and read back it has the
//! same tree.

use std::io::{self, Read};
use std::path::Path;

use frazil_image::oci::{self, LayerBlob};
use frazil_image::read::archive::Archive;
use frazil_image::read::{Limits, ReadOptions, decompress};
use frazil_store::fs::IoError;
use frazil_store::threads::parallel;
use frazil_tree::Tree;
use frazil_tree::diff::{Aspect, ChangeKind, diff};

use super::readers::{self, OpenImageError};
use super::{ENTRY_TIME, Image, ImageError};

/// In what an image is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The layer, by its number from 1; 0 for the whole.
    pub layer: usize,
    /// What differs, and where first.
    pub what: String,
}

/// Makes all layers again and compares them.
pub fn made_again(image: &Image<'_>) -> Result<Option<Difference>, ImageError> {
    let system = image.system;
    let layers: Vec<_> = image.layers().enumerate().collect();
    let differences = parallel(&layers, |(index, (layer, expected))| {
        let mut sink = io::sink();
        let again =
            oci::encode_layer(layer, &system.units, ENTRY_TIME, expected.compression, &mut sink)?;
        if again == **expected {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        oci::write_archive(layer, &system.units, ENTRY_TIME, &mut bytes)?;
        let path = image.layer_file(expected);
        let what = first_difference(&path, expected, &bytes)?;
        Ok::<_, ImageError>(Some(Difference { layer: index + 1, what }))
    })?;
    Ok(differences.into_iter().flatten().next())
}

/// Reads a written image and compares what a container of it would see.
pub fn read_back(image: &Image<'_>, path: &Path) -> Result<Option<Difference>, OpenImageError> {
    let architecture = image.system.presentation.platform().architecture;
    let options =
        ReadOptions { limits: Limits::default(), architecture: &architecture, keeps: &|_| false };
    let found = readers::read(path, &options)?;
    Ok(first_change(&image.system.tree, found.tree()))
}

fn first_change(old: &Tree, new: &Tree) -> Option<Difference> {
    let counts = |aspect: &Aspect| *aspect != Aspect::Origin;
    let change = diff(old, new).into_iter().find_map(|change| {
        // Engines make the root themselves.
        let is_real = !change.path.is_root();
        let what = match &change.kind {
            ChangeKind::Added => "is there, but should not be".to_owned(),
            ChangeKind::Removed => "is missing".to_owned(),
            ChangeKind::Changed(aspects) => {
                let aspects: Vec<_> = aspects.iter().filter(|aspect| counts(aspect)).collect();
                if aspects.is_empty() {
                    return None;
                }
                format!("differs in {aspects:?}").to_lowercase()
            }
        };
        is_real.then(|| format!("`{}` {what}", change.path))
    });
    change.map(|what| Difference { layer: 0, what })
}

/// Where the archive in a file begins to differ from other bytes, and in which entry.
fn first_difference(path: &Path, expected: &LayerBlob, again: &[u8]) -> Result<String, ImageError> {
    let failed = |error| ImageError::Io(IoError::on("read", path)(error));
    let file = std::fs::File::open(path).map_err(IoError::on("open", path))?;
    let mut kept = Vec::new();
    let limit = expected.archive.size.max(again.len() as u64) + 1;
    decompress(file).map_err(failed)?.take(limit).read_to_end(&mut kept).map_err(failed)?;
    let offset = kept.iter().zip(again).position(|(a, b)| a != b);
    Ok(match offset.or((kept.len() != again.len()).then(|| kept.len().min(again.len()))) {
        Some(offset) => {
            format!("byte {offset} of the archive, in `{}`", entry_at(again, offset as u64))
        }
        None => "the compressed bytes, though the archive is the same".to_owned(),
    })
}

/// The name of the entry that a byte of an archive belongs to.
fn entry_at(mut archive: &[u8], offset: u64) -> String {
    let mut archive = Archive::new(&mut archive);
    let mut name = Vec::new();
    while let Ok(Some(entry)) = archive.next_entry() {
        name = entry.name;
        if archive.offset() + entry.size > offset {
            break;
        }
    }
    name.escape_ascii().to_string()
}
