//! Images as files: layouts, archives, plain roots.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use frazil_image::compress::Compression;
use frazil_image::contents::EncodeError;
use frazil_image::oci::{self, Blob, docker, layout};
use frazil_image::tar;
use frazil_store::fs::IoError;
use frazil_store::threads::parallel;
use serde_json::Value;

use super::{ENTRY_TIME, Image, ImageError, System, blobs, layout_has, plan};

const BUFFER_BYTES: usize = 256 << 10;

/// In which form an image is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An image layout as a directory.
    Layout,
    /// An image layout as one archive, which `docker load` takes, too.
    LayoutArchive,
    /// What `docker load` takes.
    Docker,
}

impl Image<'_> {
    /// Writes the image to a path, which has all of it or what it had before; in a layout, beside
    /// what it had before.
    pub fn write(&self, format: Format, path: &Path) -> Result<(), ImageError> {
        match format {
            Format::Layout => self.write_layout(path),
            Format::LayoutArchive | Format::Docker => {
                write_file(path, &mut |out| self.write_to(format, out))
            }
        }
    }

    /// Writes the image as one stream; a layout, too, is an archive then.
    pub fn write_to(&self, format: Format, out: &mut dyn Write) -> Result<(), ImageError> {
        match format {
            Format::Layout | Format::LayoutArchive => self.write_layout_archive(out),
            Format::Docker => {
                let archives: Vec<_> =
                    self.layers().map(|(layer, encoded)| (layer, encoded.archive)).collect();
                let presentation = &self.system.presentation;
                let name = presentation.reference();
                let units = &self.system.units;
                Ok(docker::write(&name, &self.config, &archives, units, ENTRY_TIME, out)?)
            }
        }
    }

    /// The documents of the layout by name, and the layers that it names.
    /// `name` is that of the image in the layout.
    fn documents(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let (config, manifest) = (Blob::of(&self.config), Blob::of(&self.manifest));
        let presentation = &self.system.presentation;
        let index = layout::index_of(&manifest, &presentation.platform(), name);
        BTreeMap::from([
            (layout::MARK.to_owned(), layout::mark()),
            (layout::INDEX.to_owned(), index),
            (layout::blob_path(&config), self.config.clone()),
            (layout::blob_path(&manifest), self.manifest.clone()),
        ])
    }

    /// The layers of the image, those with the same bytes once.
    fn blobs(&self) -> BTreeMap<String, Blob> {
        self.encoded.iter().map(|layer| (layout::blob_path(&layer.blob), layer.blob)).collect()
    }

    /// A layout that is there already keeps its other images, as with umoci and skopeo. One that has
    /// none is replaced, so that blobs of earlier images do not pile up in it.
    fn write_layout(&self, path: &Path) -> Result<(), ImageError> {
        let path = &followed(path);
        let is_there = path.symlink_metadata().is_ok();
        if is_there && let Some(index) = self.shared_index(path)? {
            return self.write_layout_files(path, Some(index));
        }
        let temporary = beside(path, "new");
        remove(&temporary)?;
        let written = fs::create_dir(&temporary)
            .map_err(|error| IoError::on("create the directory", &temporary)(error).into())
            .and_then(|()| self.write_layout_files(&temporary, None));
        if let Err(error) = written.and_then(|()| replace_directory(&temporary, path)) {
            // What failed is said already.
            drop(fs::remove_dir_all(&temporary));
            return Err(error);
        }
        Ok(())
    }

    /// The index of a layout without an image of our tag; `None` if the layout has no other image
    /// and nothing else.
    fn shared_index(&self, layout: &Path) -> Result<Option<Value>, ImageError> {
        let no_image = || ImageError::InTheWay { path: layout.to_owned() };
        if !layout.join(layout::MARK).is_file() {
            return Err(no_image());
        }
        let file = layout.join(layout::INDEX);
        let text = fs::read(&file).map_err(IoError::on("read", &file))?;
        let mut index: Value = serde_json::from_slice(&text).map_err(|_| no_image())?;
        let Some(images) = index.get_mut("manifests").and_then(Value::as_array_mut) else {
            return Err(no_image());
        };
        let tag = &self.system.presentation.tag;
        images.retain(|image| {
            let annotations = image.get("annotations");
            annotations.and_then(|all| all.get(layout::TAG_ANNOTATION)).is_none_or(|it| it != tag)
        });
        let mut is_shared = !images.is_empty();
        for entry in fs::read_dir(layout).map_err(IoError::on("list", layout))? {
            let name = entry.map_err(IoError::on("list", layout))?.file_name();
            is_shared |= ![layout::MARK, layout::INDEX, "blobs"].iter().any(|own| name == *own);
        }
        Ok(is_shared.then_some(index))
    }

    /// Writes what the directory lacks. The index, which makes an image of it, comes last: our own,
    /// or one that lists our image, too.
    fn write_layout_files(&self, directory: &Path, index: Option<Value>) -> Result<(), ImageError> {
        let folder = directory.join("blobs/sha256");
        fs::create_dir_all(&folder).map_err(IoError::on("create the directory", &folder))?;
        for blob in self.blobs().values().filter(|blob| !layout_has(directory, blob)) {
            write_file(&directory.join(layout::blob_path(blob)), &mut |out| {
                blobs::copy(&self.encoder.file(blob), blob, out)
            })?;
        }
        let mut documents = self.documents(&self.system.presentation.tag);
        let own = documents.remove(layout::INDEX).unwrap_or_default();
        let index = index.map_or_else(|| own.clone(), |index| merged(index, &own));
        for (name, bytes) in documents.into_iter().chain([(layout::INDEX.to_owned(), index)]) {
            write_file(&directory.join(name), &mut |out| {
                Ok(out.write_all(&bytes).map_err(EncodeError::Write)?)
            })?;
        }
        Ok(())
    }

    fn write_layout_archive(&self, out: &mut dyn Write) -> Result<(), ImageError> {
        let mut writer = tar::Writer::new(out, ENTRY_TIME);
        // Who loads an archive gives the image this name.
        let name = self.system.presentation.reference();
        let mut documents = self.documents(&name);
        let names: Vec<String> =
            self.encoded.iter().map(|layer| layout::blob_path(&layer.blob)).collect();
        let config = layout::blob_path(&Blob::of(&self.config));
        let list = docker::list(&name, &config, &names);
        documents.insert(docker::LIST.to_owned(), list);
        // What a reader needs first stands first.
        for name in [layout::MARK, layout::INDEX, docker::LIST] {
            let bytes = documents.remove(name).unwrap_or_default();
            writer.file(name.as_bytes(), 0o444, &bytes)?;
        }
        for (name, bytes) in documents {
            writer.file(name.as_bytes(), 0o444, &bytes)?;
        }
        for (name, blob) in self.blobs() {
            let file = self.encoder.file(&blob);
            let mut failed = None;
            let copied = writer.file_from(name.as_bytes(), blob.size, |out| {
                match blobs::copy(&file, &blob, out) {
                    Ok(()) => Ok(()),
                    Err(ImageError::Encode(error)) => Err(error),
                    Err(error) => {
                        failed = Some(error);
                        Err(EncodeError::Write(std::io::ErrorKind::InvalidData.into()))
                    }
                }
            });
            if let Some(error) = failed {
                return Err(error);
            }
            copied?;
        }
        Ok(writer.finish()?)
    }
}

