//! What a flake provides: `frazil flake show`.
//!
//! Only the outputs whose shape is known are looked into; the rest may be of any size and shape.

use std::collections::BTreeMap;

use frazil_eval::flake::LockedFlake;
use frazil_eval::heap::Attrs;
use frazil_eval::host::Host;
use frazil_eval::json::Json;
use frazil_eval::{Error, ErrorKind, Evaluator, Lazy, Value};

use super::{FlakePlan, outputs, with_flake};
use crate::eval::Failure;

/// Sets of `hydraJobs` and `legacyPackages` within each other that are looked into.
const DEPTH_MAX: usize = 64;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShowOptions {
    /// Look into `legacyPackages`, too.
    pub legacy: bool,
    /// Look at the outputs for other systems, too.
    pub all_systems: bool,
}

/// An output, or a set of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Set(BTreeMap<String, Shown>),
    Derivation {
        noun: &'static str,
        name: String,
        description: Option<String>,
    },
    App {
        description: Option<String>,
    },
    Template {
        description: String,
    },
    /// Something that is known by its place only: the word for programs, and for people.
    Known {
        word: &'static str,
        phrase: &'static str,
    },
    /// Not looked at, because an option that is named was not given.
    Omitted {
        option: &'static str,
    },
}

/// Evaluates as much of the outputs of a flake as it takes to say what they are.
pub fn show(
    plan: &FlakePlan,
    text: &str,
    options: ShowOptions,
    host: &mut dyn Host,
) -> Result<(String, Shown), Failure> {
    with_flake(plan, text, host, |ev, _, locked| {
        let name = super::shown(&locked.flake.locked);
        let system = plan.options.system.clone();
        Ok((name, Show { ev, options, system }.flake(locked)?))
    })
}

impl Shown {
    /// In the form of `nix flake show --json`.
    pub fn json(&self) -> Json {
        let object = |members: Vec<(&str, Json)>| {
            Json::Object(
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            )
        };
        match self {
            Self::Set(members) => Json::Object(
                members.iter().map(|(name, member)| (name.clone(), member.json())).collect(),
            ),
            Self::Derivation { name, description, .. } => object(vec![
                ("type", "derivation".into()),
                ("name", name.as_str().into()),
                ("description", description.as_deref().unwrap_or_default().into()),
            ]),
            Self::App { description } => {
                let mut members = vec![("type", Json::from("app"))];
                members.extend(description.as_deref().map(|text| ("description", text.into())));
                object(members)
            }
            Self::Template { description } => object(vec![
                ("type", "template".into()),
                ("description", description.as_str().into()),
            ]),
            Self::Known { word, .. } => object(vec![("type", (*word).into())]),
            Self::Omitted { .. } => object(Vec::new()),
        }
    }

    /// As a tree for people, below a line with `name`.
    pub fn text(&self, name: &str) -> String {
        let mut out = String::new();
        self.write(name, "", &mut out);
        out
    }

    fn write(&self, header: &str, indent: &str, out: &mut String) {
        out.push_str(header);
        match self {
            Self::Set(members) => {
                out.push('\n');
                for (index, (name, member)) in members.iter().enumerate() {
                    let is_last = index + 1 == members.len();
                    let (branch, stem) =
                        if is_last { ("└───", "    ") } else { ("├───", "│   ") };
                    let header = format!("{indent}{branch}{name}");
                    member.write(&header, &format!("{indent}{stem}"), out);
                }
                return;
            }
            Self::Derivation { noun, name, .. } => out.extend([": ", noun, " '", name, "'"]),
            Self::App { description } => {
                let description = description.as_deref().unwrap_or("no description");
                out.extend([": app: ", description]);
            }
            Self::Template { description } => out.extend([": template: ", description]),
            Self::Known { phrase, .. } => out.extend([": ", phrase]),
            Self::Omitted { option } => out.extend([" omitted (use '", option, "' to show)"]),
        }
        out.push('\n');
    }
}

struct Show<'s, 'a> {
    ev: &'s mut Evaluator<'a>,
    options: ShowOptions,
    system: String,
}

