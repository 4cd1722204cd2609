//! Why a relation cannot hold, in the words of a person who looked it up.

use std::fmt;

use super::Need;

/// A relation that cannot hold: who asks for it, and what is wrong with each way to satisfy it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// From what the caller asked for down to the relation itself.
    pub steps: Vec<Step>,
    /// The relation.
    pub relation: String,
    /// At least one for each alternative.
    pub causes: Vec<Cause>,
}

/// Who asks for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The caller.
    Asked(String),
    /// The rule that essential packages are there.
    Essential,
    /// A package.
    Needs {
        /// Its name.
        package: String,
        /// Its version.
        version: String,
        /// How much it asks.
        need: Need,
        /// For what.
        relation: String,
    },
}

/// What is wrong with one way to satisfy a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing has this name.
    Missing {
        /// The name.
        package: String,
        /// Names that look like it, the nearest first.
        similar: Vec<String>,
    },
    /// The package has another version.
    Version {
        /// The name.
        package: String,
        /// The condition.
        wanted: String,
        /// The version that there is.
        found: String,
    },
    /// Only other packages provide the name, and not in this version.
    Provided {
        /// The name.
        package: String,
        /// The condition.
        wanted: String,
        /// Who provides it, and as which version.
        by: Vec<(String, Option<String>)>,
    },
    /// It is asked for of another architecture.
    Architecture {
        /// The name.
        package: String,
        /// The architecture.
        architecture: String,
    },
    /// It is asked for with `:any`, but is not `Multi-Arch: allowed`.
    NotForeign {
        /// The name.
        package: String,
    },
    /// The caller does not want it.
    Excluded {
        /// The name.
        package: String,
    },
    /// It led to a conflict before.
    Avoided {
        /// The name.
        package: String,
    },
    /// It cannot be with another one.
    Conflict {
        /// The name.
        package: String,
        /// Which of both says so.
        owner: String,
        /// What it says.
        relation: String,
        /// How the other one came in.
        why: Vec<Step>,
    },
}

impl Explanation {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self.causes.first()? {
            Cause::Missing { .. } => Some("is the component that has it among those of the input?"),
            Cause::Excluded { .. } => Some("do not exclude the package"),
            Cause::Version { .. }
            | Cause::Provided { .. }
            | Cause::Architecture { .. }
            | Cause::NotForeign { .. }
            | Cause::Avoided { .. }
            | Cause::Conflict { .. } => None,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "nothing satisfies `{}`", self.relation)?;
        for cause in &self.causes {
            write!(out, "\n  {cause}")?;
        }
        // That the relation itself was asked for needs no line.
        if matches!(*self.steps, [Step::Asked(_)]) {
            return Ok(());
        }
        for step in self.steps.iter().rev() {
            write!(out, "\n  {step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(relation) => write!(out, "`{relation}` was asked for"),
            Self::Essential => out.write_str("it is essential"),
            Self::Needs { package, version, need, relation } => {
                write!(out, "`{package}` {version} {} `{relation}`", need.verb())
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { package, similar } => {
                write!(out, "there is no `{package}`")?;
                match similar.as_slice() {
                    [] => Ok(()),
                    names => write!(out, "; did you mean `{}`?", names.join("`, `")),
                }
            }
            Self::Version { package, wanted, found } => {
                write!(out, "`{package}` is {found}, which is not {wanted}")
            }
            Self::Provided { package, wanted, by } => {
                write!(out, "`{package}` is provided")?;
                for (at, (name, version)) in by.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    let version = version.as_deref().unwrap_or("no version");
                    write!(out, "{comma} by `{name}` as {version}")?;
                }
                write!(out, ", which is not {wanted}")
            }
            Self::Architecture { package, architecture } => {
                write!(
                    out,
                    "`{package}` is wanted for {architecture}, and there is no such package here"
                )
            }
            Self::NotForeign { package } => {
                write!(out, "`{package}` does not serve any architecture (Multi-Arch: allowed)")
            }
            Self::Excluded { package } => write!(out, "`{package}` is excluded"),
            Self::Avoided { package } => write!(out, "`{package}` led to a conflict before"),
            Self::Conflict { package, owner, relation, why } => {
                if package == owner {
                    write!(out, "`{package}` cannot be with `{relation}`")?;
                } else {
                    write!(out, "`{owner}` cannot be with `{relation}`, and `{package}` is that")?;
                }
                for step in why.iter().rev() {
                    write!(out, "\n    {step}")?;
                }
                Ok(())
            }
        }
    }
}
