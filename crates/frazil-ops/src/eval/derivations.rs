//! The derivations in a value, as `nix-instantiate` finds them without `--eval`.
//!
//! A derivation is a set with `type = "derivation"`. Lists are searched, and sets whose
//! `recurseForDerivations` is true; the outermost set is always searched. No set is searched
//! twice, so a set that contains itself ends the search instead of the program.

use frazil_eval::heap::Attrs;
use frazil_eval::{Error, ErrorKind, Evaluator, Lazy, Value};

/// Lists and sets within each other that are searched.
const DEPTH_MAX: usize = 1000;

/// A derivation that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDerivation {
    /// The full path of its file.
    pub path: Vec<u8>,
    /// Which of its outputs the value stands for.
    pub output: Vec<u8>,
}

impl FoundDerivation {
    /// Prints `PATH` or `PATH!OUTPUT` as a line.
    pub(super) fn print(self, printed: &mut Vec<u8>) {
        printed.extend(self.path);
        if self.output != b"out" {
            printed.push(b'!');
            printed.extend(self.output);
        }
        printed.push(b'\n');
    }
}

/// The derivation that `value` is; `name` says where it stands.
pub(crate) fn of_value<'a>(
    evaluator: &mut Evaluator<'a>,
    value: Value<'a>,
    name: &str,
) -> Result<FoundDerivation, Error> {
    let mut found = None;
    let arguments = evaluator.set(&[]);
    let mut take = |derivation| found = Some(derivation);
    let mut search = Search { evaluator, arguments, done: Vec::new(), take: &mut take };
    search.derivation(value)?;
    found.ok_or_else(|| {
        let message = format!("'{name}' is not a derivation");
        evaluator.failure(ErrorKind::Type, message).with_help("only derivations can be built")
    })
}

/// Shows each derivation in `value` to `take`.
pub(super) fn find<'a>(
    evaluator: &mut Evaluator<'a>,
    value: Value<'a>,
    arguments: Attrs<'a>,
    take: &mut dyn FnMut(FoundDerivation),
) -> Result<(), Error> {
    let mut search = Search { evaluator, arguments, done: Vec::new(), take };
    search.root(value, 0)
}

struct Search<'s, 'a> {
    evaluator: &'s mut Evaluator<'a>,
    arguments: Attrs<'a>,
    /// The sets that were searched.
    done: Vec<Attrs<'a>>,
    take: &'s mut dyn FnMut(FoundDerivation),
}

impl<'a> Search<'_, 'a> {
    /// Searches what must hold derivations.
    fn root(&mut self, value: Value<'a>, depth: usize) -> Result<(), Error> {
        let value = self.evaluator.auto_call(value, self.arguments)?;
        if depth > DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} lists and sets within each other");
            return Err(self.evaluator.failure(ErrorKind::StackOverflow, message));
        }
        if self.derivation(value)? {
            return Ok(());
        }
        let elements: Vec<Lazy<'a>> = if let Value::Attrs(set) = value {
            self.evaluator.attributes(set).into_iter().map(|(_, element)| element).collect()
        } else if let Value::List(list) = value {
            list.iter().collect()
        } else {
            let message =
                "expression does not evaluate to a derivation (or a set or list of those)";
            return Err(self.evaluator.failure(ErrorKind::Type, message));
        };
        for element in elements {
            let element = self.evaluator.force(element)?;
            if !self.derivation(element)? && self.wants_search(element)? {
                self.root(element, depth + 1)?;
            }
        }
        Ok(())
    }

    fn wants_search(&mut self, value: Value<'a>) -> Result<bool, Error> {
        let Value::Attrs(set) = value else { return Ok(matches!(value, Value::List(_))) };
        if self.done.contains(&set) {
            return Ok(false);
        }
        self.done.push(set);
        match self.evaluator.attribute(set, "recurseForDerivations") {
            Some(flag) => Ok(matches!(self.evaluator.force(flag)?, Value::Bool(true))),
            None => Ok(false),
        }
    }

    /// Takes a derivation; `false` if the value is something else.
    fn derivation(&mut self, value: Value<'a>) -> Result<bool, Error> {
        let Value::Attrs(set) = value else { return Ok(false) };
        if self.text(set, "type")? != Some(b"derivation") {
            return Ok(false);
        }
        let Some(path) = self.text(set, "drvPath")? else {
            let message = "derivation does not contain a 'drvPath' attribute";
            return Err(self.evaluator.failure(ErrorKind::MissingAttribute, message));
        };
        let output = self.text(set, "outputName")?.unwrap_or_default();
        if output.is_empty() {
            let path = String::from_utf8_lossy(path);
            let message = format!("derivation '{path}' lacks an 'outputName' attribute");
            return Err(self.evaluator.failure(ErrorKind::MissingAttribute, message));
        }
        (self.take)(FoundDerivation { path: path.to_vec(), output: output.to_vec() });
        Ok(true)
    }

    /// The text of an attribute, if there is such an attribute and it is a string.
    fn text(&mut self, set: Attrs<'a>, name: &str) -> Result<Option<&'a [u8]>, Error> {
        let Some(attribute) = self.evaluator.attribute(set, name) else { return Ok(None) };
        let value = self.evaluator.force(attribute)?;
        Ok(if let Value::String(text) = value { Some(text.bytes()) } else { None })
    }
}
