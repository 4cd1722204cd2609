//! From text to values and back: JSON, TOML, XML.

mod json;
#[cfg(test)]
mod tests;
mod toml;

use super::{Builtin, one};
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::print;
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "fromJSON",
        &["e"],
        Some(0),
        json::from_json,
        "The value that the JSON text *e* stands for. Objects become sets.",
    ),
    Builtin::new(
        "fromTOML",
        &["e"],
        Some(0),
        toml::from_toml,
        "The value that the TOML text *e* stands for. Dates and times are not supported.",
    ),
    Builtin::new(
        "toJSON",
        &["e"],
        Some(0),
        to_json,
        "*e* as JSON. Derivations become their output path; paths are copied to the store.",
    ),
    Builtin::new("toXML", &["e"], Some(0), to_xml, "*e* as an XML document."),
];

fn to_json<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let value = ev.force(one(args))?;
    ev.json_string(value, true).map(Value::String)
}

fn to_xml<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let value = ev.force(one(args))?;
    print::xml_string(ev, value).map(Value::String)
}
