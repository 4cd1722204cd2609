//! Comparing what was fetched with what the request says it must be.

use frazil_eval::host::{FetchAttribute, FetchRequest, HostError};
use frazil_model::{Hash, HashAlgorithm, HashFormat};

use super::{Attributes, text};

/// Refuses what is not what was asked for.
pub(super) fn check(request: &FetchRequest, fetched: &Attributes) -> Result<(), HostError> {
    check_hash(request, fetched)?;
    for name in ["lastModified", "rev", "revCount"] {
        let Some(wanted) = request.attributes.get(name) else { continue };
        let got = fetched.get(name);
        // Only git knows all of them; others believe what they are told.
        if got.is_some_and(|got| got != wanted) || (got.is_none() && request.kind == "git") {
            let input = url(request);
            let got = match got {
                Some(got) if name == "lastModified" => format!(", got {got}"),
                None if name == "lastModified" => ", got -1".to_owned(),
                _ => String::new(),
            };
            return Err(HostError::Store(format!(
                "'{name}' attribute mismatch in input '{input}', expected {wanted}{got}"
            )));
        }
    }
    Ok(())
}

fn check_hash(request: &FetchRequest, fetched: &Attributes) -> Result<(), HostError> {
    let Some(wanted) = text(request, "narHash") else { return Ok(()) };
    let wanted = Hash::parse_any_or_empty(wanted.as_bytes(), Some(HashAlgorithm::Sha256))
        .map_err(|error| HostError::Store(error.to_string()))?
        .format(HashFormat::Sri);
    match fetched.get("narHash") {
        Some(FetchAttribute::String(got)) if *got != wanted => {
            let input = url(request);
            Err(HostError::Store(format!(
                "NAR hash mismatch in input '{input}', expected '{wanted}' but got '{got}'"
            )))
        }
        _ => Ok(()),
    }
}

/// The request as a URL, for messages.
fn url(request: &FetchRequest) -> String {
    let (start, names): (_, &[&str]) = match request.kind.as_str() {
        "path" => ("path:", &["lastModified", "narHash", "rev", "revCount"]),
        "git" => ("git+", &["exportIgnore", "ref", "rev", "shallow", "submodules"]),
        _ => ("", &["narHash"]),
    };
    let place = text(request, "url").or_else(|| text(request, "path")).unwrap_or_default();
    let mut url = format!("{start}{place}");
    let mut separator = if place.contains('?') { '&' } else { '?' };
    for name in names {
        let Some(value) = request.attributes.get(*name) else { continue };
        if *value == FetchAttribute::Bool(false) {
            continue;
        }
        url.push(separator);
        url.push_str(name);
        url.push('=');
        encode(&value.to_string(), &mut url);
        separator = '&';
    }
    url
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@/?".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}
