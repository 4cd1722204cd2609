//! Relations between packages: Debian Policy 7.1, and the extensions of `Build-Depends`.
//!
//! `a (>= 1) | b, c:any [amd64] <!nocheck>`: groups, all of which must hold, of alternatives, one of
//! which must. Which packages satisfy a relation is for [`crate::solve`] to say.
//!
//! Invariant: what is printed parses back to an equal relation.

mod parse;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;

pub use parse::{RelationError, RelationProblem, check_package_name};

use crate::version::DebVersion;

/// How the version that there is must compare with the one that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

/// A condition on a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionConstraint<'a> {
    /// How to compare.
    pub operator: Operator,
    /// What to compare with.
    pub version: DebVersion<'a>,
}

/// One alternative: a package, which version of it, and where the relation counts at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    /// The name of a package, real or virtual.
    pub name: &'a str,
    /// What follows the name after a colon: `any`, `native` or an architecture.
    pub architecture: Option<&'a str>,
    /// Which versions will do; all of them if there is none.
    pub version: Option<VersionConstraint<'a>>,
    /// `[...]`: for which architectures the relation counts; all of them if there is none.
    pub architectures: Vec<Term<'a>>,
    /// `<...> <...>`: with which build profiles the relation counts, as one list of terms, all of
    /// which must hold, for each pair of brackets, one of which must.
    pub profiles: Vec<Vec<Term<'a>>>,
}

/// A word that can be negated by `!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term<'a> {
    /// Whether a `!` stands before it.
    pub negated: bool,
    /// The word.
    pub word: &'a str,
}

/// Alternatives in the order of preference.
pub type Group<'a> = Vec<Relation<'a>>;

/// Reads the value of a field such as `Depends`: groups between commas.
pub fn parse(text: &str) -> Result<Vec<Group<'_>>, RelationError> {
    parse::groups(text)
}

impl Operator {
    const ALL: [Self; 5] =
        [Self::Earlier, Self::EarlierOrEqual, Self::Equal, Self::LaterOrEqual, Self::Later];

    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Earlier => "<<",
            Self::EarlierOrEqual => "<=",
            Self::Equal => "=",
            Self::LaterOrEqual => ">=",
            Self::Later => ">>",
        }
    }

    /// Whether a version that compares like this satisfies it.
    pub const fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterOrEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }
}

impl VersionConstraint<'_> {
    /// Whether `version` will do.
    pub fn admits(&self, version: DebVersion<'_>) -> bool {
        self.operator.admits(version.cmp(&self.version))
    }
}

impl Relation<'_> {
    /// Whether it counts when something is built for `architecture` with these build profiles.
    pub fn applies(&self, architecture: &str, profiles: &[&str]) -> bool {
        let matches = |term: &Term<'_>| architecture_matches(term.word, architecture);
        let here = match self.architectures.first() {
            None => true,
            // All terms are negated, or none.
            Some(first) if first.negated => !self.architectures.iter().any(matches),
            Some(_) => self.architectures.iter().any(matches),
        };
        let holds = |term: &Term<'_>| profiles.contains(&term.word) != term.negated;
        here && (self.profiles.is_empty()
            || self.profiles.iter().any(|list| list.iter().all(holds)))
    }
}

/// Whether `architecture`, as `amd64` or `kfreebsd-amd64`, is one that `pattern` names: itself,
/// `any`, `linux-any`, `any-amd64`.
fn architecture_matches(pattern: &str, architecture: &str) -> bool {
    let (system, cpu) = architecture.rsplit_once('-').unwrap_or(("linux", architecture));
    match pattern.rsplit_once('-') {
        None => pattern == "any" || pattern == architecture,
        Some((wanted_system, wanted_cpu)) => {
            (wanted_system == "any" || wanted_system == system)
                && (wanted_cpu == "any" || wanted_cpu == cpu)
        }
    }
}

impl fmt::Display for VersionConstraint<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.operator.symbol(), self.version)
    }
}

impl fmt::Display for Term<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", if self.negated { "!" } else { "" }, self.word)
    }
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)?;
        if let Some(architecture) = self.architecture {
            write!(out, ":{architecture}")?;
        }
        if let Some(version) = &self.version {
            write!(out, " ({version})")?;
        }
        let joined = |terms: &[Term<'_>]| {
            terms.iter().map(Term::to_string).collect::<Vec<String>>().join(" ")
        };
        if !self.architectures.is_empty() {
            write!(out, " [{}]", joined(&self.architectures))?;
        }
        for list in &self.profiles {
            write!(out, " <{}>", joined(list))?;
        }
        Ok(())
    }
}

/// Prints alternatives with `|` between them.
pub fn display_group<'a>(group: &'a [Relation<'a>]) -> impl fmt::Display + 'a {
    fmt::from_fn(move |out| {
        for (at, relation) in group.iter().enumerate() {
            write!(out, "{}{relation}", if at == 0 { "" } else { " | " })?;
        }
        Ok(())
    })
}

/// For fuzzing: no input panics, and what is printed parses back to equal relations.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(groups) = parse(text) else { return };
    let printed: Vec<String> =
        groups.iter().map(|group| display_group(group).to_string()).collect();
    assert_eq!(parse(&printed.join(", ")), Ok(groups));
}
