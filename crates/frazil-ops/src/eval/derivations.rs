//! The derivations in a value, as `nix-instantiate` finds them without `--eval`.
//!
//! A derivation is a set with `type = "derivation"`. Lists are searched, and sets whose
//! `recurseForDerivations` is true; the outermost set is always searched. A derivation that occurs
//! twice is printed once per place, as in Nix, unless it is the very same set.

use frazil_eval::{Error, Evaluator, Lazy, Value};

type Arguments<'s, 'a> = &'s [(String, Lazy<'a>)];

/// Prints `PATH` or `PATH!OUTPUT` for each derivation in `value`.
pub(super) fn print<'a>(
    evaluator: &mut Evaluator<'a>,
    value: Value<'a>,
    arguments: Arguments<'_, 'a>,
    printed: &mut Vec<u8>,
) -> Result<(), Error> {
    let value = evaluator.auto_call(value, arguments)?;
    if let Some(found) = derivation(evaluator, value)? {
        printed.extend(found);
        return Ok(());
    }
    let elements = if matches!(value, Value::Attrs(_)) {
        evaluator.attributes(value).into_iter().map(|(_, element)| element).collect()
    } else if matches!(value, Value::List(_)) {
        evaluator.elements(value)
    } else {
        let message = "expression does not evaluate to a derivation (or a set or list of those)";
        return Err(evaluator.error(message));
    };
    for element in elements {
        inner(evaluator, element, arguments, printed)?;
    }
    Ok(())
}

/// An element or attribute: a derivation, or something to be searched if it says so.
fn inner<'a>(
    evaluator: &mut Evaluator<'a>,
    element: Lazy<'a>,
    arguments: Arguments<'_, 'a>,
    printed: &mut Vec<u8>,
) -> Result<(), Error> {
    let value = evaluator.force(element)?;
    if let Some(found) = derivation(evaluator, value)? {
        printed.extend(found);
        return Ok(());
    }
    let recurse = matches!(value, Value::List(_))
        || matches!(value, Value::Attrs(_)) && wants_recursion(evaluator, value)?;
    if recurse { print(evaluator, value, arguments, printed) } else { Ok(()) }
}

fn wants_recursion<'a>(evaluator: &mut Evaluator<'a>, value: Value<'a>) -> Result<bool, Error> {
    match evaluator.attribute(value, "recurseForDerivations")? {
        Some(flag) => Ok(matches!(evaluator.force(flag)?, Value::Bool(true))),
        None => Ok(false),
    }
}

/// The line of a derivation; `None` if the value is something else.
fn derivation<'a>(
    evaluator: &mut Evaluator<'a>,
    value: Value<'a>,
) -> Result<Option<Vec<u8>>, Error> {
    if !matches!(value, Value::Attrs(_))
        || text(evaluator, value, "type")?.as_deref() != Some(b"derivation")
    {
        return Ok(None);
    }
    let Some(mut line) = text(evaluator, value, "drvPath")? else {
        return Err(evaluator.error("derivation does not contain a 'drvPath' attribute"));
    };
    let output = text(evaluator, value, "outputName")?.unwrap_or_default();
    if output.is_empty() {
        let path = String::from_utf8_lossy(&line);
        return Err(
            evaluator.error(&format!("derivation '{path}' lacks an 'outputName' attribute"))
        );
    }
    if output != b"out" {
        line.push(b'!');
        line.extend(output);
    }
    line.push(b'\n');
    Ok(Some(line))
}

/// The text of an attribute, if there is such an attribute.
fn text<'a>(
    evaluator: &mut Evaluator<'a>,
    value: Value<'a>,
    name: &str,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(attribute) = evaluator.attribute(value, name)? else { return Ok(None) };
    let attribute = evaluator.force(attribute)?;
    if !matches!(attribute, Value::String(_)) {
        return Ok(None);
    }
    evaluator.coerce_to_string(attribute).map(Some)
}
