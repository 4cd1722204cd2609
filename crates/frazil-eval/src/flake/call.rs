//! Calling a flake: its outputs, with all inputs as the lock file has them.

use super::lock_file::{Edge, NodeId};
use super::{LockedFlake, SourcePath};
use crate::builtins::Builtin;
use crate::builtins::fetch::tree::{Commit, locked_attributes, set_of, tree_set};
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::evaluator::Evaluator;
use crate::input::{Attributes, Input, to_json};
use crate::path;
use crate::value::{Lazy, Value};

const CALL: &[u8] = include_bytes!("call.nix");
const CALL_NAME: &str = "«call-flake.nix»";

/// Fetches a locked input. Not a member of `builtins`.
static FETCH: Builtin =
    Builtin::new("fetchLocked", &["locked"], Some(0), fetch_locked, "The tree of a locked input.");

fn fetch_locked<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let set = ev.force_attrs(args.first().copied().unwrap_or(Lazy::NULL))?;
    let attributes = locked_attributes(ev, set)?;
    let input = Input::from_attributes(attributes).map_err(|error| ev.input_error(error))?;
    if !input.is_known() {
        let shown = to_json(input.attributes()).compact();
        let message = format!("cannot fetch unsupported input '{shown}'");
        return Err(ev.error(ErrorKind::Other, message));
    }
    if ev.options.pure && !input.is_locked() {
        let shown = to_json(input.attributes()).compact();
        let message =
            format!("in pure evaluation mode, the unlocked input '{shown}' is not fetched");
        return Err(ev.error(ErrorKind::Restricted, message));
    }
    let url = input.to_url().map_err(|error| ev.input_error(error))?.to_string();
    ev.check_uri(&url)?;
    let fetched = ev
        .fetch_input(&input, true)
        .map_err(|error| ev.while_doing(error, || format!("while fetching the input '{url}'")))?;
    Ok(Value::Attrs(tree_set(ev, &fetched.path, &input, Commit::Known)))
}

impl<'a> Evaluator<'a> {
    /// The flake as a value: its outputs, and what is known about its tree.
    pub fn call_flake(&mut self, flake: &LockedFlake) -> Result<Value<'a>> {
        let names = flake.new.names();
        let mut nodes = Vec::new();
        for (id, name) in &names {
            let node = self.node_set(flake, *id, &names)?;
            nodes.push((name.clone(), Lazy::from(Value::Attrs(node))));
        }
        let nodes = Value::Attrs(self.set(&nodes)).into();
        let root = names.get(&NodeId::ROOT).map_or("root", String::as_str).to_owned();
        let root = self.string(root.as_bytes()).into();
        let fetch = Value::Builtin(&FETCH).into();
        let scope = [("nodes", nodes), ("root", root), ("fetch", fetch)];
        let program = self.parse_in_scope(CALL_NAME, CALL.to_vec(), path::of(b"/"), &scope);
        let program = program
            .unwrap_or_else(|_| unreachable!("the embedded source is correct: tests evaluate it"));
        self.evaluate(program)
    }

    fn node_set(
        &mut self,
        flake: &LockedFlake,
        id: NodeId,
        names: &std::collections::BTreeMap<NodeId, String>,
    ) -> Result<crate::heap::Attrs<'a>> {
        let node = flake.new.node(id);
        let mut inputs = Vec::new();
        for (input, edge) in &node.inputs {
            let target = match edge {
                Edge::Node(id) => Some(*id),
                Edge::Follows(path) => self.found(flake, path)?,
            };
            if let Some(name) = target.and_then(|target| names.get(&target)) {
                inputs.push((input.clone(), self.string(name.as_bytes()).into()));
            }
        }
        let inputs = Value::Attrs(self.set(&inputs)).into();
        let is_flake = node.lock.as_ref().is_none_or(|lock| lock.is_flake);
        let mut members = vec![
            ("inputs".to_owned(), inputs),
            ("isFlake".to_owned(), Value::Bool(is_flake).into()),
        ];
        let dir = if let Some(source) = flake.sources.get(&id) {
            let tree = self.node_tree(flake, id, source);
            members.push(("tree".to_owned(), tree));
            source.dir.clone()
        } else if let Some(lock) = &node.lock {
            let relative = lock.locked.input.relative_path();
            if let (Some(relative), Some(parent)) = (relative, &lock.parent) {
                let parent = self.found(flake, parent)?.and_then(|id| names.get(&id));
                let parent = parent.map_or("", String::as_str).as_bytes();
                members.push(("parent".to_owned(), self.string(parent).into()));
                members.push(("path".to_owned(), self.string(relative.as_bytes()).into()));
            } else {
                let locked: &Attributes = lock.locked.input.attributes();
                let locked = Value::Attrs(set_of(self, None, locked));
                members.push(("locked".to_owned(), locked.into()));
            }
            self.inside(&lock.locked.dir)?
        } else {
            String::new()
        };
        members.push(("dir".to_owned(), self.string(dir.as_bytes()).into()));
        Ok(self.set(&members))
    }

    /// The set that describes the tree of a node which was fetched before.
    fn node_tree(&mut self, flake: &LockedFlake, id: NodeId, source: &SourcePath) -> Lazy<'a> {
        let (input, commit) = match &flake.new.node(id).lock {
            Some(lock) => (&lock.locked.input, Commit::Known),
            None if flake.is_dirty => (&flake.flake.locked.input, Commit::Hidden),
            None => (&flake.flake.locked.input, Commit::Known),
        };
        Value::Attrs(tree_set(self, &source.tree, input, commit)).into()
    }

    fn found(&self, flake: &LockedFlake, path: &[String]) -> Result<Option<NodeId>> {
        flake.new.find(path).map_err(|error| self.error(ErrorKind::Other, error.to_string()))
    }

    /// A directory in a tree that nobody has fetched yet, which must not lead out of it.
    fn inside(&self, dir: &str) -> Result<String> {
        if dir.split('/').any(|part| part == "..") {
            let message = format!("the path '{dir}' leads out of the source tree of its flake");
            return Err(self.error(ErrorKind::Restricted, message));
        }
        Ok(dir.to_owned())
    }
}
