//! The packages that a system is made of: found in its units, listed in the image for scanners and
//! in bills of materials.
//!
//! Invariant: a list of a package is in the layer of the package's files, since some scanners look
//! at one layer at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use frazil_image::sbom::{Licence, Package, PackageKind, Terms, licence};
use frazil_model::{Hash, HashAlgorithm, HashFormat, StorePath};
use frazil_tree::tree::Conflict;
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Node, Origin, Source, Tree, TreePath};

use super::system::Located;
use super::units::Units;
use crate::system::link::{INIT, INIT_PROGRAM};
use crate::system::unpacked;

/// Where scanners look for packages of systems that are never upgraded in place.
const STATUS: &str = "var/lib/dpkg/status.d";
const OS_RELEASE: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

/// A package, and what is not for bills of materials.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub unit: Origin,
    pub package: Package,
    /// The names of what it says it needs; of alternatives, all.
    needs: BTreeSet<String>,
    /// Names under which others may need it.
    provides: BTreeSet<String>,
    /// The package that has the copyright file, if it is another one.
    documents: Option<String>,
    /// For scanners, if it is of Debian.
    lists: Option<Lists>,
}

/// What a package of Debian says of itself.
#[derive(Clone, Debug)]
struct Lists {
    stanza: Vec<u8>,
    sums: Vec<u8>,
    /// The files that are for administrators to change, which the sums leave out.
    settings: Vec<u8>,
}

impl Found {
    /// Whether it was made for this system, as far as its name tells: `nginx.conf` is no release of
    /// anything.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.package.kind, PackageKind::Nix { .. }) && self.package.version.is_empty()
    }
}

/// The packages of units, by the store paths that those are, sorted by name.
pub(super) fn find(
    places: &BTreeMap<Origin, (String, Located)>,
    units: &Units,
    tree: &mut Tree,
) -> Result<Vec<Found>, Conflict> {
    let release = os_release(tree, units)?.as_deref().and_then(release);
    let of_units = places.iter().filter_map(|(unit, (store_path, located))| {
        let of_debian = of_debian(unit, located, release.as_deref());
        of_debian.or_else(|| of_nix(unit, store_path, located))
    });
    let mut found: Vec<Found> = of_units.chain(own(tree)).collect();
    found.sort_by(|a, b| (&a.package.name, &a.unit).cmp(&(&b.package.name, &b.unit)));
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, found) in found.iter().enumerate() {
        for name in &found.provides {
            by_name.entry(name).or_default().push(index);
        }
    }
    let depends: Vec<Vec<usize>> = found
        .iter()
        .enumerate()
        .map(|(own, found)| {
            let needed = found.needs.iter().filter_map(|name| by_name.get(name.as_str()));
            let needed: BTreeSet<usize> = needed.flatten().copied().collect();
            needed.into_iter().filter(|other| *other != own).collect()
        })
        .collect();
    for (found, depends) in found.iter_mut().zip(depends) {
        found.package.depends = depends;
    }
    let licences: BTreeMap<String, Vec<Terms>> = found
        .iter()
        .map(|found| (found.package.name.clone(), found.package.licences.clone()))
        .collect();
    for found in &mut found {
        if let Some(licences) = found.documents.as_ref().and_then(|name| licences.get(name)) {
            found.package.licences.clone_from(licences);
        }
    }
    Ok(found)
}

/// Adds to the tree what scanners look for.
pub(super) fn list(tree: &mut Tree, found: &[Found], units: &Units) -> Result<(), Conflict> {
    for Found { unit, package, lists, .. } in found {
        let Some(Lists { stanza, sums, settings }) = lists else { continue };
        let mut sums = kept_sums(tree, sums);
        sums.extend(sums_of_settings(tree, unit, settings, units));
        for (suffix, bytes) in [("", stanza), (".md5sums", &sums)] {
            let path = format!("{STATUS}/{}{suffix}", package.name);
            let Ok(path) = TreePath::parse(path.as_bytes()) else { continue };
            if tree.get(&path).is_none() {
                let leaf = Leaf {
                    metadata: Metadata::of_root(Mode::of(0o644)),
                    origin: unit.clone(),
                    kind: LeafKind::File(File::inline(bytes)),
                };
                tree.insert(path, leaf)?;
            }
        }
    }
    Ok(())
}