/// An index with the images of another one before its own: readers take the first.
fn merged(mut index: Value, other: &[u8]) -> Vec<u8> {
    let mut other: Value = serde_json::from_slice(other).unwrap_or_default();
    let more = other.get_mut("manifests").and_then(Value::as_array_mut).map(std::mem::take);
    if let Some(images) = index.get_mut("manifests").and_then(Value::as_array_mut) {
        images.splice(..0, more.unwrap_or_default());
    }
    index.to_string().into_bytes()
}

/// Writes a system as `docker load` takes it, without anything on disk: layers are made twice, the
/// first time for their digests.
pub fn stream(
    system: &System,
    layers_max: Option<NonZeroUsize>,
    out: &mut dyn Write,
) -> Result<(), ImageError> {
    let layers = plan::layers(system, layers_max);
    let encoded = parallel(&layers, |layer| {
        let mut sink = std::io::sink();
        oci::encode_layer(layer, &system.units, ENTRY_TIME, Compression::None, &mut sink)
    })?;
    let named: Vec<_> = layers.iter().map(plan::title).zip(encoded.iter().copied()).collect();
    let presentation = &system.presentation;
    let (platform, run) = (presentation.platform(), presentation.run_config());
    let config = oci::config(&platform, &run, &named, presentation.created());
    let archives: Vec<_> = layers.iter().zip(encoded.iter().map(|layer| layer.archive)).collect();
    let name = presentation.reference();
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
    docker::write(&name, &config, &archives, &system.units, ENTRY_TIME, &mut out)?;
    Ok(out.flush().map_err(EncodeError::Write)?)
}

/// Writes the root of a system as a plain archive.
pub fn write_root(system: &System, out: &mut dyn Write) -> Result<(), ImageError> {
    Ok(tar::write(&system.tree, &system.units, ENTRY_TIME, out)?)
}

/// Writes a file in one step: it is whole, or as it was before. A device or a pipe that is there is
/// written to, for it is no file that could be replaced.
pub fn write_file(
    path: &Path,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let path = &followed(path);
    let mut fill = |file: fs::File, place: &Path| -> Result<(), ImageError> {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
        write(&mut out)?;
        Ok(out.flush().map_err(IoError::on("write", place))?)
    };
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let file = fs::OpenOptions::new().write(true).open(path);
        return fill(file.map_err(IoError::on("open", path))?, path);
    }
    let temporary = beside(path, "new");
    let result = (|| {
        let file = fs::File::create(&temporary).map_err(IoError::on("create", &temporary))?;
        fill(file, &temporary)?;
        Ok(fs::rename(&temporary, path).map_err(IoError::on("rename", &temporary))?)
    })();
    if result.is_err() {
        // What failed is said already.
        drop(fs::remove_file(&temporary));
    }
    result
}

/// Where a path leads: what is written to a link is written to its target.
fn followed(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A name in the same directory, which sorts out of the way.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.{suffix}", std::process::id()))
}

fn remove(directory: &Path) -> Result<(), IoError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(IoError::on("remove", directory)(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Puts a finished directory where perhaps another one is. Directories cannot be replaced in one
/// step, so the old one moves aside first.
fn replace_directory(new: &Path, path: &Path) -> Result<(), ImageError> {
    let old = beside(path, "old");
    remove(&old)?;
    let is_there = path.symlink_metadata().is_ok();
    if is_there {
        fs::rename(path, &old).map_err(IoError::on("rename", path))?;
    }
    if let Err(error) = fs::rename(new, path) {
        if is_there {
            // Back, if that is possible; the error is about the other one.
            drop(fs::rename(&old, path));
        }
        return Err(IoError::on("rename", new)(error).into());
    }
    Ok(remove(&old)?)
}
