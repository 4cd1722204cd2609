//! Making store paths real: before a path that a string names can be read, what its context says
//! must be there, which may mean to build it (import from derivation).

use frazil_model::derivation::Placeholder;
use frazil_model::{ContextElement, StorePath};

use crate::context::Context;
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;

/// Placeholders of outputs whose paths only their build could tell, with these paths.
#[derive(Debug, Default)]
pub(crate) struct Rewrites(Vec<(String, String)>);

impl Rewrites {
    /// `text` with the paths in place of the placeholders.
    pub(crate) fn apply(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        'text: while let Some((byte, after)) = rest.split_first() {
            for (placeholder, path) in &self.0 {
                if let Some(after) = rest.strip_prefix(placeholder.as_bytes()) {
                    out.extend_from_slice(path.as_bytes());
                    rest = after;
                    continue 'text;
                }
            }
            out.push(*byte);
            rest = after;
        }
        out
    }
}

impl<'a> Evaluator<'a> {
    /// Makes sure that all that `context` names exists, building what must be built.
    pub(crate) fn realise_context(&mut self, context: Option<Context<'a>>) -> Result<Rewrites> {
        let mut rewrites = Rewrites::default();
        let elements = self.contexts.elements(context);
        for element in &elements {
            match element {
                ContextElement::Path(path) | ContextElement::DrvDeep(path) => {
                    self.require_valid(path)?;
                }
                ContextElement::Output { .. } => {}
            }
        }
        for element in &elements {
            if let ContextElement::Output { derivation, .. } = element {
                self.require_valid(derivation)?;
            }
        }
        for element in &elements {
            let ContextElement::Output { derivation, output } = element else { continue };
            let realised = self.host.realise(derivation, output.as_str());
            let path = realised.map_err(|error| self.host_error(error))?;
            self.make_readable(&path);
            if self.has_feature("ca-derivations")
                && let Ok(placeholder) = Placeholder::upstream(derivation, output)
            {
                rewrites.0.push((placeholder.to_string(), self.options.store_dir.join(&path)));
            }
        }
        Ok(rewrites)
    }

    /// Fails unless the store has `path`.
    pub(crate) fn require_valid(&mut self, path: &StorePath) -> Result<()> {
        if self.host.is_valid(path).map_err(|error| self.host_error(error))? {
            return Ok(());
        }
        let full = self.options.store_dir.join(path);
        Err(self.error(ErrorKind::Host, format!("path '{full}' is not valid")))
    }
}
