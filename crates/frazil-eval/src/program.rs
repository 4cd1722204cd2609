//! From source text to a program: parsing, resolving, and what is wrong with either.

use std::path::Path;
use std::rc::Rc;

use frazil_syntax::SyntaxErrorKind;
use frazil_syntax::ast::{self, Span};

use crate::diagnostic::{Diagnostic, ErrorKind, Frame, Source};
use crate::evaluator::{Evaluator, Program};
use crate::print::{self, TreeContext};
use crate::resolve::{self, ResolveError, Resolved};
use crate::source::{Range, SourceId};
use crate::symbol::Symbol;
use crate::word::Slot;

impl<'a> Evaluator<'a> {
    /// Parses an expression that did not come from a file. Relative paths in it start at `base`.
    pub fn parse_text(
        &mut self,
        name: &str,
        text: Vec<u8>,
        base: &Path,
    ) -> Result<Program<'a>, Vec<Diagnostic>> {
        let source = Source { name: name.into(), text, is_file: false };
        self.parse(source, base, &[], &[])
    }

    /// Parses a file whose text was read before.
    pub fn parse_file_text(
        &mut self,
        file: &Path,
        text: Vec<u8>,
    ) -> Result<Program<'a>, Vec<Diagnostic>> {
        let source = Source { name: file.to_string_lossy().into_owned(), text, is_file: true };
        self.parse(source, file.parent().unwrap_or(file), &[], &[])
    }

    /// Parses with more names in scope, which stand for `values`.
    pub(crate) fn parse(
        &mut self,
        source: Source,
        base: &Path,
        scope: &[Symbol],
        values: &[Slot<'a>],
    ) -> Result<Program<'a>, Vec<Diagnostic>> {
        let resolved =
            self.with_tree(source, base, |ev, id, root| ev.resolve(id, root, base, scope))?;
        let frame = self.cursor.frame(resolved.frame_size.max(scope.len() as u32), None);
        for (index, value) in (0..).zip(values) {
            frame.slot(index).set(*value);
        }
        Ok(Program { body: self.cursor.heap().add_code(resolved.body), frame })
    }

    /// The syntax tree of a file or another text, in the form of `nix-instantiate --parse`, appended
    /// to `out`. What does not make sense as a program is an error.
    pub fn print_tree(
        &mut self,
        source: Source,
        base: &Path,
        out: &mut Vec<u8>,
    ) -> Result<(), Vec<Diagnostic>> {
        self.with_tree(source, base, |ev, id, root| {
            ev.resolve(id, root, base, &[])?;
            print::tree(root, TreeContext { base, home: ev.options.home.as_deref() }, out);
            Ok(())
        })
    }

    /// Parses and hands over the tree, whose memory is used again afterwards.
    fn with_tree<T>(
        &mut self,
        source: Source,
        base: &Path,
        then: impl FnOnce(&mut Self, SourceId, &ast::Expr<'_>) -> Result<T, Vec<Diagnostic>>,
    ) -> Result<T, Vec<Diagnostic>> {
        let source = Rc::new(source);
        let too_large =
            || vec![Diagnostic::plain(ErrorKind::OutOfMemory, "too much source text".into())];
        let code_needed = source.text.len().saturating_mul(resolve::CODE_PER_SOURCE_BYTE);
        if code_needed.saturating_add(1 << 16) > self.cursor.heap().code_room() {
            return Err(too_large());
        }
        let id = self.sources.add(Rc::clone(&source), base).map_err(|_| too_large())?;
        let options = frazil_syntax::ParseOptions { pipe_operators: self.options.pipe_operators };
        // Taken out, so that the tree does not borrow from the evaluator.
        let mut arena = std::mem::take(&mut self.syntax_arena);
        let parsed = frazil_syntax::parse(&source.text, &arena, options);
        let result = if parsed.errors.is_empty() {
            then(self, id, &parsed.root)
        } else {
            Err(parsed.errors.iter().map(|error| self.syntax_diagnostic(id, error)).collect())
        };
        arena.reset();
        self.syntax_arena = arena;
        result
    }

    fn resolve(
        &mut self,
        source: SourceId,
        root: &ast::Expr<'_>,
        base: &Path,
        scope: &[Symbol],
    ) -> Result<Resolved<'a>, Vec<Diagnostic>> {
        let context = resolve::Context {
            cursor: &mut self.cursor,
            symbols: &mut self.symbols,
            sources: &self.sources,
            source,
            globals: &self.globals,
            base,
            home: self.options.home.as_deref(),
        };
        resolve::resolve(context, root, scope).map_err(|errors| {
            errors.iter().map(|error| self.resolve_diagnostic(source, error)).collect()
        })
    }

    fn syntax_diagnostic(&self, id: SourceId, error: &frazil_syntax::SyntaxError) -> Diagnostic {
        let mut message = error.kind.to_string();
        if let (SyntaxErrorKind::DuplicateAttribute { .. }, Some(first)) =
            (&error.kind, error.notes.first())
        {
            let first = self.sources.pos(id, first.span.start);
            message = format!("{message} at {}", self.position_text(first));
        }
        let mut diagnostic = Diagnostic::plain(ErrorKind::Syntax, message);
        diagnostic.place = self.sources.place(self.sources.range(id, error.span));
        diagnostic.help = error.help().into_iter().map(Into::into).collect();
        diagnostic.notes = (error.notes.iter())
            .map(|note| self.frame_at(self.sources.range(id, note.span), note.text.into()))
            .collect();
        diagnostic
    }

    fn resolve_diagnostic(&self, id: SourceId, error: &ResolveError) -> Diagnostic {
        let at = |span: Span, kind, message| {
            let mut diagnostic = Diagnostic::plain(kind, message);
            diagnostic.place = self.sources.place(self.sources.range(id, span));
            diagnostic
        };
        match error {
            ResolveError::Undefined { name, span, similar } => {
                let mut diagnostic =
                    at(*span, ErrorKind::UndefinedVariable, format!("undefined variable '{name}'"));
                diagnostic
                    .help
                    .extend(similar.as_ref().map(|similar| format!("did you mean `{similar}`?")));
                diagnostic
            }
            ResolveError::HomePath { span } => {
                let message = "a path that starts with `~` cannot be resolved in pure mode".into();
                at(*span, ErrorKind::Restricted, message)
            }
            ResolveError::TooDeep { span } => {
                at(*span, ErrorKind::Syntax, SyntaxErrorKind::TooDeep.to_string())
            }
            ResolveError::TrailingSlash { span } => {
                at(*span, ErrorKind::Syntax, "path has a trailing slash".into())
            }
        }
    }

    fn frame_at(&self, range: Range, message: String) -> Frame {
        Frame { message, place: self.sources.place(range), pinned: true }
    }
}
