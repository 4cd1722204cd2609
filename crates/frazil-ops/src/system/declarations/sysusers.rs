//! Users and groups that packages want (sysusers.d(5)).
//!
//! Numbers that are left open are ours to choose, so ranges (`r`) mean nothing here.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{Problem, expanded, given, lines};
use crate::system::specification::{Group, User};

/// What files of packages want.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Lines that are not carried out.
    pub problems: Vec<Problem>,
}

impl Wanted {
    /// Adds what a file wants; what was wanted before counts.
    pub fn read(&mut self, file: &str, text: &str) {
        for (line, fields) in lines(text) {
            if let Err(what) = self.add(&fields) {
                self.problems.push(Problem { file: file.to_owned(), line, what });
            }
        }
    }

    fn add(&mut self, fields: &[String]) -> Result<(), String> {
        let kind = given(fields, 0).unwrap_or_default();
        if kind == "r" {
            return Ok(());
        }
        let name = given(fields, 1).filter(|name| is_name(name));
        let name = name.ok_or("it names no account that could exist")?.to_owned();
        match kind {
            "u" | "u!" => self.add_user(name, fields)?,
            "g" => {
                let gid = given(fields, 2).map(number).transpose()?;
                let group = Group { gid, ..Group::default() };
                self.groups.entry(name).or_insert(group);
            }
            "m" => {
                let group = given(fields, 2).ok_or("it names no group")?;
                let members = &mut self.groups.entry(group.to_owned()).or_default().members;
                if !members.contains(&name) {
                    members.push(name);
                }
            }
            _ => return Err(format!("there is no kind `{kind}` of accounts")),
        }
        Ok(())
    }

    fn add_user(&mut self, name: String, fields: &[String]) -> Result<(), String> {
        let numbers = given(fields, 2).unwrap_or_default();
        let (uid, group) = match numbers.split_once(':') {
            Some((uid, group)) => (uid, Some(group)),
            None => (numbers, None),
        };
        let uid = Some(uid).filter(|uid| !matches!(*uid, "" | "-")).map(number).transpose()?;
        let (group, gid) = match group {
            Some(group) if group.starts_with(|first: char| first.is_ascii_digit()) => {
                (name.clone(), Some(number(group)?))
            }
            Some(group) => (group.to_owned(), None),
            None => (name.clone(), uid),
        };
        let home = expanded(given(fields, 4).unwrap_or("/"));
        let user = User {
            uid,
            group: group.clone(),
            description: given(fields, 3).unwrap_or_default().to_owned(),
            home: home.ok_or("the home directory depends on the machine")?,
            shell: given(fields, 5).unwrap_or("/usr/sbin/nologin").to_owned(),
            ..User::default()
        };
        self.groups.entry(group).or_insert(Group { gid, ..Group::default() });
        self.users.entry(name).or_insert(user);
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is no number; it may be taken from a file, which is not done")
    })
}
