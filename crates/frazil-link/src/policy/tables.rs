//! The tables of the policy: what is trimmed everywhere, which directories nobody owns, what
//! languages need, whose strings mean nothing.

use super::Cut;
use crate::glob;

/// How strongly something is trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Firmness {
    /// Unless exact evidence leads to it.
    Soft,
    /// Unless it is a root, or something named by `keep`.
    Hard,
}

/// What a path of a trimmed file looks like.
enum Shape {
    Below(&'static str),
    Ends(&'static str),
    Through(&'static str),
}
use Firmness::{Hard, Soft};
use Shape::{Below, Ends, Through};

/// Why, how firmly, and which.
const TRIMS: &[(&str, Firmness, &[Shape])] = &[
    (
        "documentation",
        Hard,
        &[
            Below("usr/share/bug/"),
            Below("usr/share/doc/"),
            Below("usr/share/help/"),
            Below("usr/share/info/"),
            Below("usr/share/lintian/"),
            Below("usr/share/man/"),
        ],
    ),
    ("translations", Hard, &[Below("usr/share/locale/")]),
    ("development", Hard, &[Below("usr/include/"), Ends(".a"), Ends(".la"), Ends(".o")]),
    ("another init", Hard, &[Below("etc/init.d/"), Below("usr/lib/systemd/system/")]),
    (
        "development",
        Soft,
        &[
            Below("usr/lib/debug/"),
            Below("usr/lib/pkgconfig/"),
            Below("usr/share/aclocal/"),
            Below("usr/share/gdb/"),
            Below("usr/share/gtk-doc/"),
            Below("usr/share/pkgconfig/"),
            Through("/bitcode/"),
            Through("/cmake/"),
            Through("/pgxs/"),
            Through("/pkgconfig/"),
        ],
    ),
    (
        "documentation",
        Soft,
        &[
            Below("usr/share/common-licenses/"),
            Below("usr/share/doc-base/"),
            Below("usr/share/linda/"),
        ],
    ),
    ("translations", Soft, &[Below("usr/share/i18n/"), Below("usr/share/nls/")]),
    (
        "shells and desktops",
        Soft,
        &[
            Below("etc/bash_completion.d/"),
            Below("etc/xdg/"),
            Below("usr/share/appdata/"),
            Below("usr/share/applications/"),
            Below("usr/share/apport/"),
            Below("usr/share/bash-completion/"),
            Below("usr/share/fish/"),
            Below("usr/share/icons/"),
            Below("usr/share/menu/"),
            Below("usr/share/metainfo/"),
            Below("usr/share/pixmaps/"),
            Below("usr/share/readline/"),
            Below("usr/share/vim/"),
            Below("usr/share/zsh/"),
        ],
    ),
    (
        "another init",
        Soft,
        &[
            Below("etc/rc"),
            Below("etc/insserv.conf.d/"),
            Below("etc/runit/"),
            Below("etc/sv/"),
            Below("usr/lib/environment.d/"),
            Below("usr/lib/lsb/"),
            Below("usr/lib/runit-helper/"),
            Below("usr/lib/systemd/"),
            Below("usr/lib/sysusers.d/"),
            Below("usr/lib/tmpfiles.d/"),
            Below("usr/share/runit/"),
            Below("usr/share/sysvinit/"),
        ],
    ),
    (
        "administration of a whole machine",
        Soft,
        &[
            Below("etc/apparmor.d/"),
            Below("etc/apport/"),
            Below("etc/avahi/"),
            Below("etc/cron"),
            Below("etc/dhcp/"),
            Below("etc/initramfs-tools/"),
            Below("etc/kernel/"),
            Below("etc/logrotate.d/"),
            Below("etc/network/"),
            Below("etc/ppp/"),
            Below("etc/resolvconf/"),
            Below("etc/ufw/"),
            Below("etc/update-motd.d/"),
            Below("usr/lib/binfmt.d/"),
            Below("usr/lib/modprobe.d/"),
            Below("usr/lib/udev/"),
            Below("usr/share/initramfs-tools/"),
            Below("usr/share/polkit-1/"),
        ],
    ),
    (
        "packaging",
        Soft,
        &[
            Below("usr/share/debconf/"),
            Below("usr/share/debianutils/"),
            Below("usr/share/perl5/Debconf/"),
            Below("usr/share/perl5/Debian/"),
        ],
    ),
];

/// Why a file is trimmed, if it is, and how firmly.
pub(crate) fn trim(path: &[u8]) -> Option<(&'static str, Firmness)> {
    let fits = |shape: &Shape| match shape {
        Below(start) => path.starts_with(start.as_bytes()),
        Ends(end) => path.ends_with(end.as_bytes()),
        Through(name) => memchr::memmem::find(path, name.as_bytes()).is_some(),
    };
    let row = TRIMS.iter().find(|(_, _, shapes)| shapes.iter().any(fits))?;
    Some((row.0, row.1))
}

/// Places in paths of a Nix closure that mention others without needing them.
const CUTS: &[(Cut, &[&str])] = &[
    (
        Cut::Documentation,
        &[
            "doc/**",
            "man/**",
            "share/doc/**",
            "share/gtk-doc/**",
            "share/help/**",
            "share/info/**",
            "share/man/**",
            "**/COPYING*",
            "**/LICENSE*",
            "**/README*",
        ],
    ),
    (Cut::Debug, &["lib/debug/**", "**/*.debug", "**/*.dwo", "**/*.pdb"]),
    (
        Cut::Build,
        &[
            "include/**",
            "nix-support/**",
            "lib/cmake/**",
            "lib/pkgconfig/**",
            "share/cmake/**",
            "share/pkgconfig/**",
            "**/*.a",
            "**/*.la",
            "**/*.log",
            "**/Makefile*",
            "**/config.status",
        ],
    ),
];

/// As what the file at `path` of a unit mentions others that it may not need.
pub(crate) fn cut(path: &[u8]) -> impl Iterator<Item = Cut> {
    let rows = CUTS.iter().filter(|(_, patterns)| glob::is_match_any(patterns, path));
    rows.map(|(cut, _)| *cut)
}

/// Directories that many packages share, or that only hold state: naming one asks for nothing.
const GENERIC: &[&str] = &[
    "",
    "boot/**",
    "dev/**",
    "etc/alternatives",
    "etc/default",
    "etc/opt",
    "etc/pam.d",
    "etc/profile.d",
    "etc/skel",
    "etc/ssl/certs",
    "etc/terminfo",
    "home/**",
    "media/**",
    "mnt/**",
    "nix/store",
    "proc/**",
    "run/**",
    "sys/**",
    "tmp/**",
    "usr/games",
    "usr/include",
    "usr/lib/*-linux-gnu*",
    "usr/lib/*-linux-gnu*/gconv",
    "usr/lib/*-linux-gnu*/perl5",
    "usr/lib/*-linux-gnu*/security",
    "usr/lib/locale",
    "usr/lib/python3",
    "usr/lib/python3/dist-packages",
    "usr/lib/terminfo",
    "usr/local/*",
    "usr/share/dict",
    "usr/share/locale",
    "usr/share/misc",
    "usr/share/perl5",
    "usr/share/terminfo",
    "usr/share/zoneinfo",
    "usr/src",
    "var/*",
    "var/lib/dpkg",
];

/// Whether naming this directory asks for nothing that is in it.
pub(crate) fn is_generic(path: &[u8]) -> bool {
    // Of the root and of `usr`, `etc`, `var` every child is shared but for those of `etc`.
    let depth = memchr::memchr_iter(b'/', path).count();
    let top_is_shared = depth == 0 || (depth == 1 && path.starts_with(b"usr/"));
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    top_is_shared
        || matches!(name, b"bin" | b"sbin" | b"libexec")
        || glob::is_match_any(GENERIC, path)
}

/// A language whose standard library is kept whole with its interpreter: programs load modules by
/// computed names, and pruning by imports broke `codecs` for little gain.
pub(crate) struct Runtime {
    pub(crate) name: &'static str,
    /// Pattern of the interpreter.
    pub(crate) program: &'static str,
    /// Patterns of the packages that hold the library.
    pub(crate) packages: &'static [&'static str],
    /// Patterns of packages that may hold more of it, which other evidence leads to.
    pub(crate) opens: &'static [&'static str],
    /// What the paths of the library go through.
    pub(crate) through: &'static str,
}

impl Runtime {
    pub(crate) fn is_interpreter(&self, path: &[u8]) -> bool {
        glob::is_match(self.program.as_bytes(), path)
    }
}

pub(crate) const RUNTIMES: &[Runtime] = &[
    Runtime {
        name: "python",
        program: "**/python3*",
        packages: &[
            "libpython3-stdlib",
            "libpython3.[0-9]*-minimal",
            "libpython3.[0-9]*-stdlib",
            "python3-minimal",
            "python3.[0-9]*-minimal",
        ],
        opens: &["libpython3*", "python3*"],
        through: "/python3",
    },
    Runtime {
        name: "perl",
        program: "**/perl*",
        packages: &["perl-base"],
        opens: &["libperl5*", "perl*"],
        through: "/perl",
    },
    Runtime {
        name: "ruby",
        program: "**/ruby[0-9]*",
        packages: &["libruby[0-9]*", "rubygems-integration"],
        opens: &["libruby*", "ruby*"],
        through: "/ruby/",
    },
];

/// Packages of modules for programs that import by name.
pub(crate) struct Modules {
    /// Patterns of the packages, by Debian's policies for their languages.
    pub(crate) packages: &'static [&'static str],
    /// Where modules are; `{}` stands for the triplet of the architecture.
    pub(crate) directories: &'static [&'static str],
}

pub(crate) const MODULES: &[Modules] = &[
    Modules { packages: &["lib*-perl"], directories: &["usr/lib/{}/perl5", "usr/share/perl5"] },
    Modules {
        packages: &["node-*"],
        directories: &["usr/lib/nodejs", "usr/lib/{}/nodejs", "usr/share/nodejs"],
    },
    Modules { packages: &["*"], directories: &["usr/lib/python3/dist-packages"] },
    Modules {
        packages: &["ruby-*"],
        directories: &[
            "usr/lib/ruby",
            "usr/lib/{}/ruby",
            "usr/lib/{}/rubygems-integration",
            "usr/share/rubygems-integration",
        ],
    },
];

/// Files whose strings are lists of what exists in the world, not of what they need.
pub(crate) const NOISY_NAMES: &[&str] = &["**/magic*"];
