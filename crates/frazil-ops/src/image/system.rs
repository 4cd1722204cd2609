//! A linked system, opened: its tree, where the bytes of its files are, and its packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use frazil_image::layers::Layer;
use frazil_image::oci::LayerBlob;
use frazil_image::sbom::{Inventory, Package, PackageKind};
use frazil_link::{Damaged, Ledger};
use frazil_model::{Sha256, StorePath};
use frazil_store::Kept;
use frazil_store::fs::IoError;
use frazil_tree::dump::{self, DumpError};
use frazil_tree::tree::Conflict;
use frazil_tree::{Origin, Tree};
use serde::de::DeserializeOwned;

use super::nix_database::{self, NixDatabaseError};
use super::packages::{self, Found};
use super::presentation::Presentation;
use super::units::Units;
use crate::system::link::{GENERATED, UnitPlace};

/// A linked system.
pub struct System {
    /// What lies where, with the lists that scanners read.
    pub tree: Tree,
    /// Where its files are.
    pub units: Units,
    /// How images present it.
    pub presentation: Presentation,
    /// What keeps its units from being collected, where they are in a store.
    pub kept: Option<Kept>,
    packages: Vec<Found>,
    directory: PathBuf,
}

/// The largest ledger that is read, in bytes.
const LEDGER_BYTES_MAX: u64 = 1 << 30;

/// Where a store path physically is, and what is known of it.
#[derive(Clone, Debug)]
pub struct Located {
    /// Its place.
    pub place: PathBuf,
    /// The digest of its archive (NAR), if it is known.
    pub digest: Option<Sha256>,
    /// The store paths that it mentions, if they are known.
    pub references: BTreeSet<StorePath>,
}

impl Located {
    /// A store path of which only the place is known.
    pub fn at(place: PathBuf) -> Self {
        Self { place, digest: None, references: BTreeSet::new() }
    }
}

/// Finds store paths; `None` if one is not valid.
pub type Locate<'l> = dyn Fn(&str) -> Option<Located> + 'l;

/// Why a linked system cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// A file of it cannot be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// It is something else.
    #[error("`{}` is no linked system", path.display())]
    NotLinked {
        /// What it should be.
        path: PathBuf,
    },
    /// A document of it cannot be parsed.
    #[error("`{}` is damaged", path.display())]
    Document {
        /// The document.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Its manifest cannot be parsed.
    #[error("`{}` is damaged", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        source: DumpError,
    },
    /// Its ledger cannot be parsed.
    #[error("`{}` is damaged", path.display())]
    Ledger {
        /// The ledger.
        path: PathBuf,
        /// Why.
        source: Damaged,
    },
    /// A unit is not there any more.
    #[error("the unit `{unit}` of the system is not in the store: {path}")]
    Missing {
        /// The unit.
        unit: String,
        /// Its store path.
        path: String,
    },
    /// The lists for scanners have no place.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The Nix store in the system has no database.
    #[error(transparent)]
    NixDatabase(#[from] NixDatabaseError),
}

impl SystemError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Io(source) => source.help(),
            Self::NotLinked { .. } => {
                Some("a linked system is what `config.system.build.toplevel` builds")
            }
            Self::Missing { .. } => Some("build the system again: it keeps its units"),
            Self::Document { .. } | Self::Manifest { .. } | Self::Ledger { .. } => {
                Some("the store may be damaged: `frazil store verify --check-contents`")
            }
            Self::Conflict(source) => Some(source.help()),
            Self::NixDatabase(_) => None,
        }
    }
}

impl System {
    /// Opens what `builtin:link` made.
    pub fn open(directory: &Path, locate: &Locate<'_>) -> Result<Self, SystemError> {
        let path = directory.join("manifest");
        let text = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SystemError::NotLinked { path: directory.to_owned() });
            }
            text => text.map_err(IoError::on("read", &path))?,
        };
        let text = String::from_utf8_lossy(&text);
        let mut tree =
            dump::parse(&text).map_err(|source| SystemError::Manifest { path, source })?;
        let listed: BTreeMap<String, UnitPlace> = document(directory, "units.json")?;
        let presentation: Presentation = document(directory, "image.json")?;
        let (mut units, mut places) = (Units::default(), BTreeMap::new());
        for (name, UnitPlace { path, root }) in listed {
            let missing = || SystemError::Missing { unit: name.clone(), path: path.clone() };
            let located = locate(&path).ok_or_else(missing)?;
            let unit = Origin::parse(&name).map_err(|_| missing())?;
            let below = root.strip_prefix(&path).unwrap_or_default().trim_start_matches('/');
            // Of a store path that is a file itself the root is the file.
            let place = &located.place;
            let root = if below.is_empty() { place.clone() } else { place.join(below) };
            units.roots.insert(unit.clone(), root);
            places.insert(unit, (path, located));
        }
        let packages = packages::find(&places, &units, &mut tree)?;
        packages::list(&mut tree, &packages, &units)?;
        if let Some(store_dir) = presentation.nix_store.as_deref() {
            nix_database::add(&mut tree, &units, store_dir)?;
        }
        let directory = directory.to_owned();
        Ok(Self { tree, units, presentation, kept: None, packages, directory })
    }

    /// Why everything is there, and what is not.
    pub fn ledger(&self) -> Result<Ledger, SystemError> {
        let path = self.directory.join("ledger");
        let file = fs::File::open(&path).map_err(IoError::on("open", &path))?;
        let mut bytes = Vec::new();
        let mut ledger = GzDecoder::new(file).take(LEDGER_BYTES_MAX);
        ledger.read_to_end(&mut bytes).map_err(IoError::on("read", &path))?;
        Ledger::decode(&bytes).map_err(|source| SystemError::Ledger { path, source })
    }

    /// Whether a unit changes with the configuration, and how much of the system needs it.
    pub(super) fn weigh(&self, unit: &Origin) -> frazil_image::layers::Weight {
        let own = self.packages.iter().position(|found| found.unit == *unit);
        let dependents = own.map_or(0, |own| {
            // Not those of a Nix closure: what they mention is not known everywhere, and an image
            // is the same wherever it is made.
            let needs = |found: &&Found| {
                let is_of_debian = matches!(found.package.kind, PackageKind::Debian { .. });
                is_of_debian && found.package.depends.contains(&own)
            };
            self.packages.iter().filter(needs).count()
        });
        let is_volatile = match own.and_then(|own| self.packages.get(own)) {
            Some(found) => found.is_text(),
            None => unit.as_str() == GENERATED,
        };
        frazil_image::layers::Weight { is_volatile, dependents: dependents as u32 }
    }

    /// What is in an image with these layers.
    pub(super) fn inventory(&self, layers: &[Layer<'_>], encoded: &[LayerBlob]) -> Inventory {
        let packages = self.packages.iter().map(|found| {
            let with_it = layers.iter().enumerate();
            let with_it = with_it.filter(|(_, layer)| layer.units.contains(&found.unit));
            Package { layers: with_it.map(|(index, _)| index).collect(), ..found.package.clone() }
        });
        Inventory {
            name: self.presentation.reference(),
            time: self.presentation.created(),
            layers: encoded.iter().map(|layer| layer.blob.reference()).collect(),
            packages: packages.collect(),
        }
    }
}

fn document<T: DeserializeOwned>(directory: &Path, name: &str) -> Result<T, SystemError> {
    let path = directory.join(name);
    let text = fs::read(&path).map_err(IoError::on("read", &path))?;
    serde_json::from_slice(&text).map_err(|source| SystemError::Document { path, source })
}
