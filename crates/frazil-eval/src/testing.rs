//! For tests: a world in memory, and one function to evaluate in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frazil_model::hash::Sha256;
use frazil_model::store_path::References;
use frazil_model::{StoreDir, StoreName, StorePath};

use crate::host::{
    AddPath, FetchAttribute, FetchRequest, Fetched, FileKind, Host, HostError, Message,
};
use crate::{Diagnostic, Evaluator, HeapOptions, Options, Program, print};

/// Files by path; a directory is where there are files below.
#[derive(Default)]
pub(crate) struct World {
    files: BTreeMap<PathBuf, Node>,
    /// What was fetched, in words.
    pub(crate) fetched: Vec<String>,
    pub(crate) messages: Vec<String>,
}

enum Node {
    File(Vec<u8>),
    Link(PathBuf),
}

impl World {
    /// Files with their contents; one that starts with `-> ` is a symbolic link.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let node = |text: &str| match text.strip_prefix("-> ") {
            Some(target) => Node::Link(target.into()),
            None => Node::File(text.into()),
        };
        let files = files.iter().map(|(path, text)| (PathBuf::from(path), node(text))).collect();
        Self { files, ..Self::default() }
    }

    /// `path` without links, but for a last one unless `last` is set.
    fn resolve(&self, path: &Path, last: bool) -> PathBuf {
        let mut resolved = PathBuf::new();
        let components: Vec<_> = path.components().collect();
        for (index, component) in components.iter().enumerate() {
            resolved.push(component);
            if let Some(Node::Link(target)) = self.files.get(&resolved)
                && (last || index + 1 < components.len())
            {
                resolved.pop();
                resolved.push(target);
            }
        }
        resolved
    }
}

fn failed(kind: std::io::ErrorKind) -> HostError {
    HostError::Io { action: "read", path: "/".into(), source: kind.into() }
}

impl Host for World {
    fn read(&mut self, path: &Path) -> Result<Vec<u8>, HostError> {
        match self.files.get(&self.resolve(path, true)) {
            Some(Node::File(text)) => Ok(text.clone()),
            _ => Err(failed(std::io::ErrorKind::NotFound)),
        }
    }

    fn list(&mut self, path: &Path) -> Result<Vec<(Vec<u8>, FileKind)>, HostError> {
        let path = self.resolve(path, true);
        let mut names: Vec<PathBuf> = (self.files.keys())
            .filter_map(|file| Some(path.join(file.strip_prefix(&path).ok()?.components().next()?)))
            .collect();
        names.dedup();
        if names.is_empty() {
            return Err(failed(std::io::ErrorKind::NotADirectory));
        }
        let entry = |name: PathBuf| {
            let kind = self.kind(&name)?.unwrap_or(FileKind::Unknown);
            Ok((name.file_name().unwrap_or_default().as_encoded_bytes().to_vec(), kind))
        };
        names.into_iter().map(entry).collect()
    }

    fn kind(&mut self, path: &Path) -> Result<Option<FileKind>, HostError> {
        let path = self.resolve(path, false);
        Ok(match self.files.get(&path) {
            Some(Node::File(_)) => Some(FileKind::Regular),
            Some(Node::Link(_)) => Some(FileKind::Symlink),
            None if self.files.keys().any(|file| file.starts_with(&path)) => {
                Some(FileKind::Directory)
            }
            None => None,
        })
    }

    fn read_link(&mut self, path: &Path) -> Result<PathBuf, HostError> {
        match self.files.get(&self.resolve(path, false)) {
            Some(Node::Link(target)) => Ok(target.clone()),
            _ => Err(failed(std::io::ErrorKind::InvalidInput)),
        }
    }

