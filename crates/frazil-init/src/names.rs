//! Names: of services, signals, resources and capabilities, as tables and messages write them.

/// The highest number of a signal.
pub const SIGNAL_MAX: u32 = 64;
/// The longest name of a service, in bytes.
pub const NAME_MAX: usize = 64;

/// Whether a service may be called so: `[a-z0-9][a-z0-9._-]*`, letters of either case. Such a name
/// is also a file name, an argument and a word of every other supervisor's language.
pub fn is_valid(name: &[u8]) -> bool {
    let is_first = |byte: u8| byte.is_ascii_alphanumeric();
    name.len() <= NAME_MAX
        && name.first().is_some_and(|byte| is_first(*byte))
        && name.iter().all(|byte| is_first(*byte) || matches!(byte, b'.' | b'_' | b'-' | b'@'))
}

/// Signals by number, from 1.
const SIGNALS: &[&str] = &[
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The number of a signal: `TERM`, `SIGTERM`, `15`, `RTMIN`, `RTMIN+3`.
pub fn signal(name: &[u8]) -> Option<u32> {
    let name = name.strip_prefix(b"SIG").unwrap_or(name);
    let number = if let Some(real_time) = name.strip_prefix(b"RTMIN") {
        34 + real_time.strip_prefix(b"+").map_or(Some(0), decimal)?
    } else if let Some(found) = SIGNALS.iter().position(|signal| signal.as_bytes() == name) {
        found as u32 + 1
    } else {
        decimal(name)?
    };
    (1..=SIGNAL_MAX).contains(&number).then_some(number)
}

/// What a signal is called; the real-time ones have numbers only.
pub fn signal_name(number: u32) -> Option<&'static str> {
    SIGNALS.get((number as usize).checked_sub(1)?).copied()
}

/// A number in decimal digits, nothing else.
pub fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |value, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| value.checked_mul(10)?.checked_add(digit.into()))?
    })
}

/// Resources by the number that `prlimit` has for them.
pub const RESOURCES: &[&str] = &[
    "cpu",
    "fsize",
    "data",
    "stack",
    "core",
    "rss",
    "nproc",
    "nofile",
    "memlock",
    "as",
    "locks",
    "sigpending",
    "msgqueue",
    "nice",
    "rtprio",
    "rttime",
];

/// Capabilities by number.
pub const CAPABILITIES: &[&str] = &[
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];