impl<'a> Show<'_, 'a> {
    fn flake(&mut self, locked: &LockedFlake) -> Result<Shown, Error> {
        let outputs = outputs(self.ev, locked)?;
        self.visit(outputs.into(), &[])
    }

    fn visit(&mut self, value: Lazy<'a>, path: &[String]) -> Result<Shown, Error> {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match names.as_slice() {
            []
            | [
                "defaultPackage"
                | "devShell"
                | "formatter"
                | "nixosConfigurations"
                | "nixosModules"
                | "defaultApp"
                | "templates"
                | "overlays"
                | "checks"
                | "packages"
                | "devShells"
                | "apps",
            ]
            | ["checks" | "packages" | "devShells" | "apps", _] => self.set(value, path),
            ["defaultPackage" | "devShell" | "formatter", system]
            | ["checks" | "packages" | "devShells", system, _] => {
                if !self.options.all_systems && *system != self.system {
                    return Ok(Shown::Omitted { option: "--all-systems" });
                }
                match self.derivation(value, &names)? {
                    Some(shown) => Ok(shown),
                    None => Err(self.wrong(path, "expected a derivation")),
                }
            }
            ["hydraJobs", ..] => match self.derivation(value, &names)? {
                Some(shown) => Ok(shown),
                None => self.set(value, path),
            },
            ["legacyPackages", rest @ ..] => Ok(self.legacy(value, path, rest)),
            ["defaultApp", _] | ["apps", _, _] => self.app(value, path),
            ["defaultTemplate"] | ["templates", _] => self.template(value),
            ["overlay"] | ["overlays", _] => {
                Ok(Shown::Known { word: "nixpkgs-overlay", phrase: "Nixpkgs overlay" })
            }
            ["nixosConfigurations", _] => {
                Ok(Shown::Known { word: "nixos-configuration", phrase: "NixOS configuration" })
            }
            ["nixosModule"] | ["nixosModules", _] => {
                Ok(Shown::Known { word: "nixos-module", phrase: "NixOS module" })
            }
            _ => Ok(Shown::Known { word: "unknown", phrase: "unknown" }),
        }
    }

    fn legacy(&mut self, value: Lazy<'a>, path: &[String], rest: &[&str]) -> Shown {
        let shown = match rest {
            [] => self.set(value, path),
            _ if !self.options.legacy => return Shown::Omitted { option: "--legacy" },
            [system, ..] if !self.options.all_systems && *system != self.system => {
                return Shown::Omitted { option: "--all-systems" };
            }
            [_] => self.set(value, path),
            _ => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                self.derivation(value, &names)
                    .map(|shown| shown.unwrap_or_else(|| Shown::Set(BTreeMap::new())))
            }
        };
        // Of so many some are always broken.
        shown.unwrap_or_else(|_| Shown::Set(BTreeMap::new()))
    }

    fn set(&mut self, value: Lazy<'a>, path: &[String]) -> Result<Shown, Error> {
        if path.len() > DEPTH_MAX {
            return Err(self.wrong(path, "is nested too deep"));
        }
        let Value::Attrs(set) = self.ev.force(value)? else {
            return Err(self.wrong(path, "expected a set"));
        };
        let mut members = BTreeMap::new();
        for (name, member) in self.ev.attributes(set) {
            let mut path = path.to_vec();
            path.push(String::from_utf8_lossy(name).into_owned());
            if self.has_content(member, &path) {
                let shown = self.visit(member, &path)?;
                members.extend(path.pop().map(|name| (name, shown)));
            }
        }
        Ok(Shown::Set(members))
    }

    /// Whether there is anything to be shown: frameworks leave many sets empty.
    fn has_content(&mut self, value: Lazy<'a>, path: &[String]) -> bool {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_set = matches!(
            names.as_slice(),
            ["apps"
                | "checks"
                | "devShells"
                | "legacyPackages"
                | "packages"
                | "formatter"
                | "nixosConfigurations"
                | "nixosModules"
                | "overlays"]
                | ["apps" | "checks" | "devShells" | "legacyPackages" | "packages", _]
        );
        if !is_set {
            return true;
        }
        // What is wrong with it is said when it is shown.
        let Ok(Value::Attrs(set)) = self.ev.force(value) else { return true };
        let members = self.ev.attributes(set);
        members.into_iter().any(|(name, member)| {
            let mut path = path.to_vec();
            path.push(String::from_utf8_lossy(name).into_owned());
            self.has_content(member, &path)
        })
    }

    fn derivation(&mut self, value: Lazy<'a>, names: &[&str]) -> Result<Option<Shown>, Error> {
        let Value::Attrs(set) = self.ev.force(value)? else { return Ok(None) };
        if self.text(set, "type")?.as_deref() != Some("derivation") {
            return Ok(None);
        }
        let name = self.ev.member(Value::Attrs(set), "name")?;
        let name = String::from_utf8_lossy(self.ev.text(name)?).into_owned();
        let noun = match names {
            ["devShell", _] | ["devShells", ..] => "development environment",
            ["checks", _, _] | ["hydraJobs", ..] => "derivation",
            _ => "package",
        };
        let description = self.description(set)?;
        Ok(Some(Shown::Derivation { noun, name, description }))
    }

    fn app(&mut self, value: Lazy<'a>, path: &[String]) -> Result<Shown, Error> {
        if let Value::Attrs(set) = self.ev.force(value)?
            && self.text(set, "type")?.as_deref() == Some("app")
        {
            return Ok(Shown::App { description: self.description(set)? });
        }
        Err(self.wrong(path, "not an app definition"))
    }

    fn template(&mut self, value: Lazy<'a>) -> Result<Shown, Error> {
        let value = self.ev.force(value)?;
        let description = self.ev.member(value, "description")?;
        let description = String::from_utf8_lossy(self.ev.text(description)?).into_owned();
        Ok(Shown::Template { description })
    }

    fn description(&mut self, set: Attrs<'a>) -> Result<Option<String>, Error> {
        let Some(meta) = self.ev.attribute(set, "meta") else { return Ok(None) };
        let Value::Attrs(meta) = self.ev.force(meta)? else { return Ok(None) };
        self.text(meta, "description")
    }

    fn text(&mut self, set: Attrs<'a>, name: &str) -> Result<Option<String>, Error> {
        let Some(value) = self.ev.attribute(set, name) else { return Ok(None) };
        let Value::String(text) = self.ev.force(value)? else { return Ok(None) };
        Ok(Some(String::from_utf8_lossy(text.bytes()).into_owned()))
    }

    #[cold]
    fn wrong(&self, path: &[String], what: &str) -> Error {
        self.ev.failure(ErrorKind::Type, format!("flake output '{}': {what}", path.join(".")))
    }
}
