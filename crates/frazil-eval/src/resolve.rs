//! Name resolution: from the syntax tree to [`code`](crate::code).
//!
//! Every variable becomes a frame depth and a slot, so that running code never looks up a name,
//! except through `with`. Invariants:
//!
//! - A frame belongs to one *region*: the body of a lambda, or a delayed expression that needs
//!   variables of its own (`let`, `rec`, `with`). All of a region's variables live in its one
//!   frame, because an expression runs at most once per frame; the branches of an `if` share slots.
//! - `with` never shadows: it is asked only for names that nothing else defines.
//! - The operators that the language defines as calls (`-` is `__sub`) are operators here unless
//!   the scope redefines those names.

mod expr;
mod sets;
mod strings;

use std::collections::HashMap;
use std::path::Path;

use frazil_syntax::ast::{self, Span};

use crate::code::{Expr, WithPlace};
use crate::heap::Cursor;
use crate::source::{Pos, Range, SourceId, Sources};
use crate::symbol::{FastHash, Symbol, Symbols};
use crate::value::Value;

/// Code needs at most this many bytes for one byte of source; see `Heap::code_room`.
pub(crate) const CODE_PER_SOURCE_BYTE: usize = 160;

/// For so many undefined variables similar names are sought.
const SIMILAR_MAX: usize = 100;

/// Names that stand for values everywhere.
pub(crate) type Globals<'a> = HashMap<Symbol, Value<'a>, FastHash>;

/// What resolution needs to know besides the tree.
pub(crate) struct Context<'r, 'a> {
    pub(crate) cursor: &'r mut Cursor<'a>,
    pub(crate) symbols: &'r mut Symbols<'a>,
    pub(crate) sources: &'r Sources,
    pub(crate) source: SourceId,
    pub(crate) globals: &'r Globals<'a>,
    /// What relative paths are relative to.
    pub(crate) base: &'r Path,
    /// What `~` stands for; without it such a path is an error.
    pub(crate) home: Option<&'r Path>,
}

/// Code together with the size of the frame it runs in.
#[derive(Clone, Copy)]
pub(crate) struct Resolved<'a> {
    pub(crate) frame_size: u32,
    pub(crate) body: Expr<'a>,
}

/// A name or a path that means nothing here.
#[derive(Clone, Debug)]
pub(crate) enum ResolveError {
    Undefined { name: String, span: Span, similar: Option<String> },
    HomePath { span: Span },
    TrailingSlash { span: Span },
    TooDeep { span: Span },
}

/// Resolves a whole source. `scope` are the names of its outermost frame (`scopedImport`, the REPL)
/// in the order of their slots.
pub(crate) fn resolve<'a>(
    context: Context<'_, 'a>,
    root: &ast::Expr<'_>,
    scope: &[Symbol],
) -> Result<Resolved<'a>, Vec<ResolveError>> {
    let operators = ["__sub", "__mul", "__div", "__lessThan"]
        .map(|name| context.symbols.intern(name.as_bytes(), context.cursor));
    let mut resolver = Resolver {
        context,
        regions: vec![Region::default()],
        innermost: Vec::new(),
        definitions: Vec::new(),
        withs: Vec::new(),
        operators,
        nesting: 0,
        redefined: 0,
        errors: Vec::new(),
    };
    for name in scope {
        let slot = resolver.new_slot();
        resolver.define(*name, slot);
    }
    let body = resolver.strict(root);
    let frame_size = resolver.regions.last().map_or(0, |region| region.size);
    if resolver.errors.is_empty() {
        Ok(Resolved { frame_size, body })
    } else {
        Err(resolver.errors)
    }
}

/// The one frame of a region, while it is being laid out.
#[derive(Default)]
struct Region {
    /// Slots in use at this point.
    used: u32,
    /// Slots used at the widest point.
    size: u32,
}

/// One visible meaning of a name; a stack per name, linked through `shadows`.
struct Definition {
    name: Symbol,
    /// Index of the region whose frame holds it.
    region: usize,
    slot: u32,
    /// Index + 1 of the definition that this one hides.
    shadows: u32,
}

struct Resolver<'r, 'a> {
    context: Context<'r, 'a>,
    regions: Vec<Region>,
    /// By symbol: index + 1 of the definition in force.
    innermost: Vec<u32>,
    definitions: Vec<Definition>,
    /// The surrounding `with`s and their regions, outermost first.
    withs: Vec<(usize, &'a WithPlace<'a>)>,
    /// `__sub`, `__mul`, `__div`, `__lessThan`.
    operators: [Symbol; 4],
    /// How deep in the tree we are.
    nesting: u32,
    /// How many operators that the scope redefines we are in.
    redefined: u32,
    errors: Vec<ResolveError>,
}

