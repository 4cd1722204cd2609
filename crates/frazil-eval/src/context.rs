//! String contexts: which store paths a string mentions, so that a derivation made from it depends
//! on them.

use std::collections::HashMap;

use frazil_model::ContextElement;

use crate::heap::Cursor;
use crate::symbol::FastHash;

/// A non-empty set of context elements: their numbers, ascending.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a>(&'a &'a [u32]);

impl<'a> Context<'a> {
    /// The numbers of its elements, ascending.
    pub(crate) fn numbers(self) -> &'a [u32] {
        self.0
    }
}

/// The elements seen in one evaluation.
#[derive(Default)]
pub(crate) struct Contexts {
    elements: Vec<ContextElement>,
    numbers: HashMap<ContextElement, u32, FastHash>,
}

impl Contexts {
    pub(crate) fn number(&mut self, element: &ContextElement) -> u32 {
        if let Some(number) = self.numbers.get(element) {
            return *number;
        }
        let number = self.elements.len() as u32;
        self.elements.push(element.clone());
        self.numbers.insert(element.clone(), number);
        number
    }

    /// The element of that number.
    pub(crate) fn element(&self, number: u32) -> Option<&ContextElement> {
        self.elements.get(number as usize)
    }

    /// The elements of `context`, in their own order.
    pub(crate) fn elements(&self, context: Option<Context<'_>>) -> Vec<ContextElement> {
        let numbers = context.map_or(&[][..], |context| context.0);
        let mut elements: Vec<_> = numbers
            .iter()
            .filter_map(|number| self.elements.get(*number as usize))
            .cloned()
            .collect();
        elements.sort();
        elements
    }
}

/// The union of many contexts: nothing is copied while all are one and the same, and the work is
/// linear otherwise.
#[derive(Default)]
pub(crate) struct Union<'a> {
    only: Option<Context<'a>>,
    /// All numbers, once there are several contexts.
    numbers: Vec<u32>,
    /// How many numbers there may be before doubles are dropped again.
    limit: usize,
}

impl<'a> Union<'a> {
    /// Doubles are not looked for in fewer numbers than this.
    const LIMIT_MIN: usize = 256;

    pub(crate) fn add(&mut self, context: Option<Context<'a>>) {
        let Some(context) = context else { return };
        match self.only {
            None => self.only = Some(context),
            Some(only) if std::ptr::eq(only.0, context.0) => {}
            Some(only) => {
                if self.numbers.is_empty() {
                    self.numbers.extend_from_slice(only.0);
                }
                self.numbers.extend_from_slice(context.0);
                if self.numbers.len() > self.limit.max(Self::LIMIT_MIN) {
                    self.numbers.sort_unstable();
                    self.numbers.dedup();
                    self.limit = self.numbers.len() * 2;
                }
            }
        }
    }

    pub(crate) fn finish(self, cursor: &mut Cursor<'a>) -> Option<Context<'a>> {
        if self.numbers.is_empty() { self.only } else { cursor.context(self.numbers) }
    }
}

impl<'a> Cursor<'a> {
    fn context_of(&mut self, numbers: &[u32]) -> Context<'a> {
        let numbers = self.add_slice(numbers);
        Context(self.add(numbers))
    }

    /// The context of exactly these elements; `None` when there are none.
    pub(crate) fn context(&mut self, mut numbers: Vec<u32>) -> Option<Context<'a>> {
        numbers.sort_unstable();
        numbers.dedup();
        (!numbers.is_empty()).then(|| self.context_of(&numbers))
    }

    /// The union.
    pub(crate) fn join(
        &mut self,
        left: Option<Context<'a>>,
        right: Option<Context<'a>>,
    ) -> Option<Context<'a>> {
        let (Some(l), Some(r)) = (left, right) else { return left.or(right) };
        if std::ptr::eq(l.0, r.0) || contains_all(l.0, r.0) {
            return left;
        }
        if contains_all(r.0, l.0) {
            return right;
        }
        self.context([*l.0, *r.0].concat())
    }
}

/// Whether the ascending `set` holds every number of the ascending `numbers`.
fn contains_all(set: &[u32], numbers: &[u32]) -> bool {
    let mut rest = set.iter();
    numbers.iter().all(|number| rest.any(|candidate| candidate == number))
}
