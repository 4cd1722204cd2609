//! Repositories in repositories: what `submodules = true` fetches, and what it refuses.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use expect_test::expect;

use super::super::fixture::Fixture;
use super::{check_at, folder};

/// A repository with a submodule, which has one itself.
fn with_submodules(folder: &Path) -> Fixture {
    let mut inner = Fixture::new(&folder.join("inner"));
    inner.add("i", "i");
    let inner_commit = inner.commit("inner");

    let mut middle = Fixture::new(&folder.join("middle"));
    middle.add("m", "m");
    middle.add(".gitmodules", "[submodule \"in\"]\n\tpath = deep/in\n\turl = ../inner\n");
    middle.link("deep/in", inner_commit);
    let middle_commit = middle.commit("middle");

    let mut outer = Fixture::clean(&folder.join("outer"));
    outer.add(".gitmodules", "[submodule \"mid\"]\n\tpath = mid\n\turl = ../middle\n");
    outer.link("mid", middle_commit);
    outer.commit("outer");
    outer
}

/// Checks the submodules out, as copies.
fn check_out(folder: &Path) {
    let copy = |from: &str, to: &str| {
        let mut open = vec![(folder.join(from), folder.join(to))];
        while let Some((from, to)) = open.pop() {
            fs::create_dir_all(&to).expect("made");
            for entry in fs::read_dir(&from).expect("listed") {
                let name = entry.expect("listed").file_name();
                let (from, to) = (from.join(&name), to.join(&name));
                if from.is_dir() {
                    open.push((from, to));
                } else {
                    fs::copy(from, to).expect("copied");
                }
            }
        }
    };
    copy("middle", "outer/mid");
    copy("inner", "outer/mid/deep/in");
}

#[test]
fn submodules() {
    let folder = folder();
    let outer = with_submodules(folder.path());
    check_at(
        &outer.path,
        "",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-sGE7yYy51RGGWL8eJBDtf4k7H79LEhldburqUN7yDxQ= ref=refs/heads/main rev=add965d5f1d0c46170831d1145a097a5be6c1c06 revCount=3
        qh8hpxahg8wjw5ffvn7c3qmc03003k97-source
        .gitmodules a dir/b dir/sub/x empty link@ run two"#]],
    );
    check_at(
        &outer.path,
        "ref=HEAD",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-BaXrfH2zJXnIf+A+Q2lqPrloCjiDFm/mzaQAsErK3hY= ref=HEAD rev=add965d5f1d0c46170831d1145a097a5be6c1c06 revCount=3
        1daly8vsb187ygrfmmiagnspwzccibif-source
        .gitmodules a dir/b dir/sub/x empty link@ mid/ run two"#]],
    );
    check_at(
        &outer.path,
        "ref=HEAD submodules",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-HKx1vNuK4U+e3Ez708q3e38N2HZS9zieaNMZx+UnTfo= ref=HEAD rev=add965d5f1d0c46170831d1145a097a5be6c1c06 revCount=3
        f08f37xfmsa6iw2d4jr9xs0ygd8g0n6i-source
        .gitmodules a dir/b dir/sub/x empty link@ mid/.gitmodules mid/deep/in/i mid/m run two"#]],
    );
    check_at(
        &outer.path,
        "submodules",
        expect!["error: the Git submodule 'HERE/outer/mid' is not checked out"],
    );
}

#[test]
fn submodules_that_are_checked_out() {
    let folder = folder();
    let outer = with_submodules(folder.path());
    check_out(folder.path());
    check_at(
        &outer.path,
        "submodules",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-HKx1vNuK4U+e3Ez708q3e38N2HZS9zieaNMZx+UnTfo= ref=refs/heads/main rev=add965d5f1d0c46170831d1145a097a5be6c1c06 revCount=3
        f08f37xfmsa6iw2d4jr9xs0ygd8g0n6i-source
        .gitmodules a dir/b dir/sub/x empty link@ mid/.gitmodules mid/deep/in/i mid/m run two"#]],
    );
    fs::write(outer.path.join("mid/deep/in/i"), "changed").expect("written");
    check_at(
        &outer.path,
        "submodules",
        expect![[r#"
        dirtyRev=add965d5f1d0c46170831d1145a097a5be6c1c06-dirty dirtyShortRev=add965d-dirty lastModified=1700000100 narHash=sha256-eRuemuHAXP+0T9MtNwNrJs+il0E/02VYAhQ8HfZp26g=
        lksg7bnz8sr3jzcsg0i1ifq168rjza6j-source
        .gitmodules a dir/b dir/sub/x empty link@ mid/.gitmodules mid/deep/in/i mid/m run two"#]],
    );
    outer.write(".gitmodules", "[submodule \"self\"]\n\tpath = s\n");
    symlink(".", outer.path.join("s")).expect("made");
    check_at(
        &outer.path,
        "submodules",
        expect![
            "error: the Git submodule 'HERE/outer/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s/s' lies too deep"
        ],
    );
    outer.write(".gitmodules", "[submodule \"up\"]\n\tpath = ../inner\n");
    check_at(
        &outer.path,
        "submodules",
        expect!["error: the path '../inner' of the Git submodule 'up' leads out of the repository"],
    );
}

#[test]
fn a_submodule_of_elsewhere() {
    let folder = folder();
    let mut outer = with_submodules(folder.path());
    outer.add(".gitmodules", "[submodule \"mid\"]\n\tpath = mid\n\turl = https://example.org/m\n");
    outer.commit("elsewhere");
    check_at(
        &outer.path,
        "ref=HEAD submodules",
        expect!["error: cannot fetch the Git repository 'https://example.org/m'"],
    );
    // What a checkout has cloned is there.
    fs::create_dir_all(outer.path.join(".git/modules")).expect("made");
    fs::rename(folder.path().join("middle/.git"), outer.path.join(".git/modules/mid"))
        .expect("moved");
    outer.set(
        "modules/mid/config",
        &format!("[remote \"origin\"]\n\turl = {}/x", folder.path().display()),
    );
    check_at(
        &outer.path,
        "ref=HEAD submodules",
        expect![[r#"
        lastModified=1700000100 narHash=sha256-s9l0I+H4Nr/grbL6HoFAs3u3C4qzR3ZuB2c2tC5i9vk= ref=HEAD rev=f9f2f68f3bb782e118e713d82e8825b66c7a69af revCount=4
        vn3j6hjlh0732ybwbkhdha8q1r89jpzl-source
        .gitmodules a dir/b dir/sub/x empty link@ mid/.gitmodules mid/deep/in/i mid/m run two"#]],
    );
}
