//! Locking: from the inputs that a flake asks for, and the locks it had, to the locks it needs.
//!
//! A lock is kept while `flake.nix` asks for the same; then its tree need not even be fetched. What
//! is new is fetched, and its own inputs are locked as its own lock file has them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::fetch::{Fetches, Origin, shown};
use super::lock_file::{DEPTH_MAX, Edge, Lock, LockFile, NodeId};
use super::{
    Flake, FlakeInput, FlakeInputs, InputPath, LOCK_FILE, LockOptions, LockedFlake, SourcePath,
    print_path,
};
use crate::builtins::files::Follow;
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::host::Message;
use crate::input::FlakeRef;
use crate::path;

/// An input that a flake further up, or the command line, says something about.
#[derive(Clone)]
struct Override {
    input: FlakeInput,
    /// Where relative paths of it start.
    source: SourcePath,
    /// The flake that says it; none for the command line.
    parent: Option<InputPath>,
}

/// Locks that were made before: a node of a lock file.
#[derive(Clone)]
struct Old {
    file: Rc<LockFile>,
    node: NodeId,
}

/// The flake whose inputs are being locked.
#[derive(Clone)]
struct Place {
    /// Its node in the new lock file.
    node: NodeId,
    path: InputPath,
    old: Option<Old>,
    /// Where the `follows` of the old locks start.
    follows_prefix: InputPath,
    source: SourcePath,
    /// The inputs come from the old lock file, not from `flake.nix`.
    from_lock: bool,
}

struct Locker<'l, 'a> {
    ev: &'l mut Evaluator<'a>,
    options: &'l LockOptions,
    fetches: Fetches,
    overrides: BTreeMap<InputPath, Override>,
    overrides_used: BTreeSet<InputPath>,
    seen: BTreeSet<InputPath>,
    new: LockFile,
    sources: BTreeMap<NodeId, SourcePath>,
    /// The flakes that are being locked, each an input of the one before.
    parents: Vec<FlakeRef>,
}

impl Evaluator<'_> {
    /// Reads the flake that `top` names and locks its inputs. Nothing is written.
    pub fn lock_flake(&mut self, top: &FlakeRef, options: &LockOptions) -> Result<LockedFlake> {
        let mut fetches = Fetches::default();
        let origin = Origin::Asked { use_registry: options.use_registry };
        let flake = self.fetch_flake(top, origin, &mut fetches, &InputPath::new())?;
        self.lock_inputs(&flake, fetches, options).map_err(|error| {
            let shown = shown(&flake.locked);
            self.while_doing(error, || format!("while updating the lock file of flake '{shown}'"))
        })
    }

    /// Reads the flake that `top` names, without its inputs.
    pub fn read_top_flake(&mut self, top: &FlakeRef, use_registry: bool) -> Result<Flake> {
        let origin = Origin::Asked { use_registry };
        self.fetch_flake(top, origin, &mut Fetches::default(), &InputPath::new())
    }

    fn lock_inputs(
        &mut self,
        flake: &Flake,
        fetches: Fetches,
        options: &LockOptions,
    ) -> Result<LockedFlake> {
        let old = match &options.reference {
            Some(text) => self.parse_locks(text, LOCK_FILE)?,
            None => self.read_locks(&flake.source)?,
        };
        let overrides = options.overrides.iter().map(|(path, reference)| {
            let input = FlakeInput {
                reference: Some(reference.clone()),
                is_flake: true,
                follows: None,
                overrides: FlakeInputs::new(),
            };
            (path.clone(), Override { input, source: flake.source.clone(), parent: None })
        });
        let mut locker = Locker {
            overrides: overrides.collect(),
            ev: self,
            options,
            fetches,
            overrides_used: BTreeSet::new(),
            seen: BTreeSet::new(),
            new: LockFile::default(),
            sources: BTreeMap::from([(NodeId::ROOT, flake.source.clone())]),
            parents: Vec::new(),
        };
        let kept = Old { file: Rc::new(old.clone()), node: NodeId::ROOT };
        let place = Place {
            node: NodeId::ROOT,
            path: InputPath::new(),
            old: (!options.recreate).then_some(kept),
            follows_prefix: InputPath::new(),
            source: flake.source.clone(),
            from_lock: false,
        };
        locker.lock(&flake.inputs, &place)?;
        locker.warn_of_unused();
        let (new, sources) = (locker.new, locker.sources);
        new.check().map_err(|error| self.error(ErrorKind::Other, error.to_string()))?;
        Ok(LockedFlake { flake: flake.clone(), old, new, is_dirty: false, sources })
    }

    /// The lock file beside the `flake.nix` in a directory; empty if there is none.
    fn read_locks(&mut self, source: &SourcePath) -> Result<LockFile> {
        let file = path::child(&self.full_path(source), LOCK_FILE.as_bytes());
        if self.host.kind(path::of(&file)).map_err(|error| self.host_error(error))?.is_none() {
            return Ok(LockFile::default());
        }
        let contents = self.resolve_links(&file, Follow::All)?;
        let text = self.file_contents(&contents)?;
        self.parse_locks(&text, &path::shown(&file))
    }

    fn parse_locks(&self, text: &[u8], name: &str) -> Result<LockFile> {
        LockFile::parse(text).map_err(|error| {
            let message = format!("cannot read the lock file '{name}': {error}");
            self.error(ErrorKind::Other, message)
                .help("restore it, or remove it to lock all inputs anew")
        })
    }
}

