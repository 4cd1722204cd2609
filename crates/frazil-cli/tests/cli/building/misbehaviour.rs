//! Builders that take more than they are given, and builds that are killed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::Place;

/// Builds what this shell text does and says how that failed.
#[track_caller]
fn failure(place: &Place, text: &str, arguments: &[&str]) -> String {
    let expression =
        format!("(import ./default.nix).make {{ name = \"x\"; args = [ \"-c\" ''{text}'' ]; }}");
    let output = place.run(&[&["build", "-E", &expression], arguments].concat());
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(leftovers(place), 0);
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// How many directories of builds are in the store.
fn leftovers(place: &Place) -> usize {
    let names = fs::read_dir(place.store().join("nix/store")).unwrap();
    names
        .filter(|entry| entry.as_ref().unwrap().file_name().as_bytes().starts_with(b"tmp-"))
        .count()
}

#[track_caller]
fn check(place: &Place, text: &str, arguments: &[&str], expected: &str) {
    let words = failure(place, text, arguments);
    assert!(words.contains(expected), "{words}");
}

#[test]
fn limits_hold() {
    let Some(place) = Place::new() else { return };
    check(&place, "sleep 60", &["--timeout", "1"], "the builder timed out after 1s");
    check(&place, "sleep 60", &["--max-silent-time", "1"], "timed out after 1s of silence");
    check(
        &place,
        "while true; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
        &["--max-build-log-size", "64K"],
        "the builder was killed after writing more than 65536 bytes of log output",
    );
    check(
        &place,
        "f() { f | f & }; f; wait; exit 1",
        &["--option", "max-build-processes", "64", "--timeout", "10"],
        "cannot build",
    );
    let sizes = ["--max-build-size", "4M"];
    let expected = "its files take 4194304 bytes or more";
    check(&place, "cat /dev/zero > /build/x", &sizes, expected);
    check(&place, "mkdir $out; while true; do echo > $out/$((++n)); done", &sizes, expected);
    place.text(&["store", "verify", "--check-contents"]);
}

#[test]
fn jobs_have_a_limit() {
    let Some(place) = Place::new() else { return };
    for jobs in ["0", "5000", "18446744073709551615", "x"] {
        let output = place.run(&["build", "-A", "plain", "-j", jobs]);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains("from 1 to 1024"), "{words}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn there_is_no_way_out() {
    let Some(place) = Place::new() else { return };
    // Somebody listens, so that only the sandbox can be the reason why nobody answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), [0; 1]);
            let read = stream.read(&mut request).unwrap_or(0);
            if read == 1 && request == *b"." {
                return;
            }
            let _gone = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").is_err();
        }
    });
    let wget = format!("wget -q -T 1 -O - http://{address}/");
    // Each prints a line for what it could do, and none should be printed.
    let escapes = [
        "echo x > /etc/passwd",
        "cat /etc/shadow",
        "echo x > ${tools}/x",
        "mkdir /nix/store/../../x",
        &wget,
        "echo x > /proc/sys/kernel/core_pattern",
        "ls /home",
    ];
    for escape in escapes {
        let escape = escape.replace("${tools}", "$PATH");
        let words = failure(&place, &format!("{escape} && echo ESCAPED; exit 9"), &[]);
        assert!(!words.contains("> ESCAPED"), "{escape}: {words}");
        assert!(words.contains("exit code 9"), "{words}");
    }
    std::net::TcpStream::connect(address).unwrap().write_all(b".").unwrap();
    answering.join().unwrap();
    // What a builder leaves running ends with it.
    let marker = "4242.42";
    failure(&place, &format!("sleep {marker} & exit 1"), &[]);
    assert!(!is_running(marker));
}

/// Whether a process has this among its arguments.
fn is_running(argument: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap();
    processes.flatten().any(|entry| {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    })
}

