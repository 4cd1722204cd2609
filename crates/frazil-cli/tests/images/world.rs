//! What all tests share: a store, caches, a flake of systems, and the images of those.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tempfile::TempDir;

/// Set where everything that tests need has to be there.
const NO_SKIP: &str = "FRAZIL_NO_SKIP";
/// What the binary learns about the machine: whence packages come.
const PASSED_ON: &[&str] =
    &["PATH", "FRAZIL_MIRROR", "FRAZIL_KEYRING", "http_proxy", "https_proxy"];
/// After which another program is taken to hang.
const DEADLINE_SECONDS: &str = "300";

/// The systems of the tests: all examples, and some that are measured.
const FLAKE: &str = r#"{
  inputs.nixpkgs.url = "debian:trixie";
  inputs.frazil.url = "builtin:frazil";
  outputs = { nixpkgs, frazil, self }:
    let
      inherit (frazil) nglib;
      make = name: config: nglib.makeSystem { inherit nixpkgs name config; system = "x86_64-linux"; };
      changed = config: make "nginx" { imports = [ "${frazil}/examples/nginx.nix" config ]; };
      nix = names: { pkgs, ... }: {
        nix = {
          enable = true;
          config = { sandbox = false; experimental-features = [ "nix-command" "flakes" ]; };
        };
        environment.systemPackages = map (name: pkgs.${name}) names;
      };
    in
    import "${frazil}/examples" { inherit nixpkgs nglib; } // {
      python3 = make "python3" ({ pkgs, ... }: {
        environment.systemPackages = [ pkgs.python3 ];
        image.entrypoint = [ "/usr/bin/python3" ];
      });
      nginx-settings = changed { services.nginx.configuration = [ { http."".keepalive_timeout = 33; } ]; };
      nginx-account = changed { users.users.somebody.uid = 4711; };
      nginx-text = changed { environment.etc.motd.text = "hello"; };
      application = nixpkgs.legacyPackages.x86_64-linux.dockerTools.buildLayeredImage {
        name = "application";
        config.Cmd = [ "${nixpkgs.legacyPackages.x86_64-linux.busybox}/bin/busybox" "httpd" "-f" ];
      };
      users = make "users" ({ pkgs, ... }:
        let
          user = uid: { inherit uid; group = "all"; };
          service = user: script: {
            exec = [ "${pkgs.busybox}/bin/sh" "-c" script ];
            type = "oneshot";
            critical = true;
            enabled = true;
            inherit user;
          };
        in
        {
          users.users = { ada = user 2001; bob = user 2002; };
          users.groups.all.gid = 2000;
          system.files."/srv/ada/letter" = { text = "ada's letter\n"; user = "ada"; mode = "0400"; };
          system.directories."/srv/ada" = { user = "ada"; mode = "0700"; };
          init.services.ada = service "ada" ''
            echo "$(busybox id -u) has $(busybox cat /srv/ada/letter) and made theirs"
            busybox mkdir -p /srv/ada/deep/er 2> /dev/null || busybox mkdir /tmp/deep
          '';
          init.services.bob = service "bob" ''
            echo "$(busybox id -u) has $(busybox cat /srv/ada/letter 2> /dev/null || echo none)"
          '' // { requires = [ "ada" ]; type = "process"; };
        });
      nix-alone = make "nix-alone" (nix [ ]);
      nix-tools = make "nix-tools" (nix [ "git" "bash" "coreutils" "curl" "openssh" ]);
    };
}
"#;

/// Says that a test does nothing here; fails where that must not be.
pub(super) fn skip(missing: &str) {
    assert!(std::env::var_os(NO_SKIP).is_none(), "there is no {missing}");
    println!("skipped: there is no {missing}");
}

/// Whether all these programs are there; the test is skipped otherwise.
pub(super) fn has(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&&str| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    };
    let missing: Vec<&str> =
        programs.iter().filter(|program| !is_there(program)).copied().collect();
    if !missing.is_empty() {
        skip(&missing.join(", "));
    }
    missing.is_empty()
}

