//! The table of services: the source that a plan is compiled from.
//!
//! It is JSON, so that a module system can print it; `docs/init.md` is its manual. Times are
//! seconds. Users and groups are numbers: who writes the table knows /etc/passwd. A key that is
//! not known is an error, never ignored.

mod service;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

pub use service::{
    Amount, Backoff, Burst, Capabilities, HealthAction, HealthCheck, HttpAddress, InputChoice,
    LimitValue, Log, Node, Part, PassEnv, Readiness, RestartPolicy, Service, ServiceType, Stop,
    Text, Unlimited,
};

/// Everything that PID 1 is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Where it runs: found out at the start, unless told.
    #[serde(default)]
    pub mode: ModeChoice,
    /// How long a shutdown may take. Default: 9 s in a container, where 10 s is what is usually
    /// granted; 90 s on a machine.
    pub stop_deadline: Option<Seconds>,
    /// The signal that ends the system besides TERM, INT and PWR: what an engine sends.
    #[serde(default = "stop_signal")]
    pub stop_signal: String,
    /// The path of the control socket; where it cannot be made, its name is in no file system.
    #[serde(default = "control_path")]
    pub control: String,
    /// How services log that do not say so themselves. Default: `inherit` for a single one,
    /// `prefix` otherwise.
    pub log: Option<Log>,
    /// How a machine is set up, in order.
    #[serde(default)]
    pub setup: Vec<Step>,
    /// The services by name.
    pub services: BTreeMap<String, Service>,
}

fn stop_signal() -> String {
    "TERM".to_owned()
}

fn control_path() -> String {
    "/run/init.sock".to_owned()
}

/// Where the system runs.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ModeChoice {
    /// Found out at the start.
    #[default]
    Auto,
    /// Nothing is mounted or set up.
    Container,
    /// PID 1 of a machine, real or virtual.
    Vm,
}

/// A time span, given in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds {
    /// Milliseconds, which is how exact it is.
    pub millis: u32,
}

impl Seconds {
    pub(crate) const fn from_millis(millis: u32) -> Self {
        Self { millis }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(from)?;
        // Three weeks: far more than any of these spans, far less than the clock's range.
        if !(0.0..=2_000_000.0).contains(&seconds) {
            return Err(serde::de::Error::custom("a time must be from 0 to 2000000 seconds"));
        }
        Ok(Self { millis: (seconds * 1000.0).round() as u32 })
    }
}

/// A step of setting a machine up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Step {
    /// Mount a file system.
    Mount {
        /// What: a device, or a name for file systems without one.
        source: String,
        /// Where; made if absent.
        target: String,
        /// The file system's type.
        #[serde(rename = "type")]
        kind: String,
        /// `ro`, `nosuid`, `nodev`, `noexec`, `bind`, `remount`, and what the file system knows.
        #[serde(default)]
        options: Vec<String>,
    },
    /// Load a module.
    Module {
        /// The file, compressed or not.
        path: String,
        /// Its parameters.
        #[serde(default)]
        parameters: String,
    },
    /// Write a kernel setting.
    Sysctl {
        /// As `net.ipv4.ip_forward`.
        key: String,
        /// What to write.
        value: String,
    },
    /// Name the host.
    Hostname(String),
    /// Bring a network interface up.
    LinkUp(String),
    /// Give it an address.
    Address {
        /// The interface.
        link: String,
        /// As `192.0.2.1/24`.
        address: String,
    },
    /// Add a default route.
    DefaultRoute {
        /// The interface.
        link: String,
        /// As `192.0.2.254`.
        gateway: std::net::Ipv4Addr,
    },
    /// Run a command and wait for it.
    Run(Vec<Text>),
    /// Check a file system with a command: 0 and 1 are good ends.
    Fsck(Vec<Text>),
    /// Use swap space.
    Swap(String),
    /// Credit the saved random seed, and save another.
    RandomSeed(String),
}

/// Why a table is no table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It is not JSON, or not of this shape.
    #[error("the table of services is not valid: {0}")]
    Shape(#[source] serde_json::Error),
    /// One service is not.
    #[error("the service `{name}` is not valid: {source}")]
    Service {
        /// Which.
        name: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Table {
    /// Reads a table from JSON.
    pub fn from_json(text: &[u8]) -> Result<Self, TableError> {
        let mut value: serde_json::Value =
            serde_json::from_slice(text).map_err(TableError::Shape)?;
        let mut services = BTreeMap::new();
        // One by one, so that an error says which service it is about.
        if let Some(all) = value.get_mut("services").and_then(|all| all.as_object_mut()) {
            for (name, service) in std::mem::take(all) {
                match serde_json::from_value(service) {
                    Ok(service) => services.insert(name, service),
                    Err(source) => return Err(TableError::Service { name, source }),
                };
            }
        }
        let table: Self = serde_json::from_value(value).map_err(TableError::Shape)?;
        Ok(Self { services, ..table })
    }
}
