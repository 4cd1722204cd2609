//! Interpolation: putting strings and paths together.

use super::coerce::Coercion;
use crate::code::Interpolation;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::heap::Env;
use crate::path;
use crate::source::Range;
use crate::value::Value;
use crate::word::Word;

impl<'a> Evaluator<'a> {
    #[inline(never)]
    pub(super) fn interpolate(
        &mut self,
        code: &'a Interpolation<'a>,
        env: Env<'a>,
    ) -> Result<Word<'a>> {
        let base = self.pieces.len();
        let result = self.interpolate_pieces(code, env, base);
        self.pieces.truncate(base);
        result.map(Into::into)
    }

    fn interpolate_pieces(
        &mut self,
        code: &'a Interpolation<'a>,
        env: Env<'a>,
        base: usize,
    ) -> Result<Value<'a>> {
        let mut context = None;
        for (index, (expr, range)) in code.parts.iter().enumerate() {
            let value = self.eval(expr, env)?.unpack();
            let piece = match value {
                Value::String(text) => text,
                // In a path literal only the first part is not copied to the store.
                Value::Path(text) if code.is_path && index == 0 => text,
                other => {
                    let how = if code.is_path { Coercion::TEXT } else { Coercion::INTERPOLATION };
                    self.coerce(other, how).map_err(|error| error.at(*range))?
                }
            };
            self.pieces.push(piece.bytes());
            if let Some(more) = piece.context() {
                context = self.cursor.join(context, Some(more));
            }
        }
        let bytes = self.concat_pieces(base)?;
        if code.is_path {
            return self.path_of(bytes, context.is_some());
        }
        Ok(Value::String(self.cursor.with_context(bytes, context)))
    }

    /// `+` when it does not add numbers. If it starts with a path, it makes a path.
    pub(super) fn concat_values(
        &mut self,
        parts: [(Value<'a>, Range); 2],
        is_path: bool,
        how: Coercion,
    ) -> Result<Value<'a>> {
        let base = self.pieces.len();
        let mut context = None;
        for (value, range) in parts {
            let piece = self.coerce(value, how).map_err(|error| error.at(range))?;
            self.pieces.push(piece.bytes());
            context = self.cursor.join(context, piece.context());
        }
        let bytes = self.concat_pieces(base)?;
        if is_path {
            return self.path_of(bytes, context.is_some());
        }
        Ok(Value::String(self.cursor.with_context(bytes, context)))
    }

    /// The parts as one string of bytes.
    pub(crate) fn concat(&mut self, parts: &[&[u8]]) -> Result<&'a [u8]> {
        self.check_string(parts.iter().map(|part| part.len()).sum())?;
        Ok(self.cursor.concat(parts))
    }

    /// Takes the pieces from `base` on as one string of bytes.
    pub(crate) fn concat_pieces(&mut self, base: usize) -> Result<&'a [u8]> {
        let pieces = self.pieces.get(base..).unwrap_or_default();
        let length = pieces.iter().map(|piece| piece.len()).sum();
        let room = self.check_string(length);
        let pieces = self.pieces.get(base..).unwrap_or_default();
        let bytes = room.map(|()| self.cursor.concat(pieces));
        self.pieces.truncate(base);
        bytes
    }

    fn path_of(&mut self, bytes: &'a [u8], has_context: bool) -> Result<Value<'a>> {
        if has_context {
            return Err(self
                .type_error("a string that refers to a store path cannot be appended to a path"));
        }
        let normal = path::normalise(bytes);
        Ok(Value::Path(self.cursor.string(&normal)))
    }
}
