//! The numbers of users and groups.
//!
//! A number that nobody set is a function of the name: no list of numbers has to be kept, and none
//! is ever given to somebody else. When two names meet on one number, that is an error and not a
//! choice, because a choice would change when one of the two goes.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use frazil_link::generate::accounts as generate;
use frazil_model::Sha256;

use super::specification::{Group, User};

/// Where chosen numbers are: above people, and within what rootless containers can map.
const FIRST: u32 = 20_000;
const COUNT: u32 = 40_000;

/// Numbers that Debian gives in every installation (base-passwd), users and groups alike.
const OF_DEBIAN: &[(&str, u32)] = &[
    ("root", 0),
    ("daemon", 1),
    ("bin", 2),
    ("sys", 3),
    ("games", 60),
    ("man", 12),
    ("lp", 7),
    ("mail", 8),
    ("news", 9),
    ("uucp", 10),
    ("proxy", 13),
    ("www-data", 33),
    ("backup", 34),
    ("list", 38),
    ("irc", 39),
    ("nobody", 65_534),
    ("nogroup", 65_534),
];
/// Where users and groups differ.
const USERS_OF_DEBIAN: &[(&str, u32)] = &[("games", 5), ("man", 6), ("_apt", 42)];
const GROUPS_OF_DEBIAN: &[(&str, u32)] = &[
    ("adm", 4),
    ("tty", 5),
    ("disk", 6),
    ("kmem", 15),
    ("dialout", 20),
    ("fax", 21),
    ("voice", 22),
    ("cdrom", 24),
    ("floppy", 25),
    ("tape", 26),
    ("sudo", 27),
    ("audio", 29),
    ("dip", 30),
    ("operator", 37),
    ("src", 40),
    ("shadow", 42),
    ("utmp", 43),
    ("video", 44),
    ("sasl", 45),
    ("plugdev", 46),
    ("staff", 50),
    ("users", 100),
];

/// The accounts of a system, all with numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// Numbers of users.
    pub uids: BTreeMap<String, u32>,
    /// Numbers of groups.
    pub gids: BTreeMap<String, u32>,
}

/// Why there are no such accounts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// Two have one number.
    #[error("the {kind}s `{one}` and `{other}` both have the number {number}")]
    Shared {
        /// Which.
        kind: Kind,
        /// One of them.
        one: String,
        /// The other.
        other: String,
        /// The number.
        number: u32,
    },
    /// Somebody is named who does not exist.
    #[error("{whose} names the {kind} `{name}`, which does not exist")]
    Unknown {
        /// Which.
        kind: Kind,
        /// The name.
        name: String,
        /// Where it is named.
        whose: String,
    },
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Group => "group",
        })
    }
}

impl AccountsError {
    /// What the user can do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Shared { kind: Kind::User, one, .. } => {
                format!("give one of them another, as with `users.users.{one}.uid = 900;`")
            }
            Self::Shared { kind: Kind::Group, one, .. } => {
                format!("give one of them another, as with `users.groups.{one}.gid = 900;`")
            }
            Self::Unknown { kind, name, .. } => {
                format!("declare it: `users.{kind}s.{name} = {{ }};`")
            }
        }
    }
}

impl Accounts {
    /// The numbers of these users and groups.
    pub fn number(
        users: &BTreeMap<String, User>,
        groups: &BTreeMap<String, Group>,
    ) -> Result<Self, AccountsError> {
        let uids = users.iter().map(|(name, user)| (name, user.uid));
        let gids = groups.iter().map(|(name, group)| (name, group.gid));
        let accounts = Self { uids: number(Kind::User, uids)?, gids: number(Kind::Group, gids)? };
        for (name, user) in users {
            let whose = || format!("the user `{name}`");
            for group in [&user.group].into_iter().chain(&user.extra_groups) {
                accounts.gid(group, whose)?;
            }
        }
        Ok(accounts)
    }

    /// Whether all members of groups exist. Accounts that packages declare are known late.
    pub fn check_members(&self, groups: &BTreeMap<String, Group>) -> Result<(), AccountsError> {
        for (name, group) in groups {
            for member in &group.members {
                self.uid(member, || format!("the group `{name}`"))?;
            }
        }
        Ok(())
    }

    /// The number of a user, whose name may be the number itself; `whose` says where it stands.
    pub fn uid(&self, name: &str, whose: impl FnOnce() -> String) -> Result<u32, AccountsError> {
        let unknown =
            || AccountsError::Unknown { kind: Kind::User, name: name.into(), whose: whose() };
        self.uids.get(name).copied().or_else(|| name.parse().ok()).ok_or_else(unknown)
    }

