//! Calls: lambdas, formals, builtins, partial application, functors, auto-calling.

use crate::builtins::{ARITY_MAX, Builtin};
use crate::code::{Apply, Formals, Lambda};
use crate::diagnostic::ErrorKind;
use crate::error::{Error, Result};
use crate::evaluator::{Call, Evaluator};
use crate::heap::{Attrs, Env};
use crate::print;
use crate::symbol::Symbol;
use crate::value::{Closure, DelayedCall, Lazy, Partial, Value};
use crate::word::{Slot, Word};

use super::Step;

/// A function with a frame up to this size gets it when the call is delayed, not when it is made.
const EAGER_FRAME_MAX: u32 = 4;

impl<'a> Evaluator<'a> {
    /// The calls that `apply_site` does not take itself.
    #[inline(never)]
    pub(super) fn apply_other(
        &mut self,
        function: Word<'a>,
        apply: &'a Apply<'a>,
        env: Env<'a>,
    ) -> Result<Step<'a>> {
        match function.unpack() {
            Value::Builtin(builtin) if builtin.arity as usize == apply.arguments.len() => {
                self.enter(Call::Site(apply))?;
                self.call_builtin_site(builtin, apply, env).map(|value| Step::Done(value.into()))
            }
            Value::Lambda(closure) if apply.arguments.len() == 1 => {
                let lambda = self.cursor.code(closure.code);
                let Some(formals) = lambda.formals else {
                    return self.apply_general(function, apply, env);
                };
                self.enter(Call::Site(apply))?;
                let frame = self.cursor.call_frame(lambda.frame_size, closure.env);
                if let [argument] = apply.arguments {
                    let argument = self.eval(argument, env)?;
                    self.bind_formals(lambda, formals, argument, frame)?;
                }
                Ok(Step::Continue(&lambda.body, frame))
            }
            _ => self.apply_general(function, apply, env),
        }
    }

    fn apply_general(
        &mut self,
        function: Word<'a>,
        apply: &'a Apply<'a>,
        env: Env<'a>,
    ) -> Result<Step<'a>> {
        self.enter(Call::Site(apply))?;
        let arguments: Vec<_> =
            apply.arguments.iter().map(|argument| self.delay_lazy(argument, env)).collect();
        self.call_word(function, &arguments).map(Step::Done)
    }

    #[inline]
    fn call_builtin_site(
        &mut self,
        builtin: &'static Builtin,
        apply: &'a Apply<'a>,
        env: Env<'a>,
    ) -> Result<Value<'a>> {
        let mut arguments = [Lazy::NULL; ARITY_MAX];
        for (index, (place, argument)) in arguments.iter_mut().zip(apply.arguments).enumerate() {
            *place = if builtin.forces_first == Some(index as u8) {
                self.eval(argument, env)?.into()
            } else {
                self.delay_lazy(argument, env)
            };
        }
        (builtin.function)(self, arguments.get(..apply.arguments.len()).unwrap_or_default())
    }

    /// Calls `function` with any number of arguments, from outside of code.
    #[inline]
    pub(crate) fn call(
        &mut self,
        function: Value<'a>,
        arguments: &[Lazy<'a>],
    ) -> Result<Value<'a>> {
        self.call_word(function.into(), arguments).map(Word::unpack)
    }

    /// [`Self::call`], packed.
    #[inline]
    pub(crate) fn call_word(
        &mut self,
        function: Word<'a>,
        arguments: &[Lazy<'a>],
    ) -> Result<Word<'a>> {
        if let Some(closure) = function.as_closure() {
            let lambda = self.cursor.code(closure.code);
            if lambda.arity as usize == arguments.len() {
                return self.call_lambda(lambda, closure.env, arguments);
            }
        }
        self.call_stepwise(function, arguments)
    }

    #[inline(never)]
    fn call_stepwise(&mut self, function: Word<'a>, arguments: &[Lazy<'a>]) -> Result<Word<'a>> {
        let (mut function, mut arguments) = (function, arguments);
        let mut functors = 0;
        while !arguments.is_empty() {
            let taken;
            (function, taken) = self.call_some(function, arguments)?;
            // A functor took no argument; its function may be a set with a functor again, and so on.
            functors = if taken == 0 { functors + 1 } else { 0 };
            if functors > self.options.call_depth_max {
                return Err(self.too_deep());
            }
            arguments = arguments.get(taken..).unwrap_or_default();
        }
        Ok(function)
    }

    /// Calls `function` with as many arguments as it takes; returns how many that were.
    fn call_some(
        &mut self,
        function: Word<'a>,
        arguments: &[Lazy<'a>],
    ) -> Result<(Word<'a>, usize)> {
        match function.unpack() {
            Value::Lambda(closure) => {
                let lambda = self.cursor.code(closure.code);
                let arity = lambda.arity as usize;
                match arguments.get(..arity) {
                    Some(taken) => Ok((self.call_lambda(lambda, closure.env, taken)?, arity)),
                    None => Ok(self.partial(function, arguments)),
                }
            }
            Value::Builtin(builtin) => match arguments.get(..builtin.arity as usize) {
                Some(taken) => Ok(((builtin.function)(self, taken)?.into(), taken.len())),
                None => Ok(self.partial(function, arguments)),
            },
            Value::Partial(partial) => {
                let all = [partial.arguments, arguments].concat();
                let (result, taken) = self.call_some(partial.function.into(), &all)?;
                Ok((result, taken - partial.arguments.len()))
            }
            Value::Attrs(set) => match set.get(self.names.functor) {
                Some(functor) => {
                    let functor = self.force_word(&functor.slot)?;
                    self.check_stack()?;
                    let callable = self.call_word(functor, &[function.into()])?;
                    Ok((callable, 0))
                }
                None => Err(self.not_a_function(function.unpack())),
            },
            other => Err(self.not_a_function(other)),
        }
    }

    #[cold]
    fn not_a_function(&mut self, value: Value<'a>) -> Error {
        let shown = print::for_error(self, value);
        let phrase = value.type_phrase();
        self.type_error(format!(
            "attempt to call something which is not a function but {phrase}: {shown}"
        ))
    }

    fn partial(&mut self, function: Word<'a>, arguments: &[Lazy<'a>]) -> (Word<'a>, usize) {
        let arguments = self.cursor.add_slice(arguments);
        let partial = Partial { function: function.unpack(), arguments };
        (Value::Partial(self.cursor.add(partial)).into(), arguments.len())
    }

    fn call_lambda(
        &mut self,
        lambda: &'a Lambda<'a>,
        env: Env<'a>,
        arguments: &[Lazy<'a>],
    ) -> Result<Word<'a>> {
        let (depth, mark) = (self.depth, self.cursor.mark());
        let result = self.run_lambda(lambda, env, arguments);
        self.cursor.release(mark, result.as_ref().ok().copied());
        self.depth = depth;
        result
    }

    #[inline(always)]
    fn run_lambda(
        &mut self,
        lambda: &'a Lambda<'a>,
        env: Env<'a>,
        arguments: &[Lazy<'a>],
    ) -> Result<Word<'a>> {
        self.enter(Call::Callback(lambda))?;
        let frame = self.cursor.call_frame(lambda.frame_size, env);
        if let (Some(formals), [argument]) = (lambda.formals, arguments) {
            let argument = self.force_lazy(*argument)?;
            self.bind_formals(lambda, formals, argument, frame)?;
        } else {
            for (slot, argument) in (0..).zip(arguments) {
                frame.slot(slot).set((*argument).into());
            }
        }
        self.run(&lambda.body, frame)
    }

    /// A call to be made when somebody asks for its result.
    pub(crate) fn delay_call(&mut self, function: Lazy<'a>, arguments: &[Lazy<'a>]) -> Slot<'a> {
        if let Some(closure) = function.value().and_then(Word::as_closure) {
            let lambda = self.cursor.code(closure.code);
            let fits = lambda.formals.is_none() && lambda.arity as usize == arguments.len();
            if fits && lambda.frame_size <= EAGER_FRAME_MAX {
                let frame = self.cursor.frame(lambda.frame_size, Some(closure.env));
                for (index, argument) in arguments.iter().enumerate() {
                    frame.slot(index as u32).set((*argument).into());
                }
                return self.delay(&lambda.body, frame);
            }
        }
        let mut all = [Lazy::NULL; 2];
        for (place, argument) in all.iter_mut().zip(arguments) {
            *place = *argument;
        }
        let count = arguments.len().min(all.len()) as u32;
        Slot::call(self.cursor.add(DelayedCall { function, arguments: all, count }))
    }

    /// Fills a frame from the set that a function with formals was called with.
    fn bind_formals(
        &mut self,
        lambda: &'a Lambda<'a>,
        formals: &'a Formals<'a>,
        argument: Word<'a>,
        frame: Env<'a>,
    ) -> Result<()> {
        let Some(set) = argument.as_attrs() else {
            return Err(self.expected("a set", argument.unpack()).at(lambda.range()));
        };
        frame.slot(0).set(argument.into());
        let mut used = 0;
        for (slot, formal) in (1..).zip(formals.list) {
            let content = if let Some(entry) = set.get(formal.name) {
                used += 1;
                Lazy::of(&entry.slot).into()
            } else if let Some(default) = &formal.default {
                self.delay_bound(default, frame, slot)
            } else {
                return Err(self.missing_argument(lambda, formal.name));
            };
            frame.slot(slot).set(content);
        }
        if !formals.ellipsis && used != set.len() {
            return Err(self.unexpected_argument(lambda, formals, set));
        }
        Ok(())
    }

    fn function_name(&self, lambda: &Lambda<'_>) -> String {
        match lambda.name {
            Some(name) => {
                format!("function '{}'", String::from_utf8_lossy(self.symbols.text(name)))
            }
            None => "function 'anonymous lambda'".to_owned(),
        }
    }

    #[cold]
    fn missing_argument(&self, lambda: &Lambda<'_>, name: Symbol) -> Error {
        let function = self.function_name(lambda);
        let name = String::from_utf8_lossy(self.symbols.text(name));
        self.error(ErrorKind::Type, format!("{function} called without required argument '{name}'"))
            .at(lambda.range())
    }

    #[cold]
    fn unexpected_argument(
        &mut self,
        lambda: &Lambda<'_>,
        formals: &Formals<'_>,
        set: Attrs<'a>,
    ) -> Error {
        let is_formal = |name: Symbol| formals.list.iter().any(|formal| formal.name == name);
        let entries = self.sorted_entries(set);
        let extra = entries.iter().find(|entry| !is_formal(entry.name)).map(|entry| entry.name);
        let name = extra.map_or(&b""[..], |name| self.symbols.text(name));
        let known = formals.list.iter().map(|formal| self.symbols.text(formal.name));
        let similar = crate::similar::closest(name, known);
        let message = format!(
            "{} called with unexpected argument '{}'",
            self.function_name(lambda),
            print::name_text(name)
        );
        let error = self.error(ErrorKind::Type, message).at(lambda.range());
        match similar {
            Some(similar) => {
                error.help(format!("did you mean `{}`?", String::from_utf8_lossy(similar)))
            }
            None => error,
        }
    }

    /// What `nix-instantiate` does with a function at the top: calls it with `arguments`, by name.
    pub fn auto_call(&mut self, value: Value<'a>, arguments: Attrs<'a>) -> Result<Value<'a>> {
        match value {
            Value::Attrs(set) if set.get(self.names.functor).is_some() => {
                let functor = set.get(self.names.functor).map(|entry| Lazy::of(&entry.slot));
                let Some(functor) = functor else { return Ok(value) };
                let functor = self.force(functor)?;
                let callable = self.call(functor, &[value.into()])?;
                self.check_stack()?;
                self.auto_call(callable, arguments)
            }
            Value::Lambda(Closure { code, .. }) => {
                let lambda = self.cursor.code(code);
                let Some(formals) = lambda.formals else { return Ok(value) };
                let set = self.auto_arguments(lambda, formals, arguments)?;
                self.call(value, &[Value::Attrs(set).into()])
            }
            _ => Ok(value),
        }
    }

    fn auto_arguments(
        &mut self,
        lambda: &'a Lambda<'a>,
        formals: &Formals<'a>,
        arguments: Attrs<'a>,
    ) -> Result<Attrs<'a>> {
        if formals.ellipsis {
            return Ok(arguments);
        }
        let mut writer = self.cursor.attrs_writer(formals.list.len());
        for formal in formals.list {
            if let Some(entry) = arguments.get(formal.name) {
                writer.push(entry.name, entry.pos, Lazy::of(&entry.slot).into());
            } else if formal.default.is_none() {
                let name = String::from_utf8_lossy(self.symbols.text(formal.name)).into_owned();
                let message = format!(
                    "cannot evaluate a function that has an argument without a value ('{name}')"
                );
                return Err(self
                    .error(ErrorKind::Type, message)
                    .at(lambda.range())
                    .help(format!("give it one with --arg {name} EXPR or --argstr {name} TEXT")));
            }
        }
        Ok(writer.finish(&mut self.cursor))
    }
}
