//! What must hold for any input of the whole evaluator, as a function a fuzzer can call.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use frazil_model::StorePath;

use crate::host::{AddPath, FetchRequest, Fetched, FileKind, Host, HostError, Message};
use crate::{ErrorKind, Evaluator, HeapOptions, Options, print};

/// One chunk: a program that runs for ever has filled it after a fraction of a second, since each
/// call of a function takes memory. There is no limit of steps besides.
const MEMORY_BYTES: u64 = 64 << 20;
const CALLS_MAX: usize = 300;
const STEPS_MAX: u64 = 2_000_000;

/// Parses, resolves, evaluates, forces deeply, and shows as text, JSON and XML.
///
/// Holds for any data, the one file of a world without store, clock and network: no panic, no
/// invalid access, and an end; a second evaluation shows the same bytes; and so does the evaluation
/// of what the parsed tree prints as, unless it hits a limit.
///
/// # Panics
/// When one of these does not hold.
pub fn fuzz(data: &[u8]) {
    let first = outcome(data);
    assert_eq!(first, outcome(data), "the second time");
    let arena = bumpalo::Bump::new();
    let parsed = frazil_syntax::parse(data, &arena, frazil_syntax::ParseOptions::default());
    if parsed.errors.is_empty() {
        let mut text = Vec::new();
        frazil_syntax::print(&parsed.root, &mut text);
        check_printed(&first, &outcome(&text), &text);
    }
}

/// What there is to see of an evaluation: text, JSON and XML, each or the kind of its error.
#[derive(Debug, PartialEq)]
enum Outcome {
    Broken(Vec<ErrorKind>),
    Shown([Result<Vec<u8>, ErrorKind>; 3]),
}

fn outcome(source: &[u8]) -> Outcome {
    let memory = HeapOptions { limit_bytes: Some(MEMORY_BYTES) };
    let options = Options { call_depth_max: CALLS_MAX, steps_max: STEPS_MAX, ..Options::default() };
    Evaluator::with(memory, &mut OneFile(source), options, |ev| outcome_in(ev, source))
        .expect("there is address space")
}

fn outcome_in(mut ev: Evaluator<'_>, source: &[u8]) -> Outcome {
    let program = match ev.parse_text("«fuzz»", source.to_vec(), Path::new("/")) {
        Ok(program) => program,
        Err(found) => {
            return Outcome::Broken(found.iter().map(|diagnostic| diagnostic.kind).collect());
        }
    };
    let value = ev.evaluate(program);
    let form = print::XmlForm { strict: false, location: true };
    let shown = match value {
        Ok(value) => {
            // JSON first: what deep forcing leaves behind must not depend on it, and nor may XML.
            let json = ev.json(value);
            let text = ev.deep_force(value).map(|()| print::plain(&mut ev, value));
            [text, json, ev.xml(value, form)]
        }
        Err(error) => {
            return Outcome::Shown([explain(&ev, &error), Ok(Vec::new()), Ok(Vec::new())]);
        }
    };
    Outcome::Shown(shown.map(|shown| shown.or_else(|error| explain(&ev, &error))))
}

/// An error must be explainable; what is compared is its kind.
fn explain(ev: &Evaluator<'_>, error: &crate::Error) -> Result<Vec<u8>, ErrorKind> {
    assert!(!ev.diagnostics(error).is_empty());
    Err(error.kind())
}

/// Compares what a source and its printed form show.
fn check_printed(source: &Outcome, printed: &Outcome, text: &[u8]) {
    let (Outcome::Shown(source), Outcome::Shown(printed)) = (source, printed) else {
        // Printing adds parentheses, which may then nest too deeply, and changes no names.
        assert!(matches!(printed, Outcome::Broken(_)), "{}", String::from_utf8_lossy(text));
        return;
    };
    let is_limit = |shown: &Result<Vec<u8>, ErrorKind>| {
        matches!(
            shown,
            Err(ErrorKind::OutOfMemory | ErrorKind::StackOverflow | ErrorKind::TooManySteps)
        )
    };
    // The last is XML with positions, which differ.
    for (source, printed) in source.iter().zip(printed).take(2) {
        if !is_limit(source) && !is_limit(printed) {
            assert_eq!(source, printed, "{}", String::from_utf8_lossy(text));
        }
    }
}

/// A world whose one file is `/self.nix`.
struct OneFile<'d>(&'d [u8]);

const FILE: &str = "/self.nix";

fn absent(path: &Path) -> HostError {
    HostError::NotFound(path.to_owned())
}

fn no_store() -> HostError {
    HostError::Store("there is no store".into())
}

impl Host for OneFile<'_> {
    fn read(&mut self, path: &Path) -> Result<Vec<u8>, HostError> {
        if path == Path::new(FILE) { Ok(self.0.to_vec()) } else { Err(absent(path)) }
    }

    fn list(&mut self, path: &Path) -> Result<Vec<(Vec<u8>, FileKind)>, HostError> {
        if path == Path::new("/") {
            Ok(vec![(b"self.nix".to_vec(), FileKind::Regular)])
        } else {
            Err(absent(path))
        }
    }

    fn kind(&mut self, path: &Path) -> Result<Option<FileKind>, HostError> {
        Ok(match path.to_str() {
            Some("/") => Some(FileKind::Directory),
            Some(FILE) => Some(FileKind::Regular),
            _ => None,
        })
    }

    fn read_link(&mut self, path: &Path) -> Result<PathBuf, HostError> {
        Err(absent(path))
    }

    fn environment(&mut self, _name: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn now(&mut self) -> i64 {
        0
    }

    fn add_text(&mut self, _: &StorePath, _: &[u8], _: &[StorePath]) -> Result<(), HostError> {
        Err(no_store())
    }

    fn add_path(&mut self, _request: AddPath<'_>) -> Result<StorePath, HostError> {
        Err(no_store())
    }

    fn is_valid(&mut self, _path: &StorePath) -> Result<bool, HostError> {
        Ok(false)
    }

    fn realise(&mut self, _derivation: &StorePath, _output: &str) -> Result<StorePath, HostError> {
        Err(no_store())
    }

    fn fetch(&mut self, _request: &FetchRequest) -> Result<Fetched, HostError> {
        Err(no_store())
    }

    fn tell(&mut self, _message: Message) {}
}
