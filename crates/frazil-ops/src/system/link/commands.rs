//! The commands of the packages that a system names.
//!
//! Most commands of Debian stand where everybody looks for commands. Those that do not, those under
//! another name, and those of Nix packages get links in `usr/local/bin`, which is searched first.

use std::path::{Path, PathBuf};

use frazil_tree::{Metadata, Mode};

use super::{Setting, SystemError, tree_path};
use crate::inputs::{self, Lead};
use crate::system::generated::{Generated, Made};
use crate::system::specification::Specification;

/// Where shells and engines look for commands.
const SEARCHED: [&str; 2] = ["/usr/bin", "/usr/sbin"];

/// A command of a package.
pub(super) struct Command {
    /// Its name.
    name: String,
    /// Where it is in the system.
    pub(super) path: String,
    /// Where it is now.
    place: PathBuf,
}

/// The commands of a package, by their names.
pub(super) fn of_package(package: &str, setting: &Setting<'_>) -> Vec<Command> {
    let mut commands = Vec::new();
    for folder in ["bin", "sbin"] {
        let folder_path = Path::new(package).join(folder);
        let Lead::Input(folder_place) = inputs::follow(setting.store, setting.inputs, &folder_path)
        else {
            continue;
        };
        let Ok(entries) = std::fs::read_dir(&folder_place) else { continue };
        let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
        names.sort();
        commands.extend(names.into_iter().map(|name| {
            let place = folder_place.join(&name);
            let name = name.to_string_lossy().into_owned();
            Command { path: format!("{package}/{folder}/{name}"), name, place }
        }));
    }
    commands
}

/// Makes the links. Of two commands of the same name the one is taken that `alternatives` choose, or
/// the first, as in a search path.
pub(super) fn offer(
    specification: &Specification,
    setting: &Setting<'_>,
    generated: &mut Generated,
) -> Result<(), SystemError> {
    for package in &specification.packages {
        for command in of_package(package, setting) {
            let link = tree_path(&format!("usr/local/bin/{}", command.name))?;
            let chosen = specification.link.alternatives.get(&command.name);
            if (chosen.is_some() || !command.is_searched()) && !generated.contains(&link) {
                let target = chosen.cloned().or_else(|| command.target()).unwrap_or(command.path);
                let metadata = Metadata::of_root(Mode::of(0o777));
                generated.insert(link, metadata, Made::Link(target.into_bytes()));
            }
        }
    }
    Ok(())
}

impl Command {
    /// Where an adapter has it, which holds links from the names of Nix to the places of Debian.
    fn target(&self) -> Option<String> {
        let target = std::fs::read_link(&self.place).ok()?;
        target.is_absolute().then(|| target.to_str().map(str::to_owned))?
    }

    fn is_searched(&self) -> bool {
        let is_found_below = |target: &str| {
            SEARCHED.iter().any(|folder| target == format!("{folder}/{}", self.name))
        };
        self.target().as_deref().is_some_and(is_found_below)
    }
}
