//! `CycloneDX` 1.6: components and what needs what.

use frazil_model::{Hash, HashFormat, Sha256};
use serde_json::{Value, json};

use super::licence::expression;
use super::{Inventory, Licence, Package, PackageKind, Terms, purl};
use crate::oci::date_time;

const IMAGE: &str = "image";

/// The document.
pub fn cyclonedx(inventory: &Inventory) -> Vec<u8> {
    let components: Vec<Value> = inventory
        .packages
        .iter()
        .enumerate()
        .map(|(index, package)| component(index, package, inventory))
        .collect();
    let mut dependencies = vec![json!({
        "ref": IMAGE,
        "dependsOn": (0..inventory.packages.len()).map(reference).collect::<Vec<_>>(),
    })];
    for (index, package) in inventory.packages.iter().enumerate() {
        let needed: Vec<String> = package.depends.iter().copied().map(reference).collect();
        dependencies.push(json!({ "ref": reference(index), "dependsOn": needed }));
    }
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": date_time(inventory.time),
            "tools": { "components": [{
                "type": "application",
                "name": "frazil",
                "version": env!("CARGO_PKG_VERSION"),
            }] },
            "component": { "type": "container", "bom-ref": IMAGE, "name": inventory.name },
        },
        "components": components,
        "dependencies": dependencies,
    });
    let digest = Sha256::of(document.to_string().as_bytes());
    if let Some(object) = document.as_object_mut() {
        object.insert("serialNumber".to_owned(), format!("urn:uuid:{}", uuid(&digest)).into());
    }
    crate::oci::pretty(&document)
}

fn reference(index: usize) -> String {
    format!("package-{}", index + 1)
}

fn component(index: usize, package: &Package, inventory: &Inventory) -> Value {
    let layers = package.layers.iter().filter_map(|layer| inventory.layers.get(*layer));
    let mut properties: Vec<Value> =
        layers.map(|digest| json!({ "name": "frazil:layer", "value": digest })).collect();
    if let PackageKind::Nix { store_path } = &package.kind {
        properties.push(json!({ "name": "nix:output_path", "value": store_path }));
    }
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(index),
        "name": package.name,
        "version": package.version,
        "purl": purl(package),
    });
    let Some(object) = component.as_object_mut() else { return component };
    if let Some(digest) = package.digest {
        let hex = Hash::from(digest).format(HashFormat::Base16);
        object.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": hex }]));
    }
    for (key, list) in [("licenses", licences(&package.licences)), ("properties", properties)] {
        if !list.is_empty() {
            object.insert(key.to_owned(), list.into());
        }
    }
    component
}

/// A list of licences; where users may choose among some, an expression.
fn licences(terms: &[Terms]) -> Vec<Value> {
    let one = |terms: &Terms| match terms {
        Terms::One(licence) => Some(licence.clone()),
        Terms::Any(_) | Terms::All(_) => None,
    };
    let declared = "declared";
    if let Some(licences) = terms.iter().map(one).collect::<Option<Vec<_>>>() {
        let licences = licences.into_iter().map(|licence| match licence {
            Licence::Spdx(id) => json!({ "license": { "id": id, "acknowledgement": declared } }),
            Licence::Named(name) => {
                json!({ "license": { "name": name, "acknowledgement": declared } })
            }
        });
        return licences.collect();
    }
    let expression = expression(terms);
    expression
        .iter()
        .map(|text| json!({ "expression": text, "acknowledgement": declared }))
        .collect()
}

/// A UUID of version 8 (RFC 9562): bits of our own choice.
fn uuid(digest: &Sha256) -> String {
    let hex = Hash::from(*digest).format(HashFormat::Base16);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
