//! `passwd`, `group` and `shadow`: who is known to the system.

use std::fmt::Write as _;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name to log in with.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the first group.
    pub gid: u32,
    /// The name for people (GECOS).
    pub comment: String,
    /// An absolute path.
    pub home: String,
    /// An absolute path.
    pub shell: String,
    /// The hash of the password, as `crypt` writes it; `None` locks the account.
    pub password_hash: Option<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The number.
    pub gid: u32,
    /// Users that are in it beside those whose first group it is.
    pub members: Vec<String>,
}

/// Text that would break the line it stands in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} `{}` of `{of}` holds a `:`, a line break or a zero byte", text.escape_debug())]
pub struct AccountError {
    /// Which field: `name`, `home`, ...
    pub field: &'static str,
    /// Of which user or group.
    pub of: String,
    /// The text.
    pub text: String,
}

/// The three files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// `etc/passwd`, for all to read.
    pub passwd: String,
    /// `etc/group`, for all to read.
    pub group: String,
    /// `etc/shadow`, for the superuser.
    pub shadow: String,
}

/// Writes the files; users and groups are sorted by number, then by name.
pub fn accounts(users: &[User], groups: &[Group]) -> Result<Accounts, AccountError> {
    let mut users: Vec<&User> = users.iter().collect();
    users.sort_by_key(|user| (user.uid, &user.name));
    let mut groups: Vec<&Group> = groups.iter().collect();
    groups.sort_by_key(|group| (group.gid, &group.name));
    let mut files = Accounts { passwd: String::new(), group: String::new(), shadow: String::new() };
    for user in users {
        let User { name, uid, gid, comment, home, shell, password_hash } = user;
        let hash = password_hash.as_deref().unwrap_or("*");
        let fields = [("name", name), ("comment", comment), ("home", home), ("shell", shell)];
        for (field, text) in fields.map(|(field, text)| (field, text.as_str())) {
            check(field, name, text)?;
        }
        check("password", name, hash)?;
        put(&mut files.passwd, format_args!("{name}:x:{uid}:{gid}:{comment}:{home}:{shell}\n"));
        put(&mut files.shadow, format_args!("{name}:{hash}:::::::\n"));
    }
    for group in groups {
        let Group { name, gid, members } = group;
        check("name", name, name)?;
        for member in members {
            check("member", name, member)?;
        }
        put(&mut files.group, format_args!("{name}:x:{gid}:{}\n", members.join(",")));
    }
    Ok(files)
}

fn check(field: &'static str, of: &str, text: &str) -> Result<(), AccountError> {
    if text.contains([':', '\n', '\0']) {
        return Err(AccountError { field, of: of.into(), text: text.into() });
    }
    Ok(())
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing to a string cannot fail");
}
