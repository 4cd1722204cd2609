//! `fetchClosure`: so far only its arguments are understood.

use frazil_model::StorePath;

use super::{one, text};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::eval::Coercion;
use crate::evaluator::Evaluator;
use crate::input::Url;
use crate::value::{Lazy, Value};

#[derive(Default)]
struct Arguments {
    from_path: Option<StorePath>,
    from_store: Option<String>,
    has_to_path: bool,
    input_addressed: bool,
}

pub(super) fn fetch_closure<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let arguments = read(ev, one(args))?;
    let Some(path) = arguments.from_path else { return Err(missing(ev, "fromPath")) };
    if arguments.input_addressed && arguments.has_to_path {
        let message = "attribute 'inputAddressed' is set to true, but 'toPath' is also set. Please remove one of them";
        return Err(ev.error(ErrorKind::Other, message));
    }
    let Some(store) = arguments.from_store else { return Err(missing(ev, "fromStore")) };
    let url = Url::parse(&store).map_err(|error| ev.input_error(error))?;
    if url.scheme != "http" && url.scheme != "https" {
        let message = "'fetchClosure' only supports http:// and https:// stores";
        return Err(ev.error(ErrorKind::Other, message));
    }
    if !url.query.is_empty() {
        let message =
            format!("'fetchClosure' does not support URL query parameters (in '{store}')");
        return Err(ev.error(ErrorKind::Other, message));
    }
    let path = ev.options.store_dir.join(&path);
    let message =
        format!("cannot copy '{path}' from '{store}': `fetchClosure` is not possible yet");
    Err(ev
        .error(ErrorKind::Host, message)
        .help("add the path to the store first, then use `builtins.storePath`"))
}

#[cold]
fn missing(ev: &Evaluator<'_>, name: &str) -> Error {
    ev.error(ErrorKind::Other, format!("attribute '{name}' is missing in call to 'fetchClosure'"))
}

fn read<'a>(ev: &mut Evaluator<'a>, argument: Lazy<'a>) -> Result<Arguments> {
    let set = ev.force_attrs(argument)?;
    let mut arguments = Arguments::default();
    for entry in ev.cursor.entries(set) {
        let value = Lazy::of(&entry.slot);
        match ev.symbols.text(entry.name) {
            b"fromPath" => arguments.from_path = Some(store_path(ev, value)?),
            b"toPath" => {
                // An empty string asks which path it would be.
                let is_empty =
                    matches!(ev.force(value)?, Value::String(text) if text.bytes().is_empty());
                if !is_empty {
                    store_path(ev, value)?;
                }
                arguments.has_to_path = true;
            }
            b"fromStore" => arguments.from_store = Some(text(ev.force_plain_string(value)?)),
            b"inputAddressed" => arguments.input_addressed = ev.force_bool(value)?,
            other => {
                let message = format!(
                    "attribute '{}' isn't supported in call to 'fetchClosure'",
                    text(other)
                );
                return Err(ev.error(ErrorKind::Other, message));
            }
        }
    }
    Ok(arguments)
}

fn store_path<'a>(ev: &mut Evaluator<'a>, value: Lazy<'a>) -> Result<StorePath> {
    let path = ev.coerce_lazy(value, Coercion::TEXT)?;
    ev.options
        .store_dir
        .parse(path.bytes())
        .map_err(|error| ev.error(ErrorKind::Other, error.to_string()))
}
