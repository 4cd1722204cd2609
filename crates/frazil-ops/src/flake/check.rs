//! Whether the outputs of a flake are what their places promise: `frazil flake check`.
//!
//! Everything is evaluated, nothing is built.

use frazil_eval::flake::LockedFlake;
use frazil_eval::host::{Host, Message};
use frazil_eval::{Diagnostic, Error, ErrorKind, Evaluator, Lazy, Value};

use super::{FlakePlan, outputs, with_flake};
use crate::eval::Failure;

/// What stands at a place of the outputs.
#[derive(Clone, Copy)]
enum Shape {
    Derivation,
    App,
    Overlay,
    Module,
    System,
    Template,
    Bundler,
    /// Anything.
    Free,
}

/// What is below an output.
enum Layout {
    /// The thing itself.
    One(Shape),
    /// A set of things.
    Named(Shape),
    /// A set of systems, with a thing each.
    PerSystem(Shape),
    /// A set of systems, with a set of things each.
    NamedPerSystem(Shape),
}

fn layout(output: &str) -> Option<Layout> {
    use Layout::{Named, NamedPerSystem, One, PerSystem};
    Some(match output {
        "checks" | "packages" | "devShells" => NamedPerSystem(Shape::Derivation),
        "apps" => NamedPerSystem(Shape::App),
        "bundlers" => NamedPerSystem(Shape::Bundler),
        "defaultPackage" | "devShell" | "formatter" => PerSystem(Shape::Derivation),
        "defaultApp" => PerSystem(Shape::App),
        "defaultBundler" => PerSystem(Shape::Bundler),
        "legacyPackages" => PerSystem(Shape::Free),
        "overlay" => One(Shape::Overlay),
        "overlays" => Named(Shape::Overlay),
        "nixosModule" => One(Shape::Module),
        "nixosModules" => Named(Shape::Module),
        "nixosConfigurations" | "systems" => Named(Shape::System),
        "defaultTemplate" => One(Shape::Template),
        "templates" => Named(Shape::Template),
        "hydraJobs"
        | "lib"
        | "nglib"
        | "examples"
        | "darwinConfigurations"
        | "darwinModules"
        | "flakeModule"
        | "flakeModules"
        | "herculesCI"
        | "homeConfigurations"
        | "homeModule"
        | "homeModules"
        | "nixopsConfigurations" => One(Shape::Free),
        _ => return None,
    })
}

/// Checks the outputs; all that is wrong with them is in the failure.
pub fn check(
    plan: &FlakePlan,
    text: &str,
    all_systems: bool,
    host: &mut dyn Host,
) -> Result<(), Failure> {
    let found = with_flake(plan, text, host, |ev, _, locked| {
        let system = (!all_systems).then(|| plan.options.system.clone());
        let mut check = Check { ev, system, omitted: Vec::new(), found: Vec::new() };
        check.flake(locked)?;
        Ok(check.found)
    })?;
    if found.is_empty() { Ok(()) } else { Err(Failure(found)) }
}

struct Check<'c, 'a> {
    ev: &'c mut Evaluator<'a>,
    /// Only this system is looked at.
    system: Option<String>,
    omitted: Vec<String>,
    found: Vec<Diagnostic>,
}

