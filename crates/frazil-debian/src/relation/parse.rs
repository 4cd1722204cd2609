//! Reading relations: a cursor over the text, a function for each part.

use super::{Group, Operator, Relation, Term, VersionConstraint};
use crate::version::{DebVersion, VersionError};

/// A text is not a list of relations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("in `{relation}`: {problem}")]
pub struct RelationError {
    /// The part of the text between commas.
    pub relation: String,
    /// What is wrong with it.
    pub problem: RelationProblem,
}

/// What is wrong with a relation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelationProblem {
    /// An alternative without a name, or with one that no package can have.
    #[error("`{0}` is not the name of a package")]
    Name(String),
    /// After a colon.
    #[error("`{0}` is not an architecture")]
    Architecture(String),
    /// In the parentheses is no operator first.
    #[error("expecting `<<`, `<=`, `=`, `>=` or `>>` before `{0}`")]
    Operator(String),
    /// In the parentheses is no version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// A bracket that nothing closes.
    #[error("expecting `{0}`")]
    Close(char),
    /// Nothing in brackets, some terms negated and some not, or a word that is none.
    #[error("`{0}` is not a list of architectures or build profiles")]
    Terms(String),
    /// Something behind the end.
    #[error("unexpected `{0}`")]
    Trailing(String),
}

/// Whether a package may have this name; virtual ones are a little freer than Policy's 5.6.7.
pub fn check_package_name(name: &str) -> Result<&str, RelationProblem> {
    let is_legal = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_'));
    if is_legal { Ok(name) } else { Err(RelationProblem::Name(name.into())) }
}

pub(super) fn groups(text: &str) -> Result<Vec<Group<'_>>, RelationError> {
    let parts = text.split(',').map(str::trim_ascii).filter(|part| !part.is_empty());
    parts
        .map(|part| group(part).map_err(|problem| RelationError { relation: part.into(), problem }))
        .collect()
}

fn group(text: &str) -> Result<Group<'_>, RelationProblem> {
    text.split('|').map(|alternative| relation(alternative.trim_ascii())).collect()
}

fn relation(text: &str) -> Result<Relation<'_>, RelationProblem> {
    let end = text.find([' ', '\t', '\n', '(', '[', '<']).unwrap_or(text.len());
    let (package, rest) = text.split_at(end);
    let (name, architecture) = match package.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture)),
        None => (package, None),
    };
    let mut relation = Relation {
        name: check_package_name(name)?,
        architecture: architecture.map(check_architecture).transpose()?,
        version: None,
        architectures: Vec::new(),
        profiles: Vec::new(),
    };
    let mut rest = rest.trim_ascii_start();
    if let Some(inside) = rest.strip_prefix('(') {
        let (inside, behind) = split_close(inside, ')')?;
        relation.version = Some(constraint(inside.trim_ascii())?);
        rest = behind;
    }
    if let Some(inside) = rest.strip_prefix('[') {
        let (inside, behind) = split_close(inside, ']')?;
        relation.architectures = terms(inside)?;
        let negated = relation.architectures.iter().filter(|term| term.negated).count();
        if negated != 0 && negated != relation.architectures.len() {
            return Err(RelationProblem::Terms(inside.into()));
        }
        rest = behind;
    }
    while let Some(inside) = rest.strip_prefix('<') {
        let (inside, behind) = split_close(inside, '>')?;
        relation.profiles.push(terms(inside)?);
        rest = behind;
    }
    if rest.is_empty() { Ok(relation) } else { Err(RelationProblem::Trailing(rest.into())) }
}

fn split_close(text: &str, close: char) -> Result<(&str, &str), RelationProblem> {
    let (inside, behind) = text.split_once(close).ok_or(RelationProblem::Close(close))?;
    Ok((inside, behind.trim_ascii_start()))
}

fn check_architecture(text: &str) -> Result<&str, RelationProblem> {
    let is_legal = text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_legal { Ok(text) } else { Err(RelationProblem::Architecture(text.into())) }
}

fn constraint(text: &str) -> Result<VersionConstraint<'_>, RelationProblem> {
    let operator = Operator::ALL.into_iter().find(|operator| text.starts_with(operator.symbol()));
    let operator = operator.ok_or_else(|| RelationProblem::Operator(text.into()))?;
    let version = text.strip_prefix(operator.symbol()).unwrap_or_default().trim_ascii();
    Ok(VersionConstraint { operator, version: DebVersion::new(version)? })
}

fn terms(text: &str) -> Result<Vec<Term<'_>>, RelationProblem> {
    let fail = || RelationProblem::Terms(text.into());
    let terms: Vec<Term<'_>> = text
        .split_ascii_whitespace()
        .map(|word| match word.strip_prefix('!') {
            Some(word) => Term { negated: true, word },
            None => Term { negated: false, word },
        })
        .collect();
    let is_word = |term: &Term<'_>| {
        let mut bytes = term.word.bytes();
        !term.word.is_empty()
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'+'))
    };
    if terms.is_empty() || !terms.iter().all(is_word) { Err(fail()) } else { Ok(terms) }
}
