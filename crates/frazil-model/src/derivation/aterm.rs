//! The text of a `.drv` file: printing.
//!
//! Strings that Nix takes for harmless (paths, output names, the system) are printed without
//! escapes, as in Nix; this can matter for the system only. Reading is stricter than printing needs:
//! see [`Derivation::parse`].
//!
//! Invariant: printing what was parsed gives the same bytes.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use parse::{AtermError, AtermProblem};

use super::{Derivation, DerivationOutput, WantedOutputs};
use crate::content_address::ContentAddressMethod;
use crate::hash::{Hash, HashAlgorithm, HashFormat, Sha256, base16_into};
use crate::store_path::{OutputName, StoreDir, StoreName};

/// How deep outputs of outputs may nest in a dynamic derivation.
pub const DYNAMIC_DEPTH_MAX: usize = 64;

/// What is printed for the inputs.
#[derive(Clone, Copy)]
pub(super) enum Inputs<'a> {
    /// The paths of the derivations: the text of the file.
    Paths,
    /// The text that [`print_hashed_inputs`] gave: the text that is hashed.
    Printed(&'a [u8]),
}

/// Whether the derivation's own output paths are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputPaths {
    /// As they are.
    Shown,
    /// Empty, also in the environment: the text that they are computed from.
    Masked,
}

/// For fuzzing: no input panics, and what is taken prints as the same bytes.
///
/// # Panics
/// If that does not hold.
pub fn fuzz(data: &[u8]) {
    let dir = StoreDir::default();
    let name = StoreName::of_valid("fuzz");
    if let Ok(derivation) = Derivation::parse(&dir, &name, data) {
        let mut printed = Vec::new();
        derivation.print(&dir, &mut printed);
        assert_eq!(printed, data);
    }
}

impl Derivation {
    /// Reads a derivation of this name from the text of a `.drv` file.
    ///
    /// Stricter than Nix: only the text that Nix would print is taken.
    pub fn parse(dir: &StoreDir, name: &StoreName, text: &[u8]) -> Result<Self, AtermError> {
        parse::derivation(dir, name, text)
    }

    /// Appends the text of the `.drv` file.
    pub fn print(&self, dir: &StoreDir, out: &mut Vec<u8>) {
        self.print_as(dir, OutputPaths::Shown, Inputs::Paths, out);
    }

    pub(super) fn print_as(
        &self,
        dir: &StoreDir,
        paths: OutputPaths,
        inputs: Inputs<'_>,
        out: &mut Vec<u8>,
    ) {
        let is_dynamic = self.input_derivations.values().any(|input| !input.dynamic.is_empty());
        out.extend_from_slice(if is_dynamic {
            b"DrvWithVersion(\"xp-dyn-drv\",[".as_slice()
        } else {
            b"Derive([".as_slice()
        });
        separated(out, &self.outputs, |out, (name, output)| {
            print_output(dir, paths, name, output, out);
        });
        out.extend_from_slice(b"],[");
        match inputs {
            Inputs::Paths => separated(out, &self.input_derivations, |out, (path, wanted)| {
                out.extend_from_slice(b"(\"");
                dir.join_into(path, out);
                out.extend_from_slice(b"\",");
                print_wanted(wanted, out);
                out.push(b')');
            }),
            Inputs::Printed(text) => out.extend_from_slice(text),
        }
        out.extend_from_slice(b"],[");
        separated(out, &self.input_sources, |out, path| {
            out.push(b'"');
            dir.join_into(path, out);
            out.push(b'"');
        });
        out.extend_from_slice(b"],");
        print_plain(&self.system, out);
        out.push(b',');
        print_string(&self.builder, out);
        out.extend_from_slice(b",[");
        separated(out, &self.args, |out, arg| print_string(arg, out));
        out.extend_from_slice(b"],[");
        self.print_env(paths, out);
        out.extend_from_slice(b"])");
    }

