//! Structured attributes as files: `.attrs.json`, and `.attrs.sh` for those who write bash.
//!
//! Both are byte for byte what Nix writes, which is what its JSON library does: sorted keys, no
//! white space, and its own idea of floating point numbers. Invariant: what bash cannot hold is
//! left out of `.attrs.sh`, and nothing in it is ever run.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use frazil_model::derivation::Placeholder;
use frazil_model::{Derivation, HashFormat, StorePath};
use serde_json::ser::Formatter;
use serde_json::{Map, Number, Value, json};

use super::references::{closure, exported, facts, store_path};
use super::{EnvironmentError, Rewrites, Surroundings};
use crate::attributes::AttributeError;

/// The exponents between which a number is written without one.
const PLAIN_EXPONENTS: std::ops::RangeInclusive<i32> = -3..=15;

/// Adds `.attrs.json` and `.attrs.sh`.
pub(super) fn add_files(
    derivation: &Derivation,
    attributes: &Map<String, Value>,
    surroundings: Surroundings<'_>,
    rewrites: &Rewrites,
    files: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) -> Result<(), EnvironmentError> {
    let mut attributes = attributes.clone();
    let outputs = derivation.outputs.keys().map(|output| {
        let placeholder = Placeholder::own(output.as_str().as_bytes());
        (output.to_string(), Value::String(placeholder.to_string()))
    });
    attributes.insert("outputs".to_owned(), Value::Object(outputs.collect()));
    add_graphs(&mut attributes, surroundings)?;
    files.insert(b".attrs.sh".to_vec(), rewrites.apply(shell(&attributes).as_bytes()));
    files.insert(b".attrs.json".to_vec(), rewrites.apply(&print(&Value::Object(attributes))?));
    Ok(())
}

fn add_graphs(
    attributes: &mut Map<String, Value>,
    surroundings: Surroundings<'_>,
) -> Result<(), EnvironmentError> {
    let Some(Value::Object(graphs)) = attributes.get("exportReferencesGraph").cloned() else {
        return Ok(());
    };
    for (name, paths) in graphs {
        let paths = match paths {
            Value::Array(paths) => paths,
            one @ Value::String(_) => vec![one],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err(not_paths());
            }
        };
        let mut roots = BTreeSet::new();
        for path in paths {
            let text = path.as_str().ok_or_else(not_paths)?;
            roots.insert(store_path(text.as_bytes(), surroundings)?);
        }
        let graph = exported(&roots, surroundings)?;
        let described = graph.iter().map(|path| describe(path, surroundings));
        attributes.insert(name, Value::Array(described.collect::<Result<_, _>>()?));
    }
    Ok(())
}

fn not_paths() -> EnvironmentError {
    let name = "exportReferencesGraph".to_owned();
    AttributeError::Type { name, wanted: "a set of lists of paths" }.into()
}

/// What a builder is told about a path. Builders depend on it: nothing may be added.
fn describe(path: &StorePath, surroundings: Surroundings<'_>) -> Result<Value, EnvironmentError> {
    let known = facts(path, surroundings)?;
    let dir = surroundings.dir;
    let mut closure_size: u64 = 0;
    for below in closure(known.references.iter().collect(), surroundings)? {
        if below != path {
            closure_size = closure_size.saturating_add(facts(below, surroundings)?.nar_size);
        }
    }
    let hash = frazil_model::Hash::from(known.nar_hash);
    let mut described = json!({
        "closureSize": closure_size.saturating_add(known.nar_size),
        "narHash": hash.format_prefixed(HashFormat::Nix32),
        "narSize": known.nar_size,
        "path": dir.join(path),
        "references": known.references.iter().map(|path| dir.join(path)).collect::<Vec<_>>(),
        "valid": true,
    });
    if let (Some(address), Value::Object(object)) = (&known.content_address, &mut described) {
        object.insert("ca".to_owned(), Value::String(address.to_string()));
    }
    Ok(described)
}

/// What bash can hold of the attributes, as declarations.
fn shell(attributes: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (name, value) in attributes.iter().filter(|(name, _)| is_variable(name)) {
        let declaration = match value {
            Value::Array(elements) => elements
                .iter()
                .map(|element| Some(shell_word(element)? + " "))
                .collect::<Option<String>>()
                .map(|words| format!("declare -a {name}=({words})\n")),
            Value::Object(entries) => entries
                .iter()
                .map(|(key, value)| Some(format!("[{}]={} ", quote(key), shell_word(value)?)))
                .collect::<Option<String>>()
                .map(|words| format!("declare -A {name}=({words})\n")),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                shell_word(value).map(|word| format!("declare {name}={word}\n"))
            }
        };
        text.extend(declaration);
    }
    text
}

/// A simple value as a word of bash; `None` for what bash has no word for.
fn shell_word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(quote(text)),
        Value::Number(number) => shell_number(number),
        Value::Null => Some("''".to_owned()),
        Value::Bool(true) => Some("1".to_owned()),
        Value::Bool(false) => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whole numbers only, and those as 32 bits: Nix converts to C++'s `int` here.
fn shell_number(number: &Number) -> Option<String> {
    if let Some(whole) = number.as_i64() {
        return Some((whole as i32).to_string());
    }
    if let Some(whole) = number.as_u64() {
        return Some((whole as i32).to_string());
    }
    let float = number.as_f64()?;
    // Nix asks whether the nearest *single* is whole.
    let single = float as f32;
    #[expect(clippy::float_cmp, reason = "whole numbers are exact")]
    if single.ceil() != single {
        return None;
    }
    let in_range = float > f64::from(i32::MIN) - 1.0 && float < f64::from(i32::MAX) + 1.0;
    Some(if in_range { float as i32 } else { i32::MIN }.to_string())
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn is_variable(name: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    name.as_bytes().first().is_some_and(is_first)
        && name.bytes().all(|byte| is_first(&byte) || byte.is_ascii_digit())
}

fn print(value: &Value) -> Result<Vec<u8>, EnvironmentError> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, NixNumbers);
    serde::Serialize::serialize(value, &mut serializer)
        .map_err(|source| AttributeError::Json { source })?;
    Ok(text)
}

/// Compact JSON with floating point numbers as nlohmann's library writes them.
struct NixNumbers;

impl Formatter for NixNumbers {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(print_float(value).as_bytes())
    }
}

/// The shortest digits that mean `value`, with an exponent only where it is large or small.
pub(super) fn print_float(value: f64) -> String {
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    // How many digits stand before the point.
    let point = exponent.parse::<i32>().unwrap_or_default() + 1;
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value == 0.0 {
        return format!("{sign}0.0");
    }
    if !PLAIN_EXPONENTS.contains(&point) {
        let exponent_sign = if point < 1 { '-' } else { '+' };
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let size = (point - 1).abs();
        return format!("{sign}{first}{dot}{rest}e{exponent_sign}{size:02}");
    }
    if point <= 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize));
    }
    let before = point as usize;
    match digits.split_at_checked(before) {
        Some((whole, part)) if !part.is_empty() => format!("{sign}{whole}.{part}"),
        Some(_) | None => format!("{sign}{digits}{}.0", "0".repeat(before - digits.len())),
    }
}
