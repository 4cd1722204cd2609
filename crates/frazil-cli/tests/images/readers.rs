//! `skopeo` and `umoci` read what is written, in each form; and it is the same, wherever it is made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::world::{World, has, program, run, world};

/// The regular files below a directory, and what is in them.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.symlink_metadata().unwrap().file_type();
            if kind.is_dir() {
                pending.push(path);
            } else if kind.is_file() {
                files.insert(
                    path.strip_prefix(directory).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    files
}

/// What a reader makes of an image: the root that `umoci` unpacks after `skopeo` has copied it.
fn root(world: &World, source: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let directory = world.scratch();
    let layout = directory.path().join("layout").display().to_string();
    let image = format!("{layout}:latest");
    run(program("skopeo").args(["copy", "--quiet", source, &format!("oci:{image}")]));
    let bundle = directory.path().join("bundle");
    run(program("umoci").args(["unpack", "--rootless", "--image", &image]).arg(&bundle));
    files(&bundle.join("rootfs"))
}

#[test]
fn others_read_every_form() {
    if !has(&["skopeo", "umoci"]) {
        return;
    }
    let Some(world) = world() else { return };
    let layout = world.image("nginx");
    let directory = world.scratch();
    let write = |form: &str, file: &str| {
        let path = directory.path().join(file).display().to_string();
        run(world.frazil().args(["image", form, "./systems#nginx", "--output", &path]));
        path
    };
    let expected = root(world, &format!("oci:{}:latest", layout.display()));
    assert!(expected.contains_key(Path::new("usr/sbin/nginx")), "{:?}", expected.keys());
    let archive = write("oci", "layout.tar");
    assert!(root(world, &format!("oci-archive:{archive}")) == expected);
    let docker = write("docker", "docker.tar");
    assert!(root(world, &format!("docker-archive:{docker}")) == expected);
    // And we read what others wrote.
    let theirs = directory.path().join("theirs");
    let copied = format!("docker-archive:{}", theirs.display());
    run(program("skopeo")
        .args(["copy", "--quiet", &format!("oci:{}:latest", layout.display())])
        .arg(copied));
    let compared = world
        .frazil()
        .args(["audit", "diff", "--paths", "--json"])
        .arg(&layout)
        .arg(&theirs)
        .output()
        .unwrap();
    let compared: serde_json::Value = serde_json::from_slice(&compared.stdout).unwrap();
    assert_eq!(compared["differences"], serde_json::json!([]));
}

#[test]
fn the_same_system_is_the_same_image_everywhere() {
    let Some(world) = world() else { return };
    let first = files(&world.image("nginx"));
    let place = world.scratch();
    let (home, output) = (place.path().join("home"), place.path().join("a/b/image"));
    fs::create_dir_all(output.parent().unwrap()).unwrap();
    for file in ["flake.nix", "flake.lock"] {
        fs::copy(world.directory().join("systems").join(file), place.path().join(file)).unwrap();
    }
    // Another home has another store, and no layers of other images.
    let mut command = world.frazil();
    command.env("HOME", home).env("TZ", "Pacific/Auckland").env("LC_ALL", "tr_TR.UTF-8");
    command.current_dir(place.path()).args(["image", "oci", ".#nginx", "--output"]);
    run(command.arg(&output));
    let second = files(&output);
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    assert!(first == second);
    run(world
        .frazil()
        .args(["image", "oci", "./systems#nginx", "--check", "--output"])
        .arg(place.path().join("checked")));
}
