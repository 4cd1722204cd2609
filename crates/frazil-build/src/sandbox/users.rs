//! Who the users of a container are on the machine.
//!
//! Root's containers get users of the machine that own nothing. Anybody else's get those that the
//! machine has set aside for whoever it is, in `/etc/subuid` and `/etc/subgid`, which `newuidmap`
//! and `newgidmap` hand out; root inside is then whoever started the container. Where there are none
//! a container has one user, who is whoever started it.

#![expect(unsafe_code, reason = "makes a process; see architecture.md section 7")]

use std::convert::Infallible;
use std::path::Path;

use rustix::process::Signal;

use super::child::{self, Maps, Process, Writer};
use super::error::SandboxError;
use super::identity;

#[cfg(test)]
mod tests;

/// The users that a container has if it has more than one.
const USERS: u32 = 65_536;
/// The last of them, for those that do not fit.
const NOBODY: u32 = 65_534;

/// Who the users of a container are on the machine.
#[derive(Clone, Copy, Debug)]
pub struct Users {
    pub(super) uid: u32,
    pub(super) gid: u32,
    range: Range,
}

#[derive(Clone, Copy, Debug)]
enum Range {
    /// All, from this one on.
    Foreign { base: u32 },
    /// Root is who we are, and the others are these.
    SetAside { uids: u32, gids: u32 },
    /// The one that there is is who we are.
    Alone,
}

impl Users {
    /// For a container that runs as this user.
    pub fn new(uid: u32, gid: u32) -> Result<Self, SandboxError> {
        let new = |range| Self { uid, gid, range };
        if let Some(base) = identity::range_of_root(USERS)? {
            return Ok(new(Range::Foreign { base }));
        }
        let set_aside = set_aside_for_us().map(|(uids, gids)| new(Range::SetAside { uids, gids }));
        // Who hands them out may be missing, or may itself lack the privilege in a container.
        Ok(set_aside.filter(|users| is_granted(&users.maps())).unwrap_or(new(Range::Alone)))
    }

    /// The user and the group that the container runs as.
    pub fn user(&self) -> (u32, u32) {
        (self.uid, self.gid)
    }

    /// The only user of the container; `None` if it has all.
    pub fn only(&self) -> Option<u32> {
        matches!(self.range, Range::Alone).then_some(self.uid)
    }

    /// The owner on the machine of a file that has this one in the container; `None` if we cannot
    /// give files away.
    pub fn outside(&self, id: u32) -> Option<u32> {
        match self.range {
            Range::Foreign { base } => Some(base + fitting(id)),
            Range::SetAside { .. } | Range::Alone => None,
        }
    }

    /// Whether only the container itself can give files to their owners.
    pub(super) fn give_inside(&self) -> bool {
        matches!(self.range, Range::SetAside { .. })
    }

    /// The user itself and its group on the machine; `None` if we cannot give files away.
    pub(super) fn owner(&self) -> Option<(u32, u32)> {
        self.outside(self.uid).zip(self.outside(self.gid))
    }

    /// The owner as the container can name it.
    pub(super) fn inside(&self, uid: u32, gid: u32) -> (u32, u32) {
        match self.only() {
            Some(only) => (only, self.gid),
            None => (fitting(uid), fitting(gid)),
        }
    }

    pub(super) fn maps(&self) -> Maps {
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        match self.range {
            Range::Foreign { base } => {
                let map = format!("0 {base} {USERS}");
                Maps { uids: map.clone(), gids: map, writer: Writer::Root }
            }
            Range::SetAside { uids, gids } => Maps {
                uids: format!("0 {uid} 1\n1 {uids} {}", USERS - 1),
                gids: format!("0 {gid} 1\n1 {gids} {}", USERS - 1),
                writer: Writer::Helpers,
            },
            Range::Alone => Maps {
                uids: format!("{} {uid} 1", self.uid),
                gids: format!("{} {gid} 1", self.gid),
                writer: Writer::Anybody,
            },
        }
    }
}

fn fitting(id: u32) -> u32 {
    if id < USERS { id } else { NOBODY }
}

/// The first user and the first group of those that are set aside for who we are.
fn set_aside_for_us() -> Option<(u32, u32)> {
    let read = |path: &str| std::fs::read_to_string(Path::new("/etc").join(path)).ok();
    let uid = rustix::process::geteuid().as_raw().to_string();
    let accounts = read("passwd")?;
    let name = name_of(&accounts, &uid).unwrap_or(&uid);
    let first = |table: &str| first_set_aside(&read(table)?, &[name, &uid]);
    first("subuid").zip(first("subgid"))
}

/// The name of the account with this number.
fn name_of<'a>(accounts: &'a str, uid: &str) -> Option<&'a str> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then_some(name)
    })
}

/// The first id of a range that a table such as `/etc/subuid` has for somebody, by name or number,
/// if it is as long as a container needs.
fn first_set_aside(table: &str, names: &[&str]) -> Option<u32> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_ours = names.contains(&fields.next()?);
        let first: u32 = fields.next()?.parse().ok()?;
        let count: u32 = fields.next()?.parse().ok()?;
        (is_ours && count >= USERS - 1).then_some(first)
    })
}

/// Whether a namespace with these users can be made: tried with one that does nothing.
fn is_granted(maps: &Maps) -> bool {
    // SAFETY: `wait` makes system calls only.
    let made = unsafe { child::fork(libc::CLONE_NEWUSER, wait) };
    made.is_ok_and(|(pid, process)| {
        let _process = Process::new(process);
        child::write_maps(pid, maps).is_ok()
    })
}

/// Does nothing until it is killed.
fn wait() -> Infallible {
    if rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        child::exit_now(1);
    }
    loop {
        // SAFETY: takes nothing, and changes nothing of this process.
        unsafe { libc::pause() };
    }
}
