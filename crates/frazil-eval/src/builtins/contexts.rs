//! String contexts.

use frazil_model::ContextElement;

use super::Builtin;
use crate::evaluator::Evaluator;

pub(super) const TABLE: &[Builtin] = &[];

impl Evaluator<'_> {
    /// A context element as Nix writes it in messages.
    pub(crate) fn element_text(&self, element: &ContextElement) -> String {
        let dir = &self.options.store_dir;
        match element {
            ContextElement::Path(path) => dir.join(path),
            ContextElement::Output { derivation, output } => {
                format!("!{}!{}", output.as_str(), dir.join(derivation))
            }
            ContextElement::DrvDeep(derivation) => format!("={}", dir.join(derivation)),
        }
    }
}
