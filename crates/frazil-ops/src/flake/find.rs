//! Finding the flake that a text on the command line names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frazil_eval::flake::FLAKE_FILE;
use frazil_eval::host::{FetchAttribute, FileKind, Host, HostError};
use frazil_eval::input::{Attributes, FlakeRef, InputError, Reference};

use super::attribute::OutputSelection;
use crate::eval::Failure;
use crate::path::normal;

/// A flake as it was named.
#[derive(Clone, Debug)]
pub struct TopFlake {
    pub reference: FlakeRef,
    /// What followed `#`.
    pub fragment: String,
    pub outputs: OutputSelection,
    /// The directory of its `flake.nix`, if it is one whose files may be changed.
    pub directory: Option<PathBuf>,
}

/// Why there is no flake.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("{0}")]
    Reference(#[from] InputError),
    #[error("{0}")]
    Host(#[from] HostError),
    #[error("path '{}' does not exist", .0.display())]
    Missing(PathBuf),
    #[error("path '{}' is not a flake (because it's not a directory)", .0.display())]
    NotADirectory(PathBuf),
    #[error(
        "path '{}' is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)",
        .0.display()
    )]
    NoFlake(PathBuf),
    #[error("flake URL '{0}' has an inconsistent 'dir' parameter")]
    TwoDirectories(String),
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        let help = match &error {
            FindError::NoFlake(_) => Some("`frazil init` makes one".to_owned()),
            FindError::Reference(_)
            | FindError::Host(_)
            | FindError::Missing(_)
            | FindError::NotADirectory(_)
            | FindError::TwoDirectories(_) => None,
        };
        super::failure(error.to_string(), help)
    }
}

/// Reads `REFERENCE#FRAGMENT^OUTPUTS`. A path is looked at: the flake may lie further up, and
/// a work tree of Git is taken as one.
pub fn find(text: &str, base: &Path, host: &mut dyn Host) -> Result<TopFlake, FindError> {
    let (before, outputs) = OutputSelection::split(text);
    let (reference, fragment) = match Reference::parse(before)? {
        Reference::Flake(reference, fragment) => (from(reference, base)?, fragment),
        Reference::Path { path, query, fragment } => {
            let path = normal(&base.join(&path));
            (of_path(before, path, query, host)?, fragment)
        }
    };
    let directory = directory(&reference);
    Ok(TopFlake { reference, fragment, outputs, directory })
}

/// A reference that is not looked at: an override, an entry of the registry.
pub(super) fn reference(text: &str, base: &Path) -> Result<FlakeRef, InputError> {
    match Reference::parse(text)? {
        Reference::Flake(reference, fragment) if fragment.is_empty() => from(reference, base),
        Reference::Path { path, query, fragment } if fragment.is_empty() => {
            let path = normal(&base.join(&path));
            let scheme = if path.join(".git").exists() { "git+file" } else { "path" };
            FlakeRef::of_path(scheme, &path.to_string_lossy(), query)
        }
        Reference::Flake(_, fragment) | Reference::Path { fragment, .. } => {
            Err(InputError(format!("unexpected fragment '{fragment}' in flake reference '{text}'")))
        }
    }
}

/// `path:./x` and `git+file:./x`, written by a user, start where the user is.
fn from(reference: FlakeRef, base: &Path) -> Result<FlakeRef, InputError> {
    let absolute = |path: &str| normal(&base.join(path)).to_string_lossy().into_owned();
    let mut attributes: Attributes = reference.to_attributes();
    let relative = reference.input.relative_path().map(|path| ("path", absolute(path)));
    let git = match attributes.get("url") {
        Some(FetchAttribute::String(url)) if reference.input.kind() == "git" => url
            .strip_prefix("file:")
            .filter(|path| !path.starts_with('/'))
            .map(|path| ("url", format!("file:{}", absolute(path)))),
        _ => None,
    };
    let Some((name, value)) = relative.or(git) else { return Ok(reference) };
    attributes.insert(name.to_owned(), FetchAttribute::String(value));
    FlakeRef::from_attributes(attributes)
}

fn of_path(
    text: &str,
    mut path: PathBuf,
    mut query: BTreeMap<String, String>,
    host: &mut dyn Host,
) -> Result<FlakeRef, FindError> {
    match host.kind(&path)? {
        None => return Err(FindError::Missing(path)),
        Some(FileKind::Directory | FileKind::Symlink) => {}
        Some(_) if path.file_name().is_some_and(|name| name == FLAKE_FILE) => {
            path.pop();
        }
        Some(_) => return Err(FindError::NotADirectory(path)),
    }
    let asked = path.clone();
    while host.kind(&path.join(FLAKE_FILE))?.is_none() {
        // A query says which directory it is in.
        if query.contains_key("dir") {
            break;
        }
        if host.kind(&path.join(".git"))?.is_some() || !path.pop() {
            return Err(FindError::NoFlake(asked));
        }
    }
    let mut below = Vec::new();
    for root in path.ancestors() {
        if host.kind(&root.join(".git"))?.is_some() {
            if !below.is_empty() {
                below.reverse();
                let dir: Vec<String> = below;
                if query.insert("dir".to_owned(), dir.join("/")).is_some() {
                    return Err(FindError::TwoDirectories(text.to_owned()));
                }
            }
            if host.kind(&root.join(".git/shallow"))?.is_some() {
                query.insert("shallow".to_owned(), "1".to_owned());
            }
            return Ok(FlakeRef::of_path("git+file", &root.to_string_lossy(), query)?);
        }
        below.extend(root.file_name().map(|name| name.to_string_lossy().into_owned()));
    }
    Ok(FlakeRef::of_path("path", &path.to_string_lossy(), query)?)
}

/// The directory on the disk that a reference means, if it means what lies there now.
fn directory(reference: &FlakeRef) -> Option<PathBuf> {
    let attributes = reference.input.attributes();
    let text = |name: &str| match attributes.get(name) {
        Some(FetchAttribute::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let root = match reference.input.kind() {
        "path" => text("path")?.to_owned(),
        "git" if text("rev").is_none() && text("ref").is_none() => {
            frazil_eval::input::Url::parse(text("url")?)
                .ok()
                .filter(|url| url.scheme == "file")?
                .path
        }
        _ => return None,
    };
    let is_inside = reference.dir.split('/').all(|part| part != "..");
    is_inside.then(|| normal(&Path::new(&root).join(&reference.dir)))
}
