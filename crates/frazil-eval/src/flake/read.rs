//! Reading `flake.nix`: everything in it but `outputs` is written out, not computed.
//!
//! So that the inputs of a flake can be known without running it, a value that would have to be
//! computed is an error even where it would come out right.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::fetch::shown;
use super::{FLAKE_FILE, Flake, FlakeInput, FlakeInputs, InputPath, SourcePath};
use crate::code::Expr;
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Note, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, Entry};
use crate::host::FetchAttribute;
use crate::input::{Attributes, FlakeRef};
use crate::json::Json;
use crate::path;
use crate::source::Range;
use crate::value::Value;
use crate::word::{Slot, State};

/// Overrides of inputs of inputs, so deep at most.
const OVERRIDE_DEPTH_MAX: usize = 64;

/// What is being read.
struct Reading<'r> {
    source: &'r SourcePath,
    /// The path of inputs to the flake; what its inputs follow starts there.
    prefix: &'r InputPath,
    depth: usize,
}

impl<'a> Evaluator<'a> {
    /// Reads the flake in the directory of `resolved` below `root`.
    pub(super) fn read_flake(
        &mut self,
        original: FlakeRef,
        resolved: FlakeRef,
        locked: FlakeRef,
        root: SourcePath,
        prefix: &InputPath,
    ) -> Result<Flake> {
        let source = self.below(&root, &resolved.dir)?;
        let file = path::child(&self.full_path(&source), FLAKE_FILE.as_bytes());
        if self.host.kind(path::of(&file)).map_err(|error| self.host_error(error))?.is_none() {
            let message = format!(
                "the source tree of '{}' has no file '{}'",
                shown(&resolved),
                if source.dir.is_empty() {
                    FLAKE_FILE.into()
                } else {
                    format!("{}/{FLAKE_FILE}", source.dir)
                }
            );
            return Err(self.error(ErrorKind::Host, message));
        }
        let set = self.written_set(&file)?;
        let reading = Reading { source: &source, prefix, depth: 0 };
        let mut flake = Flake {
            original,
            resolved,
            locked,
            source: source.clone(),
            description: None,
            inputs: FlakeInputs::new(),
            config: BTreeMap::new(),
        };
        let mut formals = None;
        for entry in self.sorted_entries(set) {
            match self.symbols.text(entry.name) {
                b"description" => {
                    let Value::String(text) = self.expect(entry, "a string")? else { continue };
                    flake.description = Some(plain_text(text.bytes()));
                }
                b"inputs" => {
                    let Value::Attrs(inputs) = self.expect(entry, "a set")? else { continue };
                    flake.inputs = self.flake_inputs(inputs, &reading)?;
                }
                b"outputs" => formals = Some(self.output_arguments(entry)?),
                b"nixConfig" => {
                    let Value::Attrs(settings) = self.expect(entry, "a set")? else { continue };
                    flake.config = self.flake_settings(settings)?;
                }
                other => {
                    let name = plain_text(other);
                    let flake = shown(&flake.resolved);
                    let message = format!("flake '{flake}' has an unsupported attribute '{name}'");
                    return Err(self.error(ErrorKind::Other, message).at(self.range_of(entry)));
                }
            }
        }
        let Some(formals) = formals else {
            let message = format!("flake '{}' lacks attribute 'outputs'", shown(&flake.resolved));
            return Err(self.error(ErrorKind::MissingAttribute, message));
        };
        for name in formals {
            let reference = FlakeRef::parse(&name).map_err(|error| self.input_error(error))?;
            flake.inputs.entry(name).or_insert_with(|| plain_input(reference));
        }
        Ok(flake)
    }

    /// The full path of a place in the store.
    pub(super) fn full_path(&self, source: &SourcePath) -> Vec<u8> {
        let tree = self.options.store_dir.join(&source.tree).into_bytes();
        if source.dir.is_empty() { tree } else { path::child(&tree, source.dir.as_bytes()) }
    }

