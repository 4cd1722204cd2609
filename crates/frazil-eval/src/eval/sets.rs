//! Making attribute sets: `{ }`, `rec { }`, computed names, `__overrides`; positions of attributes.

use std::collections::HashMap;

use crate::code::{AttrsCode, Expr};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::Evaluator;
use crate::heap::{Attrs, AttrsWriter, Entry, Env};
use crate::source::{Pos, Range};
use crate::symbol::{FastHash, Symbol};
use crate::value::{Lazy, Value};
use crate::word::Word;

impl<'a> Evaluator<'a> {
    #[inline(never)]
    pub(super) fn attrs(&mut self, code: &'a AttrsCode<'a>, env: Env<'a>) -> Result<Word<'a>> {
        self.bind(code.sources_at, code.sources, env);
        let Some(first) = code.rec_at else {
            let mut writer = self.cursor.attrs_writer(code.bindings.len() + code.dynamic.len());
            for binding in code.bindings {
                let slot = self.delay_written(&binding.value, env);
                writer.push(binding.name, binding.pos, slot);
            }
            self.bind_dynamic(code, None, env, &mut writer)?;
            return Ok(Value::Attrs(writer.finish(&mut self.cursor)).into());
        };
        let mut set = self.recursive_set(code, first, env);
        if let Some(index) = code.overrides {
            set = self.overridden(code, first, index, set, env)?;
        }
        // Variables refer to what was written, so that computed names, which may have to be sorted
        // in between, make a set of their own.
        if !code.dynamic.is_empty() {
            let mut writer = self.cursor.attrs_writer(code.dynamic.len());
            self.bind_dynamic(code, Some(set), env, &mut writer)?;
            let dynamic = writer.finish(&mut self.cursor);
            set = self.cursor.update(set, dynamic);
        }
        Ok(Value::Attrs(set).into())
    }

    /// The bindings of a `rec`: the values stand in the set, the variables refer to them.
    fn recursive_set(&mut self, code: &'a AttrsCode<'a>, first: u32, env: Env<'a>) -> Attrs<'a> {
        let mut writer = self.cursor.attrs_writer(code.bindings.len());
        for binding in code.bindings {
            // What a value stands for is not settled before the overrides are known.
            let content = if code.overrides.is_some() {
                self.pending(&binding.value, env)
            } else {
                self.delay_bound(&binding.value, env, first)
            };
            writer.push(binding.name, binding.pos, content);
        }
        let set = writer.finish(&mut self.cursor);
        let entries = self.cursor.entries(set);
        for (slot, (entry, binding)) in (first..).zip(entries.iter().zip(code.bindings)) {
            if let Expr::Local { slot: other, .. } = binding.value
                && (first..slot).contains(&other)
                && code.overrides.is_none()
            {
                entry.slot.set(Lazy::of(env.slot(other)).into());
            }
            env.slot(slot).set(Lazy::of(&entry.slot).into());
        }
        set
    }

    /// Computed names; no name may be one of `taken` or, without that, of the written ones.
    fn bind_dynamic(
        &mut self,
        code: &'a AttrsCode<'a>,
        taken: Option<Attrs<'a>>,
        env: Env<'a>,
        writer: &mut AttrsWriter<'a>,
    ) -> Result<()> {
        let mut seen: HashMap<Symbol, Pos, FastHash> = HashMap::default();
        for binding in code.dynamic {
            let name = match self.eval(&binding.name, env)?.unpack() {
                // A null name means that there is no such attribute.
                Value::Null => continue,
                name => self.attribute_name(name).map_err(|error| error.at(binding.range))?,
            };
            let fixed = match taken {
                Some(set) => set.get(name).map(|entry| entry.pos),
                None => code.written(name),
            };
            if let Some(first) = fixed.or_else(|| seen.insert(name, binding.pos)) {
                return Err(self.duplicate(name, first, binding.range));
            }
            let value = self.delay_written(&binding.value, env);
            writer.push(name, binding.pos, value);
        }
        Ok(())
    }

    #[cold]
    fn duplicate(&self, name: Symbol, first: Pos, range: Range) -> Error {
        let name = String::from_utf8_lossy(self.symbols.text(name));
        let first = self.position_text(first);
        self.error(
            ErrorKind::Other,
            format!("dynamic attribute '{name}' already defined at {first}"),
        )
        .at(range)
    }

    /// `__overrides` of a `rec` set: replaces attributes, for the variables too.
    fn overridden(
        &mut self,
        code: &'a AttrsCode<'a>,
        first: u32,
        index: u32,
        set: Attrs<'a>,
        env: Env<'a>,
    ) -> Result<Attrs<'a>> {
        let overrides = match self.force_slot(env.slot(first + index))? {
            Value::Attrs(overrides) => overrides,
            other => return Err(self.expected("a set", other).at(code.range)),
        };
        for (slot, binding) in (first..).zip(code.bindings) {
            if let Some(entry) = overrides.get(binding.name) {
                env.slot(slot).set(Lazy::of(&entry.slot).into());
            }
        }
        Ok(self.cursor.update(set, overrides))
    }

    /// The entries of a set in the order of their names.
    pub(crate) fn sorted_entries(&mut self, set: Attrs<'a>) -> Vec<&'a Entry<'a>> {
        let mut entries: Vec<_> = self.cursor.entries(set).iter().collect();
        entries.sort_unstable_by(|left, right| self.symbols.compare(left.name, right.name));
        entries
    }

    /// `FILE:LINE:COLUMN`
    pub(crate) fn position_text(&self, pos: Pos) -> String {
        match self.sources.line_column(pos) {
            Some((source, line, column)) => format!("{}:{line}:{column}", source.name),
            None => "an unknown place".to_owned(),
        }
    }

    /// `{ file, line, column }`, or null for what does not stand in a file.
    pub(crate) fn position_value(&mut self, pos: Pos) -> Value<'a> {
        let Some((source, line, column)) =
            self.sources.line_column(pos).filter(|(source, ..)| source.is_file)
        else {
            return Value::Null;
        };
        let file = self.cursor.string(source.name.as_bytes());
        let names = self.names;
        let mut writer = self.cursor.attrs_writer(3);
        writer.push(names.column, Pos::NOWHERE, Value::Int(i64::from(column)).into());
        writer.push(names.file, Pos::NOWHERE, Value::String(file).into());
        writer.push(names.line, Pos::NOWHERE, Value::Int(i64::from(line)).into());
        Value::Attrs(writer.finish(&mut self.cursor))
    }
}
