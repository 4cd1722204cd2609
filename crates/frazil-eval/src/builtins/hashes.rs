//! Hashes of strings and files, and the ways to write them.

use frazil_model::derivation::Placeholder;
use frazil_model::hash::{HashError, UnknownName};
use frazil_model::{Hash, HashAlgorithm, HashFormat};

use super::files::Follow;
use super::{Builtin, one, two};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "convertHash",
        &["args"],
        Some(0),
        convert_hash,
        "A hash in another notation. *args* has `hash`, `toHashFormat` (`\"base16\"`, `\"nix32\"`, `\"base64\"` or `\"sri\"`) and, unless `hash` says it itself, `hashAlgo`.",
    ),
    Builtin::new(
        "hashFile",
        &["type", "p"],
        Some(0),
        hash_file,
        "The hash of the file at *p* in base 16. *type* is `\"md5\"`, `\"sha1\"`, `\"sha256\"` or `\"sha512\"`.",
    ),
    Builtin::new(
        "hashString",
        &["type", "s"],
        Some(0),
        hash_string,
        "The hash of the string *s* in base 16. *type* is as for `hashFile`.",
    ),
    Builtin::new(
        "placeholder",
        &["output"],
        Some(0),
        placeholder,
        "A string that stands for the path of the output *output* in the arguments and environment of its own derivation, until it is built.",
    ),
];

impl Evaluator<'_> {
    #[cold]
    pub(crate) fn hash_error(&self, error: &HashError) -> Error {
        let shown = self.error(ErrorKind::Other, error.to_string());
        match error.help() {
            Some(help) => shown.help(help),
            None => shown,
        }
    }

    #[cold]
    fn unknown_name(&self, name: &UnknownName) -> Error {
        self.error(ErrorKind::Other, name.to_string())
    }
}

/// Forces the name of an algorithm.
fn algorithm<'a>(ev: &mut Evaluator<'a>, name: Lazy<'a>) -> Result<HashAlgorithm> {
    let name = ev.force_plain_string(name)?;
    String::from_utf8_lossy(name).parse().map_err(|error: UnknownName| ev.unknown_name(&error))
}

fn in_base16<'a>(ev: &mut Evaluator<'a>, algorithm: HashAlgorithm, bytes: &[u8]) -> Value<'a> {
    let text = Hash::of(algorithm, bytes).format(HashFormat::Base16);
    Value::String(ev.cursor.string(text.as_bytes()))
}

fn hash_string<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (name, text) = two(args);
    let algorithm = algorithm(ev, name)?;
    let text = ev.force_string(text)?;
    Ok(in_base16(ev, algorithm, text.bytes()))
}

fn hash_file<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (name, file) = two(args);
    let algorithm = algorithm(ev, name)?;
    let file = ev.realise_path(file, Follow::All)?;
    let contents = ev.file_contents(&file)?;
    Ok(in_base16(ev, algorithm, &contents))
}

fn convert_hash<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let set = ev.force_attrs(one(args))?;
    let [hash, hash_algo, format] =
        [&b"hash"[..], b"hashAlgo", b"toHashFormat"].map(|name| ev.intern(name));
    let text = ev.required(set, hash)?;
    let text = ev.force_plain_string(text)?;
    let expected = match set.get(hash_algo) {
        Some(entry) => Some(algorithm(ev, Lazy::of(&entry.slot))?),
        None => None,
    };
    let format = ev.required(set, format)?;
    let format = ev.force_plain_string(format)?;
    let format: HashFormat =
        String::from_utf8_lossy(format).parse().map_err(|error| ev.unknown_name(&error))?;
    let hash = Hash::parse_any(text, expected).map_err(|error| ev.hash_error(&error))?;
    Ok(Value::String(ev.cursor.string(hash.format(format).as_bytes())))
}

fn placeholder<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let output = ev.force_plain_string(one(args))?;
    let text = Placeholder::own(output).to_string();
    Ok(Value::String(ev.cursor.string(text.as_bytes())))
}
