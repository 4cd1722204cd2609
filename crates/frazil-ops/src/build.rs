//! `frazil build`: from what a user names to valid outputs, and to the links that keep them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use frazil_eval::host::{Host, HostError};
use frazil_model::store_path::{StoreNameError, StorePathError};
use frazil_model::{OutputName, StorePath};
use frazil_store::Store;
use frazil_store::fs::IoError;

use crate::eval::{EvalPlan, Failure};
use crate::flake::{AttributeKind, FlakePlan, OutputSelection, resolve_installable};
use crate::host::RealStore;
use crate::realise::{Cancel, Goal, RealiseError, RealiseOptions, Report, Tell, realise};
use crate::store::ReadError;

/// Something to be built.
#[derive(Clone, Debug)]
pub enum Target {
    /// The derivations in the value of an expression.
    Expression(Box<EvalPlan>),
    /// The derivation that a flake has under a name, as in `.#nginx^out`.
    Flake(Box<FlakePlan>, String),
    /// Something of the store: of a derivation these outputs, or else the path itself.
    Path(StorePath, OutputChoice),
}

/// Which outputs of a derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputChoice {
    /// None: the derivation as a file.
    Itself,
    All,
    Named(BTreeSet<OutputName>),
}

/// What a target stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The derivation that makes it; `None` for a path that was named itself.
    pub derivation: Option<StorePath>,
    /// The outputs that are wanted; a path that was named itself is the output `out`.
    pub outputs: BTreeMap<OutputName, StorePath>,
}

/// Why nothing could be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("the evaluation failed")]
    Evaluation(Failure),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Path(#[from] StorePathError),
    #[error(transparent)]
    Name(#[from] StoreNameError),
    #[error(transparent)]
    Realise(#[from] RealiseError),
    #[error("cannot realise '{path}'")]
    NotRealised { path: StorePath },
    #[error(transparent)]
    Io(#[from] IoError),
    /// A link would take the place of something else.
    #[error("cannot make the link '{}': something is there that is not a link", link.display())]
    LinkInTheWay { link: PathBuf },
}

impl BuildError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Read(source) => source.help(),
            Self::Path(source) => source.help(),
            Self::Realise(source) => source.help(),
            Self::Io(source) => source.help(),
            Self::LinkInTheWay { .. } => Some("choose another name with --out-link, or --no-link"),
            Self::Evaluation(_) | Self::Name(_) | Self::NotRealised { .. } => None,
        }
    }
}

/// What all steps of a build use.
pub struct Setting<'a> {
    pub store: &'a Store,
    pub options: &'a RealiseOptions<'a>,
    pub cancel: &'a Cancel,
    pub tell: &'a Tell<'a>,
}

