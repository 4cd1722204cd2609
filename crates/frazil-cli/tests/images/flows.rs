//! From a flake to a container that does its work, in the engines that others use.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::engines::{Bundle, Podman, page, status};
use super::world::{World, has, is_root, program, run, succeeded, world};

/// A flake that knows nothing of us: its inputs are those of other distributions.
const FOREIGN_FLAKE: &str = r#"{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    nixng.url = "github:nix-community/NixNG";
  };
  outputs = inputs: {
    examples.nixng-nix = import ./nix.nix {
      inherit (inputs) nixpkgs;
      inherit (inputs.nixng) nglib;
    };
  };
}
"#;
const FOREIGN_SYSTEM: &str = r#"{ nglib, nixpkgs }:
nglib.makeSystem {
  inherit nixpkgs;
  name = "tools";
  system = "x86_64-linux";
  config = { pkgs, ... }: {
    dumb-init.enable = true;
    dumb-init.type.shell = { };
    nix.enable = true;
    nix.package = pkgs.nixVersions.nix_2_32;
    nix.config.sandbox = false;
    nix.config.experimental-features = [ "nix-command" "flakes" ];
  };
}
"#;
const FOREIGN_STREAM: &str = ".#examples.nixng-nix.config.system.build.ociImage.stream";
/// What its inputs stand for here.
const OVERRIDES: &[&str] = &[
    "--override-input",
    "nixpkgs",
    "debian:trixie?versions=nearest",
    "--override-input",
    "nixng",
    "builtin:frazil",
];
/// Far below the time after which init or engine kill what does not stop, far above what it takes.
const STOPS_WITHIN: Duration = Duration::from_secs(8);
const NOBODY: &str = "65534 65534 65534 65534";
const PAGE: &str = "<!doctype html>\n<title>Frazil</title>\n<p>It runs.\n";

/// Builds the foreign flake in a directory, and has the program that it makes write `image.tar`.
fn stream_foreign(world: &World, directory: &Path) {
    fs::write(directory.join("flake.nix"), FOREIGN_FLAKE).unwrap();
    fs::write(directory.join("nix.nix"), FOREIGN_SYSTEM).unwrap();
    let mut build = world.frazil();
    build.current_dir(directory).args(["build", FOREIGN_STREAM]).args(OVERRIDES);
    let built = succeeded("build", build.output().unwrap());
    let said = String::from_utf8(built.stderr).unwrap();
    let warning = "nix_2_32: Debian trixie has no Nix 2.32; taking 2.26";
    assert!(said.contains(warning), "{said}");
    // The program calls ours by its name, and so needs what that needs.
    let environment = world.frazil();
    let environment = environment.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut stream = Command::new(directory.join("result"));
    stream.env_clear().envs(environment).env("FRAZIL", env!("CARGO_BIN_EXE_frazil"));
    stream.stdin(Stdio::null()).stdout(File::create(directory.join("image.tar")).unwrap());
    succeeded("./result", stream.output().unwrap());
}

#[test]
fn a_flake_of_others_becomes_an_image_with_nix() {
    if !has(&["skopeo", "umoci", "podman", "runc"]) || !is_root() {
        return;
    }
    let Some(world) = world() else { return };
    let directory = world.scratch();
    stream_foreign(world, directory.path());
    let at = |name: &str| directory.path().join(name).display().to_string();

    let archive = format!("docker-archive:{}", at("image.tar"));
    let layout = format!("oci:{}:latest", at("layout"));
    run(program("skopeo").args(["copy", "--quiet", &archive, &layout]));
    let bundle = Bundle::unpack(world, &directory.path().join("layout"));
    assert_eq!(bundle.output(&["nix", "--version"]), "nix (Nix) 2.26.3\n");
    assert_eq!(bundle.output(&["nix", "eval", "--expr", "1+1"]), "2\n");

    let podman = Podman::of(world);
    let loaded = run(podman.command().args(["load", "--quiet", "--input", &at("image.tar")]));
    let image = loaded.trim().rsplit(' ').next().unwrap();
    assert_eq!(podman.output(image, &["nix", "--version"]), "nix (Nix) 2.26.3\n");
    assert_eq!(podman.output(image, &["nix", "eval", "--expr", "1+1"]), "2\n");
}

#[test]
fn the_example_serves_a_page_and_stops() {
    if !has(&["umoci", "runc", "podman", "nsenter", "busybox"]) || !is_root() {
        return;
    }
    let Some(world) = world() else { return };
    let directory = world.scratch();
    let layout = directory.path().join("image");
    let mut command = world.frazil();
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    command.args(["image", "oci", "examples/nginx", "--no-write-lock-file", "--output"]);
    succeeded("image oci", command.arg(&layout).output().unwrap());

    let bundle = Bundle::unpack(world, &layout).read_only();
    let container = bundle.start();
    let process = container.process();
    assert_eq!(page(process, 8080), PAGE);
    assert_eq!(status(process, "Uid"), NOBODY);
    let stopped = container.stop();
    assert!(stopped.0 == Some(0) && stopped.1 < STOPS_WITHIN, "runc: {stopped:?}");

    let podman = Podman::of(world);
    let image = format!("oci:{}:latest", layout.display());
    let image = run(podman.command().args(["pull", "--quiet", &image]));
    let container = podman.start(image.trim());
    let process = podman.process(&container);
    assert_eq!(page(process, 8080), PAGE);
    assert_eq!(status(process, "Uid"), NOBODY);
    let stopped = podman.stop(&container);
    assert!(stopped.0 == Some(0) && stopped.1 < STOPS_WITHIN, "podman: {stopped:?}");
}
