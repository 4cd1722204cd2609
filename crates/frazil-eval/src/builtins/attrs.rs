//! Attribute sets.

use std::collections::HashMap;

use super::{Builtin, one, two};
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::Str;
use crate::source::{Pos, Range};
use crate::symbol::{FastHash, Symbol};
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "attrNames",
        &["set"],
        Some(0),
        attr_names,
        "The names of the attributes of *set*, sorted.",
    ),
    Builtin::new(
        "attrValues",
        &["set"],
        Some(0),
        attr_values,
        "The values of the attributes of *set*, in the order of their names.",
    ),
    Builtin::new(
        "catAttrs",
        &["attr", "list"],
        Some(0),
        cat_attrs,
        "The values of the attribute *attr* of those sets in *list* that have it.",
    ),
    Builtin::new(
        "getAttr",
        &["s", "set"],
        Some(0),
        get_attr,
        "The attribute of *set* that is named *s*: `set.${s}`.",
    ),
    Builtin::new(
        "hasAttr",
        &["s", "set"],
        Some(0),
        has_attr,
        "Whether *set* has an attribute named *s*: `set ? ${s}`.",
    ),
    Builtin::new(
        "intersectAttrs",
        &["e1", "e2"],
        Some(0),
        intersect_attrs,
        "The attributes of *e2* whose names *e1* has too.",
    ),
    Builtin::new(
        "listToAttrs",
        &["e"],
        Some(0),
        list_to_attrs,
        "A set from a list of `{ name, value }`. Of several elements of one name the first counts.",
    ),
    Builtin::new(
        "mapAttrs",
        &["f", "attrset"],
        Some(1),
        map_attrs,
        "`f name value` for every attribute of *attrset*.",
    ),
    Builtin::new(
        "removeAttrs",
        &["set", "list"],
        Some(0),
        remove_attrs,
        "*set* without the attributes named in *list*.",
    ),
    Builtin::new(
        "unsafeGetAttrPos",
        &["s", "set"],
        Some(0),
        unsafe_get_attr_pos,
        "Where the attribute *s* of *set* was defined: `{ file, line, column }` or null.",
    ),
    Builtin::new(
        "zipAttrsWith",
        &["f", "list"],
        Some(0),
        zip_attrs_with,
        "A set with the names of all sets in *list*: `f name values` for the values of each name.",
    ),
];

fn attr_names<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let set = ev.force_attrs(one(args))?;
    let entries = ev.sorted_entries(set);
    let mut writer = ev.cursor.list_writer(entries.len());
    for entry in entries {
        writer.push(Value::String(Str::of(ev.symbols.text(entry.name))).into());
    }
    Ok(Value::List(writer.finish()))
}

fn attr_values<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let set = ev.force_attrs(one(args))?;
    let entries = ev.sorted_entries(set);
    let mut writer = ev.cursor.list_writer(entries.len());
    for entry in entries {
        writer.push(Lazy::of(&entry.slot).into());
    }
    Ok(Value::List(writer.finish()))
}

fn get_attr<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (name, set) = two(args);
    let name = ev.force(name)?;
    let name = ev.attribute_name(name)?;
    let set = ev.force_attrs(set)?;
    match set.get(name) {
        Some(entry) => ev.force_slot(&entry.slot),
        None => Err(ev.missing_attribute(set, name, Range::NOWHERE)),
    }
}

fn has_attr<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (name, set) = two(args);
    let name = ev.force_plain_string(name)?;
    let set = ev.force_attrs(set)?;
    let symbol = ev.symbols.lookup(name);
    Ok(Value::Bool(symbol.is_some_and(|name| set.get(name).is_some())))
}

fn unsafe_get_attr_pos<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (name, set) = two(args);
    let name = ev.force(name)?;
    let name = ev.attribute_name(name)?;
    let set = ev.force_attrs(set)?;
    let pos = set.get(name).map_or(Pos::NOWHERE, |entry| entry.pos);
    Ok(ev.position_value(pos))
}

