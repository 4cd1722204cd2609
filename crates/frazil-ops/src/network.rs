//! The network, reached when it is needed for the first time: most commands do not need it, and
//! should neither read certificates nor ask caches.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use frazil_model::StoreDir;
use frazil_model::signature::PublicKey;
use frazil_store::cache::{CacheError, CacheOptions, Caches, LookupError, Lookups};
use frazil_store::fetch::ClientError;
use frazil_store::fs::Disk;

pub use frazil_store::cache::LookupOptions;
pub use frazil_store::fetch::{
    Client, Credentials, FetchOptions, NetrcError, Proxies, Url, UrlError, parse_netrc,
};

/// How to reach the network, and what is there.
#[derive(Clone)]
pub struct NetworkPlan {
    pub fetch: FetchOptions,
    /// The binary caches.
    pub substituters: Vec<Url>,
    pub trusted_keys: Vec<PublicKey>,
    pub require_signatures: bool,
    /// Where the answers of caches are kept for later.
    pub lookups: Option<LookupPlan>,
    pub store_dir: StoreDir,
}

/// Where the answers of caches are kept, and for how long they count.
#[derive(Clone, Debug)]
pub struct LookupPlan {
    pub directory: PathBuf,
    pub options: LookupOptions,
    /// Seconds since 1970.
    pub now: i64,
}

impl LookupPlan {
    fn open(&self) -> Result<Arc<Lookups>, LookupError> {
        let now = self.now;
        let clock = Arc::new(move || now);
        Lookups::open(&self.directory, self.options, &Disk::default(), clock).map(Arc::new)
    }
}

impl NetworkPlan {
    pub(crate) fn lookups(&self) -> Result<Option<Arc<Lookups>>, LookupError> {
        self.lookups.as_ref().map(LookupPlan::open).transpose()
    }

    /// Opens the caches that can be used, and says why others cannot.
    pub(crate) fn open_caches(
        &self,
        client: &Client,
        lookups: Option<Arc<Lookups>>,
    ) -> (Caches, Vec<CacheError>) {
        let options = CacheOptions {
            trusted_keys: self.trusted_keys.clone(),
            require_signatures: self.require_signatures,
            lookups,
            ..CacheOptions::default()
        };
        Caches::open(client, &self.substituters, &self.store_dir, options)
    }
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

    /// Whether any caches are named.
    pub fn has_caches(&self) -> bool {
        !self.plan.substituters.is_empty()
    }

    /// The caches; `None` if there are none. What goes wrong with some of them is told once.
    pub fn caches(&self, problem: &mut dyn FnMut(String)) -> Option<&Caches> {
        if !self.has_caches() {
            return None;
        }
        self.caches.get_or_init(|| self.open_caches(problem)).as_ref()
    }

    fn open_caches(&self, problem: &mut dyn FnMut(String)) -> Option<Caches> {
        let client = self.client().map_err(|error| problem(crate::causes(&error))).ok()?;
        let lookups = self.plan.lookups().unwrap_or_else(|error| {
            problem(crate::causes(&error));
            None
        });
        let (caches, problems) = self.plan.open_caches(&client, lookups);
        for error in &problems {
            problem(crate::causes(error));
        }
        Some(caches)
    }
}
