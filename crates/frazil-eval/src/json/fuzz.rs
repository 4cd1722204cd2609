//! The entry for fuzzing.

use super::{Event, Reader, write_string};
use crate::number::{print_int, print_json};

/// Reads any bytes as a document, and writes what it reads.
///
/// Holds for any data: no panic; containers close in order and completely; writing the events and
/// reading that again gives the same events.
///
/// # Panics
///
/// When one of these does not hold.
pub fn fuzz(data: &[u8]) {
    let Some(written) = rewrite(data) else { return };
    assert_eq!(rewrite(&written).as_ref(), Some(&written));
}

/// The document's events as a compact document, or nothing if it is not one.
fn rewrite(data: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(data);
    let mut out = Vec::new();
    let mut open = Vec::new();
    let mut is_first = true;
    while let Some(event) = reader.next().ok()? {
        let is_end = matches!(event, Event::ListEnd | Event::ObjectEnd);
        if !is_first && !is_end && !out.ends_with(b":") {
            out.push(b',');
        }
        is_first = matches!(event, Event::ListStart | Event::ObjectStart);
        match event {
            Event::Null => out.extend_from_slice(b"null"),
            Event::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Event::Int(value) => print_int(value, &mut out),
            Event::Float(value) => print_json(value, &mut out),
            Event::String(text) => write_string(text, &mut out).expect("strings are UTF-8"),
            Event::Key(text) => {
                write_string(text, &mut out).expect("strings are UTF-8");
                out.push(b':');
            }
            Event::ListStart => {
                open.push(b']');
                out.push(b'[');
            }
            Event::ObjectStart => {
                open.push(b'}');
                out.push(b'{');
            }
            Event::ListEnd | Event::ObjectEnd => {
                let close = if matches!(event, Event::ListEnd) { b']' } else { b'}' };
                assert_eq!(open.pop(), Some(close));
                out.push(close);
            }
        }
    }
    assert!(open.is_empty());
    Some(out)
}
