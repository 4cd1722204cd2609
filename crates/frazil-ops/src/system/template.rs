//! Texts with places that are filled when a service starts: `${NAME}`, `${NAME:-otherwise}` for
//! variables, `${file:PATH}` for the contents of a file. `$$` is a dollar, and a `$` before
//! anything else is one, too: configuration files are full of them.
//!
//! The init reads parts, not texts; so what is wrong with a template is known when it is built.

#[cfg(test)]
mod tests;

use serde::Serialize;

/// A piece of a text, as the init reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Part {
    /// Characters.
    Literal(String),
    /// A variable.
    Variable {
        /// Its name.
        env: String,
        /// What stands there if it is not set.
        #[serde(skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
    /// The contents of a file.
    File {
        /// Its path.
        file: String,
    },
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `${` without its `}`.
    #[error("`${{{start}` has no `}}`, in line {line}")]
    Open {
        /// What follows, in part.
        start: String,
        /// Counted from 1.
        line: usize,
    },
    /// Neither a variable nor a file.
    #[error("`${{{place}}}` in line {line} is neither a variable nor `file:` and a path")]
    Place {
        /// What stands between the braces.
        place: String,
        /// Counted from 1.
        line: usize,
    },
}

/// The parts of a text.
pub fn parts(text: &str) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        literal += before;
        let line = 1 + text.get(..text.len() - after.len()).unwrap_or(text).matches('\n').count();
        if let Some(after) = after.strip_prefix('$') {
            literal.push('$');
            rest = after;
        } else if let Some(inside) = after.strip_prefix('{') {
            let Some((place, after)) = inside.split_once('}') else {
                return Err(TemplateError::Open { start: inside.chars().take(20).collect(), line });
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part(place, line)?);
            rest = after;
        } else {
            literal.push('$');
            rest = after;
        }
    }
    literal += rest;
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

fn part(place: &str, line: usize) -> Result<Part, TemplateError> {
    if let Some(path) = place.strip_prefix("file:").filter(|path| path.starts_with('/')) {
        return Ok(Part::File { file: path.to_owned() });
    }
    let (name, default) = match place.split_once(":-") {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (place, None),
    };
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = !name.is_empty()
        && name.chars().all(is_name_char)
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_name {
        Ok(Part::Variable { env: name.to_owned(), default })
    } else {
        Err(TemplateError::Place { place: place.to_owned(), line })
    }
}
