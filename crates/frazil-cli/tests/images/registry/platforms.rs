//! One name for the images of several machines.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use frazil_testkit::server::{Reply, Server};
use serde_json::{Value, json};

use super::Registry;
use crate::engines::Podman;
use crate::world::{World, has, is_root, program, run, world};

const FLAKE: &str = r#"{
  inputs.amd64.url = "debian:trixie?arch=amd64";
  inputs.arm64.url = "debian:trixie?arch=arm64";
  inputs.frazil.url = "builtin:frazil";
  outputs = { amd64, arm64, frazil, self }:
    let
      make = nixpkgs: system: frazil.nglib.makeSystem {
        inherit nixpkgs system;
        name = "awk";
        config = { pkgs, ... }: {
          environment.systemPackages = [ pkgs.mawk ];
          init.type = "none";
          image.entrypoint = [ "/usr/bin/mawk" ];
        };
      };
    in
    { amd64 = make amd64 "x86_64-linux"; arm64 = make arm64 "aarch64-linux"; };
}
"#;

/// Writes the flake, and locks it.
fn flake(world: &World, directory: &Path) -> String {
    fs::write(directory.join("flake.nix"), FLAKE).unwrap();
    let flake = directory.display().to_string();
    run(world.frazil().args(["lock", &flake]));
    flake
}

fn raw(name: &str) -> Value {
    let mut command = program("skopeo");
    command.args(["inspect", "--raw", "--tls-verify=false", &format!("docker://{name}")]);
    serde_json::from_str(&run(&mut command)).unwrap()
}

/// The image of a registry for a machine, as an archive.
fn copied(directory: &Path, name: &str, machine: &str) -> String {
    let archive = directory.join(machine).with_extension("tar").display().to_string();
    let mut command = program("skopeo");
    command.args(["copy", "--quiet", "--src-tls-verify=false", "--override-arch", machine]);
    run(command.arg(format!("docker://{name}")).arg(format!("docker-archive:{archive}")));
    archive
}

#[test]
fn an_index_names_the_image_of_each_machine() {
    if !has(&["docker-registry", "skopeo", "podman"]) || !is_root() {
        return;
    }
    let Some(world) = world() else { return };
    let registry = Registry::start(world, "");
    let directory = world.scratch();
    let flake = flake(world, directory.path());
    let (first, second) = (format!("{flake}#amd64"), format!("{flake}#arm64"));
    let to = registry.at("awk:1");
    let pushed = run(world
        .frazil()
        .args(["push", "--json", &first, "--with", &second, "--sbom", "--to", &to]));
    let pushed: Value = serde_json::from_str(&pushed).unwrap();

    let name = format!("{}/awk", registry.host());
    let index = raw(&format!("{name}:1"));
    let manifests = index["manifests"].as_array().unwrap();
    let machines: Vec<&str> =
        manifests.iter().map(|entry| entry["platform"]["architecture"].as_str().unwrap()).collect();
    assert_eq!(machines, ["amd64", "arm64"]);
    let podman = Podman::of(world);
    for (machine, manifest) in ["amd64", "arm64"].iter().zip(manifests) {
        // It is what is made for this machine alone.
        let alone = directory.path().join(machine).display().to_string();
        let system = format!("{flake}#{machine}");
        run(world.frazil().args(["image", "oci", &system, "--output", &alone]));
        let archive = copied(directory.path(), &format!("{name}:1"), machine);
        let compared = ["audit", "diff", "--paths", "--json", &alone, &archive];
        let compared: Value = serde_json::from_str(&run(world.frazil().args(compared))).unwrap();
        assert_eq!(compared["differences"], json!([]), "{machine}");
        // Each image has lists of its own packages.
        let digest = manifest["digest"].as_str().unwrap();
        let list = raw(&format!("{name}:{}", digest.replace(':', "-")));
        assert_eq!(list["manifests"].as_array().unwrap().len(), 2);
        let image = format!("{name}@{}", pushed["digest"].as_str().unwrap());
        let pull = ["pull", "--quiet", "--tls-verify=false", "--arch", machine, &image];
        run(podman.command().args(pull));
        let inspect = ["image", "inspect", "--format", "{{.Architecture}}", &image];
        assert_eq!(run(podman.command().args(inspect)).trim(), *machine);
    }
}

/// Garbage is collected at the first request; the system and its units stay as long as they are
/// pushed, though nothing else keeps them.
#[test]
fn what_is_pushed_is_not_collected() {
    let Some(world) = world() else { return };
    let directory = world.scratch();
    let system = format!("{}#amd64", flake(world, directory.path()));
    let store = directory.path().join("store");
    let collect = {
        let store = store.clone();
        move || run(world.frazil().args(["store", "gc", "--json", "--store"]).arg(&store))
    };
    let (collected, during) = (Arc::new(Mutex::new(None)), collect.clone());
    let said = Arc::clone(&collected);
    let server = Server::start(move |_| {
        said.lock().unwrap().get_or_insert_with(&during);
        Reply::Status(403)
    });
    let mut command = world.frazil();
    command.args(["push", &system, "--to", &server.address("web:1"), "--store"]).arg(&store);
    assert_eq!(command.output().unwrap().status.code(), Some(5));
    let during = collected.lock().unwrap().take().unwrap();
    let is_unit = |text: &str| text.contains("-frazil-awk\"") || text.contains("-mawk-1.");
    assert!(!is_unit(&during), "{during}");
    assert!(is_unit(&collect()), "afterwards nothing keeps them");
}
