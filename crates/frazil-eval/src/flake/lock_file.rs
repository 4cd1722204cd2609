//! Lock files: the graph of the inputs of a flake, each pinned, as `flake.lock` holds it.
//!
//! Versions 5 to 7 of Nix's format are read, version 7 is written, byte for byte as Nix writes it.
//! Inputs of types that are unknown here stay as they are.
//!
//! Invariant: the edges to nodes make no cycle; only `follows` may lead back.

use std::collections::{BTreeMap, BTreeSet};

use super::{InputPath, print_path};
use crate::input::{FlakeRef, InputError, from_json, to_json};
use crate::json::Json;

/// The version that is written.
const VERSION: i64 = 7;
const VERSIONS_READ: std::ops::RangeInclusive<i64> = 5..=VERSION;
/// Inputs of inputs, so deep at most.
pub(super) const DEPTH_MAX: usize = 64;
/// Inputs of all inputs together, at most.
pub(super) const NODES_MAX: usize = 20_000;

/// The number of a node in its lock file. The flake itself is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(usize);

impl NodeId {
    pub const ROOT: Self = Self(0);
}

/// What an input of a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edge {
    Node(NodeId),
    /// The same as this input of the top flake.
    Follows(InputPath),
}

/// A pinned input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub locked: FlakeRef,
    /// What `flake.nix` asked for.
    pub original: FlakeRef,
    pub is_flake: bool,
    /// The input whose tree a relative path starts in.
    pub parent: Option<InputPath>,
}

#[derive(Clone, Debug, Default)]
pub struct Node {
    pub inputs: BTreeMap<String, Edge>,
    /// Nothing for the top flake.
    pub lock: Option<Lock>,
}

