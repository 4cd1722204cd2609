//! The invariants of [`fuzz`] on the corpus, on the language suite, and on changed forms of both.

use std::path::Path;

use super::fuzz;

/// What is put into a source to change it: the pieces that programs are made of.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "''",
    "${",
    ";",
    ":",
    "=",
    ".",
    ",",
    "@",
    "?",
    "rec",
    "let ",
    " in ",
    "with ",
    "if ",
    " or ",
    "x",
    "a",
    "0",
    "1",
    "-",
    "+",
    "//",
    "++",
    "==",
    "<",
    "!",
    "&&",
    "->",
    " null ",
    " __functor",
    " builtins.",
    " map ",
    "throw ",
    "inherit ",
    "\0",
    "\u{ff}",
    "/",
    "1e9",
    "9223372036854775807",
    "import ./self.nix",
    " __toString",
    " outPath",
    " key",
    "...",
];

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/eval");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("readable")).collect()
}

fn suite() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/lang");
    let cases =
        frazil_testkit::golden::cases(&folder).expect("the suite is part of the repository");
    cases.into_iter().map(|case| case.source).collect()
}

#[test]
fn corpus_holds() {
    for source in corpus() {
        fuzz(&source);
    }
}

#[test]
fn changed_corpus_holds() {
    let mut random = Random(5);
    for source in corpus() {
        for _ in 0..20 {
            fuzz(&changed(&source, &mut random));
        }
    }
}

#[test]
fn language_suite_holds() {
    for source in suite() {
        fuzz(&source);
    }
}

#[test]
fn changed_language_suite_holds() {
    let mut random = Random(11);
    for source in suite() {
        fuzz(&changed(&source, &mut random));
    }
}

/// `source` with one or two pieces removed, doubled or put in.
fn changed(source: &[u8], random: &mut Random) -> Vec<u8> {
    let mut changed = source.to_vec();
    for _ in 0..=random.below(2) {
        let start = random.below(changed.len() + 1);
        let end = (start + random.below(8)).min(changed.len());
        let piece = match random.below(4) {
            0 => Vec::new(),
            1 => [&changed[start..end], &changed[start..end]].concat(),
            _ => PIECES[random.below(PIECES.len())].into(),
        };
        changed.splice(start..end, piece);
    }
    changed
}

/// A generator of no great quality, the same everywhere (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
