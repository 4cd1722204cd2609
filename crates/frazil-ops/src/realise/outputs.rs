//! From what a builder left to valid paths, or to the reason why not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use frazil_build::checks::{self, Contents};
use frazil_model::derivation::DerivationOutput;
use frazil_model::{OutputName, StorePath};
use frazil_store::fs::IoError;
use frazil_store::{AddError, HashMismatch, OutputLocks, PathInfo, content_hash};

use super::Executor;
use super::build::Job;
use super::error::BuildProblem;

/// Bytes that are compared at once.
const READ_BYTES: usize = 128 << 10;

/// The outputs are valid.
pub(super) struct Made;

/// What is not the same in two builds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("output '{output}' differs: {what}")]
pub struct Difference {
    /// The output.
    pub output: StorePath,
    /// The first file that is not the same, and how.
    pub what: String,
}

impl Executor<'_> {
    /// Makes outputs valid that a builder left in `places`, or compares them with what is valid.
    pub(super) fn accept(
        &self,
        job: &Job<'_>,
        places: &BTreeMap<OutputName, PathBuf>,
        locks: &OutputLocks,
    ) -> Result<Made, BuildProblem> {
        let mut candidates = job.inputs.closure.clone();
        candidates.extend(job.outputs.values().cloned());
        let mut infos = BTreeMap::new();
        for (name, path) in &job.outputs {
            let place = places.get(name).filter(|place| place.symlink_metadata().is_ok());
            let Some(place) = place else {
                let path = self.store.store_dir().join(path);
                return Err(BuildProblem::NoOutput { output: name.clone(), path });
            };
            let mut info = self.store.adopt(place, path, &candidates)?;
            info.deriver = Some(job.path.clone());
            info.ultimate = true;
            if let Some(DerivationOutput::Fixed { .. }) = job.derivation.outputs.get(name) {
                check_fixed(job, name, place, &mut info)?;
            }
            infos.insert(name.clone(), (place.clone(), info));
        }
        self.check_references(job, &infos)?;
        if self.checks(job.path) {
            return self.compare(infos);
        }
        let mut new = Vec::new();
        for (place, info) in infos.into_values() {
            if !self.store.is_valid(&info.path)? {
                new.push((place, info));
            } else if self.repairs(&info.path) {
                self.store.repair_output(&place, &info, locks)?;
            }
        }
        self.store.install(new, locks)?;
        Ok(Made)
    }

    /// Whether the outputs refer to what they may, and are as large as they may be.
    fn check_references(
        &self,
        job: &Job<'_>,
        infos: &BTreeMap<OutputName, (PathBuf, PathInfo)>,
    ) -> Result<(), BuildProblem> {
        let mut contents: BTreeMap<StorePath, Contents> = BTreeMap::new();
        for (path, facts) in &job.inputs.facts {
            let references = facts.references.clone();
            contents.insert(path.clone(), Contents { nar_size: facts.nar_size, references });
        }
        for (_, info) in infos.values() {
            let (nar_size, references) = (info.nar.size, info.references.clone());
            contents.insert(info.path.clone(), Contents { nar_size, references });
        }
        Ok(checks::check(self.store.store_dir(), &job.derivation, &job.outputs, &contents)?)
    }

    fn compare(
        &self,
        infos: BTreeMap<OutputName, (PathBuf, PathInfo)>,
    ) -> Result<Made, BuildProblem> {
        for (place, info) in infos.into_values() {
            let known = self.store.valid_path_info(&info.path)?;
            if known.nar == info.nar {
                continue;
            }
            let before = self.store.layout().path(&info.path);
            let what = first_difference(&before, &place)?
                .unwrap_or_else(|| "what is in the store was changed".to_owned());
            let difference = Box::new(Difference { output: info.path, what });
            return Err(BuildProblem::Different { difference });
        }
        Ok(Made)
    }
}

