//! Both forms of apt's lists of sources.

use super::{SignedBy, Source};
use crate::deb822::{Deb822Error, Field, Stanza, Stanzas};

/// A text is not a list of sources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourcesError {
    /// A `.sources` file is not made of stanzas.
    #[error(transparent)]
    Deb822(#[from] Deb822Error),
    /// An entry makes no sense.
    #[error("line {line}: {problem}")]
    Entry {
        /// The line where it begins, from 1.
        line: usize,
        /// What is wrong.
        problem: SourcesProblem,
    },
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourcesProblem {
    /// Not text.
    #[error("not UTF-8")]
    Utf8,
    /// Neither `deb` nor `deb-src`.
    #[error("`{0}` is neither `deb` nor `deb-src`")]
    Type(String),
    /// A field or a word is missing.
    #[error("no {0}")]
    Missing(&'static str),
    /// `[` without `]`.
    #[error("the options do not end")]
    Options,
    /// Components for a flat archive, or none for another.
    #[error("the suite `{0}` needs components, unless it is a path that ends with `/`")]
    Components(String),
    /// A flat archive with components.
    #[error("the suite `{0}` is a path, for which there are no components")]
    FlatComponents(String),
    /// `Enabled` is neither.
    #[error("`{0}` is neither `yes` nor `no`")]
    Enabled(String),
}

/// Reads a `.sources` file.
pub fn parse_deb822(text: &[u8]) -> Result<Vec<Source>, SourcesError> {
    Stanzas::new(text)
        .map(|stanza| {
            let stanza = stanza?;
            let line = stanza.line();
            source_of(&stanza).map_err(|problem| SourcesError::Entry { line, problem })
        })
        .collect()
}

fn source_of(stanza: &Stanza<'_>) -> Result<Source, SourcesProblem> {
    let words = |name: &str| -> Result<Vec<String>, SourcesProblem> {
        let words = stanza.field(name).into_iter().flat_map(|field| field.words());
        words.map(|word| text_of(word).map(str::to_owned)).collect()
    };
    let types = words("Types")?;
    let enabled = match words("Enabled")?.first().map(String::as_str) {
        None | Some("yes" | "true" | "1" | "on" | "with" | "enable") => true,
        Some("no" | "false" | "0" | "off" | "without" | "disable") => false,
        Some(other) => return Err(SourcesProblem::Enabled(other.into())),
    };
    let source = Source {
        lists_binaries: types.iter().any(|kind| kind == "deb"),
        lists_sources: types.iter().any(|kind| kind == "deb-src"),
        uris: words("URIs")?.iter().map(|uri| without_slash(uri)).collect(),
        suites: words("Suites")?,
        components: words("Components")?,
        architectures: words("Architectures")?,
        signed_by: stanza.field("Signed-By").map(signed_by).transpose()?.unwrap_or_default(),
        enabled,
    };
    if let Some(other) = types.iter().find(|kind| !matches!(kind.as_str(), "deb" | "deb-src")) {
        return Err(SourcesProblem::Type(other.clone()));
    }
    if types.is_empty() {
        return Err(SourcesProblem::Missing("type"));
    }
    check(source)
}

fn signed_by(field: Field<'_>) -> Result<Vec<SignedBy>, SourcesProblem> {
    if field.lines().any(|line| line.starts_with(b"-----BEGIN ")) {
        let lines: Vec<&[u8]> = field.lines().skip_while(|line| line.is_empty()).collect();
        let mut armor = lines.join(&b'\n');
        armor.push(b'\n');
        return Ok(vec![SignedBy::Inline(armor)]);
    }
    let words = field.words().flat_map(|word| word.split(|byte| *byte == b','));
    words.filter(|word| !word.is_empty()).map(|word| text_of(word).map(key_named)).collect()
}

fn key_named(text: &str) -> SignedBy {
    if text.starts_with('/') {
        SignedBy::Path(text.into())
    } else {
        SignedBy::Fingerprint(text.into())
    }
}

/// Reads a `sources.list`. Lines that are commented out are comments.
pub fn parse_one_line(text: &[u8]) -> Result<Vec<Source>, SourcesError> {
    let mut sources = Vec::new();
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let fail = |problem| SourcesError::Entry { line: number, problem };
        let line = text_of(line).map_err(fail)?;
        let entry = line.split('#').next().unwrap_or_default().trim_ascii();
        if !entry.is_empty() {
            sources.push(source_line(entry).map_err(fail)?);
        }
    }
    Ok(sources)
}

fn source_line(entry: &str) -> Result<Source, SourcesProblem> {
    let (kind, rest) = entry.split_once([' ', '\t']).unwrap_or((entry, ""));
    if !matches!(kind, "deb" | "deb-src") {
        return Err(SourcesProblem::Type(kind.into()));
    }
    let rest = rest.trim_ascii_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or(SourcesProblem::Options)?,
        None => ("", rest),
    };
    let mut words = rest.split_ascii_whitespace();
    let uri = words.next().ok_or(SourcesProblem::Missing("URI"))?;
    let suite = words.next().ok_or(SourcesProblem::Missing("suite"))?;
    let option = |name: &'static str| {
        let values = options.split_ascii_whitespace().filter_map(|option| option.split_once('='));
        values.filter(|(key, _)| key.eq_ignore_ascii_case(name)).flat_map(move |(_, list)| {
            list.split(',').filter(|value| !value.is_empty()).collect::<Vec<&str>>()
        })
    };
    check(Source {
        lists_binaries: kind == "deb",
        lists_sources: kind == "deb-src",
        uris: vec![without_slash(uri)],
        suites: vec![suite.into()],
        components: words.map(str::to_owned).collect(),
        architectures: option("arch").map(str::to_owned).collect(),
        signed_by: option("signed-by").map(key_named).collect(),
        enabled: true,
    })
}

fn check(source: Source) -> Result<Source, SourcesProblem> {
    if source.uris.is_empty() {
        return Err(SourcesProblem::Missing("URI"));
    }
    if source.suites.is_empty() {
        return Err(SourcesProblem::Missing("suite"));
    }
    let wrong = |suite: &&String| suite.ends_with('/') != source.components.is_empty();
    match source.suites.iter().find(wrong) {
        None => Ok(source),
        Some(suite) if suite.ends_with('/') => Err(SourcesProblem::FlatComponents(suite.clone())),
        Some(suite) => Err(SourcesProblem::Components(suite.clone())),
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, SourcesProblem> {
    std::str::from_utf8(bytes).map_err(|_| SourcesProblem::Utf8)
}

fn without_slash(uri: &str) -> String {
    uri.trim_end_matches('/').to_owned()
}
