//! What is said of words that name no system.

use std::fs;
use std::os::unix::fs::symlink;

use super::world::program;

#[test]
fn says_what_is_there_in_place_of_a_system() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    for name in ["home", "layout", "empty"] {
        fs::create_dir(place.join(name)).unwrap();
    }
    fs::write(place.join("layout/oci-layout"), "{}").unwrap();
    fs::write(place.join("system.nix"), "{ }").unwrap();
    let other = place.join("00bgd045z0d4icpbc2yyz4gx48ak44la-system");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("manifest"), "").unwrap();
    symlink(&other, place.join("result")).unwrap();
    let check = |named: &str, expected: &str| {
        let mut command = program(env!("CARGO_BIN_EXE_frazil"));
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", place.join("home")).current_dir(place);
        let output = command.args(["image", "plan", named]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.starts_with(&format!("error: {expected}\n")), "{said}");
        assert_eq!(output.status.code(), Some(2), "{said}");
    };
    check("exmples", "there is no `exmples`");
    check("./exmples", "there is no `./exmples`");
    check("layout", "`layout` is an image, not the system that it is made of");
    check("empty", "`empty` is neither a flake nor a linked system");
    check("system.nix", "the file `system.nix` is no linked system");
    let other = other.canonicalize().unwrap();
    check("result", &format!("`result` is the system `{}` of another store", other.display()));
}
