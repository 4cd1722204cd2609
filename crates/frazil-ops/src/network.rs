//! The network, reached when it is needed for the first time: most commands do not need it, and
//! should neither read certificates nor ask caches.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use frazil_model::StoreDir;
use frazil_model::signature::PublicKey;
use frazil_store::cache::{CacheOptions, Caches, LookupOptions, Lookups};
use frazil_store::fetch::{Client, ClientError};
use frazil_store::fs::Disk;

pub use frazil_store::fetch::{FetchOptions, Proxies, Url, UrlError};

/// How to reach the network, and what is there.
#[derive(Clone)]
pub struct NetworkPlan {
    pub fetch: FetchOptions,
    /// The binary caches.
    pub substituters: Vec<Url>,
    pub trusted_keys: Vec<PublicKey>,
    pub require_signatures: bool,
    /// Where the answers of caches are kept for later.
    pub lookups: Option<PathBuf>,
    pub store_dir: StoreDir,
}

/// A client and binary caches that are made when they are asked for.
pub struct Network {
    plan: NetworkPlan,
    client: Mutex<Option<Client>>,
    caches: OnceLock<Option<Caches>>,
}

impl Network {
    pub fn new(plan: NetworkPlan) -> Self {
        Self { plan, client: Mutex::new(None), caches: OnceLock::new() }
    }

    pub fn client(&self) -> Result<Client, ClientError> {
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(client) => Ok(client.clone()),
            None => Ok(slot.insert(Client::new(self.plan.fetch.clone())?).clone()),
        }
    }

    /// The caches; `None` if there are none. What goes wrong with some of them is told once.
    pub fn caches(&self, problem: &mut dyn FnMut(String)) -> Option<&Caches> {
        if self.plan.substituters.is_empty() {
            return None;
        }
        self.caches.get_or_init(|| self.open_caches(problem)).as_ref()
    }

    fn open_caches(&self, problem: &mut dyn FnMut(String)) -> Option<Caches> {
        let client = self.client().map_err(|error| problem(crate::causes(&error))).ok()?;
        let clock = Arc::new(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs().cast_signed())
        });
        let open = |directory: &PathBuf| {
            let options = LookupOptions::default();
            Lookups::open(directory, options, &Disk::default(), clock)
                .map_err(|error| problem(crate::causes(&error)))
                .ok()
        };
        let lookups = self.plan.lookups.as_ref().and_then(open).map(Arc::new);
        let options = CacheOptions {
            trusted_keys: self.plan.trusted_keys.clone(),
            require_signatures: self.plan.require_signatures,
            lookups,
            ..CacheOptions::default()
        };
        let (caches, problems) =
            Caches::open(&client, &self.plan.substituters, &self.plan.store_dir, options);
        for error in &problems {
            problem(crate::causes(error));
        }
        Some(caches)
    }
}
