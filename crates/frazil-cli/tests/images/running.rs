//! `frazil run` by somebody who is not root, with users that the machine has set aside for them and without.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::world::{World, has, is_root, program, run, succeeded, world};

/// An account that every Debian system has and that nothing runs as.
const ACCOUNT: &str = "games";
const UID: u32 = 5;
const GID: u32 = 60;
const SYSTEM: &str = "./systems#users.config.system.build.toplevel";
/// What a system says whose services have their users, each of whom reads only what is theirs.
const SAID: &str = "\
    ada | 2001 has ada's letter and made theirs\n\
    bob | 2002 has none\n";

/// The account's own home, with the system in its store and tables of ids to be shown to it.
struct Account {
    home: TempDir,
    system: String,
}

impl Account {
    fn new(world: &World) -> Self {
        let home = world.scratch();
        let account = Self { home, system: String::new() };
        fs::create_dir(account.at("tmp")).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_frazil"), account.at("frazil")).unwrap();
        for path in [account.home.path(), &account.at("tmp")] {
            chown(path, Some(UID), Some(GID)).unwrap();
        }
        // On the way to it there may be nothing that others cannot enter.
        fs::set_permissions(world.directory(), Permissions::from_mode(0o755)).unwrap();
        let mut build = world.frazil();
        let system = run(build.args(["build", SYSTEM, "--no-link", "--print-out-paths"]));
        let system = system.trim().to_owned();
        let exported = File::create(account.at("exported")).unwrap();
        let mut export = world.frazil();
        export.args(["store", "export", "--recursive", &system]).stdout(exported);
        succeeded("export", export.output().unwrap());
        let imported = File::open(account.at("exported")).unwrap();
        succeeded("import", account.frazil("store import", "").stdin(imported).output().unwrap());
        Self { system, ..account }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A command of the account, on a machine that sets these ids aside for users and groups.
    fn frazil(&self, words: &str, set_aside: &str) -> Command {
        fs::write(self.at("ids"), set_aside).unwrap();
        let home = self.home.path().display();
        let script = format!(
            "set -eu; cd {home}; touch /etc/subuid /etc/subgid\n\
             mount --bind ids /etc/subuid; mount --bind ids /etc/subgid\n\
             exec env --ignore-environment PATH=\"$PATH\" HOME={home} TMPDIR={home}/tmp \
             setpriv --reuid={UID} --regid={GID} --clear-groups ./frazil {words}"
        );
        let mut command = program("unshare");
        command.args(["--mount", "sh", "-c", &script]);
        command
    }

    fn run(&self, options: &str, set_aside: &str) -> Output {
        self.frazil(&format!("run {options} {}", self.system), set_aside).output().unwrap()
    }
}

fn entries(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn services_of_several_users_run_without_root() {
    if !has(&["unshare", "setpriv", "newuidmap", "newgidmap"]) || !is_root() {
        return;
    }
    let Some(world) = world() else { return };
    let account = Account::new(world);

    let set_aside = format!("{ACCOUNT}:300000:65536\n");
    // What its users have written is gone, too.
    for options in ["", "--writable"] {
        let output = succeeded("run", account.run(options, &set_aside));
        assert_eq!(String::from_utf8_lossy(&output.stdout), SAID);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("warning"), "{said}");
        assert_eq!(entries(&account.at("tmp")), 0, "{options}");
    }

    for set_aside in ["", "somebody:300000:65536\n"] {
        let said = String::from_utf8(account.run("", set_aside).stderr).unwrap();
        let warning = "these services run as others, and cannot start: ada, bob\n";
        assert!(said.contains(warning), "{said}");
    }
}
