//! How an image presents its system: the options `image.*` of the modules, from `image.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use frazil_image::Timestamp;
use frazil_image::oci::{Healthcheck, Platform, RunConfig};
use serde::Deserialize;

/// What starts a system that says nothing else.
const INIT: &str = "/usr/sbin/init";
/// The time of all entries, which is that of everything in a Nix store. It does not depend on when
/// an image was made: the same files are the same layer in all images.
pub const ENTRY_TIME: Timestamp = Timestamp(1);
/// What says when an image was made, besides its configuration.
const CREATED: &str = "org.opencontainers.image.created";
/// Where programs are found, if the system does not say.
const PATH: &str = "/usr/local/bin:/usr/sbin:/usr/bin";

/// The options.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Presentation {
    /// The name, with a registry in front where it has one.
    pub name: String,
    /// The tag.
    pub tag: String,
    /// As Nix names machines: `x86_64-linux`.
    pub platform: String,
    /// When it was made, in seconds since 1970: the time of what it is made from.
    pub created: u64,
    /// The program; the init if none.
    pub entrypoint: Option<Vec<String>>,
    /// Arguments that a user may replace.
    pub cmd: Vec<String>,
    /// Who runs it.
    pub user: Option<String>,
    /// Where services listen.
    pub ports: BTreeSet<Port>,
    /// Labels of the configuration.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// Directories with state.
    pub volumes: BTreeSet<String>,
    /// Where the program starts.
    pub working_dir: Option<String>,
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// What asks it to stop.
    pub stop_signal: Option<String>,
    /// How engines find out that all is well.
    pub healthcheck: Option<Check>,
    /// The directory of the Nix store of which the system has a database; none if it has none.
    pub nix_store: Option<String>,
    /// How it is cut.
    pub layers: Layers,
}

/// A command that ends with 0 while all is well. Times are seconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Check {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// From one check to the next.
    pub interval: Option<f64>,
    /// How long one may take.
    pub timeout: Option<f64>,
    /// How long after the start failures do not count.
    pub start_period: Option<f64>,
    /// Failures in a row that count.
    pub retries: Option<u32>,
}

/// How an image is cut into layers.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Layers {
    /// The most layers that it has.
    pub max: u16,
    /// How they are compressed.
    pub compression: String,
}

/// A port, with its protocol or without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
pub enum Port {
    /// Of TCP.
    Number(u16),
    /// `53/udp`
    Text(String),
}

impl Default for Layers {
    fn default() -> Self {
        Self { max: 100, compression: "gzip".to_owned() }
    }
}

impl Default for Presentation {
    fn default() -> Self {
        Self {
            name: "system".to_owned(),
            tag: "latest".to_owned(),
            platform: "x86_64-linux".to_owned(),
            created: 0,
            entrypoint: None,
            cmd: Vec::new(),
            user: None,
            ports: BTreeSet::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            volumes: BTreeSet::new(),
            working_dir: None,
            environment: BTreeMap::new(),
            stop_signal: None,
            healthcheck: None,
            nix_store: None,
            layers: Layers::default(),
        }
    }
}

impl Check {
    fn healthcheck(&self) -> Healthcheck {
        let nanoseconds = |seconds: Option<f64>| {
            let time = Duration::try_from_secs_f64(seconds?).ok()?;
            u64::try_from(time.as_nanos()).ok()
        };
        Healthcheck {
            interval: nanoseconds(self.interval),
            timeout: nanoseconds(self.timeout),
            start_period: nanoseconds(self.start_period),
            retries: self.retries,
            ..Healthcheck::of(&self.command)
        }
    }
}

impl Port {
    fn with_protocol(&self) -> String {
        match self {
            Self::Number(number) => format!("{number}/tcp"),
            Self::Text(text) if text.contains('/') => text.clone(),
            Self::Text(text) => format!("{text}/tcp"),
        }
    }
}

impl Presentation {
    /// `NAME:TAG`, as engines list it.
    pub fn reference(&self) -> String {
        format!("{}:{}", self.name, self.tag)
    }

    /// The time that documents tell: that of the newest thing that the image is made from.
    pub fn created(&self) -> Timestamp {
        Timestamp(self.created)
    }

    /// The annotations of the manifest: what was declared, and the time if it is known.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        let mut annotations = self.annotations.clone();
        if self.created > 0 {
            let created = || frazil_image::oci::date_time(self.created());
            annotations.entry(CREATED.to_owned()).or_insert_with(created);
        }
        annotations
    }

    /// The program and all its arguments, as they run when nobody says otherwise.
    pub fn command(&self) -> Vec<String> {
        let run = self.run_config();
        run.entrypoint.into_iter().chain(run.cmd).collect()
    }

    /// The configuration of a container.
    pub fn run_config(&self) -> RunConfig {
        let mut environment = self.environment.clone();
        environment.entry("PATH".to_owned()).or_insert_with(|| PATH.to_owned());
        RunConfig {
            user: self.user.clone(),
            exposed_ports: self.ports.iter().map(Port::with_protocol).collect(),
            env: environment.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            entrypoint: self.entrypoint.clone().unwrap_or_else(|| vec![INIT.to_owned()]),
            cmd: self.cmd.clone(),
            volumes: self.volumes.clone(),
            working_dir: self.working_dir.clone(),
            labels: self.labels.clone(),
            stop_signal: self.stop_signal.clone(),
            healthcheck: self.healthcheck.as_ref().map(Check::healthcheck),
        }
    }

    /// The machine, as Go names it.
    pub fn platform(&self) -> Platform {
        let machine = self.platform.split('-').next().unwrap_or_default();
        let architecture = match machine {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "i686" => "386",
            "armv7l" | "armv6l" => "arm",
            "powerpc64le" => "ppc64le",
            other => other,
        };
        Platform { architecture: architecture.to_owned(), os: "linux".to_owned() }
    }
}
