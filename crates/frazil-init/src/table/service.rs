//! What can be declared about one service.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::Deserialize;

use super::Seconds;

/// A service. Everything but the command has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// A process, unless told.
    #[serde(rename = "type", default)]
    pub kind: ServiceType,
    /// The program, an absolute path, and its arguments.
    pub exec: Vec<Text>,
    /// Variables of its environment.
    #[serde(default)]
    pub env: BTreeMap<String, Text>,
    /// Files of `NAME=value` lines, read at each start; one after `?` may be absent.
    #[serde(default)]
    pub env_files: Vec<String>,
    /// Which variables of PID 1 it gets: `true` for all (the default in a container), `false` for
    /// none, or their names.
    pub pass_env: Option<PassEnv>,
    /// Its working directory.
    #[serde(default = "root")]
    pub cwd: String,
    /// The user it runs as.
    pub uid: Option<u32>,
    /// The group it runs as; by default that of the same number as the user.
    pub gid: Option<u32>,
    /// Its other groups; none if there is a user and nothing is said.
    pub groups: Option<Vec<u32>>,
    /// As in `"022"`, octal.
    #[serde(default = "umask")]
    pub umask: String,
    /// Resource limits by name: a number, `"unlimited"`, or `{soft, hard}`.
    #[serde(default)]
    pub limits: BTreeMap<String, LimitValue>,
    /// From -20 to 19.
    pub nice: Option<i8>,
    /// From -1000 to 1000.
    pub oom_score_adj: Option<i16>,
    /// Its capabilities; unchanged if nothing is said.
    pub caps: Option<Capabilities>,
    /// Whether it can gain privileges; by default not, if there is a user.
    pub no_new_privs: Option<bool>,
    /// `"null"`, or `"inherit"`.
    #[serde(default)]
    pub stdin: InputChoice,
    /// A terminal that it controls.
    #[serde(default)]
    pub tty: String,
    /// A path; while something is there, a start has nothing to do and ends well.
    #[serde(default)]
    pub unless: String,
    /// Commands to run before each start, as the user of PID 1.
    #[serde(default)]
    pub before_start: Vec<Vec<Text>>,
    /// A command to run after each end.
    #[serde(default)]
    pub after_stop: Vec<Text>,
    /// Directories to make before each start.
    #[serde(default)]
    pub dirs: Vec<Node>,
    /// Files to write before each start.
    #[serde(default)]
    pub files: Vec<Node>,
    /// Symbolic links to make before each start.
    #[serde(default)]
    pub links: Vec<Node>,
    /// Services that must be up before.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Services that are started along and waited for, but may fail.
    #[serde(default)]
    pub wants: Vec<String>,
    /// Services to wait for if they are started, too.
    #[serde(default)]
    pub after: Vec<String>,
    /// Stop it when something that it requires goes down.
    #[serde(default)]
    pub bind: bool,
    /// How it tells that it is ready.
    pub ready: Option<Readiness>,
    /// How long it may take to be ready, or a oneshot to end; 0 is for ever. Default: 60 s for a
    /// process, for ever otherwise.
    pub start_timeout: Option<Seconds>,
    /// When to start again. Default: always; never for a oneshot, or a critical service.
    pub restart: Option<RestartPolicy>,
    /// Exit statuses that are a success, besides 0.
    #[serde(default)]
    pub success_codes: Vec<u8>,
    /// How long to wait before the next start.
    #[serde(default)]
    pub backoff: Backoff,
    /// How many starts within which time are too many.
    pub burst: Option<Burst>,
    /// Its end is the end of the system.
    #[serde(default)]
    pub critical: bool,
    /// How to stop it.
    #[serde(default)]
    pub stop: Stop,
    /// Signals that PID 1 passes on, and as what.
    #[serde(default)]
    pub signals: BTreeMap<String, String>,
    /// How to check its health.
    pub health: Option<HealthCheck>,
    /// Where its output goes.
    pub log: Option<Log>,
    /// Not started unless asked for.
    #[serde(default)]
    pub disabled: bool,
}

fn root() -> String {
    "/".to_owned()
}

fn umask() -> String {
    "022".to_owned()
}

/// Kinds of services.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ServiceType {
    /// Runs until it is stopped.
    #[default]
    Process,
    /// Runs once.
    Oneshot,
    /// Runs once, and again whenever it is started.
    Task,
}

/// A value: characters, or parts that are put together when the service starts.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Text {
    /// Characters.
    Plain(String),
    /// Parts.
    Parts(Vec<Part>),
}

/// A part of a value.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged, deny_unknown_fields)]
pub enum Part {
    /// Characters.
    Literal(String),
    /// A variable of PID 1's environment.
    Variable {
        /// Its name.
        env: String,
        /// What holds if it is not set.
        default: Option<String>,
    },
    /// The content of a file, without the newline at its end.
    File {
        /// Its path.
        file: String,
    },
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

/// What is passed on of PID 1's environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum PassEnv {
    /// All or nothing.
    All(bool),
    /// These variables.
    Names(Vec<String>),
}

