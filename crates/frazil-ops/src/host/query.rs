//! Answering `builtins.frazil.query`.

use std::rc::Rc;

use frazil_eval::host::{FetchAttribute, FetchRequest, Host as _, HostError};
use frazil_model::StorePath;
use serde_json::Value;

use super::DiskHost;
use super::fetch;
use crate::debian::{IndexError, Question, SuiteIndex};

/// The question for the distribution in the program.
const SOURCE: &str = "source";
const KINDS_HELP: &str = "there are source, debian-package, debian-names and debian-solve";

pub(super) fn answer(
    host: &mut DiskHost<'_>,
    kind: &str,
    question: &[u8],
) -> Result<Vec<u8>, HostError> {
    let refused = |error: &dyn std::error::Error| HostError::Store(crate::causes(error));
    let answer = if kind == SOURCE {
        Value::from(distribution(host)?)
    } else {
        let asked = Question::of_kind(kind).ok_or_else(|| HostError::Unsupported {
            what: format!("nothing here answers queries of the kind '{kind}'"),
            help: KINDS_HELP,
        })?;
        let details = serde_json::from_slice(question).map_err(|error| refused(&error))?;
        debian(host, asked, &details)?
    };
    Ok(answer.to_string().into_bytes())
}

/// The path of the distribution's expressions, which are put into the store if need be.
fn distribution(host: &mut DiskHost<'_>) -> Result<String, HostError> {
    let name = FetchAttribute::String("frazil".to_owned());
    let request = FetchRequest {
        kind: "builtin".to_owned(),
        attributes: [("name".to_owned(), name)].into(),
        is_final: false,
    };
    let fetched = fetch::fetch(host, &request)?;
    Ok(host.context.store_dir.join(&fetched.path))
}

fn debian(host: &mut DiskHost<'_>, asked: Question, details: &Value) -> Result<Value, HostError> {
    let place = details.get("source").and_then(Value::as_str).unwrap_or_default().to_owned();
    let source = host.context.store_dir.parse(place.as_bytes()).map_err(|_| {
        HostError::Store(format!("'{place}' is not a locked Debian suite in the store"))
    })?;
    let index = host.suite_index(&source);
    let answered = index
        .map_err(crate::debian::AnswerError::from)
        .and_then(|index| asked.answer(&index.view()?, details));
    answered.map_err(|error| {
        let what = crate::causes(&error);
        match error.help() {
            Some(help) => HostError::Unsupported { what, help },
            None => HostError::Store(what),
        }
    })
}

impl DiskHost<'_> {
    /// The index of a Debian suite that lies in the store.
    pub(crate) fn suite_index(&mut self, source: &StorePath) -> Result<Rc<SuiteIndex>, IndexError> {
        let place = self.full_path(source);
        // The files are read through the host: they may be in memory only.
        let mut indexes = std::mem::take(&mut self.indexes);
        let mut read = |file: &str| self.read(&place.join(file)).map_err(|error| error.to_string());
        let index = indexes.get(source, &mut read);
        self.indexes = indexes;
        index
    }
}
