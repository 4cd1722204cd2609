//! The suite that a command is about: one that is named, or the one that a lock file pins.

use std::path::Path;
use std::rc::Rc;

use frazil_eval::host::{FetchAttribute, FetchRequest, Host as _, HostError};
use frazil_eval::input::FlakeRef;
use frazil_model::StorePath;
use serde_json::Value;

use super::index::{IndexError, SuiteIndex};
use super::source::RELEASE;
use crate::host::DiskHost;

const LOCK_FILE: &str = "flake.lock";
const KIND: &str = "debian";

/// Which suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuiteName {
    /// `trixie`, or `debian:trixie?security=0`.
    Reference(String),
    /// An input of the flake in the directory; the only Debian suite, if it is not named.
    Locked(Option<String>),
}

/// A suite that can be asked.
#[derive(Debug)]
pub struct Suite {
    pub source: StorePath,
    pub index: Rc<SuiteIndex>,
}

/// Why there is no suite.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    #[error("'{text}' is not the name of a Debian suite: {problem}")]
    Reference { text: String, problem: String },
    #[error("no suite was named, and there is no `{LOCK_FILE}` here that pins one")]
    NoLock,
    #[error("`{LOCK_FILE}` pins several suites: {0}")]
    Several(String),
    #[error("`{LOCK_FILE}` pins no suite as '{0}'")]
    NoInput(String),
    #[error("`{LOCK_FILE}` cannot be read: {0}")]
    Lock(String),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl SuiteError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoLock => Some("name one, as in `--suite trixie`"),
            Self::Several(_) => Some("name one of them with `--input NAME`"),
            Self::Host(HostError::Unsupported { help, .. }) => Some(help),
            Self::Reference { .. }
            | Self::NoInput(_)
            | Self::Lock(_)
            | Self::Host(_)
            | Self::Index(_) => None,
        }
    }
}

/// Finds a suite, fetching it if need be; `directory` is where a lock file is looked for.
pub fn open(
    host: &mut DiskHost<'_>,
    name: &SuiteName,
    directory: &Path,
) -> Result<Suite, SuiteError> {
    let request = match name {
        SuiteName::Reference(text) => referred(text)?,
        SuiteName::Locked(input) => locked(host, input.as_deref(), directory)?,
    };
    let source = host.fetch(&request)?.path;
    let index = host.suite_index(&source)?;
    Ok(Suite { source, index })
}

/// What the source says of the suite.
pub fn release(suite: &Suite, host: &mut DiskHost<'_>) -> Result<Value, SuiteError> {
    let text = host.read(&host.full_path(&suite.source).join(RELEASE))?;
    serde_json::from_slice(&text).map_err(|error| SuiteError::Lock(error.to_string()))
}

fn referred(text: &str) -> Result<FetchRequest, SuiteError> {
    let whole =
        if text.starts_with("debian:") { text.to_owned() } else { format!("debian:{text}") };
    let reference = FlakeRef::parse(&whole).map_err(|error| SuiteError::Reference {
        text: text.to_owned(),
        problem: error.to_string(),
    })?;
    let mut attributes = reference.input.attributes().clone();
    attributes.remove("type");
    Ok(FetchRequest { kind: KIND.to_owned(), attributes, is_final: false })
}

/// The request that a lock file makes of its only suite, or of the one that is named.
fn locked(
    host: &mut DiskHost<'_>,
    input: Option<&str>,
    directory: &Path,
) -> Result<FetchRequest, SuiteError> {
    let text = match host.read(&directory.join(LOCK_FILE)) {
        Ok(text) => text,
        Err(HostError::NotFound(_)) => return Err(SuiteError::NoLock),
        Err(error) => return Err(error.into()),
    };
    let lock: Value =
        serde_json::from_slice(&text).map_err(|error| SuiteError::Lock(error.to_string()))?;
    let nodes = lock.get("nodes").and_then(Value::as_object).into_iter().flatten();
    let suites: Vec<(&String, &Value)> = nodes
        .filter_map(|(name, node)| Some((name, node.get("locked")?)))
        .filter(|(_, locked)| locked.get("type").and_then(Value::as_str) == Some(KIND))
        .filter(|(name, _)| input.is_none_or(|input| input == name.as_str()))
        .collect();
    let locked = match (suites.as_slice(), input) {
        ([(_, locked)], _) => locked,
        ([], Some(input)) => return Err(SuiteError::NoInput(input.to_owned())),
        ([], None) => return Err(SuiteError::NoLock),
        (several, _) => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            return Err(SuiteError::Several(names.join(", ")));
        }
    };
    let attributes = locked.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) if name != "type" => FetchAttribute::String(text.clone()),
            Value::Bool(flag) => FetchAttribute::Bool(*flag),
            Value::Number(number) => FetchAttribute::Int(number.as_i64()?),
            Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((name.clone(), value))
    });
    Ok(FetchRequest { kind: KIND.to_owned(), attributes: attributes.collect(), is_final: true })
}
