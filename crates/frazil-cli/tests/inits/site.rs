//! The systems that are tried: the example of nginx, and a second service that logs to a file.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// One flake with a system per init; each test has the part of it that it names.
const FLAKE: &str = r#"{
  inputs.nixpkgs.url = "debian:trixie";
  inputs.frazil.url = "path:@LIBRARY@";
  outputs =
    { nixpkgs, frazil, self }:
    let
      system =
        name: extra:
        frazil.nglib.makeSystem {
          inherit nixpkgs;
          name = "web-${name}";
          system = "x86_64-linux";
          config =
            { pkgs, lib, ... }:
            {
              imports = [
                (import "${frazil}/examples/nginx.nix")
                (extra { inherit pkgs lib; })
              ];
            };
        };
      second = { pkgs, ... }: {
        init.services.second = {
          enabled = true;
          exec = [ "${pkgs.coreutils}/bin/tail" "-f" "/dev/null" ];
        };
        init.services.writer = {
          enabled = true;
          type = "oneshot";
          exec = [ "${pkgs.coreutils}/bin/echo" "written to a file" ];
          log.file.dst = "/run/writer.log";
        };
      };
      alone = { lib, ... }: {
        init.services.nginx.ready.tcp = lib.mkForce null;
      };
    in
    {
      frazil = system "frazil" second;
      runit = system "runit" (_: { init.type = "runit"; });
      s6 = system "s6" (_: { init.type = "s6"; });
      dumb-init = system "dumb-init" (arguments: { imports = [ (alone arguments) ]; init.type = "dumb-init"; });
      nested = system "nested" (_: { dumb-init = { enable = true; type.services = { }; }; });
    };
}
"#;

/// The binary, in the environment of the machine.
pub(crate) fn frazil() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frazil"));
    command.env("XDG_DATA_HOME", place().join("data")).env("XDG_CACHE_HOME", place().join("cache"));
    command.current_dir(flake());
    command
}

/// The directory of the flake: with nothing else in it, since it is an input.
fn flake() -> PathBuf {
    let path = place().join("flake");
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// The directory of the flake and the store.
fn place() -> &'static Path {
    static PLACE: OnceLock<TempDir> = OnceLock::new();
    PLACE.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// The library that is tested.
fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nix").canonicalize().unwrap()
}

/// Writes and locks the flake, once.
pub(crate) fn lock() {
    static LOCKED: OnceLock<()> = OnceLock::new();
    LOCKED.get_or_init(|| {
        let flake = FLAKE.replace("@LIBRARY@", library().to_str().unwrap());
        std::fs::write(self::flake().join("flake.nix"), flake).unwrap();
        succeeded(frazil().args(["lock", "."]));
    });
}

#[track_caller]
pub(crate) fn succeeded(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    output
}

/// Whether containers can be run; says so if not.
pub(crate) fn can_run() -> bool {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|meta| {
        use std::os::unix::fs::MetadataExt as _;
        meta.uid() == 0
    });
    let can = is_root && has("runc") && has("umoci") && has("nsenter");
    if !can {
        assert!(std::env::var_os("FRAZIL_NO_SKIP").is_none(), "no runc or umoci, or not root");
        println!("skipped: no runc or umoci, or not root");
    }
    can
}
