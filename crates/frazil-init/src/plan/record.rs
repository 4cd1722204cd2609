//! The words of a plan: which stands where, and what its numbers mean.
//!
//! A number that means nothing reads as the first of its kind; [`super::read`] has refused it.

/// Enumerations whose numbers are the plan's.
macro_rules! numbered {
    ($($(#[$doc:meta])* $name:ident {
        $(#[$first_doc:meta])* $first:ident,
        $($(#[$variant_doc:meta])* $variant:ident,)*
    })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum $name { $(#[$first_doc])* $first, $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant,)*];

            pub(crate) fn from_word(word: u32) -> Self {
                Self::ALL.get(word as usize).copied().unwrap_or(Self::$first)
            }
        }
    )* };
}

/// Words at fixed places; the last name is their number.
macro_rules! places {
    ($($(#[$doc:meta])* $name:ident { $($(#[$place_doc:meta])* $place:ident = $number:expr,)* .. $words:expr })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(usize)]
        pub(crate) enum $name { $($(#[$place_doc])* $place = $number,)* }

        impl $name {
            pub(crate) const WORDS: usize = $words;
        }
    )* };
}

numbered! {
    /// Where the system runs.
    Mode {
        /// A container if there is a /proc already or we are not PID 1, a machine otherwise.
        Auto,
        /// Only services are started and stopped; nothing is mounted.
        Container,
        /// A machine: we mount, set up, and turn the power off.
        Machine,
    }
    /// What kind of service.
    Kind {
        /// Runs until it is stopped.
        Process,
        /// Runs once, and has done its work when it ends with success.
        Oneshot,
        /// A oneshot that `initctl start` runs again.
        Task,
    }
    /// When to start again.
    Restart {
        /// Whenever it ends.
        Always,
        /// When it ends without success.
        OnFailure,
        /// Never.
        Never,
    }
    /// How to find out whether a service does its work.
    ProbeKind {
        /// It does as soon as its program is executed.
        None,
        /// It writes a newline to a descriptor.
        Fd,
        /// It sends `READY=1` to `NOTIFY_SOCKET`.
        Notify,
        /// A TCP connection succeeds.
        Tcp,
        /// A connection to a local socket succeeds.
        Unix,
        /// A file exists.
        File,
        /// An HTTP request is answered with a status from 200 to 399.
        Http,
        /// A command ends with 0.
        Exec,
    }
    /// What to do with a service that is not healthy.
    OnUnhealthy {
        /// Restart it.
        Restart,
        /// End the system.
        StopAll,
        /// Only tell.
        None,
    }
    /// Where the output goes.
    LogKind {
        /// Where PID 1's own goes, untouched.
        Inherit,
        /// There, with the name of the service before each line.
        Prefix,
        /// There, each line a JSON object.
        Json,
        /// To a file, which is rotated.
        File,
        /// To the local syslog socket.
        Syslog,
        /// Nowhere.
        Null,
    }
    /// A part of a value.
    TextKind {
        /// These characters.
        Literal,
        /// The value of an environment variable of PID 1.
        Variable,
        /// The content of a file, without the newline at its end.
        File,
    }
    /// What must be there before a service starts.
    NodeKind {
        /// A directory, with the directories above it.
        Directory,
        /// A file with this content, written at each start.
        File,
        /// A symbolic link.
        Link,
    }
    /// A step of setting up a machine. In brackets: its strings, and its number.
    StepKind {
        /// Mount [source, target, type, options; flags].
        Mount,
        /// Load a module [path, parameters].
        Module,
        /// Write a kernel setting [path below /proc/sys, value].
        Setting,
        /// Set the host's name [name].
        HostName,
        /// Bring a network interface up [interface].
        LinkUp,
        /// Give it an address [interface; length of the prefix, host].
        Address,
        /// Add a default route [interface; host].
        Route,
        /// Run a command.
        Run,
        /// Check a file system with a command; its ends with 0 and 1 are good.
        Check,
        /// Use swap space [path].
        Swap,
        /// Credit and renew the random seed [path].
        Seed,
    }
}

impl TextKind {
    /// Added to the number of a part that has a default.
    pub(crate) const HAS_DEFAULT: u32 = 1 << 16;
}

/// Whether a service works, as far as its checks tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It is not checked, or was not yet.
    Unknown,
    /// The last check succeeded.
    Good,
    /// So many checks failed in a row that action was due.
    Bad,
}

places! {
    /// The header. The magic takes the first two words.
    HeaderField {
        Checksum = 2,
        Version = 3,
        Length = 4,
        Count = 5,
        Mode = 6,
        /// Milliseconds.
        StopDeadline = 7,
        ControlOffset = 8,
        StepsOffset = 10,
        /// What ends the system besides TERM, INT and PWR.
        StopSignal = 12,
        ..13
    }
    /// The record of a service. Lists and strings take two words, wide numbers too.
    Field {
        NameOffset = 0,
        Fingerprint = 2,
        Kind = 4,
        Flags = 5,
        Uid = 6,
        Gid = 7,
        Umask = 8,
        Nice = 9,
        OomScore = 10,
        StartTimeout = 11,
        BackoffMin = 12,
        BackoffMax = 13,
        BackoffReset = 14,
        BurstCount = 15,
        BurstWithin = 16,
        StopSignal = 17,
        StopTimeout = 18,
        Restart = 19,
        Ready = 20,
        Health = 21,
        Log = 22,
        LogPath = 23,
        LogBytes = 25,
        LogKeep = 26,
        Cwd = 27,
        Terminal = 29,
        Command = 31,
        Environment = 33,
        EnvironmentFiles = 35,
        PassEnvironment = 37,
        BeforeStart = 39,
        AfterStop = 41,
        StopCommand = 43,
        Requires = 45,
        Wants = 47,
        After = 49,
        Dependents = 51,
        Groups = 53,
        Limits = 55,
        Bounding = 57,
        Ambient = 59,
        Nodes = 61,
        Signals = 63,
        SuccessCodes = 65,
        Unless = 67,
        ..69
    }
}

/// Bits of [`Field::Flags`].
pub(crate) mod flag {
    /// Not started unless asked for.
    pub(crate) const DISABLED: u32 = 1;
    /// Its end is the end of the system.
    pub(crate) const CRITICAL: u32 = 1 << 1;
    /// Stopped when something it requires goes down.
    pub(crate) const BIND: u32 = 1 << 2;
    /// What is left of its process group when it ends is killed.
    pub(crate) const GROUP: u32 = 1 << 3;
    pub(crate) const NO_NEW_PRIVILEGES: u32 = 1 << 4;
    /// All variables of PID 1 are passed on.
    pub(crate) const PASS_ALL: u32 = 1 << 5;
    /// The capability sets are declared.
    pub(crate) const CAPABILITIES: u32 = 1 << 6;
    pub(crate) const GROUPS: u32 = 1 << 7;
    pub(crate) const NICE: u32 = 1 << 8;
    pub(crate) const OOM_SCORE: u32 = 1 << 9;
    /// Reads the standard input of PID 1 instead of nothing.
    pub(crate) const STDIN: u32 = 1 << 10;
    /// All that are known.
    pub(crate) const ALL: u32 = (1 << 11) - 1;
}