/// Why a lock file is not understood.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LockFileError {
    #[error("{0}")]
    Syntax(#[from] crate::json::DocumentError),
    #[error("it has unsupported version {0}")]
    Version(i64),
    #[error("attribute '{0}' missing in lock file")]
    Missing(&'static str),
    #[error("'{0}' is not what it should be")]
    Shape(&'static str),
    #[error("lock file references missing node '{0}'")]
    MissingNode(String),
    #[error("lock file contains cycle to root node")]
    CycleToRoot,
    #[error("lock file contains a cycle through node '{0}'")]
    Cycle(String),
    #[error("its inputs nest too deep, or are too many")]
    TooLarge,
    #[error("{0}")]
    Input(#[from] InputError),
    #[error("it contains the unlocked input '{0}'")]
    Unlocked(String),
}

/// Why the inputs of a lock file make no sense together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FollowsError {
    #[error("follow cycle detected: [{0}]")]
    Cycle(String),
    #[error("input '{input}' follows a non-existent input '{target}'")]
    Missing { input: String, target: String },
}

/// A lock file; see the module.
#[derive(Clone, Debug)]
pub struct LockFile {
    nodes: Vec<Node>,
}

impl Default for LockFile {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl PartialEq for LockFile {
    /// Whether both print the same.
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}

impl LockFile {
    pub fn parse(text: &[u8]) -> Result<Self, LockFileError> {
        let json = Json::parse(text)?;
        let version = match json.get("version") {
            Some(Json::Int(version)) => *version,
            Some(_) => return Err(LockFileError::Shape("version")),
            None => 0,
        };
        if !VERSIONS_READ.contains(&version) {
            return Err(LockFileError::Version(version));
        }
        let root = json.get("root").ok_or(LockFileError::Missing("root"))?;
        let root = root.as_str().ok_or(LockFileError::Shape("root"))?;
        let Some(Json::Object(nodes)) = json.get("nodes") else {
            return Err(LockFileError::Missing("nodes"));
        };
        let mut reader = Reader {
            nodes,
            root,
            ids: BTreeMap::new(),
            under_way: BTreeSet::new(),
            read: Self::default(),
        };
        let top = nodes.get(root).ok_or_else(|| LockFileError::MissingNode(root.to_owned()))?;
        let inputs = reader.inputs(top, 0)?;
        reader.read.node_mut(NodeId::ROOT).inputs = inputs;
        Ok(reader.read)
    }

    pub fn node(&self, id: NodeId) -> &Node {
        static NOTHING: Node = Node { inputs: BTreeMap::new(), lock: None };
        self.nodes.get(id.0).unwrap_or(&NOTHING)
    }

    pub fn root(&self) -> &Node {
        self.node(NodeId::ROOT)
    }

    /// A number comes from this lock file, or else nothing is there to be changed.
    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        self.nodes.get_mut(id.0).expect("a `NodeId` is used with the lock file that made it")
    }

    /// Adds a node as an input of another; `None` if there are too many.
    pub(super) fn add(&mut self, parent: NodeId, name: &str, lock: Lock) -> Option<NodeId> {
        let id = self.push(lock)?;
        self.node_mut(parent).inputs.insert(name.to_owned(), Edge::Node(id));
        Some(id)
    }

    fn push(&mut self, lock: Lock) -> Option<NodeId> {
        if self.nodes.len() == NODES_MAX {
            return None;
        }
        self.nodes.push(Node { inputs: BTreeMap::new(), lock: Some(lock) });
        Some(NodeId(self.nodes.len() - 1))
    }

    /// The node that a path of inputs leads to.
    pub fn find(&self, path: &[String]) -> Result<Option<NodeId>, FollowsError> {
        self.find_from(path, &mut Vec::new())
    }

    fn find_from(
        &self,
        path: &[String],
        visited: &mut Vec<InputPath>,
    ) -> Result<Option<NodeId>, FollowsError> {
        if let Some(start) = visited.iter().position(|seen| seen == path) {
            let cycle = visited.iter().skip(start).map(|path| print_path(path));
            let cycle: Vec<_> = cycle.chain([print_path(path)]).collect();
            return Err(FollowsError::Cycle(cycle.join(" -> ")));
        }
        visited.push(path.to_vec());
        let mut here = NodeId::ROOT;
        for name in path {
            match self.node(here).inputs.get(name) {
                None => return Ok(None),
                Some(Edge::Node(id)) => here = *id,
                Some(Edge::Follows(target)) => match self.find_from(target, visited)? {
                    Some(id) => here = id,
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(here))
    }

    /// Every input with its path. A node that several inputs share is entered once.
    pub fn all_inputs(&self) -> BTreeMap<InputPath, &Edge> {
        let mut done = BTreeSet::from([NodeId::ROOT]);
        let mut found = BTreeMap::new();
        let mut open = vec![(InputPath::new(), NodeId::ROOT)];
        while let Some((path, id)) = open.pop() {
            for (name, edge) in &self.node(id).inputs {
                let mut path = path.clone();
                path.push(name.clone());
                if let Edge::Node(id) = edge
                    && done.insert(*id)
                {
                    open.push((path.clone(), *id));
                }
                found.insert(path, edge);
            }
        }
        found
    }

    /// Whether each input that follows another leads somewhere.
    pub fn check(&self) -> Result<(), FollowsError> {
        for (path, edge) in self.all_inputs() {
            if let Edge::Follows(target) = edge
                && !target.is_empty()
                && self.find(target)?.is_none()
            {
                let (input, target) = (print_path(&path), print_path(target));
                return Err(FollowsError::Missing { input, target });
            }
        }
        Ok(())
    }

    /// An input that the lock file does not pin, so that it cannot be written.
    pub fn unlocked(&self) -> Option<&FlakeRef> {
        let locks = self.nodes.iter().filter_map(|node| node.lock.as_ref());
        locks.map(|lock| &lock.locked).find(|locked| !is_acceptable(locked))
    }

    /// The text of the file, and how each node is called in it.
    pub fn print(&self) -> (String, BTreeMap<NodeId, String>) {
        let (json, names) = self.to_named_json();
        (json.pretty(), names)
    }

    pub fn to_json(&self) -> Json {
        self.to_named_json().0
    }

    pub(super) fn names(&self) -> BTreeMap<NodeId, String> {
        self.to_named_json().1
    }

    fn to_named_json(&self) -> (Json, BTreeMap<NodeId, String>) {
        let mut writer = Writer {
            file: self,
            ids: BTreeMap::new(),
            used: BTreeSet::new(),
            nodes: BTreeMap::new(),
        };
        let root = writer.write("root", NodeId::ROOT);
        let json = Json::Object(BTreeMap::from([
            ("nodes".to_owned(), Json::Object(writer.nodes)),
            ("root".to_owned(), Json::String(root)),
            ("version".to_owned(), Json::Int(VERSION)),
        ]));
        (json, writer.ids)
    }
}

/// Whether a lock file may hold this: it is pinned, or relative to something that is, or of a type
/// that others have to judge.
fn is_acceptable(locked: &FlakeRef) -> bool {
    let input = &locked.input;
    input.is_locked() || input.relative_path().is_some() || !input.is_known()
}

/// A lock file being read.
struct Reader<'j> {
    nodes: &'j BTreeMap<String, Json>,
    root: &'j str,
    /// The nodes that were read, by name.
    ids: BTreeMap<&'j str, NodeId>,
    /// Those whose inputs are being read.
    under_way: BTreeSet<&'j str>,
    read: LockFile,
}

impl<'j> Reader<'j> {
    fn inputs(
        &mut self,
        node: &'j Json,
        depth: usize,
    ) -> Result<BTreeMap<String, Edge>, LockFileError> {
        if depth > DEPTH_MAX {
            return Err(LockFileError::TooLarge);
        }
        let members = match node.get("inputs") {
            None => return Ok(BTreeMap::new()),
            Some(Json::Object(members)) => members,
            Some(_) => return Err(LockFileError::Shape("inputs")),
        };
        let mut inputs = BTreeMap::new();
        for (name, target) in members {
            let edge = match target {
                Json::List(_) => Edge::Follows(path_of(target, "inputs")?),
                Json::String(key) => Edge::Node(self.node(key, depth)?),
                _ => return Err(LockFileError::Shape("inputs")),
            };
            inputs.insert(name.clone(), edge);
        }
        Ok(inputs)
    }

    fn node(&mut self, key: &'j str, depth: usize) -> Result<NodeId, LockFileError> {
        if key == self.root {
            return Err(LockFileError::CycleToRoot);
        }
        if self.under_way.contains(key) {
            return Err(LockFileError::Cycle(key.to_owned()));
        }
        if let Some(id) = self.ids.get(key) {
            return Ok(*id);
        }
        let json = self.nodes.get(key).ok_or_else(|| LockFileError::MissingNode(key.to_owned()))?;
        let id = self.read.push(lock_of(json)?).ok_or(LockFileError::TooLarge)?;
        self.ids.insert(key, id);
        self.under_way.insert(key);
        let inputs = self.inputs(json, depth + 1)?;
        self.read.node_mut(id).inputs = inputs;
        self.under_way.remove(key);
        Ok(id)
    }
}

fn path_of(json: &Json, what: &'static str) -> Result<InputPath, LockFileError> {
    let Json::List(items) = json else { return Err(LockFileError::Shape(what)) };
    let name = |item: &Json| item.as_str().map(str::to_owned).ok_or(LockFileError::Shape(what));
    items.iter().map(name).collect()
}

fn lock_of(json: &Json) -> Result<Lock, LockFileError> {
    let mut locked = from_json(json.get("locked").ok_or(LockFileError::Missing("locked"))?)?;
    if let Some(info) = json.get("info") {
        // Version 5 kept apart what was only known after fetching.
        locked.extend(from_json(info)?);
    }
    let original = from_json(json.get("original").ok_or(LockFileError::Missing("original"))?)?;
    let is_flake = match json.get("flake") {
        None => true,
        Some(Json::Bool(is_flake)) => *is_flake,
        Some(_) => return Err(LockFileError::Shape("flake")),
    };
    let parent = json.get("parent").map(|parent| path_of(parent, "parent")).transpose()?;
    let locked = FlakeRef::from_attributes(locked)?;
    if !is_acceptable(&locked) {
        return Err(LockFileError::Unlocked(to_json(locked.input.attributes()).compact()));
    }
    Ok(Lock { locked, original: FlakeRef::from_attributes(original)?, is_flake, parent })
}

/// A lock file being printed. Nodes are called like the input that leads to them first.
struct Writer<'f> {
    file: &'f LockFile,
    ids: BTreeMap<NodeId, String>,
    used: BTreeSet<String>,
    nodes: BTreeMap<String, Json>,
}

impl Writer<'_> {
    fn write(&mut self, wanted: &str, id: NodeId) -> String {
        if let Some(name) = self.ids.get(&id) {
            return name.clone();
        }
        let name = self.unused(wanted);
        self.used.insert(name.clone());
        self.ids.insert(id, name.clone());
        let node = self.file.node(id);
        let mut members = BTreeMap::new();
        let mut inputs = BTreeMap::new();
        for (input, edge) in &node.inputs {
            let target = match edge {
                Edge::Node(id) => Json::String(self.write(input, *id)),
                Edge::Follows(path) => list(path),
            };
            inputs.insert(input.clone(), target);
        }
        if !inputs.is_empty() {
            members.insert("inputs".to_owned(), Json::Object(inputs));
        }
        if let Some(lock) = &node.lock {
            members.insert("original".to_owned(), to_json(&lock.original.to_attributes()));
            members.insert("locked".to_owned(), to_json(&lock.locked.to_attributes()));
            if !lock.is_flake {
                members.insert("flake".to_owned(), Json::Bool(false));
            }
            members.extend(lock.parent.as_ref().map(|path| ("parent".to_owned(), list(path))));
        }
        self.nodes.insert(name.clone(), Json::Object(members));
        name
    }

    fn unused(&self, wanted: &str) -> String {
        let numbered = (2..).map(|number: u64| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names.find(|name| !self.used.contains(name)).unwrap_or_default()
    }
}

fn list(path: &[String]) -> Json {
    Json::List(path.iter().map(|name| Json::String(name.clone())).collect())
}