impl<'a> Check<'_, 'a> {
    fn flake(&mut self, locked: &LockedFlake) -> Result<(), Error> {
        let outputs = outputs(self.ev, locked)?;
        let Value::Attrs(set) = outputs else {
            let message =
                format!("the outputs of the flake are {}, not a set", outputs.type_phrase());
            return Err(self.ev.failure(ErrorKind::Type, message));
        };
        for (name, value) in self.ev.attributes(set) {
            let name = String::from_utf8_lossy(name).into_owned();
            match layout(&name) {
                None => {
                    self.ev.tell(Message::Warning(format!("unknown flake output '{name}'")));
                }
                Some(Layout::One(shape)) => self.one(&name, value, shape),
                Some(Layout::Named(shape)) => self.each(&name, value, &mut |check, path, value| {
                    check.one(path, value, shape);
                }),
                Some(Layout::PerSystem(shape)) => {
                    self.systems(&name, value, &mut |check, path, value| {
                        check.one(path, value, shape);
                    });
                }
                Some(Layout::NamedPerSystem(shape)) => {
                    self.systems(&name, value, &mut |check, path, value| {
                        check.each(path, value, &mut |check, path, value| {
                            check.one(path, value, shape);
                        });
                    });
                }
            }
        }
        self.omitted.sort();
        self.omitted.dedup();
        if !self.omitted.is_empty() {
            let systems = self.omitted.join(", ");
            self.ev.tell(Message::Warning(format!(
                "these systems were omitted: {systems}; --all-systems checks them, too"
            )));
        }
        Ok(())
    }

    fn systems(
        &mut self,
        path: &str,
        value: Lazy<'a>,
        then: &mut dyn FnMut(&mut Self, &str, Lazy<'a>),
    ) {
        let wanted = self.system.clone();
        self.each(path, value, &mut |check, path, value| {
            let system = path.rsplit('.').next().unwrap_or_default();
            if wanted.as_ref().is_none_or(|wanted| wanted == system) {
                then(check, path, value);
            } else {
                check.omitted.push(system.to_owned());
            }
        });
    }

    /// Looks at each member of a set.
    fn each(
        &mut self,
        path: &str,
        value: Lazy<'a>,
        then: &mut dyn FnMut(&mut Self, &str, Lazy<'a>),
    ) {
        match self.ev.force(value) {
            Ok(Value::Attrs(set)) => {
                for (name, member) in self.ev.attributes(set) {
                    then(self, &format!("{path}.{}", String::from_utf8_lossy(name)), member);
                }
            }
            Ok(other) => {
                let message =
                    format!("flake output '{path}' is {}, not a set", other.type_phrase());
                let error = self.ev.failure(ErrorKind::Type, message);
                self.note(&error, path);
            }
            Err(error) => self.note(&error, path),
        }
    }

    fn one(&mut self, path: &str, value: Lazy<'a>, shape: Shape) {
        if let Err(error) = self.is_shaped(path, value, shape) {
            self.note(&error, path);
        }
    }

    fn is_shaped(&mut self, path: &str, value: Lazy<'a>, shape: Shape) -> Result<(), Error> {
        let value = self.ev.force(value)?;
        let wanted = match (shape, value) {
            (Shape::Derivation, Value::Attrs(_)) => {
                let kind = self.ev.find_path(value, "type")?;
                if matches!(kind, Some(Value::String(kind)) if kind.bytes() == b"derivation") {
                    let path = self.ev.member(value, "drvPath")?;
                    return self.ev.text(path).map(|_| ());
                }
                "a derivation"
            }
            (Shape::App, Value::Attrs(_)) => {
                let kind = self.ev.find_path(value, "type")?;
                if matches!(kind, Some(Value::String(kind)) if kind.bytes() == b"app") {
                    let program = self.ev.member(value, "program")?;
                    return self.ev.text(program).map(|_| ());
                }
                "an app"
            }
            (Shape::System, Value::Attrs(_)) => {
                for place in ["config.system.build.toplevel", "config.system.build.bundle"] {
                    if let Some(value) = self.ev.find_path(value, place)? {
                        let path = self.ev.member(value, "drvPath")?;
                        return self.ev.text(path).map(|_| ());
                    }
                }
                return Ok(());
            }
            (Shape::Template, Value::Attrs(_)) => {
                for name in ["path", "description"] {
                    let value = self.ev.member(value, name)?;
                    self.ev.text(value)?;
                }
                return Ok(());
            }
            (Shape::Free, _)
            | (Shape::Module, Value::Attrs(_) | Value::Path(_) | Value::String(_))
            | (
                Shape::Module | Shape::Overlay | Shape::Bundler,
                Value::Lambda(_) | Value::Builtin(_) | Value::Partial(_),
            ) => return Ok(()),
            (Shape::Derivation, _) => "a derivation",
            (Shape::App, _) => "an app",
            (Shape::Overlay, _) => "an overlay, which is a function",
            (Shape::Module, _) => "a module",
            (Shape::System, _) => "a system, which is a set",
            (Shape::Template, _) => "a template, which is a set",
            (Shape::Bundler, _) => "a bundler, which is a function",
        };
        let message =
            format!("flake attribute '{path}' is not {wanted}, but {}", value.type_phrase());
        Err(self.ev.failure(ErrorKind::Type, message))
    }

    fn note(&mut self, error: &Error, path: &str) {
        let mut found = self.ev.diagnostics(error);
        if let Some(first) = found.first_mut()
            && !first.message.contains(path)
        {
            first.message = format!("while checking flake output '{path}': {}", first.message);
        }
        self.found.extend(found);
    }
}