fn of_debian(unit: &Origin, located: &Located, release: Option<&str>) -> Option<Found> {
    let place = &located.place;
    let control = unpacked::control(place, "control")?;
    let fields = fields(&control);
    let text = |name: &str| fields.get(name).cloned();
    let (name, version) = (text("package")?, text("version")?);
    let source = text("source").map(|source| match source.split_once(" (") {
        Some((name, version)) => (name.to_owned(), Some(version.trim_end_matches(')').to_owned())),
        None => (source, None),
    });
    let needs = ["pre-depends", "depends"].into_iter().filter_map(text);
    let needs = needs.flat_map(|list| names(&list)).collect();
    let provides = text("provides").map(|list| names(&list)).unwrap_or_default();
    let documents = unpacked::data(place).join("usr/share/doc").join(&name);
    let copyright = fs::read(documents.join("copyright"));
    let licences = copyright.map(|text| licence::of_copyright(&text)).unwrap_or_default();
    // It may be a link to the directory of another package.
    let documents = fs::read_link(documents).ok();
    let documents = documents.and_then(|target| Some(target.file_name()?.to_str()?.to_owned()));
    let file = |name| unpacked::control(place, name).unwrap_or_default();
    let package = Package {
        version,
        kind: PackageKind::Debian {
            architecture: text("architecture").unwrap_or_else(|| "all".to_owned()),
            source,
            release: release.map(str::to_owned),
        },
        licences,
        digest: located.digest,
        layers: Vec::new(),
        depends: Vec::new(),
        name,
    };
    Some(Found {
        unit: unit.clone(),
        needs,
        provides: provides.into_iter().chain([package.name.clone()]).collect(),
        documents,
        lists: Some(Lists {
            stanza: frazil_link::generate::package_status(&control),
            sums: file("md5sums"),
            settings: file("conffiles"),
        }),
        package,
    })
}