/// A resource limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum LimitValue {
    /// Both limits.
    Both(Amount),
    /// One each.
    Each {
        /// What holds.
        soft: Amount,
        /// How far it may be raised.
        hard: Amount,
    },
}

/// A number, or no limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// In the unit of the resource.
    Number(u64),
    /// `"unlimited"`.
    Word(Unlimited),
}

/// The word for no limit.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unlimited {
    /// No limit.
    Unlimited,
}

/// Capabilities by name, as `net_bind_service`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// All that it can ever have; unchanged if nothing is said.
    pub bounding: Option<Vec<String>>,
    /// What it has without being root.
    #[serde(default)]
    pub ambient: Vec<String>,
}

/// What the standard input is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum InputChoice {
    /// Nothing to read.
    #[default]
    Null,
    /// That of PID 1.
    Inherit,
}

/// A thing that must be there before a start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Where.
    pub path: String,
    /// Octal. Default: `755` for directories, `644` for files.
    pub mode: Option<String>,
    /// Its owner; unchanged if nothing is said.
    pub uid: Option<u32>,
    /// Its group.
    pub gid: Option<u32>,
    /// The content of a file, the target of a link.
    pub content: Option<Text>,
}

/// Where to send an HTTP request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAddress {
    /// The host; this one by default.
    #[serde(default = "localhost")]
    pub host: Ipv4Addr,
    /// The port.
    pub port: u16,
    /// What to ask for.
    #[serde(default = "root")]
    pub path: String,
}

fn localhost() -> Ipv4Addr {
    Ipv4Addr::LOCALHOST
}

/// How to find out whether a service does its work: exactly one of the keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Readiness {
    /// It writes a newline to this descriptor.
    pub fd: Option<u8>,
    /// It sends `READY=1` to `NOTIFY_SOCKET`.
    pub notify: Option<bool>,
    /// A connection to this `host:port` succeeds.
    pub tcp: Option<std::net::SocketAddrV4>,
    /// A connection to this socket succeeds.
    pub unix: Option<String>,
    /// This file exists.
    pub file: Option<String>,
    /// This request is answered well.
    pub http: Option<HttpAddress>,
    /// This command ends with 0.
    pub exec: Option<Vec<Text>>,
    /// From one check to the next. Default: 0.1 s.
    pub interval: Option<Seconds>,
    /// When a check has failed. Default: 5 s.
    pub timeout: Option<Seconds>,
}

/// How to check the health of a service: as [`Readiness`], and what follows.
#[derive(Clone, Debug, Deserialize)]
pub struct HealthCheck {
    /// The check. Its interval is 30 s by default.
    #[serde(flatten)]
    pub check: Readiness,
    /// Failures in a row that make it unhealthy.
    #[serde(default = "three")]
    pub retries: u16,
    /// What to do then.
    #[serde(default)]
    pub action: HealthAction,
}

fn three() -> u16 {
    3
}

/// What to do with a service that is not healthy.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum HealthAction {
    /// Restart it.
    #[default]
    Restart,
    /// End the system.
    StopAll,
    /// Only tell.
    None,
}

/// When to start a service again.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// Whenever it ends.
    Always,
    /// When it ends without success.
    OnFailure,
    /// Never.
    Never,
}

/// How long to wait before the next start: twice as long after each short run.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backoff {
    /// The first time.
    pub min: Seconds,
    /// At most.
    pub max: Seconds,
    /// A run of this length is not short.
    pub reset: Seconds,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            min: Seconds::from_millis(200),
            max: Seconds::from_millis(30_000),
            reset: Seconds::from_millis(10_000),
        }
    }
}

/// How many starts are too many.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// So many starts are allowed
    pub count: u32,
    /// within this time.
    pub within: Seconds,
}

/// How to stop a service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// The signal that asks it to end.
    pub signal: String,
    /// When it is killed.
    pub timeout: Seconds,
    /// A command instead of the signal; it finds the process in `MAINPID`.
    pub exec: Vec<Text>,
    /// Whether what is left of its process group is killed when it ends.
    pub group: bool,
}

impl Default for Stop {
    fn default() -> Self {
        let timeout = Seconds::from_millis(8000);
        Self { signal: "TERM".to_owned(), timeout, exec: Vec::new(), group: true }
    }
}

/// Where the output of a service goes.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Log {
    /// Where that of PID 1 goes, untouched.
    Inherit,
    /// There, with the name before each line.
    Prefix,
    /// There, a JSON object a line.
    Json,
    /// To a file.
    File {
        /// Where.
        path: String,
        /// When it is moved away, in bytes.
        #[serde(default = "log_size")]
        size: u32,
        /// How many of the old ones are kept.
        #[serde(default = "log_keep")]
        keep: u8,
    },
    /// To the local syslog socket.
    Syslog,
    /// Nowhere.
    Null,
}

fn log_size() -> u32 {
    10 << 20
}

fn log_keep() -> u8 {
    3
}
