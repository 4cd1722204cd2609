//! Settings: those of Nix in `nix.conf` and `NIX_CONFIG`, for what is compatible with Nix; our own in
//! `frazil.conf`, which has the same form and the same names; `--option`, and the flags named after
//! them.
//!
//! Settings that nobody asks for are kept and ignored, as a `nix.conf` is shared with Nix itself.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::command_error::CommandError;
use crate::environment::Environment;

/// Files that may include each other, at most this deep.
const INCLUDES_MAX: usize = 16;

/// Settings by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// The settings of the machine, the user and the environment, in this order.
    pub(crate) fn of(environment: &Environment) -> Result<Self, CommandError> {
        let mut settings = Self::default();
        let machine = environment.text("NIX_CONF_DIR").unwrap_or("/etc/nix");
        settings.read_file(&Path::new(machine).join("nix.conf"), 0)?;
        for file in user_files(environment) {
            settings.read_file(&file, 0)?;
        }
        if let Some(text) = environment.text("NIX_CONFIG") {
            settings.read(text, Path::new("NIX_CONFIG"), 0)?;
        }
        Ok(settings)
    }

    /// Our own settings: those of the machine, then those of the user.
    pub(crate) fn of_frazil(environment: &Environment) -> Result<Self, CommandError> {
        let mut settings = Self::default();
        settings.read_file(Path::new("/etc/frazil/frazil.conf"), 0)?;
        if let Some(config) = environment.config_directory() {
            settings.read_file(&config.join("frazil/frazil.conf"), 0)?;
        }
        Ok(settings)
    }

    /// A missing file has no settings.
    fn read_file(&mut self, path: &Path, depth: usize) -> Result<bool, CommandError> {
        match std::fs::read(path) {
            Ok(text) => self.read(&String::from_utf8_lossy(&text), path, depth).map(|()| true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(CommandError::Io { action: "read", path: path.into(), source }),
        }
    }

    fn read(&mut self, text: &str, origin: &Path, depth: usize) -> Result<(), CommandError> {
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(name) = words.next() else { continue };
            let wrong = || {
                let origin = origin.display();
                CommandError::usage(format!(
                    "syntax error in configuration line '{line}' in '{origin}'"
                ))
            };
            let second = words.next().ok_or_else(wrong)?;
            if name == "include" || name == "!include" {
                let path = origin.parent().unwrap_or(origin).join(second);
                if depth == INCLUDES_MAX {
                    return Err(CommandError::usage(format!(
                        "'{}' is included too deep",
                        path.display()
                    )));
                }
                if !self.read_file(&path, depth + 1)? && name == "include" {
                    let message = format!(
                        "file '{}' included from '{}' not found",
                        path.display(),
                        origin.display()
                    );
                    return Err(CommandError::usage(message));
                }
            } else if second == "=" {
                self.set(name, &words.collect::<Vec<_>>().join(" "));
            } else {
                return Err(wrong());
            }
        }
        Ok(())
    }

    /// Sets one; `extra-NAME` adds to NAME.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match name.strip_prefix("extra-") {
            Some(name) => {
                let known = self.0.entry(name.to_owned()).or_default();
                known.extend([if known.is_empty() { "" } else { " " }, value]);
            }
            None => {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The words of a setting that is a list.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let words = self.text(name).unwrap_or_default().split_whitespace();
        words.map(str::to_owned).collect()
    }

    /// A setting that is on or off; off unless it is set.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, CommandError> {
        match self.text(name) {
            None | Some("false" | "no" | "0") => Ok(false),
            Some("true" | "yes" | "1") => Ok(true),
            Some(other) => Err(CommandError::usage(format!(
                "Boolean setting '{name}' has invalid value '{other}'"
            ))),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, CommandError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = |_| CommandError::usage(format!("setting '{name}' has invalid value '{text}'"));
        text.parse().map(Some).map_err(wrong)
    }
}

/// The user's files, the one that counts most last.
fn user_files(environment: &Environment) -> Vec<PathBuf> {
    if let Some(files) = environment.text("NIX_USER_CONF_FILES") {
        return files.split(':').rev().map(PathBuf::from).collect();
    }
    environment.config_directory().into_iter().map(|config| config.join("nix/nix.conf")).collect()
}