/// The name and version of a store path, cut as Nix cuts them: at the first dash before a digit.
fn of_nix(unit: &Origin, store_path: &str, located: &Located) -> Option<Found> {
    let base = store_path.rsplit('/').next()?;
    let path = StorePath::parse(base.as_bytes()).ok()?;
    let whole = path.name();
    let cut = whole.match_indices('-').map(|(at, _)| at).find(|at| {
        whole.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    let (name, version) = match cut.and_then(|at| whole.split_at_checked(at)) {
        Some((name, version)) => (name, version.trim_start_matches('-')),
        None => (whole, ""),
    };
    let package = Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: PackageKind::Nix { store_path: store_path.to_owned() },
        licences: Vec::new(),
        digest: located.digest,
        layers: Vec::new(),
        depends: Vec::new(),
    };
    let needs = located.references.iter().map(ToString::to_string).collect();
    let provides = [path.to_string()].into();
    Some(Found { unit: unit.clone(), package, needs, provides, documents: None, lists: None })
}

/// The init that this program puts into systems.
fn own(tree: &Tree) -> Option<Found> {
    let path = TreePath::parse(INIT_PROGRAM.as_bytes()).ok()?;
    let Some(Node::Leaf(_, Leaf { kind: LeafKind::File(file), origin, .. })) = tree.get(&path)
    else {
        return None;
    };
    let licences = env!("CARGO_PKG_LICENSE").split(" OR ");
    let package = Package {
        name: "frazil-init".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kind: PackageKind::Own,
        licences: vec![Terms::Any(licences.map(|id| Terms::One(Licence::Spdx(id))).collect())],
        digest: file.digest(),
        layers: Vec::new(),
        depends: Vec::new(),
    };
    let (unit, provides) = (origin.clone(), [package.name.clone()].into());
    let is_own = unit.as_str() == INIT;
    is_own.then(|| Found {
        unit,
        package,
        needs: BTreeSet::new(),
        provides,
        documents: None,
        lists: None,
    })
}

/// The fields of a control file by small names, without their further lines.
fn fields(control: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(control);
    let lines = text.lines().filter(|line| !line.starts_with([' ', '\t']));
    let fields = lines.filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect()
}

/// The names in a list of packages: `libc6 (>= 2.36), default-mta | mail-transport-agent`.
fn names(list: &str) -> BTreeSet<String> {
    let names = list.split([',', '|']).filter_map(|term| {
        term.split([' ', '(', '[', ':', '<']).find(|word| !word.is_empty()).map(str::to_owned)
    });
    names.collect()
}

/// The lines of `md5sums` about files that are there.
fn kept_sums(tree: &Tree, sums: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for line in sums.split(|byte| *byte == b'\n') {
        let Some(path) = line.get(34..).and_then(|path| TreePath::parse(path).ok()) else {
            continue;
        };
        if tree.get(&path).or_else(|| tree.get(&path.usr_merged())).is_some() {
            kept.extend_from_slice(line);
            kept.push(b'\n');
        }
    }
    kept
}

/// Lines as in `md5sums` about those of the settings that are there as the package has them.
fn sums_of_settings(tree: &Tree, unit: &Origin, settings: &[u8], units: &Units) -> Vec<u8> {
    let mut sums = Vec::new();
    for line in settings.split(|byte| *byte == b'\n') {
        // Before the path of one that an upgrade takes away stands a word.
        let Some(path) = line.strip_prefix(b"/").and_then(|path| TreePath::parse(path).ok()) else {
            continue;
        };
        let Some(Node::Leaf(_, Leaf { kind: LeafKind::File(file), origin, .. })) = tree.get(&path)
        else {
            continue;
        };
        let Source::Unit(place) = file.source() else { continue };
        let place = units.place(unit, place).filter(|_| origin == unit);
        let Some(bytes) = place.and_then(|place| fs::read(place).ok()) else { continue };
        let digest = Hash::of(HashAlgorithm::Md5, &bytes).format(HashFormat::Base16);
        sums.extend([digest.as_bytes(), b"  ", path.as_bytes(), b"\n"].concat());
    }
    sums
}

/// The text that says which release a system is of: in the tree, or else in a unit, from which it is
/// brought into the tree.
fn os_release(tree: &mut Tree, units: &Units) -> Result<Option<String>, Conflict> {
    let mut places = OS_RELEASE.iter().filter_map(|path| TreePath::parse(path.as_bytes()).ok());
    let text = |file: &File, origin: &Origin| match file.source() {
        Source::Inline(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Source::Unit(path) => fs::read_to_string(units.place(origin, path)?).ok(),
    };
    for path in places.clone() {
        if let Some(Node::Leaf(_, Leaf { kind: LeafKind::File(file), origin, .. })) =
            tree.get(&path)
        {
            return Ok(text(file, origin));
        }
    }
    let Some(path) = places.next_back() else { return Ok(None) };
    let mut found = units.roots.iter().filter_map(|(unit, root)| {
        Some((unit, fs::read_to_string(root.join("usr/lib/os-release")).ok()?))
    });
    let Some((unit, text)) = found.next() else { return Ok(None) };
    let leaf =
        |kind| Leaf { metadata: Metadata::of_root(Mode::of(0o644)), origin: unit.clone(), kind };
    tree.insert(path, leaf(LeafKind::File(File::inline(text.as_bytes()))))?;
    if let Ok(link) = TreePath::parse(b"etc/os-release")
        && tree.get(&link).is_none()
    {
        tree.insert(link, leaf(LeafKind::Symlink((*b"../usr/lib/os-release").into())))?;
    }
    Ok(Some(text))
}

/// The release that such a text names.
fn release(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("VERSION_ID="))?;
    Some(line.trim_matches('"').to_owned())
}
