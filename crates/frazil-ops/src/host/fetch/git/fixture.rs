//! Small repositories for tests, made without the `git` program.
//!
//! The index that is written knows no times of files, so every file is compared by its contents.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use gix_hash::{Kind, ObjectId};
use gix_index::entry::{Flags, Mode, Stat};
use gix_object::Write;
use gix_object::bstr::ByteSlice;
use gix_object::tree::{Editor, EntryKind};

pub(super) struct Fixture {
    pub(super) path: PathBuf,
    git_dir: PathBuf,
    objects: gix_odb::Handle,
    index: gix_index::File,
    head: Option<ObjectId>,
}

impl Fixture {
    /// An empty repository whose work tree is `path`.
    pub(super) fn new(path: &Path) -> Self {
        Self::with_git_dir(path, &path.join(".git"))
    }

    pub(super) fn with_git_dir(path: &Path, git_dir: &Path) -> Self {
        for name in ["objects", "refs/heads", "refs/tags"] {
            fs::create_dir_all(git_dir.join(name)).expect("made");
        }
        fs::write(git_dir.join("HEAD"), "ref: refs/heads/main\n").expect("written");
        let state = gix_index::State::new(Kind::Sha1);
        Self {
            path: path.to_owned(),
            git_dir: git_dir.to_owned(),
            objects: gix_odb::at(git_dir.join("objects"), Kind::Sha1).expect("opened"),
            index: gix_index::File::from_state(state, git_dir.join("index")),
            head: None,
        }
    }

    /// The repository with two commits that the hashes in the tests are of: `git` and C++ Nix 2.26.3
    /// say the same about it.
    pub(super) fn clean(path: &Path) -> Self {
        let mut fixture = Self::new(path);
        fixture.add("a", "hello\n");
        fixture.add("dir/b", "b\n");
        fixture.add("dir/sub/x", "x\n");
        fixture.write("run", "#!/bin/sh\n");
        fixture.make_executable("run");
        symlink("dir/b", path.join("link")).expect("made");
        fixture.write("empty", "");
        fixture.stage("run");
        fixture.stage("link");
        fixture.stage("empty");
        fixture.commit("one clean");
        fixture.add("two", "two\n");
        fixture.commit("two");
        fixture
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().expect("below the top")).expect("made");
        fs::write(path, text).expect("written");
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.path.join(name)).expect("removed");
    }

    pub(super) fn make_executable(&self, name: &str) {
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path.join(name), mode).expect("set");
    }

    /// Writes a file, and puts it into the index.
    pub(super) fn add(&mut self, name: &str, text: &str) {
        self.write(name, text);
        self.stage(name);
    }

    /// Puts a file into the index as it is.
    pub(super) fn stage(&mut self, name: &str) {
        let path = self.path.join(name);
        let metadata = path.symlink_metadata().expect("there");
        let (mode, bytes) = if metadata.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            (Mode::SYMLINK, target.into_os_string().into_encoded_bytes())
        } else {
            let executable = metadata.permissions().mode() & 0o100 != 0;
            let mode = if executable { Mode::FILE_EXECUTABLE } else { Mode::FILE };
            (mode, fs::read(&path).expect("read"))
        };
        let id = self.objects.write_buf(gix_object::Kind::Blob, &bytes).expect("written");
        self.put(name, id, mode, Flags::empty());
    }

    /// Says in the index that a commit of a submodule belongs at `name`.
    pub(super) fn link(&mut self, name: &str, commit: ObjectId) {
        self.put(name, commit, Mode::COMMIT, Flags::empty());
    }

    /// Puts marks on a file of the index.
    pub(super) fn mark(&mut self, name: &str, flags: Flags) {
        let entry = self.index.entry_by_path(name.into()).expect("staged");
        let (id, mode) = (entry.id, entry.mode);
        self.put(name, id, mode, flags);
    }

    pub(super) fn unstage(&mut self, name: &str) {
        self.index.remove_entries(|_, path, _| path == name);
        self.write_index();
    }

    fn put(&mut self, name: &str, id: ObjectId, mode: Mode, flags: Flags) {
        self.index.remove_entries(|_, path, _| path == name);
        self.index.dangerously_push_entry(Stat::default(), id, flags, mode, name.into());
        self.index.sort_entries();
        self.write_index();
    }

    fn write_index(&mut self) {
        self.index.write(gix_index::write::Options::default()).expect("written");
    }

    /// Commits what the index says to the branch `main`.
    pub(super) fn commit(&mut self, message: &str) -> ObjectId {
        let mut editor = Editor::new(gix_object::Tree::empty(), &self.objects, Kind::Sha1);
        for entry in self.index.entries() {
            let kind = match entry.mode {
                Mode::FILE => EntryKind::Blob,
                Mode::FILE_EXECUTABLE => EntryKind::BlobExecutable,
                Mode::SYMLINK => EntryKind::Link,
                Mode::COMMIT => EntryKind::Commit,
                mode => panic!("no such mode is staged: {mode:?}"),
            };
            let names = entry.path(&self.index).split_str("/").map(ByteSlice::as_bstr);
            editor.upsert(names, kind, entry.id).expect("inserted");
        }
        let tree = editor.write(|tree| self.objects.write(tree)).expect("written");
        let parent = self.head.map(|id| format!("parent {id}\n")).unwrap_or_default();
        let text = format!(
            "tree {tree}\n{parent}author a <a@b> 1700000000 +0100\ncommitter a <a@b> 1700000100 -0200\n\n{message}\n"
        );
        let id = self.objects.write_buf(gix_object::Kind::Commit, text.as_bytes());
        let id = id.expect("written");
        self.head = Some(id);
        self.set("refs/heads/main", &id.to_string());
        id
    }

    /// Makes an annotated tag of the commit that is checked out.
    pub(super) fn tag(&self, name: &str) -> ObjectId {
        let head = self.head.expect("committed");
        let text = format!(
            "object {head}\ntype commit\ntag {name}\ntagger a <a@b> 1700000200 +0000\n\nt\n"
        );
        let id = self.objects.write_buf(gix_object::Kind::Tag, text.as_bytes()).expect("written");
        self.set(&format!("refs/tags/{name}"), &id.to_string());
        id
    }

    /// Writes a file of the repository itself.
    pub(super) fn set(&self, name: &str, text: &str) {
        let path = self.git_dir.join(name);
        fs::create_dir_all(path.parent().expect("below the directory")).expect("made");
        fs::write(path, format!("{text}\n")).expect("written");
    }
}
