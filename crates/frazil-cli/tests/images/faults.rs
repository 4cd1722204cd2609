//! What is hard to write, or cannot be written.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::world::{World, has, program, run, world};

/// Not enough for the image of the tests, enough for its small files.
const SMALL_BYTES: u32 = 1 << 20;
/// More than most programs for images have ever seen.
const FILES: usize = 300_000;

/// A copy of a linked system with more lines in its manifest.
fn extended(world: &World, system: &str, lines: &str, to: &Path) {
    let linked = format!("./systems#{system}.config.system.build.toplevel");
    let link = to.with_extension("linked");
    run(world.frazil().args(["build", &linked, "--out-link"]).arg(&link));
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(&link).unwrap() {
        let entry = entry.unwrap();
        let mut bytes = fs::read(entry.path()).unwrap();
        if entry.file_name() == "manifest" {
            bytes.extend_from_slice(lines.as_bytes());
        }
        fs::write(to.join(entry.file_name()), bytes).unwrap();
    }
}

#[test]
fn a_full_disk_leaves_nothing_under_the_name() {
    if !has(&["unshare"]) {
        return;
    }
    let Some(world) = world() else { return };
    world.image("nginx");
    let place = world.scratch();
    let small = place.path().display();
    let binary = env!("CARGO_BIN_EXE_frazil");
    let script = format!(
        "set -u; mount -t tmpfs -o size={SMALL_BYTES} none {small} || exit 99\n\
         for what in 'oci image' 'oci layout.tar' 'docker docker.tar' 'tar root.tar'; do\n\
         {binary} image ${{what% *}} ./systems#nginx --output {small}/${{what#* }}; echo status $?\n\
         find {small} -mindepth 1\ndone\n"
    );
    let environment = world.frazil();
    let environment = environment.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut command = program("unshare");
    command.env_clear().envs(environment).current_dir(world.directory());
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "status 5\n".repeat(4), "{said}");
    assert_eq!(said.matches("No space left on device").count(), 4, "{said}");
}

#[test]
fn one_layer_is_enough() {
    if !has(&["umoci"]) {
        return;
    }
    let Some(world) = world() else { return };
    let place = world.scratch();
    let layout = place.path().join("image");
    let mut command = world.frazil();
    command.args(["image", "oci", "./systems#nginx", "--layers", "1", "--output"]);
    run(command.arg(&layout));
    let blobs = fs::read_dir(layout.join("blobs/sha256")).unwrap().count();
    assert_eq!(blobs, 3, "a manifest, a configuration and a layer");
    let compared = run(world
        .frazil()
        .args(["audit", "diff", "--paths", "--json"])
        .arg(world.image("nginx"))
        .arg(&layout));
    let compared: serde_json::Value = serde_json::from_str(&compared).unwrap();
    assert_eq!(compared["differences"], serde_json::json!([]));
}

#[test]
fn many_files_and_names_of_any_bytes() {
    if !has(&["tar"]) {
        return;
    }
    let Some(world) = world() else { return };
    let place = world.scratch();
    let system = place.path().join("system");
    let mut lines = String::from("dir 755 0:0 generated zz\n");
    for number in 0..FILES {
        // As Latin-1 writes it, which is not UTF-8.
        writeln!(lines, "file 644 0:0 generated zz/caf\\xE9-{number:06} = \"{number}\\n\"")
            .unwrap();
    }
    extended(world, "nginx", &lines, &system);
    let root = place.path().join("root.tar");
    run(world.frazil().args(["image", "tar"]).arg(&system).arg("--output").arg(&root));
    let listed = program("tar")
        .args(["--list", "--quoting-style=escape", "--file"])
        .arg(&root)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let named = listed.lines().filter(|line| line.contains("zz/caf\\351-"));
    assert_eq!(named.count(), FILES);
}