    fn environment(&mut self, _name: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn now(&mut self) -> i64 {
        0
    }

    fn add_text(
        &mut self,
        path: &StorePath,
        text: &[u8],
        _references: &[StorePath],
    ) -> Result<(), HostError> {
        self.files.insert(StoreDir::default().join(path).into(), Node::File(text.to_vec()));
        Ok(())
    }

    fn add_path(&mut self, request: AddPath<'_>) -> Result<StorePath, HostError> {
        if self.kind(request.path)?.is_none() {
            return Err(HostError::NotFound(request.path.to_owned()));
        }
        let name = StoreName::parse(request.name.as_bytes())
            .map_err(|error| HostError::Store(error.to_string()))?;
        let hash = Sha256::of(request.path.as_os_str().as_encoded_bytes());
        Ok(StoreDir::default().source_path(&name, hash, &References::default()))
    }

    fn is_valid(&mut self, path: &StorePath) -> Result<bool, HostError> {
        let path = PathBuf::from(StoreDir::default().join(path));
        Ok(self.kind(&path)?.is_some())
    }

    fn realise(&mut self, _derivation: &StorePath, output: &str) -> Result<StorePath, HostError> {
        Err(HostError::Store(format!("cannot build {output}")))
    }

    fn fetch(&mut self, request: &FetchRequest) -> Result<Fetched, HostError> {
        self.fetched.push(format!("{} {:?}", request.kind, request.attributes));
        let name = match request.attributes.get("name") {
            Some(FetchAttribute::String(name)) => name.clone(),
            _ => "source".to_owned(),
        };
        let name = StoreName::parse(name.as_bytes())
            .map_err(|error| HostError::Store(error.to_string()))?;
        let path = StoreDir::default().text_path(&name, Sha256::of(b"fetched"), &[]);
        self.add_text(&path, b"fetched", &[])?;
        let nar_hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned();
        let attributes = BTreeMap::from([
            ("narHash".to_owned(), FetchAttribute::String(nar_hash)),
            ("lastModified".to_owned(), FetchAttribute::Int(0)),
        ]);
        Ok(Fetched { path, attributes })
    }

    /// Knows `source`, and of everything else only what was asked.
    fn query(&mut self, kind: &str, question: &[u8]) -> Result<Vec<u8>, HostError> {
        let question = String::from_utf8_lossy(question).into_owned();
        match kind {
            "source" => Ok(br#""/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-frazil""#.to_vec()),
            "echo" => Ok(question.into_bytes()),
            "garbage" => Ok(b"[1,".to_vec()),
            _ => Err(HostError::Store(format!("no {kind} for {question}"))),
        }
    }

    fn tell(&mut self, message: Message) {
        let (Message::Trace(text) | Message::ProgramWarning(text) | Message::Warning(text)) =
            message;
        self.messages.push(text);
    }
}

/// Evaluates an expression deeply and shows its value, or what is wrong with it, one line each.
pub(crate) fn eval_in(world: &mut World, options: Options, expression: &str) -> String {
    show_in(world, HeapOptions::default(), options, expression, |ev, program| {
        let value = ev.evaluate(program)?;
        ev.deep_force(value)?;
        Ok(print::plain(ev, value))
    })
}

/// [`eval_in`] an empty world.
pub(crate) fn eval(expression: &str) -> String {
    eval_in(&mut World::default(), Options::default(), expression)
}

/// What `show` makes of the expression, or what is wrong with it.
pub(crate) fn show_in(
    world: &mut World,
    heap: HeapOptions,
    options: Options,
    expression: &str,
    show: impl for<'a> FnOnce(&mut Evaluator<'a>, Program<'a>) -> crate::Result<Vec<u8>>,
) -> String {
    let shown = Evaluator::with(heap, world, options, |ev| show_with(ev, expression, show));
    shown.expect("there is address space")
}

fn show_with<'a>(
    mut ev: Evaluator<'a>,
    expression: &str,
    show: impl FnOnce(&mut Evaluator<'a>, Program<'a>) -> crate::Result<Vec<u8>>,
) -> String {
    let lines = |found: Vec<Diagnostic>| -> String {
        let line = |diagnostic: &Diagnostic| format!("error: {}", diagnostic.message);
        found.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    match ev.parse_text("«string»", expression.into(), Path::new("/")) {
        Err(found) => lines(found),
        Ok(program) => match show(&mut ev, program) {
            Ok(shown) => String::from_utf8_lossy(&shown).into_owned(),
            Err(error) => lines(ev.diagnostics(&error)),
        },
    }
}