/// Whether a fixed output hashes to what was said; then it is content-addressed.
fn check_fixed(
    job: &Job<'_>,
    name: &OutputName,
    place: &Path,
    info: &mut PathInfo,
) -> Result<(), BuildProblem> {
    let Some(DerivationOutput::Fixed { content, .. }) = job.derivation.outputs.get(name) else {
        return Ok(());
    };
    let specified = content.hash;
    let method = content.method;
    let found = match content_hash(place, method, specified.algorithm()) {
        Err(AddError::NotAFile { .. }) => {
            return Err(BuildProblem::NotAFile { path: info.path.clone() });
        }
        found => found?,
    };
    if found != specified {
        return Err(BuildProblem::Hash(Box::new(HashMismatch { specified, found })));
    }
    if let Some(example) = info.references.first() {
        return Err(BuildProblem::FixedReferences {
            path: info.path.clone(),
            count: info.references.len(),
            example: example.clone(),
        });
    }
    info.content_address = Some(*content);
    Ok(())
}

/// The first thing in the order of names that is not the same in two trees.
fn first_difference(before: &Path, now: &Path) -> Result<Option<String>, IoError> {
    let mut next = vec![PathBuf::new()];
    while let Some(below) = next.pop() {
        let [one, other] = [before, now].map(|top| top.join(&below));
        let shown = if below.as_os_str().is_empty() {
            "the output itself".to_owned()
        } else {
            format!("'{}'", below.display())
        };
        let kinds = [form(&one)?, form(&other)?];
        let [Form::Directory(before), Form::Directory(now)] = &kinds else {
            let [before, now] = &kinds;
            if before != now {
                return Ok(Some(format!("{shown} was {before} and is {now}")));
            }
            if matches!(before, Form::File(_))
                && let Some(at) = first_difference_in_files(&one, &other)?
            {
                return Ok(Some(format!("{shown} differs at byte {at}")));
            }
            continue;
        };
        if let Some(name) = before.symmetric_difference(now).next() {
            let where_ = if before.contains(name) { "is missing now" } else { "is new" };
            return Ok(Some(format!("'{}' {where_}", below.join(name).display())));
        }
        next.extend(before.iter().rev().map(|name| below.join(name)));
    }
    Ok(None)
}

/// Where the first byte is that is not the same in two files.
fn first_difference_in_files(one: &Path, other: &Path) -> Result<Option<u64>, IoError> {
    let open = |file: &Path| {
        let opened = std::fs::File::open(file).map_err(IoError::on("open", file))?;
        Ok::<_, IoError>(BufReader::with_capacity(READ_BYTES, opened))
    };
    let (mut before, mut now) = (open(one)?, open(other)?);
    let mut at = 0;
    loop {
        let before_bytes = before.fill_buf().map_err(IoError::on("read", one))?;
        let now_bytes = now.fill_buf().map_err(IoError::on("read", other))?;
        let len = before_bytes.len().min(now_bytes.len());
        let pairs = before_bytes.iter().zip(now_bytes);
        let same = pairs.take_while(|(before, now)| before == now).count();
        if same < len || len == 0 {
            let is_end = before_bytes.is_empty() && now_bytes.is_empty();
            return Ok((!is_end).then_some(at + same as u64));
        }
        before.consume(len);
        now.consume(len);
        at += len as u64;
    }
}

/// What a node is, as far as it shows without reading a file.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Directory(BTreeSet<std::ffi::OsString>),
    /// Perhaps executable.
    File(bool),
    Symlink(PathBuf),
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(_) => f.write_str("a directory"),
            Self::File(false) => f.write_str("a file"),
            Self::File(true) => f.write_str("an executable file"),
            Self::Symlink(target) => write!(f, "a link to '{}'", target.display()),
        }
    }
}

fn form(path: &Path) -> Result<Form, IoError> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = path.symlink_metadata().map_err(IoError::on("look at", path))?;
    if found.is_symlink() {
        return Ok(Form::Symlink(std::fs::read_link(path).map_err(IoError::on("read", path))?));
    }
    if !found.is_dir() {
        return Ok(Form::File(found.permissions().mode() & 0o100 != 0));
    }
    let names = std::fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    names.map(Form::Directory).map_err(IoError::on("list", path))
}
