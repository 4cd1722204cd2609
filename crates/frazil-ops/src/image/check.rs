//! Whether an image is what it should be: made again it has the same bytes, and read back it has the
//! same tree.

use std::io::{self, Read, Write};
use std::path::Path;

use frazil_image::contents::EncodeError;
use frazil_image::layers::Layer;
use frazil_image::oci;
use frazil_image::read::archive::Archive;
use frazil_image::read::{Limits, ReadOptions, decompress};
use frazil_store::fs::IoError;
use frazil_store::threads::parallel;
use frazil_tree::Tree;
use frazil_tree::diff::{Aspect, ChangeKind, diff};

use super::readers::{self, OpenImageError};
use super::{ENTRY_TIME, Image, ImageError, System};

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
        let what = first_difference(system, layer, &image.layer_file(expected))?;
        Ok::<_, ImageError>(Some(Difference { layer: index + 1, what }))
    })?;
    Ok(differences.into_iter().flatten().next())
}

/// Reads a written image and compares what a container of it would see.
pub fn read_back(image: &Image<'_>, path: &Path) -> Result<Option<Difference>, OpenImageError> {
    let architecture = image.system.presentation.platform().architecture;
    let options = ReadOptions {
        limits: Limits::default(),
        architecture: Some(&architecture),
        // Beside what else is in the layout.
        tag: Some(&image.system.presentation.tag),
        keeps: &|_| false,
    };
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

/// Where the archive in a file begins to differ from that of a layer, and in which entry.
fn first_difference(system: &System, layer: &Layer<'_>, path: &Path) -> Result<String, ImageError> {
    let failed = |source| ImageError::from(IoError::on("read", path)(source));
    let open = || decompress(std::fs::File::open(path)?);
    let mut comparing = Comparing { kept: open().map_err(failed)?, equal: 0, is_equal: true };
    match oci::write_archive(layer, &system.units, ENTRY_TIME, &mut comparing) {
        Err(EncodeError::Write(source)) => return Err(failed(source)),
        written => written?,
    }
    if comparing.is_equal && comparing.kept.read(&mut [0]).map_err(failed)? == 0 {
        return Ok("the compressed bytes, though the archive is the same".to_owned());
    }
    let offset = comparing.equal;
    let entry = entry_at(&mut open().map_err(failed)?, offset);
    Ok(format!("byte {offset} of the archive, in `{entry}`"))
}

/// Compares what is written to it with a stream. Only reading that can fail.
struct Comparing<'r> {
    kept: Box<dyn Read + 'r>,
    /// Bytes before the first difference.
    equal: u64,
    is_equal: bool,
}

impl Write for Comparing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_equal {
            return Ok(bytes.len());
        }
        let mut kept = Vec::with_capacity(bytes.len());
        self.kept.by_ref().take(bytes.len() as u64).read_to_end(&mut kept)?;
        let equal = kept.iter().zip(bytes).take_while(|(kept, again)| kept == again).count();
        self.equal += equal as u64;
        self.is_equal = equal == bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The name of the entry that a byte of an archive belongs to.
fn entry_at(archive: &mut dyn Read, offset: u64) -> String {
    let mut archive = Archive::new(archive);
    let mut name = Vec::new();
    while let Ok(Some(entry)) = archive.next_entry() {
        name = entry.name;
        if archive.offset() + entry.size > offset {
            break;
        }
    }
    name.escape_ascii().to_string()
}
