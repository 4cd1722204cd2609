//! Fetching paths from binary caches.

use frazil_build::schedule::{Goal, Outcome};
use frazil_model::StorePath;
use frazil_store::cache::{Available, CacheError, Caches, TransferEvent};

use super::{Event, Executor, Mode, RealiseError, locked};

impl Executor<'_> {
    /// What the first cache that has the path says about it, if it may be believed.
    pub(super) fn offer(&self, path: &StorePath) -> Option<Available> {
        if locked(&self.refused).contains(path) {
            return None;
        }
        let mut problems = Vec::new();
        let offer = self.caches()?.find(path, &mut problems);
        for problem in problems {
            (self.tell)(Event::Problem(crate::causes(&problem)));
        }
        offer
    }

    pub(super) fn substitute(&self, path: &StorePath) -> Result<Outcome, RealiseError> {
        if self.store.is_valid(path)? && !self.repairs(path) {
            return Ok(Outcome::Done);
        }
        let (Some(offer), Some(caches)) = (self.offer(path), self.caches()) else {
            return Err(RealiseError::NoWay { path: path.clone() });
        };
        if self.options.mode == Mode::Plan {
            self.report().fetched.insert(path.clone(), offer.info.nar.size);
            return Ok(Outcome::Done);
        }
        (self.tell)(Event::FetchStarted(path.clone(), offer.download_bytes()));
        let done = if self.repairs(path) {
            self.repair(caches, path)
        } else {
            let done = caches.substitute(self.store, &offer, &|event| self.pass_on(event));
            done.map(drop).map_err(|source| RealiseError::Fetch {
                path: path.clone(),
                source: Box::new(source),
            })
        };
        (self.tell)(Event::FetchEnded { path: path.clone(), succeeded: done.is_ok() });
        let Err(error) = done else {
            self.report().fetched.insert(path.clone(), offer.info.nar.size);
            return Ok(Outcome::Done);
        };
        locked(&self.refused).insert(path.clone());
        match self.maker(path)? {
            Some(maker) => {
                (self.tell)(Event::Problem(crate::causes(&error)));
                Ok(Outcome::With(vec![Goal::Derivation(maker)]))
            }
            None => Err(error),
        }
    }

    fn caches(&self) -> Option<&Caches> {
        let mut problem = |text| (self.tell)(Event::Problem(text));
        self.options.tools.network.caches(&mut problem)
    }

    fn pass_on(&self, event: TransferEvent<'_>) {
        match event {
            TransferEvent::Moved { path, bytes } => {
                (self.tell)(Event::FetchedBytes(path.clone(), bytes));
            }
            TransferEvent::Problem(error) => (self.tell)(Event::Problem(crate::causes(error))),
            TransferEvent::Started { .. } | TransferEvent::Finished { .. } => {}
        }
    }

    /// Takes the contents of a damaged path from a cache that has just them. They must hash to what
    /// is registered, so it does not matter who has signed them.
    fn repair(&self, caches: &Caches, path: &StorePath) -> Result<(), RealiseError> {
        let registered = self.store.valid_path_info(path)?.nar;
        let is_stopped = || self.cancel.is_cancelled();
        let locks = self.store.lock_outputs(&[path.clone()].into(), &is_stopped)?;
        let fetch = |source| RealiseError::Fetch { path: path.clone(), source: Box::new(source) };
        let mut failure = fetch(CacheError::Absent { path: path.clone() });
        for cache in caches.iter() {
            let info = match cache.narinfo(path) {
                Ok(info) => info.filter(|info| info.nar == registered),
                Err(source) => {
                    failure = fetch(source);
                    continue;
                }
            };
            let Some(info) = info else { continue };
            let moved = |bytes| (self.tell)(Event::FetchedBytes(path.clone(), bytes));
            let mut nar = match cache.nar(&info, moved) {
                Ok(nar) => nar,
                Err(source) => {
                    failure = fetch(source);
                    continue;
                }
            };
            match self.store.repair(path, &mut nar, &locks) {
                Ok(()) => return Ok(()),
                Err(source) => {
                    failure = RealiseError::Repair { path: path.clone(), source: Box::new(source) }
                }
            }
        }
        Err(failure)
    }
}