fn cat_attrs<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (name, list) = two(args);
    let name = ev.force(name)?;
    let name = ev.attribute_name(name)?;
    let mut values = Vec::new();
    for set in ev.force_list(list)?.iter() {
        let set = ev.force_attrs(set)?;
        values.extend(set.get(name).map(|entry| Lazy::of(&entry.slot)));
    }
    Ok(Value::List(ev.list_of(&values)))
}

fn intersect_attrs<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (left, right) = two(args);
    let (left, right) = (ev.force_attrs(left)?, ev.force_attrs(right)?);
    let mut writer = ev.cursor.attrs_writer(left.len().min(right.len()));
    // Walk the smaller set, look up in the larger.
    if left.len() < right.len() {
        for entry in ev.cursor.entries(left) {
            if let Some(entry) = right.get(entry.name) {
                writer.push(entry.name, entry.pos, Lazy::of(&entry.slot).into());
            }
        }
    } else {
        for entry in ev.cursor.entries(right) {
            if left.get(entry.name).is_some() {
                writer.push(entry.name, entry.pos, Lazy::of(&entry.slot).into());
            }
        }
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn list_to_attrs<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let list = ev.force_list(one(args))?;
    let mut writer = ev.cursor.attrs_writer(list.len());
    let mut seen: std::collections::HashSet<Symbol, FastHash> =
        std::collections::HashSet::default();
    for element in list.iter() {
        let set = ev.force_attrs(element)?;
        let Some(name) = set.get(ev.names.name) else {
            return Err(ev.missing_attribute(set, ev.names.name, Range::NOWHERE));
        };
        let name = ev.force_slot(&name.slot)?;
        let name = ev.attribute_name(name)?;
        // The value of a later element of the same name is not even looked at.
        if !seen.insert(name) {
            continue;
        }
        let Some(value) = set.get(ev.names.value) else {
            return Err(ev.missing_attribute(set, ev.names.value, Range::NOWHERE));
        };
        writer.push(name, value.pos, Lazy::of(&value.slot).into());
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn map_attrs<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (function, set) = two(args);
    let set = ev.force_attrs(set)?;
    let function = function.settled();
    let entries = ev.cursor.entries(set);
    let mut writer = ev.cursor.attrs_writer(entries.len());
    for entry in entries {
        let name = Value::String(Str::of(ev.symbols.text(entry.name)));
        let slot = ev.delay_call(function, &[name.into(), Lazy::of(&entry.slot)]);
        // As in C++ Nix the new attributes have no place of their own.
        writer.push(entry.name, Pos::NOWHERE, slot);
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn remove_attrs<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (set, names) = two(args);
    let set = ev.force_attrs(set)?;
    let mut removed = Vec::new();
    for name in ev.force_list(names)?.iter() {
        let name = ev.force_plain_string(name)?;
        removed.extend(ev.symbols.lookup(name));
    }
    removed.sort_unstable();
    let entries = ev.cursor.entries(set);
    let mut writer = ev.cursor.attrs_writer(entries.len());
    for entry in entries {
        if removed.binary_search(&entry.name).is_err() {
            writer.push(entry.name, entry.pos, Lazy::of(&entry.slot).into());
        }
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn zip_attrs_with<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (function, list) = two(args);
    let function = ev.force_function(function)?;
    let mut zipped: Vec<(Symbol, Pos, Vec<Lazy<'a>>)> = Vec::new();
    let mut places: HashMap<Symbol, usize, FastHash> = HashMap::default();
    for set in ev.force_list(list)?.iter() {
        let set = ev.force_attrs(set)?;
        for entry in ev.cursor.entries(set) {
            let place = *places.entry(entry.name).or_insert(zipped.len());
            let value = Lazy::of(&entry.slot);
            match zipped.get_mut(place) {
                Some((_, _, values)) => values.push(value),
                None => zipped.push((entry.name, entry.pos, vec![value])),
            }
        }
    }
    let mut writer = ev.cursor.attrs_writer(zipped.len());
    for (name, _, values) in zipped {
        let text = Value::String(Str::of(ev.symbols.text(name)));
        let values = Value::List(ev.list_of(&values));
        let slot = ev.delay_call(function.into(), &[text.into(), values.into()]);
        writer.push(name, Pos::NOWHERE, slot);
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}
