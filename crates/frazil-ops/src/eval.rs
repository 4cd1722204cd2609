//! Evaluating expressions and printing what they are: `frazil eval` and `nix-instantiate`.
//!
//! An evaluation needs a deep native stack: call these functions within
//! [`frazil_eval::with_large_stack`].

pub(crate) mod derivations;
mod search;

use std::path::{Path, PathBuf};

use frazil_eval::diagnostic::Source;
use frazil_eval::heap::Attrs;
use frazil_eval::host::{FileKind, Host, HostError};
use frazil_eval::{
    Diagnostic, Error, ErrorKind, Evaluator, HeapOptions, Lazy, Options, Program, Value, print,
};

use crate::flake::{self, AttributeKind, FlakePlan};
use crate::path::{LINKS_MAX, normal};

pub use derivations::FoundDerivation;
pub use search::find_files;

/// What an expression without a file is called in messages.
const TEXT_NAME: &str = "«string»";
/// What the standard input is called in messages.
const STDIN_NAME: &str = "«stdin»";

/// What is to be evaluated, and what is to be made of the result.
#[derive(Clone, Debug)]
pub struct EvalPlan {
    pub options: Options,
    /// How much memory the values may take; `None` is as much as there is.
    pub memory_bytes_max: Option<u64>,
    /// Evaluated in this order, each on its own.
    pub inputs: Vec<Input>,
    /// Where relative paths in expressions that are not files start.
    pub base: PathBuf,
    /// Attribute paths; none selects the whole value.
    pub selections: Vec<String>,
    /// What functions are called with when they stand where a value is needed.
    pub arguments: Vec<(String, Argument)>,
    /// A function to call with each selected value.
    pub apply: Option<Vec<u8>>,
    pub output: Output,
    /// Evaluate everything inside the value before it is printed.
    pub strict: bool,
}

/// Where an expression comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Text(Vec<u8>),
    /// What was read from the standard input.
    Stdin(Vec<u8>),
    /// A file, or a directory with a `default.nix`.
    File(PathBuf),
    /// `nixpkgs/lib` for `<nixpkgs/lib>`.
    Lookup(String),
}

/// An argument of `--arg` or `--argstr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// An expression, evaluated when the function asks for it.
    Expression(Vec<u8>),
    String(Vec<u8>),
}

/// What is printed for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// As an expression of the language, as far as possible.
    Value,
    Json,
    /// A string as it is, without a newline.
    Raw,
    Xml {
        locations: bool,
    },
    /// The store paths of the derivations in the value, one a line.
    Derivations,
    /// The syntax tree; nothing is evaluated.
    Tree,
}

/// Why nothing more was printed; at least one diagnostic.
#[derive(Clone, Debug)]
pub struct Failure(pub Vec<Diagnostic>);

impl Failure {
    /// The diagnostic that decides about the exit status.
    pub fn kind(&self) -> ErrorKind {
        self.0.first().map_or(ErrorKind::Other, |first| first.kind)
    }
}

/// An input that was read: its text, and what it is called.
struct Text {
    /// The path of the file, if it is one.
    file: Option<PathBuf>,
    name: &'static str,
    bytes: Vec<u8>,
}

/// Takes a selected value and the arguments that functions in it are called with.
type Visit<'v> =
    dyn for<'a> FnMut(&mut Evaluator<'a>, Value<'a>, Attrs<'a>) -> Result<(), Error> + 'v;

/// Carries out a plan. What was printed before a failure stays in `printed`.
pub fn eval(plan: &EvalPlan, host: &mut dyn Host, printed: &mut Vec<u8>) -> Result<(), Failure> {
    let texts = read_all(plan, host)?;
    with_evaluator(plan.memory_bytes_max, host, &plan.options, |mut evaluator| {
        if plan.output == Output::Tree {
            let mut texts = texts.into_iter();
            return texts
                .try_for_each(|text| print_tree(&mut evaluator, text, &plan.base, printed));
        }
        visit_texts(evaluator, plan, texts, &mut |evaluator, value, arguments| {
            print_selected(evaluator, plan, value, arguments, printed)
        })
    })?
}

/// The derivations in the selected values, as `nix-instantiate` finds them. Nothing is printed.
pub fn derivations(plan: &EvalPlan, host: &mut dyn Host) -> Result<Vec<FoundDerivation>, Failure> {
    let texts = read_all(plan, host)?;
    let mut found = Vec::new();
    with_evaluator(plan.memory_bytes_max, host, &plan.options, |evaluator| {
        visit_texts(evaluator, plan, texts, &mut |evaluator, value, arguments| {
            derivations::find(evaluator, value, arguments, &mut |derivation| found.push(derivation))
        })
    })??;
    Ok(found)
}

fn read_all(plan: &EvalPlan, host: &mut dyn Host) -> Result<Vec<Text>, Failure> {
    plan.inputs.iter().map(|input| read(input, &plan.options, host)).collect()
}

