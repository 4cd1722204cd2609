//! `frazil store`: what it shows, and that what it changes stays whole.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use expect_test::expect;

use super::Place;

#[test]
fn paths_are_shown() {
    let Some(place) = Place::new() else { return };
    place.text(&["build", "-A", "multi", "-A", "multi.dev"]);
    place.check(
        &["store", "references", "result"],
        expect![[r#"
            /nix/store/HASH-multi-dev
            --- stderr
            --- 0
        "#]],
    );
    let dev = place.text(&["store", "references", "result"]);
    assert_eq!(place.text(&["store", "closure", "result"]).lines().count(), 3);
    assert!(place.text(&["store", "referrers", &dev]).ends_with("-multi"));
    let info = place.text(&["store", "info", "result", "--json", "-S"]);
    for field in ["\"narHash\":\"sha256-", "\"closureSize\":", "\"ultimate\":true"] {
        assert!(info.contains(field), "{info}");
    }
    place.check(
        &["store", "ls", "result-2-dev", "--json"],
        expect![[r#"
            {"entries":{"b":{"size":50,"type":"regular"}},"type":"directory"}
            --- stderr
            --- 0
        "#]],
    );
    let shown = place.text(&["store", "show-derivation", "result"]);
    assert!(shown.contains("-multi.drv\": {"), "{shown}");
    place.check(
        &["store", "cat", "result"],
        expect![[r#"
            --- stderr
            error: 'result' is a directory, not a file
            --- 5
        "#]],
    );
    place.check(
        &["store", "info", "/nix/store/00000000000000000000000000000000-x"],
        expect![[r#"
            --- stderr
            error: path 'HASH-x' is not valid
            --- 5
        "#]],
    );
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_looking() {
    let Some(place) = Place::new() else { return };
    place.check(
        &["store", "info"],
        expect![[r#"
            --- stderr
            error: there is no store in '/here/store'

            help: the first path that is added or built makes one
            --- 5
        "#]],
    );
    let path = "/nix/store/00000000000000000000000000000000-x";
    for arguments in [
        &["store", "gc"][..],
        &["store", "gc", "--dry-run"],
        &["store", "verify", "--repair"],
        &["store", "optimise"],
        &["store", "delete", path],
        &["cache", "pull", "--dry-run", "--from", "none", path],
        &["cache", "serve", "--listen", "127.0.0.1:0"],
    ] {
        let output = place.run(arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains("there is no store in"), "{arguments:?}: {words}");
        assert!(!place.store().exists(), "{arguments:?}");
    }
}

#[test]
fn trees_come_back() {
    let Some(place) = Place::new() else { return };
    let path = place.text(&["store", "add", "tools"]);
    let nar = place.run(&["store", "dump", &path]).stdout;
    let mut restore =
        place.command(&["store", "restore", "back"]).stdin(Stdio::piped()).spawn().unwrap();
    restore.stdin.take().unwrap().write_all(&nar).unwrap();
    assert!(restore.wait().unwrap().success());
    assert_eq!(place.text(&["store", "add", "back", "--name", "tools"]), path);

    let stream = place.run(&["store", "export", "-r", &path]).stdout;
    let other = place.folder.path().join("other");
    let mut import = place.command(&["store", "import", "--store", other.to_str().unwrap()]);
    let mut import = import.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(&stream).unwrap();
    assert!(import.wait().unwrap().success());
    let info = ["store", "info", &path, "--json"];
    let there = place.text(&[&info[..], &["--store", other.to_str().unwrap()]].concat());
    assert!(there.contains(&path));
}

#[test]
fn who_reads_an_archive_may_have_seen_enough() {
    use std::io::Read as _;
    let Some(place) = Place::new() else { return };
    let path = place.text(&["store", "add", "tools"]);
    for command in ["dump", "export"] {
        let mut dump = place.command(&["store", command, &path]);
        let mut dump = dump.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        dump.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
        let output = dump.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && words.is_empty(), "{command}: {words}");
    }
}

#[test]
fn damage_is_found_and_repaired() {
    let Some(place) = Place::new() else { return };
    let path = place.text(&["build", "-A", "plain", "--print-out-paths"]);
    let file = place.store().join(path.trim_start_matches('/'));
    fs::remove_file(&file).unwrap();
    fs::write(&file, "spoilt\n").unwrap();
    assert_eq!(place.run(&["store", "verify"]).status.code(), Some(0));
    let found = place.run(&["store", "verify", "--check-contents"]);
    assert_eq!(found.status.code(), Some(1));
    place.text(&["store", "verify", "--check-contents", "--repair"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "hello\n");
    place.text(&["store", "verify", "--check-contents"]);
}

#[test]
fn only_what_nothing_keeps_is_deleted() {
    let Some(place) = Place::new() else { return };
    let path = place.text(&["build", "-A", "plain", "--print-out-paths"]);
    place.check(
        &["store", "delete", &path],
        expect![[r#"
            --- stderr
            error: cannot delete 'HASH-plain', since it is still alive

            help: links, running programs, paths that refer to it, or its outputs keep it
            --- 5
        "#]],
    );
    fs::remove_file(place.folder.path().join("result")).unwrap();
    assert_eq!(place.text(&["store", "delete", &path]), path);
    place.text(&["store", "verify"]);
    place.text(&["store", "optimise"]);
}

#[test]
fn what_a_cache_has_is_not_built() {
    let Some(place) = Place::new() else { return };
    let folder = place.folder.path();
    let path = place.text(&["build", "-A", "plain", "--print-out-paths"]);
    // A cache by hand: one path without references.
    let nar = place.run(&["store", "dump", &path]).stdout;
    let info = place.text(&["store", "info", &path]);
    let hash = info.lines().find_map(|line| line.trim().strip_prefix("hash        ")).unwrap();
    let cache = folder.join("cache");
    fs::create_dir_all(cache.join("nar")).unwrap();
    fs::write(cache.join("nix-cache-info"), "StoreDir: /nix/store\n").unwrap();
    fs::write(cache.join("nar/x.nar"), &nar).unwrap();
    let text = format!(
        "StorePath: {path}\nURL: nar/x.nar\nCompression: none\nNarHash: {hash}\nNarSize: {}\nReferences: \n",
        nar.len()
    );
    let digest = path.trim_start_matches("/nix/store/").split('-').next().unwrap();
    fs::write(cache.join(format!("{digest}.narinfo")), text).unwrap();

    let url = format!("file://{}", cache.display());
    let other = folder.join("other");
    let build = |more: &[&str]| {
        let arguments =
            ["build", "-A", "plain", "--store", other.to_str().unwrap(), "--substituters", &url];
        place.run(&[&arguments[..], more].concat())
    };
    let unsigned = build(&["--dry-run"]);
    let words = String::from_utf8_lossy(&unsigned.stderr).into_owned();
    assert!(words.contains("will be built") && words.contains("warning:"), "{words}");
    let fetched = build(&["--option", "require-sigs", "false"]);
    let words = String::from_utf8_lossy(&fetched.stderr).into_owned();
    assert!(fetched.status.success() && words.contains("copying path"), "{words}");
    assert!(!words.contains("building"), "{words}");
}
