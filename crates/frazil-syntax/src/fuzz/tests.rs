//! The invariants of [`fuzz`] on the corpus, on every cut of it, and on generated trees.

use std::fmt::Write;

use super::fuzz;
use crate::{ParseOptions, parse, print};

const CORPUS: &[&[u8]] = &[
    include_bytes!("../../corpus/attribute-sets.nix"),
    include_bytes!("../../corpus/broken.nix"),
    include_bytes!("../../corpus/bytes.nix"),
    include_bytes!("../../corpus/functions.nix"),
    include_bytes!("../../corpus/keywords.nix"),
    include_bytes!("../../corpus/numbers.nix"),
    include_bytes!("../../corpus/operators.nix"),
    include_bytes!("../../corpus/or.nix"),
    include_bytes!("../../corpus/paths.nix"),
    include_bytes!("../../corpus/strings.nix"),
];

#[test]
fn corpus() {
    for source in CORPUS {
        fuzz(source);
    }
}

#[test]
fn every_prefix_and_suffix_of_the_corpus() {
    for source in CORPUS {
        for cut in 0..source.len() {
            fuzz(&source[..cut]);
            fuzz(&source[cut..]);
        }
    }
}

#[test]
fn corpus_with_a_byte_changed() {
    let mut random = Random(7);
    for source in CORPUS {
        for _ in 0..500 {
            let mut changed = source.to_vec();
            let place = random.below(changed.len());
            changed[place] = b"{}[]()\"'$\\;:=.,?@/+-<>|&! a1or\n\r\0"[random.below(33)];
            fuzz(&changed);
        }
    }
}

#[test]
fn generated_trees_survive_printing() {
    for seed in 1..=2_000 {
        let mut source = String::new();
        generate(&mut Random(seed), 5, &mut source);
        fuzz(source.as_bytes());
        assert_eq!(shape(source.as_bytes()), shape(&printed(source.as_bytes())), "{source}");
    }
}

fn printed(source: &[u8]) -> Vec<u8> {
    let arena = bumpalo::Bump::new();
    let parsed = parse(source, &arena, ParseOptions::default());
    assert_eq!(parsed.errors, [], "{}", String::from_utf8_lossy(source));
    let mut text = Vec::new();
    print(&parsed.root, &mut text);
    text
}

/// The tree without its spans.
fn shape(source: &[u8]) -> String {
    let arena = bumpalo::Bump::new();
    let tree = format!("{:?}", parse(source, &arena, ParseOptions::default()).root);
    let mut parts = tree.split("Span {");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + part.split_once('}').unwrap().1)
}

/// A generator of no great quality, the same everywhere (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

/// An expression as an operand; names are made unique by a counter where they have to be.
fn generate(random: &mut Random, depth: usize, out: &mut String) {
    let leaves = [
        "a",
        "b'c",
        "1",
        "2.5",
        ".5e-3",
        "\"\"",
        "\"t\\n\\${$$\"",
        "./p/q",
        "~/h",
        "<s/t>",
        "x:y",
        "__curPos",
        "''\n  i\n   ''$ j\n''",
        "{ }",
        "[ ]",
        "/r/s",
    ];
    if depth == 0 {
        out.push_str(random.pick(&leaves));
        return;
    }
    // `%` stands for an expression, `#` for a fresh name.
    let shapes = [
        "%",
        "(% % %)",
        "(% + %)",
        "(% - % * %)",
        "(% ++ % ++ %)",
        "(% // % // %)",
        "(- % ? a.b)",
        "(!% == %)",
        "(! (% < %) -> %)",
        "(% && % || %)",
        "[ % % ]",
        "(%).a.b",
        "(%).a or %",
        "((%).${%}.\"k ${%}\")",
        "(% ? a.\"if\")",
        "(x: %)",
        "({ #, # ? % , ... }@w: %)",
        "({ # }: %)",
        "(let # = %; inherit #; inherit (%) # #; in %)",
        "(if % then % else %)",
        "(with %; %)",
        "(assert %; %)",
        "{ #.b = %; # = %; ${%} = %; inherit (%); inherit (%) #; }",
        "rec { s = { a = %; inherit (%) b; }; s.c.${%} = %; s = { inherit (%) d; }; }",
        "\"x${%}y\"",
        "''\n  l\n    ${%} m\n  ''",
        "./p${%}/q",
        "let { body = %; # = %; }",
        "((%) or)",
        "((%) or %)",
    ];
    let shape = random.pick(&shapes);
    for part in shape.chars() {
        match part {
            '%' => {
                let below = random.below(depth);
                generate(random, below, out);
            }
            '#' => write!(out, "n{}", out.len()).unwrap(),
            _ => out.push(part),
        }
    }
}
