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

impl Evaluator<'_> {
    /// Builds what a string refers to, so that it can be read.
    pub(crate) fn realise_context(&mut self, context: Option<crate::context::Context<'_>>) -> crate::Result<()> {
        for element in self.contexts.elements(context) {
            let path = match &element {
                ContextElement::Path(path) | ContextElement::DrvDeep(path) => path,
                ContextElement::Output { derivation, .. } => derivation,
            };
            if !self.host.is_valid(path).map_err(|error| self.host_error(error))? {
                let path = self.options.store_dir.join(path);
                return Err(self.error(crate::ErrorKind::Host, format!("path '{path}' is not valid")));
            }
            if let ContextElement::Output { derivation, output } = &element {
                let output = self.host.realise(derivation, output.as_str()).map_err(|error| self.host_error(error))?;
                self.make_readable(&output);
            }
        }
        Ok(())
    }
}
