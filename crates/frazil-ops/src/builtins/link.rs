//! `builtin:link`: a declared system becomes a linked one.
//!
//! The output is what images are made of: `manifest` (what lies where), `units.json` (which store
//! paths it is taken from), `services.json` (what the init is told), `image.json` (how images
//! present themselves) and `ledger` (why everything is there, compressed).
//!
//! Invariant: the output refers to the units that are kept, and to nothing else. The ledger names
//! others, too, which is one reason to compress it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use frazil_build::builtin::{BuiltinError, BuiltinTask};
use serde_json::Value;

use super::{AttributeProblem, Tools, out, structured};
use crate::debian::Indexes;
use crate::system::ledger;
use crate::system::link::{Linked, Setting, link};
use crate::system::specification::{self, Specification};

const ATTRIBUTE: &str = "specification";

pub(super) fn build(
    task: &BuiltinTask<'_>,
    tools: &Tools,
    log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let mut attributes = structured(task)?;
    let value =
        attributes.remove(ATTRIBUTE).ok_or(AttributeProblem::Missing { name: ATTRIBUTE })?;
    let specification = specification::read(value)?;
    let mut indexes = Indexes::in_directory(tools.cache.clone());
    let suite = match &specification.debian {
        Some(source) => Some(suite(task, &mut indexes, source)?),
        None => None,
    };
    let analyses = tools.cache.as_ref().map(|cache| cache.join("analyses"));
    let setting = Setting {
        store: task.store,
        inputs: task.inputs,
        index: suite.as_ref().map(|suite| suite.view()).transpose()?,
        demand: task.demand,
        analyses: analyses.as_deref(),
    };
    let linked = link(&specification, &setting)?;
    for warning in &linked.warnings {
        log(format!("warning: {warning}\n").as_bytes());
        (task.warn)(format!("{}: {warning}", specification.name));
    }
    write(&specification, &linked, out(task)?)
}

fn suite(
    task: &BuiltinTask<'_>,
    indexes: &mut Indexes,
    source: &str,
) -> Result<std::rc::Rc<crate::debian::SuiteIndex>, BuiltinError> {
    let wrong = || AttributeProblem::Wrong { name: ATTRIBUTE, wanted: "of a suite in the store" };
    let path = task.store.parse(source.as_bytes()).map_err(|_| wrong())?;
    let place = task.inputs.get(&path).ok_or_else(wrong)?;
    let mut read = |file: &str| {
        let place = place.join(file);
        fs::read(&place).map_err(|error| format!("{}: {error}", place.display()))
    };
    Ok(indexes.get(&path, &mut read)?)
}

fn write(specification: &Specification, linked: &Linked, out: &Path) -> Result<(), BuiltinError> {
    fs::create_dir(out)?;
    ledger::write(out, &linked.ledger)?;
    fs::write(out.join("manifest"), frazil_tree::dump::dump(&linked.tree))?;
    let units: BTreeMap<&str, _> =
        linked.units.iter().map(|(unit, place)| (unit.as_str(), place)).collect();
    let documents: [(&str, Value); 3] = [
        ("units.json", serde_json::to_value(units)?),
        ("services.json", linked.services.clone()),
        ("image.json", specification.image.clone()),
    ];
    for (name, document) in documents {
        let mut text = serde_json::to_vec_pretty(&document)?;
        text.push(b'\n');
        fs::write(out.join(name), text)?;
    }
    Ok(())
}
