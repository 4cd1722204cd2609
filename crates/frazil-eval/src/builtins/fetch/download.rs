//! `fetchurl` and `fetchTarball`.

use std::collections::BTreeMap;

use frazil_model::hash::{Hash, HashAlgorithm, HashFormat};
use frazil_model::{ContentAddress, ContentAddressMethod, StoreName, StorePath};

use super::text;
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::host::{FetchAttribute, Fetched};
use crate::path::base_name;
use crate::value::{Lazy, Value};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Tarball,
}

impl Kind {
    fn builtin(self) -> &'static str {
        match self {
            Self::File => "fetchurl",
            Self::Tarball => "fetchTarball",
        }
    }

    fn request(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Tarball => "tarball",
        }
    }
}

#[derive(Default)]
struct Arguments {
    url: Option<String>,
    name: Option<String>,
    sha256: Option<Hash>,
}

pub(super) fn fetch<'a>(
    ev: &mut Evaluator<'a>,
    argument: Lazy<'a>,
    kind: Kind,
) -> Result<Value<'a>> {
    let value = ev.force(argument)?;
    let is_set = matches!(value, Value::Attrs(_));
    let arguments = read(ev, value, kind)?;
    let Some(url) = arguments.url else {
        return Err(ev.error(ErrorKind::Other, "'url' argument required"));
    };
    ev.check_uri(&url)?;
    let name = match (&arguments.name, kind) {
        (Some(name), _) if !name.is_empty() => name.clone(),
        (_, Kind::Tarball) if arguments.name.is_none() => "source".to_owned(),
        _ => text(base_name(url.as_bytes())),
    };
    let name = match StoreName::parse(name.as_bytes()) {
        Ok(name) => name,
        Err(error) => {
            let advice = advice(kind.builtin(), is_set, arguments.name.is_some());
            let message =
                format!("invalid store path name when fetching URL '{url}': {error}. {advice}");
            return Err(ev.error(ErrorKind::Other, message));
        }
    };
    if ev.options.pure && arguments.sha256.is_none() {
        let builtin = kind.builtin();
        let message = format!("in pure evaluation mode, '{builtin}' requires a 'sha256' argument");
        return Err(ev.error(ErrorKind::Restricted, message));
    }
    let path = match arguments.sha256 {
        Some(hash) => fetch_pinned(ev, &url, &name, hash, kind)?,
        None => fetch_now(ev, &url, &name, kind)?.path,
    };
    Ok(Value::String(ev.store_path_string(&path)))
}

fn read<'a>(ev: &mut Evaluator<'a>, value: Value<'a>, kind: Kind) -> Result<Arguments> {
    let mut arguments = Arguments::default();
    let Value::Attrs(set) = value else {
        arguments.url = Some(text(ev.force_plain_string(value.into())?));
        return Ok(arguments);
    };
    for entry in ev.cursor.entries(set) {
        let value = Lazy::of(&entry.slot);
        match ev.symbols.text(entry.name) {
            b"url" => arguments.url = Some(text(ev.force_plain_string(value)?)),
            b"name" => arguments.name = Some(text(ev.force_plain_string(value)?)),
            b"sha256" => {
                let hash = ev.force_plain_string(value)?;
                let hash = Hash::parse_any_or_empty(hash, Some(HashAlgorithm::Sha256));
                arguments.sha256 = Some(hash.map_err(|error| ev.hash_error(&error))?);
            }
            other => {
                let message =
                    format!("unsupported argument '{}' to '{}'", text(other), kind.builtin());
                return Err(ev.error(ErrorKind::Other, message));
            }
        }
    }
    Ok(arguments)
}

fn advice(builtin: &str, is_set: bool, has_name: bool) -> String {
    let purpose = "so that it can create a valid store path.";
    match (is_set, has_name) {
        (_, true) => {
            format!(
                "Please change the value for the 'name' attribute passed to '{builtin}', {purpose}"
            )
        }
        (true, false) => {
            format!(
                "Please add a valid 'name' attribute to the argument for '{builtin}', {purpose}"
            )
        }
        (false, false) => {
            format!(
                "Please pass an attribute set with 'url' and 'name' attributes to '{builtin}',  {purpose}"
            )
        }
    }
}

fn fetch_now(ev: &mut Evaluator<'_>, url: &str, name: &StoreName, kind: Kind) -> Result<Fetched> {
    let attributes = BTreeMap::from([
        ("url".to_owned(), FetchAttribute::String(url.to_owned())),
        ("name".to_owned(), FetchAttribute::String(name.as_str().to_owned())),
    ]);
    ev.fetch(kind.request(), attributes)
}

/// Fetches what must have this hash, unless the store has it.
fn fetch_pinned(
    ev: &mut Evaluator<'_>,
    url: &str,
    name: &StoreName,
    hash: Hash,
    kind: Kind,
) -> Result<StorePath> {
    let method = match kind {
        Kind::File => ContentAddressMethod::Flat,
        Kind::Tarball => ContentAddressMethod::Nar,
    };
    let expected = ev.options.store_dir.fixed_path(name, &ContentAddress { method, hash });
    let expected = expected.map_err(|error| ev.error(ErrorKind::Other, error.to_string()))?;
    if ev.host.is_valid(&expected).map_err(|error| ev.host_error(error))? {
        ev.make_readable(&expected);
        return Ok(expected);
    }
    let fetched = fetch_now(ev, url, name, kind)?;
    if fetched.path == expected {
        Ok(expected)
    } else {
        Err(mismatch(ev, url, hash, &fetched, kind))
    }
}

#[cold]
fn mismatch(ev: &Evaluator<'_>, url: &str, wanted: Hash, fetched: &Fetched, kind: Kind) -> Error {
    let attribute = match kind {
        Kind::File => "hash",
        Kind::Tarball => "narHash",
    };
    let got = match fetched.attributes.get(attribute) {
        Some(FetchAttribute::String(hash)) => Hash::parse_any(hash.as_bytes(), None).ok(),
        _ => None,
    };
    let got =
        got.map_or_else(|| "another".to_owned(), |hash| hash.format_prefixed(HashFormat::Nix32));
    let wanted = wanted.format_prefixed(HashFormat::Nix32);
    let message = format!(
        "hash mismatch in file downloaded from '{url}':\n  specified: {wanted}\n  got:       {got}"
    );
    ev.error(ErrorKind::Host, message)
}
