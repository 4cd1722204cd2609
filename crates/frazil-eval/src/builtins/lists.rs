//! Lists.

use std::collections::HashMap;

use super::{Builtin, one, three, two};
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::List;
use crate::source::Pos;
use crate::symbol::{FastHash, Symbol};
use crate::value::{Lazy, Value};
use crate::word::Word;

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "all",
        &["pred", "list"],
        Some(0),
        |ev, args| every(ev, args, true),
        "Whether *pred* holds for every element of *list*.",
    ),
    Builtin::new(
        "any",
        &["pred", "list"],
        Some(0),
        |ev, args| every(ev, args, false),
        "Whether *pred* holds for some element of *list*.",
    ),
    Builtin::new(
        "concatLists",
        &["lists"],
        Some(0),
        concat_lists,
        "The elements of all *lists*, as one list.",
    ),
    Builtin::new(
        "concatMap",
        &["f", "list"],
        Some(0),
        concat_map,
        "`concatLists (map f list)`, without the list in between.",
    ),
    Builtin::new("elem", &["x", "xs"], Some(1), elem, "Whether some element of *xs* equals *x*."),
    Builtin::new("elemAt", &["xs", "n"], Some(1), elem_at, "Element *n* of *xs*, counted from 0."),
    Builtin::new(
        "filter",
        &["f", "list"],
        Some(1),
        filter,
        "The elements of *list* for which *f* is true.",
    ),
    Builtin::new(
        "foldl'",
        &["op", "nul", "list"],
        Some(0),
        fold_left,
        "Combines the elements from left to right with *op*, starting from *nul*, evaluating each intermediate result.",
    ),
    Builtin::new(
        "genList",
        &["generator", "length"],
        Some(1),
        gen_list,
        "A list of *length* elements: *generator* of 0, 1, 2, ...",
    ),
    Builtin::new(
        "groupBy",
        &["f", "list"],
        Some(0),
        group_by,
        "A set of lists: the elements of *list* by the string that *f* gives for them.",
    ),
    Builtin::new("head", &["list"], Some(0), head, "The first element."),
    Builtin::new("length", &["list"], Some(0), length, "The number of elements."),
    Builtin::new("map", &["f", "list"], Some(1), map, "*f* of every element of *list*."),
    Builtin::new(
        "partition",
        &["pred", "list"],
        Some(0),
        partition,
        "`{ right, wrong }`: the elements for which *pred* is true, and the others.",
    ),
    Builtin::new(
        "sort",
        &["comparator", "list"],
        Some(1),
        sort,
        "*list* in ascending order; `comparator a b` says whether *a* is less than *b*. Equal elements keep their order.",
    ),
    Builtin::new("tail", &["list"], Some(0), tail, "All elements but the first."),
];

fn length<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let list = ev.force_list(one(args))?;
    Ok(Value::Int(list.len() as i64))
}

fn head<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    match ev.force_list(one(args))?.cells().first() {
        Some(cell) => ev.force_slot(cell),
        None => Err(ev.error(ErrorKind::Other, "'builtins.head' called on an empty list")),
    }
}

fn tail<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let list = ev.force_list(one(args))?;
    if list.is_empty() {
        return Err(ev.error(ErrorKind::Other, "'builtins.tail' called on an empty list"));
    }
    Ok(Value::List(list.skip(1)))
}

fn elem_at<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (list, index) = two(args);
    let index = ev.force_int(index)?;
    let list = ev.force_list(list)?;
    let Some(cell) = usize::try_from(index).ok().and_then(|index| list.cells().get(index)) else {
        let length = list.len();
        let message =
            format!("'builtins.elemAt' called with index {index} on a list of size {length}");
        return Err(ev.error(ErrorKind::Other, message));
    };
    ev.force_slot(cell)
}

