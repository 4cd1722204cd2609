//! Errors, evaluation order, and talking to the user.

use std::collections::BTreeSet;

use super::{Builtin, one, two};
use crate::diagnostic::ErrorKind;
use crate::error::{Note, Result};
use crate::evaluator::Evaluator;
use crate::host::Message;
use crate::print;
use crate::source::{Pos, Range};
use crate::value::{Lazy, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new(
        "abort",
        &["s"],
        Some(0),
        abort,
        "Ends the evaluation with the message *s*. `tryEval` does not catch it.",
    ),
    Builtin::new(
        "addErrorContext",
        &["context", "e"],
        None,
        add_error_context,
        "*e*; should its evaluation fail, *context* is shown in the trace.",
    ),
    Builtin::new(
        "break",
        &["v"],
        Some(0),
        |ev, args| ev.force(one(args)),
        "*v*. (There is no debugger to break into.)",
    ),
    Builtin::new(
        "deepSeq",
        &["e1", "e2"],
        Some(0),
        deep_seq,
        "*e2*, after evaluating *e1* through and through.",
    ),
    Builtin::new(
        "genericClosure",
        &["attrset"],
        Some(0),
        generic_closure,
        "All that can be reached from `startSet` through `operator`, each `key` once, breadth first.",
    ),
    Builtin::new("seq", &["e1", "e2"], Some(0), seq, "*e2*, after evaluating *e1*."),
    Builtin::new("throw", &["s"], Some(0), throw, "Fails with the message *s*."),
    Builtin::new(
        "trace",
        &["e1", "e2"],
        Some(0),
        trace,
        "*e2*, after printing *e1* on standard error.",
    ),
    Builtin::new(
        "traceVerbose",
        &["e1", "e2"],
        None,
        trace_verbose,
        "`trace`, but only when `--trace-verbose` is given.",
    ),
    Builtin::new(
        "tryEval",
        &["e"],
        None,
        try_eval,
        "`{ success, value }`: whether evaluating *e* worked (not deeply), and the value or false. Catches `throw` and `assert` only.",
    ),
    Builtin::new(
        "warn",
        &["e1", "e2"],
        Some(0),
        warn,
        "*e2*, after printing the string *e1* as a warning.",
    ),
];

fn message<'a>(ev: &mut Evaluator<'a>, text: Lazy<'a>) -> Result<String> {
    let text = ev.coerce_lazy(text, crate::eval::Coercion::INTERPOLATION)?;
    Ok(String::from_utf8_lossy(text.bytes()).into_owned())
}

fn abort<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = message(ev, one(args))?;
    Err(ev.error(
        ErrorKind::Abort,
        format!("evaluation aborted with the following error message: '{text}'"),
    ))
}

fn throw<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let text = message(ev, one(args))?;
    Err(ev.error(ErrorKind::Throw, text))
}

fn add_error_context<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (context, value) = two(args);
    let error = match ev.force(value) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // Also when nobody will read it: it may fail itself.
    let text = ev.coerce_lazy(context, crate::eval::Coercion::TEXT)?;
    let message = String::from_utf8_lossy(text.bytes()).into_owned();
    Err(error.note(|| Note { depth: ev.depth, message, range: Range::NOWHERE, pinned: true }))
}

fn seq<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (first, second) = two(args);
    ev.force(first)?;
    ev.force(second)
}

fn deep_seq<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (first, second) = two(args);
    let first = ev.force(first)?;
    ev.deep_force(first)?;
    ev.force(second)
}

fn trace<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (text, value) = two(args);
    let shown = match ev.force(text)? {
        Value::String(text) => text.bytes().to_vec(),
        other => print::detailed(ev, other, print::Limits::NONE),
    };
    ev.host.tell(Message::Trace(String::from_utf8_lossy(&shown).into_owned()));
    ev.force(value)
}

fn trace_verbose<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    if ev.options.trace_verbose { trace(ev, args) } else { ev.force(two(args).1) }
}

fn warn<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let (text, value) = two(args);
    let text = ev.force_string(text)?;
    let text = String::from_utf8_lossy(text.bytes()).into_owned();
    ev.host.tell(Message::ProgramWarning(text));
    if ev.options.abort_on_warn {
        let message = "aborting to reveal stack trace of warning, as abort-on-warn is set";
        return Err(ev.error(ErrorKind::Abort, message));
    }
    ev.force(value)
}

fn try_eval<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    ev.tries += 1;
    let depth = ev.depth;
    let result = ev.force(one(args));
    ev.tries -= 1;
    ev.depth = depth;
    let (success, value) = match result {
        Ok(value) => (true, value),
        Err(error) if error.is_catchable() => (false, Value::Bool(false)),
        Err(error) => return Err(error),
    };
    let mut writer = ev.cursor.attrs_writer(2);
    writer.push(ev.names.success, Pos::NOWHERE, Value::Bool(success).into());
    writer.push(ev.names.value, Pos::NOWHERE, value.into());
    Ok(Value::Attrs(writer.finish(&mut ev.cursor)))
}

fn generic_closure<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let set = ev.force_attrs(one(args))?;
    let start = ev.required(set, ev.names.start_set)?;
    let start = ev.force_list(start)?;
    if start.is_empty() {
        return Ok(Value::List(start));
    }
    let operator = ev.required(set, ev.names.operator)?;
    let operator = ev.force_function(operator)?;
    let mut work: std::collections::VecDeque<_> = start.iter().collect();
    let mut done = Keys::default();
    let mut result = Vec::new();
    while let Some(element) = work.pop_front() {
        let item = ev.force_attrs(element)?;
        let key = ev.required(item, ev.names.key)?;
        let key = ev.force(key)?;
        if !done.insert(ev, key)? {
            continue;
        }
        result.push(element);
        let next = ev.call(operator, &[element])?;
        for element in ev.force_list(next.into())?.cells() {
            // Now, not when its turn comes: which error is the first depends on it.
            work.push_back(ev.force_word(element)?.into());
        }
    }
    Ok(Value::List(ev.list_of(&result)))
}

/// The keys that were met. Those of one kind only, as almost always, need no comparisons by hand.
#[derive(Default)]
struct Keys<'a> {
    strings: BTreeSet<&'a [u8]>,
    ints: BTreeSet<i64>,
    /// Everything else, sorted by `<`.
    others: Vec<Value<'a>>,
    /// A key met before, to be compared with each new one: keys must be comparable.
    first: Option<Value<'a>>,
}

impl<'a> Keys<'a> {
    /// Whether `key` is new.
    fn insert(&mut self, ev: &mut Evaluator<'a>, key: Value<'a>) -> Result<bool> {
        match self.first {
            // Alone, even a key that cannot be compared is fine.
            None => self.first = Some(key),
            Some(first) => {
                ev.less(key, first)?;
            }
        }
        match key {
            Value::String(text) => Ok(self.strings.insert(text.bytes())),
            Value::Int(value) if self.others.is_empty() => Ok(self.ints.insert(value)),
            _ => self.insert_other(ev, key),
        }
    }

    fn insert_other(&mut self, ev: &mut Evaluator<'a>, key: Value<'a>) -> Result<bool> {
        // Integers and floats may be mixed: from now on they are kept together.
        self.others.extend(std::mem::take(&mut self.ints).into_iter().map(Value::Int));
        let (mut low, mut high) = (0, self.others.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let Some(known) = self.others.get(middle).copied() else { break };
            if ev.less(known, key)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let is_known = match self.others.get(low).copied() {
            Some(known) => !ev.less(key, known)?,
            None => false,
        };
        if !is_known {
            self.others.insert(low, key);
        }
        Ok(!is_known)
    }
}