    /// What `relative` means, seen from a directory of a tree; it must stay in the tree.
    pub(super) fn below(&self, from: &SourcePath, relative: &str) -> Result<SourcePath> {
        let mut parts: Vec<&str> = from.dir.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_some() => {}
                ".." => {
                    let message =
                        format!("the path '{relative}' leads out of the source tree of its flake");
                    return Err(self.error(ErrorKind::Restricted, message));
                }
                name => parts.push(name),
            }
        }
        Ok(SourcePath { tree: from.tree.clone(), dir: parts.join("/") })
    }

    /// The set that a file consists of.
    fn written_set(&mut self, file: &[u8]) -> Result<Attrs<'a>> {
        let slot = self.imported_slot(file)?;
        let is_written = match slot.get().state() {
            State::Pending(code, _) => matches!(self.written(code), Expr::Attrs(_)),
            State::Value(_) | State::Ref(_) | State::Call(_) | State::Busy => true,
        };
        if is_written && let Value::Attrs(set) = self.import_file(file)? {
            return Ok(set);
        }
        let message = format!("file '{}' must be an attribute set", path::shown(file));
        Err(self.type_error(message))
    }

    fn written(&self, code: crate::heap::CodeRef<'a, Expr<'a>>) -> &'a Expr<'a> {
        let mut code = self.cursor.code(code);
        while let Expr::Deep(inner) = code {
            code = inner;
        }
        code
    }

    /// The value of an attribute, if it is written out.
    fn trivial(&mut self, slot: &'a Cell<Slot<'a>>) -> Result<Option<Value<'a>>> {
        let is_trivial = match slot.get().state() {
            State::Pending(code, _) => match self.written(code) {
                Expr::Attrs(attrs) => attrs.dynamic.is_empty(),
                Expr::Lambda(_) | Expr::List(_) => true,
                _ => false,
            },
            State::Ref(target) => return Ok(target.get().value().map(crate::word::Word::unpack)),
            State::Value(_) => true,
            State::Call(_) | State::Busy => false,
        };
        if is_trivial { self.force_slot(slot).map(Some) } else { Ok(None) }
    }

    /// The value of an attribute, which must be written out and of a type.
    fn expect(&mut self, entry: &'a Entry<'a>, wanted: &str) -> Result<Value<'a>> {
        let value = self.trivial(&entry.slot)?;
        let found = match value {
            Some(value) => {
                let phrase = kind_phrase(value);
                if phrase == wanted {
                    return Ok(value);
                }
                phrase
            }
            None => "a thunk",
        };
        Err(self.unexpected(entry, wanted, found))
    }

    #[cold]
    fn unexpected(&self, entry: &Entry<'a>, wanted: &str, found: &str) -> Error {
        let error = self.type_error(format!("expected {wanted} but got {found}"));
        let error = error.at(self.range_of(entry));
        if found == "a thunk" {
            error.help("in `flake.nix`, only `outputs` may compute anything")
        } else {
            error
        }
    }

    fn range_of(&self, entry: &Entry<'a>) -> Range {
        Range { start: entry.pos, bytes: self.symbols.text(entry.name).len() as u32 }
    }

    /// What `outputs` takes by name.
    fn output_arguments(&mut self, entry: &'a Entry<'a>) -> Result<Vec<String>> {
        let value = self.expect(entry, "a function")?;
        let Value::Lambda(closure) = value else { return Ok(Vec::new()) };
        let lambda = self.cursor.code(closure.code);
        let formals = lambda.formals.map_or(&[][..], |formals| formals.list);
        let names = formals.iter().map(|formal| plain_text(self.symbols.text(formal.name)));
        Ok(names.filter(|name| name != "self").collect())
    }

    fn flake_inputs(&mut self, set: Attrs<'a>, reading: &Reading<'_>) -> Result<FlakeInputs> {
        if reading.depth > OVERRIDE_DEPTH_MAX {
            return Err(self.error(ErrorKind::Other, "flake inputs nest too deep"));
        }
        let mut inputs = FlakeInputs::new();
        for entry in self.sorted_entries(set) {
            let name = plain_text(self.symbols.text(entry.name));
            let input = self.flake_input(&name, entry, reading)?;
            inputs.insert(name, input);
        }
        Ok(inputs)
    }

    fn flake_input(
        &mut self,
        name: &str,
        entry: &'a Entry<'a>,
        reading: &Reading<'_>,
    ) -> Result<FlakeInput> {
        let Value::Attrs(set) = self.expect(entry, "a set")? else {
            unreachable!("`expect` returns what it was asked for")
        };
        let mut input = FlakeInput {
            reference: None,
            is_flake: true,
            follows: None,
            overrides: FlakeInputs::new(),
        };
        let mut attributes = Attributes::new();
        for member in self.sorted_entries(set) {
            self.input_member(member, reading, &mut input, &mut attributes).map_err(|error| {
                let name = plain_text(self.symbols.text(member.name));
                error.note(|| Note {
                    depth: self.depth,
                    message: format!("while evaluating flake attribute '{name}'"),
                    range: self.range_of(member),
                    pinned: false,
                })
            })?;
        }
        let refused = |ev: &Self, error| ev.input_error(error).at(ev.range_of(entry));
        if attributes.contains_key("type") {
            let reference = FlakeRef::from_attributes(attributes);
            input.reference = Some(reference.map_err(|error| refused(self, error))?);
        } else {
            let url = attributes.remove("url");
            if let Some((name, _)) = attributes.first_key_value() {
                let message = format!("unexpected flake input attribute '{name}'");
                return Err(self.error(ErrorKind::Other, message).at(self.range_of(entry)));
            }
            if let Some(FetchAttribute::String(url)) = url {
                let reference = FlakeRef::parse_input(&url);
                input.reference = Some(reference.map_err(|error| refused(self, error))?);
            }
        }
        if input.reference.is_none() && input.follows.is_none() {
            let string = |text: &str| FetchAttribute::String(text.to_owned());
            let indirect = Attributes::from([
                ("type".to_owned(), string("indirect")),
                ("id".to_owned(), string(name)),
            ]);
            let reference = FlakeRef::from_attributes(indirect);
            input.reference = Some(reference.map_err(|error| refused(self, error))?);
        }
        Ok(input)
    }

    fn input_member(
        &mut self,
        member: &'a Entry<'a>,
        reading: &Reading<'_>,
        input: &mut FlakeInput,
        attributes: &mut Attributes,
    ) -> Result<()> {
        let name = plain_text(self.symbols.text(member.name));
        match name.as_str() {
            "flake" => {
                input.is_flake = matches!(self.expect(member, "a Boolean")?, Value::Bool(true));
            }
            "inputs" => {
                let Value::Attrs(set) = self.expect(member, "a set")? else { return Ok(()) };
                let reading = Reading { depth: reading.depth + 1, ..*reading };
                input.overrides = self.flake_inputs(set, &reading)?;
            }
            "follows" => {
                let Value::String(text) = self.expect(member, "a string")? else { return Ok(()) };
                let path = super::parse_path(&plain_text(text.bytes()));
                let path = path.map_err(|message| {
                    self.error(ErrorKind::Other, message).at(self.range_of(member))
                })?;
                input.follows = Some(reading.prefix.iter().cloned().chain(path).collect());
            }
            _ => {
                let value = self.trivial(&member.slot)?;
                let attribute = self.input_attribute(&name, member, value, reading)?;
                attributes.insert(name, attribute);
            }
        }
        Ok(())
    }

    fn input_attribute(
        &self,
        name: &str,
        member: &Entry<'a>,
        value: Option<Value<'a>>,
        reading: &Reading<'_>,
    ) -> Result<FetchAttribute> {
        match value {
            Some(Value::String(text)) => Ok(FetchAttribute::String(plain_text(text.bytes()))),
            Some(Value::Path(path)) if name == "url" => {
                Ok(FetchAttribute::String(self.path_url(path.bytes(), member, reading)?))
            }
            Some(Value::Bool(value)) if name != "url" => Ok(FetchAttribute::Bool(value)),
            Some(Value::Int(value)) if name != "url" && value >= 0 => {
                Ok(FetchAttribute::Int(value))
            }
            Some(Value::Int(value)) if name != "url" => {
                let message =
                    format!("negative value given for flake input attribute {name}: {value}");
                Err(self.error(ErrorKind::Other, message).at(self.range_of(member)))
            }
            found => {
                let found = found.map_or("a thunk", kind_phrase);
                if name == "url" || found == "a thunk" {
                    return Err(self.unexpected(member, "a string or a path", found));
                }
                let message = format!(
                    "flake input attribute '{name}' is {found} while a string, Boolean, or integer is expected"
                );
                Err(self.type_error(message).at(self.range_of(member)))
            }
        }
    }

    /// The URL of an input that is a path literal: it lies in the tree of the flake.
    fn path_url(
        &self,
        literal: &[u8],
        member: &Entry<'a>,
        reading: &Reading<'_>,
    ) -> Result<String> {
        let flake = self.full_path(reading.source);
        let tree = self.options.store_dir.join(&reading.source.tree).into_bytes();
        if !path::is_within(literal, &tree) {
            let (literal, flake) = (path::shown(literal), path::shown(&flake));
            let message =
                format!("input path '{literal}' must be in the same source tree as '{flake}'");
            return Err(self.error(ErrorKind::Other, message).at(self.range_of(member)));
        }
        let parts = |path: &[u8]| -> Vec<String> {
            let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
            parts.map(plain_text).collect()
        };
        let (from, to) = (parts(&flake), parts(literal));
        let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
        let up = from.iter().skip(shared).map(|_| "..".to_owned());
        let relative: Vec<_> = up.chain(to.into_iter().skip(shared)).collect();
        let relative = if relative.is_empty() { ".".to_owned() } else { relative.join("/") };
        Ok(format!("path:{relative}"))
    }

    fn flake_settings(&mut self, set: Attrs<'a>) -> Result<BTreeMap<String, Json>> {
        let mut settings = BTreeMap::new();
        for entry in self.sorted_entries(set) {
            let name = plain_text(self.symbols.text(entry.name));
            let value = match self.trivial(&entry.slot)? {
                Some(Value::String(text)) => Json::String(plain_text(text.bytes())),
                Some(Value::Path(path)) => Json::String(plain_text(path.bytes())),
                Some(Value::Int(value)) => Json::Int(value),
                Some(Value::Bool(value)) => Json::Bool(value),
                Some(Value::List(list)) => {
                    let mut items = Vec::new();
                    for cell in list.cells() {
                        let Some(Value::String(text)) = self.trivial(cell)? else {
                            let message = format!(
                                "list element in flake configuration setting '{name}' is not a string"
                            );
                            return Err(self.type_error(message).at(self.range_of(entry)));
                        };
                        items.push(Json::String(plain_text(text.bytes())));
                    }
                    Json::List(items)
                }
                found => {
                    let found = found.map_or("a thunk", kind_phrase);
                    let message = format!("flake configuration setting '{name}' is {found}");
                    return Err(self.type_error(message).at(self.range_of(entry)));
                }
            };
            settings.insert(name, value);
        }
        Ok(settings)
    }
}

fn plain_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The type of a value, as messages about `flake.nix` call it.
fn kind_phrase(value: Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a Boolean",
        Value::Int(_) => "an integer",
        Value::Float(_) => "a float",
        Value::String(_) => "a string",
        Value::Path(_) => "a path",
        Value::List(_) => "a list",
        Value::Attrs(_) => "a set",
        Value::Lambda(_) | Value::Builtin(_) | Value::Partial(_) => "a function",
    }
}

fn plain_input(reference: FlakeRef) -> FlakeInput {
    FlakeInput {
        reference: Some(reference),
        is_flake: true,
        follows: None,
        overrides: FlakeInputs::new(),
    }
}