impl Locker<'_, '_> {
    fn lock(&mut self, inputs: &FlakeInputs, place: &Place) -> Result<()> {
        if place.path.len() > DEPTH_MAX {
            let message = format!("the inputs of '{}' nest too deep", print_path(&place.path));
            return Err(self.ev.error(ErrorKind::Other, message));
        }
        self.note_overrides(inputs, place);
        for (name, input) in inputs {
            let mut path = place.path.clone();
            path.push(name.clone());
            self.lock_input(name, input, &path, place).map_err(|error| {
                let path = print_path(&path);
                self.ev.while_doing(error, || format!("while updating the flake input '{path}'"))
            })?;
        }
        Ok(())
    }

    /// Takes up what the inputs say about their inputs; who is further up was first, and counts.
    fn note_overrides(&mut self, inputs: &FlakeInputs, place: &Place) {
        for (name, input) in inputs {
            for (below, overridden) in &input.overrides {
                let mut path = place.path.clone();
                path.extend([name.clone(), below.clone()]);
                self.overrides.entry(path).or_insert_with(|| Override {
                    input: overridden.clone(),
                    source: place.source.clone(),
                    parent: Some(place.path.clone()),
                });
            }
        }
        let missing = self.overrides.keys().filter_map(|path| {
            let (name, parent) = path.split_last()?;
            (parent == place.path && !inputs.contains_key(name)).then(|| {
                let parent = print_path(parent);
                format!("input '{parent}' has an override for a non-existent input '{name}'")
            })
        });
        for warning in missing.collect::<Vec<_>>() {
            self.ev.host.tell(Message::Warning(warning));
        }
    }

    fn lock_input(
        &mut self,
        name: &str,
        asked: &FlakeInput,
        path: &InputPath,
        place: &Place,
    ) -> Result<()> {
        let overriding = self.overrides.get(path).cloned();
        if overriding.is_some() {
            self.overrides_used.insert(path.clone());
        }
        let mut input = overriding.as_ref().map_or(asked, |found| &found.input).clone();
        input.is_flake = asked.is_flake;
        if let Some(target) = input.follows {
            let edge = Edge::Follows(target);
            self.new.node_mut(place.node).inputs.insert(name.to_owned(), edge);
            return Ok(());
        }
        let Some(reference) = input.reference else { return Ok(()) };
        let (source, parent) = match overriding {
            Some(found) => (found.source, found.parent),
            None => (place.source.clone(), Some(place.path.clone())),
        };
        let parent = parent.filter(|_| reference.input.relative_path().is_some());
        self.seen.insert(path.clone());
        let is_forced = self.options.overrides.contains_key(path);
        let found = Found { reference, is_flake: input.is_flake, source, parent };
        let old = place.old.as_ref().filter(|_| !self.options.updates.contains(path));
        let old = old.and_then(|old| match old.file.node(old.node).inputs.get(name) {
            Some(Edge::Node(node)) => Some(Old { file: Rc::clone(&old.file), node: *node }),
            Some(Edge::Follows(_)) | None => None,
        });
        let lock = old.as_ref().and_then(|old| old.file.node(old.node).lock.clone());
        match (&old, lock) {
            (Some(old), Some(lock))
                if lock.original == found.reference
                    && lock.parent == found.parent
                    && !is_forced =>
            {
                self.keep(name, path, place, &found, old, lock)
            }
            _ => {
                let original = match &asked.reference {
                    // An override stays in force until the input is asked for differently.
                    Some(reference) if is_forced => reference.clone(),
                    _ => found.reference.clone(),
                };
                self.renew(name, path, place, &found, old, original)
            }
        }
    }

    /// Copies a lock, and looks at the locks below it.
    fn keep(
        &mut self,
        name: &str,
        path: &InputPath,
        place: &Place,
        found: &Found,
        old: &Old,
        lock: Lock,
    ) -> Result<()> {
        let locked = lock.locked.clone();
        let node = self.add(place.node, name, lock)?;
        // Whether an input of this one is to be updated.
        let is_above_update = self
            .options
            .updates
            .iter()
            .any(|update| update.len() > path.len() && update.starts_with(path));
        let known = if is_above_update { None } else { self.locked_inputs(path, place, old) };
        let mut below = Place {
            node,
            path: path.clone(),
            old: Some(old.clone()),
            follows_prefix: place.follows_prefix.clone(),
            source: place.source.clone(),
            from_lock: true,
        };
        if let Some(inputs) = known {
            return self.lock(&inputs, &below);
        }
        let flake = self.input_flake(&locked, found, path, Origin::Lock)?;
        self.sources.insert(node, flake.source.clone());
        below.source = flake.source;
        below.from_lock = false;
        self.lock(&flake.inputs, &below)
    }

