//! An interactive session: names that stay, lines that are evaluated one after the other.
//!
//! The session knows nothing of terminals. A line comes in as bytes and what it evaluates to goes
//! out as bytes; reading keys, history and colours are the command line's.

mod scope;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use frazil_eval::heap::Attrs;
use frazil_eval::host::Host;
use frazil_eval::print::{self, Limits};
use frazil_eval::{Error, ErrorKind, Evaluator, Lazy, Options, Value, builtins};

use crate::eval::{Argument, Failure, arguments, explained, with_evaluator};
use crate::path::normal;

use scope::{Binding, binding, quoted};

const LINE_NAME: &str = "«repl»";
/// What a syntax error says about a text that ends too early.
const END_OF_FILE: &str = "unexpected end of file";

/// How a session starts.
#[derive(Clone, Debug)]
pub struct ReplPlan {
    pub options: Options,
    pub memory_bytes_max: Option<u64>,
    /// Where relative paths in lines start.
    pub base: PathBuf,
    /// What functions in loaded files are called with.
    pub arguments: Vec<(String, Argument)>,
}

/// An interactive session.
pub struct Repl<'a> {
    evaluator: Evaluator<'a>,
    base: PathBuf,
    /// Names that lines and files brought in; a later one shadows an earlier one.
    scope: Vec<(String, Lazy<'a>)>,
    arguments: Attrs<'a>,
    /// What was loaded or should have been, for reloading: expressions.
    loaded: Vec<String>,
}

/// What is known about a value that can be documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documentation {
    pub name: String,
    pub parameters: Vec<&'static str>,
    pub text: String,
}