impl<'a> Resolver<'_, 'a> {
    fn intern(&mut self, name: &[u8]) -> Symbol {
        self.context.symbols.intern(name, self.context.cursor)
    }

    fn pos(&self, span: Span) -> Pos {
        self.context.sources.pos(self.context.source, span.start)
    }

    fn range(&self, span: Span) -> Range {
        self.context.sources.range(self.context.source, span)
    }

    fn add<T>(&self, code: T) -> &'a T {
        self.context.cursor.heap().add_code(code)
    }

    fn add_slice<T: Copy>(&self, code: &[T]) -> &'a [T] {
        self.context.cursor.heap().add_code_slice(code)
    }

    fn region(&mut self) -> &mut Region {
        self.regions.last_mut().expect("resolution starts with one region and pops what it pushes")
    }

    fn new_slot(&mut self) -> u32 {
        self.new_slots(1)
    }

    /// The first of `count` consecutive slots.
    fn new_slots(&mut self, count: usize) -> u32 {
        let region = self.region();
        let first = region.used;
        region.used += count as u32;
        region.size = region.size.max(region.used);
        first
    }

    /// Makes `name` mean `slot` of the current region, until [`Self::forget_to`].
    fn define(&mut self, name: Symbol, slot: u32) {
        let index = name.index();
        if index >= self.innermost.len() {
            self.innermost.resize(index + 256, 0);
        }
        let region = self.regions.len() - 1;
        if let Some(innermost) = self.innermost.get_mut(index) {
            self.definitions.push(Definition { name, region, slot, shadows: *innermost });
            *innermost = self.definitions.len() as u32;
        }
    }

    /// How many definitions there are now, for [`Self::forget_to`].
    fn mark(&self) -> usize {
        self.definitions.len()
    }

    fn forget_to(&mut self, mark: usize) {
        while self.definitions.len() > mark {
            let Some(definition) = self.definitions.pop() else { break };
            if let Some(innermost) = self.innermost.get_mut(definition.name.index()) {
                *innermost = definition.shadows;
            }
        }
    }

    fn definition(&self, name: Symbol) -> Option<&Definition> {
        let index = *self.innermost.get(name.index())?;
        self.definitions.get((index as usize).checked_sub(1)?)
    }

    fn depth_of(&self, region: usize) -> u32 {
        (self.regions.len() - 1 - region) as u32
    }

    fn variable(&mut self, name: Symbol, span: Span) -> Expr<'a> {
        let range = self.range(span);
        if let Some(definition) = self.definition(name) {
            let (depth, slot) = (self.depth_of(definition.region), definition.slot);
            return if depth == 0 {
                Expr::Local { slot, range }
            } else {
                Expr::Outer { depth, slot, range }
            };
        }
        if let Some(value) = self.context.globals.get(&name) {
            return Expr::Const((*value).into());
        }
        let Some((region, with)) = self.withs.last().copied() else {
            self.undefined(name, span);
            return Expr::Const(Value::Null.into());
        };
        let depth = self.depth_of(region);
        Expr::Dynamic(self.add(crate::code::DynamicVariable { name, depth, with, range }))
    }

    #[cold]
    fn too_deep(&mut self, span: Span) {
        if !matches!(self.errors.last(), Some(ResolveError::TooDeep { .. })) {
            self.errors.push(ResolveError::TooDeep { span });
        }
    }

    #[cold]
    fn undefined(&mut self, name: Symbol, span: Span) {
        let text = self.context.symbols.text(name);
        let similar = (self.errors.len() < SIMILAR_MAX).then(|| self.similar(text)).flatten();
        let name = String::from_utf8_lossy(text).into_owned();
        self.errors.push(ResolveError::Undefined { name, span, similar });
    }

    /// What was meant by `name`: a variable, or a builtin that is no variable.
    fn similar(&self, name: &[u8]) -> Option<String> {
        let names = || {
            let visible = self.definitions.iter().map(|definition| definition.name);
            let global = self.context.globals.keys().copied();
            visible.chain(global).map(|symbol| self.context.symbols.text(symbol))
        };
        // `__length` is what nobody means; it is there since `builtins.length` is.
        let member = |name| <[u8]>::strip_prefix(name, b"__").unwrap_or(name);
        let found = if name.starts_with(b"__") {
            crate::similar::closest(name, names())
        } else {
            crate::similar::closest(name, names().map(member))
        }?;
        let prefix = if names().any(|name| name == found) { "" } else { "builtins." };
        Some(format!("{prefix}{}", String::from_utf8_lossy(found)))
    }
}