    /// The inputs of a flake as its old lock has them, so that it need not be fetched. `None` if
    /// the lock does not say enough.
    fn locked_inputs(&self, path: &InputPath, place: &Place, old: &Old) -> Option<FlakeInputs> {
        let mut inputs = FlakeInputs::new();
        for (name, edge) in &old.file.node(old.node).inputs {
            let mut input = FlakeInput {
                reference: None,
                is_flake: true,
                follows: None,
                overrides: FlakeInputs::new(),
            };
            match edge {
                Edge::Node(node) => {
                    let lock = old.file.node(*node).lock.as_ref()?;
                    input.reference = Some(lock.original.clone());
                    input.is_flake = lock.is_flake;
                }
                Edge::Follows(target) => {
                    let mut overridden = path.clone();
                    overridden.push(name.clone());
                    // Who said so may have changed, so only the flake itself can tell.
                    if !place.from_lock && !self.overrides.contains_key(&overridden) {
                        return None;
                    }
                    input.follows =
                        Some(place.follows_prefix.iter().chain(target).cloned().collect());
                }
            }
            inputs.insert(name.clone(), input);
        }
        Some(inputs)
    }

    /// Fetches an input and locks it as it is now.
    fn renew(
        &mut self,
        name: &str,
        path: &InputPath,
        place: &Place,
        found: &Found,
        old: Option<Old>,
        original: FlakeRef,
    ) -> Result<()> {
        let reference = &found.reference;
        let is_relative = reference.input.relative_path().is_some();
        if !self.options.allow_unlocked && !reference.input.is_locked() && !is_relative {
            let message =
                format!("cannot update unlocked flake input '{}' in pure mode", print_path(path));
            return Err(self.ev.error(ErrorKind::Restricted, message));
        }
        let origin = Origin::Asked { use_registry: self.options.use_registry };
        let lock = |locked| Lock {
            locked,
            original,
            is_flake: found.is_flake,
            parent: found.parent.clone(),
        };
        if !found.is_flake {
            let (source, locked) = if let Some(relative) = reference.input.relative_path() {
                (self.ev.below(&found.source, relative)?, reference.clone())
            } else {
                let fetched = self.ev.fetch_tree(reference, origin, &mut self.fetches)?;
                (SourcePath { tree: fetched.tree, dir: String::new() }, fetched.locked)
            };
            let node = self.add(place.node, name, lock(locked))?;
            self.sources.insert(node, source);
            return Ok(());
        }
        let flake = self.input_flake(reference, found, path, origin)?;
        let node = self.add(place.node, name, lock(flake.locked.clone()))?;
        if self.parents.contains(reference) {
            let message = format!("found circular import of flake '{}'", shown(reference));
            return Err(self.ev.error(ErrorKind::Other, message));
        }
        self.sources.insert(node, flake.source.clone());
        // What is not in the lock file of the top flake yet starts with its own.
        let (old, follows_prefix) = if let Some(old) = old {
            (old, place.follows_prefix.clone())
        } else {
            let file = Rc::new(self.ev.read_locks(&flake.source)?);
            (Old { file, node: NodeId::ROOT }, path.clone())
        };
        let below = Place {
            node,
            path: path.clone(),
            old: Some(old),
            follows_prefix,
            source: flake.source,
            from_lock: false,
        };
        self.parents.push(reference.clone());
        let done = self.lock(&flake.inputs, &below);
        self.parents.pop();
        done
    }

    /// The flake of an input; a relative path starts at the flake that names it.
    fn input_flake(
        &mut self,
        reference: &FlakeRef,
        found: &Found,
        path: &InputPath,
        origin: Origin,
    ) -> Result<Flake> {
        if let Some(relative) = found.reference.input.relative_path() {
            let root = self.ev.below(&found.source, relative)?;
            let [original, resolved, locked] = [(); 3].map(|()| reference.clone());
            return self.ev.read_flake(original, resolved, locked, root, path);
        }
        self.ev.fetch_flake(reference, origin, &mut self.fetches, path)
    }

    fn add(&mut self, parent: NodeId, name: &str, lock: Lock) -> Result<NodeId> {
        self.new.add(parent, name, lock).ok_or_else(|| {
            self.ev.error(ErrorKind::Other, "the flake has too many inputs, of inputs, of inputs")
        })
    }

    fn warn_of_unused(&mut self) {
        for (path, reference) in &self.options.overrides {
            if !self.overrides_used.contains(path) {
                let (path, url) = (print_path(path), shown(reference));
                self.ev.host.tell(Message::Warning(format!(
                    "the flag '--override-input {path} {url}' does not match any input"
                )));
            }
        }
        for path in self.options.updates.difference(&self.seen) {
            let path = print_path(path);
            let warning = format!("'{path}' does not match any input of this flake");
            self.ev.host.tell(Message::Warning(warning));
        }
    }
}

/// An input with the overrides taken into account.
struct Found {
    reference: FlakeRef,
    is_flake: bool,
    /// Where a relative path starts.
    source: SourcePath,
    /// The flake at which it starts, if it is a relative path.
    parent: Option<InputPath>,
}
