//! Derivations as JSON, in the shape and layout of `nix derivation show`.
//!
//! Invariant: equal derivations give equal bytes; keys are sorted.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{Derivation, DerivationOutput, WantedOutputs};
use crate::hash::{HashFormat, base16_into};
use crate::store_path::{OutputName, StoreDir, StorePath};

/// A string of a derivation has no place in JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot show as JSON: '{}' in a derivation is not UTF-8", bytes.escape_ascii())]
pub struct JsonError {
    /// The string.
    pub bytes: Vec<u8>,
}

/// The derivations by their paths, as `nix derivation show` prints them.
pub fn show<'a>(
    dir: &StoreDir,
    derivations: impl IntoIterator<Item = (&'a StorePath, &'a Derivation)>,
) -> Result<String, JsonError> {
    let mut shown = BTreeMap::new();
    for (path, derivation) in derivations {
        shown.insert(dir.join(path), of_derivation(dir, derivation)?);
    }
    let mut text = String::new();
    Json::Object(shown).print(0, &mut text);
    Ok(text)
}

enum Json {
    Bool(bool),
    String(String),
    Array(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

fn of_derivation(dir: &StoreDir, derivation: &Derivation) -> Result<Json, JsonError> {
    let outputs = derivation
        .outputs
        .iter()
        .map(|(name, output)| (name.to_string(), of_output(dir, output)))
        .collect();
    let inputs = derivation
        .input_derivations
        .iter()
        .map(|(path, wanted)| (dir.join(path), of_wanted(wanted)))
        .collect();
    let sources = derivation.input_sources.iter().map(|path| Json::String(dir.join(path)));
    let args: Result<_, _> = derivation.args.iter().map(|arg| string(arg)).collect();
    let env: Result<_, _> = derivation
        .env
        .iter()
        .map(|(key, value)| Ok((utf8(key)?.to_owned(), string(value)?)))
        .collect();
    Ok(object([
        ("args", Json::Array(args?)),
        ("builder", string(&derivation.builder)?),
        ("env", Json::Object(env?)),
        ("inputDrvs", Json::Object(inputs)),
        ("inputSrcs", Json::Array(sources.collect())),
        ("name", Json::String(derivation.name.to_string())),
        ("outputs", Json::Object(outputs)),
        ("system", string(&derivation.system)?),
    ]))
}

fn of_output(dir: &StoreDir, output: &DerivationOutput) -> Json {
    let text = |text: &str| Json::String(text.to_owned());
    match output {
        DerivationOutput::InputAddressed(path) => object([("path", text(&dir.join(path)))]),
        DerivationOutput::Fixed { content, path } => object([
            ("hash", text(&content.hash.format(HashFormat::Base16))),
            ("hashAlgo", text(content.hash.algorithm().name())),
            ("method", text(content.method.name())),
            ("path", text(&dir.join(path))),
        ]),
        DerivationOutput::FloatingCa { method, algorithm } => {
            object([("hashAlgo", text(algorithm.name())), ("method", text(method.name()))])
        }
        DerivationOutput::Deferred => object([]),
        DerivationOutput::Impure { method, algorithm } => object([
            ("hashAlgo", text(algorithm.name())),
            ("impure", Json::Bool(true)),
            ("method", text(method.name())),
        ]),
    }
}

/// Recursion is bounded by [`DYNAMIC_DEPTH_MAX`](super::aterm::DYNAMIC_DEPTH_MAX) for what was
/// parsed.
fn of_wanted(wanted: &WantedOutputs) -> Json {
    let entry = |(name, inner): (&OutputName, _)| (name.to_string(), of_wanted(inner));
    let outputs = wanted.outputs.iter().map(|name| Json::String(name.to_string())).collect();
    object([
        ("dynamicOutputs", Json::Object(wanted.dynamic.iter().map(entry).collect())),
        ("outputs", Json::Array(outputs)),
    ])
}

fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    Json::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn string(bytes: &[u8]) -> Result<Json, JsonError> {
    Ok(Json::String(utf8(bytes)?.to_owned()))
}

fn utf8(bytes: &[u8]) -> Result<&str, JsonError> {
    std::str::from_utf8(bytes).map_err(|_| JsonError { bytes: bytes.into() })
}

impl Json {
    fn print(&self, indent: usize, out: &mut String) {
        match self {
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::String(text) => print_string(text, out),
            Self::Array(items) => {
                print_block(['[', ']'], items, indent, out, |item, inner, out| {
                    item.print(inner, out);
                });
            }
            Self::Object(fields) => {
                print_block(['{', '}'], fields, indent, out, |(key, value), inner, out| {
                    print_string(key, out);
                    out.push_str(": ");
                    value.print(inner, out);
                });
            }
        }
    }
}

fn print_block<T>(
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    indent: usize,
    out: &mut String,
    print: impl Fn(T, usize, &mut String),
) {
    let new_line = |out: &mut String, indent: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    };
    let inner = indent + 2;
    out.push(open);
    let mut is_empty = true;
    for item in items {
        if !is_empty {
            out.push(',');
        }
        is_empty = false;
        new_line(out, inner);
        print(item, inner, out);
    }
    if !is_empty {
        new_line(out, indent);
    }
    out.push(close);
}

fn print_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' => {
                out.push_str("\\u00");
                base16_into(&[c as u8], out);
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
