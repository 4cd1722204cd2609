//! The index of a source: made when it is asked for, kept in a file, mapped into memory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use frazil_debian::Date;
use frazil_debian::index::{self, BuildError, Index, IndexBuilder, Origin};
use frazil_model::StorePath;
use memmap2::Mmap;
use serde::de::Error as _;
use serde_json::Value;

use super::source::{LISTS, RELEASE, SNAPSHOT};

/// The indexes of this run.
#[derive(Debug, Default)]
pub struct Indexes {
    /// Where their files are; without one they stay in memory.
    directory: Option<PathBuf>,
    open: BTreeMap<StorePath, Rc<SuiteIndex>>,
}

/// An index that can be asked.
#[derive(Debug)]
pub struct SuiteIndex {
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Memory(Vec<u8>),
    Mapped(Mmap),
}

/// Why there is no index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("cannot read {file} of the locked suite: {problem}")]
    Read { file: String, problem: String },
    #[error("{file} of the locked suite is not what it should be")]
    Release { file: &'static str, source: serde_json::Error },
    #[error("the lists of packages of the locked suite")]
    Build(#[from] BuildError),
    #[error(transparent)]
    Index(#[from] index::IndexError),
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

/// Reads a file of a source by its relative path.
pub type ReadSource<'r> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'r;

impl Indexes {
    /// Indexes that are kept in a directory, which is made when it is needed.
    pub fn in_directory(directory: Option<PathBuf>) -> Self {
        Self { directory, open: BTreeMap::new() }
    }

    /// The index of a source; `read` gives its files, and is only asked if there is no index yet.
    pub fn get(
        &mut self,
        source: &StorePath,
        read: &mut ReadSource<'_>,
    ) -> Result<Rc<SuiteIndex>, IndexError> {
        if let Some(open) = self.open.get(source) {
            return Ok(Rc::clone(open));
        }
        let made = match &self.directory {
            Some(directory) => {
                // The path of a source follows from its contents, so the name is enough.
                let file = directory.join(format!("{}.index", source.digest()));
                if let Ok(mapped) = SuiteIndex::map(&file) {
                    mapped
                } else {
                    let bytes = build(read)?;
                    save(directory, &file, &bytes)?;
                    SuiteIndex { bytes: Bytes::Memory(bytes) }
                }
            }
            None => SuiteIndex { bytes: Bytes::Memory(build(read)?) },
        };
        let made = Rc::new(made);
        self.open.insert(source.clone(), Rc::clone(&made));
        Ok(made)
    }
}

impl SuiteIndex {
    /// The index as a view.
    pub fn view(&self) -> Result<Index<'_>, index::IndexError> {
        Index::open(match &self.bytes {
            Bytes::Memory(bytes) => bytes,
            Bytes::Mapped(bytes) => bytes,
        })
    }

    #[expect(unsafe_code, reason = "a file is mapped into memory")]
    fn map(file: &Path) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Io { action: "open", path: file.to_owned(), source };
        let open = File::open(file).map_err(failed)?;
        // SAFETY: files of indexes are written under another name and never changed under their own,
        // see `save`. Were one changed by somebody else, the reader checks every offset it follows
        // and every text for UTF-8 when it is read.
        let mapped = unsafe { Mmap::map(&open) }.map_err(failed)?;
        let index = Self { bytes: Bytes::Mapped(mapped) };
        index.view()?;
        Ok(index)
    }
}

/// Writes an index; whoever reads it meanwhile sees all of it or nothing.
fn save(directory: &Path, file: &Path, bytes: &[u8]) -> Result<(), IndexError> {
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |source| IndexError::Io { action, path, source }
    };
    fs::create_dir_all(directory).map_err(failed("make the directory", directory))?;
    let temporary = file.with_extension(format!("{}.new", std::process::id()));
    fs::write(&temporary, bytes).map_err(failed("write", &temporary))?;
    fs::rename(&temporary, file).map_err(failed("rename", &temporary))
}

fn build(read: &mut ReadSource<'_>) -> Result<Vec<u8>, IndexError> {
    let mut get = |file: &str| {
        read(file).map_err(|problem| IndexError::Read { file: file.to_owned(), problem })
    };
    let wrong = |source| IndexError::Release { file: RELEASE, source };
    let release: Value = serde_json::from_slice(&get(RELEASE)?).map_err(wrong)?;
    let missing = |what: &str| wrong(serde_json::Error::custom(format!("it has no {what}")));
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| missing(name))
    };
    let architecture = text(&release, "architecture")?;
    let lists = release.get("lists").and_then(Value::as_array).ok_or_else(|| missing("lists"))?;
    let mut texts = Vec::new();
    for list in lists {
        let named = ["archive", "suite", "component"].map(|name| text(list, name));
        let [archive, suite, component] = named;
        let file = format!("{LISTS}/{}", text(list, "file")?);
        let date = list.get("date").and_then(Value::as_u64).ok_or_else(|| missing("date"))?;
        let snapshot = match release.get(SNAPSHOT).and_then(Value::as_str) {
            Some(asked) => asked.to_owned(),
            None => snapshot_with(Date(date)).stamp(),
        };
        texts.push((archive?, suite?, component?, snapshot, get(&file)?));
    }
    let mut builder = IndexBuilder::new(&architecture);
    for (archive, suite, component, snapshot, packages) in &texts {
        builder.add(Origin { uri: archive, suite, component, snapshot }, packages)?;
    }
    Ok(builder.finish()?)
}

/// A time at which snapshots have all files of a release: they are taken four times a day, so the
/// first one that has it is not older than this.
pub(super) fn snapshot_with(release: Date) -> Date {
    const BETWEEN_SNAPSHOTS_SECONDS: u64 = 6 * 60 * 60;
    Date(release.0.saturating_add(BETWEEN_SNAPSHOTS_SECONDS))
}