/// Whether the tests may start containers and change their own namespaces.
pub(super) fn is_root() -> bool {
    let is_root = run(Command::new("id").arg("-u")).trim() == "0";
    if !is_root {
        skip("root");
    }
    is_root
}

/// Another program, which is ended when it hangs.
pub(super) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.arg("--kill-after=5").arg(DEADLINE_SECONDS).arg(name).stdin(Stdio::null());
    command
}

/// Standard output of a command that must succeed.
#[track_caller]
pub(super) fn run(command: &mut Command) -> String {
    let output = command.output().expect("started");
    String::from_utf8(succeeded(&format!("{command:?}"), output).stdout).expect("text")
}

#[track_caller]
pub(super) fn succeeded(what: &str, output: Output) -> Output {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{what}: {}\n{out}{err}", output.status);
    output
}

pub(super) struct World {
    directory: PathBuf,
    images: Mutex<BTreeMap<String, PathBuf>>,
    /// How many places there have been for files of single tests.
    places: AtomicUsize,
}

/// The one of this process; `None` where apt knows no mirror.
pub(super) fn world() -> Option<&'static World> {
    static WORLD: OnceLock<World> = OnceLock::new();
    let apt = Path::new("/etc/apt");
    let has_mirror = std::env::var_os("FRAZIL_MIRROR").is_some()
        || ["sources.list", "sources.list.d"].iter().any(|name| apt.join(name).exists());
    if !has_mirror {
        skip("mirror of Debian");
        return None;
    }
    Some(WORLD.get_or_init(World::new))
}

impl World {
    fn new() -> Self {
        // Not in the repository, whose files flakes would be taken for.
        let parent = &std::env::temp_dir();
        sweep(parent);
        let directory = parent.join(format!("frazil-images-{}", std::process::id()));
        let world = Self { directory, images: Mutex::default(), places: AtomicUsize::new(0) };
        for name in ["home", "tmp", "images", "systems"] {
            fs::create_dir_all(world.directory.join(name)).expect("made");
        }
        fs::write(world.directory.join("systems/flake.nix"), FLAKE).expect("written");
        run(world.frazil().args(["lock", "./systems"]));
        world
    }

    /// A place for files that nobody else uses.
    pub(super) fn scratch(&self) -> TempDir {
        // Engines take paths for names of images, which have no capitals.
        let name = format!("test-{}", self.places.fetch_add(1, Ordering::Relaxed));
        let mut place = tempfile::Builder::new();
        place.prefix(&name).rand_bytes(0);
        place.tempdir_in(self.directory.join("tmp")).expect("a temporary directory")
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The binary, which knows nothing of its user.
    pub(super) fn frazil(&self) -> Command {
        let mut command = program(env!("CARGO_BIN_EXE_frazil"));
        command.env_clear().current_dir(&self.directory);
        let passed_on = PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.envs(passed_on).env("HOME", self.directory.join("home"));
        command.env("TMPDIR", self.directory.join("tmp"));
        command
    }

    /// The image of a system of the flake, as a layout; made when it is asked for first.
    pub(super) fn image(&self, name: &str) -> PathBuf {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layout) = images.get(name) {
            return layout.clone();
        }
        let layout = self.directory.join("images").join(name);
        let system = format!("./systems#{name}");
        run(self.frazil().args(["image", "oci", &system, "--output"]).arg(&layout));
        images.insert(name.to_owned(), layout.clone());
        layout
    }
}

/// Removes what processes left that have ended: nothing runs at the end of a test program.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).expect("listed") {
        let entry = entry.expect("listed");
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix("frazil-images-"));
        if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            unmount(&entry.path());
            // Store paths cannot be written, and so not emptied.
            run(Command::new("chmod").args(["-R", "u+w"]).arg(entry.path()));
            fs::remove_dir_all(entry.path()).expect("removed");
        }
    }
}

/// Engines mount what they keep images in.
fn unmount(directory: &Path) {
    let mounts = fs::read_to_string("/proc/mounts").expect("read");
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    for place in places.filter(|place| Path::new(place).starts_with(directory)) {
        run(Command::new("umount").args(["--lazy", place]));
    }
}
