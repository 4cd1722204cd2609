//! Capabilities: what a program can do that needs files which it never names.
//!
//! A program that imports `setlocale` will open the locale that is in force, and no string in it
//! says where. Each row tells by which imported symbols the need is seen, what is kept by default,
//! and what more there is for those who ask.

use crate::glob;

/// A need that is seen by imported symbols.
pub struct Capability {
    /// The name, as policies and ledgers call it.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub about: &'static str,
    /// Symbols; importing one is evidence.
    pub symbols: &'static [&'static str],
    /// Patterns of what is kept when it is seen.
    pub basic: &'static [&'static str],
    /// Patterns of what is kept in addition where it is wanted in full.
    pub full: &'static [&'static str],
    /// Packages that hold such files, for universes that are opened as needed.
    pub packages: &'static [&'static str],
    /// Patterns of programs that want it in full whenever they are kept.
    pub full_for: &'static [&'static str],
}

/// How much of a capability is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Nothing, whatever is seen.
    Nothing,
    /// All of it, whatever is seen.
    Full,
}

/// All capabilities, sorted by name.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        name: "authorities",
        about: "whom TLS trusts",
        symbols: &[
            "SSL_CTX_set_default_verify_paths",
            "X509_get_default_cert_file",
            "gnutls_certificate_set_x509_system_trust",
            "gnutls_x509_trust_list_add_system_trust",
        ],
        basic: &["etc/ssl/certs/ca-certificates.crt", "usr/lib/ssl/cert.pem"],
        full: &[],
        packages: &["ca-certificates", "openssl"],
        full_for: &[],
    },
    Capability {
        name: "charsets",
        about: "conversions of iconv",
        symbols: &["iconv_open"],
        basic: &[
            "usr/lib/*-linux-gnu*/gconv/CP125[0-2].so",
            "usr/lib/*-linux-gnu*/gconv/ISO8859-1.so",
            "usr/lib/*-linux-gnu*/gconv/ISO8859-2.so",
            "usr/lib/*-linux-gnu*/gconv/ISO8859-15.so",
            "usr/lib/*-linux-gnu*/gconv/KOI8-R.so",
            "usr/lib/*-linux-gnu*/gconv/UNICODE.so",
            "usr/lib/*-linux-gnu*/gconv/UTF-16.so",
            "usr/lib/*-linux-gnu*/gconv/UTF-32.so",
            "usr/lib/*-linux-gnu*/gconv/UTF-7.so",
            "usr/lib/*-linux-gnu*/gconv/gconv-modules.cache",
        ],
        full: &["usr/lib/*-linux-gnu*/gconv/**"],
        packages: &[],
        full_for: &[],
    },
    Capability {
        name: "locale",
        about: "the locale C.UTF-8, which glibc does not have built in",
        symbols: &["newlocale", "setlocale"],
        basic: &["usr/lib/locale/C.utf8/**"],
        full: &[],
        packages: &["libc-bin"],
        full_for: &[],
    },
    Capability {
        name: "pam",
        about: "modules of PAM",
        symbols: &["pam_start"],
        basic: &[
            "etc/pam.d/common-*",
            "etc/pam.d/other",
            "usr/lib/*-linux-gnu*/security/pam_deny.so",
            "usr/lib/*-linux-gnu*/security/pam_env.so",
            "usr/lib/*-linux-gnu*/security/pam_keyinit.so",
            "usr/lib/*-linux-gnu*/security/pam_limits.so",
            "usr/lib/*-linux-gnu*/security/pam_loginuid.so",
            "usr/lib/*-linux-gnu*/security/pam_mail.so",
            "usr/lib/*-linux-gnu*/security/pam_motd.so",
            "usr/lib/*-linux-gnu*/security/pam_nologin.so",
            "usr/lib/*-linux-gnu*/security/pam_permit.so",
            "usr/lib/*-linux-gnu*/security/pam_selinux.so",
            "usr/lib/*-linux-gnu*/security/pam_unix.so",
        ],
        full: &["usr/lib/*-linux-gnu*/security/**"],
        packages: &["libpam-modules"],
        full_for: &[],
    },
    Capability {
        name: "protocols",
        about: "names of protocols",
        symbols: &["getprotobyname", "getprotobyname_r", "getprotobynumber", "getprotoent"],
        basic: &["etc/protocols"],
        full: &[],
        packages: &["netbase"],
        full_for: &[],
    },
    Capability {
        name: "resolver",
        about: "names of hosts",
        symbols: &[
            "getaddrinfo",
            "gethostbyaddr",
            "gethostbyname",
            "gethostbyname2",
            "gethostbyname2_r",
            "gethostbyname_r",
            "getnameinfo",
        ],
        basic: &["etc/hosts", "etc/nsswitch.conf", "etc/resolv.conf"],
        full: &[],
        packages: &[],
        full_for: &[],
    },
    Capability {
        name: "services",
        about: "names of ports",
        symbols: &[
            "getservbyname",
            "getservbyname_r",
            "getservbyport",
            "getservbyport_r",
            "getservent",
        ],
        basic: &["etc/services"],
        full: &[],
        packages: &["netbase"],
        full_for: &[],
    },
    Capability {
        name: "shadow",
        about: "passwords",
        symbols: &["getspnam", "getspnam_r"],
        basic: &["etc/nsswitch.conf", "etc/shadow"],
        full: &[],
        packages: &[],
        full_for: &[],
    },
    Capability {
        name: "shell",
        about: "commands run by /bin/sh",
        symbols: &["popen", "system", "wordexp"],
        basic: &["usr/bin/sh"],
        full: &[],
        packages: &["dash"],
        full_for: &[],
    },
    Capability {
        name: "terminals",
        about: "descriptions of terminals",
        symbols: &["setupterm", "tgetent"],
        basic: &[],
        full: &["usr/lib/terminfo/**", "usr/share/terminfo/**"],
        packages: &[],
        full_for: &[],
    },
    Capability {
        name: "unwinding",
        about: "libgcc_s, which glibc loads when a thread ends early",
        symbols: &["backtrace", "pthread_cancel", "pthread_exit"],
        basic: &["usr/lib/*-linux-gnu*/libgcc_s.so.1"],
        full: &[],
        packages: &["libgcc-s1"],
        full_for: &[],
    },
    Capability {
        name: "users",
        about: "names of users and groups",
        symbols: &[
            "getgrgid",
            "getgrgid_r",
            "getgrnam",
            "getgrnam_r",
            "getgrouplist",
            "getpwent",
            "getpwnam",
            "getpwnam_r",
            "getpwuid",
            "getpwuid_r",
            "initgroups",
        ],
        basic: &["etc/group", "etc/nsswitch.conf", "etc/passwd"],
        full: &[],
        packages: &[],
        full_for: &[],
    },
    Capability {
        name: "zones",
        about: "time zones",
        symbols: &["localtime", "localtime_r", "mktime", "tzset"],
        basic: &["etc/localtime", "usr/share/zoneinfo/Etc/UTC", "usr/share/zoneinfo/UTC"],
        full: &["usr/share/zoneinfo/**"],
        packages: &["tzdata"],
        full_for: &["usr/bin/python3*", "usr/lib/postgresql/*/bin/postgres"],
    },
];

