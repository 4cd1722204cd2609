//! Comparing what was fetched with what the request says it must be.

use frazil_eval::host::{FetchAttribute, FetchRequest, HostError};
use frazil_eval::input::Input;
use frazil_model::{Hash, HashAlgorithm, HashFormat, percent};

use super::{Attributes, text};

/// Refuses what is not what was asked for.
pub(super) fn check(request: &FetchRequest, fetched: &Attributes) -> Result<(), HostError> {
    check_hash(request, fetched)?;
    for name in ["lastModified", "rev", "revCount"] {
        // What a fetcher does not know is believed.
        let Some((wanted, got)) = request.attributes.get(name).zip(fetched.get(name)) else {
            continue;
        };
        if wanted != got {
            let mut known = request.clone();
            known.attributes.extend(fetched.clone());
            known.attributes.remove("narHash");
            let input = url(&known);
            let got = if name == "lastModified" { format!(", got {got}") } else { String::new() };
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
            let mut asked = request.clone();
            if request.kind != "path" {
                let shown = FetchAttribute::String(wanted.clone());
                asked.attributes.insert("narHash".to_owned(), shown);
            }
            let input = url(&asked);
            Err(HostError::Store(format!(
                "NAR hash mismatch in input '{input}', expected '{wanted}' but got '{got}'"
            )))
        }
        _ => Ok(()),
    }
}

/// The request as a URL, for messages.
fn url(request: &FetchRequest) -> String {
    if !matches!(request.kind.as_str(), "path" | "git" | "file" | "tarball") {
        let kind = ("type".to_owned(), FetchAttribute::String(request.kind.clone()));
        let attributes = request.attributes.clone().into_iter().chain([kind]).collect();
        let input = Input::from_attributes(attributes).and_then(|input| input.to_url());
        return input.map_or_else(|error| error.0, |url| url.to_string());
    }
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
        url.push_str(&percent::encode(value.to_string().as_bytes(), b":@/?"));
        separator = '&';
    }
    url
}
