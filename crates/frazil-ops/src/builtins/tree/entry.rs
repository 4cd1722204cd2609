//! The entries of a tree, as the derivation has them.

use std::path::{Component, Path};

use serde_json::{Map, Value};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The names on the way to it; none for the output itself.
    pub(super) path: Vec<String>,
    pub(super) content: Content,
    /// For files; `None` keeps what a copied file is.
    pub(super) executable: Option<bool>,
}

/// What is put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Text(String),
    /// A symbolic link; where it leads is not checked.
    Link(String),
    /// A file or tree of the inputs.
    Copy(String),
    /// Files of the inputs, one behind the other.
    Concat(Vec<String>),
    /// A file of the inputs with parts replaced.
    Substitute {
        source: String,
        replacements: Vec<Replacement>,
        must_occur: bool,
    },
    /// Trees of the inputs, as one of links.
    Merge(Merge),
    /// The commands of an unpacked Debian package, as links to where Debian has them.
    Commands(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) from: String,
    pub(super) to: String,
}

/// How trees become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) sources: Vec<String>,
    /// Only what is below this path of each, as if that were its top; empty for all.
    pub(super) below: String,
    /// Only what is below one of these; an empty path means everything.
    pub(super) only: Vec<String>,
    pub(super) collisions: Collisions,
    /// Give way to what is there already, whatever it is.
    pub(super) is_fallback: bool,
}

/// What happens when two have something at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collisions {
    /// The first counts.
    First,
    /// They must be the same.
    Same,
}

impl Merge {
    /// Whether to look at a path at all: it is chosen, or on the way to something chosen.
    pub(super) fn takes(&self, path: &Path) -> bool {
        self.is_chosen(path) || self.only.iter().any(|only| Path::new(only).starts_with(path))
    }

    pub(super) fn is_chosen(&self, path: &Path) -> bool {
        self.only.iter().any(|only| path.starts_with(only))
    }
}

/// An entry is not one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EntryProblem {
    #[error("'entries' is not a list of sets")]
    List,
    #[error("the entry '{path}' has no '{field}'")]
    Missing { path: String, field: &'static str },
    #[error("'{field}' of the entry '{path}' is not {wanted}")]
    Type { path: String, field: &'static str, wanted: &'static str },
    #[error("the path '{path}' of an entry does not stay inside of the output")]
    Path { path: String },
    #[error(
        "the entry '{path}' says not what to put there: it needs one of text, link, copy, concat, merge, substitute and commands"
    )]
    Nothing { path: String },
    #[error("the entry '{path}' has an unknown attribute '{field}'")]
    Unknown { path: String, field: String },
}

const KNOWN: &[&str] = &[
    "path",
    "text",
    "link",
    "copy",
    "concat",
    "merge",
    "substitute",
    "commands",
    "executable",
    "below",
    "only",
    "collisions",
    "isFallback",
    "replacements",
    "mustOccur",
];

/// Reads the attribute `entries`.
pub(super) fn parse(entries: &Value) -> Result<Vec<Entry>, EntryProblem> {
    let list = entries.as_array().ok_or(EntryProblem::List)?;
    list.iter()
        .map(|entry| {
            let set = entry.as_object().ok_or(EntryProblem::List)?;
            let path = match set.get("path") {
                Some(Value::String(path)) => path.as_str(),
                _ => return Err(EntryProblem::Missing { path: String::new(), field: "path" }),
            };
            Fields { set, path }.entry()
        })
        .collect()
}

/// The attributes of one entry.
struct Fields<'v> {
    set: &'v Map<String, Value>,
    path: &'v str,
}

impl Fields<'_> {
    fn entry(&self) -> Result<Entry, EntryProblem> {
        if let Some(field) = self.set.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            let path = self.path.to_owned();
            return Err(EntryProblem::Unknown { path, field: field.clone() });
        }
        let executable = self.set.get("executable").map(|_| self.flag("executable")).transpose()?;
        Ok(Entry { path: names(self.path)?, content: self.content()?, executable })
    }

    fn content(&self) -> Result<Content, EntryProblem> {
        if let Some(text) = self.text("text")? {
            return Ok(Content::Text(text));
        }
        if let Some(target) = self.text("link")? {
            return Ok(Content::Link(target));
        }
        if let Some(source) = self.text("copy")? {
            return Ok(Content::Copy(source));
        }
        if let Some(unit) = self.text("commands")? {
            return Ok(Content::Commands(unit));
        }
        if let Some(parts) = self.texts("concat")? {
            return Ok(Content::Concat(parts));
        }
        if let Some(source) = self.text("substitute")? {
            let must_occur = self.flag("mustOccur")?;
            return Ok(Content::Substitute {
                source,
                replacements: self.replacements()?,
                must_occur,
            });
        }
        if let Some(sources) = self.texts("merge")? {
            return Ok(Content::Merge(Merge {
                sources,
                below: self.text("below")?.unwrap_or_default(),
                only: self.texts("only")?.unwrap_or_else(|| vec![String::new()]),
                collisions: match self.text("collisions")?.as_deref() {
                    None | Some("same") => Collisions::Same,
                    Some("first") => Collisions::First,
                    Some(_) => return Err(self.wrong("collisions", "'first' or 'same'")),
                },
                is_fallback: self.flag("isFallback")?,
            }));
        }
        Err(EntryProblem::Nothing { path: self.path.to_owned() })
    }

    fn wrong(&self, field: &'static str, wanted: &'static str) -> EntryProblem {
        EntryProblem::Type { path: self.path.to_owned(), field, wanted }
    }

    fn text(&self, field: &'static str) -> Result<Option<String>, EntryProblem> {
        match self.set.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(field, "a string")),
        }
    }

    fn texts(&self, field: &'static str) -> Result<Option<Vec<String>>, EntryProblem> {
        let Some(value) = self.set.get(field) else { return Ok(None) };
        let list = value.as_array().and_then(|list| {
            list.iter().map(|element| element.as_str().map(str::to_owned)).collect()
        });
        list.map(Some).ok_or_else(|| self.wrong(field, "a list of strings"))
    }

    fn flag(&self, field: &'static str) -> Result<bool, EntryProblem> {
        match self.set.get(field) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(field, "true or false")),
        }
    }

    fn replacements(&self) -> Result<Vec<Replacement>, EntryProblem> {
        let wrong = || self.wrong("replacements", "a list of sets with 'from' and 'to'");
        let list = self.set.get("replacements").and_then(Value::as_array).ok_or_else(wrong)?;
        list.iter()
            .map(|one| {
                let text = |name| one.get(name).and_then(Value::as_str).map(str::to_owned);
                match (text("from"), text("to")) {
                    (Some(from), Some(to)) if !from.is_empty() => Ok(Replacement { from, to }),
                    _ => Err(wrong()),
                }
            })
            .collect()
    }
}

/// The names of a relative path without `..`; leading slashes do not count.
fn names(path: &str) -> Result<Vec<String>, EntryProblem> {
    let mut names = Vec::new();
    for component in Path::new(path.trim_start_matches('/')).components() {
        match component {
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(EntryProblem::Path { path: path.to_owned() });
            }
        }
    }
    if path.contains('\0') {
        return Err(EntryProblem::Path { path: path.to_owned() });
    }
    Ok(names)
}