fn elem<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (wanted, list) = two(args);
    for cell in ev.force_list(list)?.cells() {
        if ev.equal_lazy(wanted, Lazy::of(cell))? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn every<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>], all: bool) -> Result<Value<'a>> {
    let (predicate, list) = two(args);
    let predicate = ev.force_function(predicate)?;
    for element in ev.force_list(list)?.iter() {
        if ev.holds(predicate, element)? != all {
            return Ok(Value::Bool(!all));
        }
    }
    Ok(Value::Bool(all))
}

fn map<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (function, list) = two(args);
    let list = ev.force_list(list)?;
    if list.is_empty() {
        return Ok(Value::List(list));
    }
    let function = ev.force_function(function)?.into();
    let mut writer = ev.cursor.list_writer(list.len());
    for element in list.iter() {
        let slot = ev.delay_call(function, &[element]);
        writer.push(slot);
    }
    Ok(Value::List(writer.finish()))
}

fn gen_list<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (function, length) = two(args);
    let length = ev.force_int(length)?;
    let count = u32::try_from(length)
        .map_err(|_| ev.error(ErrorKind::Other, format!("cannot create list of size {length}")))?;
    let function = ev.force_function(function)?.into();
    ev.check_list(count as usize)?;
    let mut writer = ev.cursor.list_writer(count as usize);
    for index in 0..length {
        let slot = ev.delay_call(function, &[Value::Int(index).into()]);
        writer.push(slot);
        ev.check_stack()?;
    }
    Ok(Value::List(writer.finish()))
}

fn filter<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (predicate, list) = two(args);
    let list = ev.force_list(list)?;
    if list.is_empty() {
        return Ok(Value::List(list));
    }
    let predicate = ev.force_function(predicate)?;
    let mut kept = Vec::with_capacity(list.len());
    for element in list.iter() {
        if ev.holds(predicate, element)? {
            kept.push(element);
        }
    }
    Ok(Value::List(ev.list_of(&kept)))
}

fn partition<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (predicate, list) = two(args);
    let predicate = ev.force_function(predicate)?;
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for element in ev.force_list(list)?.iter() {
        let element = ev.force_lazy(element)?.into();
        let side = if ev.holds(predicate, element)? { &mut right } else { &mut wrong };
        side.push(element);
    }
    let (right, wrong) = (ev.list_of(&right), ev.list_of(&wrong));
    let mut writer = ev.cursor.attrs_writer(2);
    writer.push(ev.names.right, Pos::NOWHERE, Value::List(right).into());
    writer.push(ev.names.wrong, Pos::NOWHERE, Value::List(wrong).into());
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn group_by<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (function, list) = two(args);
    let function = ev.force_function(function)?;
    let mut groups: Vec<(Symbol, Vec<Lazy<'a>>)> = Vec::new();
    let mut places: HashMap<Symbol, usize, FastHash> = HashMap::default();
    for element in ev.force_list(list)?.iter() {
        let name = ev.call(function, &[element])?;
        let name = ev.attribute_name(name)?;
        let place = *places.entry(name).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, group)) => group.push(element),
            None => groups.push((name, vec![element])),
        }
    }
    let mut writer = ev.cursor.attrs_writer(groups.len());
    for (name, group) in groups {
        let list = ev.list_of(&group);
        writer.push(name, Pos::NOWHERE, Value::List(list).into());
    }
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn concat_lists<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let lists = ev.force_list(one(args))?;
    let mut all = Vec::with_capacity(lists.len());
    for list in lists.iter() {
        all.push(ev.force_list(list)?);
    }
    ev.concat_all(&all).map(Value::List)
}

fn concat_map<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (function, list) = two(args);
    let function = ev.force_function(function)?;
    let list = ev.force_list(list)?;
    let mut all = Vec::with_capacity(list.len());
    for element in list.iter() {
        let result = ev.call(function, &[element])?;
        all.push(ev.force_list(result.into())?);
    }
    ev.concat_all(&all).map(Value::List)
}

fn fold_left<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (function, start, list) = three(args);
    let function = ev.force_function(function)?.into();
    let mut result = start;
    for element in ev.force_list(list)?.iter() {
        result = ev.call_word(function, &[result, element])?.into();
    }
    ev.force(result)
}

