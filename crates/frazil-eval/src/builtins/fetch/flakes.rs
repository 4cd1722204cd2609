//! Flake references, and `getFlake`.

use super::tree::set_of;
use super::{one, text};
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::flake::LockOptions;
use crate::host::FetchAttribute;
use crate::input::{Attributes, FlakeRef};
use crate::value::{Lazy, Value};

pub(super) fn parse_flake_ref<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let reference = flake_ref(ev, one(args))?;
    Ok(Value::Attrs(set_of(ev, None, &reference.to_attributes())))
}

fn flake_ref<'a>(ev: &mut Evaluator<'a>, argument: Lazy<'a>) -> Result<FlakeRef> {
    let reference = text(ev.force_plain_string(argument)?);
    FlakeRef::parse(&reference).map_err(|error| ev.input_error(error))
}

pub(super) fn flake_ref_to_string<'a>(
    ev: &mut Evaluator<'a>,
    args: &[Lazy<'a>],
) -> Result<Value<'a>> {
    let set = ev.force_attrs(one(args))?;
    let mut attributes = Attributes::new();
    for entry in ev.cursor.entries(set) {
        let name = text(ev.symbols.text(entry.name));
        let value = ev.force_slot(&entry.slot)?;
        let attribute = match value {
            Value::Int(value) if value < 0 => {
                let message = format!("negative value given for flake ref attr {name}: {value}");
                return Err(ev.error(ErrorKind::Other, message));
            }
            Value::Int(value) => FetchAttribute::Int(value),
            Value::Bool(value) => FetchAttribute::Bool(value),
            Value::String(value) => FetchAttribute::String(text(value.bytes())),
            Value::Null
            | Value::Float(_)
            | Value::Path(_)
            | Value::List(_)
            | Value::Attrs(_)
            | Value::Lambda(_)
            | Value::Builtin(_)
            | Value::Partial(_) => {
                let phrase = value.type_phrase();
                return Err(ev.type_error(format!(
                    "flake reference attribute sets may only contain integers, Booleans, and strings, but attribute '{name}' is {phrase}"
                )));
            }
        };
        attributes.insert(name, attribute);
    }
    let url = FlakeRef::from_attributes(attributes).and_then(|reference| reference.to_url());
    let url = url.map_err(|error| ev.input_error(error))?;
    Ok(Value::String(ev.cursor.string(url.to_string().as_bytes())))
}

pub(super) fn get_flake<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let reference = flake_ref(ev, one(args))?;
    let url = reference.to_url().map_err(|error| ev.input_error(error))?;
    if ev.options.pure && !reference.input.is_locked() {
        let message = format!(
            "cannot call 'getFlake' on unlocked flake reference '{url}' (use --impure to override)"
        );
        return Err(ev.error(ErrorKind::Restricted, message));
    }
    let options = LockOptions {
        use_registry: !ev.options.pure,
        allow_unlocked: !ev.options.pure,
        ..LockOptions::default()
    };
    let flake = ev.lock_flake_unwritten(&reference, &options)?;
    ev.call_flake(&flake)
}
