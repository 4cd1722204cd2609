//! Every field of a bill of materials is what the store, the units and the image say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use frazil_model::{Hash, HashFormat};
use serde_json::Value;

use super::bill;
use crate::world::{World, run, world};

/// What both formats say about a package.
#[derive(Debug, PartialEq)]
struct Component {
    purl: String,
    sha256: String,
    licence: String,
    layers: BTreeSet<String>,
    /// The package URLs of what it needs.
    needs: BTreeSet<String>,
    /// Of a path of a Nix store.
    store_path: Option<String>,
}

/// A unit of the linked system.
struct Unit {
    /// `/nix/store/...`
    path: String,
    /// The digest of its archive.
    sha256: String,
    references: BTreeSet<String>,
    /// The fields of the control file of a package of Debian, by their names.
    control: BTreeMap<String, String>,
    /// Its documents, as a link to those of another package or with what its copyright file says.
    documents: Result<String, PathBuf>,
}

impl Unit {
    /// Whether its copyright file names licences in a way that programs understand.
    fn has_licence(&self, units: &[Self]) -> bool {
        match &self.documents {
            Ok(text) => {
                let names = text.split("/usr/share/common-licenses/").skip(1);
                text.contains("copyright-format/1.0")
                    || names
                        .into_iter()
                        .any(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
            }
            Err(link) => {
                let has_name =
                    |unit: &&Self| unit.control.get("Package").is_some_and(|name| *link == *name);
                units.iter().find(has_name).is_some_and(|unit| unit.has_licence(units))
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn cyclonedx(document: &Value) -> Vec<Component> {
    let purls: BTreeMap<String, String> = list(&document["components"])
        .map(|component| (text(&component["bom-ref"]), text(&component["purl"])))
        .collect();
    let needs = |reference: &Value| -> BTreeSet<String> {
        let mut of_it = list(&document["dependencies"]).filter(|all| all["ref"] == *reference);
        let dependencies = of_it.next().unwrap();
        assert!(of_it.next().is_none(), "{reference} stands twice");
        list(&dependencies["dependsOn"]).map(|other| purls[&text(other)].clone()).collect()
    };
    let component = |component: &Value| {
        let property = |name: &str| -> BTreeSet<String> {
            let named = list(&component["properties"]).filter(|property| property["name"] == name);
            named.map(|property| text(&property["value"])).collect()
        };
        let licences = list(&component["licenses"]).map(|choice| {
            let licence = &choice["license"];
            let texts = [&choice["expression"], &licence["id"], &licence["name"]];
            texts.iter().find_map(|text| text.as_str()).unwrap().to_owned()
        });
        assert_eq!(component["hashes"][0]["alg"], "SHA-256");
        Component {
            purl: text(&component["purl"]),
            sha256: text(&component["hashes"][0]["content"]),
            licence: licences.collect::<Vec<_>>().join(" AND "),
            layers: property("frazil:layer"),
            needs: needs(&component["bom-ref"]),
            store_path: property("nix:output_path").into_iter().next(),
        }
    };
    list(&document["components"]).map(component).collect()
}

fn spdx(document: &Value) -> Vec<Component> {
    let packages: BTreeMap<String, &Value> =
        list(&document["packages"]).map(|package| (text(&package["SPDXID"]), package)).collect();
    let purl = |id: &str| packages[id]["externalRefs"][0]["referenceLocator"].as_str();
    let relations: Vec<(&str, String, String)> = list(&document["relationships"])
        .map(|relation| {
            let kind = relation["relationshipType"].as_str().unwrap();
            (kind, text(&relation["spdxElementId"]), text(&relation["relatedSpdxElement"]))
        })
        .collect();
    for (_, from, to) in &relations {
        assert!(from == "SPDXRef-DOCUMENT" || packages.contains_key(from), "{from}");
        assert!(packages.contains_key(to), "{to}");
    }
    let component = |id: &String, purl: &str| {
        let package = packages[id];
        let of_kind = |kind: &'static str| relations.iter().filter(move |all| all.0 == kind);
        let needed = of_kind("DEPENDS_ON").filter(|(_, from, _)| from == id);
        let holders = of_kind("CONTAINS").filter(|(_, _, to)| to == id);
        let layers = holders.filter(|(_, from, _)| from.starts_with("SPDXRef-layer-"));
        assert_eq!(package["checksums"][0]["algorithm"], "SHA256");
        Component {
            purl: purl.to_owned(),
            sha256: text(&package["checksums"][0]["checksumValue"]),
            licence: text(&package["licenseDeclared"]),
            layers: layers.map(|(_, from, _)| text(&packages[from]["name"])).collect(),
            needs: needed
                .map(|(_, _, to)| self::text(&packages[to]["externalRefs"][0]["referenceLocator"]))
                .collect(),
            store_path: package["packageFileName"].as_str().map(str::to_owned),
        }
    };
    packages.keys().filter_map(|id| Some(component(id, purl(id)?))).collect()
}

/// The units of a system, as the linker has listed them.
fn units(world: &World, system: &str) -> Vec<Unit> {
    let directory = world.scratch();
    let link = directory.path().join("linked");
    let toplevel = format!("./systems#{system}.config.system.build.toplevel");
    run(world.frazil().args(["build", &toplevel, "--out-link"]).arg(&link));
    let listed: Value =
        serde_json::from_slice(&fs::read(link.join("units.json")).unwrap()).unwrap();
    let store = fs::read_link(&link).unwrap().parent().unwrap().to_owned();
    let unit = |unit: &Value| {
        let path = text(&unit["path"]);
        let info = run(world.frazil().args(["store", "info", "--json", &path]));
        let info: Value = serde_json::from_str(&info).unwrap();
        let info = &info[&path];
        let hash: Hash = text(&info["narHash"]).parse().unwrap();
        let base = Path::new(&path).file_name().unwrap();
        let control = fs::read_to_string(store.join(base).join("control/control"));
        let documents = |name: &String| {
            let directory = store.join(base).join("data/usr/share/doc").join(name);
            let text = || fs::read(directory.join("copyright")).unwrap_or_default();
            fs::read_link(&directory)
                .map_or_else(|_| Ok(String::from_utf8_lossy(&text()).into_owned()), Err)
        };
        let fields = control.iter().flat_map(|text| text.lines()).filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            (!line.starts_with(' ')).then(|| (name.to_owned(), value.trim().to_owned()))
        });
        let control: BTreeMap<String, String> = fields.collect();
        let documents = control.get("Package").map_or_else(|| Ok(String::new()), documents);
        let references = list(&info["references"]).map(text).collect();
        Unit { sha256: hash.format(HashFormat::Base16), references, control, documents, path }
    };
    listed.as_object().unwrap().values().map(unit).collect()
}

/// The names in a field that lists packages.
fn names(unit: &Unit, fields: &[&str]) -> BTreeSet<String> {
    let lists = fields.iter().filter_map(|field| unit.control.get(*field));
    let names = lists.flat_map(|list| list.split([',', '|']));
    names.filter_map(|name| name.trim().split([' ', ':']).next()).map(str::to_owned).collect()
}

/// What a unit needs of the others, by their place in the list.
fn needed(unit: &Unit, units: &[Unit]) -> BTreeSet<usize> {
    let wanted = names(unit, &["Depends", "Pre-Depends"]);
    let is_needed = |other: &Unit| {
        let mut provided = names(other, &["Package", "Provides"]).into_iter();
        other.path != unit.path
            && (unit.references.contains(&other.path)
                || provided.any(|name| wanted.contains(&name)))
    };
    (0..units.len()).filter(|other| is_needed(&units[*other])).collect()
}

/// The digests of the layers of an image.
fn layers(layout: &Path) -> BTreeSet<String> {
    let document = |path: String| -> Value {
        serde_json::from_slice(&fs::read(layout.join(path)).unwrap()).unwrap()
    };
    let index = document("index.json".to_owned());
    let digest = text(&index["manifests"][0]["digest"]);
    let manifest = document(format!("blobs/{}", digest.replace(':', "/")));
    list(&manifest["layers"]).map(|layer| text(&layer["digest"])).collect()
}

#[test]
fn every_field_is_right() {
    let Some(world) = world() else { return };
    let layers = layers(&world.image("nginx"));
    let parsed =
        |format: &str| -> Value { serde_json::from_str(&bill(world, "nginx", format)).unwrap() };
    let by_purl = |mut components: Vec<Component>| {
        components.sort_by(|one, other| one.purl.cmp(&other.purl));
        components
    };
    let components = by_purl(cyclonedx(&parsed("cyclonedx")));
    let mut same = by_purl(spdx(&parsed("spdx")));
    for (component, same) in components.iter().zip(&mut same) {
        // The formats have their own words for these.
        assert_eq!(component.licence.is_empty(), same.licence == "NOASSERTION", "{component:?}");
        same.licence.clone_from(&component.licence);
    }
    assert_eq!(components, same);

    let units = units(world, "nginx");
    let of_unit = |unit: &Unit| {
        let mut same = components.iter().filter(|component| component.sha256 == unit.sha256);
        let component = same.next().unwrap_or_else(|| panic!("{} is in no component", unit.path));
        assert!(same.next().is_none(), "{} is in two", unit.path);
        component
    };
    for unit in &units {
        let component = of_unit(unit);
        let needed: BTreeSet<String> = needed(unit, &units)
            .into_iter()
            .map(|other| of_unit(&units[other]).purl.clone())
            .collect();
        assert_eq!(component.needs, needed, "{}", component.purl);
        assert!(
            !component.layers.is_empty() && component.layers.is_subset(&layers),
            "{component:?}"
        );
        if unit.control.is_empty() {
            assert_eq!(component.store_path.as_ref(), Some(&unit.path));
            let hash = unit.path.rsplit('/').next().unwrap().split('-').next().unwrap();
            assert!(component.purl.ends_with(&format!("?outputhash={hash}")), "{component:?}");
            continue;
        }
        let field = |name: &str| unit.control[name].replace('+', "%2B");
        let (name, version) = (field("Package"), field("Version"));
        let expected = format!(
            "pkg:deb/debian/{name}@{version}?arch={}&distro=debian-13",
            field("Architecture")
        );
        assert!(component.purl.starts_with(&expected), "{} {expected}", component.purl);
        assert_eq!(!component.licence.is_empty(), unit.has_licence(&units), "{component:?}");
    }
    // And the init, which comes from no unit.
    let others: Vec<&Component> = components
        .iter()
        .filter(|component| units.iter().all(|unit| unit.sha256 != component.sha256))
        .collect();
    assert_eq!(others.len(), 1, "{others:?}");
    assert!(others[0].purl.starts_with("pkg:generic/frazil-init@"), "{others:?}");
    assert!(others[0].layers.is_subset(&layers) && others[0].layers.len() == 1);
    let unknown = components.iter().filter(|component| component.licence.is_empty());
    assert!(unknown.filter(|component| component.store_path.is_none()).count() < 3);
    assert!(components.iter().map(|component| component.needs.len()).sum::<usize>() > 20);
}