/// Loading of libraries whose names are strings.
pub(crate) const DLOPEN: &[&str] = &["dlmopen", "dlopen"];
/// Running of programs that are looked for in `PATH`.
pub(crate) const EXEC: &[&str] = &["execlp", "execvp", "execvpe", "posix_spawnp"];

/// Whether the linker wants to know that a program imports this symbol.
pub(crate) fn is_relevant(symbol: &[u8]) -> bool {
    // Most symbols are not; their first letter says so in most cases.
    let first = symbol.first().copied().unwrap_or_default();
    let Ok(symbol) = std::str::from_utf8(symbol) else { return false };
    b"SXbdegilmnpstw".contains(&first)
        && (DLOPEN.contains(&symbol)
            || EXEC.contains(&symbol)
            || CAPABILITIES.iter().any(|row| row.symbols.contains(&symbol)))
}

/// The capability of that name.
pub fn find(name: &str) -> Option<&'static Capability> {
    CAPABILITIES.iter().find(|row| row.name == name)
}

impl Capability {
    /// Whether what lies there is kept for it.
    pub(crate) fn has(&self, path: &[u8]) -> bool {
        glob::is_match_any(self.basic, path) || glob::is_match_any(self.full, path)
    }

    /// Whether keeping the program at `path` asks for all of it.
    pub(crate) fn is_full_for(&self, path: &[u8]) -> bool {
        glob::is_match_any(self.full_for, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_symbol_is_relevant() {
        assert!(CAPABILITIES.is_sorted_by_key(|row| row.name));
        for row in CAPABILITIES {
            assert!(row.symbols.is_sorted(), "{}", row.name);
            assert!(
                row.symbols.iter().all(|symbol| is_relevant(symbol.as_bytes())),
                "{}",
                row.name
            );
        }
        assert!(DLOPEN.iter().chain(EXEC).all(|symbol| is_relevant(symbol.as_bytes())));
        assert!(!is_relevant(b"malloc") && !is_relevant(b"") && !is_relevant(b"\xff"));
    }
}