impl Setting<'_> {
    /// Realises what has to be there for more to be known; it must succeed.
    fn need(&self, goal: Goal) -> Result<(), BuildError> {
        let options = RealiseOptions { mode: crate::realise::Mode::Make, ..self.options.clone() };
        let report = realise(self.store, &[goal], &options, self.cancel, self.tell);
        match (report.failures.into_iter().next(), report.missed.into_keys().next()) {
            (Some((_, error)), _) => Err(error.into()),
            (None, Some(Goal::Path(path) | Goal::Derivation(path))) => {
                Err(BuildError::NotRealised { path })
            }
            (None, None) => Ok(()),
        }
    }

    /// The store for an evaluation: what it imports is built, and what it has locked may come from
    /// binary caches.
    pub fn real_store(&self) -> RealStore<'_> {
        let has_caches = self.options.tools.network.has_caches();
        RealStore {
            store: self.store,
            realise: Box::new(|derivation, output| self.realise_for_evaluation(derivation, output)),
            substitute: Box::new(move |path| {
                has_caches && self.need(Goal::Path(path.clone())).is_ok()
            }),
        }
    }

    /// Realises an output during an evaluation.
    fn realise_for_evaluation(
        &self,
        derivation: &StorePath,
        output: &OutputName,
    ) -> Result<(), HostError> {
        let choice = OutputChoice::Named([output.clone()].into());
        let refused = |error: BuildError| HostError::Store(crate::causes(&error));
        let wanted = self.of_path(derivation.clone(), &choice).map_err(refused)?;
        for path in wanted.outputs.into_values() {
            self.need(Goal::Path(path)).map_err(refused)?;
        }
        Ok(())
    }

    /// What the targets stand for. Expressions are evaluated; derivations that are not there are
    /// fetched.
    pub fn find(&self, targets: &[Target], host: &mut dyn Host) -> Result<Vec<Wanted>, BuildError> {
        let mut wanted = Vec::new();
        for target in targets {
            match target {
                Target::Path(path, choice) => wanted.push(self.of_path(path.clone(), choice)?),
                Target::Flake(plan, text) => wanted.push(self.of_flake(plan, text, host)?),
                Target::Expression(plan) => {
                    let found =
                        crate::eval::derivations(plan, host).map_err(BuildError::Evaluation)?;
                    for derivation in found {
                        let path = self.store.store_dir().parse(&derivation.path)?;
                        let output = OutputName::parse(&derivation.output)?;
                        let choice = OutputChoice::Named([output].into());
                        wanted.push(self.of_path(path, &choice)?);
                    }
                }
            }
        }
        Ok(wanted)
    }

    fn of_flake(
        &self,
        plan: &FlakePlan,
        text: &str,
        host: &mut dyn Host,
    ) -> Result<Wanted, BuildError> {
        let found = resolve_installable(plan, text, AttributeKind::Package, host, |ev, found| {
            Ok((crate::eval::derivations::of_value(ev, found.value, &found.path)?, found.outputs))
        });
        let (derivation, outputs) = found.map_err(BuildError::Evaluation)?;
        let choice = match outputs {
            OutputSelection::All => OutputChoice::All,
            OutputSelection::Default => {
                OutputChoice::Named([OutputName::parse(&derivation.output)?].into())
            }
            OutputSelection::Named(names) => {
                let names = names.iter().map(|name| OutputName::parse(name.as_bytes()));
                OutputChoice::Named(names.collect::<Result<_, _>>()?)
            }
        };
        self.of_path(self.store.store_dir().parse(&derivation.path)?, &choice)
    }

    fn of_path(&self, path: StorePath, choice: &OutputChoice) -> Result<Wanted, BuildError> {
        if *choice == OutputChoice::Itself || !path.is_derivation() {
            let outputs = BTreeMap::from([(OutputName::parse(b"out")?, path)]);
            return Ok(Wanted { derivation: None, outputs });
        }
        self.store.add_temp_root(&path)?;
        if !self.store.is_valid(&path).map_err(ReadError::from)? {
            self.need(Goal::Path(path.clone()))?;
        }
        let derivation = crate::store::derivation(self.store, &path)?;
        let named = match choice {
            OutputChoice::Named(names) => names.clone(),
            OutputChoice::Itself | OutputChoice::All => {
                derivation.outputs.keys().cloned().collect()
            }
        };
        let mut outputs = BTreeMap::new();
        for output in named {
            let Some(made) = derivation.outputs.get(&output) else {
                return Err(RealiseError::NoOutput { path, output }.into());
            };
            let Some(made) = made.path() else {
                return Err(RealiseError::Unsupported { path }.into());
            };
            outputs.insert(output, made.clone());
        }
        Ok(Wanted { derivation: Some(path), outputs })
    }

    /// Fetches or builds all that is wanted.
    pub fn build(&self, wanted: &[Wanted]) -> Report {
        let mut goals = Vec::new();
        for wanted in wanted {
            match &wanted.derivation {
                Some(derivation) if self.options.mode == crate::realise::Mode::Check => {
                    goals.push(Goal::Derivation(derivation.clone()));
                }
                Some(_) | None => goals.extend(wanted.outputs.values().cloned().map(Goal::Path)),
            }
        }
        realise(self.store, &goals, self.options, self.cancel, self.tell)
    }
}

/// Makes links that keep what was built: `LINK` and `LINK-2` and so on for the derivations, with
/// `-OUTPUT` for outputs other than `out`. They lead to where the paths really are.
pub fn link(store: &Store, wanted: &[Wanted], link: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let mut links = Vec::new();
    for (index, wanted) in wanted.iter().enumerate() {
        for (output, path) in &wanted.outputs {
            let mut name = link.as_os_str().to_owned();
            if index > 0 {
                name.push(format!("-{}", index + 1));
            }
            if output.as_str() != "out" {
                name.push(format!("-{output}"));
            }
            let link = PathBuf::from(name);
            if link.symlink_metadata().is_ok_and(|found| !found.is_symlink()) {
                return Err(BuildError::LinkInTheWay { link });
            }
            store.add_out_link(&link, path)?;
            links.push(link);
        }
    }
    Ok(links)
}