fn start(place: &Place, text: &str) -> Child {
    let expression =
        format!("(import ./default.nix).make {{ name = \"x\"; args = [ \"-c\" ''{text}'' ]; }}");
    let mut command = place.command(&["build", "-E", &expression, "--no-link"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0).spawn().unwrap()
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(30), "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_build_that_is_killed_leaves_nothing() {
    let Some(place) = Place::new() else { return };
    let mut build = start(&place, "sleep 4343.43");
    wait_for(|| is_running("4343.43"));
    build.kill().unwrap();
    build.wait().unwrap();
    wait_for(|| !is_running("4343.43"));
    // The next build clears what is left.
    place.text(&["build", "-A", "plain"]);
    assert_eq!(leftovers(&place), 0);
    place.text(&["store", "verify", "--check-contents"]);
}

#[test]
fn the_log_of_a_build_that_is_killed_is_there() {
    let Some(place) = Place::new() else { return };
    let text = "echo first; while true; do echo more; sleep 0.05; done";
    let mut build = start(&place, text);
    let derivation = || {
        let names = fs::read_dir(place.store().join("nix/store")).ok()?.flatten();
        let mut names = names.filter_map(|entry| entry.file_name().into_string().ok());
        names.find(|name| name.ends_with("-x.drv"))
    };
    let log = || place.run(&["log", &derivation().unwrap_or_default()]);
    wait_for(|| log().status.success());
    build.kill().unwrap();
    build.wait().unwrap();
    let said = String::from_utf8(log().stdout).unwrap();
    assert!(said.starts_with("first\n"), "{said}");
}

#[test]
fn a_build_that_is_interrupted_leaves_nothing() {
    let Some(place) = Place::new() else { return };
    for signal in ["-INT", "-TERM"] {
        let mut build = start(&place, "echo > /build/x; sleep 4545.45");
        wait_for(|| is_running("4545.45"));
        let pid = build.id().to_string();
        assert!(
            std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success()
        );
        assert_eq!(build.wait().unwrap().code(), Some(4));
        assert!(!is_running("4545.45"));
        assert_eq!(leftovers(&place), 0);
    }
    // Where nothing is built, a signal ends the process at once.
    let pipe = place.folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let expression = format!("builtins.readFile {}", pipe.display());
    let mut waiting = place.command(&["build", "-E", &expression]).spawn().unwrap();
    let blocked = format!("/proc/{}/status", waiting.id());
    wait_for(|| {
        let status = fs::read_to_string(&blocked).unwrap_or_default();
        // Its handlers are in place: SIGINT is bit 1.
        status.lines().any(|line| {
            let mask =
                line.strip_prefix("SigCgt:").map(|mask| u64::from_str_radix(mask.trim(), 16));
            mask.is_some_and(|mask| mask.unwrap() & 2 != 0)
        })
    });
    let pid = waiting.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(waiting.wait().unwrap().signal(), Some(2));
}

/// A fixed-output builder shares the machine's network and can send descriptors over it. Here the
/// test has one, as another builder may.
#[test]
fn who_has_a_file_of_a_fixed_output_open_cannot_change_it() {
    let Some(place) = Place::new() else { return };
    let expression = r#"(import ./default.nix).make {
        name = "fixed"; outputHashAlgo = "sha256"; outputHashMode = "flat";
        outputHash = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
        args = [ "-c" "echo -n 'hello world' > $out; while ! test -e /build/go; do sleep 0.01; done" ];
    }"#;
    let mut build = place.command(&["build", "-E", expression]);
    let mut build = build.stderr(Stdio::null()).spawn().unwrap();
    let made = || {
        let names = fs::read_dir(place.store().join("nix/store")).ok()?.flatten();
        let workplaces = names.filter(|entry| entry.file_name().as_bytes().starts_with(b"tmp-"));
        let dirs = workplaces.flat_map(|workplace| fs::read_dir(workplace.path())).flatten();
        let below = dirs.flatten().flat_map(|dir| fs::read_dir(dir.path())).flatten().flatten();
        below
            .map(|entry| entry.path())
            .find(|path| fs::read(path).is_ok_and(|text| text == b"hello world"))
    };
    wait_for(|| made().is_some());
    let output = made().unwrap();
    let open = fs::OpenOptions::new().write(true).open(&output).unwrap();
    let workplace = output.ancestors().nth(2).unwrap();
    let builds = fs::read_dir(workplace).unwrap().flatten().map(|dir| dir.path());
    for dir in builds.filter(|dir| dir.is_dir()) {
        // One of them is `/build`.
        let _unlike = fs::write(dir.join("go"), "").is_err();
    }
    assert!(build.wait().unwrap().success());
    open.write_all_at(b"EVIL", 0).unwrap();
    let result = place.folder.path().join("result");
    assert_eq!(fs::read_to_string(result).unwrap(), "hello world");
    place.text(&["store", "verify", "--check-contents"]);
}

#[test]
fn two_processes_build_once() {
    let Some(place) = Place::new() else { return };
    let text = "echo building; cat /proc/sys/kernel/random/uuid > $out; sleep 0.3";
    let mut builds = [start(&place, text), start(&place, text), start(&place, text)];
    let said = builds.each_mut().map(|build| {
        let mut said = String::new();
        build.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(build.wait().unwrap().success(), "{said}");
        said.matches("building '").count()
    });
    assert_eq!(said.iter().sum::<usize>(), 1, "{said:?}");
    place.text(&["store", "verify", "--check-contents"]);
}

#[test]
fn garbage_is_collected_around_builds() {
    let Some(place) = Place::new() else { return };
    let mut build = start(&place, "echo > /build/x; sleep 0.6; echo done > $out");
    wait_for(|| place.store().join("nix/var/log").exists());
    place.text(&["store", "gc"]);
    assert!(build.wait().unwrap().success());
    place.text(&["store", "verify", "--check-contents"]);
}

/// Kills builds at many points of time; afterwards the store is whole, and a build succeeds.
/// `FRAZIL_CRASH_ROUNDS` says how often.
#[test]
fn killed_at_any_time() {
    let Some(place) = Place::new() else { return };
    let rounds = std::env::var("FRAZIL_CRASH_ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    let kept = place.text(&["build", "-A", "plain", "--print-out-paths"]);
    for round in 0..rounds {
        let text = format!("mkdir $out; echo {round} > $out/a; cat $PATH/busybox > $out/b");
        let mut build = start(&place, &text);
        // Spread over the time that a build takes, in an order that looks random.
        std::thread::sleep(Duration::from_micros(round * 7919 % 60_000));
        build.kill().unwrap();
        build.wait().unwrap();
        place.text(&["store", "verify", "--check-contents"]);
        place.text(&["store", "info", &kept]);
    }
    place.text(&["build", "-A", "multi"]);
    place.text(&["store", "gc"]);
    place.text(&["store", "verify", "--check-contents"]);
}
