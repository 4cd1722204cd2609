//! The table of services for the init: the declared ones, with numbers for names and parts for
//! templates.
//!
//! What the modules say is nearly the table already. What is left to do needs the accounts, or the
//! contents of files, which evaluation does not have.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::accounts::{Accounts, AccountsError};
use super::specification::{Plan, User};
use super::template::{self, Part, TemplateError};

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// A user or group does not exist.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A template is none.
    #[error("the template of `{path}`, for the service `{service}`")]
    Template {
        /// The service.
        service: String,
        /// The file that is made.
        path: String,
        /// What is wrong with it.
        source: TemplateError,
    },
    /// A template could not be read.
    #[error("the template of `{path}`, for the service `{service}`, cannot be read")]
    Read {
        /// The service.
        service: String,
        /// The file that is made.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A rule that this init does not have.
    #[error("the service `{service}` wants `{path}` made as a `{kind}`, which the init cannot do")]
    Rule {
        /// The service.
        service: String,
        /// The path.
        path: String,
        /// What is wanted.
        kind: String,
    },
}

/// The table, as JSON, and what of the plan it leaves undone. `read` gives the text of a file in the
/// store.
pub fn table(
    plan: &Plan,
    users: &BTreeMap<String, User>,
    accounts: &Accounts,
    read: &dyn Fn(&str) -> std::io::Result<String>,
) -> Result<(Value, Vec<String>), ServicesError> {
    let mut services = Map::new();
    let mut undone = Vec::new();
    for (name, declared) in &plan.services {
        let translation = Translation { service: name, users, accounts, read };
        services.insert(name.clone(), translation.service(declared, &mut undone)?);
    }
    let mut table = plan.settings.clone();
    table.insert("services".to_owned(), Value::Object(services));
    Ok((Value::Object(table), undone))
}

/// One service on its way into the table.
struct Translation<'t> {
    service: &'t str,
    users: &'t BTreeMap<String, User>,
    accounts: &'t Accounts,
    read: &'t dyn Fn(&str) -> std::io::Result<String>,
}

impl Translation<'_> {
    fn service(&self, declared: &Value, undone: &mut Vec<String>) -> Result<Value, ServicesError> {
        let mut service = declared.as_object().cloned().unwrap_or_default();
        self.identity(&mut service)?;
        for rule in take_list(&mut service, "paths") {
            undone.extend(self.rule(&mut service, &rule)?);
        }
        Ok(Value::Object(service))
    }

    /// Numbers instead of names; a user without a group has the one of the accounts.
    fn identity(&self, service: &mut Map<String, Value>) -> Result<(), ServicesError> {
        let user = take_text(service, "user");
        let group = take_text(service, "group");
        let own = user.as_ref().and_then(|user| self.users.get(user)).map(|user| &user.group);
        if let Some(user) = &user {
            service.insert("uid".into(), self.uid(user)?.into());
        }
        if let Some(group) = group.as_ref().or(own) {
            service.insert("gid".into(), self.gid(group)?.into());
        }
        let groups = take_list(service, "groups");
        if !groups.is_empty() {
            let numbers: Result<Vec<u32>, _> =
                groups.iter().filter_map(Value::as_str).map(|name| self.gid(name)).collect();
            service.insert("groups".into(), numbers?.into());
        }
        Ok(())
    }

    /// A rule of tmpfiles.d becomes a directory, a file or a link of the table; or it is said that it
    /// does not.
    fn rule(
        &self,
        service: &mut Map<String, Value>,
        rule: &Value,
    ) -> Result<Option<String>, ServicesError> {
        let text = |key: &str| rule.get(key).and_then(Value::as_str);
        let path = text("path").unwrap_or_default();
        let kind = text("kind").unwrap_or_default();
        let mut node = Map::from_iter([("path".to_owned(), Value::from(path))]);
        if let Some(mode) = text("mode") {
            node.insert("mode".into(), mode.into());
        }
        if let Some(user) = text("user") {
            node.insert("uid".into(), self.uid(user)?.into());
        }
        if let Some(group) = text("group") {
            node.insert("gid".into(), self.gid(group)?.into());
        }
        let argument = text("argument").unwrap_or_default();
        let list = match kind {
            "directory" => "dirs",
            "link" | "link-anew" => {
                node.insert("content".into(), argument.into());
                "links"
            }
            "file" | "file-anew" | "write" => {
                node.insert("content".into(), argument.into());
                "files"
            }
            "template" => {
                let own = service.get("env").and_then(Value::as_object);
                node.insert("content".into(), self.template(path, argument, own)?);
                "files"
            }
            // What lies in a writable layer is gone with the container; elsewhere it stays.
            "remove-after" | "remove-tree-after" => {
                let name = self.service;
                return Ok(Some(format!(
                    "`{path}` is not removed when the service `{name}` has ended"
                )));
            }
            _ => {
                let (service, path) = (self.service.to_owned(), path.to_owned());
                return Err(ServicesError::Rule { service, path, kind: kind.to_owned() });
            }
        };
        let entry = service.entry(list).or_insert_with(|| json!([]));
        if let Some(list) = entry.as_array_mut() {
            list.push(Value::Object(node));
        }
        Ok(None)
    }

    /// The parts of a template. Variables of the service's own are what it is given; the others are
    /// those of the system.
    fn template(
        &self,
        path: &str,
        source: &str,
        own: Option<&Map<String, Value>>,
    ) -> Result<Value, ServicesError> {
        let (service, path) = (self.service.to_owned(), path.to_owned());
        let text = match (self.read)(source) {
            Ok(text) => text,
            Err(source) => return Err(ServicesError::Read { service, path, source }),
        };
        match template::parts(&text) {
            Ok(parts) => Ok(parts.iter().flat_map(|part| filled(part, own)).collect()),
            Err(source) => Err(ServicesError::Template { service, path, source }),
        }
    }

    fn uid(&self, name: &str) -> Result<u32, AccountsError> {
        self.accounts.uid(name, || format!("the service `{}`", self.service))
    }

    fn gid(&self, name: &str) -> Result<u32, AccountsError> {
        self.accounts.gid(name, || format!("the service `{}`", self.service))
    }
}

/// A part of a template, with what the service says of a variable in its place.
fn filled(part: &Part, own: Option<&Map<String, Value>>) -> Vec<Value> {
    let given = match part {
        Part::Variable { env, .. } => own.and_then(|own| own.get(env)),
        Part::Literal(_) | Part::File { .. } => None,
    };
    match given {
        Some(Value::Array(parts)) => parts.clone(),
        Some(text) => vec![text.clone()],
        None => vec![json!(part)],
    }
}

fn take_text(object: &mut Map<String, Value>, key: &str) -> Option<String> {
    object.remove(key)?.as_str().map(str::to_owned)
}

fn take_list(object: &mut Map<String, Value>, key: &str) -> Vec<Value> {
    match object.remove(key) {
        Some(Value::Array(list)) => list,
        Some(_) | None => Vec::new(),
    }
}