fn visit_texts(
    mut evaluator: Evaluator<'_>,
    plan: &EvalPlan,
    texts: Vec<Text>,
    visit: &mut Visit<'_>,
) -> Result<(), Failure> {
    let arguments = arguments(&mut evaluator, &plan.arguments, &plan.base)?;
    let apply = match &plan.apply {
        Some(text) => Some(delayed(&mut evaluator, text.clone(), &plan.base)?),
        None => None,
    };
    for text in texts {
        let program = match &text.file {
            Some(file) => evaluator.parse_file_text(file, text.bytes),
            None => evaluator.parse_text(text.name, text.bytes, &plan.base),
        };
        let program = program.map_err(Failure)?;
        let done = input_values(&mut evaluator, plan, program, arguments, apply, visit);
        done.map_err(|error| explained(&evaluator, &error))?;
    }
    Ok(())
}

/// Carries out a plan with an attribute of a flake in place of its inputs.
pub fn eval_installable(
    plan: &EvalPlan,
    flake: &FlakePlan,
    text: &str,
    host: &mut dyn Host,
    printed: &mut Vec<u8>,
) -> Result<(), Failure> {
    visit_flake(plan, flake, text, host, &mut |evaluator, value, arguments| {
        print_selected(evaluator, plan, value, arguments, printed)
    })
}

/// Shows the selected values in an attribute of a flake to `visit`.
fn visit_flake(
    plan: &EvalPlan,
    flake: &FlakePlan,
    text: &str,
    host: &mut dyn Host,
    visit: &mut Visit<'_>,
) -> Result<(), Failure> {
    let top = flake::find(text, &flake.base, host)?;
    with_evaluator(plan.memory_bytes_max, host, &plan.options, |mut evaluator| {
        let arguments = arguments(&mut evaluator, &plan.arguments, &plan.base)?;
        let apply = match &plan.apply {
            Some(text) => Some(delayed(&mut evaluator, text.clone(), &plan.base)?),
            None => None,
        };
        flake::select(&mut evaluator, &top, flake, AttributeKind::Package)
            .and_then(|found| {
                let (evaluator, value) = (&mut evaluator, found.value);
                visit_selections(evaluator, plan, value, arguments, apply, visit)
            })
            .map_err(|error| explained(&evaluator, &error))
    })?
}

fn read(input: &Input, options: &Options, host: &mut dyn Host) -> Result<Text, Failure> {
    let path = match input {
        Input::Text(bytes) => {
            return Ok(Text { file: None, name: TEXT_NAME, bytes: bytes.clone() });
        }
        Input::Stdin(bytes) => {
            return Ok(Text { file: None, name: STDIN_NAME, bytes: bytes.clone() });
        }
        Input::File(path) => path.clone(),
        Input::Lookup(name) => search::find(&options.search_path, name, host)?,
    };
    let path = expression_file(path, host).map_err(refused)?;
    match host.read(&path) {
        Ok(bytes) => Ok(Text { file: Some(path), name: TEXT_NAME, bytes }),
        Err(HostError::NotFound(path)) => {
            let message = format!("opening file '{}': No such file or directory", path.display());
            let mut diagnostic = Diagnostic::plain(ErrorKind::Host, message);
            if let Ok(Some(_)) = host.kind(&path.with_file_name("flake.nix")) {
                diagnostic.help.push("this is a flake: name it as `.#ATTRIBUTE`".to_owned());
            }
            Err(Failure(vec![diagnostic]))
        }
        Err(error) => Err(refused(error)),
    }
}

/// The file that holds the expression at `path`: links followed, `default.nix` of a directory.
fn expression_file(mut path: PathBuf, host: &mut dyn Host) -> Result<PathBuf, HostError> {
    for _ in 0..LINKS_MAX {
        match host.kind(&path)? {
            Some(FileKind::Symlink) => {
                let target = host.read_link(&path)?;
                path = normal(&path.parent().unwrap_or(&path).join(target));
            }
            Some(FileKind::Directory) => return Ok(path.join("default.nix")),
            Some(FileKind::Regular | FileKind::Unknown) => return Ok(path),
            None => return Err(HostError::NotFound(path)),
        }
    }
    Err(HostError::Store(format!(
        "too many symbolic links encountered while traversing the path '{}'",
        path.display()
    )))
}

/// An error of the host, outside of any expression.
fn refused(error: HostError) -> Failure {
    let mut diagnostic = match &error {
        HostError::NotFound(path) => {
            Diagnostic::plain(ErrorKind::Host, format!("path '{}' does not exist", path.display()))
        }
        HostError::Io { .. }
        | HostError::Unsupported { .. }
        | HostError::Callback
        | HostError::Store(_) => Diagnostic::plain(ErrorKind::Host, error.to_string()),
    };
    if let HostError::Unsupported { help, .. } = error {
        diagnostic.help.push(help.to_owned());
    }
    Failure(vec![diagnostic])
}

