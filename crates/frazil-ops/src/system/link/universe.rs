//! The universe of a link: what is made, store paths, and packages that are fetched when asked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use frazil_build::builtin::Demanded;
use frazil_debian::index::Package;
use frazil_link::analysis::{Analysis, analyse};
use frazil_link::contents::{Contents, ContentsError};
use frazil_link::generate;
use frazil_link::ledger::{Fate, Ledger};
use frazil_link::link::OpenError;
use frazil_link::{Level, Role, Unit};
use frazil_model::StorePath;
use frazil_store::threads::parallel;
use frazil_tree::{Leaf, Metadata, Mode, Node, Origin, Tree, TreePath};

use super::{GENERATED, Setting, SystemError, UnitPlace, analysed, level, origin, pam};
use crate::inputs::{self, Lead};
use crate::system::contents::{Modes, StoreContents};
use crate::system::declarations::php;
use crate::system::generated::{Generated, Made};
use crate::system::packages::{self, Adapter};
use crate::system::specification::{Authorities, Specification};
use crate::system::units;
use crate::system::unpacked::{self, Manifest};

/// The unit of what is made where something asks for it: the same in every system of a suite.
pub(super) const OFFERED: &str = "offered";
const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";

pub(super) struct Universe<'u> {
    setting: &'u Setting<'u>,
    units: Vec<Unit>,
    sources: BTreeMap<Origin, UnitSource<'u>>,
    offered: Generated,
    /// The package that the bundle of authorities is made of.
    authorities: Option<Origin>,
    /// Packages that were unpacked.
    unpacked: Mutex<BTreeMap<Origin, (StorePath, PathBuf)>>,
}