    /// The number of a group, as [`uid`](Self::uid).
    pub fn gid(&self, name: &str, whose: impl FnOnce() -> String) -> Result<u32, AccountsError> {
        let unknown =
            || AccountsError::Unknown { kind: Kind::Group, name: name.into(), whose: whose() };
        self.gids.get(name).copied().or_else(|| name.parse().ok()).ok_or_else(unknown)
    }

    /// The number of a user in the system or in every Debian, or the number that the text is.
    pub fn find_uid(&self, name: &str) -> Option<u32> {
        let known = self.uids.get(name).copied().or_else(|| of_debian(Kind::User, name));
        known.or_else(|| name.parse().ok())
    }

    /// As [`find_uid`](Self::find_uid), of a group.
    pub fn find_gid(&self, name: &str) -> Option<u32> {
        let known = self.gids.get(name).copied().or_else(|| of_debian(Kind::Group, name));
        known.or_else(|| name.parse().ok())
    }

    /// As [`uid`](Self::uid); users that every Debian has need not be in the system.
    pub fn package_uid(&self, name: &str, package: &str) -> Result<u32, AccountsError> {
        of_debian(Kind::User, name).map_or_else(|| self.uid(name, || whose(package)), Ok)
    }

    /// As [`gid`](Self::gid); groups that every Debian has need not be in the system.
    pub fn package_gid(&self, name: &str, package: &str) -> Result<u32, AccountsError> {
        of_debian(Kind::Group, name).map_or_else(|| self.gid(name, || whose(package)), Ok)
    }

    /// `passwd`, `group` and `shadow`.
    pub fn files(
        &self,
        users: &BTreeMap<String, User>,
        groups: &BTreeMap<String, Group>,
    ) -> Result<generate::Accounts, generate::AccountError> {
        let user = |(name, uid): (&String, &u32)| {
            let user = users.get(name)?;
            Some(generate::User {
                name: name.clone(),
                uid: *uid,
                gid: self.gids.get(&user.group).copied()?,
                comment: user.description.clone(),
                home: user.home.clone(),
                shell: user.shell.clone(),
                password_hash: user.hashed_password.clone(),
            })
        };
        let group = |(name, gid): (&String, &u32)| {
            let declared = groups.get(name).into_iter().flat_map(|group| &group.members);
            let themselves = users.iter().filter(|(_, user)| user.extra_groups.contains(name));
            let members: BTreeSet<&String> =
                declared.chain(themselves.map(|(name, _)| name)).collect();
            let members = members.into_iter().cloned().collect();
            generate::Group { name: name.clone(), gid: *gid, members }
        };
        let users: Vec<_> = self.uids.iter().filter_map(user).collect();
        let groups: Vec<_> = self.gids.iter().map(group).collect();
        generate::accounts(&users, &groups)
    }
}

/// Whose number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user's.
    User,
    /// A group's.
    Group,
}

/// The number of a user or group that every Debian has.
pub fn of_debian(kind: Kind, name: &str) -> Option<u32> {
    let special = match kind {
        Kind::User => USERS_OF_DEBIAN,
        Kind::Group => GROUPS_OF_DEBIAN,
    };
    let mut known = special.iter().chain(OF_DEBIAN);
    known.find(|(known, _)| *known == name).map(|(_, number)| *number)
}

fn whose(package: &str) -> String {
    format!("the package `{package}`")
}

fn number<'n>(
    kind: Kind,
    accounts: impl Iterator<Item = (&'n String, Option<u32>)>,
) -> Result<BTreeMap<String, u32>, AccountsError> {
    let mut numbers = BTreeMap::new();
    let mut owners: BTreeMap<u32, String> = BTreeMap::new();
    for (name, declared) in accounts {
        let number = declared.or_else(|| of_debian(kind, name)).unwrap_or_else(|| of_name(name));
        if let Some(one) = owners.insert(number, name.clone()) {
            return Err(AccountsError::Shared { kind, one, other: name.clone(), number });
        }
        numbers.insert(name.clone(), number);
    }
    Ok(numbers)
}

/// The number that a name stands for.
fn of_name(name: &str) -> u32 {
    let [a, b, c, d, ..] = Sha256::of(name.as_bytes()).0;
    FIRST + u32::from_be_bytes([a, b, c, d]) % COUNT
}