fn sort<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (comparator, list) = two(args);
    let list = ev.force_list(list)?;
    if list.is_empty() {
        return Ok(Value::List(list));
    }
    let comparator = ev.force_function(comparator)?;
    let mut elements = Vec::with_capacity(list.len());
    for cell in list.cells() {
        elements.push(ev.force_word(cell)?);
    }
    let is_less_than = matches!(comparator, Value::Builtin(builtin) if builtin.name == "lessThan");
    let comparator = comparator.into();
    merge_sort(&mut elements, &mut |left: Word<'a>, right: Word<'a>| {
        if is_less_than {
            return ev.less(left.unpack(), right.unpack());
        }
        let less = ev.call_word(comparator, &[left.into(), right.into()])?;
        ev.force_bool(less.into())
    })?;
    Ok(Value::List(ev.cursor.list(elements.into_iter().map(Into::into))))
}

/// Runs up to this length are sorted by insertion.
const RUN: usize = 8;

/// A stable merge sort: unlike the standard library's, it calls `less` only on pairs that it must
/// compare, passes on its errors, and bears an inconsistent order.
fn merge_sort<T: Copy>(items: &mut [T], less: &mut impl FnMut(T, T) -> Result<bool>) -> Result<()> {
    for run in items.chunks_mut(RUN) {
        insertion_sort(run, less)?;
    }
    let mut width = RUN;
    let mut merged = Vec::with_capacity(items.len());
    while width < items.len() {
        merged.clear();
        for pair in items.chunks(width * 2) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            merge(left, right, &mut merged, less)?;
        }
        items.copy_from_slice(&merged);
        width *= 2;
    }
    Ok(())
}

fn insertion_sort<T: Copy>(
    run: &mut [T],
    less: &mut impl FnMut(T, T) -> Result<bool>,
) -> Result<()> {
    for end in 1..run.len() {
        let mut place = end;
        while let Some(before) = place.checked_sub(1)
            && let (Some(left), Some(right)) = (run.get(before).copied(), run.get(place).copied())
            && less(right, left)?
        {
            run.swap(before, place);
            place = before;
        }
    }
    Ok(())
}

fn merge<T: Copy>(
    left: &[T],
    right: &[T],
    merged: &mut Vec<T>,
    less: &mut impl FnMut(T, T) -> Result<bool>,
) -> Result<()> {
    // Already in order, as they often are.
    if let (Some(last), Some(first)) = (left.last(), right.first())
        && !less(*first, *last)?
    {
        merged.extend_from_slice(left);
        merged.extend_from_slice(right);
        return Ok(());
    }
    let (mut left, mut right) = (left, right);
    while let ([l, left_rest @ ..], [r, right_rest @ ..]) = (left, right) {
        if less(*r, *l)? {
            merged.push(*r);
            right = right_rest;
        } else {
            merged.push(*l);
            left = left_rest;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    Ok(())
}

impl<'a> Evaluator<'a> {
    /// Calls a predicate.
    #[inline]
    pub(super) fn holds(&mut self, predicate: Value<'a>, element: Lazy<'a>) -> Result<bool> {
        let result = self.call(predicate, &[element])?;
        self.force_bool(result.into())
    }

    pub(super) fn list_of(&mut self, elements: &[Lazy<'a>]) -> List<'a> {
        self.cursor.list(elements.iter().map(|element| (*element).into()))
    }

    fn concat_all(&mut self, lists: &[List<'a>]) -> Result<List<'a>> {
        let mut filled = lists.iter().filter(|list| !list.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next()) {
            return Ok(*only);
        }
        let length = lists.iter().map(|list| list.len()).sum();
        self.check_list(length)?;
        let mut writer = self.cursor.list_writer(length);
        for element in lists.iter().flat_map(|list| list.iter()) {
            writer.push(element.into());
        }
        Ok(writer.finish())
    }
}