    fn print_env(&self, paths: OutputPaths, out: &mut Vec<u8>) {
        let is_output =
            |key: &[u8]| self.outputs.keys().any(|name| name.as_str().as_bytes() == key);
        separated(out, &self.env, |out, (key, value)| {
            out.push(b'(');
            print_string(key, out);
            out.push(b',');
            if paths == OutputPaths::Masked && is_output(key) {
                print_plain(b"", out);
            } else {
                print_string(value, out);
            }
            out.push(b')');
        });
    }
}

/// The inputs with their hashes modulo in place of their paths.
pub(super) fn print_hashed_inputs(inputs: &BTreeMap<Sha256, BTreeSet<&OutputName>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(inputs.len() * 80);
    let mut hex = String::with_capacity(64);
    separated(&mut out, inputs, |out, (hash, names)| {
        hex.clear();
        base16_into(&hash.0, &mut hex);
        out.push(b'(');
        print_plain(hex.as_bytes(), out);
        out.push(b',');
        print_names(names.iter().copied(), out);
        out.push(b')');
    });
    out
}

fn print_output(
    dir: &StoreDir,
    paths: OutputPaths,
    name: &OutputName,
    output: &DerivationOutput,
    out: &mut Vec<u8>,
) {
    out.push(b'(');
    print_plain(name.as_str().as_bytes(), out);
    out.extend_from_slice(b",\"");
    if let (OutputPaths::Shown, Some(path)) = (paths, output.path()) {
        dir.join_into(path, out);
    }
    out.extend_from_slice(b"\",");
    match output {
        DerivationOutput::InputAddressed(_) | DerivationOutput::Deferred => {
            out.extend_from_slice(b"\"\",\"\"");
        }
        DerivationOutput::Fixed { content, .. } => {
            print_method(content.method, content.hash.algorithm(), out);
            print_plain(content.hash.format(HashFormat::Base16).as_bytes(), out);
        }
        DerivationOutput::FloatingCa { method, algorithm } => {
            print_method(*method, *algorithm, out);
            print_plain(b"", out);
        }
        DerivationOutput::Impure { method, algorithm } => {
            print_method(*method, *algorithm, out);
            print_plain(b"impure", out);
        }
    }
    out.push(b')');
}

fn print_method(method: ContentAddressMethod, algorithm: HashAlgorithm, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(method.prefix().as_bytes());
    out.extend_from_slice(algorithm.name().as_bytes());
    out.extend_from_slice(b"\",");
}

/// Recursion is bounded by [`DYNAMIC_DEPTH_MAX`] for what was parsed.
fn print_wanted(wanted: &WantedOutputs, out: &mut Vec<u8>) {
    if wanted.dynamic.is_empty() {
        return print_names(&wanted.outputs, out);
    }
    out.push(b'(');
    print_names(&wanted.outputs, out);
    out.extend_from_slice(b",[");
    separated(out, &wanted.dynamic, |out, (name, inner)| {
        out.push(b'(');
        print_plain(name.as_str().as_bytes(), out);
        out.push(b',');
        print_wanted(inner, out);
        out.push(b')');
    });
    out.extend_from_slice(b"])");
}

fn print_names<'a>(names: impl IntoIterator<Item = &'a OutputName>, out: &mut Vec<u8>) {
    out.push(b'[');
    separated(out, names, |out, name| print_plain(name.as_str().as_bytes(), out));
    out.push(b']');
}

fn separated<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut print: impl FnMut(&mut Vec<u8>, T),
) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        print(out, item);
    }
}

fn print_plain(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

fn print_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| escape(*byte).is_some()) {
        let (clean, special) = rest.split_at(at);
        out.extend_from_slice(clean);
        let Some((&byte, after)) = special.split_first() else { break };
        out.extend(escape(byte).map(|letter| [b'\\', letter]).into_iter().flatten());
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// What follows the backslash for a byte that is escaped.
const fn escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        _ => None,
    }
}

/// Whether Nix prints this digest for an output.
fn is_printed_digest(hash: &Hash, text: &[u8]) -> bool {
    hash.format(HashFormat::Base16).as_bytes() == text
}
