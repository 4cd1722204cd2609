//! SPDX 2.3: packages, layers and what holds or needs what.

use std::collections::BTreeMap;

use frazil_model::{Hash, HashFormat, Sha256};
use serde_json::{Value, json};

use super::licence::{expression, reference};
use super::{Inventory, Licence, PackageKind, Terms, purl};
use crate::oci::date_time;

const NOTHING: &str = "NOASSERTION";
const IMAGE: &str = "SPDXRef-image";

/// The document.
pub fn spdx(inventory: &Inventory) -> Vec<u8> {
    let mut packages = vec![json!({
        "SPDXID": IMAGE,
        "name": inventory.name,
        "downloadLocation": NOTHING,
        "filesAnalyzed": false,
        "primaryPackagePurpose": "CONTAINER",
    })];
    for (index, digest) in inventory.layers.iter().enumerate() {
        packages.push(json!({
            "SPDXID": layer_id(index),
            "name": digest,
            "downloadLocation": NOTHING,
            "filesAnalyzed": false,
            "primaryPackagePurpose": "ARCHIVE",
            "checksums": [checksum(digest.trim_start_matches("sha256:"))],
        }));
    }
    packages.extend(inventory.packages.iter().enumerate().map(|(index, package)| {
        let mut value = json!({
            "SPDXID": package_id(index),
            "name": package.name,
            "versionInfo": package.version,
            "downloadLocation": NOTHING,
            "filesAnalyzed": false,
            "licenseConcluded": NOTHING,
            "licenseDeclared": expression(&package.licences).unwrap_or(NOTHING.to_owned()),
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl(package),
            }],
        });
        let Some(object) = value.as_object_mut() else { return value };
        if let Some(digest) = package.digest {
            let hex = Hash::from(digest).format(HashFormat::Base16);
            object.insert("checksums".to_owned(), json!([checksum(&hex)]));
        }
        if let PackageKind::Nix { store_path } = &package.kind {
            object.insert("packageFileName".to_owned(), store_path.as_str().into());
        }
        value
    }));
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": inventory.name,
        "creationInfo": {
            "created": date_time(inventory.time),
            "creators": [concat!("Tool: frazil-", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "hasExtractedLicensingInfos": named(inventory),
        "relationships": relationships(inventory),
    });
    let digest = Hash::from(Sha256::of(document.to_string().as_bytes()));
    if let Some(object) = document.as_object_mut() {
        let name = format!("urn:frazil:spdx:{}", digest.format(HashFormat::Base16));
        object.insert("documentNamespace".to_owned(), name.into());
    }
    crate::oci::pretty(&document)
}

fn layer_id(index: usize) -> String {
    format!("SPDXRef-layer-{}", index + 1)
}

fn package_id(index: usize) -> String {
    format!("SPDXRef-package-{}", index + 1)
}

fn checksum(hex: &str) -> Value {
    json!({ "algorithm": "SHA256", "checksumValue": hex })
}

fn named(inventory: &Inventory) -> Vec<Value> {
    let mut texts = BTreeMap::new();
    for package in &inventory.packages {
        for licence in package.licences.iter().flat_map(Terms::licences) {
            if let Licence::Named(name) = licence {
                texts.entry(reference(name)).or_insert(name);
            }
        }
    }
    let named = texts.into_iter().map(|(id, name)| {
        json!({
            "licenseId": id,
            "name": name,
            "extractedText": "See the file `copyright` of the packages that name it.",
        })
    });
    named.collect()
}

fn relationships(inventory: &Inventory) -> Vec<Value> {
    let relation = |from: &str, kind: &str, to: &str| {
        json!({
            "spdxElementId": from,
            "relationshipType": kind,
            "relatedSpdxElement": to,
        })
    };
    let mut relations = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE)];
    for index in 0..inventory.layers.len() {
        relations.push(relation(IMAGE, "CONTAINS", &layer_id(index)));
    }
    for (index, package) in inventory.packages.iter().enumerate() {
        let id = package_id(index);
        relations.push(relation(IMAGE, "CONTAINS", &id));
        for layer in &package.layers {
            relations.push(relation(&layer_id(*layer), "CONTAINS", &id));
        }
        for other in &package.depends {
            relations.push(relation(&id, "DEPENDS_ON", &package_id(*other)));
        }
    }
    relations
}
