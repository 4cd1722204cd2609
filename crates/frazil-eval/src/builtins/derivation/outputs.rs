//! From a recipe to a derivation: its inputs, and what kind of outputs it has.

use std::collections::{BTreeMap, BTreeSet};

use frazil_model::derivation::{DerivationOutput, Placeholder};
use frazil_model::{
    ContentAddress, ContentAddressMethod, ContextElement, Derivation, HashAlgorithm, OutputName,
};

use super::attributes::Recipe;
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;

/// The derivation that a recipe describes. Paths that depend on its inputs are not computed yet.
pub(super) fn complete(ev: &mut Evaluator<'_>, mut recipe: Recipe) -> Result<Derivation> {
    let context = std::mem::take(&mut recipe.context);
    let mut derivation = Derivation {
        name: recipe.name.clone(),
        outputs: BTreeMap::new(),
        input_derivations: BTreeMap::new(),
        input_sources: BTreeSet::new(),
        system: std::mem::take(&mut recipe.system),
        builder: std::mem::take(&mut recipe.builder),
        args: std::mem::take(&mut recipe.args),
        env: std::mem::take(&mut recipe.env),
    };
    add_inputs(ev, context, &mut derivation)?;
    check(ev, &recipe, &derivation)?;
    if let Some(hash) = &recipe.output_hash {
        fixed_output(ev, &recipe, hash, &mut derivation)?;
    } else if recipe.content_addressed || recipe.impure {
        floating_outputs(ev, recipe, &mut derivation)?;
    } else {
        derivation.outputs =
            recipe.outputs.into_iter().map(|name| (name, DerivationOutput::Deferred)).collect();
    }
    Ok(derivation)
}

/// What the strings in the attributes refer to becomes an input.
fn add_inputs(
    ev: &mut Evaluator<'_>,
    mut context: Vec<u32>,
    derivation: &mut Derivation,
) -> Result<()> {
    context.sort_unstable();
    context.dedup();
    let mut deep = Vec::new();
    for element in context.into_iter().filter_map(|number| ev.contexts.element(number)) {
        match element {
            ContextElement::Path(path) => {
                derivation.input_sources.insert(path.clone());
            }
            ContextElement::Output { derivation: input, output } => {
                if let Some(wanted) = derivation.input_derivations.get_mut(input) {
                    wanted.outputs.insert(output.clone());
                } else {
                    let wanted = derivation.input_derivations.entry(input.clone()).or_default();
                    wanted.outputs.insert(output.clone());
                }
            }
            ContextElement::DrvDeep(path) => deep.push(path.clone()),
        }
    }
    for path in deep {
        // The builder may read the whole graph and build any part of it.
        for path in ev.closure_of_derivation(&path)? {
            if path.is_derivation() {
                let known = ev.known_derivation(&path)?;
                let outputs = known.outputs.iter().map(|(name, _)| name.clone()).collect();
                derivation.input_derivations.entry(path.clone()).or_default().outputs = outputs;
            }
            derivation.input_sources.insert(path);
        }
    }
    Ok(())
}

fn check(ev: &Evaluator<'_>, recipe: &Recipe, derivation: &Derivation) -> Result<()> {
    let refused = |message: &str| Err(ev.error(ErrorKind::Other, message));
    if derivation.builder.is_empty() {
        return refused("required attribute 'builder' missing");
    }
    if derivation.system.is_empty() {
        return refused("required attribute 'system' missing");
    }
    let makes_derivation =
        recipe.method == Some(ContentAddressMethod::Text) && has_only_out(recipe);
    if recipe.name.as_str().as_bytes().ends_with(b".drv") && !makes_derivation {
        return refused(
            "derivation names are allowed to end in '.drv' only if they produce a single derivation file",
        );
    }
    Ok(())
}

fn has_only_out(recipe: &Recipe) -> bool {
    recipe.outputs.len() == 1 && recipe.outputs.iter().all(OutputName::is_out)
}

fn fixed_output(
    ev: &mut Evaluator<'_>,
    recipe: &Recipe,
    hash: &[u8],
    derivation: &mut Derivation,
) -> Result<()> {
    if !has_only_out(recipe) {
        let message = "multiple outputs are not supported in fixed-output derivations";
        return Err(ev.error(ErrorKind::Other, message));
    }
    let hash = ev.expected_hash(hash, recipe.algorithm)?;
    let method = recipe.method.unwrap_or(ContentAddressMethod::Flat);
    let content = ContentAddress { method, hash };
    let out = OutputName::out();
    let output = DerivationOutput::fixed(&ev.options.store_dir, &derivation.name, &out, content)
        .map_err(|error| ev.other(&error))?;
    if let Some(path) = output.path() {
        derivation.env.insert(b"out".to_vec(), ev.options.store_dir.join(path).into_bytes());
    }
    derivation.outputs.insert(out, output);
    Ok(())
}

fn floating_outputs(ev: &Evaluator<'_>, recipe: Recipe, derivation: &mut Derivation) -> Result<()> {
    if recipe.content_addressed && recipe.impure {
        let message = "derivation cannot be both content-addressed and impure";
        return Err(ev.error(ErrorKind::Other, message));
    }
    let algorithm = recipe.algorithm.unwrap_or(HashAlgorithm::Sha256);
    let method = recipe.method.unwrap_or(ContentAddressMethod::Nar);
    for name in recipe.outputs {
        let text = name.as_str().as_bytes();
        derivation.env.insert(text.to_vec(), Placeholder::own(text).to_string().into_bytes());
        let output = if recipe.impure {
            DerivationOutput::Impure { method, algorithm }
        } else {
            DerivationOutput::FloatingCa { method, algorithm }
        };
        derivation.outputs.insert(name, output);
    }
    Ok(())
}