/// What becomes of a unit that is analysed.
/// Where the contents of a unit come from.
enum UnitSource<'u> {
    Made(&'u Generated),
    Offered,
    Store { path: StorePath, place: PathBuf },
    Package(Box<Package<'u>>),
}

impl<'u> Universe<'u> {
    pub(super) fn new(
        specification: &Specification,
        setting: &'u Setting<'u>,
        adapters: &BTreeMap<StorePath, Adapter>,
        generated: &'u Generated,
    ) -> Result<Self, SystemError> {
        let mut universe = Self {
            setting,
            units: Vec::new(),
            sources: BTreeMap::new(),
            offered: Generated::default(),
            authorities: None,
            unpacked: Mutex::default(),
        };
        pam::offer(&mut universe.offered, generated)?;
        universe.push_made(GENERATED, Role::Generated, UnitSource::Made(generated));
        universe.push_made(OFFERED, Role::Offered, UnitSource::Offered);
        for (path, place) in setting.inputs {
            universe.push_store_path(specification, path, place, adapters.contains_key(path));
        }
        universe.push_packages(specification, adapters)?;
        if !generated.has(&super::tree_path(AUTHORITIES)?) {
            universe.offer_authorities(&specification.ca)?;
        }
        Ok(universe)
    }

    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// What is made where something asks for it.
    pub(super) fn offered(&self) -> &Generated {
        &self.offered
    }

    fn push_made(&mut self, name: &str, role: Role, source: UnitSource<'u>) {
        let unit = Unit {
            name: origin(name),
            package: name.into(),
            source: name.into(),
            mount: TreePath::root(),
            depends: Vec::new(),
            role,
            is_essential: false,
            level: None,
        };
        self.push(unit, source);
    }

    fn push(&mut self, unit: Unit, source: UnitSource<'u>) {
        self.sources.insert(unit.name.clone(), source);
        self.units.push(unit);
    }

    /// A store path stands in the system where it stands in the store. The lists of packages do
    /// not: they are there to be read now.
    fn push_store_path(
        &mut self,
        specification: &Specification,
        path: &StorePath,
        place: &Path,
        is_adapter: bool,
    ) {
        let full = self.setting.store.join(path);
        if specification.debian.as_deref() == Some(&full) {
            return;
        }
        let Ok(mount) = TreePath::parse(full.trim_start_matches('/').as_bytes()) else { return };
        let unit = Unit {
            name: origin(path.as_str()),
            package: path.name().into(),
            source: path.as_str().into(),
            mount,
            depends: Vec::new(),
            role: Role::Data,
            is_essential: false,
            // What Nix built is used as it was built.
            level: Some(if is_adapter { Level::Files } else { Level::Packages }),
        };
        let (path, place) = (path.clone(), place.to_owned());
        self.push(unit, UnitSource::Store { path, place });
    }

    fn push_packages(
        &mut self,
        specification: &Specification,
        adapters: &BTreeMap<StorePath, Adapter>,
    ) -> Result<(), SystemError> {
        let named: BTreeSet<String> =
            adapters.values().flat_map(|adapter| adapter.packages.iter().cloned()).collect();
        let Some(index) = &self.setting.index else {
            return match adapters.values().next() {
                Some(adapter) => Err(SystemError::NoSuite { adapter: adapter.attribute.clone() }),
                None => Ok(()),
            };
        };
        let levels = specification.link.units.iter();
        let levels: BTreeMap<String, Level> = levels
            .map(|(name, unit)| Ok((name.clone(), level(&unit.level)?)))
            .collect::<Result<_, SystemError>>()?;
        for candidate in packages::universe(index, &named, &levels)? {
            self.push(candidate.unit, UnitSource::Package(Box::new(candidate.package)));
        }
        let is_known = |name: &&String| self.units.iter().any(|unit| *unit.package == ***name);
        if let Some(name) = levels.keys().find(|name| !is_known(name)) {
            return Err(SystemError::UnknownUnit { name: name.clone() });
        }
        Ok(())
    }

    /// Makes the bundle of authorities that a maintainer script would make, as the system wants it.
    fn offer_authorities(&mut self, wanted: &Authorities) -> Result<(), SystemError> {
        let mut authorities = generate::Authorities::default();
        let package = self.units.iter().find(|unit| &*unit.package == "ca-certificates");
        if let Some(unit) = package.map(|unit| unit.name.clone()) {
            self.fetch(&[&unit])?;
            if let Some((_, place)) = self.unpacked_at(&unit) {
                add_authorities(&mut authorities, &place)?;
                self.authorities = Some(unit);
            }
        }
        let not_pem = |value: &str| SystemError::Value {
            what: "certificates in PEM form, for `security.ca`",
            value: value.to_owned(),
        };
        for name in &wanted.certificate_blacklist {
            if !authorities.remove(name) {
                let what = "an authority to leave out: there is none of that name";
                return Err(SystemError::Value { what, value: name.clone() });
            }
        }
        let usual = Lead::Outside(Path::new("/").join(AUTHORITIES));
        for file in &wanted.certificate_files {
            // As `pkgs.cacert` has them.
            if inputs::follow(self.setting.store, self.setting.inputs, Path::new(file)) == usual {
                continue;
            }
            let failed = |source| SystemError::Read { path: file.clone(), source };
            if !authorities.add_own(super::read(self.setting, file).map_err(failed)?) {
                return Err(not_pem(file));
            }
        }
        for text in &wanted.certificates {
            if !authorities.add_own(text.clone().into_bytes()) {
                return Err(not_pem(text.lines().next().unwrap_or_default()));
            }
        }
        let bundle = authorities.bundle();
        if !bundle.is_empty() {
            let metadata = Metadata::of_root(Mode::of(0o644));
            self.offered.insert(super::tree_path(AUTHORITIES)?, metadata, Made::File(bundle));
        }
        Ok(())
    }

    /// The analyses of units, for the linker.
    pub(super) fn open(&self, asked: &[&Unit]) -> Result<Vec<Arc<Analysis>>, ContentsError> {
        let names: Vec<&Origin> = asked.iter().map(|unit| &unit.name).collect();
        let failed = |error: SystemError| ContentsError {
            what: "packages".to_owned(),
            source: crate::causes(&error).into(),
        };
        self.fetch(&names).map_err(failed)?;
        // The largest first, so that no thread has one left when the others are done.
        let mut order: Vec<(usize, &Origin)> = names.into_iter().enumerate().collect();
        order.sort_by_key(|(_, name)| Reverse(self.size(name)));
        let analyses = parallel(&order, |(_, name)| self.analyse(name))?;
        let mut analyses: Vec<_> = order.iter().map(|(index, _)| index).zip(analyses).collect();
        analyses.sort_by_key(|(index, _)| *index);
        Ok(analyses.into_iter().map(|(_, analysis)| analysis).collect())
    }

    /// Has packages unpacked that are not yet.
    fn fetch(&self, names: &[&Origin]) -> Result<(), SystemError> {
        let mut wanted = Vec::new();
        for name in names {
            if self.unpacked_at(name).is_none()
                && let Some(UnitSource::Package(package)) = self.sources.get(name)
            {
                wanted.push((*name, units::derivations(self.setting.store, package)?));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        wanted.sort_by_key(|(name, _)| Reverse(self.size(name)));
        let demanded: Vec<Demanded> = wanted.iter().map(|(_, made)| made.demanded()).collect();
        let built = (self.setting.demand)(&demanded)?;
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        for ((name, _), outputs) in wanted.into_iter().zip(built) {
            unpacked.extend(outputs.into_values().next().map(|found| (name.clone(), found)));
        }
        Ok(())
    }

    /// About how large a unit is, as far as that is known before it is there.
    fn size(&self, name: &Origin) -> u64 {
        match self.sources.get(name) {
            Some(UnitSource::Package(package)) => package.installed_size_kib,
            Some(UnitSource::Made(_) | UnitSource::Offered | UnitSource::Store { .. }) | None => 0,
        }
    }

    fn unpacked_at(&self, name: &Origin) -> Option<(StorePath, PathBuf)> {
        self.unpacked.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn analyse(&self, name: &Origin) -> Result<Arc<Analysis>, ContentsError> {
        let kept_in = self.setting.analyses;
        match self.sources.get(name) {
            Some(UnitSource::Made(generated)) => analyse(*generated).map(Arc::new),
            Some(UnitSource::Offered) => analyse(&self.offered).map(Arc::new),
            Some(UnitSource::Store { path, place }) => {
                let contents = StoreContents { place: place.clone(), modes: Modes::Store };
                analysed(kept_in, path.as_str(), || analyse(&contents))
            }
            Some(UnitSource::Package(_)) => {
                let (path, place) = self.unpacked_at(name).ok_or_else(|| unknown(name))?;
                analysed(kept_in, path.as_str(), || {
                    let manifest = unpacked::manifest(&place)?;
                    let modes = Modes::Package(&manifest);
                    let contents = StoreContents { place: unpacked::data(&place), modes };
                    Ok(analyse(&contents)?.with_alternatives(unpacked::alternatives(&place)))
                })
            }
            None => Err(unknown(name)),
        }
    }

    /// The files by which kept packages say what is to be done for them, in the order in which
    /// they are read.
    pub(super) fn declarations(
        &self,
        ledger: &Ledger,
    ) -> Result<Vec<(String, String)>, SystemError> {
        let mut files = Vec::new();
        for unit in ledger.units.iter().filter(|unit| unit.fate == Fate::Kept) {
            let Some((_, place)) = self.unpacked_at(&unit.name) else { continue };
            let directories = ["usr/lib/sysusers.d", "usr/lib/tmpfiles.d"].map(str::to_owned);
            for directory in directories.into_iter().chain(php::directory(&unit.package)) {
                let read = unpacked::texts(&place, &directory);
                files.extend(read.map_err(|(path, source)| SystemError::Read { path, source })?);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Gives the bundle of authorities to their package: of that it is what there is in a system.
    pub(super) fn attribute_authorities(&self, tree: &mut Tree) -> Result<(), SystemError> {
        let path = super::tree_path(AUTHORITIES)?;
        if let Some(owner) = &self.authorities
            && let Some(Node::Leaf(_, leaf)) = tree.get(&path)
            && leaf.origin.as_str() == OFFERED
        {
            let leaf = Leaf { origin: owner.clone(), ..leaf.clone() };
            tree.remove(&path);
            tree.insert(path, leaf)?;
        }
        Ok(())
    }

    /// Where the units are of which there are files in a tree.
    pub(super) fn places(&self, tree: &Tree) -> BTreeMap<Origin, UnitPlace> {
        let mut places = BTreeMap::new();
        for (_, node) in tree.walk() {
            let Node::Leaf(_, leaf) = node else { continue };
            if places.contains_key(&leaf.origin) {
                continue;
            }
            let place = match self.sources.get(&leaf.origin) {
                Some(UnitSource::Store { path, .. }) => {
                    let path = self.setting.store.join(path);
                    UnitPlace { root: path.clone(), path }
                }
                Some(UnitSource::Package(_)) => {
                    let Some((path, _)) = self.unpacked_at(&leaf.origin) else { continue };
                    let path = self.setting.store.join(&path);
                    UnitPlace { root: format!("{path}/{}", unpacked::DATA), path }
                }
                Some(UnitSource::Made(_) | UnitSource::Offered) | None => continue,
            };
            places.insert(leaf.origin.clone(), place);
        }
        places
    }

    /// Packages that the system names, and of which nothing is in it.
    pub(super) fn unused(
        &self,
        named: &[String],
        adapters: &BTreeMap<StorePath, Adapter>,
        ledger: &Ledger,
    ) -> Vec<String> {
        let kept: BTreeSet<&str> = ledger
            .units
            .iter()
            .filter(|unit| unit.fate == Fate::Kept)
            .map(|unit| &*unit.package)
            .collect();
        let paths = named.iter().filter_map(|path| self.setting.store.parse(path.as_bytes()).ok());
        let adapters = paths.filter_map(|path| adapters.get(&path));
        let unused = adapters.filter(|it| !it.packages.iter().any(|name| kept.contains(&**name)));
        unused
            .map(|adapter| {
                format!(
                    "nothing of `{}` in `environment.systemPackages` is in the system: it has no commands; name files of it by `system.link.keep`",
                    adapter.attribute,
                )
            })
            .collect()
    }

    /// What nobody has looked at: packages whose maintainer scripts may do what nothing here does.
    pub(super) fn warnings(&self, adapters: &BTreeMap<StorePath, Adapter>) -> Vec<String> {
        let unknown = adapters.values().filter(|adapter| adapter.scripts == "unknown");
        let mut warnings = Vec::new();
        for adapter in unknown {
            for package in &adapter.packages {
                let name = self.units.iter().find(|unit| *unit.package == **package);
                let Some((_, place)) = name.and_then(|unit| self.unpacked_at(&unit.name)) else {
                    continue;
                };
                let scripts = unpacked::scripts(&place);
                if !scripts.is_empty() {
                    warnings.push(format!(
                        "`{}`: nobody has looked at what {} of the package {package} would have done",
                        adapter.attribute,
                        scripts.join(" and "),
                    ));
                }
            }
        }
        warnings
    }
}

/// Adds the authorities of an unpacked package.
fn add_authorities(
    authorities: &mut generate::Authorities,
    place: &Path,
) -> Result<(), SystemError> {
    let none = Manifest::default();
    let contents = StoreContents { place: unpacked::data(place), modes: Modes::Package(&none) };
    for entry in contents.entries().map_err(OpenError::from)? {
        if entry.path.as_bytes().ends_with(b".crt") {
            let bytes = contents.read(&entry.path).map_err(OpenError::from)?;
            authorities.add_file(entry.path.as_bytes(), bytes.into_owned());
        }
    }
    Ok(())
}

fn unknown(name: &Origin) -> ContentsError {
    ContentsError { what: name.to_string(), source: "it was not fetched".into() }
}