/// Opens a session and hands it to `work`; the values live as long as `work` runs.
pub fn open<R>(
    plan: &ReplPlan,
    host: &mut dyn Host,
    work: impl FnOnce(&mut Repl<'_>) -> R,
) -> Result<R, Failure> {
    with_evaluator(plan.memory_bytes_max, host, &plan.options, |mut evaluator| {
        let arguments = arguments(&mut evaluator, &plan.arguments, &plan.base)?;
        let (base, scope, loaded) = (plan.base.clone(), Vec::new(), Vec::new());
        Ok(work(&mut Repl { evaluator, base, scope, arguments, loaded }))
    })?
}

impl<'a> Repl<'a> {
    /// Evaluates an expression and prints it, or takes a binding `name = expression` into scope.
    pub fn line(&mut self, line: &str, printed: &mut Vec<u8>) -> Result<(), Failure> {
        if let Some(Binding { name, value }) = binding(line) {
            let program = self.parse(value)?;
            let value = self.evaluator.delayed(program);
            self.define(name.to_owned(), value);
            return Ok(());
        }
        self.print(line, false, printed)
    }

    /// Prints a value, with everything in it if `deep`.
    pub fn print(&mut self, line: &str, deep: bool, printed: &mut Vec<u8>) -> Result<(), Failure> {
        let value = self.value(line)?;
        if deep {
            let done = self.evaluator.deep_force(value);
            done.map_err(|error| explained(&self.evaluator, &error))?;
        }
        printed.extend(print::detailed(&mut self.evaluator, value, Limits::NONE));
        printed.push(b'\n');
        Ok(())
    }

    /// The type of a value, with its article.
    pub fn type_of(&mut self, line: &str) -> Result<String, Failure> {
        Ok(self.value(line)?.type_phrase().into_owned())
    }

    /// What is known about a function; `None` if it is not documented.
    pub fn documentation(&mut self, line: &str) -> Result<Option<Documentation>, Failure> {
        let Value::Builtin(builtin) = self.value(line)? else { return Ok(None) };
        Ok(Some(Documentation {
            name: builtin.name.to_owned(),
            parameters: builtin.parameters.to_vec(),
            text: builtin.doc.to_owned(),
        }))
    }

    /// The derivation of a value: its store path.
    pub fn derivation(&mut self, line: &str) -> Result<Vec<u8>, Failure> {
        let value = self.value(line)?;
        let result = self.derivation_path(value);
        result.map_err(|error| explained(&self.evaluator, &error))
    }

    /// Builds the derivation that a value is; returns the path of its output.
    pub fn build(&mut self, line: &str) -> Result<Vec<u8>, Failure> {
        self.derivation(line)?;
        // Whoever looks at what it makes has it made.
        let look = format!(
            "let made = ({line}\n); in builtins.seq (builtins.readFileType made) \"${{made}}\""
        );
        let value = self.value(&look)?;
        let text = self.evaluator.text(value).map(<[u8]>::to_vec);
        text.map_err(|error| explained(&self.evaluator, &error))
    }

    fn derivation_path(&mut self, value: Value<'a>) -> Result<Vec<u8>, Error> {
        if let Value::Attrs(set) = value
            && let Some(path) = self.evaluator.attribute(set, "drvPath")
        {
            let path = self.evaluator.force(path)?;
            return Ok(self.evaluator.text(path)?.to_vec());
        }
        let message = "expression does not evaluate to a derivation";
        Err(self.evaluator.failure(ErrorKind::Type, message))
    }

    /// Brings the attributes of a file's value into scope; returns how many. The file may be in the
    /// search path: `<name>`.
    pub fn load(&mut self, file: &str) -> Result<usize, Failure> {
        let is_lookup = file.starts_with('<') && file.ends_with('>');
        let target = if is_lookup {
            file.to_owned()
        } else {
            quoted(&normal(&self.base.join(file)).to_string_lossy())
        };
        self.load_value(format!("import {target}"))
    }

    /// Brings what a flake has into scope; returns how many names that are. What begins with a dot
    /// or a slash is a directory.
    pub fn load_flake(&mut self, reference: &str) -> Result<usize, Failure> {
        let reference = if reference.starts_with(['.', '/']) {
            normal(&self.base.join(reference)).to_string_lossy().into_owned()
        } else {
            reference.to_owned()
        };
        self.load_value(format!("builtins.getFlake {}", quoted(&reference)))
    }

    fn load_value(&mut self, expression: String) -> Result<usize, Failure> {
        // Before it is read: who mends a broken file reloads it.
        if !self.loaded.contains(&expression) {
            self.loaded.push(expression.clone());
        }
        self.import(&expression)
    }

    /// Loads everything again that was loaded.
    pub fn reload(&mut self) -> Result<usize, Failure> {
        self.evaluator.forget_imports();
        let mut count = 0;
        for target in self.loaded.clone() {
            count += self.import(&target)?;
        }
        Ok(count)
    }

    fn import(&mut self, expression: &str) -> Result<usize, Failure> {
        let value = self.value(expression)?;
        let value = self.evaluator.auto_call(value, self.arguments);
        let value = value.map_err(|error| explained(&self.evaluator, &error))?;
        self.bring(value)
    }

    /// Brings the attributes of an expression's value into scope; returns how many.
    pub fn add(&mut self, line: &str) -> Result<usize, Failure> {
        let value = self.value(line)?;
        self.bring(value)
    }

    fn bring(&mut self, value: Value<'a>) -> Result<usize, Failure> {
        let Value::Attrs(set) = value else {
            let message = format!("expected a set but found {}", value.type_phrase());
            let error = self.evaluator.failure(ErrorKind::Type, message);
            return Err(explained(&self.evaluator, &error));
        };
        let attributes = self.evaluator.attributes(set);
        let count = attributes.len();
        for (name, value) in attributes {
            if let Ok(name) = std::str::from_utf8(name) {
                self.define(name.to_owned(), value);
            }
        }
        Ok(count)
    }

    fn define(&mut self, name: String, value: Lazy<'a>) {
        match self.scope.iter_mut().find(|(known, _)| *known == name) {
            Some((_, place)) => *place = value,
            None => self.scope.push((name, value)),
        }
    }

    /// Whether an expression or binding is right as far as it goes, and wants to go on.
    pub fn ends_early(&mut self, line: &str) -> bool {
        let text = binding(line).map_or(line, |binding| binding.value);
        match self.parse(text) {
            Ok(_) => false,
            Err(Failure(diagnostics)) => diagnostics.first().is_some_and(|first| {
                first.kind == ErrorKind::Syntax && first.message.contains(END_OF_FILE)
            }),
        }
    }

    /// Names that can stand where `text` ends with a part of one: variables, or attributes behind
    /// a dot. Returns where the part starts. Never fails: what cannot be evaluated has no names.
    pub fn completions(&mut self, text: &str) -> (usize, Vec<String>) {
        let (start, chain) = scope::completed_part(text);
        let part = text.get(start..).unwrap_or_default();
        let (prefix, names) = match part.rsplit_once('.') {
            Some((subject, prefix)) if chain => (prefix, self.attribute_names(subject)),
            _ => (part, self.names()),
        };
        let mut found: Vec<String> =
            names.into_iter().filter(|name| name.starts_with(prefix)).collect();
        found.sort();
        found.dedup();
        (text.len() - prefix.len(), found)
    }

    fn names(&self) -> Vec<String> {
        let own = self.scope.iter().map(|(name, _)| name.clone());
        let words = scope::KEYWORDS.iter().map(ToString::to_string);
        let globals = builtins().map(|builtin| builtin.name.to_owned());
        own.chain(words).chain(globals).collect()
    }

    fn attribute_names(&mut self, subject: &str) -> Vec<String> {
        match self.value(subject) {
            Ok(Value::Attrs(set)) => {
                let names = self.evaluator.attributes(set).into_iter();
                names.filter_map(|(name, _)| scope::attribute_text(name)).collect()
            }
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    fn value(&mut self, line: &str) -> Result<Value<'a>, Failure> {
        let program = self.parse(line)?;
        self.evaluator.evaluate(program).map_err(|error| explained(&self.evaluator, &error))
    }

    fn parse(&mut self, line: &str) -> Result<frazil_eval::Program<'a>, Failure> {
        let text = line.as_bytes().to_vec();
        let scope: Vec<(&str, Lazy<'a>)> =
            self.scope.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.evaluator.parse_in_scope(LINE_NAME, text, &self.base, &scope).map_err(Failure)
    }
}
