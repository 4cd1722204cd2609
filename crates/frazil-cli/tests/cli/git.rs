//! Flakes in git repositories of other machines: a web server that has the files of one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use frazil_testkit::server::{Reply, Server};
use tempfile::TempDir;

use super::{frazil, show};

/// A repository with two commits and a tag, and a place for clones.
struct Place {
    folder: TempDir,
    path: std::ffi::OsString,
}

impl Place {
    /// `None` where there is no git.
    fn new() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder"), path };
        if Command::new("git").arg("--version").output().is_err() {
            println!("skipped: there is no git");
            return None;
        }
        let repository = place.repository();
        fs::create_dir_all(&repository).expect("made");
        place.git(&["init", "--quiet", "--initial-branch", "trunk"]);
        place.commit("{ outputs = { self }: { x = \"one\"; inherit (self) rev; }; }");
        place.git(&["tag", "first"]);
        place.commit("{ outputs = { self }: { x = \"two\"; inherit (self) revCount; }; }");
        Some(place)
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn commit(&self, flake: &str) {
        fs::write(self.repository().join("flake.nix"), flake).expect("written");
        self.git(&["add", "flake.nix"]);
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.org"];
        self.git(&[&who[..], &["commit", "--quiet", "-m", "m"]].concat());
        // For those who only read files.
        self.git(&["update-server-info"]);
    }

    #[track_caller]
    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.repository())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn serve(&self) -> Server {
        let top = self.repository().join(".git");
        Server::start(move |request| {
            let path = request.path().split('?').next().unwrap_or_default();
            let file = path.strip_prefix("x.git/").map(|rest| top.join(rest));
            let contents = file.and_then(|file| fs::read(file).ok());
            contents.map_or(Reply::Absent, Reply::File)
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = frazil(self.folder.path());
        command.env("HOME", self.folder.path().join("home")).env("PATH", &self.path);
        fs::create_dir_all(self.folder.path().join("home")).expect("made");
        command.args(arguments);
        command
    }

    #[track_caller]
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("started");
        assert!(output.status.success(), "{}", show(&output, self.folder.path()));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

fn failure(command: &mut Command) -> String {
    let output = command.output().expect("started");
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn branches_tags_and_commits() {
    let Some(place) = Place::new() else { return };
    let server = place.serve();
    let url = format!("git+{}", server.address("x.git"));
    let first = place.git(&["rev-parse", "first"]);
    assert_eq!(place.text(&["eval", &format!("{url}#x")]), "\"two\"");
    assert_eq!(place.text(&["eval", &format!("{url}#revCount")]), "2");
    assert_eq!(place.text(&["eval", &format!("{url}?ref=trunk#x")]), "\"two\"");
    assert_eq!(place.text(&["eval", &format!("{url}?ref=refs/tags/first#x")]), "\"one\"");
    let pinned = format!("{url}?rev={first}");
    assert_eq!(place.text(&["eval", "--raw", &format!("{pinned}#rev")]), first);
    // A lock says where and what, and nobody is asked again.
    let top = place.folder.path().join("top");
    fs::create_dir(&top).expect("made");
    let flake = format!("{{ inputs.x.url = \"{url}\"; outputs = {{ self, x }}: {{ y = x.x; }}; }}");
    fs::write(top.join("flake.nix"), flake).expect("written");
    assert_eq!(place.text(&["eval", "./top#y"]), "\"two\"");
    let lock = fs::read_to_string(top.join("flake.lock")).expect("written");
    let head = place.git(&["rev-parse", "HEAD"]);
    for said in [r#""ref": "refs/heads/trunk""#, r#""revCount": 2"#, head.as_str()] {
        assert!(lock.contains(said), "{said}: {lock}");
    }
    place.commit("{ outputs = { self }: { x = \"three\"; }; }");
    assert_eq!(place.text(&["eval", "./top#y"]), "\"two\"");
    place.text(&["update", "--flake", "./top"]);
    assert_eq!(place.text(&["eval", "./top#y"]), "\"three\"");
    drop(server);
    assert_eq!(place.text(&["eval", "./top#y"]), "\"three\"");
}

#[test]
fn what_is_not_there() {
    let Some(place) = Place::new() else { return };
    let server = place.serve();
    let url = format!("git+{}", server.address("x.git"));
    let check = |command: &mut Command, expected: &str| {
        let words = failure(command);
        assert!(words.contains(expected), "{words}");
    };
    let other = format!("git+{}#x", server.address("y.git"));
    check(&mut place.command(&["eval", &other]), "not found");
    let branch = format!("{url}?ref=absent#x");
    check(&mut place.command(&["eval", &branch]), "couldn't find remote ref refs/heads/absent");
    let commit = format!("{url}?rev=0123456789012345678901234567890123456789#x");
    check(
        &mut place.command(&["eval", &commit]),
        "cannot find Git revision '0123456789012345678901234567890123456789'",
    );
    let here = format!("{url}#x");
    let nowhere = Path::new("/absent");
    check(place.command(&["eval", &here]).env("PATH", nowhere), "there is no program `git`");
}