/// Prints the syntax tree of a text that has no errors.
fn print_tree(
    evaluator: &mut Evaluator<'_>,
    text: Text,
    base: &Path,
    printed: &mut Vec<u8>,
) -> Result<(), Failure> {
    let source = |name, is_file| Source { name, text: text.bytes, is_file };
    let done = match text.file {
        Some(file) => {
            let base = file.parent().unwrap_or(&file);
            evaluator.print_tree(source(file.to_string_lossy().into_owned(), true), base, printed)
        }
        None => evaluator.print_tree(source(text.name.to_owned(), false), base, printed),
    };
    done.map_err(Failure)?;
    printed.push(b'\n');
    Ok(())
}

/// Starts an evaluation and hands it to `work`.
pub(crate) fn with_evaluator<R>(
    limit_bytes: Option<u64>,
    host: &mut dyn Host,
    options: &Options,
    work: impl for<'a> FnOnce(Evaluator<'a>) -> R,
) -> Result<R, Failure> {
    let memory = HeapOptions { limit_bytes };
    Evaluator::with(memory, host, options.clone(), work).map_err(|error| {
        Failure(vec![Diagnostic::plain(ErrorKind::OutOfMemory, error.to_string())])
    })
}

pub(crate) fn explained(evaluator: &Evaluator<'_>, error: &Error) -> Failure {
    Failure(evaluator.diagnostics(error))
}

/// The set that functions are called with.
pub(crate) fn arguments<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &[(String, Argument)],
    base: &Path,
) -> Result<Attrs<'a>, Failure> {
    let mut values = Vec::new();
    for (name, argument) in arguments {
        let value = match argument {
            Argument::Expression(text) => delayed(evaluator, text.clone(), base)?,
            Argument::String(text) => evaluator.string(text).into(),
        };
        values.push((name.clone(), value));
    }
    Ok(evaluator.set(&values))
}

fn delayed<'a>(
    evaluator: &mut Evaluator<'a>,
    text: Vec<u8>,
    base: &Path,
) -> Result<Lazy<'a>, Failure> {
    let program = evaluator.parse_text(TEXT_NAME, text, base).map_err(Failure)?;
    Ok(evaluator.delayed(program))
}

/// Evaluates one input and shows each of its selections to `visit`.
fn input_values<'a>(
    evaluator: &mut Evaluator<'a>,
    plan: &EvalPlan,
    program: Program<'a>,
    arguments: Attrs<'a>,
    apply: Option<Lazy<'a>>,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let root = evaluator.evaluate(program)?;
    visit_selections(evaluator, plan, root, arguments, apply, visit)
}

/// Shows each selection of a value to `visit`.
fn visit_selections<'a>(
    evaluator: &mut Evaluator<'a>,
    plan: &EvalPlan,
    root: Value<'a>,
    arguments: Attrs<'a>,
    apply: Option<Lazy<'a>>,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    let whole = [String::new()];
    let selections = if plan.selections.is_empty() { &whole[..] } else { &plan.selections };
    for selection in selections {
        let mut value = evaluator.select_path(root, selection, arguments)?;
        if let Some(apply) = apply {
            let function = evaluator.force(apply)?;
            value = evaluator.apply(function, value.into())?;
        }
        visit(evaluator, value, arguments)?;
    }
    Ok(())
}

fn print_selected<'a>(
    evaluator: &mut Evaluator<'a>,
    plan: &EvalPlan,
    mut value: Value<'a>,
    arguments: Attrs<'a>,
    printed: &mut Vec<u8>,
) -> Result<(), Error> {
    if plan.output == Output::Derivations {
        return derivations::find(evaluator, value, arguments, &mut |found| found.print(printed));
    }
    if !arguments.is_empty() {
        value = evaluator.auto_call(value, arguments)?;
    }
    print_value(evaluator, plan.output, plan.strict, value, printed)
}

/// Prints a value in one of the forms for a single value.
fn print_value<'a>(
    evaluator: &mut Evaluator<'a>,
    output: Output,
    strict: bool,
    value: Value<'a>,
    printed: &mut Vec<u8>,
) -> Result<(), Error> {
    match output {
        Output::Value => {
            if strict {
                evaluator.deep_force(value)?;
            }
            printed.extend(print::plain(evaluator, value));
            printed.push(b'\n');
        }
        Output::Json => {
            printed.extend(evaluator.json(value)?);
            printed.push(b'\n');
        }
        Output::Raw => printed.extend(evaluator.text(value)?),
        Output::Xml { locations } => {
            let form = print::XmlForm { strict, location: locations };
            printed.extend(evaluator.xml(value, form)?);
        }
        Output::Derivations | Output::Tree => {}
    }
    Ok(())
}
