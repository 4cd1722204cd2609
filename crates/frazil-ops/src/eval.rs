//! Evaluating expressions and printing what they are: `frazil eval` and `nix-instantiate`.
//!
//! An evaluation needs a deep native stack: call these functions within
//! [`frazil_eval::with_large_stack`].

mod derivations;

use std::path::{Path, PathBuf};

use frazil_eval::host::Host;
use frazil_eval::{
    Diagnostic, Error, ErrorKind, Evaluator, Heap, HeapOptions, Lazy, Options, Program, Value,
    print,
};

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

/// Carries out a plan. What was printed before a failure stays in `printed`.
pub fn eval(plan: &EvalPlan, host: &mut dyn Host, printed: &mut Vec<u8>) -> Result<(), Failure> {
    let heap = heap(plan.memory_bytes_max)?;
    let mut evaluator = Evaluator::new(&heap, host, plan.options.clone());
    let mut arguments = Vec::new();
    for (name, argument) in &plan.arguments {
        arguments.push((name.clone(), delayed(&mut evaluator, argument, &plan.base)?));
    }
    let apply = match &plan.apply {
        Some(text) => {
            let program =
                evaluator.parse_text(TEXT_NAME, text.clone(), &plan.base).map_err(Failure)?;
            Some(evaluator.delay(program))
        }
        None => None,
    };
    for input in &plan.inputs {
        let program = parse(&mut evaluator, input, &plan.base)?;
        if plan.output == Output::Tree {
            print::tree(&mut evaluator, program, printed);
            printed.push(b'\n');
            continue;
        }
        let done = input_values(&mut evaluator, plan, program, &arguments, apply, printed);
        done.map_err(|error| explained(&evaluator, &error))?;
    }
    Ok(())
}

/// Finds files in the search path, as `<name>` does, and prints their paths.
pub fn find_files(
    options: &Options,
    names: &[String],
    host: &mut dyn Host,
    printed: &mut Vec<u8>,
) -> Result<(), Failure> {
    let heap = heap(None)?;
    let mut evaluator = Evaluator::new(&heap, host, options.clone());
    for name in names {
        let found = evaluator.find_file(name).map_err(|error| explained(&evaluator, &error))?;
        printed.extend(found.as_os_str().as_encoded_bytes());
        printed.push(b'\n');
    }
    Ok(())
}

pub(crate) fn heap(limit_bytes: Option<u64>) -> Result<Heap, Failure> {
    Heap::new(HeapOptions { limit_bytes }).map_err(|error| {
        Failure(vec![Diagnostic::plain(ErrorKind::OutOfMemory, error.to_string())])
    })
}

pub(crate) fn explained(evaluator: &Evaluator<'_>, error: &Error) -> Failure {
    Failure(vec![evaluator.diagnostic(error)])
}

fn delayed<'a>(
    evaluator: &mut Evaluator<'a>,
    argument: &Argument,
    base: &Path,
) -> Result<Lazy<'a>, Failure> {
    match argument {
        Argument::Expression(text) => {
            let program = evaluator.parse_text(TEXT_NAME, text.clone(), base).map_err(Failure)?;
            Ok(evaluator.delay(program))
        }
        Argument::String(text) => Ok(evaluator.string(text).into()),
    }
}

fn parse<'a>(
    evaluator: &mut Evaluator<'a>,
    input: &Input,
    base: &Path,
) -> Result<Program<'a>, Failure> {
    let parsed = match input {
        Input::Text(text) => evaluator.parse_text(TEXT_NAME, text.clone(), base),
        Input::Stdin(text) => evaluator.parse_text(STDIN_NAME, text.clone(), base),
        Input::File(path) => evaluator.parse_file(path),
        Input::Lookup(name) => {
            let found = evaluator.find_file(name).map_err(|error| explained(evaluator, &error))?;
            evaluator.parse_file(&found)
        }
    };
    parsed.map_err(Failure)
}

/// Evaluates one input and prints each of its selections.
fn input_values<'a>(
    evaluator: &mut Evaluator<'a>,
    plan: &EvalPlan,
    program: Program<'a>,
    arguments: &[(String, Lazy<'a>)],
    apply: Option<Lazy<'a>>,
    printed: &mut Vec<u8>,
) -> Result<(), Error> {
    let root = evaluator.evaluate(program)?;
    let whole = [String::new()];
    let selections = if plan.selections.is_empty() { &whole[..] } else { &plan.selections };
    for selection in selections {
        let mut value = evaluator.select_path(root, selection, arguments)?;
        if let Some(apply) = apply {
            let function = evaluator.force(apply)?;
            value = evaluator.call(function, value.into())?;
        }
        if plan.output == Output::Derivations {
            derivations::print(evaluator, value, arguments, printed)?;
        } else {
            if !arguments.is_empty() {
                value = evaluator.auto_call(value, arguments)?;
            }
            print_value(evaluator, plan.output, plan.strict, value, printed)?;
        }
    }
    Ok(())
}

/// Prints a value in one of the forms for a single value.
pub(crate) fn print_value<'a>(
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
            print::value(evaluator, value, printed);
            printed.push(b'\n');
        }
        Output::Json => {
            print::json(evaluator, value, strict, printed)?;
            printed.push(b'\n');
        }
        Output::Raw => printed.extend(evaluator.coerce_to_string(value)?),
        Output::Xml { locations } => print::xml(evaluator, value, strict, locations, printed)?,
        Output::Derivations | Output::Tree => {}
    }
    Ok(())
}
